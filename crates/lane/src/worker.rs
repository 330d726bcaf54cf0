//! A task that owns one connection: connects, runs jobs, and connects again when the connection fails.

use std::{
    collections::VecDeque,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use beds_core::{Error, Result, backoff::Backoff, traced};
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tracing::{Instrument as _, Span, error_span, info, warn};

use crate::{
    fault::Fault,
    gate::Gate,
    job::{Connect, Fate, Job, Member},
    kind::measure_all,
    pace::Begun,
    queue::{QUICK, Taken, Ticket},
    shared::{Long, Place, Shared},
};

/// The first and the longest pause between two attempts to connect.
const PAUSE_MIN: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(5);
/// How many connections a job may lose before it is held to break them.
const LOSSES_MAX: u8 = 3;

/// A server that connections of a lane go to.
pub(crate) struct Server<C> {
    pub(crate) connector: C,
    /// How many of them cannot connect. Only the first failure and the last success are logged.
    failing: AtomicUsize,
}

impl<C> Server<C> {
    pub(crate) const fn new(connector: C) -> Self {
        Self { connector, failing: AtomicUsize::new(0) }
    }
}

struct Worker<J: Job, C> {
    shared: Arc<Shared<J>>,
    server: Arc<Server<C>>,
    /// Jobs of one group, or one job by itself, to run before any other: a lost connection left them.
    first: Vec<Ticket<J>>,
    /// Whether the connection stood idle before the current jobs. Then it may have been dead before, which is not their
    /// doing.
    was_idle: bool,
}

/// Counts a connection for as long as it exists, or cannot be made, also if a job panics.
struct Counted<'a>(&'a AtomicUsize);

impl<'a> Counted<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What becomes of a connection after some jobs.
enum After<J: Job> {
    Keep,
    /// The jobs that are to be run again.
    Discard(Vec<Ticket<J>>),
}

/// Holds a connection to the server until the lane is dropped. A job that panics costs its connection, but no place in
/// the lane.
pub(crate) async fn supervise<J: Job, C: Connect<Connection = J::Connection>>(
    shared: Arc<Shared<J>>,
    server: Arc<Server<C>>,
) {
    loop {
        let worker = Worker {
            shared: Arc::clone(&shared),
            server: Arc::clone(&server),
            first: Vec::new(),
            was_idle: false,
        };
        match tokio::spawn(worker.live()).await {
            Err(end) if end.is_panic() => sleep(PAUSE_MIN).await,
            Ok(()) | Err(_) => return,
        }
    }
}

impl<J: Job, C: Connect<Connection = J::Connection>> Worker<J, C> {
    /// Connects, works until the connection fails, and connects again, until the lane is dropped.
    async fn live(mut self) {
        let shared = Arc::clone(&self.shared);
        while let Some(connection) = self.connect().await {
            let _connected = Counted::new(&shared.connected);
            // A client may be made without asking its server.
            if self.server.connector.is_reachable() {
                shared.queue().is_back();
            }
            if self.work(connection).await {
                return;
            }
        }
    }

    /// A connection, however long it takes; `None` once the lane is dropped.
    async fn connect(&mut self) -> Option<J::Connection> {
        let shared = Arc::clone(&self.shared);
        let name = &shared.settings.name;
        let limit = shared.settings.connect_timeout;
        let mut backoff = Backoff::new(PAUSE_MIN, PAUSE_MAX);
        let mut failing = None;
        while !shared.is_closed() {
            let reason = match timeout(limit, self.server.connector.connect()).await {
                Ok(Ok(connection)) => {
                    if failing.is_some() && self.server.failing.fetch_sub(1, Ordering::Relaxed) == 1 {
                        info!(database = name, "reconnected");
                    }
                    return Some(connection);
                }
                Ok(Err(reason)) => reason,
                Err(_) => format!("no answer within {} ms", limit.as_millis()),
            };
            if failing.is_none() && self.server.failing.fetch_add(1, Ordering::Relaxed) == 0 {
                warn!(database = name, server = self.server.connector.server(), "cannot connect: {reason}");
            }
            failing.get_or_insert_with(|| Counted::new(&shared.failing));
            shared.meter.failed.count();
            if shared.connected() == 0 {
                shared.queue().is_away();
            }
            self.hand_over();
            sleep(backoff.pause()).await;
        }
        None
    }

