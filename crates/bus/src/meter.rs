//! [`Meter`]: what the pool counts.

use std::time::Duration;

use beds_core::meter::{Counter, Family, Gauge, Held, Histogram, Samples};
use beds_protocol::{Broker, ErrorCode};

use crate::config::Pool;

static TAKEN: Family = Family::counter("beds_queue_taken_total", "Requests that were taken from a queue.");
static REDELIVERED: Family = Family::counter(
    "beds_queue_redelivered_total",
    "Requests that were taken from a queue and that RabbitMQ had delivered before.",
);
static WAIT: Family = Family::histogram(
    "beds_queue_wait_seconds",
    "How long requests had waited in a queue, at least; only those whose messages say when they were sent.",
);
static IN_PROGRESS: Family = Family::gauge("beds_queue_in_progress", "Requests in progress.");
static IN_PROGRESS_MAX: Family = Family::gauge(
    "beds_queue_in_progress_max",
    "The most requests that may be in progress: instances times prefetch.",
);
static RETRIED: Family = Family::counter(
    "beds_queue_retried_total",
    "Attempts at writes without `reply_to` that failed and are retried.",
);
static REPLY: Family =
    Family::histogram("beds_reply_seconds", "How long it took to write a reply to the connection.");
static SLOW: Family =
    Family::counter("beds_slow_requests_total", "Requests that took longer than `logging.slow_ms`.");
static DEAD: Family =
    Family::counter("beds_dead_letters_total", "Requests that became dead letters, by queue and error code.");
static SESSIONS: Family =
    Family::counter("beds_bus_sessions_total", "Connections to RabbitMQ that were made.");
static LOST: Family = Family::counter(
    "beds_bus_sessions_lost_total",
    "Connections to RabbitMQ that were lost, or could not be made.",
);
static CHANNELS_LOST: Family = Family::counter(
    "beds_bus_channels_lost_total",
    "Channels that RabbitMQ has ended, whose requests it delivers again.",
);
static BLOCKED: Family =
    Family::gauge("beds_bus_blocked", "Connections on which RabbitMQ blocks publishing.");

/// Whether a pool makes progress with its requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pulse {
    /// Attempts at requests that have ended since the start.
    pub ended: u64,
    /// Whether no request is worked on, or RabbitMQ accepts no replies.
    pub is_idle: bool,
}

/// What the pool counts.
#[derive(Debug)]
pub(crate) struct Meter {
    queues: Vec<(Broker, QueueMeter)>,
    pub(crate) sessions: Counter,
    pub(crate) lost: Counter,
    pub(crate) channels_lost: Counter,
    pub(crate) blocked: Gauge,
}

/// What it counts of one queue.
#[derive(Debug)]
pub(crate) struct QueueMeter {
    most: Gauge,
    taken: Counter,
    redelivered: Counter,
    wait: Histogram,
    in_progress: Gauge,
    pub(crate) retried: Counter,
    pub(crate) reply: Histogram,
    pub(crate) slow: Counter,
    dead: [Counter; ErrorCode::ALL.len()],
}

impl QueueMeter {
    fn new(pool: &Pool) -> Self {
        let meter = Self {
            most: Gauge::new(),
            taken: Counter::new(),
            redelivered: Counter::new(),
            wait: Histogram::seconds(),
            in_progress: Gauge::new(),
            retried: Counter::new(),
            reply: Histogram::seconds(),
            slow: Counter::new(),
            dead: [const { Counter::new() }; ErrorCode::ALL.len()],
        };
        meter.resize(pool);
        meter
    }

    /// The queue has another pool.
    pub(crate) fn resize(&self, pool: &Pool) {
        self.most.set(u64::from(pool.instances) * u64::from(pool.prefetch));
    }

    /// A request was taken. It counts as worked on until the guard is dropped.
    pub(crate) fn begin(&self, redelivered: bool, waited: Option<Duration>) -> Held<'_> {
        self.taken.count();
        if redelivered {
            self.redelivered.count();
        }
        if let Some(waited) = waited {
            self.wait.took(waited);
        }
        self.in_progress.hold()
    }

    /// A request became a dead letter.
    pub(crate) fn dead(&self, code: ErrorCode) {
        self.dead[code as usize].count();
    }

    fn collect(&self, queue: &str, samples: &mut Samples) {
        let labels = [("queue", queue)];
        samples.count(&TAKEN, &labels, self.taken.get());
        samples.count(&REDELIVERED, &labels, self.redelivered.get());
        samples.histogram(&WAIT, &labels, &self.wait);
        samples.count(&IN_PROGRESS, &labels, self.in_progress.get());
        samples.count(&IN_PROGRESS_MAX, &labels, self.most.get());
        samples.count(&RETRIED, &labels, self.retried.get());
        samples.histogram(&REPLY, &labels, &self.reply);
        samples.count(&SLOW, &labels, self.slow.get());
        // Counts of zero are left out: most queues have no errors of most codes.
        samples.family(&DEAD);
        for (code, dead) in ErrorCode::ALL.iter().zip(&self.dead) {
            if dead.get() > 0 {
                samples.count(&DEAD, &[("queue", queue), ("code", code.as_str())], dead.get());
            }
        }
    }
}

impl Meter {
    /// One for these brokers.
    pub(crate) fn new(brokers: &[(Broker, Pool)]) -> Self {
        let queues = brokers.iter().map(|(broker, pool)| (*broker, QueueMeter::new(pool))).collect();
        Self {
            queues,
            sessions: Counter::new(),
            lost: Counter::new(),
            channels_lost: Counter::new(),
            blocked: Gauge::new(),
        }
    }

    /// The meter of a broker; `None` if the broker is not open.
    pub(crate) fn queue(&self, broker: Broker) -> Option<&QueueMeter> {
        self.queues.iter().find(|(of, _)| *of == broker).map(|(_, queue)| queue)
    }

    /// Whether requests make progress.
    pub(crate) fn pulse(&self) -> Pulse {
        let (mut ended, mut in_progress) = (0, 0);
        for (_, queue) in &self.queues {
            let held = queue.in_progress.get();
            in_progress += held;
            ended += queue.taken.get().wrapping_sub(held) + queue.retried.get();
        }
        Pulse { ended, is_idle: in_progress == 0 || self.blocked.get() > 0 }
    }

    pub(crate) fn collect(&self, samples: &mut Samples) {
        samples.count(&SESSIONS, &[], self.sessions.get());
        samples.count(&LOST, &[], self.lost.get());
        samples.count(&CHANNELS_LOST, &[], self.channels_lost.get());
        samples.count(&BLOCKED, &[], self.blocked.get());
        for (broker, queue) in &self.queues {
            queue.collect(broker.queue(), samples);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_counted_in_their_places() {
        for (index, code) in ErrorCode::ALL.iter().enumerate() {
            assert_eq!(*code as usize, index);
        }
    }
}
