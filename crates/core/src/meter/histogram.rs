//! [`Histogram`]: sizes, in buckets that exist from the start.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// How many bounds a scale has.
const BOUNDS: usize = 16;

/// The quantity that is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Time: recorded in nanoseconds, shown in seconds.
    Seconds,
    /// Pieces.
    Pieces,
}

/// From 0.1 ms to 30 s, in nanoseconds.
const SECONDS: [u64; BOUNDS] = [
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    25_000_000,
    50_000_000,
    100_000_000,
    250_000_000,
    500_000_000,
    1_000_000_000,
    2_500_000_000,
    10_000_000_000,
    30_000_000_000,
];
const PIECES: [u64; BOUNDS] = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 512, 1_024];

impl Scale {
    /// The upper bounds of the buckets, as they are recorded.
    const fn bounds(self) -> &'static [u64; BOUNDS] {
        match self {
            Self::Seconds => &SECONDS,
            Self::Pieces => &PIECES,
        }
    }

    /// A recorded number as it is shown.
    #[expect(
        clippy::cast_precision_loss,
        reason = "a sum of 2^53 nanoseconds is a hundred days; then it is rounded"
    )]
    fn shown(self, recorded: u64) -> f64 {
        match self {
            Self::Seconds => recorded as f64 / 1e9,
            Self::Pieces => recorded as f64,
        }
    }
}

/// The distribution of sizes.
#[derive(Debug)]
pub struct Histogram {
    scale: Scale,
    /// One for each bound, and one for larger sizes.
    buckets: [AtomicU64; BOUNDS + 1],
    sum: AtomicU64,
}

/// A histogram at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// How many sizes were at most each bound, in order.
    pub buckets: Vec<(f64, u64)>,
    /// The sum of all sizes.
    pub sum: f64,
    /// How many sizes were recorded.
    pub count: u64,
}

impl Histogram {
    /// One of times.
    #[must_use]
    pub const fn seconds() -> Self {
        Self::new(Scale::Seconds)
    }

    /// One of numbers of pieces.
    #[must_use]
    pub const fn pieces() -> Self {
        Self::new(Scale::Pieces)
    }

    const fn new(scale: Scale) -> Self {
        Self { scale, buckets: [const { AtomicU64::new(0) }; BOUNDS + 1], sum: AtomicU64::new(0) }
    }

    /// Records a duration.
    pub fn took(&self, time: Duration) {
        self.record(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
    }

    /// Records a number of pieces.
    pub fn had(&self, pieces: usize) {
        self.record(pieces as u64);
    }

    fn record(&self, number: u64) {
        let bucket = self.scale.bounds().partition_point(|bound| *bound < number);
        self.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(number, Ordering::Relaxed);
    }

    /// The record so far. A size that is recorded meanwhile is in the sum or in a bucket, or in both.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let mut count = 0;
        let mut upto = |bucket: &AtomicU64| {
            count += bucket.load(Ordering::Relaxed);
            count
        };
        let bounds = self.scale.bounds().iter().map(|bound| self.scale.shown(*bound));
        let buckets = bounds.zip(&self.buckets).map(|(bound, bucket)| (bound, upto(bucket))).collect();
        let count = upto(&self.buckets[BOUNDS]);
        Snapshot { buckets, sum: self.scale.shown(self.sum.load(Ordering::Relaxed)), count }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_in_the_first_bucket_that_holds_it() {
        let histogram = Histogram::seconds();
        for time in [0, 100, 101, 30_000_000, 30_000_001].map(Duration::from_micros) {
            histogram.took(time);
        }
        let Snapshot { buckets, sum, count } = histogram.snapshot();
        assert_eq!((buckets[0], buckets[1]), ((0.0001, 2), (0.00025, 3)));
        assert_eq!(buckets[BOUNDS - 1], (30.0, 4));
        assert_eq!(count, 5);
        assert!((sum - 60.000_202).abs() < 1e-6, "{sum}");
    }

    #[test]
    fn pieces_are_counted_one_by_one_where_they_are_few() {
        let histogram = Histogram::pieces();
        for pieces in [1, 1, 2, 5_000] {
            histogram.had(pieces);
        }
        let Snapshot { buckets, sum, count } = histogram.snapshot();
        assert_eq!((buckets[0], buckets[1], count), ((1.0, 2), (2.0, 3), 4));
        assert!((sum - 5_004.0).abs() < f64::EPSILON);
    }
}
