//! From the bytes of a request to the bytes of its reply, without a broker: the edge where the wire's strings
//! become enums, and the way through the factory and back.
//!
//! This module never sees `lapin`; the broker pool builds an [`Incoming`] and publishes the [`Answer`].

use std::{borrow::Cow, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use beds_protocol::{
    Broker, DescribeRequest, ErrorCode, Lane, Operation, RoutingKey, topology::CONTENT_TYPE,
};
use futures_util::FutureExt;
use serde::de::DeserializeOwned;
use tokio::time::Instant;
use tracing::{debug, error, warn};

use crate::{
    adapters::Engines,
    config::Limits,
    context::Context,
    core::{Factory, Request, Result},
    error::{Error, shortened},
    mask,
    outcome::{Outcome, encode_error},
    spec::Domain,
};

/// A request as it came from the bus.
#[derive(Debug)]
pub struct Incoming<'a> {
    /// The broker whose queue it was taken from.
    pub broker: Broker,
    /// `<template>.<operation>`
    pub routing_key: &'a str,
    /// The body's declared type.
    pub content_type: Option<&'a str>,
    /// The moment after which no answer is wanted, in Unix milliseconds; `Err` when the header is no number.
    pub deadline: std::result::Result<Option<i64>, ()>,
    /// The fingerprint of the template that the client was built for; `Err` when the header is no text.
    pub template_hash: std::result::Result<Option<&'a str>, ()>,
    /// Names the request in logs and error replies.
    pub request_id: String,
    /// The body.
    pub body: &'a [u8],
}

/// What to send back.
#[derive(Debug)]
pub struct Answer {
    /// `ok`, or the error code.
    pub status: &'static str,
    /// The fingerprint of the template that answered.
    pub template_hash: Option<&'static str>,
    /// The reply's body.
    pub body: Vec<u8>,
    /// The failure, where it is one.
    pub error: Option<Error>,
}

/// What all requests of a node share.
#[derive(Debug, Clone)]
pub struct Dispatcher {
    engines: Arc<Engines>,
    limits: Arc<Limits>,
}

impl Dispatcher {
    /// A dispatcher to these databases.
    #[must_use]
    pub fn new(engines: Arc<Engines>, limits: Limits) -> Self {
        Self { engines, limits: Arc::new(limits) }
    }

    /// A request's body as it may be shown to people.
    #[must_use]
    pub fn shown<'a, F: Factory>(routing_key: &str, body: &'a [u8]) -> Cow<'a, [u8]> {
        let template = routing_key.split('.').next().and_then(F::template);
        template.map_or(Cow::Borrowed(body), |template| mask::body(F::domain(template), body))
    }

    /// Answers a request. It never fails and never panics: whatever goes wrong is an error reply.
    pub async fn answer<F: Factory>(&self, incoming: Incoming<'_>) -> Answer {
        let request_id = incoming.request_id.clone();
        let mut hash = None;
        let run = AssertUnwindSafe(self.run::<F>(incoming, &mut hash)).catch_unwind().await;
        let result = run.unwrap_or_else(|_| {
            Err(Error::internal("the operation failed unexpectedly").hint("the node's log tells more"))
        });
        match result.and_then(|outcome| self.encode(&outcome)) {
            Ok(body) => Answer { status: "ok", template_hash: hash, body, error: None },
            Err(error) => failed(error, hash, &request_id),
        }
    }

    async fn run<F: Factory>(&self, incoming: Incoming<'_>, hash: &mut Option<&'static str>) -> Result {
        let Incoming { broker, routing_key, content_type, deadline, template_hash, request_id, body } =
            incoming;
        let RoutingKey { template: name, operation } = RoutingKey::parse(routing_key)?;
        let template = F::template(name).ok_or_else(|| {
            Error::new(ErrorCode::UnknownTemplate, format!("no template `{name}` is served here"))
        })?;
        let domain = F::domain(template);
        *hash = Some(domain.hash);
        let lane = lane(domain, &operation)?;
        if domain.placement.broker(lane) != broker {
            return Err(Error::new(
                ErrorCode::BadRequest,
                format!("`{routing_key}` does not belong in the queue `{}`", broker.queue()),
            )
            .hint("publish to the exchange `beds` and let the routing key choose the queue"));
        }
        check_envelope(domain, content_type, template_hash)?;
        let deadline = self.deadline(deadline)?;
        if body.len() > self.limits.request_bytes_max {
            return Err(Error::new(
                ErrorCode::TooLarge,
                format!("the body has {} bytes; {} is the limit", body.len(), self.limits.request_bytes_max),
            )
            .hint("send several requests"));
        }
        let request = decode(operation, body)?;
        let cx = Context {
            engines: Arc::clone(&self.engines),
            limits: Arc::clone(&self.limits),
            deadline,
            request_id,
            lane,
        };
        F::dispatch(template, &cx, request).await
    }

    /// The moment by which the answer must be there.
    fn deadline(&self, unix_ms: std::result::Result<Option<i64>, ()>) -> Result<Instant> {
        let now = Instant::now();
        let longest = self.limits.request_timeout_max_ms.duration();
        let left = match unix_ms {
            Ok(None) => self.limits.request_timeout_ms.duration(),
            Ok(Some(deadline)) => {
                let left = i128::from(deadline) - unix_ms_now();
                Duration::from_millis(u64::try_from(left).ok().filter(|&left| left > 0).ok_or_else(|| {
                    Error::new(
                        ErrorCode::DeadlineExceeded,
                        "the deadline had passed when the request was taken",
                    )
                    .hint("`beds-deadline` is in Unix milliseconds")
                })?)
            }
            Err(()) => {
                return Err(Error::new(
                    ErrorCode::BadRequest,
                    "the header `beds-deadline` is not an integer of Unix milliseconds",
                ));
            }
        };
        Ok(now + left.min(longest))
    }

    fn encode(&self, outcome: &Outcome) -> Result<Vec<u8>> {
        let body = outcome.encode();
        if body.len() > self.limits.reply_bytes_max {
            return Err(Error::new(
                ErrorCode::TooLarge,
                format!("the reply has {} bytes; {} is the limit", body.len(), self.limits.reply_bytes_max),
            )
            .hint("ask for fewer records or fields"));
        }
        Ok(body)
    }
}

