//! What a routine's text says, and what it stands on. `import` and `verify` judge by it alike.

mod faults;
mod rights;
mod sets;
mod statements;
mod stores;
mod tokens;
mod used;
mod uses;

pub(crate) use faults::{broken, faults, lax, loose, loose_table};
pub(crate) use rights::{gives, lacks_on, sees};
pub(crate) use sets::{Sets, sets, setters};
pub(crate) use statements::{changes_duplicates, ignores, is_into, of_duplicates, statements};
pub(crate) use stores::{Assignment, assignments, stores};
pub(crate) use tokens::{Token, tokens};
pub(crate) use used::is_used;

/// What is wrong with a routine that was made without a strict SQL mode, after its name.
pub(crate) const NOT_STRICT: &str =
    "was made in an SQL mode that is not strict: values that do not fit are changed";
