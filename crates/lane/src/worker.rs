//! A task that owns one connection: connects, runs jobs, and begins anew when the connection fails.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use beds_core::{Error, Result, backoff::Backoff};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tracing::{info, warn};

use crate::{
    Connect, Fate, Fault, Job, Member,
    lane::{Call, Shared, Ticket},
};

/// The first and the longest pause between two attempts to connect.
const PAUSE_MIN: std::time::Duration = std::time::Duration::from_millis(50);
const PAUSE_MAX: std::time::Duration = std::time::Duration::from_secs(5);

/// A server that connections of a lane go to.
pub(crate) struct Server<C> {
    pub(crate) connector: C,
    /// How many of them try in vain: only the first that fails tells, and the last that succeeds.
    failing: AtomicUsize,
}

impl<C> Server<C> {
    pub(crate) const fn new(connector: C) -> Self {
        Self { connector, failing: AtomicUsize::new(0) }
    }
}

pub(crate) struct Worker<J: Job, C> {
    shared: Arc<Shared<J>>,
    server: Arc<Server<C>>,
    calls: async_channel::Receiver<Call<J>>,
    /// Calls another connection for the rest of a group. Weak: only the lane keeps the queue open.
    again: async_channel::WeakSender<Call<J>>,
    /// Jobs of one group, or one by itself, to run before any other: what a lost connection left, the rest of a group.
    first: Vec<Ticket<J>>,
}

/// What becomes of a connection after some jobs.
enum After<J: Job> {
    Keep,
    /// The jobs that are to be run again.
    Discard(Vec<Ticket<J>>),
}

impl<J: Job, C: Connect<Connection = J::Connection>> Worker<J, C> {
    pub(crate) const fn new(
        shared: Arc<Shared<J>>,
        server: Arc<Server<C>>,
        calls: async_channel::Receiver<Call<J>>,
        again: async_channel::WeakSender<Call<J>>,
    ) -> Self {
        Self { shared, server, calls, again, first: Vec::new() }
    }

    /// Connects, works until the connection fails, and begins anew, until the lane is dropped.
    pub(crate) async fn supervise(mut self) {
        while let Some(connection) = self.connect().await {
            self.shared.connected.fetch_add(1, Ordering::Relaxed);
            let has_ended = self.work(connection).await;
            self.shared.connected.fetch_sub(1, Ordering::Relaxed);
            if has_ended {
                return;
            }
        }
    }

    /// A connection, however long it takes; `None` once the lane is dropped.
    async fn connect(&self) -> Option<J::Connection> {
        let name = &self.shared.settings.name;
        let limit = self.shared.settings.connect_timeout;
        let mut backoff = Backoff::new(PAUSE_MIN, PAUSE_MAX);
        let mut has_failed = false;
        while !self.calls.is_closed() {
            let reason = match timeout(limit, self.server.connector.connect()).await {
                Ok(Ok(connection)) => {
                    if has_failed && self.server.failing.fetch_sub(1, Ordering::Relaxed) == 1 {
                        info!(database = name, "connected again");
                    }
                    return Some(connection);
                }
                Ok(Err(reason)) => reason,
                Err(_) => format!("no answer within {} ms", limit.as_millis()),
            };
            if !has_failed && self.server.failing.fetch_add(1, Ordering::Relaxed) == 0 {
                warn!(database = name, server = self.server.connector.server(), "cannot connect: {reason}");
            }
            has_failed = true;
            sleep(backoff.pause()).await;
        }
        None
    }

    /// Runs jobs until the connection is to be discarded; true once the lane is dropped.
    async fn work(&mut self, mut connection: J::Connection) -> bool {
        loop {
            let mut tickets = if !self.first.is_empty() {
                let most = self.first.len().min(self.shared.settings.group_max);
                self.first.drain(..most).collect()
            } else if let Ok(call) = self.calls.recv().await {
                self.take(call)
            } else {
                let limit = self.shared.settings.connect_timeout;
                // Whether it succeeds no longer matters.
                let _ = timeout(limit, self.server.connector.close(connection)).await;
                return true;
            };
            tickets.retain(|ticket| ticket.gate.begin());
            if let After::Discard(again) = self.run(&mut connection, tickets).await {
                self.first.extend(again);
                return false;
            }
        }
    }

