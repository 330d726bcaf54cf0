//! The layer between the wire and the engines: what the compiler knows of each domain, the plans of requests, and their
//! outcomes.
//!
//! A request takes one way through these types, each of which is more certain than the one before:
//! [`service::Incoming`] (properties read) → [`address::Address`] (template, operation, lane) →
//! [`namaste::Request`] (body read) → [`plan::Plan`] (valid against the domain) → the job of an adapter →
//! [`outcome::Outcome`] → [`service::Reply`].
//!
//! This crate does no I/O. It names no driver, no broker, no file, and no clock but the deadline's.

// The expansion of the macros names this crate, also inside of it.
extern crate self as beds_core;

pub mod access;
pub mod address;
pub mod audit;
pub mod backoff;
pub mod carry;
pub mod context;
pub mod cursor;
mod describe;
pub mod entry;
pub mod error;
pub mod event;
pub mod extensions;
pub mod inspect;
pub mod items;
pub mod ledger;
pub mod lookup;
pub mod mask;
pub mod meter;
pub mod namaste;
pub mod operation;
pub mod outbox;
pub mod outcome;
pub mod plan;
pub mod position;
pub mod query;
pub mod record;
pub mod service;
pub mod settings;
pub mod spec;
pub mod stages;
pub mod unnamed;
pub mod unshown;
pub mod validate;
pub mod value;
pub mod work;

pub use context::{Claims, Context, Runner};
pub use error::{Error, Result};
pub use namaste::{Factory, NamasteCore, Request};
pub use outcome::Outcome;
pub use work::Work;

/// Names for the expansion of the macros.
#[doc(hidden)]
pub use serde as __serde;
#[doc(hidden)]
pub use tracing as __tracing;

/// Names for generated code. Not for use by hand: they change with the compiler.
#[doc(hidden)]
pub mod __private {
    /// The names of the prelude: around a hand-written domain they may have other meanings.
    pub use ::core::{
        option::Option::{None, Some},
        primitive::{bool, f64, i64, str, u64},
        result::Result::Ok,
    };

    pub use beds_protocol::{
        Broker, CallRequest, CountRequest, CreateRequest, DeleteRequest, FetchRequest, Lane, Operation,
        UpdateRequest, UpsertRequest,
        value::{Bytes, Date, DateTime, Decimal, Time},
    };
    pub use serde_json::Value as Json;
    pub use uuid::Uuid;

    pub use crate::{
        context::Context,
        error::Result,
        namaste::{Factory, NamasteCore, Request, dispatch},
        operation, record,
        spec::{
            Access, Arg, Call, Domain, Field, Generated, Grant, Literal, RequestValue, Returns, RoleFields,
            RoleRows, Routine, Row, Type, Wanted, mariadb, mongodb,
        },
        work::Work,
    };
}
