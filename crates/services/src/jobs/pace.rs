//! The measured speed of a job, and its limit.

use std::time::{Duration, Instant};

/// The weight of the last chunk.
const WEIGHT: f64 = 0.2;

/// The recent speed, in records per second.
#[derive(Debug)]
pub(super) struct Rate {
    since: Instant,
    done: u64,
    rate: Option<f64>,
}

impl Rate {
    /// The rate of a job that has done this many records.
    pub(super) fn of(done: u64) -> Self {
        Self { since: Instant::now(), done, rate: None }
    }

    /// The rate after a chunk that ends at this many records.
    pub(super) fn after(&mut self, done: u64) -> Option<f64> {
        let elapsed = self.since.elapsed().as_secs_f64();
        let more = u32::try_from(done.saturating_sub(self.done)).unwrap_or(u32::MAX);
        if more > 0 && elapsed > 0.0 {
            let now = f64::from(more) / elapsed;
            self.rate = Some(self.rate.map_or(now, |rate| rate.mul_add(1.0 - WEIGHT, now * WEIGHT)));
            (self.since, self.done) = (Instant::now(), done);
        }
        self.rate.map(|rate| (rate * 10.0).round() / 10.0)
    }
}

/// The limit in records per second.
#[derive(Debug)]
pub(super) struct Pace(u32);

impl Pace {
    /// A limit of this many records per second; 0 for no limit.
    pub(super) const fn new(records_per_s: u32) -> Self {
        Self(records_per_s)
    }

    /// How long to wait after this many records, which took this time.
    pub(super) fn after(&mut self, records: u64, elapsed: Duration) -> Duration {
        let records = u32::try_from(records).unwrap_or(u32::MAX);
        if self.0 == 0 || records == 0 {
            return Duration::ZERO;
        }
        Duration::from_secs_f64(f64::from(records) / f64::from(self.0)).saturating_sub(elapsed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_waits_until_its_records_took_their_time() {
        let mut pace = Pace::new(100);
        assert_eq!(pace.after(50, Duration::from_millis(200)), Duration::from_millis(300));
        assert_eq!(pace.after(50, Duration::from_secs(2)), Duration::ZERO);
        assert_eq!(pace.after(0, Duration::ZERO), Duration::ZERO);
        assert_eq!(Pace::new(0).after(50, Duration::ZERO), Duration::ZERO);
    }
}
