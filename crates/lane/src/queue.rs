//! [`Queue`]: what waits in a lane, whose turn it is, and what is not let in.
//!
//! Clients share a lane fairly, and the kinds of jobs of each client as well: whoever has had the least of the
//! connections' time is next (start-time fair queueing). So the flood of one fills its own share, and the others do not
//! wait behind it.
//!
//! A job is let in only where it is expected to end in its time. What waits is known in units of time (`pace`), so the
//! wait is known before it begins, and a refusal costs nothing. That the connections take nothing at all is seen by the
//! time since they last did.
//!
//! Many jobs that come at once are a burst, which is worked off. Where the jobs of a client have had to wait for a while,
//! they come faster than they are done: then only so many are let in that the wait stays short (as `CoDel` tells a standing
//! queue from a good one, but before the wait and not after it).

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use beds_core::{Result, plan::Asker};
use tokio::{sync::oneshot, time::Instant};
use tracing::Span;

use crate::{
    gate::Gate,
    job::Job,
    kind::{Kind, measure},
    pace::Pace,
};

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
    /// How many of them are requests by themselves, each of which holds a place that other databases need as well.
    pub requests_max: usize,
    /// How long a job may be expected to wait before it is refused as `overloaded`, where those before it have waited for
    /// that long already; twice its own time, where that is longer.
    pub wait_max: Duration,
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

/// How long a server may be away before a request is refused at once: it may only be starting again.
pub(crate) const ABSENCE_MAX: Duration = Duration::from_secs(1);
/// A wait that is none.
const BRIEF: Duration = Duration::from_millis(100);
/// A job that is expected to take longer leaves the last connection to others.
const LONG: Duration = Duration::from_millis(100);
/// How long jobs of a group keep others of it waiting. Where the server is far away, or one waits for a lock, groups run
/// side by side then.
pub(crate) const QUICK: Duration = Duration::from_millis(20);
/// How often a full queue is searched for what nobody waits for any more.
const SWEEP: Duration = Duration::from_millis(100);
/// One client's jobs of one kind may be so many times as many as there is room left, as in the buffers of switches: alone
/// they get most of the room, and there is always some for others.
const SHARE: usize = 4;

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

/// Why a job is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The server has been away for a while.
    Absent,
    /// Too much waits already.
    Overloaded,
}

/// What a connection runs next.
pub(crate) struct Taken<J: Job> {
    pub(crate) tickets: Vec<Ticket<J>>,
    /// Whether it is expected to take long. [`Queue::ended_long`] is told when it has ended.
    pub(crate) is_long: bool,
    /// The group that takes a place among those that run at once. [`Queue::ended_group`] is told when it is free.
    pub(crate) group: Option<usize>,
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

    /// Lets a job in, or not. `connected` is how many connections there are to a server that answers.
    pub(crate) fn admit(
        &mut self,
        ticket: Ticket<J>,
        connected: usize,
        settings: &Settings,
    ) -> std::result::Result<(), Refusal> {
        let now = Instant::now();
        let judged = self.judge(&ticket, connected, settings, now);
        if judged == Err(Refusal::Overloaded) && now - self.swept >= SWEEP {
            self.swept = now;
            self.sweep();
            self.judge(&ticket, connected, settings, now)?;
        } else {
            judged?;
        }
        self.push(ticket);
        Ok(())
    }

