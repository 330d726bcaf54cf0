//! [`Fresh`]: the chunks that no node has begun.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use uuid::Uuid;

use crate::jobs::Job;

/// The number of jobs that are remembered.
const JOBS_MAX: usize = 64;

/// The jobs whose next chunk no node has begun, to this node's knowledge: this node made the checkpoint, and has had
/// the job since. If a record is missing in such a chunk, somebody else has deleted it. For any other chunk, an earlier
/// run of the same chunk may have done it.
#[derive(Debug, Default)]
pub(crate) struct Fresh(Mutex<HashMap<Uuid, i64>>);

impl Fresh {
    /// Marks the next chunk of the job as not begun.
    pub(super) fn mark(&self, job: &Job) {
        let mut all = self.all();
        if all.len() >= JOBS_MAX {
            all.clear();
        }
        all.insert(job.id, job.lease);
    }

    /// Begins the chunk. Returns whether no node has begun it before.
    pub(super) fn begin(&self, job: &Job) -> bool {
        self.all().remove(&job.id) == Some(job.lease)
    }

    fn all(&self) -> std::sync::MutexGuard<'_, HashMap<Uuid, i64>> {
        // No panic can leave the map inconsistent.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(id: Uuid, lease: i64) -> Job {
        let arguments = beds_protocol::Json::Null;
        Job { id, arguments, checkpoint: None, total: None, done: 0, chunk: 1, rejects_max: 0, lease }
    }

    #[test]
    fn a_chunk_is_fresh_once_and_under_the_lease_that_made_it() {
        let (fresh, id) = (Fresh::default(), Uuid::from_u128(1));
        assert!(!fresh.begin(&job(id, 1)), "nothing is known");
        fresh.mark(&job(id, 1));
        assert!(fresh.begin(&job(id, 1)));
        assert!(!fresh.begin(&job(id, 1)), "it was begun");
        fresh.mark(&job(id, 1));
        assert!(!fresh.begin(&job(id, 3)), "another node had it meanwhile");
        for number in 0..200 {
            fresh.mark(&job(Uuid::from_u128(number), 1));
        }
        assert!(fresh.all().len() <= JOBS_MAX);
    }
}
