//! The requests that wait for an answer.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::oneshot;
use uuid::Uuid;

use crate::{error::ClientError, reply::RawReply};

/// How a request ends.
pub(crate) type Outcome = Result<RawReply, Fate>;

/// Why a request that was sent gets no reply.
#[derive(Debug)]
pub(crate) enum Fate {
    /// It was returned.
    Unroutable,
    /// The connection it was sent on is gone.
    Disconnected,
}

/// Waiting requests by correlation id. Every entry belongs to a [`Waiting`] guard. A client has at most `in_flight_max`
/// guards, so the map is bounded and no entry is left behind.
#[derive(Debug, Default)]
pub(crate) struct Pending(Mutex<Entries>);

#[derive(Debug, Default)]
struct Entries {
    /// The connection of the entries. Entries for another connection are refused.
    generation: u64,
    waiting: HashMap<Uuid, oneshot::Sender<Outcome>>,
}

/// An entry in the map, removed on drop.
#[derive(Debug)]
pub(crate) struct Waiting<'a> {
    pending: &'a Pending,
    id: Uuid,
    /// What the request waits for.
    pub(crate) outcome: oneshot::Receiver<Outcome>,
}

impl Pending {
    /// Registers a request that will be sent on the connection of this generation; `None` if that connection is gone.
    pub(crate) fn register(&self, generation: u64, id: Uuid) -> Option<Waiting<'_>> {
        let (sender, outcome) = oneshot::channel();
        let mut entries = self.entries();
        if entries.generation != generation {
            return None;
        }
        entries.waiting.insert(id, sender);
        Some(Waiting { pending: self, id, outcome })
    }

    /// Settles a request. Does nothing if nobody waits for it any more.
    pub(crate) fn settle(&self, id: Uuid, outcome: Outcome) {
        let sender = self.entries().waiting.remove(&id);
        if let Some(sender) = sender {
            // The receiver may just have been dropped by a timeout.
            let _ = sender.send(outcome);
        }
    }

    /// Opens the map for a new connection, and fails all requests that wait on an earlier one.
    pub(crate) fn begin(&self, generation: u64) {
        let lost = {
            let mut entries = self.entries();
            entries.generation = generation;
            std::mem::take(&mut entries.waiting)
        };
        for sender in lost.into_values() {
            let _ = sender.send(Err(Fate::Disconnected));
        }
    }

    /// How many requests wait.
    pub(crate) fn len(&self) -> usize {
        self.entries().waiting.len()
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        // Nothing can panic while the lock is held, so the map is consistent in any case.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.pending.entries().waiting.remove(&self.id);
    }
}

impl Fate {
    /// The error for the caller.
    pub(crate) fn into_error(self, routing_key: &str) -> ClientError {
        match self {
            Self::Unroutable => ClientError::Unroutable { routing_key: routing_key.to_owned() },
            Self::Disconnected => ClientError::Disconnected("the answer had not come yet".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_request_leaves_nothing_behind() {
        let pending = Pending::default();
        drop(pending.register(0, Uuid::from_u128(1)).unwrap());
        let waiting = pending.register(0, Uuid::from_u128(2)).unwrap();
        assert_eq!(pending.len(), 1);
        pending.settle(Uuid::from_u128(1), Err(Fate::Unroutable));
        drop(waiting);
        assert_eq!(pending.len(), 0);
    }

    #[test]
    fn a_new_connection_fails_what_waited_on_the_old_one_and_takes_no_more_of_it() {
        let pending = Pending::default();
        let mut waiting = pending.register(0, Uuid::from_u128(1)).unwrap();
        pending.begin(1);
        assert!(matches!(waiting.outcome.try_recv(), Ok(Err(Fate::Disconnected))));
        assert!(pending.register(0, Uuid::from_u128(2)).is_none());
        assert!(pending.register(1, Uuid::from_u128(3)).is_some());
    }
}
