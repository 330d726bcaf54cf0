//! The domains of the templates as a service: from an [`Incoming`] to its [`Verdict`], through the factory.
//!
//! Here the wire's strings become enums, once: `Incoming` → `Address` → `Request` → `Work`. This module never sees the
//! bus.

mod batch;
mod body;
mod elsewhere;
mod long;
mod meters;
mod method;

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    marker::PhantomData,
    panic::AssertUnwindSafe,
    sync::Arc,
    time::Instant,
};

use beds_core::{
    Claims, Context, Error, Factory, Outcome, Result, Runner, Work,
    access::{Caller, Rules, Standing},
    address::Address,
    entry::{self, Destination},
    extensions::Extensions,
    mask,
    meter::Samples,
    plan::{Asker, UNHEARD},
    position::Positions,
    service::{Incoming, Need, Reply, Service, Verdict, refused},
    settings::Limits,
    spec::{Domain, Engine},
    stages::Asked,
};
use beds_protocol::{BatchKey, Broker, ErrorCode, Lane, RoutingKey, tables::MESSAGE_ID_CHARACTERS_MAX};
use futures_util::{FutureExt as _, future::BoxFuture};
use sha2::{Digest as _, Sha256};
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::timeout_at,
};
use tracing::{Instrument as _, Span, debug, error, error_span, warn};

use self::{
    long::{LONG_BYTES, Long},
    meters::{Meters, Of},
};

/// What batches need: possibly several databases.
pub(crate) const BATCH: Need = Need::Other("batch");

