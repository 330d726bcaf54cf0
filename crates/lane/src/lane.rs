//! A lane: some connections to one database, and a bounded queue of jobs that they run.
//!
//! A connection belongs to one task for as long as it lives, so nothing pings it, checks it out or returns it,
//! and a job costs the round trips of its statements and no more. The task owns supervision (any fault of the
//! connection drops it, and it is made anew with backoff, for ever). A connection whose job gave a statement up
//! midway, for its deadline, is discarded and never reused, since it is out of step.

use std::{
    collections::HashMap,
    future::Future,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU8, AtomicUsize, Ordering},
    },
    time::Duration,
};

use sqlx::{
    ConnectOptions as _, Connection as _, Executor as _, MySqlConnection, mysql::MySqlConnectOptions,
};
use tokio::{
    sync::oneshot,
    time::{Instant, timeout, timeout_at},
};
use tracing::{info, warn};

use super::fault::Fault;
use crate::{
    adapters::lookup::KEYS_MAX,
    backoff::Backoff,
    config::{MariaDb, SecretUrl},
    core::Result,
    error::Error,
};
use beds_protocol::ErrorCode;

/// What a lane runs.
pub(super) trait Job: Send + Sync + 'static {
    /// What it gives.
    type Output: Send + 'static;

    /// Prepares a new connection for jobs of this kind.
    const SESSION: &'static str;

    /// Whether a requester may leave while the job is run: nothing depends on how it ends.
    const MAY_BE_LEFT: bool;

    /// Runs the job, including its transaction where it has one; ends soon after the deadline.
    fn run(
        &self,
        connection: &mut MySqlConnection,
        policy: &Policy,
        deadline: Instant,
    ) -> impl Future<Output = std::result::Result<Self::Output, Fault>> + Send;

    /// Whether it may be run again on another connection after a fault that lost the first.
    fn is_repeatable(&self) -> bool;

    /// Jobs with the same group may be run by one statement; a job without one is run by itself. There are only
    /// as many groups as templates have objects.
    fn group(&self) -> Option<usize> {
        None
    }

    /// Runs several jobs of one group, at most [`KEYS_MAX`], until the deadline; gives what each gives, in order.
    /// Where the statement is refused, each is run by itself.
    fn run_group(
        jobs: &[&Self],
        connection: &mut MySqlConnection,
        policy: &Policy,
        deadline: Instant,
    ) -> impl Future<Output = std::result::Result<Vec<Result<Self::Output>>, Fault>> + Send {
        let _ = (jobs, connection, policy, deadline);
        std::future::ready(Err(Fault::Refused(Error::internal("these jobs have no group"))))
    }
}

/// What a job may take from its database's configuration.
#[derive(Debug, Clone)]
pub(super) struct Policy {
    pub(super) deadlock_retries_max: u8,
    pub(super) statement_timeout: Duration,
}

/// The requester's half of a job's fate: whoever moves it from `QUEUED` decides whether the job runs.
type Claim = Arc<AtomicU8>;
const QUEUED: u8 = 0;
const RUNNING: u8 = 1;
const GIVEN_UP: u8 = 2;
/// As `QUEUED`, after the connection that ran it was lost.
const LOST: u8 = 3;

/// Moves a waiting job to another state; gives the one it waited in.
fn claimed(claim: &Claim, to: u8) -> Option<u8> {
    let moved = |from| claim.compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire).ok();
    moved(QUEUED).or_else(|| moved(LOST))
}

struct Ticket<J: Job> {
    job: J,
    claim: Claim,
    deadline: Instant,
    reply: oneshot::Sender<Result<J::Output>>,
}

/// What a connection takes from the queue.
#[derive(Debug)]
enum Work<J: Job> {
    One(Ticket<J>),
    /// Whatever waits in this group by the time a connection is free: no job is held back for company, and the
    /// busier the lane, the larger its groups.
    Group(usize),
}

/// Jobs that wait, by group.
type Groups<J> = Arc<Mutex<HashMap<usize, Vec<Ticket<J>>>>>;

