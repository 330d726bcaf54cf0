//! The BEDS node as a library: what generated code stands on, and what a project's `main.rs` runs.
//!
//! A request takes one way through these modules:
//! [`broker`] (bus, acknowledgement, replies) → [`dispatch`] (bytes to enums, deadline, reply) → the project's
//! generated [`core::Factory`] → [`core::NamasteCore`] → [`adapters`] (databases).
//! Brokers and adapters never import each other.
//!
//! [`spec`] is the data that the compiler emits; `validate` and `query` hold a request against
//! it. [`config`] and [`ipl`] bring a node up; [`cli`] is the command line of the `beds` binary.

pub mod adapters;
mod backoff;
pub mod broker;
pub mod cli;
pub mod config;
pub mod context;
pub mod core;
mod describe;
pub mod dispatch;
pub mod error;
mod health;
pub mod import;
pub mod ipl;
mod logging;
mod mask;
pub mod outcome;
mod query;
pub mod spec;
mod validate;
pub mod value;
pub mod verify;

#[cfg(feature = "derive")]
pub use beds_macros::NamasteCore;
pub use beds_protocol as protocol;

pub use crate::{
    context::Context,
    core::{Factory, NamasteCore, Request, Result},
    error::Error,
    outcome::Outcome,
};

/// What generated code names. Not for use by hand: it changes with the compiler.
#[doc(hidden)]
pub mod __private {
    pub use beds_protocol::{
        Broker, CallRequest, CountRequest, CreateRequest, DeleteRequest, DescribeRequest, FetchRequest, Lane,
        UpdateRequest,
        value::{Bytes, Date, DateTime, Decimal, Time},
    };
    pub use serde::{self, Deserialize, Serialize};
    pub use serde_json::Value as Json;
    pub use uuid::Uuid;

    pub use crate::{
        adapters::{mariadb, mongodb},
        context::Context,
        core::{Factory, NamasteCore, Request, Result, execute},
        error::Error,
        spec::{
            Arg, ArgMode, Call, Domain, Field, Generated, Literal, Object, ObjectKind, Returns, Type, Usage,
        },
    };
}
