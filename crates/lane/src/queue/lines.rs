//! [`Lines`]: the jobs that wait, in a line for each client and kind, in the order of their turns.
//!
//! The next turn, the amount that waits and the number of waiting clients are known without a search: there may be
//! thousands of clients, each with one job.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    time::Duration,
};

use tokio::time::Instant;

use super::{BRIEF, Ticket};
use crate::{job::Job, kind::Kind};

/// For how many clients that do not wait the lane remembers their connection time.
const REMEMBERED_MAX: usize = 1_024;

/// Similar jobs of one client.
pub(super) struct Line<J: Job> {
    /// How much connection time its jobs have had.
    served: Duration,
    jobs: VecDeque<(u64, Ticket<J>)>,
    /// The sum of the sizes of all waiting jobs.
    size: u64,
    /// When a job of this line last had no wait.
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

/// A number of jobs, and the sum of their sizes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Amount {
    pub(super) jobs: usize,
    pub(super) size: u64,
}

/// A client.
struct Client<J: Job> {
    served: Duration,
    /// The number of the job with which the client last began to wait.
    since: u64,
    /// The time of the line that was served last: a new line begins there.
    begun: Duration,
    lines: HashMap<Kind, Line<J>>,
}

impl<J: Job> Client<J> {
    fn waits(&self) -> bool {
        self.lines.values().any(|line| !line.jobs.is_empty())
    }

    /// The client's turn: the client with the least time is first; of equals, the one that has waited longest.
    const fn turn(&self, client: u64) -> (Duration, u64, u64) {
        (self.served, self.since, client)
    }
}

/// The jobs that wait.
pub(super) struct Lines<J: Job> {
    /// The clients that wait.
    clients: HashMap<u64, Client<J>>,
    /// The same clients, in the order of their turns.
    turns: BTreeSet<(Duration, u64, u64)>,
    /// The amount that waits of each kind.
    amounts: HashMap<Kind, Amount>,
    /// The clients that do not wait, and have had more time than the others.
    ahead: HashMap<u64, Client<J>>,
    waiting: usize,
    /// How many waiting jobs are parts of requests that were admitted before.
    parts: usize,
    /// How many jobs have come.
    count: u64,
    /// The time of the client that was served last: a new client begins there.
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

    /// How many waiting jobs are requests by themselves.
    pub(super) const fn requests(&self) -> usize {
        self.waiting - self.parts
    }

    /// The amount that waits, by kind.
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

    /// The line of a client and a kind.
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

    /// The line of a job; the job is counted there.
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
            // A client that had nothing to do meanwhile has no claim to the time of the others.
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

    /// The next turn among the lines that fit: of the clients the one with the least time, and of its kinds the same.
    pub(super) fn next(&self, fits: impl Fn(Kind, &Ticket<J>) -> bool) -> Option<(u64, Kind)> {
        self.turns.iter().find_map(|(_, _, name)| {
            let lines = self.clients.get(name)?.lines.iter().filter_map(|(kind, line)| {
                let (number, head) = line.jobs.front()?;
                fits(*kind, head).then_some(((line.served, *number), *kind))
            });
            lines.min_by_key(|(turn, _)| *turn).map(|(_, kind)| (*name, kind))
        })
    }

    /// Takes the first job of a line, and charges this much time to the line.
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

    /// Remembers a client that has had more time than the others. Any other client would begin at their time anyway.
    fn remember(&mut self, name: u64, client: Client<J>) {
        if self.ahead.len() >= REMEMBERED_MAX {
            let begun = self.begun;
            self.ahead.retain(|_, client| client.served > begun);
        }
        if client.served > self.begun && self.ahead.len() < REMEMBERED_MAX {
            self.ahead.insert(name, client);
        }
    }

    /// Forgets the clients that have had more time: there is enough for all.
    pub(super) fn forget(&mut self) {
        self.ahead.clear();
    }

    /// Removes the jobs that nobody waits for any more.
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
