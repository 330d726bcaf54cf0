//! [`Lines`]: the jobs that wait, in a line for each client and kind, in the order of their turns.
//!
//! Whose turn it is, how much waits, and how many clients do, is known without going over all of them: there may be
//! thousands, each with one job.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    time::Duration,
};

use tokio::time::Instant;

use super::{BRIEF, Ticket};
use crate::{job::Job, kind::Kind};

/// Of so many clients that do not wait it is remembered how much time they have had.
const REMEMBERED_MAX: usize = 1_024;

/// The jobs of one client that are alike.
pub(super) struct Line<J: Job> {
    /// How much time its jobs have had.
    served: Duration,
    jobs: VecDeque<(u64, Ticket<J>)>,
    /// Of all that wait.
    size: u64,
    /// When a job of it last had no wait.
    pub(super) brief_at: Instant,
}

impl<J: Job> Line<J> {
    pub(super) fn amount(&self) -> Amount {
        Amount { jobs: self.jobs.len(), size: self.size }
    }

    /// The job that is next.
    pub(super) fn head(&self) -> Option<&Ticket<J>> {
        self.jobs.front().map(|(_, ticket)| ticket)
    }
}

/// So many jobs, and the sum of their sizes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Amount {
    pub(super) jobs: usize,
    pub(super) size: u64,
}

/// A client.
struct Client<J: Job> {
    served: Duration,
    /// The number of the job with which it began to wait last.
    since: u64,
    /// How much time the line had had that was served last: one that begins, begins there.
    begun: Duration,
    lines: HashMap<Kind, Line<J>>,
}

impl<J: Job> Client<J> {
    fn waits(&self) -> bool {
        self.lines.values().any(|line| !line.jobs.is_empty())
    }

    /// Its turn among those of all clients: whoever has had the least time, and of equals, who waits for longest.
    const fn turn(&self, client: u64) -> (Duration, u64, u64) {
        (self.served, self.since, client)
    }
}

/// The jobs that wait.
pub(super) struct Lines<J: Job> {
    /// Those who wait.
    clients: HashMap<u64, Client<J>>,
    /// The same, in the order of their turns.
    turns: BTreeSet<(Duration, u64, u64)>,
    /// What waits of each kind.
    amounts: HashMap<Kind, Amount>,
    /// Those who do not wait, and have had more than the others.
    ahead: HashMap<u64, Client<J>>,
    waiting: usize,
    /// How many of them are parts of what was let in before.
    parts: usize,
    /// How many jobs have come.
    count: u64,
    /// How much time the client had had that was served last: one that comes begins there.
    begun: Duration,
}

impl<J: Job> Default for Lines<J> {
    fn default() -> Self {
        Self {
            clients: HashMap::new(),
            turns: BTreeSet::new(),
            amounts: HashMap::new(),
            ahead: HashMap::new(),
            waiting: 0,
            parts: 0,
            count: 0,
            begun: Duration::ZERO,
        }
    }
}

impl<J: Job> Lines<J> {
    /// How many jobs wait.
    pub(super) const fn waiting(&self) -> usize {
        self.waiting
    }

    /// How many of them are requests by themselves.
    pub(super) const fn requests(&self) -> usize {
        self.waiting - self.parts
    }

    /// What waits, by kind.
    pub(super) fn amounts(&self) -> impl Iterator<Item = (Kind, Amount)> {
        self.amounts.iter().map(|(kind, amount)| (*kind, *amount)).filter(|(_, amount)| amount.jobs > 0)
    }

    /// How many clients wait beside this one.
    pub(super) fn others(&self, client: u64) -> usize {
        self.clients.len() - usize::from(self.clients.contains_key(&client))
    }

    /// How many kinds of a client wait beside this one.
    pub(super) fn other_kinds(&self, client: u64, kind: Kind) -> usize {
        let lines = self.clients.get(&client).map(|client| &client.lines);
        let waits = |(other, line): &(&Kind, &Line<J>)| **other != kind && !line.jobs.is_empty();
        lines.map_or(0, |lines| lines.iter().filter(waits).count())
    }

    /// What waits of a client and a kind.
    pub(super) fn line(&self, client: u64, kind: Kind) -> Option<&Line<J>> {
        self.clients.get(&client)?.lines.get(&kind).filter(|line| !line.jobs.is_empty())
    }

    pub(super) fn push(&mut self, ticket: Ticket<J>) {
        let number = self.count;
        self.count += 1;
        self.line_of(&ticket).jobs.push_back((number, ticket));
    }

