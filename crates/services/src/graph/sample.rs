//! [`Sampler`]: a short list of numbers from all the counters of a node.

use std::{collections::BTreeMap, time::Duration};

use beds_core::meter::{Samples, Snapshot, Value};
use beds_protocol::value::DateTime;
use serde::Serialize;

/// The time between two samples.
pub const EVERY: Duration = Duration::from_secs(10);

/// The metrics of a sample, in order.
pub const NAMES: [&str; 13] = [
    "requests",
    "errors",
    "latency_p50_ms",
    "latency_p99_ms",
    "queue_wait_p99_ms",
    "in_progress",
    "lane_jobs",
    "lane_wait_p99_ms",
    "dead_letters",
    "syslog_lost",
    "cpu_cores",
    "memory_bytes",
    "tasks",
];

/// The resources that the process uses.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Taken {
    /// Processor time since the start, in seconds.
    pub cpu_s: f64,
    /// Resident memory.
    pub memory_bytes: u64,
    /// Tasks that have not ended.
    pub tasks: u64,
}

/// The metrics of a node for ten seconds: the arguments of `metric.call.add`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sample {
    /// The node.
    pub node: String,
    /// When, a multiple of ten seconds.
    pub at: DateTime,
    /// The numbers.
    pub values: Vec<Measured>,
}

/// One number of a sample.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measured {
    name: &'static str,
    value: f64,
}

/// Makes samples of the counts since the last sample.
#[derive(Debug, Default)]
pub struct Sampler {
    last: Option<Counted>,
}

/// The counters behind the samples, at one moment.
#[derive(Debug, Clone, Default)]
struct Counted {
    requests: Sum,
    errors: u64,
    queue_wait: Sum,
    lane_wait: Sum,
    dead_letters: f64,
    syslog_lost: f64,
    in_progress: f64,
    lane_jobs: f64,
    taken: Taken,
}

/// The sum of histograms with the same bounds.
#[derive(Debug, Clone, Default, PartialEq)]
struct Sum {
    /// How many values were not above each bound.
    buckets: Vec<(f64, u64)>,
    count: u64,
}

impl Sum {
    fn add(&mut self, histogram: &Snapshot) {
        self.count += histogram.count;
        if self.buckets.is_empty() {
            self.buckets.clone_from(&histogram.buckets);
            return;
        }
        for ((_, all), (_, more)) in self.buckets.iter_mut().zip(&histogram.buckets) {
            *all += more;
        }
    }

    /// The difference since an earlier state.
    fn since(&self, last: &Self) -> Self {
        let before: BTreeMap<u64, u64> =
            last.buckets.iter().map(|(bound, count)| (bound.to_bits(), *count)).collect();
        let since = |(bound, count): &(f64, u64)| {
            (*bound, count.saturating_sub(before.get(&bound.to_bits()).copied().unwrap_or_default()))
        };
        Self {
            buckets: self.buckets.iter().map(since).collect(),
            count: self.count.saturating_sub(last.count),
        }
    }

    /// The value that this part of the values does not exceed, in milliseconds; 0 if there are none.
    fn quantile_ms(&self, part: f64) -> f64 {
        let wanted = part * number(self.count);
        let (mut bound_before, mut count_before) = (0.0, 0.0);
        if self.count == 0 {
            return 0.0;
        }
        for (bound, count) in &self.buckets {
            let count = number(*count);
            if count >= wanted {
                let in_bucket = count - count_before;
                let share = if in_bucket > 0.0 { (wanted - count_before) / in_bucket } else { 1.0 };
                return (bound_before + (bound - bound_before) * share) * 1e3;
            }
            (bound_before, count_before) = (*bound, count);
        }
        bound_before * 1e3
    }
}

#[expect(clippy::cast_precision_loss, reason = "beyond 2^53 a count is rounded")]
const fn number(count: u64) -> f64 {
    count as f64
}

