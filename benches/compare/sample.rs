//! What one measurement gave.

use anyhow::Result;
use hdrhistogram::Histogram;
use tokio::time::Instant;

use crate::work::Expected;

/// Every reply is looked at, and one in this many is compared in full.
const SAMPLED: u64 = 64;
/// Latencies are kept to three digits.
const DIGITS: u8 = 3;

/// Replies, counted, and their latencies.
#[derive(Debug)]
pub(crate) struct Sample {
    /// Requests sent that write.
    pub(crate) writes: u64,
    /// Replies within the time.
    pub(crate) in_time: u32,
    /// All replies, those included that came when no more requests were sent.
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

    /// Counts a reply to a request that was sent, or should have been, at this moment.
    pub(crate) fn reply(&mut self, sent: Instant, end: Instant, body: &[u8], expected: &Expected) {
        let now = Instant::now();
        self.replies += 1;
        if now <= end {
            self.in_time += 1;
        }
        // The histogram grows with what it is given, so it takes any value.
        let _ = self.latencies.record(u64::try_from((now - sent).as_micros()).unwrap_or(u64::MAX));
        let thorough = u64::from(self.replies) % SAMPLED == 1;
        if !expected.accepts(body, thorough) {
            self.fail(1, || String::from_utf8_lossy(body).chars().take(300).collect());
        }
    }

    /// Counts errors; what the first of all was is kept.
    pub(crate) fn fail(&mut self, count: u32, what: impl FnOnce() -> String) {
        self.errors += count;
        self.wrong.get_or_insert_with(what);
    }
}
