//! [`Service`]: the layer between the broker pool and the work. The pool knows services, but no domains.

use std::{borrow::Cow, fmt, sync::Arc, time::Duration};

use beds_protocol::{Broker, Engine, ErrorCode};
use futures_util::future::BoxFuture;

use crate::{error::Error, meter::Samples, stages::Stages};

/// A request from the bus: its properties are read, its body is not.
#[derive(Debug)]
pub struct Incoming<'a> {
    /// The broker whose queue it was taken from.
    pub broker: Broker,
    /// `<template>.<operation>`
    pub routing_key: &'a str,
    /// The body's declared type.
    pub content_type: Option<&'a str>,
    /// How the body is packed.
    pub content_encoding: Option<&'a str>,
    /// The moment after which no answer is wanted, in Unix milliseconds; `Err` when the header is not a number.
    pub deadline: Result<Option<i64>, ()>,
    /// How long it may lie in its queue.
    pub expiration: Option<Duration>,
    /// When it was sent, in Unix seconds, if it tells.
    pub timestamp: Option<u64>,
    /// The fingerprint of the template that the client was built for; `Err` when the header is no text.
    pub template_hash: Result<Option<&'a str>, ()>,
    /// The positions that databases must have reached for its reads; `Err` when the header is no text.
    pub after: Result<Option<&'a str>, ()>,
    /// Names the request in logs and error replies.
    pub request_id: &'a str,
    /// The client's id of the request, which makes a write happen once.
    pub message_id: Option<&'a str>,
    /// The user for whom RabbitMQ vouches.
    pub user_id: Option<&'a str>,
    /// The token of the caller's session; `Err` when the header is no text.
    pub session: Result<Option<&'a str>, ()>,
    /// The client that shares the node with others: the user, or, if there is none, the reply queue.
    pub client: &'a str,
    /// The W3C trace context, if the text has that form.
    pub traceparent: Option<&'a str>,
    /// Whether the client waits for a reply.
    pub wants_reply: bool,
    /// For how long it has been waiting for another node, if the last node to have it could not do it.
    pub sought_for: Option<Duration>,
    /// Records where the time of the request goes.
    pub stages: Arc<Stages>,
    /// The body.
    pub body: &'a [u8],
}

/// The end of a request's handling.
#[derive(Debug)]
pub enum Verdict {
    /// It is answered. If no reply is wanted, it is done.
    Reply(Reply),
    /// It is done, and there is nothing to answer.
    Done,
    /// It cannot run now, and nobody waits for an answer: it is tried again later.
    Retry(Error),
    /// It can never succeed, and nobody waits for an answer: it becomes a dead letter.
    Dead(Error),
}

/// What is sent back.
#[derive(Debug)]
pub struct Reply {
    /// `ok`, or the error code.
    pub status: &'static str,
    /// The fingerprint of the template that answered.
    pub template_hash: Option<&'static str>,
    /// The positions of the databases into which the request has written.
    pub position: Option<String>,
    /// The reply's body.
    pub body: Vec<u8>,
}

impl Reply {
    /// A reply that succeeded.
    #[must_use]
    pub const fn ok(template_hash: Option<&'static str>, body: Vec<u8>) -> Self {
        Self { status: "ok", template_hash, position: None, body }
    }

    /// The same, with the positions of the databases into which the request has written.
    #[must_use]
    pub fn at(self, position: Option<String>) -> Self {
        Self { position, ..self }
    }

    /// The reply with the error of a failed request.
    #[must_use]
    pub fn failed(error: Error, template_hash: Option<&'static str>, request_id: &str) -> Self {
        let status = error.code.as_str();
        Self { status, template_hash, position: None, body: error.into_reply(request_id) }
    }
}

/// The need for which requests wait while they cannot run. Its text is part of the name of their queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Need {
    /// A need with this name that is not a database.
    Other(&'static str),
    /// A database: two engines may each have one of the same name.
    Database(Engine, &'static str),
}

impl Need {
    /// The need of a request that another node of the service can do, and this one cannot.
    pub const TEMPLATE: Self = Self::Other("template");
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Other(name) => f.write_str(name),
            Self::Database(engine, name) => write!(f, "{engine}.{name}"),
        }
    }
}

/// A kind of work that a node hosts.
///
/// One service answers the templates' domains; others stand beside it. A broker's queue may hold requests to several
/// services: each request is handled by the first service whose [`Service::accepts`] says yes.
pub trait Service: Send + Sync + 'static {
    /// The routing keys that it serves, each with the broker in whose queue its requests wait.
    fn keys(&self) -> Vec<(Broker, String)>;

    /// Whether requests to this template belong to it, served or not.
    fn accepts(&self, template: &str) -> bool;

    /// The need for which requests with this routing key wait while they cannot run, such as a database. Requests with
    /// the same need wait in one line.
    fn needs(&self, routing_key: &str) -> Need {
        let _ = routing_key;
        Need::Other("node")
    }

    /// Handles a request. It never fails and never panics: every failure is a verdict.
    fn handle<'a>(&'a self, incoming: Incoming<'a>) -> BoxFuture<'a, Verdict>;

    /// A request's body as it may be shown to people.
    fn shown<'a>(&self, routing_key: &str, body: &'a [u8]) -> Cow<'a, [u8]>;

    /// Reports its counts.
    fn collect(&self, samples: &mut Samples) {
        let _ = samples;
    }
}

/// The verdict on a failed request. If its client waits, the client gets the error; otherwise the request is tried
/// again or is dead.
#[must_use]
pub fn refused(error: Error, incoming: &Incoming<'_>, template_hash: Option<&'static str>) -> Verdict {
    if incoming.wants_reply {
        return Verdict::Reply(Reply::failed(error, template_hash, incoming.request_id));
    }
    let has_expired = error.code == ErrorCode::DeadlineExceeded && matches!(incoming.deadline, Ok(Some(_)));
    if error.retryable && !has_expired { Verdict::Retry(error) } else { Verdict::Dead(error) }
}
