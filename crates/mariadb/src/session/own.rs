//! Statements with names that no other session has.
//!
//! A routine runs in the same session. One that knew the names could have the node's own statements answer as it likes,
//! or move the place that a rollback goes back to.

use uuid::Uuid;

use crate::fault::number;

/// There is no savepoint, and so not the transaction that it was in: the routine has ended it, or turned autocommit on.
pub(super) const NO_SAVEPOINT: u16 = 1305;

/// What stands between calls that are one statement: the statement ends there where the call before it has ended the
/// transaction. So no call runs in a transaction that another call began.
#[derive(Debug)]
pub(crate) struct Fence {
    name: String,
    /// Stands before the first call.
    pub(crate) begin: String,
    /// Stands after each.
    pub(crate) next: String,
}

impl Fence {
    fn new(name: String) -> Self {
        let begin = format!("savepoint {name}; ");
        Self { next: format!("release savepoint {name}; {begin}"), begin, name }
    }

    /// Whether this is why a statement ended.
    pub(crate) fn has_stopped(&self, error: &sqlx::Error) -> bool {
        let message = error.as_database_error().map(sqlx::error::DatabaseError::message);
        number(error) == Some(NO_SAVEPOINT) && message.is_some_and(|message| message.contains(&self.name))
    }
}

/// What one session calls by names of its own.
#[derive(Debug)]
pub(super) struct Own {
    /// The name of the statement that gives the digest.
    pub(super) probe: String,
    /// Gives the digest, within whatever transaction is open.
    pub(super) digest: String,
    /// Where the way back begins that [`Self::back`] goes. What follows does not know what was inserted before.
    pub(super) mark: String,
    /// It fails where the transaction has ended that had the mark.
    pub(super) unmark: String,
    /// It warns of what cannot be taken back; a temporary table is among that. So its warning is not left to be taken for one of
    /// rows.
    pub(super) back: String,
    pub(super) fence: Fence,
}

impl Own {
    pub(super) fn new() -> Self {
        let name = || format!("beds_{}", Uuid::new_v4().simple());
        let (probe, write) = (name(), name());
        Self {
            digest: format!("execute {probe}"),
            mark: format!("savepoint {write}; set last_insert_id = 0"),
            unmark: format!("release savepoint {write}"),
            back: format!(
                "do 'a' + 'b'; rollback to savepoint {write}; select @@warning_count = 1; do 'a' + 'b'"
            ),
            fence: Fence::new(name()),
            probe,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_sessions_have_a_name_in_common() {
        let (one, other) = (Own::new(), Own::new());
        assert_ne!(one.probe, other.probe);
        assert_ne!((one.mark, one.back), (other.mark, other.back));
        assert_ne!(one.fence.next, other.fence.next);
    }
}