    /// Gives the jobs that wait for this connection to the other connections, if there are any: these may have another
    /// server.
    fn hand_over(&mut self) {
        if self.shared.connected() > 0 {
            // The server was away, so these jobs did not break the connection.
            let tickets = std::mem::take(&mut self.first).into_iter();
            self.shared.put_back(tickets.map(|ticket| Ticket { losses: 0, ..ticket }));
        }
    }

    /// Runs jobs until the connection is to be discarded; true once the lane is dropped.
    async fn work(&mut self, mut connection: J::Connection) -> bool {
        let shared = Arc::clone(&self.shared);
        loop {
            let (Taken { tickets, is_long, group }, was_idle) = if let Some(taken) = self.left() {
                (taken, false)
            } else if let Some(next) = shared.next().await {
                next
            } else {
                let limit = shared.settings.connect_timeout;
                // Whether it succeeds no longer matters.
                let _ = timeout(limit, self.server.connector.close(connection)).await;
                return true;
            };
            let (_long, place) = (Long::new(&shared, is_long), Place::new(&shared, group));
            self.was_idle = was_idle;
            let tickets: Vec<_> = tickets.into_iter().filter_map(wanted).collect();
            // A loss of the connection while nobody used it is not known yet.
            if was_idle && let After::Discard(_) = self.renew(&mut connection).await {
                self.first = tickets;
                return false;
            }
            let tickets = tickets.into_iter().filter(|ticket| ticket.gate.begin()).collect();
            let after = place.hold(self.measured(&mut connection, tickets)).await;
            if let After::Discard(mut again) = after {
                again.append(&mut self.first);
                self.first = again;
                return false;
            }
        }
    }

    /// The jobs that a lost connection left. One of them may have broken it, so they run one by one.
    fn left(&mut self) -> Option<Taken<J>> {
        if self.first.is_empty() {
            return None;
        }
        let unbroken = self.first.iter().take_while(|ticket| ticket.losses == 0).count();
        let most = unbroken.min(self.shared.settings.group_max).max(1);
        self.shared.queue().took_again();
        Some(Taken { tickets: self.first.drain(..most).collect(), is_long: false, group: None })
    }

    /// How long a job that is past its gate may run beyond its deadline; `None` if a job cannot be cut.
    fn patience(&self) -> Option<Duration> {
        J::CAN_BE_CUT.then_some(self.shared.settings.patience)
    }

