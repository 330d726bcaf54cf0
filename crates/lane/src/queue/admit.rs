//! Which jobs are admitted.
//!
//! A job is admitted only if it is expected to end in time. The size of the queue is known in units of time (`pace`).
//! So the wait is known before it begins, and a refusal costs nothing. If the connections take no job at all for
//! seconds, the time since the last one shows it.
//!
//! Many jobs that come at once are a burst, which is worked off. If the jobs of a client have had to wait for a while,
//! they come faster than they are done. Then only so many are admitted that the wait stays short. `CoDel` tells a
//! standing queue from a good one in the same way, but after the wait and not before it.

use std::time::Duration;

use beds_core::plan::Asker;
use tokio::time::Instant;

use super::{BRIEF, QUICK, Queue, Ticket, lines::Amount};
use crate::{job::Job, kind::Kind, settings::Settings};

/// How long a server may be away before a request is refused at once: it may only be starting again.
const ABSENCE_MAX: Duration = Duration::from_secs(1);
/// How long connections may take no job before that counts as a wait. A server that writes its pages to a busy disk
/// lets all commits wait for a second or two, and then goes on as before.
const STALL_MAX: Duration = Duration::from_secs(3);
/// How often a full queue is searched for jobs that nobody waits for any more.
const SWEEP: Duration = Duration::from_millis(100);
/// One client's jobs of one kind may be this many times the free room, as in the buffers of switches. A client alone
/// gets most of the room, and there is always some for others.
const SHARE: usize = 4;

/// Why a job is not admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The server has been away for a while.
    Absent,
    /// Too many jobs wait already.
    Overloaded,
}

impl<J: Job> Queue<J> {
    /// The server does not answer: a connection could not be made, and there is no other. That a connection was
    /// discarded is no absence of the server.
    pub(crate) fn is_away(&mut self) {
        self.absent_since.get_or_insert_with(Instant::now);
    }

    /// The server answers: a connection was made.
    pub(crate) const fn is_back(&mut self) {
        self.absent_since = None;
    }

    /// Admits a job, or refuses it. `connected` is how many connections there are to a server that answers.
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
            self.lines.sweep();
            self.judge(&ticket, connected, settings, now)?;
        } else {
            judged?;
        }
        self.lines.push(ticket);
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
        if self.lines.waiting() >= settings.queue_max {
            return Err(Refusal::Overloaded);
        }
        if connected > 0 && self.idle > self.lines.waiting() {
            return Ok(());
        }
        let queued = self.wait(ticket, connected, settings, now);
        // A free connection is kept for short jobs.
        let stall = if self.idle > 0 { Duration::ZERO } else { now - self.last_taken };
        let wait = queued.max(stall);
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
        let own = self.lines.line(client, ticket.kind());
        let room = self.requests_max.saturating_sub(self.lines.requests());
        if own.map_or(0, |line| line.amount().jobs) >= room.saturating_mul(SHARE) {
            return Err(Refusal::Overloaded);
        }
        let has_waited = own.is_some_and(|line| now - line.brief_at > settings.wait_max);
        let standing = if stall > STALL_MAX { wait } else { queued };
        if connected > 0 && has_waited && standing > settings.wait_max.max(time * 2) {
            return Err(Refusal::Overloaded);
        }
        Ok(())
    }

    /// How long a job is expected to wait: for its client's earlier jobs, and for the turns of the other clients until
    /// its own is over. The wait is never longer than the whole queue.
    fn wait(&self, ticket: &Ticket<J>, connected: usize, settings: &Settings, now: Instant) -> Duration {
        let work = |kind: Kind, amount: Amount| {
            let statements = || amount.jobs.div_ceil(settings.group_max.max(1)) as u64;
            let size = if kind.is_shared::<J>() { statements() } else { amount.size };
            self.pace.time(kind.measured(), size, now)
        };
        let (kind, client) = (ticket.kind(), ticket.asker.client);
        let (mut all, mut group) = (Duration::ZERO, Duration::ZERO);
        for (other, amount) in self.lines.amounts() {
            let work = work(other, amount);
            all += work;
            if kind.shared_group().is_some() && kind.shared_group() == other.shared_group() {
                group += work;
            }
        }
        let before = self.lines.line(client, kind).map_or(Duration::ZERO, |line| work(kind, line.amount()));
        let own = before + self.time(&ticket.job, now);
        let in_turns = own.saturating_mul(count(self.lines.others(client) + 1));
        let kinds = count(self.lines.other_kinds(client, kind) + 1);
        let places = count(connected).max(1);
        let at_once = self.groups_at_once(&ticket.job, settings, now).min(places);
        (in_turns.saturating_mul(kinds).min(all) / places).max(in_turns.min(group) / at_once)
    }

    /// How many groups of such jobs run at once while many wait: groups of quick jobs do not use all connections.
    fn groups_at_once(&self, job: &J, settings: &Settings, now: Instant) -> u32 {
        let time = self.time(job, now);
        let most = count(settings.group_max);
        let full = J::GROUP_TIME.map_or(time, |limit| time.saturating_mul(most).min(limit));
        let slow = u32::try_from(full.as_millis() / QUICK.as_millis()).unwrap_or(u32::MAX).max(1);
        count(settings.groups_at_once).max(1).saturating_mul(slow)
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