/// How often a requester looks after a job that is late.
const LATE_POLL: Duration = Duration::from_millis(50);

/// Some connections to one database, for one kind of job.
#[derive(Debug)]
pub(super) struct Lane<J: Job> {
    name: String,
    queue: async_channel::Sender<Work<J>>,
    groups: Groups<J>,
    group_length_max: usize,
    connected: Arc<AtomicUsize>,
}

impl<J: Job> std::fmt::Debug for Ticket<J> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ticket").field("deadline", &self.deadline).finish_non_exhaustive()
    }
}

impl<J: Job> Lane<J> {
    /// Starts the lane's connections, spread over these servers. They end when the lane is dropped.
    pub(super) fn open(name: &str, urls: &[SecretUrl], connections: u16, config: &MariaDb) -> Self {
        let (queue, jobs) = async_channel::bounded(config.queue_max);
        let groups = Groups::default();
        let connected = Arc::new(AtomicUsize::new(0));
        let servers: Vec<Server> = urls.iter().cloned().map(Server::new).collect();
        for (_, server) in (0..connections).zip(servers.iter().cycle()) {
            let worker = Worker::<J> {
                name: name.to_owned(),
                server: server.clone(),
                jobs: jobs.clone(),
                again: queue.downgrade(),
                groups: Arc::clone(&groups),
                connected: Arc::clone(&connected),
                connect_timeout: config.connect_timeout_ms.duration(),
                policy: Policy {
                    deadlock_retries_max: config.deadlock_retries_max,
                    statement_timeout: config.statement_timeout_ms.duration(),
                },
            };
            tokio::spawn(worker.supervise());
        }
        Self { name: name.to_owned(), queue, groups, group_length_max: config.queue_max, connected }
    }

    /// Runs a job on the next free connection.
    ///
    /// # Errors
    /// What the job answers; `overloaded` when the queue is full; `unavailable` or `deadline_exceeded` when no
    /// connection took it in time.
    pub(super) async fn run(&self, job: J, deadline: Instant) -> Result<J::Output> {
        let claim = Claim::new(AtomicU8::new(QUEUED));
        let (reply, mut answer) = oneshot::channel();
        let ticket = Ticket { job, claim: Arc::clone(&claim), deadline, reply };
        if !self.submit(ticket) {
            return Err(if self.connected.load(Ordering::Relaxed) == 0 {
                self.unavailable()
            } else {
                overloaded(&self.name)
            });
        }
        let mut wait_until = deadline;
        loop {
            if let Ok(answer) = timeout_at(wait_until, &mut answer).await {
                return answer.unwrap_or_else(|_| Err(self.unavailable()));
            }
            let given_up = claimed(&claim, GIVEN_UP);
            if given_up.is_some() || J::MAY_BE_LEFT {
                // A connection that nobody has used since counts as one, even though its server is gone.
                let is_connected = self.connected.load(Ordering::Relaxed) > 0 && given_up != Some(LOST);
                return Err(if is_connected { Error::deadline() } else { self.unavailable() });
            }
            // It is being run: only the connection's task knows how it ends, and ends it soon; or puts it back in
            // the queue, where it can be given up.
            wait_until = Instant::now() + LATE_POLL;
        }
    }

    /// Puts a job in the queue; false where that is full.
    fn submit(&self, ticket: Ticket<J>) -> bool {
        let Some(group) = ticket.job.group() else { return self.queue.try_send(Work::One(ticket)).is_ok() };
        let mut groups = lock(&self.groups);
        let waiting = groups.entry(group).or_default();
        if waiting.len() >= self.group_length_max {
            return false;
        }
        // The first of a group calls a connection for all that come until it is there.
        if waiting.is_empty() && self.queue.try_send(Work::Group(group)).is_err() {
            return false;
        }
        waiting.push(ticket);
        true
    }

    fn unavailable(&self) -> Error {
        Error::unavailable(&format!("the database `{}`", self.name))
    }
}

