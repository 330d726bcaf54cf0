//! Whose turn it is.
//!
//! Clients share a lane fairly, and the kinds of jobs of each client as well: whoever has had the least of the
//! connections' time is next (start-time fair queueing). So the flood of one fills its own share, and the others do not
//! wait behind it.

use std::time::Duration;

use beds_core::Error;
use tokio::time::Instant;

use super::{BRIEF, Flow, Queue, Ticket};
use crate::{job::Job, kind::Kind, settings::Settings};

/// A job that is expected to take longer leaves the last connection to others.
const LONG: Duration = Duration::from_millis(100);

/// What a connection runs next.
pub(crate) struct Taken<J: Job> {
    pub(crate) tickets: Vec<Ticket<J>>,
    /// Whether it is expected to take long. [`Queue::ended_long`] is told when it has ended.
    pub(crate) is_long: bool,
    /// The group that takes a place among those that run at once. [`Queue::ended_group`] is told when it is free.
    pub(crate) group: Option<usize>,
}

impl<J: Job> Queue<J> {
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
                let _ = ticket.reply.send(Err(Error::deadline()));
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
}
