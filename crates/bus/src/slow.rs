//! [`Slow`]: one line in the log for each slow request, with where its time went.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use beds_core::stages::Stages;
use tracing::warn;

/// How many lines there are in one second. An overloaded node has thousands of slow requests, and the first ones tell
/// enough.
const LINES_MAX: u32 = 10;
const SECOND: Duration = Duration::from_secs(1);

/// Says which requests are slow.
#[derive(Debug)]
pub(crate) struct Slow {
    /// From this duration on a request is slow, in milliseconds; never if it is 0.
    after_ms: AtomicU64,
    told: Mutex<Told>,
}

#[derive(Debug, Default)]
struct Told {
    /// When the second of the current lines began.
    since: Option<Instant>,
    lines: u32,
    /// How many requests had no line.
    left_out: u64,
}

/// A request that has been answered, in the names of its client.
#[derive(Debug)]
pub(crate) struct Answered<'a> {
    pub(crate) request_id: &'a str,
    pub(crate) user: Option<&'a str>,
    /// `ok` or the error code.
    pub(crate) status: &'a str,
    /// How long writing the reply took.
    pub(crate) reply: Duration,
}

impl Slow {
    pub(crate) fn new(after: Duration) -> Self {
        Self { after_ms: AtomicU64::new(ms(after)), told: Mutex::default() }
    }

    /// Sets from which duration on a request is slow.
    pub(crate) fn after(&self, after: Duration) {
        self.after_ms.store(ms(after), Ordering::Relaxed);
    }

    /// Reports a request in the log if it was slow, in its queue or in the node; gives whether it was.
    pub(crate) fn judge(&self, stages: &Stages, answered: &Answered<'_>) -> bool {
        let times = stages.times();
        let all = times.total + times.queue.unwrap_or_default();
        let after = self.after_ms.load(Ordering::Relaxed);
        if after == 0 || ms(all) < after {
            return false;
        }
        let Some(left_out) = self.told(Instant::now()) else { return true };
        let (template, operation) = stages.addressed().map_or_else(
            || ("unknown", "unknown".to_owned()),
            |(template, operation)| (template, operation.to_string()),
        );
        let Answered { request_id, user, status, reply } = *answered;
        warn!(
            request_id,
            template,
            operation,
            user,
            status,
            total_ms = ms(all),
            queue_ms = times.queue.map(ms),
            lane_ms = ms(times.lane),
            database_ms = ms(times.database),
            reply_ms = ms(reply),
            left_out = (left_out > 0).then_some(left_out),
            "slow request"
        );
        true
    }

    /// How many requests were left out before this one; `None` if this one is left out itself.
    fn told(&self, now: Instant) -> Option<u64> {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.since.is_none_or(|since| now - since >= SECOND) {
            told.since = Some(now);
            told.lines = 0;
        }
        if told.lines == LINES_MAX {
            told.left_out += 1;
            return None;
        }
        told.lines += 1;
        Some(std::mem::take(&mut told.left_out))
    }
}

fn ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_has_few_lines_and_the_next_says_how_many_were_left_out() {
        let slow = Slow::new(SECOND);
        let now = Instant::now();
        for _ in 0..LINES_MAX {
            assert_eq!(slow.told(now), Some(0));
        }
        for _ in 0..3 {
            assert_eq!(slow.told(now + SECOND / 2), None);
        }
        assert_eq!(slow.told(now + SECOND), Some(3));
        assert_eq!(slow.told(now + SECOND), Some(0));
    }

    #[test]
    fn a_request_is_slow_by_the_time_in_its_queue_too() {
        let answered = Answered { request_id: "r", user: None, status: "ok", reply: Duration::ZERO };
        let stages = |queue| Stages::new(Some(queue), tracing::Span::none());
        let slow = Slow::new(Duration::from_mins(1));
        assert!(slow.judge(&stages(Duration::from_mins(1)), &answered));
        assert!(!slow.judge(&stages(Duration::from_secs(1)), &answered));
        slow.after(Duration::from_secs(1));
        assert!(slow.judge(&stages(Duration::from_secs(1)), &answered));
        assert!(!Slow::new(Duration::ZERO).judge(&stages(Duration::from_mins(1)), &answered), "it is off");
    }
}
