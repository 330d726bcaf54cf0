//! The domains of the templates as a service: from an [`Incoming`] to its [`Verdict`], through the factory.
//!
//! It is the edge where the wire's strings become enums, once: `Incoming` → `Address` → `Request` → `Work`. It never
//! sees the bus.

mod body;

use std::{
    borrow::Cow,
    marker::PhantomData,
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use beds_core::{
    Context, Error, Factory, Outcome, Result, Runner,
    address::Address,
    error::shortened,
    mask,
    service::{Incoming, Reply, Service, Verdict, refused},
    settings::Limits,
    spec::Domain,
};
use beds_protocol::{Broker, ErrorCode, Lane, RoutingKey, topology::CONTENT_TYPE};
use futures_util::{FutureExt as _, future::BoxFuture};
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
        check_queue(&address, incoming)?;
        check_envelope(domain, incoming)?;
        let deadline = self.deadline(incoming.deadline)?;
        let (length, most) = (incoming.body.len(), self.limits.request_bytes_max);
        if length > most {
            let message = format!("the body has {length} bytes; the limit is {most}");
            return Err(Error::new(ErrorCode::TooLarge, message).hint("split it into several requests"));
        }
        let request = body::decode(domain, address.target, incoming.body)?;
        let cx = Context {
            runner: Arc::clone(&self.runner),
            limits: Arc::clone(&self.limits),
            deadline,
            request_id: incoming.request_id.into(),
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

    /// The moment by which the answer must be there.
    fn deadline(&self, unix_ms: std::result::Result<Option<i64>, ()>) -> Result<Instant> {
        let longest = self.limits.request_timeout_max_ms.duration();
        let left = match unix_ms {
            Ok(None) => self.limits.request_timeout_ms.duration(),
            Ok(Some(deadline)) => left_until(deadline)?,
            Err(()) => {
                let message = "the header `beds-deadline` is not an integer of Unix milliseconds";
                return Err(Error::new(ErrorCode::BadRequest, message));
            }
        };
        Ok(Instant::now() + left.min(longest))
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

/// How long it is until a moment in Unix milliseconds.
fn left_until(unix_ms: i64) -> Result<Duration> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let left = u64::try_from(unix_ms).ok().map(Duration::from_millis).and_then(|at| at.checked_sub(now));
    left.filter(|left| !left.is_zero()).ok_or_else(|| {
        let message = "the deadline had passed before the node took the request";
        Error::new(ErrorCode::DeadlineExceeded, message).hint("`beds-deadline` is in Unix milliseconds")
    })
}

/// Refuses what was put into a queue where it does not belong, and a read whose answer nobody waits for.
fn check_queue<T>(address: &Address<T>, incoming: &Incoming<'_>) -> Result<()> {
    if address.domain.placement.broker(address.lane) != incoming.broker {
        let (key, queue) = (incoming.routing_key, incoming.broker.queue());
        let message = format!("`{key}` is not routed to the queue `{queue}`");
        return Err(Error::new(ErrorCode::BadRequest, message)
            .hint("publish to the exchange `beds` and let the routing key choose the queue"));
    }
    if address.lane == Lane::Read && !incoming.wants_reply {
        return Err(Error::new(ErrorCode::BadRequest, "a read needs a `reply_to` for its answer"));
    }
    Ok(())
}

fn check_envelope(domain: &Domain, incoming: &Incoming<'_>) -> Result<()> {
    // A client that sends no type sends JSON; one that says something else is mistaken about the body.
    let is_json = |given: &str| {
        let essence = given.split(';').next().unwrap_or_default().trim();
        essence.eq_ignore_ascii_case(CONTENT_TYPE)
    };
    if let Some(other) = incoming.content_type.filter(|given| !is_json(given)) {
        let message = format!("the content type `{other}` is not {CONTENT_TYPE}");
        return Err(Error::new(ErrorCode::BadRequest, message));
    }
    let name = domain.name;
    match incoming.template_hash {
        Err(()) => Err(Error::new(ErrorCode::BadRequest, "the header `beds-template-hash` is not a string")
            .hint(format!("send the `hash` of `{name}.describe`, or leave the header out"))),
        Ok(Some(hash)) if hash != domain.hash => {
            let served = domain.hash;
            let hash = shortened(hash.to_owned(), HASH_CHARACTERS_MAX);
            let message =
                format!("the client has the hash `{hash}` of the template `{name}`; the node has `{served}`");
            Err(Error::new(ErrorCode::TemplateMismatch, message)
                .hint(format!("compare with `{name}.describe` and rebuild the client")))
        }
        Ok(_) => Ok(()),
    }
}

/// Of a fingerprint that is quoted: a true one has 16.
const HASH_CHARACTERS_MAX: usize = 64;

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