    fn judge(
        &mut self,
        ticket: &Ticket<J>,
        connected: usize,
        settings: &Settings,
        now: Instant,
    ) -> std::result::Result<(), Refusal> {
        if connected == 0 {
            let since = *self.absent_since.get_or_insert(now);
            if now - since > ABSENCE_MAX {
                return Err(Refusal::Absent);
            }
        } else {
            self.absent_since = None;
        }
        if self.waiting >= settings.queue_max {
            return Err(Refusal::Overloaded);
        }
        if connected > 0 && self.idle > self.waiting {
            return Ok(());
        }
        let wait = self.wait(ticket, connected, settings, now);
        let time = self.time(&ticket.job, now);
        if connected > 0 {
            let left = ticket.gate.deadline().saturating_duration_since(now);
            if wait * 2 + time > left {
                return Err(Refusal::Overloaded);
            }
            if wait <= BRIEF {
                return Ok(());
            }
        }
        let Asker { client, is_part } = ticket.asker;
        if is_part {
            return Ok(());
        }
        let own = self.clients.get(&client).and_then(|client| client.flows.get(&Kind::of(&ticket.job)));
        let own = own.filter(|flow| !flow.jobs.is_empty());
        let room = settings.requests_max.saturating_sub(self.waiting - self.parts);
        if own.map_or(0, |flow| flow.jobs.len()) >= room.saturating_mul(SHARE) {
            return Err(Refusal::Overloaded);
        }
        let has_waited = own.is_some_and(|flow| now - flow.brief_at > settings.wait_max);
        if connected > 0 && has_waited && wait > settings.wait_max.max(time * 2) {
            return Err(Refusal::Overloaded);
        }
        Ok(())
    }

    /// How long a job is expected to wait: for what its client has before it, and for the turns of the others meanwhile,
    /// but for no more than all there is; and as long as the connections have not taken anything.
    fn wait(&self, ticket: &Ticket<J>, connected: usize, settings: &Settings, now: Instant) -> Duration {
        let places = u32::try_from(connected).unwrap_or(u32::MAX).max(1);
        let (mut all, mut own, mut group) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
        let (mut clients, mut kinds) = (1_u32, 1_u32);
        let its = Kind::of(&ticket.job);
        for (client, share) in &self.clients {
            let is_own = *client == ticket.asker.client;
            clients += u32::from(!is_own && share.waits());
            for (kind, flow) in share.flows.iter().filter(|(_, flow)| !flow.jobs.is_empty()) {
                let size = if kind.is_shared::<J>() {
                    flow.jobs.len().div_ceil(settings.group_max.max(1)) as u64
                } else {
                    flow.size
                };
                let work = self.pace.time(kind.measured(), size, now);
                all += work;
                if its.shared_group().is_some() && kind.shared_group() == its.shared_group() {
                    group += work;
                }
                if is_own && *kind == its {
                    own = work;
                } else if is_own {
                    kinds += 1;
                }
            }
        }
        let in_turn = own.saturating_mul(clients).saturating_mul(kinds).min(all) / places;
        let at_once = self.groups_at_once(&ticket.job, settings, now).min(places);
        let in_turn = in_turn.max(own.saturating_mul(clients).min(group) / at_once);
        // A connection that is free is kept for short jobs.
        if self.idle > 0 { in_turn } else { in_turn.max(now - self.last_taken) }
    }