    /// Puts a job before all others of its line.
    pub(super) fn push_first(&mut self, ticket: Ticket<J>) {
        self.line_of(&ticket).jobs.push_front((0, ticket));
    }

    /// The line of a job, which is counted there.
    fn line_of(&mut self, ticket: &Ticket<J>) -> &mut Line<J> {
        let (name, kind, size) = (ticket.asker.client, ticket.kind(), u64::from(ticket.job.size()));
        self.waiting += 1;
        self.parts += usize::from(ticket.asker.is_part);
        let amount = self.amounts.entry(kind).or_default();
        amount.jobs += 1;
        amount.size += size;
        let client = self.clients.entry(name).or_insert_with(|| {
            let new =
                || Client { served: self.begun, since: 0, begun: Duration::ZERO, lines: HashMap::new() };
            let mut client = self.ahead.remove(&name).unwrap_or_else(new);
            // Who had nothing to do meanwhile has no claim to what the others had.
            client.served = client.served.max(self.begun);
            client.since = self.count;
            client
        });
        self.turns.insert(client.turn(name));
        let (begun, now) = (client.begun, Instant::now());
        let new = || Line { served: begun, jobs: VecDeque::new(), size: 0, brief_at: now };
        let line = client.lines.entry(kind).or_insert_with(new);
        line.served = line.served.max(begun);
        if line.jobs.is_empty() {
            line.brief_at = now;
        }
        line.size += size;
        line
    }

    /// Whose turn it is among those that fit: of the clients who has had the least time, and so of its kinds.
    pub(super) fn next(&self, fits: impl Fn(Kind, &Ticket<J>) -> bool) -> Option<(u64, Kind)> {
        self.turns.iter().find_map(|(_, _, name)| {
            let lines = self.clients.get(name)?.lines.iter().filter_map(|(kind, line)| {
                let (number, head) = line.jobs.front()?;
                fits(*kind, head).then_some(((line.served, *number), *kind))
            });
            lines.min_by_key(|(turn, _)| *turn).map(|(_, kind)| (*name, kind))
        })
    }

    /// Takes the first of a line, which has had this much time then.
    pub(super) fn pop(&mut self, name: u64, kind: Kind, time: Duration) -> Option<Ticket<J>> {
        let client = self.clients.get_mut(&name)?;
        let turn = client.turn(name);
        let line = client.lines.get_mut(&kind)?;
        let (_, ticket) = line.jobs.pop_front()?;
        let size = u64::from(ticket.job.size());
        line.size -= size;
        let now = Instant::now();
        if now - ticket.asked <= BRIEF {
            line.brief_at = now;
        }
        self.begun = client.served;
        client.begun = line.served;
        client.served += time;
        line.served += time;
        let (next, waits) = (client.turn(name), client.waits());
        self.turns.remove(&turn);
        if waits {
            self.turns.insert(next);
        } else if let Some(client) = self.clients.remove(&name) {
            self.remember(name, client);
        }
        self.waiting -= 1;
        self.parts -= usize::from(ticket.asker.is_part);
        if let Some(amount) = self.amounts.get_mut(&kind) {
            amount.jobs -= 1;
            amount.size -= size;
        }
        Some(ticket)
    }

    /// Remembers a client that has had more than the others. Who has not would begin where they are anyway.
    fn remember(&mut self, name: u64, client: Client<J>) {
        if self.ahead.len() >= REMEMBERED_MAX {
            let begun = self.begun;
            self.ahead.retain(|_, client| client.served > begun);
        }
        if client.served > self.begun && self.ahead.len() < REMEMBERED_MAX {
            self.ahead.insert(name, client);
        }
    }

    /// Forgets who has had more than others: there is enough for all.
    pub(super) fn forget(&mut self) {
        self.ahead.clear();
    }

    /// Leaves out what nobody waits for any more.
    pub(super) fn sweep(&mut self) {
        (self.waiting, self.parts) = (0, 0);
        self.amounts.clear();
        self.clients.retain(|name, client| {
            client.lines.retain(|kind, line| {
                line.jobs.retain(|(_, ticket)| ticket.gate.is_wanted());
                line.size = line.jobs.iter().map(|(_, ticket)| u64::from(ticket.job.size())).sum();
                self.waiting += line.jobs.len();
                self.parts += line.jobs.iter().filter(|(_, ticket)| ticket.asker.is_part).count();
                let amount = self.amounts.entry(*kind).or_default();
                amount.jobs += line.jobs.len();
                amount.size += line.size;
                !line.jobs.is_empty()
            });
            let waits = !client.lines.is_empty();
            if !waits {
                self.turns.remove(&client.turn(*name));
            }
            waits
        });
    }
}