    /// The jobs to run now. What is more than one group takes is for the next free connection, or for this one where
    /// the queue has no room to call another.
    fn take(&mut self, call: Call<J>) -> Vec<Ticket<J>> {
        match call {
            Call::One(ticket) => vec![*ticket],
            Call::Group(group) => {
                let mut groups = self.shared.groups();
                let waiting = groups.entry(group).or_default();
                let most = waiting.len().min(self.shared.settings.group_max);
                let taken = waiting.drain(..most).collect();
                let call_again =
                    || self.again.upgrade().is_some_and(|queue| queue.try_send(Call::Group(group)).is_ok());
                if !waiting.is_empty() && !call_again() {
                    self.first.append(waiting);
                }
                taken
            }
        }
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
        let gates = [&*ticket.gate];
        let outcome = within(&gates, J::CAN_BE_CUT, ticket.job.run(connection, &ticket.gate)).await;
        match outcome {
            Ok(output) => {
                answer(ticket, Ok(output));
                After::Keep
            }
            Err(Fault::Refused(error)) => {
                answer(ticket, Err(error));
                After::Keep
            }
            Err(Fault::Abandoned(error)) => {
                answer(ticket, Err(error));
                After::Discard(Vec::new())
            }
            Err(Fault::Lost(reason)) => self.lost(vec![ticket], &reason),
        }
    }

    async fn run_group(&self, connection: &mut J::Connection, tickets: Vec<Ticket<J>>) -> After<J> {
        let outcome = {
            let members: Vec<Member<'_, J>> =
                tickets.iter().map(|ticket| Member { job: &ticket.job, gate: &ticket.gate }).collect();
            let gates: Vec<_> = members.iter().map(|member| member.gate).collect();
            within(&gates, J::CAN_BE_CUT, J::run_group(&members, connection)).await
        };
        match outcome {
            Ok(fates) => {
                let mut alone = Vec::new();
                for (ticket, fate) in tickets.into_iter().zip(fates) {
                    match fate {
                        Fate::Done(output) => answer(ticket, Ok(output)),
                        Fate::Refused(error) => answer(ticket, Err(error)),
                        Fate::Alone => alone.push(ticket),
                    }
                }
                self.run_singly(connection, alone).await
            }
            // It may be the doing of one of them.
            Err(Fault::Refused(_)) => self.run_singly(connection, tickets).await,
            Err(Fault::Abandoned(error)) => {
                for ticket in tickets {
                    answer(ticket, Err(error.clone()));
                }
                After::Discard(Vec::new())
            }
            Err(Fault::Lost(reason)) => self.lost(tickets, &reason),
        }
    }

    /// Runs jobs one after another, as long as the connection is good.
    async fn run_singly(&self, connection: &mut J::Connection, tickets: Vec<Ticket<J>>) -> After<J> {
        let mut tickets = tickets.into_iter();
        while let Some(ticket) = tickets.next() {
            if let After::Discard(mut again) = self.run_one(connection, ticket).await {
                again.extend(tickets.filter(|rest| rest.gate.wait_again()));
                return After::Discard(again);
            }
        }
        After::Keep
    }

    /// The connection is lost: what was not past its gate is run again, and of the others nobody knows.
    fn lost(&self, tickets: Vec<Ticket<J>>, reason: &str) -> After<J> {
        let name = &self.shared.settings.name;
        warn!(database = name, "the connection is lost: {reason}");
        let mut again = Vec::new();
        for ticket in tickets {
            if ticket.gate.is_past() {
                answer(ticket, Err(Error::unknown_effect("the connection broke")));
            } else if ticket.gate.deadline() <= Instant::now() {
                answer(ticket, Err(Error::unavailable(&format!("the database `{name}`"))));
            } else if ticket.gate.wait_again() {
                again.push(ticket);
            }
        }
        After::Discard(again)
    }
}

/// The requester may have gone; its answer is not wanted then.
fn answer<J: Job>(ticket: Ticket<J>, answer: Result<J::Output>) {
    let _ = ticket.reply.send(answer);
}

/// Runs until the latest of the deadlines, or to the end where something can no longer be taken back.
async fn within<T>(
    gates: &[&crate::Gate],
    can_be_cut: bool,
    running: impl Future<Output = std::result::Result<T, Fault>>,
) -> std::result::Result<T, Fault> {
    let latest = gates.iter().map(|gate| gate.deadline()).max();
    let (Some(deadline), true) = (latest, can_be_cut) else { return running.await };
    let mut running = std::pin::pin!(running);
    tokio::select! {
        biased;
        outcome = &mut running => return outcome,
        () = sleep_until(deadline) => {}
    }
    // Nothing can pass its gate between the two: the job is polled nowhere else.
    if gates.iter().any(|gate| gate.is_past()) {
        return running.await;
    }
    Err(Fault::Abandoned(Error::deadline()))
}
