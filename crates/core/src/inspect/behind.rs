//! The objects behind the writes to a table, besides its columns.

use super::Routine;

/// A trigger: it runs with each row that is written.
#[derive(Debug, Clone)]
pub struct Trigger {
    /// When it runs: `before insert`.
    pub moment: String,
    /// Its name and its text.
    pub routine: Routine,
}

impl Trigger {
    /// Whether it runs with an `insert`, an `update` or a `delete`.
    #[must_use]
    pub fn is_on(&self, event: &str) -> bool {
        self.moment.split_once(' ').is_some_and(|(_, on)| on.eq_ignore_ascii_case(event))
    }
}

/// An object without which a table accepts no row: a sequence of a default, the table of a foreign key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needed {
    /// What it is.
    pub kind: &'static str,
    /// The database that it is in.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// The part that needs it, such as "the default of `id`".
    pub by: String,
}
