//! What a node tells of itself: what it counts, for Prometheus, and what it traces, for OpenTelemetry.
//!
//! Subsystems count in terms of [`beds_core::meter`] and trace in terms of [`beds_core::stages`]. They know nothing of this
//! module, which is the only one that knows exporters.

#[cfg(not(feature = "otlp"))]
mod no_traces;
#[cfg(feature = "health")]
mod process;
#[cfg(feature = "health")]
pub(crate) mod prometheus;
#[cfg(feature = "otlp")]
mod traces;

#[cfg(not(feature = "otlp"))]
pub(crate) use no_traces::Traces;
#[cfg(feature = "health")]
pub(crate) use process::Process;
#[cfg(feature = "otlp")]
pub(crate) use traces::Traces;
