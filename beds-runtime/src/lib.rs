//! The BEDS node as a library: a project's `main.rs` runs it, and generated code builds on it.
//!
//! A node composes the crates beneath it: [`config`] and [`ipl`] start it, [`engines`] holds its databases, [`domains`]
//! is the service of its templates, and [`node`] sequences all of it. The feature `cli` adds the command line of the
//! `beds` binary, and `health` the readiness endpoint.

#[cfg(feature = "cli")]
pub mod cli;
mod commands;
pub mod config;
pub mod domains;
pub mod engines;
mod fleet;
mod graph;
mod graves;
mod health;
mod heartbeat;
pub mod ipl;
mod jobs;
mod logging;
pub mod node;
mod project;
mod relay;
mod reload;
mod roles;
mod sessions;
mod shared;
mod signals;
mod syslog;
mod telemetry;
mod templates;
mod told;
mod upkeep;
mod watchdog;

pub use beds_core as core;
#[doc(hidden)]
pub use beds_core::__private;
pub use beds_core::{Context, Error, Factory, NamasteCore, Outcome, Request, Result, Work};
#[cfg(feature = "derive")]
pub use beds_macros::NamasteCore;
pub use beds_protocol as protocol;
pub use beds_services as services;

pub use crate::{project::Project, signals::Signals};
