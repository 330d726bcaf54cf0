//! A node's data about itself: metrics for Prometheus, and traces for OpenTelemetry.
//!
//! Subsystems count with [`beds_core::meter`] and trace with [`beds_core::stages`]. They do not know this module. Only
//! this module knows exporters.

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
