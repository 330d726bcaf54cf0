//! [`Pace`]: an estimate of how long jobs take, from the last ones.
//!
//! A job that waits for a lock takes far longer than usual, and often many jobs wait for the same lock. Such a job says
//! little of the next. So a measurement counts for at most a few times the estimate that held when the job began, and
//! all jobs that began under one estimate raise it no farther. If jobs have become slow, each generation of them raises
//! the estimate again.

use std::{collections::HashMap, time::Duration};

use tokio::time::Instant;

/// The estimate for a kind of which no job has run yet.
const UNKNOWN: Duration = Duration::from_millis(1);
/// The weight of a new measurement, beside all earlier ones.
const GAIN: f64 = 0.25;
/// How many times the estimate a measurement counts for at most.
const SURPRISE_MAX: f64 = 4.0;
/// The most that the first measurement of a kind counts for: enough to recognize the kind as long.
const FIRST_MAX: Duration = Duration::from_millis(400);
/// After this time without a measurement an estimate counts half. So a kind that was slow once is tried again.
const HALF_LIFE: Duration = Duration::from_secs(10);

/// The time that jobs of each kind take, for each unit of their size.
#[derive(Debug, Default)]
pub(crate) struct Pace(HashMap<usize, Estimate>);

#[derive(Debug)]
struct Estimate {
    /// In seconds.
    unit: f64,
    at: Instant,
}

/// Jobs that run together, for the measurement of their time.
#[derive(Debug)]
pub(crate) struct Begun {
    jobs: Vec<(usize, u64)>,
    at: Instant,
    /// The most of their time that counts.
    credible: Duration,
}

impl Pace {
    /// How long a connection will take for this size of a kind.
    pub(crate) fn time(&self, kind: usize, size: u64, now: Instant) -> Duration {
        let unit = match self.0.get(&kind) {
            Some(Estimate { unit, at }) => {
                let age = now.saturating_duration_since(*at).as_secs_f64() / HALF_LIFE.as_secs_f64();
                unit * 0.5_f64.powf(age)
            }
            None => UNKNOWN.as_secs_f64(),
        };
        duration(unit * units(size))
    }

    /// Jobs of these kinds and sizes begin together.
    pub(crate) fn begin(&self, jobs: Vec<(usize, u64)>, now: Instant) -> Begun {
        let credible = |(kind, size): &(usize, u64)| {
            // An old estimate counts in full here: it is no surprise if the same time comes again.
            let known = self.0.get(kind).map(|estimate| estimate.unit * SURPRISE_MAX);
            let unit = known.map_or(FIRST_MAX.as_secs_f64(), |known| known.max(UNKNOWN.as_secs_f64()));
            duration(unit * units(*size))
        };
        let credible = jobs.iter().map(credible).fold(Duration::ZERO, Duration::saturating_add);
        Begun { jobs, at: now, credible }
    }

    /// Notes that jobs that took a connection together have ended.
    pub(crate) fn end(&mut self, Begun { jobs, at, credible }: &Begun, now: Instant) {
        let took = now.saturating_duration_since(*at).min(*credible);
        let expected: Duration = jobs.iter().map(|(kind, size)| self.time(*kind, *size, now)).sum();
        let factor = took.as_secs_f64() / expected.as_secs_f64().max(f64::MIN_POSITIVE);
        let mut told: Vec<usize> = Vec::new();
        for (kind, size) in jobs {
            if told.contains(kind) {
                continue;
            }
            told.push(*kind);
            // Their common time is divided among them in proportion to their estimates.
            let measured = self.time(*kind, *size, now).as_secs_f64() * factor / units(*size);
            self.0
                .entry(*kind)
                .and_modify(|estimate| {
                    estimate.unit += (measured - estimate.unit) * GAIN;
                    estimate.at = now;
                })
                .or_insert(Estimate { unit: measured, at: now });
        }
    }
}

/// A day is longer than any wait.
fn duration(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds.min(86_400.0))
}

/// Sizes are numbers of records: far below what a float holds exactly.
fn units(size: u64) -> f64 {
    f64::from(u32::try_from(size).unwrap_or(u32::MAX).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn tell(pace: &mut Pace, jobs: &[(usize, u64)], took: Duration, now: Instant) {
        let begun = pace.begin(jobs.to_vec(), now);
        pace.end(&begun, now + took);
    }

    fn near(time: Duration, expected: Duration) -> bool {
        time.abs_diff(expected) < expected / 20 + Duration::from_micros(1)
    }

    #[tokio::test(start_paused = true)]
    async fn an_estimate_follows_what_is_measured() {
        let (mut pace, now) = (Pace::default(), Instant::now());
        assert!(near(pace.time(7, 3, now), 3 * UNKNOWN));
        tell(&mut pace, &[(7, 10)], 200 * MS, now);
        assert!(near(pace.time(7, 1, now), 20 * MS), "the first measurement counts alone");
        for _ in 0..30 {
            tell(&mut pace, &[(7, 1)], 5 * MS, now);
        }
        assert!(near(pace.time(7, 100, now), 500 * MS));
        assert!(near(pace.time(7, 1, now + HALF_LIFE), 5 * MS / 2), "what is old counts less");
    }

    #[tokio::test(start_paused = true)]
    async fn what_took_long_together_is_divided_as_expected() {
        let (mut pace, now) = (Pace::default(), Instant::now());
        tell(&mut pace, &[(1, 1)], 30 * MS, now);
        tell(&mut pace, &[(2, 1)], 10 * MS, now);
        for _ in 0..40 {
            tell(&mut pace, &[(1, 1), (2, 1), (2, 1)], 100 * MS, now);
        }
        let together = pace.time(1, 1, now) + 2 * pace.time(2, 1, now);
        assert!(near(together, 100 * MS), "{together:?}");
        assert!(pace.time(1, 1, now) > 2 * pace.time(2, 1, now));
    }

    #[tokio::test(start_paused = true)]
    async fn those_that_wait_for_the_same_lock_say_little_of_the_next() {
        let (mut pace, now) = (Pace::default(), Instant::now());
        tell(&mut pace, &[(7, 1)], 2 * MS, now);
        let begun: Vec<_> = (0..12).map(|_| pace.begin(vec![(7, 1)], now)).collect();
        for begun in &begun {
            pace.end(begun, now + 9_000 * MS);
        }
        assert!(pace.time(7, 1, now) <= 8 * MS, "{:?}", pace.time(7, 1, now));
        // The estimate of a kind that has become slow follows soon.
        for _ in 0..30 {
            tell(&mut pace, &[(7, 1)], 9_000 * MS, now);
        }
        assert!(near(pace.time(7, 1, now), 9_000 * MS));
    }
}
