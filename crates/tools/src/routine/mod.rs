//! What a routine's text says, and what it stands on. `import` and `verify` judge by it alike.

mod faults;
mod rights;
mod stores;
mod tokens;
mod uses;

pub(crate) use faults::{broken, faults, loose, loose_table};
pub(crate) use rights::{gives, lacks_on, sees};
pub(crate) use stores::stores;
pub(crate) use tokens::{Token, tokens};
