//! Named calls.

use beds_protocol::Lane;

use super::{Field, Type};

/// A named call: a procedure, a function or a pipeline.
#[derive(Debug)]
pub struct Call {
    /// Wire name: the routing key is `<template>.call.<name>`.
    pub name: &'static str,
    /// What it does, for people.
    pub description: &'static str,
    /// Which queue it waits in.
    pub lane: Lane,
    /// Its parameters, in the database object's order.
    pub args: &'static [Arg],
    /// What it gives back.
    pub returns: Returns,
}

/// A parameter of a call.
#[derive(Debug)]
pub struct Arg {
    /// Name, type and bounds.
    pub field: Field,
    /// Which way its value goes.
    pub mode: ArgMode,
}

/// Which way the value of a parameter goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArgMode {
    /// From the client.
    In,
    /// To the client.
    Out,
    /// Both ways.
    InOut,
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
    /// Every result set as it comes, each row an object by column name.
    AsItComes,
}
