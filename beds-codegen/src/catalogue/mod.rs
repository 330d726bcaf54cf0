//! The clients' view of the domains, for people and for tools: every operation with its routing key, its queue, and an
//! example that the template's own rules accept.
//!
//! [`html`] renders it as pages, [`asyncapi`] as a machine-readable document. The input is valid domains only: this
//! module never reads a template and never opens a connection.

mod asyncapi;
mod batch;
mod body;
mod events;
mod example;
mod html;
mod pattern;
mod value;

pub use asyncapi::asyncapi;
pub use batch::{Batch, batches};
use beds_protocol::{Broker, ErrorCode, Lane};
pub use example::{request, requests};
pub use html::html;

use crate::model::{Call, Domain, Operations};

/// An operation that a client may request.
#[derive(Debug, Clone)]
pub struct Operation<'d> {
    /// The kind of the operation.
    pub kind: Kind<'d>,
    /// `template.operation`
    pub routing_key: String,
    /// The kind of work.
    pub lane: Lane,
    /// The broker whose queue takes it.
    pub broker: Broker,
}

/// The kinds of operations.
#[derive(Debug, Clone, Copy)]
pub enum Kind<'d> {
    /// `fetch`
    Fetch,
    /// `count`
    Count,
    /// `create`
    Create,
    /// `update`
    Update,
    /// `upsert`
    Upsert,
    /// `delete`
    Delete,
    /// `describe`
    Describe,
    /// `call.NAME`
    Call(&'d Call),
}

impl Kind<'_> {
    /// The operation's name, as the second part of the routing key.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Fetch => "fetch".to_owned(),
            Self::Count => "count".to_owned(),
            Self::Create => "create".to_owned(),
            Self::Update => "update".to_owned(),
            Self::Upsert => "upsert".to_owned(),
            Self::Delete => "delete".to_owned(),
            Self::Describe => "describe".to_owned(),
            Self::Call(call) => format!("call.{}", call.name),
        }
    }

    /// What it does, in a sentence.
    #[must_use]
    pub fn summary(&self) -> String {
        match self {
            Self::Fetch => "Reads one record by key, or many by filter".to_owned(),
            Self::Count => "Counts the records that a filter matches".to_owned(),
            Self::Create => "Creates one record, or several: all or none".to_owned(),
            Self::Update => "Changes the given fields of one record".to_owned(),
            Self::Upsert => {
                "Creates one record, or changes the one with its key; or several: all or none".to_owned()
            }
            Self::Delete => "Deletes one record".to_owned(),
            Self::Describe => "Tells what the domain offers".to_owned(),
            Self::Call(call) if call.description.is_empty() => format!("Runs `{}`", call.name),
            Self::Call(call) => call.description.clone(),
        }
    }

    const fn lane(&self) -> Lane {
        match self {
            Self::Fetch | Self::Count | Self::Describe => Lane::Read,
            Self::Create | Self::Update | Self::Upsert | Self::Delete => Lane::Write,
            Self::Call(call) => call.lane,
        }
    }

    /// The errors that are specific to the operation. Any other error may come as well, from the bus or the node.
    #[must_use]
    pub const fn errors(&self) -> &'static [ErrorCode] {
        use ErrorCode::{Conflict, NotFound, RejectedByDatabase, ValidationFailed, VersionMismatch};
        match self {
            Self::Fetch => &[ValidationFailed, NotFound],
            Self::Count => &[ValidationFailed],
            Self::Create | Self::Upsert => &[ValidationFailed, Conflict, RejectedByDatabase],
            Self::Update | Self::Delete => {
                &[ValidationFailed, NotFound, Conflict, VersionMismatch, RejectedByDatabase]
            }
            Self::Describe => &[],
            Self::Call(_) => &[ValidationFailed, RejectedByDatabase],
        }
    }
}

/// Everything that a domain offers, in the order of the contract.
#[must_use]
pub fn operations(domain: &Domain) -> Vec<Operation<'_>> {
    let Operations { read, create, update, upsert, delete } = domain.offered();
    let fixed = [
        (Kind::Fetch, read),
        (Kind::Count, read),
        (Kind::Create, create),
        (Kind::Update, update),
        (Kind::Upsert, upsert),
        (Kind::Delete, delete),
        (Kind::Describe, true),
    ];
    let fixed = fixed.into_iter().filter(|(_, is_offered)| *is_offered).map(|(kind, _)| kind);
    fixed
        .chain(domain.calls.iter().map(Kind::Call))
        .map(|kind| Operation {
            routing_key: format!("{}.{}", domain.name.value, kind.name()),
            lane: kind.lane(),
            broker: domain.placement.broker(kind.lane()),
            kind,
        })
        .collect()
}
