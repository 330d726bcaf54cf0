//! [`Queue`]: what waits in a lane (`lines`), who is let in (`admit`), and what runs next (`take`).

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

/// A wait that is none.
const BRIEF: Duration = Duration::from_millis(100);
/// How long jobs of a group keep others of it waiting. Where the server is far away, or one waits for a lock, groups run
/// side by side then.
pub(crate) const QUICK: Duration = Duration::from_millis(20);

/// A job with its requester's ear.
pub(crate) struct Ticket<J: Job> {
    pub(crate) job: J,
    pub(crate) asker: Asker,
    pub(crate) gate: Arc<Gate>,
    pub(crate) reply: oneshot::Sender<Result<J::Output>>,
    /// When it came.
    pub(crate) asked: Instant,
    /// The requester's: what happens while the job runs belongs to its request.
    pub(crate) span: Span,
    /// How many connections were lost while it ran.
    pub(crate) losses: u8,
    /// Whether it is to run by itself, since its group was in the way of some of it.
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
    /// How many of them may be requests by themselves.
    pub(crate) requests_max: usize,
    /// Connections that wait for a job.
    pub(crate) idle: usize,
    /// Jobs under way that take long.
    long: usize,
    /// How many groups are under way that are not slow, by their number.
    running: HashMap<usize, usize>,
    /// When a connection last took something.
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

    /// Puts a job back that another connection is to run, before all others of its kind.
    pub(crate) fn put_back(&mut self, ticket: Ticket<J>) {
        self.lines.push_first(ticket);
    }

    /// All connections are idle: whoever comes begins anew.
    pub(crate) fn forget(&mut self) {
        self.lines.forget();
    }
}
