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
    /// How many of them are requests by themselves, until the lane is told otherwise. Each of these holds a place that
    /// other databases need as well.
    pub requests_max: usize,
    /// How long a job may be expected to wait before it is refused as `overloaded`, if the jobs before it have already
    /// waited that long. Where twice the job's own time is longer, that counts.
    pub wait_max: Duration,
    /// How many jobs run as one group at most.
    pub group_max: usize,
    /// How many groups of one kind run at the same time, as long as they are quick. Fewer groups mean that more jobs
    /// share one.
    pub groups_at_once: usize,
    /// How long connecting may take.
    pub connect_timeout: Duration,
    /// How long a requester waits beyond its deadline for a job that can no longer be taken back.
    pub patience: Duration,
}
