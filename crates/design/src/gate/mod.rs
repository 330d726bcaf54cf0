//! The gate for text that a language model writes itself: the bodies of procedures, and pipelines.
//!
//! The gate lists what is allowed, never what is forbidden. It reads a body by a grammar of few statements, and writes
//! the body anew from what it read: without comments, and with every name in quotes. So a server runs exactly what was
//! judged here. `sqlparser`, which was tried, does not know the procedures of MariaDB.
//!
//! Loops only go over the rows of a query, so every loop ends.

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

/// Why a text was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// What is wrong.
    pub message: String,
    /// The remedy.
    pub help: String,
}

impl Refused {
    fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: help.into() }
    }
}

/// A body that passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passed {
    /// The statements as they run, one on each line.
    pub text: String,
    /// The tables and views that it reads.
    pub reads: BTreeSet<String>,
    /// The tables that it writes.
    pub writes: BTreeSet<String>,
    /// The procedures that it calls.
    pub calls: BTreeSet<String>,
}

/// Judges the body of a call's procedure.
///
/// # Errors
/// The first thing that the body may not contain.
pub fn body(text: &str, call: &Call, objects: &Objects) -> Result<Passed, Refused> {
    body::pass(&tokens::tokens(text)?, call, objects)
}