    /// Measures jobs that begin now.
    fn begin<'a>(&self, jobs: impl Iterator<Item = &'a J>) -> Begun {
        self.shared.queue().pace.begin(measure_all(jobs), Instant::now())
    }

    /// Notes how long jobs took. A job that was lost with its connection gives no measurement.
    fn tell<T>(&self, outcome: &std::result::Result<T, Fault>, begun: &Begun) {
        if !matches!(outcome, Err(Fault::Lost(_))) {
            self.shared.queue().pace.end(begun, Instant::now());
        }
    }

    /// Runs jobs, measured and traced.
    async fn measured(&self, connection: &mut J::Connection, mut tickets: Vec<Ticket<J>>) -> After<J> {
        if tickets.is_empty() {
            return After::Keep;
        }
        let (meter, begun) = (&self.shared.meter, Instant::now());
        let _busy = meter.busy.hold();
        meter.group.had(tickets.len());
        let spans = self.spans(&mut tickets);
        // A run that is common to all is a part of the first trace, to which the others refer.
        if let Some((first, others)) = spans.split_first() {
            for other in others {
                other.follows_from(first);
            }
        }
        let after = self.run(connection, tickets).await;
        meter.run.took(begun.elapsed());
        after
    }

    /// The spans of these jobs on the connection, for those whose requests are traced.
    fn spans(&self, tickets: &mut [Ticket<J>]) -> Vec<Span> {
        let (jobs, name, lane) = (tickets.len(), &self.shared.settings.name, self.shared.settings.lane);
        let span = |ticket: &mut Ticket<J>| {
            ticket.waiting = Span::none();
            let span = traced!(&ticket.request, "database", database = name, lane, jobs);
            ticket.running = span.clone();
            (!span.is_none()).then_some(span)
        };
        tickets.iter_mut().filter_map(span).collect()
    }

    /// Runs one job, or several of one group together.
    async fn run(&self, connection: &mut J::Connection, mut tickets: Vec<Ticket<J>>) -> After<J> {
        match tickets.len() {
            0 => After::Keep,
            1 => match tickets.pop() {
                Some(ticket) => self.run_one(connection, ticket).await,
                None => After::Keep,
            },
            _ => self.run_group(connection, tickets).await,
        }
    }

    async fn run_one(&self, connection: &mut J::Connection, ticket: Ticket<J>) -> After<J> {
        let (gates, span) = ([&*ticket.gate], ticket.span.clone());
        let begun = self.begin(std::iter::once(&ticket.job));
        let running = ticket.job.run(connection, &ticket.gate);
        // The span of the trace is the inner one, because statements look for it.
        let running = running.instrument(ticket.running.clone()).instrument(span.clone());
        let outcome = within(&gates, self.patience(), running).await;
        self.tell(&outcome, &begun);
        match outcome {
            Ok(output) => {
                answer(ticket, Ok(output));
                self.renew(connection).instrument(span).await
            }
            Err(Fault::Refused(error)) => {
                answer(ticket, Err(error));
                self.renew(connection).instrument(span).await
            }
            Err(Fault::Abandoned(error)) => {
                answer(ticket, Err(error));
                After::Discard(Vec::new())
            }
            Err(Fault::Lost(reason)) => span.in_scope(|| self.lost(vec![ticket], &reason)),
        }
    }

    async fn run_group(&self, connection: &mut J::Connection, tickets: Vec<Ticket<J>>) -> After<J> {
        let (begun, span) = (self.begin(tickets.iter().map(|ticket| &ticket.job)), together(&tickets));
        let outcome = {
            let members: Vec<Member<'_, J>> =
                tickets.iter().map(|ticket| Member { job: &ticket.job, gate: &ticket.gate }).collect();
            let gates: Vec<_> = members.iter().map(|member| member.gate).collect();
            let traced = tickets.iter().find(|ticket| !ticket.running.is_none());
            let traced = traced.map_or_else(Span::none, |ticket| ticket.running.clone());
            let running = J::run_group(&members, connection).instrument(traced).instrument(span.clone());
            within(&gates, self.patience(), running).await
        };
        self.tell(&outcome, &begun);
        match outcome {
            Ok(fates) => {
                let mut alone = Vec::new();
                // A job without a fate runs alone.
                let fates = fates.into_iter().chain(std::iter::repeat_with(|| Fate::Alone));
                for (ticket, fate) in tickets.into_iter().zip(fates) {
                    match fate {
                        Fate::Done(output) => answer(ticket, Ok(output)),
                        Fate::Refused(error) => answer(ticket, Err(error)),
                        Fate::Alone => alone.push(ticket),
                    }
                }
                self.run_singly(connection, alone, &span).await
            }
            // One of them may have caused it.
            Err(Fault::Refused(_)) => self.run_singly(connection, tickets, &span).await,
            Err(Fault::Abandoned(error)) => {
                for ticket in tickets {
                    answer(ticket, Err(error.clone()));
                }
                After::Discard(Vec::new())
            }
            Err(Fault::Lost(reason)) => span.in_scope(|| self.lost(tickets, &reason)),
        }
    }

    /// Runs jobs of a group one after another, as long as the connection is good. The span is the group's. A slow job
    /// may wait for a lock: the others then run on other connections.
    async fn run_singly(
        &self,
        connection: &mut J::Connection,
        tickets: Vec<Ticket<J>>,
        group: &Span,
    ) -> After<J> {
        if let After::Discard(_) = self.renew(connection).instrument(group.clone()).await {
            // The connection is given up, not lost: the server answers.
            let mut again: Vec<_> =
                tickets.into_iter().filter(|ticket| ticket.gate.wait_as_before()).collect();
            // The obstacle of the group would still be there.
            for ticket in &mut again {
                ticket.losses = ticket.losses.max(1);
            }
            return After::Discard(again);
        }
        let mut tickets: VecDeque<_> = tickets.into_iter().filter_map(wanted).collect();
        while let Some(ticket) = tickets.pop_front() {
            let mut running = pin!(self.run_one(connection, ticket));
            let after = if let Ok(after) = timeout(QUICK, &mut running).await {
                after
            } else {
                let rest = tickets.drain(..).rev().filter(|rest| rest.gate.wait_as_before());
                self.shared.put_back(rest.map(|rest| Ticket { is_alone: true, ..rest }));
                running.await
            };
            if let After::Discard(mut again) = after {
                // The job in the way was cut, or has broken the connection. The effect of the others is not in doubt.
                again.extend(tickets.into_iter().filter(|rest| rest.gate.wait_as_before()));
                return After::Discard(again);
            }
        }
        After::Keep
    }

    /// Makes the connection as new, if a job may have changed it.
    async fn renew(&self, connection: &mut J::Connection) -> After<J> {
        if !J::is_touched(connection) {
            return After::Keep;
        }
        let renewed = timeout(self.shared.settings.connect_timeout, J::renew(connection)).await;
        if renewed.unwrap_or(false) { After::Keep } else { After::Discard(Vec::new()) }
    }

    /// The connection is lost: jobs that were not past their gate are run again; the effect of the others is unknown.
    fn lost(&self, tickets: Vec<Ticket<J>>, reason: &str) -> After<J> {
        let name = &self.shared.settings.name;
        warn!(database = name, "the connection is lost: {reason}");
        self.shared.meter.lost.count();
        let mut again = Vec::new();
        for mut ticket in tickets {
            if ticket.gate.is_past() {
                answer(ticket, Err(Error::unknown_effect("the connection broke")));
            } else if ticket.losses == LOSSES_MAX || !ticket.gate.is_wanted() {
                answer(ticket, Err(Error::unavailable(&format!("the database `{name}`"))));
            } else if ticket.gate.wait_again() {
                ticket.losses += u8::from(!self.was_idle);
                again.push(ticket);
            }
        }
        After::Discard(again)
    }
}

