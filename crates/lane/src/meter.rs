//! [`Meter`]: what a lane counts.

use beds_core::meter::{Counter, Family, Gauge, Histogram, Samples};

static WAIT: Family = Family::histogram(
    "beds_lane_wait_seconds",
    "How long a job waited for a connection to its database, or until it ended without one.",
);
static RUN: Family = Family::histogram(
    "beds_lane_run_seconds",
    "How long one job, or a group of jobs that share a statement or a transaction, ran on its connection.",
);
static GROUP: Family = Family::histogram(
    "beds_lane_group_jobs",
    "How many jobs ran together: reads by key in one statement, writes in one commit.",
);
static JOBS: Family = Family::gauge("beds_lane_jobs", "Jobs that wait or run.");
static CONNECTIONS: Family = Family::gauge("beds_lane_connections", "Open connections.");
static CONNECTIONS_MAX: Family =
    Family::gauge("beds_lane_connections_max", "Connections that the configuration asks for.");
static BUSY: Family = Family::gauge("beds_lane_connections_busy", "Connections that run a job.");
static OVERLOADED: Family =
    Family::counter("beds_lane_overloaded_total", "Jobs that were refused because too many waited.");
static LOST: Family = Family::counter("beds_lane_connections_lost_total", "Connections that were lost.");
static FAILED: Family =
    Family::counter("beds_lane_connects_failed_total", "Attempts to connect that failed.");

/// What a lane counts.
#[derive(Debug)]
pub(crate) struct Meter {
    pub(crate) wait: Histogram,
    pub(crate) run: Histogram,
    pub(crate) group: Histogram,
    pub(crate) jobs: Gauge,
    pub(crate) busy: Gauge,
    pub(crate) overloaded: Counter,
    pub(crate) lost: Counter,
    pub(crate) failed: Counter,
}

impl Default for Meter {
    fn default() -> Self {
        Self {
            wait: Histogram::seconds(),
            run: Histogram::seconds(),
            group: Histogram::pieces(),
            jobs: Gauge::new(),
            busy: Gauge::new(),
            overloaded: Counter::new(),
            lost: Counter::new(),
            failed: Counter::new(),
        }
    }
}

impl Meter {
    /// Tells it of a lane with these connections.
    pub(crate) fn collect(
        &self,
        labels: &[(&'static str, &str)],
        connected: usize,
        connections: usize,
        samples: &mut Samples,
    ) {
        samples.histogram(&WAIT, labels, &self.wait);
        samples.histogram(&RUN, labels, &self.run);
        samples.histogram(&GROUP, labels, &self.group);
        samples.count(&JOBS, labels, self.jobs.get());
        samples.count(&CONNECTIONS, labels, connected as u64);
        samples.count(&CONNECTIONS_MAX, labels, connections as u64);
        samples.count(&BUSY, labels, self.busy.get());
        samples.count(&OVERLOADED, labels, self.overloaded.get());
        samples.count(&LOST, labels, self.lost.get());
        samples.count(&FAILED, labels, self.failed.get());
    }
}
