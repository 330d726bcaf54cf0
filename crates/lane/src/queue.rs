//! What waits in a lane, and within which bounds.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::AtomicUsize},
    time::Duration,
};

use beds_core::Result;
use tokio::sync::oneshot;
use tracing::Span;

use crate::{gate::Gate, job::Job, meter::Meter};

/// The bounds of a lane.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The database, for people.
    pub name: String,
    /// Which of its lanes it is, in metrics and traces: `read`, `write`.
    pub lane: &'static str,
    /// How many connections it holds, spread over its servers.
    pub connections: usize,
    /// How many jobs wait before further ones are refused as `overloaded`.
    pub queue_max: usize,
    /// How many jobs run as one group at most.
    pub group_max: usize,
    /// How long connecting may take.
    pub connect_timeout: Duration,
    /// How long a requester waits beyond its deadline for a job that can no longer be taken back.
    pub patience: Duration,
}

/// What a lane and its connections share.
pub(crate) struct Shared<J: Job> {
    pub(crate) settings: Settings,
    /// Jobs that wait, by group.
    groups: Mutex<HashMap<usize, Vec<Ticket<J>>>>,
    /// How many connections there are.
    pub(crate) connected: AtomicUsize,
    pub(crate) meter: Meter,
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
    /// The span of its request.
    pub(crate) request: Span,
    /// That of its wait, until it runs.
    pub(crate) waiting: Span,
    /// That of its run on a connection.
    pub(crate) running: Span,
}

/// What a connection takes from the queue.
pub(crate) enum Call<J: Job> {
    One(Box<Ticket<J>>),
    /// Whatever waits in this group by the time a connection is free: no job is held back for company, and the
    /// busier the lane, the larger its groups.
    Group(usize),
}

impl<J: Job> Shared<J> {
    pub(crate) fn new(settings: Settings) -> Self {
        Self { settings, groups: Mutex::default(), connected: AtomicUsize::new(0), meter: Meter::default() }
    }

    /// The groups; a panic elsewhere leaves them as they are, which is whole.
    pub(crate) fn groups(&self) -> MutexGuard<'_, HashMap<usize, Vec<Ticket<J>>>> {
        self.groups.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
