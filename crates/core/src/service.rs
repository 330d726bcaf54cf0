//! [`Service`]: what stands between the broker pool and the work. The pool knows services and nothing of domains.

use std::{borrow::Cow, fmt, sync::Arc, time::Duration};

use beds_protocol::{Broker, Engine, ErrorCode};
use futures_util::future::BoxFuture;

use crate::{error::Error, meter::Samples, stages::Stages};

/// A request as it came from the bus: its properties are read, its body is not.
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
    /// The moment after which no answer is wanted, in Unix milliseconds; `Err` when the header is no number.
    pub deadline: Result<Option<i64>, ()>,
    /// How long it may lie in its queue.
    pub expiration: Option<Duration>,
    /// When it was sent, in Unix seconds, where it tells.
    pub timestamp: Option<u64>,
    /// The fingerprint of the template that the client was built for; `Err` when the header is no text.
    pub template_hash: Result<Option<&'a str>, ()>,
    /// Where databases must be for what it reads; `Err` when the header is no text.
    pub after: Result<Option<&'a str>, ()>,
    /// Names the request in logs and error replies.
    pub request_id: &'a str,
    /// The client's id of the request, which makes a write happen once.
    pub message_id: Option<&'a str>,
    /// The user for whom RabbitMQ vouches.
    pub user_id: Option<&'a str>,
    /// The token of the caller's session; `Err` when the header is no text.
    pub session: Result<Option<&'a str>, ()>,
    /// Who shares the node with others: the user, or where there is none, the reply queue.
    pub client: &'a str,
    /// The W3C trace context, where it has the form of one.
    pub traceparent: Option<&'a str>,
    /// Whether the client waits for a reply.
    pub wants_reply: bool,
    /// Hears where the time of the request goes.
    pub stages: Arc<Stages>,
    /// The body.
    pub body: &'a [u8],
}

/// What becomes of a request.
#[derive(Debug)]
pub enum Verdict {
    /// It is answered; where no reply is wanted, it is done.
    Reply(Reply),
    /// It is done, and nothing is to be said.
    Done,
    /// It cannot be done now, and nobody waits for an answer: it is tried again later.
    Retry(Error),
    /// It can never be done, and nobody waits for an answer: it goes to the dead letters.
    Dead(Error),
}

/// What is sent back.
#[derive(Debug)]
pub struct Reply {
    /// `ok`, or the error code.
    pub status: &'static str,
    /// The fingerprint of the template that answered.
    pub template_hash: Option<&'static str>,
    /// Where the databases are that the request has written into.
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

    /// The same, which says where the databases are that the request has written into.
    #[must_use]
    pub fn at(self, position: Option<String>) -> Self {
        Self { position, ..self }
    }

    /// The reply that says why a request failed.
    #[must_use]
    pub fn failed(error: Error, template_hash: Option<&'static str>, request_id: &str) -> Self {
        let status = error.code.as_str();
        Self { status, template_hash, position: None, body: error.into_reply(request_id) }
    }
}

/// What requests wait for while they cannot be done. Its text is part of the name of the queue in which they wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Need {
    /// What has this name and is no database.
    Other(&'static str),
    /// A database: two engines may each have one of a name.
    Database(Engine, &'static str),
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
/// One service answers the templates' domains; others stand beside it. A broker's queue may hold requests to several:
/// each is handled by the first whose [`Service::accepts`] says so.
pub trait Service: Send + Sync + 'static {
    /// The routing keys that it serves, each with the broker in whose queue its requests wait.
    fn keys(&self) -> Vec<(Broker, String)>;

    /// Whether requests to this template are its own, served or not.
    fn accepts(&self, template: &str) -> bool;

    /// What requests with this routing key wait for while they cannot be done, such as a database: those that wait for one
    /// thing wait in one line.
    fn needs(&self, routing_key: &str) -> Need {
        let _ = routing_key;
        Need::Other("node")
    }

    /// Handles a request. It never fails and never panics: whatever goes wrong is a verdict.
    fn handle<'a>(&'a self, incoming: Incoming<'a>) -> BoxFuture<'a, Verdict>;

    /// A request's body as it may be shown to people.
    fn shown<'a>(&self, routing_key: &str, body: &'a [u8]) -> Cow<'a, [u8]>;

    /// Tells what it has counted.
    fn collect(&self, samples: &mut Samples) {
        let _ = samples;
    }
}

/// The verdict on a request that failed: who waits gets the error, else it is tried again or dead.
#[must_use]
pub fn refused(error: Error, incoming: &Incoming<'_>, template_hash: Option<&'static str>) -> Verdict {
    if incoming.wants_reply {
        return Verdict::Reply(Reply::failed(error, template_hash, incoming.request_id));
    }
    let has_expired = error.code == ErrorCode::DeadlineExceeded && matches!(incoming.deadline, Ok(Some(_)));
    if error.retryable && !has_expired { Verdict::Retry(error) } else { Verdict::Dead(error) }
}