impl Counted {
    fn of(samples: &Samples, taken: Taken) -> Self {
        let mut all = Self { taken, ..Self::default() };
        for (family, samples) in samples.families() {
            for sample in samples {
                match (family.name, &sample.value) {
                    ("beds_request_seconds", Value::Histogram(histogram)) => {
                        all.requests.add(histogram);
                        let is_ok = |(name, value): &(&str, String)| *name == "outcome" && value == "ok";
                        if !sample.labels.iter().any(is_ok) {
                            all.errors += histogram.count;
                        }
                    }
                    ("beds_queue_wait_seconds", Value::Histogram(histogram)) => all.queue_wait.add(histogram),
                    ("beds_lane_wait_seconds", Value::Histogram(histogram)) => all.lane_wait.add(histogram),
                    ("beds_dead_letters_total", Value::Number(number)) => all.dead_letters += number,
                    ("beds_syslog_lost_total", Value::Number(number)) => all.syslog_lost += number,
                    ("beds_queue_in_progress", Value::Number(number)) => all.in_progress += number,
                    ("beds_lane_jobs", Value::Number(number)) => all.lane_jobs += number,
                    _ => {}
                }
            }
        }
        all
    }
}

impl Sampler {
    /// The numbers of a sample: the events since the last sample, `elapsed` ago, and the present state. `None` the
    /// first time.
    pub fn sample(&mut self, samples: &Samples, taken: Taken, elapsed: Duration) -> Option<Vec<Measured>> {
        let now = Counted::of(samples, taken);
        let last = self.last.replace(now.clone())?;
        let seconds = elapsed.as_secs_f64().max(1e-3);
        let rate = |now: f64, last: f64| (now - last).max(0.0) / seconds;
        let requests = now.requests.since(&last.requests);
        let values = [
            number(requests.count) / seconds,
            rate(number(now.errors), number(last.errors)),
            requests.quantile_ms(0.5),
            requests.quantile_ms(0.99),
            now.queue_wait.since(&last.queue_wait).quantile_ms(0.99),
            now.in_progress,
            now.lane_jobs,
            now.lane_wait.since(&last.lane_wait).quantile_ms(0.99),
            rate(now.dead_letters, last.dead_letters),
            rate(now.syslog_lost, last.syslog_lost),
            rate(now.taken.cpu_s, last.taken.cpu_s),
            number(now.taken.memory_bytes),
            number(now.taken.tasks),
        ];
        Some(NAMES.into_iter().zip(values).map(|(name, value)| Measured { name, value }).collect())
    }
}

#[cfg(test)]
mod tests {
    use beds_core::meter::{Family, Histogram};

    use super::*;

    static REQUESTS: Family = Family::histogram("beds_request_seconds", "");
    static DEAD: Family = Family::counter("beds_dead_letters_total", "");
    static JOBS: Family = Family::gauge("beds_lane_jobs", "");

    #[test]
    fn a_sample_tells_what_happened_since_the_last_one() {
        let (ok, internal) = (Histogram::seconds(), Histogram::seconds());
        let mut sampler = Sampler::default();
        let mut sample = |dead: u64, taken: Taken, ok: &Histogram, internal: &Histogram| {
            let mut counted = Samples::default();
            counted.histogram(&REQUESTS, &[("outcome", "ok")], ok);
            counted.histogram(&REQUESTS, &[("outcome", "internal")], internal);
            counted.count(&DEAD, &[("queue", "a")], dead);
            counted.count(&JOBS, &[("lane", "read")], 2);
            counted.count(&JOBS, &[("lane", "write")], 3);
            sampler.sample(&counted, taken, EVERY)
        };
        ok.took(Duration::from_secs(20));
        assert_eq!(sample(7, Taken { cpu_s: 3.0, ..Taken::default() }, &ok, &internal), None);
        for _ in 0..99 {
            ok.took(Duration::from_millis(2));
        }
        internal.took(Duration::from_millis(200));
        let taken = Taken { cpu_s: 8.0, memory_bytes: 1 << 20, tasks: 9 };
        let values = sample(12, taken, &ok, &internal).unwrap();
        let of = |name: &str| values.iter().find(|value| value.name == name).unwrap().value;
        assert_eq!(values.len(), NAMES.len());
        assert_eq!((of("requests"), of("errors"), of("dead_letters")), (10.0, 0.1, 0.5));
        assert_eq!((of("cpu_cores"), of("memory_bytes"), of("tasks")), (0.5, 1_048_576.0, 9.0));
        assert_eq!((of("lane_jobs"), of("in_progress"), of("queue_wait_p99_ms")), (5.0, 0.0, 0.0));
        assert!((1.0..=2.5).contains(&of("latency_p50_ms")), "{}", of("latency_p50_ms"));
        assert!((2.0..=2.5).contains(&of("latency_p99_ms")), "{}", of("latency_p99_ms"));
        // Nothing has happened since.
        let values = sample(12, taken, &ok, &internal).unwrap();
        assert!(values.iter().take(4).all(|value| value.value == 0.0), "{values:?}");
    }
}