fn overloaded(name: &str) -> Error {
    Error::new(ErrorCode::Overloaded, format!("too many requests wait for the database `{name}`"))
}

/// The groups; a panic elsewhere leaves them as they are, which is whole.
fn lock<J: Job>(groups: &Groups<J>) -> MutexGuard<'_, HashMap<usize, Vec<Ticket<J>>>> {
    groups.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A server that connections of a lane go to.
#[derive(Clone)]
struct Server {
    url: SecretUrl,
    /// How many of them try in vain: only the first that fails tells, and the last that succeeds.
    failing: Arc<AtomicUsize>,
}

impl Server {
    fn new(url: SecretUrl) -> Self {
        Self { url, failing: Arc::default() }
    }
}

struct Worker<J: Job> {
    name: String,
    server: Server,
    jobs: async_channel::Receiver<Work<J>>,
    /// Puts a group back that is more than one statement takes. Weak: only the lane keeps the queue open.
    again: async_channel::WeakSender<Work<J>>,
    groups: Groups<J>,
    connected: Arc<AtomicUsize>,
    connect_timeout: Duration,
    policy: Policy,
}

/// What becomes of a connection after some jobs.
enum After<J: Job> {
    Keep,
    /// The jobs that are to be run again.
    Discard(Vec<Ticket<J>>),
}

impl<J: Job> Worker<J> {
    /// Connects, works until the connection fails, and begins anew, until the lane is dropped.
    async fn supervise(self) {
        let mut unfinished = Vec::new();
        loop {
            let Some(connection) = self.connect().await else { return };
            self.connected.fetch_add(1, Ordering::Relaxed);
            let ended = self.work(connection, &mut unfinished).await;
            self.connected.fetch_sub(1, Ordering::Relaxed);
            if ended {
                return;
            }
        }
    }

