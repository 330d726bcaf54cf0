//! What waits in a lane, and within which bounds.

use std::{
    collections::HashMap,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::AtomicUsize},
    time::Duration,
};

use beds_core::Result;
use tokio::{sync::oneshot, time::timeout};
use tracing::Span;

use crate::{gate::Gate, job::Job};

/// The bounds of a lane.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The database, for people.
    pub name: String,
    /// How many connections it holds, spread over its servers.
    pub connections: usize,
    /// How many jobs wait before further ones are refused as `overloaded`.
    pub queue_max: usize,
    /// How many jobs run as one group at most.
    pub group_max: usize,
    /// How many groups of one kind run at the same time, as long as they are quick: the fewer there are, the more jobs
    /// share one.
    pub groups_at_once: usize,
    /// How long connecting may take.
    pub connect_timeout: Duration,
    /// How long a requester waits beyond its deadline for a job that can no longer be taken back.
    pub patience: Duration,
}

/// What a lane and its connections share.
pub(crate) struct Shared<J: Job> {
    pub(crate) settings: Settings,
    groups: Mutex<HashMap<usize, Group<J>>>,
    /// Calls connections. Weak: only the lane keeps the queue open.
    queue: async_channel::WeakSender<Call<J>>,
    /// How many connections there are.
    pub(crate) connected: AtomicUsize,
}

/// A job with its requester's ear.
pub(crate) struct Ticket<J: Job> {
    pub(crate) job: J,
    pub(crate) gate: Arc<Gate>,
    pub(crate) reply: oneshot::Sender<Result<J::Output>>,
    /// The requester's: what happens while the job runs belongs to its request.
    pub(crate) span: Span,
    /// How many connections were lost while it ran.
    pub(crate) losses: u8,
}

/// What a connection takes from the queue.
pub(crate) enum Call<J: Job> {
    One(Box<Ticket<J>>),
    /// Whatever waits in this group by the time a connection is free: no job is held back for company, and the
    /// busier the lane, the larger its groups.
    Group(usize),
}

/// The jobs of one group.
pub(crate) struct Group<J: Job> {
    /// They wait for a connection.
    pub(crate) waiting: Vec<Ticket<J>>,
    /// Whether a connection is called that has not come yet.
    is_called: bool,
    /// How many connections have come, and are not slow.
    running: usize,
}

impl<J: Job> Default for Group<J> {
    fn default() -> Self {
        Self { waiting: Vec::new(), is_called: false, running: 0 }
    }
}

impl<J: Job> Shared<J> {
    pub(crate) fn new(settings: Settings, queue: async_channel::WeakSender<Call<J>>) -> Self {
        Self { settings, groups: Mutex::default(), queue, connected: AtomicUsize::new(0) }
    }

    /// Puts a job in the queue; false where that is full.
    pub(crate) fn submit(&self, queue: &async_channel::Sender<Call<J>>, ticket: Ticket<J>) -> bool {
        let mut groups = self.groups();
        let is_full = queue.len() >= self.settings.queue_max.max(1);
        let Some(number) = ticket.job.group() else {
            return !is_full && queue.try_send(Call::One(Box::new(ticket))).is_ok();
        };
        let group = groups.entry(number).or_default();
        // What waits already has its call.
        let has_room =
            if group.waiting.is_empty() { !is_full } else { group.waiting.len() < self.settings.queue_max };
        if has_room {
            group.waiting.push(ticket);
            self.call_for(number, group);
        }
        has_room
    }

    /// A connection has come for a group: as many of its jobs as one runs, and the place that it takes meanwhile.
    pub(crate) fn begin(self: &Arc<Self>, number: usize) -> (Vec<Ticket<J>>, Place<J>) {
        let mut groups = self.groups();
        let group = groups.entry(number).or_default();
        (group.is_called, group.running) = (false, group.running + 1);
        let most = group.waiting.len().min(self.settings.group_max.max(1));
        let taken = group.waiting.drain(..most).collect();
        self.call_for(number, group);
        (taken, Place { shared: Arc::clone(self), number })
    }

    /// Calls a connection for all that wait and come until it is there, unless enough are at work: their number, and not
    /// the queue's bound, is what bounds the calls.
    fn call_for(&self, number: usize, group: &mut Group<J>) {
        let is_due = !group.is_called
            && !group.waiting.is_empty()
            && group.running < self.settings.groups_at_once.max(1);
        if is_due && let Some(queue) = self.queue.upgrade() {
            group.is_called = queue.try_send(Call::Group(number)).is_ok();
        }
    }

    /// Gives jobs back to the queue, for other connections.
    pub(crate) fn hand_over(&self, tickets: &mut Vec<Ticket<J>>) {
        let Some(queue) = self.queue.upgrade() else { return };
        for mut ticket in tickets.drain(..) {
            // The server was not there: this is no job that breaks connections.
            ticket.losses = 0;
            // It has no bound, and is open: the jobs have been in it before.
            let _ = queue.try_send(Call::One(Box::new(ticket)));
        }
    }

    /// The groups; a panic elsewhere leaves them as they are, which is whole.
    pub(crate) fn groups(&self) -> MutexGuard<'_, HashMap<usize, Group<J>>> {
        self.groups.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long jobs of a group keep others of it waiting. Where the server is far away, or one waits for a lock, groups run
/// side by side then.
const QUICK: Duration = Duration::from_millis(20);

/// A place among the groups that run at the same time; free again once it is dropped.
pub(crate) struct Place<J: Job> {
    shared: Arc<Shared<J>>,
    number: usize,
}

impl<J: Job> Place<J> {
    /// Holds the place while jobs run, as long as they are quick.
    pub(crate) async fn hold<T>(self, running: impl Future<Output = T>) -> T {
        let mut running = pin!(running);
        if let Ok(done) = timeout(QUICK, &mut running).await {
            return done;
        }
        drop(self);
        running.await
    }
}

impl<J: Job> Drop for Place<J> {
    fn drop(&mut self) {
        let mut groups = self.shared.groups();
        if let Some(group) = groups.get_mut(&self.number) {
            group.running = group.running.saturating_sub(1);
            self.shared.call_for(self.number, group);
        }
    }
}
