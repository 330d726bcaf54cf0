//! [`Settings`] of a lane.

use std::time::Duration;

/// The bounds of a lane.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The engine of its database, in metrics.
    pub engine: &'static str,
    /// The database, for people.
    pub name: String,
    /// Which of its lanes it is, in metrics and traces: `read`, `write`.
    pub lane: &'static str,
    /// How many connections it holds, spread over its servers.
    pub connections: usize,
    /// How many jobs wait before further ones are refused as `overloaded`.
    pub queue_max: usize,
    /// How many of them are requests by themselves, each of which holds a place that other databases need as well, until
    /// the lane is told otherwise.
    pub requests_max: usize,
    /// How long a job may be expected to wait before it is refused as `overloaded`, where those before it have waited for
    /// that long already; twice its own time, where that is longer.
    pub wait_max: Duration,
    /// How many jobs run as one group at most.
    pub group_max: usize,
    /// How many groups of one kind run at the same time, as long as they are quick: the fewer there are, the more jobs
    /// share one.
    pub groups_at_once: usize,
    /// How long connecting may take.
    pub connect_timeout: Duration,
    /// How long a requester waits beyond its deadline for a job that can no longer be taken back.
    pub patience: Duration,
}