/// The error reply to a request.
#[must_use]
pub fn failed(error: Error, template_hash: Option<&'static str>, request_id: &str) -> Answer {
    match error.code {
        ErrorCode::Internal => error!(request_id, "{error}"),
        ErrorCode::Unavailable | ErrorCode::Overloaded => warn!(request_id, "{error}"),
        _ => debug!(request_id, "{error}"),
    }
    let body = encode_error(&error.clone().into_body(request_id));
    Answer { status: error.code.as_str(), template_hash, body, error: Some(error) }
}

/// The lane of an operation in its domain.
fn lane(domain: &'static Domain, operation: &Operation) -> Result<Lane> {
    match operation {
        Operation::Call(name) => {
            let call = domain.call(name).ok_or_else(|| Error::not_offered(domain, &operation.to_string()))?;
            Ok(call.lane)
        }
        Operation::Fetch | Operation::Count | Operation::Describe => Ok(Lane::Read),
        Operation::Create | Operation::Update | Operation::Delete => Ok(Lane::Write),
    }
}

fn check_envelope(
    domain: &Domain,
    content_type: Option<&str>,
    template_hash: std::result::Result<Option<&str>, ()>,
) -> Result<()> {
    // A client that sends no type sends JSON; one that says something else is mistaken about the body.
    let is_json = |given: &str| {
        let essence = given.split(';').next().unwrap_or_default().trim();
        essence.eq_ignore_ascii_case(CONTENT_TYPE)
    };
    if let Some(other) = content_type.filter(|given| !is_json(given)) {
        return Err(Error::new(
            ErrorCode::BadRequest,
            format!("the content type `{other}` is not {CONTENT_TYPE}"),
        ));
    }
    match template_hash {
        Err(()) => Err(Error::new(ErrorCode::BadRequest, "the header `beds-template-hash` is not a text")
            .hint(format!("send the `hash` of `{}.describe`, or leave the header out", domain.name))),
        Ok(Some(hash)) if hash != domain.hash => Err(Error::new(
            ErrorCode::TemplateMismatch,
            format!(
                "the client was built for `{}` as {hash}, and the node serves {}",
                domain.name, domain.hash
            ),
        )
        .hint(format!("compare with `{}.describe` and build the client again", domain.name))),
        Ok(_) => Ok(()),
    }
}

/// Reads the body that an operation takes.
///
/// # Errors
/// `bad_request`, naming the place in the body.
pub fn decode(operation: Operation, body: &[u8]) -> Result<Request> {
    Ok(match operation {
        Operation::Fetch => Request::Fetch(read(body)?),
        Operation::Count => Request::Count(read(body)?),
        Operation::Create => Request::Create(read(body)?),
        Operation::Update => Request::Update(read(body)?),
        Operation::Delete => Request::Delete(read(body)?),
        // The shortest request of all needs no body.
        Operation::Describe if body.is_empty() => Request::Describe(DescribeRequest {}),
        Operation::Describe => Request::Describe(read(body)?),
        Operation::Call(name) => Request::Call(name, read(body)?),
    })
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T> {
    // A struct would be read from an array too, by position: only an object is a request.
    let is_object = body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
    // The common case parses once; only a refused body is parsed again, for the path to the mistake.
    if let (true, Ok(request)) = (is_object, serde_json::from_slice(body)) {
        return Ok(request);
    }
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let bad =
        |message: String| Err(Error::new(ErrorCode::BadRequest, shortened(message, MESSAGE_CHARACTERS_MAX)));
    if !is_object && serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok() {
        return bad("the body is not a JSON object".into());
    }
    if body.iter().all(u8::is_ascii_whitespace) {
        return bad("the body is empty: it must be a JSON object".into());
    }
    match serde_path_to_error::deserialize::<_, T>(&mut deserializer) {
        Ok(_) => bad("the body has something after its JSON object".into()),
        Err(error) => {
            // Where a key itself cannot be read, its place in the path is a `?`.
            let path = error.path().to_string();
            let path = path.trim_end_matches('?').trim_end_matches('.');
            let place = if path.is_empty() { String::new() } else { format!(" at `{path}`") };
            bad(format!("the body cannot be read{place}: {}", in_terms_of_json(&error.into_inner())))
        }
    }
}

/// What is wrong with a body, for people who do not know the types that it is read into.
fn in_terms_of_json(error: &serde_json::Error) -> String {
    [
        ("expected u32", "expected an integer from 0 to 4294967295"),
        ("expected i64", "expected an integer"),
        ("expected a sequence", "expected an array"),
        ("expected a map", "expected an object"),
        ("there are no fields", "it has no members"),
    ]
    .into_iter()
    .fold(error.to_string(), |message, (ours, theirs)| message.replace(ours, theirs))
}

/// Of a message that quotes the body.
const MESSAGE_CHARACTERS_MAX: usize = 400;

fn unix_ms_now() -> i128 {
    let nanoseconds = time::OffsetDateTime::now_utc().unix_timestamp_nanos();
    nanoseconds / 1_000_000
}
