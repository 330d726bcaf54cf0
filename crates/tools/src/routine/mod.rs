//! What the text of a routine shows, and on which objects the routine depends. `import` and `verify` judge by the same
//! rules.

mod condition;
mod faults;
mod handlers;
mod parentheses;
mod rights;
mod sets;
mod statements;
mod stores;
mod used;
mod uses;
mod values;

pub(crate) use beds_core::inspect::{Token, tokens};
pub(crate) use condition::{Expr, How, Made, Sign, condition};
pub(crate) use faults::{
    LOAD_ZONES, broken, faults, has_dynamic, lax, loose, loose_table, refused, unknown_zone, written,
};
pub(crate) use handlers::{Catches, handlers};
pub(crate) use parentheses::{at_top, inside, outside};
pub(crate) use rights::{gives, lacks_on, reads, sees, sees_routines};
pub(crate) use sets::{Sets, handed_over, sets, setters};
pub(crate) use statements::{
    changes_duplicates, ignores, is_conditional, is_into, of_duplicates, opens, several_rows, statements,
};
pub(crate) use stores::{Assignment, assigned_to, assignments, stores};
pub(crate) use used::{declared, is_used};
pub(crate) use uses::{Need, uses};
pub(crate) use values::Values;

/// The fault of a routine that was made without a strict SQL mode. It follows the routine's name.
pub(crate) const NOT_STRICT: &str =
    "was made in an SQL mode that is not strict: values that do not fit are changed";
