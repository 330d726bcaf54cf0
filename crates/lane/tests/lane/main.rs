//! Lanes over a fake server, on a paused clock: no test waits in real time.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod connections;
mod deadlines;
mod fake;
mod groups;
mod logs;
mod metrics;
mod overload;