/// The service of a node's domains.
#[derive(Debug)]
pub struct Domains<F> {
    runner: Arc<dyn Runner>,
    limits: Arc<Limits>,
    /// The rules for access.
    rules: Arc<Rules>,
    /// The extensions in the context of hand-written functions.
    extensions: Arc<Extensions>,
    /// The limits of a request without a listener for its reply: the reply may have any length.
    unheard: Arc<Limits>,
    /// The served domains. The factory knows all domains.
    served: Vec<&'static Domain>,
    /// Their names.
    names: HashSet<&'static str>,
    /// How many more items of batches may run at a time, by database and lane.
    places: HashMap<((Engine, &'static str), Lane), Semaphore>,
    /// Where requests with long bodies wait before decoding, by what they need.
    long: HashMap<Need, Long>,
    meters: Meters,
    factory: PhantomData<F>,
}

impl<F: Factory> Domains<F> {
    /// Serves these domains of the factory. `runner` runs their plans.
    #[must_use]
    pub fn new(served: Vec<&'static Domain>, runner: Arc<dyn Runner>, limits: Limits) -> Self {
        let at_once = limits.batch_items_at_once.min(Semaphore::MAX_PERMITS);
        let places = served.iter().flat_map(|domain| {
            Lane::ALL.iter().map(|&lane| ((domain.home(), lane), Semaphore::new(at_once)))
        });
        let long = served.iter().map(|domain| need(domain)).chain([BATCH]);
        let long = long.map(|needs| (needs, Long::default())).collect();
        let unheard = Arc::new(Limits { reply_bytes_max: UNHEARD, ..limits.clone() });
        Self {
            runner,
            places: places.collect(),
            long,
            limits: Arc::new(limits),
            rules: Arc::default(),
            extensions: Arc::default(),
            unheard,
            meters: Meters::new(&served),
            names: served.iter().map(|domain| domain.name).collect(),
            served,
            factory: PhantomData,
        }
    }

    /// The same service with these access rules. Without any rules, domains that declare no access are open.
    #[must_use]
    pub fn ruled_by(self, rules: Rules) -> Self {
        Self { rules: Arc::new(rules), ..self }
    }

    /// The same service with these extensions for hand-written functions.
    #[must_use]
    pub fn offering(self, extensions: Arc<Extensions>) -> Self {
        Self { extensions, ..self }
    }

    async fn answer(&self, incoming: Incoming<'_>) -> Verdict {
        let (since, mut of) = (Instant::now(), None);
        let run = AssertUnwindSafe(self.run(&incoming, &mut of)).catch_unwind().await;
        let body = run.unwrap_or_else(|_| Err(failed()));
        self.meters.request(of.as_ref(), body.as_ref().err().map(|error| error.code), since.elapsed());
        let domain = match of {
            Some(Of::Domain(domain, _)) => Some(domain),
            Some(Of::Batch(..)) | None => None,
        };
        let hash = domain.map(|domain| domain.hash);
        match body {
            Ok((body, position)) => Verdict::Reply(Reply::ok(hash, body).at(position)),
            Err(error) => {
                log(&error, (incoming.request_id, None), domain.map(|domain| domain.name));
                refused(elsewhere::as_long_as_it_may_wait(error, &incoming), &incoming, hash)
            }
        }
    }

    /// The body of the reply, and the position of the databases that the request has written to.
    async fn run(&self, incoming: &Incoming<'_>, of: &mut Option<Of>) -> Result<(Vec<u8>, Option<String>)> {
        if let Some(key) = BatchKey::parse(incoming.routing_key) {
            incoming.stages.address(key.service.as_str(), Asked::Batch(key.lane));
            *of = Some(Of::Batch(key.service, key.lane));
            return batch::answer(self, key, incoming).await;
        }
        let address = self.address(incoming)?;
        let domain = address.domain;
        let asked = Asked::Operation(address.target.operation());
        incoming.stages.address(domain.name, asked);
        *of = Some(Of::Domain(domain, asked));
        let to = Destination {
            name: domain.name,
            broker: domain.placement.broker(address.lane),
            lane: address.lane,
            hash: Some(domain.hash),
            earlier: domain.compatible_with,
        };
        let deadline = entry::admit(incoming, &to, &self.limits)?;
        self.serves(domain, incoming.broker.service())?;
        let _place = self.long(need(domain), incoming, deadline).await?;
        let request = body::decode(domain, address.target, incoming.body)?;
        let cx = self.context(incoming, address.lane, deadline).await?;
        let outcome = perform(&cx, address.lane, F::dispatch(address.template, &cx, request)).await;
        let outcome = outcome.map_err(|error| if domain.once { error } else { error.may_be_twice() })?;
        tell_unshown(&outcome, domain, incoming.request_id);
        let bytes_max = cx.limits.reply_bytes_max;
        let outcome = match address.lane {
            // The write is done. A duplicate may find a stored reply that is longer than the present limit.
            Lane::Write => outcome.fitting_of(domain, bytes_max),
            Lane::Read => outcome,
        };
        let reply = outcome.encode();
        if address.lane == Lane::Read && reply.len() > bytes_max {
            return Err(Error::reply_too_large(bytes_max));
        }
        Ok((reply, cx.positions.told()))
    }

    /// Waits until few other requests with long bodies are in progress: a decoded body takes many times its length.
    async fn long(
        &self,
        needs: Need,
        incoming: &Incoming<'_>,
        deadline: Instant,
    ) -> Result<Option<SemaphorePermit<'_>>> {
        match self.long.get(&needs) {
            Some(long) if incoming.body.len() > LONG_BYTES => long.place(deadline).await.map(Some),
            _ => Ok(None),
        }
    }

    /// The context of a request in this lane.
    async fn context(&self, incoming: &Incoming<'_>, lane: Lane, deadline: Instant) -> Result<Context> {
        // Most callers are known without a query, and a timer costs more than that.
        let known = if incoming.session == Ok(None) {
            self.rules.caller(incoming).await
        } else {
            let asked = timeout_at(deadline.into(), self.rules.caller(incoming)).await;
            asked.unwrap_or_else(|_| Err(Error::deadline()))
        };
        let caller = known?;
        Ok(Context {
            runner: Arc::clone(&self.runner),
            limits: Arc::clone(if incoming.wants_reply { &self.limits } else { &self.unheard }),
            deadline,
            asker: Asker::named(incoming.client),
            request_id: incoming.request_id.into(),
            traceparent: incoming.traceparent.map(Into::into),
            claims: claims(incoming, &caller, lane, Self::told)?.map(Arc::new),
            standing: Standing::new(caller, Arc::clone(&self.rules), incoming),
            positions: Arc::new(Positions::of(incoming.after)?),
            stages: Arc::clone(&incoming.stages),
            extensions: Arc::clone(&self.extensions),
        })
    }
}

impl<F: Factory> Domains<F> {
    /// The part of a body that goes into the digest of a write. Digests are stored, and must not help anybody to guess
    /// a password. So sensitive arguments of calls are left out.
    fn told<'a>(incoming: &Incoming<'a>) -> Cow<'a, [u8]> {
        let key = incoming.routing_key;
        let domain = |template: &str| {
            F::template(template).map(F::domain).filter(|domain| mask::takes_secrets(domain))
        };
        if BatchKey::parse(key).is_some() {
            return mask::batch_of(incoming.body, domain);
        }
        let of_call = key.split_once(".call.").and_then(|(template, _)| domain(template));
        of_call.map_or(Cow::Borrowed(incoming.body), |domain| mask::body(domain, incoming.body))
    }

    /// A batch in a form that may be shown. If no domain has sensitive fields, it is shown unchanged.
    fn shown_batch(body: &[u8]) -> Cow<'_, [u8]> {
        if !F::domains().into_iter().any(mask::has_sensitive) {
            return Cow::Borrowed(body);
        }
        mask::batch(body, |template| F::template(template).map(F::domain))
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
        keys.chain(batch::keys(&self.served)).collect()
    }

    fn accepts(&self, template: &str) -> bool {
        F::template(template).is_some()
    }

    fn needs(&self, routing_key: &str) -> Need {
        if BatchKey::parse(routing_key).is_some() {
            return BATCH;
        }
        match Address::parse::<F>(routing_key) {
            Ok(address) if self.names.contains(address.domain.name) => need(address.domain),
            Ok(_) | Err(_) => Need::TEMPLATE,
        }
    }

    fn handle<'a>(&'a self, incoming: Incoming<'a>) -> BoxFuture<'a, Verdict> {
        Box::pin(self.answer(incoming))
    }

    fn shown<'a>(&self, routing_key: &str, body: &'a [u8]) -> Cow<'a, [u8]> {
        if BatchKey::parse(routing_key).is_some() {
            return Self::shown_batch(body);
        }
        let template = routing_key.split('.').next().and_then(F::template);
        template.map_or(Cow::Borrowed(body), |template| mask::body(F::domain(template), body))
    }

    fn collect(&self, samples: &mut Samples) {
        self.meters.collect(samples);
    }
}

