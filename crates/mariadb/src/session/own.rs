//! Statements with names that no other session has.
//!
//! A routine runs in the same session. If it knew the names, it could replace the node's own statements, or move the
//! savepoint of a rollback.

use uuid::Uuid;

use crate::fault::number;

/// The savepoint is missing, and so is its transaction: the routine has ended it, or turned autocommit on.
pub(super) const NO_SAVEPOINT: u16 = 1305;

/// The statements between calls in one compound statement. If a call has ended the transaction, the compound statement
/// ends there. So no call runs in a transaction that another call began.
#[derive(Debug)]
pub(crate) struct Fence {
    name: String,
    /// Stands before the first call.
    pub(crate) begin: String,
    /// Stands after each call.
    pub(crate) next: String,
}

impl Fence {
    fn new(name: String) -> Self {
        let begin = format!("savepoint {name}; ");
        Self { next: format!("release savepoint {name}; {begin}"), begin, name }
    }

    /// Whether this error shows that the fence stopped the statement.
    pub(crate) fn has_stopped(&self, error: &sqlx::Error) -> bool {
        let message = error.as_database_error().map(sqlx::error::DatabaseError::message);
        number(error) == Some(NO_SAVEPOINT) && message.is_some_and(|message| message.contains(&self.name))
    }
}

/// The names of one session, and the statements that use them.
#[derive(Debug)]
pub(super) struct Own {
    /// The name of the statement that gives the digest.
    pub(super) probe: String,
    /// Gives the digest, within the open transaction.
    pub(super) digest: String,
    /// Sets the savepoint to which [`Self::back`] returns, and clears the inserted ids of earlier statements.
    pub(super) mark: String,
    /// Fails if the marked transaction has ended.
    pub(super) unmark: String,
    /// Rolls back to the savepoint. The server warns of anything that cannot be rolled back, also of a temporary table.
    /// The last statement removes that warning, so that it is not taken for a warning of rows.
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
