//! What is between the wire and the engines: what the compiler knows of each domain, requests that became plans, and
//! what comes of them.
//!
//! A request takes one way through these types, each of which is more certain than the one before:
//! [`service::Incoming`] (properties read) → [`address::Address`] (template, operation, lane) →
//! [`namaste::Request`] (body read) → [`plan::Plan`] (valid against the domain) → the job of an adapter →
//! [`outcome::Outcome`] → [`service::Reply`].
//!
//! This crate does no I/O: it names no driver, no broker, no file and no clock but the deadline's.

pub mod address;
pub mod backoff;
pub mod context;
pub mod cursor;
mod describe;
pub mod error;
pub mod inspect;
pub mod lookup;
pub mod mask;
pub mod namaste;
pub mod operation;
pub mod outcome;
pub mod plan;
pub mod query;
pub mod service;
pub mod settings;
pub mod spec;
pub mod validate;
pub mod value;
pub mod work;

pub use context::{Context, Runner};
pub use error::{Error, Result};
pub use namaste::{Factory, NamasteCore, Request};
pub use outcome::Outcome;
pub use work::Work;
