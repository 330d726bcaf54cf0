//! [`Pace`]: how long jobs take, as far as the last ones tell.

use std::{collections::HashMap, time::Duration};

use tokio::time::Instant;

/// What is taken for the time of a job whose kind has not run yet.
const UNKNOWN: Duration = Duration::from_millis(1);
/// What a new measurement counts, beside all that were before.
const GAIN: f64 = 0.25;
/// After so long without a measurement an estimate counts half: what was slow once is tried again.
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

impl Pace {
    /// How long so much of a kind will take one connection.
    pub(crate) fn time(&self, kind: usize, size: u64, now: Instant) -> Duration {
        let unit = match self.0.get(&kind) {
            Some(Estimate { unit, at }) => {
                let age = now.saturating_duration_since(*at).as_secs_f64() / HALF_LIFE.as_secs_f64();
                unit * 0.5_f64.powf(age)
            }
            None => UNKNOWN.as_secs_f64(),
        };
        // A day is longer than anything that is waited for.
        Duration::from_secs_f64((unit * units(size)).min(86_400.0))
    }

    /// Notes that jobs of these kinds and sizes took a connection so long together.
    pub(crate) fn tell(&mut self, jobs: &[(usize, u64)], took: Duration, now: Instant) {
        let expected: Duration = jobs.iter().map(|(kind, size)| self.time(*kind, *size, now)).sum();
        let factor = took.as_secs_f64() / expected.as_secs_f64().max(f64::MIN_POSITIVE);
        let mut told: Vec<usize> = Vec::new();
        for (kind, size) in jobs {
            if told.contains(kind) {
                continue;
            }
            told.push(*kind);
            // What they took together is divided among them as it was expected.
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

/// Sizes are numbers of records: far below what a float holds exactly.
fn units(size: u64) -> f64 {
    f64::from(u32::try_from(size).unwrap_or(u32::MAX).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn near(time: Duration, expected: Duration) -> bool {
        time.abs_diff(expected) < expected / 20 + Duration::from_micros(1)
    }

    #[tokio::test(start_paused = true)]
    async fn an_estimate_follows_what_is_measured() {
        let (mut pace, now) = (Pace::default(), Instant::now());
        assert!(near(pace.time(7, 3, now), 3 * UNKNOWN));
        pace.tell(&[(7, 10)], 200 * MS, now);
        assert!(near(pace.time(7, 1, now), 20 * MS), "the first measurement counts alone");
        for _ in 0..30 {
            pace.tell(&[(7, 1)], 5 * MS, now);
        }
        assert!(near(pace.time(7, 100, now), 500 * MS));
        assert!(near(pace.time(7, 1, now + HALF_LIFE), 5 * MS / 2), "what is old counts less");
    }

    #[tokio::test(start_paused = true)]
    async fn what_took_long_together_is_divided_as_expected() {
        let (mut pace, now) = (Pace::default(), Instant::now());
        pace.tell(&[(1, 1)], 30 * MS, now);
        pace.tell(&[(2, 1)], 10 * MS, now);
        for _ in 0..40 {
            pace.tell(&[(1, 1), (2, 1), (2, 1)], 100 * MS, now);
        }
        let together = pace.time(1, 1, now) + 2 * pace.time(2, 1, now);
        assert!(near(together, 100 * MS), "{together:?}");
        assert!(pace.time(1, 1, now) > 2 * pace.time(2, 1, now));
    }
}