    /// A connection, however long it takes; `None` once the lane is dropped.
    async fn connect(&self) -> Option<MySqlConnection> {
        let mut backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(5));
        let mut failed = false;
        loop {
            match timeout(self.connect_timeout, self.try_connect()).await {
                Ok(Ok(connection)) => {
                    if failed && self.server.failing.fetch_sub(1, Ordering::Relaxed) == 1 {
                        info!(database = self.name, "connected again");
                    }
                    return Some(connection);
                }
                outcome => {
                    if !failed && self.server.failing.fetch_add(1, Ordering::Relaxed) == 0 {
                        let reason = outcome.map_or_else(
                            |_| format!("no answer within {} ms", self.connect_timeout.as_millis()),
                            |result| result.err().map(|error| error.to_string()).unwrap_or_default(),
                        );
                        let server = self.server.url.redacted();
                        warn!(database = self.name, server, "cannot connect: {reason}");
                    }
                    failed = true;
                }
            }
            if self.jobs.is_closed() {
                return None;
            }
            tokio::time::sleep(backoff.next()).await;
        }
    }

    async fn try_connect(&self) -> std::result::Result<MySqlConnection, sqlx::Error> {
        let options: MySqlConnectOptions = self.server.url.expose().parse()?;
        let mut connection = options.disable_statement_logging().connect().await?;
        let seconds = self.policy.statement_timeout.as_secs_f64();
        let session = format!(
            "set session max_statement_time = {seconds:.3}, innodb_lock_wait_timeout = {}; {}",
            self.policy.statement_timeout.as_secs().max(1),
            J::SESSION
        );
        connection.execute(session.as_str()).await?;
        Ok(connection)
    }

    /// Runs jobs until the connection is to be discarded; true once the lane is dropped.
    async fn work(&self, mut connection: MySqlConnection, unfinished: &mut Vec<Ticket<J>>) -> bool {
        loop {
            let mut tickets = if !unfinished.is_empty() {
                std::mem::take(unfinished)
            } else if let Ok(work) = self.jobs.recv().await {
                self.take(work)
            } else {
                let _ = timeout(self.connect_timeout, connection.close()).await;
                return true;
            };
            // Only those whose requesters still wait.
            tickets.retain(|ticket| !ticket.reply.is_closed() && claimed(&ticket.claim, RUNNING).is_some());
            match self.run(&mut connection, tickets).await {
                After::Keep => {}
                After::Discard(again) => {
                    *unfinished = again;
                    return false;
                }
            }
        }
    }

    /// The jobs to run now.
    fn take(&self, work: Work<J>) -> Vec<Ticket<J>> {
        match work {
            Work::One(ticket) => vec![ticket],
            Work::Group(group) => {
                let mut groups = lock(&self.groups);
                let waiting = groups.entry(group).or_default();
                let taken = waiting.drain(..waiting.len().min(usize::from(KEYS_MAX))).collect();
                // The rest is for the next free connection.
                let again =
                    || self.again.upgrade().is_some_and(|queue| queue.try_send(Work::Group(group)).is_ok());
                if !waiting.is_empty() && !again() {
                    Self::refuse(std::mem::take(waiting), &overloaded(&self.name));
                }
                taken
            }
        }
    }

    /// Runs one job, or several of one group by one statement.
    async fn run(&self, connection: &mut MySqlConnection, mut tickets: Vec<Ticket<J>>) -> After<J> {
        let Some(deadline) = tickets.iter().map(|ticket| ticket.deadline).max() else { return After::Keep };
        let outcome = {
            let jobs: Vec<&J> = tickets.iter().map(|ticket| &ticket.job).collect();
            match jobs.as_slice() {
                [job] => job.run(connection, &self.policy, deadline).await.map(|output| vec![Ok(output)]),
                jobs => J::run_group(jobs, connection, &self.policy, deadline).await,
            }
        };
        let (error, keep) = match outcome {
            Ok(outputs) => {
                for (ticket, output) in tickets.into_iter().zip(outputs) {
                    // The requester may have gone; its answer is not wanted then.
                    let _ = ticket.reply.send(output);
                }
                return After::Keep;
            }
            // It may be the doing of one of them.
            Err(Fault::Refused(_)) if tickets.len() > 1 => return self.run_singly(connection, tickets).await,
            Err(Fault::Refused(error)) => (error, true),
            Err(Fault::Deadlock) => {
                let message = "other requests kept changing the same records";
                (Error::new(ErrorCode::Conflict, message).retryable(), true)
            }
            Err(Fault::Abandoned(error)) => (error, false),
            Err(Fault::Lost(reason)) => {
                warn!(database = self.name, "the connection is lost: {reason}");
                let again =
                    |ticket: &mut Ticket<J>| ticket.job.is_repeatable() && Instant::now() < ticket.deadline;
                let repeated: Vec<_> = tickets.extract_if(.., again).collect();
                for ticket in &repeated {
                    ticket.claim.store(LOST, Ordering::Release);
                }
                // What cannot be repeated may have been done before the connection was lost.
                let (late, unknown) = tickets.into_iter().partition(|ticket| ticket.job.is_repeatable());
                Self::refuse(late, &Error::unavailable(&format!("the database `{}`", self.name)));
                Self::refuse(unknown, &Error::unknown_effect("the connection broke"));
                return After::Discard(repeated);
            }
        };
        Self::refuse(tickets, &error);
        if keep { After::Keep } else { After::Discard(Vec::new()) }
    }

    /// Runs jobs one after another, as long as the connection is good.
    async fn run_singly(&self, connection: &mut MySqlConnection, tickets: Vec<Ticket<J>>) -> After<J> {
        let mut tickets = tickets.into_iter();
        while let Some(ticket) = tickets.next() {
            if let After::Discard(mut again) = Box::pin(self.run(connection, vec![ticket])).await {
                for rest in tickets {
                    rest.claim.store(LOST, Ordering::Release);
                    again.push(rest);
                }
                return After::Discard(again);
            }
        }
        After::Keep
    }

    fn refuse(tickets: Vec<Ticket<J>>, error: &Error) {
        for ticket in tickets {
            let _ = ticket.reply.send(Err(error.clone()));
        }
    }
}
