//! [`Queue`]: what waits in a lane, in lines by client and kind of job.
//!
//! `admit` says who is let in, `take` whose turn it is.

mod admit;
mod take;

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use beds_core::{Result, plan::Asker};
use tokio::{sync::oneshot, time::Instant};
use tracing::Span;

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

/// Of so many clients it is remembered how much time they have had.
const REMEMBERED_MAX: usize = 1_024;

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
    /// The span of its request.
    pub(crate) request: Span,
    /// That of its wait, until it runs.
    pub(crate) waiting: Span,
    /// That of its run on a connection.
    pub(crate) running: Span,
}

struct Flow<J: Job> {
    /// How much time its jobs have had.
    served: Duration,
    jobs: VecDeque<(u64, Ticket<J>)>,
    /// Of all that wait.
    size: u64,
    /// When a job of it last had no wait.
    brief_at: Instant,
}

struct Client<J: Job> {
    served: Duration,
    /// How much time the flow had had that was served last.
    begun: Duration,
    flows: HashMap<Kind, Flow<J>>,
}

impl<J: Job> Client<J> {
    fn waits(&self) -> bool {
        self.flows.values().any(|flow| !flow.jobs.is_empty())
    }
}

/// What waits in a lane.
pub(crate) struct Queue<J: Job> {
    clients: HashMap<u64, Client<J>>,
    pub(crate) pace: Pace,
    waiting: usize,
    /// How many of them are parts of what was let in before.
    parts: usize,
    /// How many jobs have come.
    count: u64,
    /// How much time the client had had that was served last: one that comes begins there.
    begun: Duration,
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
    pub(crate) fn new() -> Self {
        let now = Instant::now();
        Self {
            clients: HashMap::new(),
            pace: Pace::default(),
            waiting: 0,
            parts: 0,
            count: 0,
            begun: Duration::ZERO,
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

    fn push(&mut self, ticket: Ticket<J>) {
        let number = self.count;
        self.count += 1;
        self.flow(&ticket).jobs.push_back((number, ticket));
    }

    /// Puts a job back whose connection is gone, before all others of its kind.
    pub(crate) fn put_back(&mut self, ticket: Ticket<J>) {
        self.flow(&ticket).jobs.push_front((0, ticket));
    }

    /// The line of a job, which is counted there.
    fn flow(&mut self, ticket: &Ticket<J>) -> &mut Flow<J> {
        self.waiting += 1;
        self.parts += usize::from(ticket.asker.is_part);
        if self.clients.len() >= REMEMBERED_MAX {
            self.forget();
        }
        let begun = self.begun;
        let new = || Client { served: begun, begun: Duration::ZERO, flows: HashMap::new() };
        let client = self.clients.entry(ticket.asker.client).or_insert_with(new);
        // Who had nothing to do meanwhile has no claim to what the others had.
        client.served = client.served.max(begun);
        let begun = client.begun;
        let now = Instant::now();
        let new = || Flow { served: begun, jobs: VecDeque::new(), size: 0, brief_at: now };
        let flow = client.flows.entry(Kind::of(&ticket.job)).or_insert_with(new);
        flow.served = flow.served.max(begun);
        if flow.jobs.is_empty() {
            flow.brief_at = now;
        }
        flow.size += u64::from(ticket.job.size());
        flow
    }

    /// Forgets what was served of those who want nothing now.
    pub(crate) fn forget(&mut self) {
        self.clients.retain(|_, client| client.waits());
    }

    /// Leaves out what nobody waits for any more.
    fn sweep(&mut self) {
        let (mut waiting, mut parts) = (0, 0);
        self.clients.retain(|_, client| {
            client.flows.retain(|_, flow| {
                flow.jobs.retain(|(_, ticket)| ticket.gate.is_wanted());
                flow.size = flow.jobs.iter().map(|(_, ticket)| u64::from(ticket.job.size())).sum();
                waiting += flow.jobs.len();
                parts += flow.jobs.iter().filter(|(_, ticket)| ticket.asker.is_part).count();
                !flow.jobs.is_empty()
            });
            !client.flows.is_empty()
        });
        self.waiting = waiting;
        self.parts = parts;
    }
}
