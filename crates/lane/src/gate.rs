//! [`Gate`]: who decides how a job ends.
//!
//! A requester gives up at its deadline, a job commits, and both may happen at the same moment. Whoever moves the state
//! first decides. A job that was given up takes back what it did. A requester whose job commits waits for the end of
//! the job. So no deadline turns a commit under way into an error that says "try again".

use std::sync::{
    OnceLock,
    atomic::{AtomicU8, Ordering},
};

use beds_core::Error;
use tokio::time::Instant;

use crate::fault::Fault;

/// The job waits for a connection.
const WAITING: u8 = 0;
/// The job runs, and can be taken back.
const RUNNING: u8 = 1;
/// The job runs, and can no longer be taken back.
const PAST: u8 = 2;
/// Nobody waits for the job any more.
const GIVEN_UP: u8 = 3;
/// The job waits again: the connection that ran it was lost.
const LOST: u8 = 4;

/// The state of one job, shared by its requester and its connection.
#[derive(Debug)]
pub struct Gate {
    state: AtomicU8,
    deadline: Instant,
    /// When it was first run.
    begun: OnceLock<Instant>,
}

/// What a requester finds when it gives up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Given {
    /// The job had not begun.
    Waiting,
    /// The job had not begun again.
    Lost,
    /// The job had begun; it is taken back.
    Running,
    /// The job cannot be taken back: only its connection knows how it ends.
    Past,
}

impl Gate {
    pub(crate) fn new(deadline: Instant) -> Self {
        Self { state: AtomicU8::new(WAITING), deadline, begun: OnceLock::new() }
    }

    /// The moment after which nobody waits for the job.
    #[must_use]
    pub const fn deadline(&self) -> Instant {
        self.deadline
    }

    /// The point of no return: a job calls this before the step after which it can no longer be taken back.
    ///
    /// # Errors
    /// When nobody waits for the job any more: it must take back what it did, and leave the step out.
    pub fn pass(&self) -> Result<(), Fault> {
        let passed = self.move_from(RUNNING, PAST) || self.is_past();
        if passed { Ok(()) } else { Err(Fault::Refused(Error::deadline())) }
    }

    /// When the job was first run; `None` while it waits for that.
    pub(crate) fn begun(&self) -> Option<Instant> {
        self.begun.get().copied()
    }

    /// Whether the job can no longer be taken back.
    #[must_use]
    pub fn is_past(&self) -> bool {
        self.state.load(Ordering::Acquire) == PAST
    }

    /// Begins to run a job that waits; false where nobody waits for it any more.
    pub(crate) fn begin(&self) -> bool {
        let begins = self.move_from(WAITING, RUNNING) || self.move_from(LOST, RUNNING);
        if begins {
            self.begun.get_or_init(Instant::now);
        }
        begins
    }

    /// The connection was lost before the point of no return: the job waits again; false where nobody waits for it.
    pub(crate) fn wait_again(&self) -> bool {
        self.move_from(RUNNING, LOST)
    }

    /// The connection was given up for another job: this one waits again, as before; false where nobody waits for it.
    pub(crate) fn wait_as_before(&self) -> bool {
        self.move_from(RUNNING, WAITING)
    }

    /// Whether somebody waits for the job at this moment.
    #[must_use]
    pub fn is_wanted(&self) -> bool {
        self.state.load(Ordering::Acquire) != GIVEN_UP && Instant::now() < self.deadline
    }

    /// The requester leaves.
    pub(crate) fn give_up(&self) -> Given {
        let leave = |state| (state != PAST).then_some(GIVEN_UP);
        match self.state.fetch_update(Ordering::AcqRel, Ordering::Acquire, leave) {
            Ok(LOST) => Given::Lost,
            Ok(RUNNING) => Given::Running,
            Ok(_) => Given::Waiting,
            Err(_) => Given::Past,
        }
    }

    fn move_from(&self, from: u8, to: u8) -> bool {
        self.state.compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn only_a_lost_connection_leaves_a_job_lost() {
        let gate = || {
            let gate = Gate::new(Instant::now() + Duration::from_secs(1));
            assert!(gate.begin());
            gate
        };
        let (lost, behind) = (gate(), gate());
        assert!(lost.wait_again() && behind.wait_as_before());
        assert_eq!((lost.give_up(), behind.give_up()), (Given::Lost, Given::Waiting));
        assert!(!lost.begin() && !behind.begin(), "nobody waits for them");
    }
}
