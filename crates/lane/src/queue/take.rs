//! Which job runs next.
//!
//! Clients share a lane fairly, and so do the kinds of jobs of each client. Next is whoever has had the least
//! connection time (start-time fair queueing). So a flood of one client fills its own share, and the others do not wait
//! behind it.

use std::time::Duration;

use beds_core::Error;
use tokio::time::Instant;

use super::{Queue, Ticket, lines::Line};
use crate::{job::Job, kind::Kind, settings::Settings};

/// A job that is expected to take longer leaves the last free connection to others.
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
    /// Takes the next jobs for a free connection; none if none may run. Jobs of one group go together, as many as there
    /// are or as there is time for. Jobs that nobody waits for any more are dropped. A job that cannot end in time
    /// while others wait is refused with an error.
    pub(crate) fn take(&mut self, connected: usize, settings: &Settings) -> Option<Taken<J>> {
        let now = Instant::now();
        let may_be_long = self.long < connected.saturating_sub(1).max(1);
        let mut taken = Taken { tickets: Vec::new(), is_long: false, group: None };
        let mut together = Duration::ZERO;
        let most = settings.group_max.max(1);
        while taken.tickets.len() < most {
            let goes_along = |kind: Kind| {
                if taken.tickets.is_empty() {
                    kind.shared_group().is_none_or(|group| self.has_place(group, settings))
                } else {
                    kind.shared_group() == taken.group
                }
            };
            if !self.lines.amounts().any(|(kind, _)| goes_along(kind)) {
                break;
            }
            let is_short = |head: &Ticket<J>| self.time(&head.job, now) <= LONG;
            let fits = |kind, head: &Ticket<J>| goes_along(kind) && (may_be_long || is_short(head));
            let Some((client, kind)) = self.lines.next(fits) else { break };
            // One statement serves all of them.
            let is_along = !taken.tickets.is_empty() && kind.is_shared::<J>();
            let time = if is_along { Duration::ZERO } else { self.head_time(client, kind, now) };
            let is_full = J::GROUP_TIME.is_some_and(|most| together + time > most);
            if !taken.tickets.is_empty() && is_full {
                break;
            }
            let Some(ticket) = self.lines.pop(client, kind, time) else { break };
            if !ticket.gate.is_wanted() && !ticket.gate.is_past() {
                // The requester may not have checked its deadline yet.
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

    /// Whether another group of this number may run. While groups wait, they grow.
    fn has_place(&self, group: usize, settings: &Settings) -> bool {
        self.running.get(&group).is_none_or(|running| *running < settings.groups_at_once.max(1))
    }

    /// A group has ended, or is slow.
    pub(crate) fn ended_group(&mut self, group: usize) {
        if let Some(running) = self.running.get_mut(&group) {
            *running = running.saturating_sub(1);
        }
    }

    /// A connection runs jobs that it had taken before.
    pub(crate) fn took_again(&mut self) {
        self.last_taken = Instant::now();
    }

    /// A long job has ended.
    pub(crate) fn ended_long(&mut self) {
        self.long = self.long.saturating_sub(1);
    }

    fn head_time(&self, client: u64, kind: Kind, now: Instant) -> Duration {
        let head = self.lines.line(client, kind).and_then(Line::head);
        head.map_or(Duration::ZERO, |ticket| self.time(&ticket.job, now))
    }
}