/// What the requests to a domain need.
pub(crate) const fn need(domain: &Domain) -> Need {
    let (engine, name) = domain.home();
    Need::Database(engine, name)
}

/// The claims that make the writes of a request happen once: its `message_id`, and a digest of its content.
fn claims<'a>(
    incoming: &Incoming<'a>,
    caller: &Caller,
    lane: Lane,
    told: impl FnOnce(&Incoming<'a>) -> Cow<'a, [u8]>,
) -> Result<Option<Claims>> {
    let Some(message_id) = incoming.message_id.filter(|_| lane == Lane::Write) else { return Ok(None) };
    if message_id.is_empty() {
        return Err(Error::new(ErrorCode::BadRequest, "the `message_id` is empty")
            .hint("use a UUID, or leave it out where the write may be done more than once"));
    }
    let length = message_id.chars().count();
    if length > MESSAGE_ID_CHARACTERS_MAX.into() {
        let message =
            format!("the `message_id` has {length} characters; the limit is {MESSAGE_ID_CHARACTERS_MAX}");
        return Err(Error::new(ErrorCode::BadRequest, message).hint("use a UUID"));
    }
    let digest =
        Sha256::new().chain_update(incoming.routing_key).chain_update([0]).chain_update(told(incoming));
    Ok(Some(Claims::new(caller.ledger_name(), message_id.to_owned(), digest.finalize().into())))
}

/// Runs the work of a request, or of an item of a batch. Log lines written meanwhile have the request's id.
async fn perform(cx: &Context, lane: Lane, work: Result<Work>) -> Result<Outcome> {
    let work = work?;
    let is_method = match &work {
        Work::Done(_) => return cx.run(Ok(work)).await,
        Work::Plan(_) => false,
        Work::Method(_) => true,
    };
    let running = cx.run(Ok(work)).instrument(span(cx));
    if is_method { method::ended(cx, lane, running).await } else { running.await }
}

/// The span that adds the request's id to log lines.
fn span(cx: &Context) -> Span {
    // At a level that every filter lets through, because each line inside it needs the id.
    error_span!("request", request_id = &*cx.request_id)
}

/// Logs the values that a reply cannot show.
fn tell_unshown(outcome: &Outcome, domain: &Domain, request_id: &str) {
    if let Some(unshown) = &outcome.unshown {
        warn!(request_id, template = domain.name, "{unshown}");
    }
}

/// The error for a request whose operation panicked.
fn failed() -> Error {
    Error::internal("the operation failed unexpectedly").hint("the node's log has the details")
}

/// Logs a failure for the operator. For a batch, with the place of the item.
fn log(error: &Error, (request_id, item): (&str, Option<usize>), template: Option<&'static str>) {
    match error.code {
        ErrorCode::Internal => error!(request_id, item, template, "{error}"),
        ErrorCode::Unavailable | ErrorCode::Overloaded => warn!(request_id, item, template, "{error}"),
        _ => debug!(request_id, item, "{error}"),
    }
}

#[cfg(test)]
mod tests;