/// Events while jobs run as a group belong to the request of the first job, with the number of all jobs.
fn together<J: Job>(tickets: &[Ticket<J>]) -> Span {
    let first = tickets.first().and_then(|ticket| ticket.span.id());
    error_span!(parent: first, "together", requests = tickets.len())
}

/// The job, unless nobody waits for it any more.
fn wanted<J: Job>(ticket: Ticket<J>) -> Option<Ticket<J>> {
    if ticket.gate.is_wanted() || ticket.gate.is_past() {
        return Some(ticket);
    }
    // The requester may not have looked at the clock yet.
    answer(ticket, Err(Error::deadline()));
    None
}

/// Answers the requester. If it has gone, the answer is dropped.
fn answer<J: Job>(ticket: Ticket<J>, answer: Result<J::Output>) {
    let _ = ticket.reply.send(answer);
}

/// Runs until the latest of the deadlines. If a job is past its gate by then, runs for as long as its requester waits.
async fn within<T>(
    gates: &[&Gate],
    patience: Option<Duration>,
    running: impl Future<Output = std::result::Result<T, Fault>>,
) -> std::result::Result<T, Fault> {
    let latest = gates.iter().map(|gate| gate.deadline()).max();
    let (Some(deadline), Some(patience)) = (latest, patience) else { return running.await };
    let mut running = std::pin::pin!(running);
    if let Ok(outcome) = timeout_at(deadline, &mut running).await {
        return outcome;
    }
    // No job can pass its gate between the two: nothing else polls it.
    if !gates.iter().any(|gate| gate.is_past()) {
        return Err(Fault::Abandoned(Error::deadline()));
    }
    let unknown = |_| Err(Fault::Abandoned(Error::unknown_effect("the database does not answer")));
    timeout_at(deadline + patience, running).await.unwrap_or_else(unknown)
}
