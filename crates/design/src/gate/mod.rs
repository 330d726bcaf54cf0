//! The gate for what a model writes itself: the bodies of procedures, and pipelines.
//!
//! It is a list of what may be, never of what may not. A body is read by a grammar of few statements, and what comes out is
//! written anew from what was read: comments are gone, every name is in quotes, so that a server runs what was judged here,
//! and nothing that it might have read otherwise. `sqlparser`, which was tried, knows no procedures of MariaDB.
//!
//! Loops go over the rows of a query and over nothing else, so that each ends.

mod body;
mod expression;
mod functions;
mod objects;
mod pipeline;
mod query;
mod reader;
mod tokens;
mod writes;

use std::collections::BTreeSet;

pub use self::{objects::Objects, pipeline::pipeline};
use crate::model::Call;

/// Why something is not let through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
}

impl Refused {
    fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: help.into() }
    }
}

/// A body that was let through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passed {
    /// The statements as they are run, a line each.
    pub text: String,
    /// The tables and views that it reads.
    pub reads: BTreeSet<String>,
    /// The tables that it writes.
    pub writes: BTreeSet<String>,
    /// The procedures that it calls.
    pub calls: BTreeSet<String>,
}

/// Lets the body of a call's procedure through.
///
/// # Errors
/// The first thing that it may not say.
pub fn body(text: &str, call: &Call, objects: &Objects) -> Result<Passed, Refused> {
    body::pass(&tokens::tokens(text)?, call, objects)
}