    /// How many groups of such jobs are under way where many wait: quick ones do not use all connections.
    fn groups_at_once(&self, job: &J, settings: &Settings, now: Instant) -> u32 {
        let time = self.time(job, now);
        let most = u32::try_from(settings.group_max).unwrap_or(u32::MAX);
        let full = J::GROUP_TIME.map_or(time, |limit| time.saturating_mul(most).min(limit));
        let slow = u32::try_from(full.as_millis() / QUICK.as_millis()).unwrap_or(u32::MAX).max(1);
        u32::try_from(settings.groups_at_once).unwrap_or(u32::MAX).max(1).saturating_mul(slow)
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

    /// Takes what runs next, for a connection that is free; nothing where nothing may. Jobs of one group go together, as
    /// many as there are, or as there is time for. What nobody waits for any more is left out, and so is what cannot end
    /// in its time while others wait: it is told so.
    pub(crate) fn take(&mut self, connected: usize, settings: &Settings) -> Option<Taken<J>> {
        let now = Instant::now();
        let may_be_long = self.long < connected.saturating_sub(1).max(1);
        let is_short = |queue: &Self, flow: &Flow<J>| {
            flow.jobs.front().is_none_or(|(_, ticket)| queue.time(&ticket.job, now) <= LONG)
        };
        let mut taken = Taken { tickets: Vec::new(), is_long: false, group: None };
        let mut together = Duration::ZERO;
        let most = settings.group_max.max(1);
        while taken.tickets.len() < most {
            let fits = |kind: &Kind, flow: &Flow<J>| {
                let goes_along = if taken.tickets.is_empty() {
                    kind.shared_group().is_none_or(|group| self.has_place(group, settings))
                } else {
                    kind.shared_group() == taken.group
                };
                goes_along && (may_be_long || is_short(self, flow))
            };
            let Some((client, kind)) = self.next(fits) else { break };
            // One statement is for all of them.
            let is_along = !taken.tickets.is_empty() && kind.is_shared::<J>();
            let time = if is_along { Duration::ZERO } else { self.head_time(client, kind, now) };
            let is_full = J::GROUP_TIME.is_some_and(|most| together + time > most);
            if !taken.tickets.is_empty() && is_full {
                break;
            }
            let Some(ticket) = self.pop(client, kind, time) else { break };
            if !ticket.gate.is_wanted() && !ticket.gate.is_past() {
                // The requester may not have looked at the clock yet.
                let _ = ticket.reply.send(Err(beds_core::Error::deadline()));
                continue;
            }
            together += time;
            taken.is_long |= time > LONG;
            taken.group = kind.shared_group();
            taken.tickets.push(ticket);
            if taken.group.is_none() {
                break;
            }
        }
        if taken.tickets.is_empty() {
            return None;
        }
        self.last_taken = now;
        self.long += usize::from(taken.is_long);
        if let Some(group) = taken.group {
            *self.running.entry(group).or_default() += 1;
        }
        Some(taken)
    }

    /// Whether another group of this number may run. Those that have to wait become the larger.
    fn has_place(&self, group: usize, settings: &Settings) -> bool {
        self.running.get(&group).is_none_or(|running| *running < settings.groups_at_once.max(1))
    }

    /// A group has ended, or is slow.
    pub(crate) fn ended_group(&mut self, group: usize) {
        if let Some(running) = self.running.get_mut(&group) {
            *running = running.saturating_sub(1);
        }
    }

    /// A connection runs what it had taken before.
    pub(crate) fn took_again(&mut self) {
        self.last_taken = Instant::now();
    }

    /// What took long has ended.
    pub(crate) fn ended_long(&mut self) {
        self.long = self.long.saturating_sub(1);
    }

    fn head_time(&self, client: u64, kind: Kind, now: Instant) -> Duration {
        let flow = self.clients.get(&client).and_then(|client| client.flows.get(&kind));
        let head = flow.and_then(|flow| flow.jobs.front());
        head.map_or(Duration::ZERO, |(_, ticket)| self.time(&ticket.job, now))
    }

    /// Whose turn it is among those that fit: who has had the least time, and of equals, who came first.
    fn next(&self, fits: impl Fn(&Kind, &Flow<J>) -> bool) -> Option<(u64, Kind)> {
        let flows = self.clients.iter().flat_map(|(client, share)| {
            let lines = share.flows.iter().filter(|(kind, flow)| fits(kind, flow));
            lines.filter_map(move |(kind, flow)| {
                let (number, _) = flow.jobs.front()?;
                Some(((share.served, flow.served, *number), (*client, *kind)))
            })
        });
        flows.min_by_key(|(rank, _)| *rank).map(|(_, line)| line)
    }

    /// Takes the first of a line, which has had this much time then.
    fn pop(&mut self, client: u64, kind: Kind, time: Duration) -> Option<Ticket<J>> {
        let share = self.clients.get_mut(&client)?;
        let flow = share.flows.get_mut(&kind)?;
        let (_, ticket) = flow.jobs.pop_front()?;
        self.waiting -= 1;
        self.parts -= usize::from(ticket.asker.is_part);
        flow.size -= u64::from(ticket.job.size());
        let now = Instant::now();
        if now - ticket.asked <= BRIEF {
            flow.brief_at = now;
        }
        self.begun = share.served;
        share.begun = flow.served;
        share.served += time;
        flow.served += time;
        Some(ticket)
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
