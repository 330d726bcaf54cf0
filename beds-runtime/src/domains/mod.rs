//! The domains of the templates as a service: from an [`Incoming`] to its [`Verdict`], through the factory.
//!
//! It is the edge where the wire's strings become enums, once: `Incoming` → `Address` → `Request` → `Work`. It never
//! sees the bus.

mod body;

use std::{borrow::Cow, marker::PhantomData, panic::AssertUnwindSafe, sync::Arc};

use beds_core::{
    Claims, Context, Error, Factory, Outcome, Result, Runner,
    address::Address,
    entry::{self, Destination},
    mask,
    service::{Incoming, Reply, Service, Verdict, refused},
    settings::Limits,
    spec::Domain,
};
use beds_protocol::{Broker, ErrorCode, Lane, RoutingKey, tables::MESSAGE_ID_CHARACTERS_MAX};
use futures_util::{FutureExt as _, future::BoxFuture};
use sha2::{Digest as _, Sha256};
use tracing::{debug, error, warn};

/// The service of a node's domains.
#[derive(Debug)]
pub struct Domains<F> {
    runner: Arc<dyn Runner>,
    limits: Arc<Limits>,
    /// Those that are served; the factory knows them all.
    served: Vec<&'static Domain>,
    factory: PhantomData<F>,
}

impl<F: Factory> Domains<F> {
    /// Serves these of the factory's domains, by what runs their plans.
    #[must_use]
    pub fn new(served: Vec<&'static Domain>, runner: Arc<dyn Runner>, limits: Limits) -> Self {
        Self { runner, limits: Arc::new(limits), served, factory: PhantomData }
    }

    async fn answer(&self, incoming: Incoming<'_>) -> Verdict {
        let mut hash = None;
        let run = AssertUnwindSafe(self.run(&incoming, &mut hash)).catch_unwind().await;
        let outcome = run.unwrap_or_else(|_| {
            Err(Error::internal("the operation failed unexpectedly").hint("the node's log has the details"))
        });
        match outcome {
            Ok(outcome) => Verdict::Reply(Reply::ok(hash, outcome.encode())),
            Err(error) => {
                log(&error, incoming.request_id);
                refused(error, &incoming, hash)
            }
        }
    }

    async fn run(&self, incoming: &Incoming<'_>, hash: &mut Option<&'static str>) -> Result<Outcome> {
        let address = Address::parse::<F>(incoming.routing_key)?;
        let domain = address.domain;
        *hash = Some(domain.hash);
        let to = Destination {
            name: domain.name,
            broker: domain.placement.broker(address.lane),
            lane: address.lane,
            hash: Some(domain.hash),
        };
        let deadline = entry::admit(incoming, &to, &self.limits)?;
        let request = body::decode(domain, address.target, incoming.body)?;
        let cx = Context {
            runner: Arc::clone(&self.runner),
            limits: Arc::clone(&self.limits),
            deadline,
            request_id: incoming.request_id.into(),
            claims: claims(incoming, address.lane)?.map(Arc::new),
        };
        let outcome = cx.run(F::dispatch(address.template, &cx, request)).await?;
        // A write has been bounded before its commit.
        if let Some(unshown) = &outcome.unshown {
            warn!(request_id = incoming.request_id, template = address.domain.name, "{unshown}");
        }
        if outcome.size() > self.limits.reply_bytes_max {
            return Err(Error::reply_too_large(self.limits.reply_bytes_max));
        }
        Ok(outcome)
    }
}

impl<F: Factory> Service for Domains<F> {
    fn keys(&self) -> Vec<(Broker, String)> {
        let keys = self.served.iter().flat_map(|domain| {
            domain.operations().map(|(operation, lane)| {
                let key = RoutingKey { template: domain.name, operation };
                (domain.placement.broker(lane), key.to_string())
            })
        });
        keys.collect()
    }

    fn accepts(&self, template: &str) -> bool {
        F::template(template).is_some()
    }

    fn handle<'a>(&'a self, incoming: Incoming<'a>) -> BoxFuture<'a, Verdict> {
        Box::pin(self.answer(incoming))
    }

    fn shown<'a>(&self, routing_key: &str, body: &'a [u8]) -> Cow<'a, [u8]> {
        let template = routing_key.split('.').next().and_then(F::template);
        template.map_or(Cow::Borrowed(body), |template| mask::body(F::domain(template), body))
    }
}

/// What makes the writes of a request happen once: its `message_id`, and a digest of what it asks.
fn claims(incoming: &Incoming<'_>, lane: Lane) -> Result<Option<Claims>> {
    let Some(message_id) = incoming.message_id.filter(|_| lane == Lane::Write) else { return Ok(None) };
    let length = message_id.chars().count();
    if length > MESSAGE_ID_CHARACTERS_MAX.into() {
        let message =
            format!("the `message_id` has {length} characters; the limit is {MESSAGE_ID_CHARACTERS_MAX}");
        return Err(Error::new(ErrorCode::BadRequest, message).hint("use a UUID"));
    }
    let digest =
        Sha256::new().chain_update(incoming.routing_key).chain_update([0]).chain_update(incoming.body);
    let user = incoming.user_id.unwrap_or_default().to_owned();
    Ok(Some(Claims::new(user, message_id.to_owned(), digest.finalize().into())))
}

/// What a failure is to the node itself.
fn log(error: &Error, request_id: &str) {
    match error.code {
        ErrorCode::Internal => error!(request_id, "{error}"),
        ErrorCode::Unavailable | ErrorCode::Overloaded => warn!(request_id, "{error}"),
        _ => debug!(request_id, "{error}"),
    }
}

#[cfg(test)]
mod tests;
