//! What a node tells of itself: what it counts, for Prometheus, and what it traces, for OpenTelemetry.
//!
//! Subsystems count in terms of [`beds_core::meter`] and know nothing of this module, which is the only one that knows an
//! exporter.

#[cfg(feature = "health")]
mod process;
#[cfg(feature = "health")]
pub(crate) mod prometheus;

#[cfg(feature = "health")]
pub(crate) use process::Process;
