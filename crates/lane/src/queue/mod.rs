//! [`Queue`]: the jobs that wait in a lane (`lines`), which jobs are admitted (`admit`), and which runs next (`take`).

mod admit;
mod lines;
mod take;

use std::{collections::HashMap, sync::Arc, time::Duration};

use beds_core::{Result, plan::Asker};
use tokio::{sync::oneshot, time::Instant};
use tracing::Span;

use self::lines::Lines;
pub(crate) use self::{admit::Refusal, take::Taken};
use crate::{
    gate::Gate,
    job::Job,
    kind::{Kind, measure},
    pace::Pace,
};

/// A wait this short counts as none.
const BRIEF: Duration = Duration::from_millis(100);
/// How long jobs of a group keep others of the group waiting. After this time (a server far away, a lock) groups run
/// side by side.
pub(crate) const QUICK: Duration = Duration::from_millis(20);

/// A job, and the channel to its requester.
pub(crate) struct Ticket<J: Job> {
    pub(crate) job: J,
    pub(crate) asker: Asker,
    pub(crate) gate: Arc<Gate>,
    pub(crate) reply: oneshot::Sender<Result<J::Output>>,
    /// When it came.
    pub(crate) asked: Instant,
    /// The requester's span: events while the job runs belong to its request.
    pub(crate) span: Span,
    /// How many connections were lost while it ran.
    pub(crate) losses: u8,
    /// Whether the job is to run by itself, since something was in the way of its group.
    pub(crate) is_alone: bool,
    /// The span of its request.
    pub(crate) request: Span,
    /// That of its wait, until it runs.
    pub(crate) waiting: Span,
    /// That of its run on a connection.
    pub(crate) running: Span,
}

impl<J: Job> Ticket<J> {
    pub(crate) fn kind(&self) -> Kind {
        let kind = Kind::of(&self.job);
        if self.is_alone { kind.alone() } else { kind }
    }
}

/// What waits in a lane.
pub(crate) struct Queue<J: Job> {
    lines: Lines<J>,
    pub(crate) pace: Pace,
    /// How many waiting jobs may be requests by themselves.
    pub(crate) requests_max: usize,
    /// Connections that wait for a job.
    pub(crate) idle: usize,
    /// Long jobs under way.
    long: usize,
    /// How many groups that are not slow are under way, by group number.
    running: HashMap<usize, usize>,
    /// When a connection last took a job.
    last_taken: Instant,
    /// Since when the server is known to be away.
    absent_since: Option<Instant>,
    swept: Instant,
}

impl<J: Job> Queue<J> {
    pub(crate) fn new(requests_max: usize) -> Self {
        let now = Instant::now();
        Self {
            requests_max,
            lines: Lines::default(),
            pace: Pace::default(),
            idle: 0,
            long: 0,
            running: HashMap::new(),
            last_taken: now,
            absent_since: None,
            swept: now,
        }
    }

    fn time(&self, job: &J, now: Instant) -> Duration {
        let (kind, size) = measure(job);
        self.pace.time(kind, size, now)
    }

    /// Puts back a job that another connection is to run, before all others of its kind.
    pub(crate) fn put_back(&mut self, ticket: Ticket<J>) {
        self.lines.push_first(ticket);
    }

    /// All connections are idle: the history of all clients is forgotten.
    pub(crate) fn forget(&mut self) {
        self.lines.forget();
    }
}
