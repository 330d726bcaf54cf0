//! The result of one measurement.

use anyhow::Result;
use hdrhistogram::Histogram;
use tokio::time::Instant;

use crate::work::Expected;

/// Every reply is checked. One of this many is compared in full.
const SAMPLED: u64 = 64;
/// Latencies are kept with three digits.
const DIGITS: u8 = 3;

/// Counted replies, and their latencies.
#[derive(Debug)]
pub(crate) struct Sample {
    /// How many of the sent requests write.
    pub(crate) writes: u64,
    /// Replies within the time.
    pub(crate) in_time: u32,
    /// All replies, including those that came after the last request was sent.
    pub(crate) replies: u32,
    /// Wrong, missing and late replies.
    pub(crate) errors: u32,
    /// The first wrong reply.
    pub(crate) wrong: Option<String>,
    /// Microseconds.
    pub(crate) latencies: Histogram<u64>,
}

impl Sample {
    pub(crate) fn new() -> Result<Self> {
        let latencies = Histogram::new(DIGITS)?;
        Ok(Self { writes: 0, in_time: 0, replies: 0, errors: 0, wrong: None, latencies })
    }

    pub(crate) fn add(&mut self, other: Self) -> Result<()> {
        self.writes += other.writes;
        self.in_time += other.in_time;
        self.replies += other.replies;
        self.errors += other.errors;
        self.wrong = self.wrong.take().or(other.wrong);
        Ok(self.latencies.add(other.latencies)?)
    }

    /// Counts the reply to a request that was sent, or should have been sent, at this time.
    pub(crate) fn reply(&mut self, sent: Instant, end: Instant, body: &[u8], expected: &Expected) {
        let now = Instant::now();
        self.replies += 1;
        if now <= end {
            self.in_time += 1;
        }
        // The histogram grows as needed, so it accepts any value.
        let _ = self.latencies.record(u64::try_from((now - sent).as_micros()).unwrap_or(u64::MAX));
        let thorough = u64::from(self.replies) % SAMPLED == 1;
        if !expected.accepts(body, thorough) {
            self.fail(1, || String::from_utf8_lossy(body).chars().take(300).collect());
        }
    }

    /// Counts errors, and keeps the text of the first one.
    pub(crate) fn fail(&mut self, count: u32, what: impl FnOnce() -> String) {
        self.errors += count;
        self.wrong.get_or_insert_with(what);
    }
}
