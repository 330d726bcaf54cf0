//! Named calls.

use beds_protocol::{ArgMode, Lane, RequestValue};

use super::{Field, Type};

/// A named call: a procedure, a function, a pipeline, or a Rust function.
#[derive(Debug)]
pub struct Call {
    /// Wire name: the routing key is `<template>.call.<name>`.
    pub name: &'static str,
    /// What it does, for people.
    pub description: &'static str,
    /// The lane, and so the queue, in which it waits.
    pub lane: Lane,
    /// Its parameters, in the database object's order.
    pub args: &'static [Arg],
    /// Its result.
    pub returns: Returns,
    /// What it runs.
    pub routine: Routine,
}

/// The implementation of a call.
#[derive(Debug, Clone, Copy)]
pub enum Routine {
    /// A procedure of MariaDB.
    Procedure {
        /// Its name.
        name: &'static str,
        /// ``call `name`(?, …)``, one placeholder for each parameter, OUT ones too.
        sql: &'static str,
        /// Whether it commits by itself, which makes it at-least-once.
        commits: bool,
    },
    /// A function of MariaDB.
    Function {
        /// Its name.
        name: &'static str,
        /// ``select `name`(?, …)``, one placeholder for each parameter.
        sql: &'static str,
    },
    /// A named aggregation pipeline of MongoDB.
    Pipeline {
        /// The collection or view it runs on.
        on: &'static str,
        /// The stages as a JSON array, with `{"$arg": "name"}` where an argument is inserted as it is. The compiler has
        /// already written around it what makes the value a literal there.
        stages: &'static str,
    },
    /// A Rust function, which the domain's `NamasteCore` calls: no database runs it.
    Method,
}

impl Routine {
    /// Whether it commits by itself.
    #[must_use]
    pub const fn commits(&self) -> bool {
        match self {
            Self::Procedure { commits, .. } => *commits,
            Self::Function { .. } | Self::Pipeline { .. } | Self::Method => false,
        }
    }
}

/// A parameter of a call.
#[derive(Debug)]
pub struct Arg {
    /// Name, type and bounds.
    pub field: Field,
    /// Which way its value goes.
    pub mode: ArgMode,
    /// The value of the request that it takes; `None` if the client gives its value.
    pub asked: Option<RequestValue>,
}

impl Arg {
    /// A parameter that takes a value from the client.
    #[must_use]
    pub const fn given(field: Field) -> Self {
        Self { field, mode: ArgMode::In, asked: None }
    }

    /// A parameter that takes a value of the request itself. Clients neither give nor see it.
    #[must_use]
    pub const fn asked(field: Field, asked: RequestValue) -> Self {
        Self { field, mode: ArgMode::In, asked: Some(asked) }
    }

    /// A parameter that gives a value to the client.
    #[must_use]
    pub const fn returned(field: Field) -> Self {
        Self { field, mode: ArgMode::Out, asked: None }
    }

    /// A parameter that takes a value and gives one.
    #[must_use]
    pub const fn both(field: Field) -> Self {
        Self { field, mode: ArgMode::InOut, asked: None }
    }
}

/// What a call gives back as `data`.
#[derive(Debug)]
pub enum Returns {
    /// Nothing: result sets are not read.
    Nothing,
    /// One value.
    Scalar(Type),
    /// The rows of the first result set, each with these fields by position.
    Rows(&'static [Field]),
    /// Every result set in its own form, each row an object by column name.
    AsItComes,
}
