//! The handling of one delivery: it is answered, put aside, or becomes a dead letter.
//!
//! **A request that cannot run now and wants no answer** waits here for a moment, if only a few do. Otherwise it is put
//! aside (`aside`), so that it holds nothing up; `waiting` continues with it.
//!
//! **A message that may end the node** is recognized by RabbitMQ's count of deliveries. A message that was delivered
//! several times moves to a queue that delivers one message at a time. There it runs beside all other requests at
//! first. Once nodes have ended with it there as well, nothing else runs beside it. Only a message that is delivered
//! again and again there becomes a dead letter. So a message that merely was on a node that ended is done in the end,
//! however often that happened.

use std::{future::Future, pin::pin, sync::Arc, time::Duration};

use beds_core::{
    backoff::Backoff,
    error::Error,
    service::{Incoming, Need, Verdict},
    stages::{Stages, Tracer},
    traced,
};
use beds_protocol::{Broker, topology::QueueKind};
use lapin::{Channel, message::Delivery, types::ShortString};
use tokio::{
    sync::Semaphore,
    time::{Instant, sleep, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, Span, debug, info_span};

use crate::{
    aside::{self, Restored, Sought},
    envelope,
    error::BusError,
    hosting::{self, Shared},
    outlet::Outlet,
    slow::Answered,
};

/// The span around the handling of records that nodes send of themselves. Events in this span must not be sent again.
pub const INGEST_SPAN: &str = "ingest";

/// The first and the longest pause between two tries of a request that cannot run now.
pub(crate) const DELAY_MIN: Duration = Duration::from_millis(100);
pub(crate) const DELAY_MAX: Duration = Duration::from_secs(5);

/// How often a request is tried in place before it is put aside, and how many such requests an instance holds.
pub(crate) const TRIES_MAX: u32 = 4;
const HELD_MAX: usize = 8;
/// After this many deliveries a message is put aside as suspect. After this many there, it runs alone.
const SUSPECT_AFTER: u64 = 3;
/// How long a suspect waits for the others to end, before it runs beside them; and how long the others wait for it.
const SOLITUDE: Duration = Duration::from_secs(2);
/// A message that was delivered before waits for this moment, while suspects are put aside.
const SUSPICION: Duration = Duration::from_millis(200);

/// Which queue of a broker deliveries come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// The broker's own queue.
    Requests,
    /// The queue of requests that wait for this need.
    Waiting(Need),
    /// The queue of messages that run alone.
    Alone,
}

impl Source {
    pub(crate) fn queue(self, broker: Broker) -> String {
        match self {
            Self::Requests => broker.queue().to_owned(),
            Self::Waiting(needs) => hosting::waiting(broker, needs),
            Self::Alone => hosting::alone(broker),
        }
    }
}

/// What handling a delivery takes.
pub(crate) struct Handler {
    pub(crate) broker: Broker,
    pub(crate) source: Source,
    /// The delivery's own channel, for replies and acknowledgements.
    pub(crate) channel: Channel,
    /// For dead letters.
    pub(crate) letters: Outlet,
    /// For copies of requests that are put aside.
    pub(crate) aside: Outlet,
    /// For replies that RabbitMQ may refuse for their size.
    pub(crate) large: Outlet,
    /// Places for requests that are tried again in place.
    held: Semaphore,
    /// Places for dead letters that are tried again in place.
    pub(crate) held_dead: Semaphore,
    pub(crate) shared: Arc<Shared>,
}

/// The end of a delivery's handling.
pub(crate) enum Settled {
    /// The delivery may be acknowledged.
    Done(u64),
    /// The delivery may be acknowledged, since a copy of it waits.
    Waits(u64),
    /// The delivery stays in the queue: it could not be handled.
    Left,
}

/// The judgement of a message that was delivered before.
enum Suspicion {
    None,
    Settled(Settled),
    /// The message ends nodes.
    Confirmed(Error),
}

impl Handler {
    /// For a channel with this prefetch.
    pub(crate) fn new(
        broker: Broker,
        source: Source,
        channel: Channel,
        prefetch: u16,
        shared: Arc<Shared>,
    ) -> Self {
        let outlet = || Outlet::new(shared.publishing.subscribe());
        let (letters, aside, large) = (outlet(), outlet(), outlet());
        let held_dead = Semaphore::new(usize::from(prefetch / 2).max(1));
        Self {
            broker,
            source,
            channel,
            letters,
            aside,
            large,
            held: Semaphore::new(HELD_MAX),
            held_dead,
            shared,
        }
    }

    /// Handles a delivery.
    pub(crate) async fn handle(
        self: Arc<Self>,
        delivery: Delivery,
        stop: CancellationToken,
    ) -> Result<Settled, BusError> {
        // A failure while a log event is handled must not become a log event.
        let span = if self.broker.is_ingest() { info_span!(INGEST_SPAN) } else { Span::none() };
        // Reads are lost with their node, whatever the type of their queue.
        let deliveries = match self.broker.kind() {
            QueueKind::Classic => 0,
            QueueKind::Quorum => aside::deliveries(&delivery.properties),
        };
        let (delivery, sought) = self.as_it_was(delivery);
        self.work_off((&delivery, sought), deliveries, &stop).instrument(span).await
    }

    /// The original request of a delivery that is a copy, and since when it waits for another node.
    fn as_it_was(&self, mut delivery: Delivery) -> (Delivery, Option<Sought>) {
        if self.source != Source::Requests
            && let Some(Restored { properties, routing_key, exchange, sought }) =
                aside::restored(&delivery.properties, &self.shared.users)
        {
            delivery.properties = properties;
            delivery.routing_key = routing_key;
            delivery.exchange = exchange;
            return (delivery, sought);
        }
        (delivery, None)
    }

    async fn work_off(
        &self,
        (delivery, mut sought): (&Delivery, Option<Sought>),
        deliveries: u64,
        stop: &CancellationToken,
    ) -> Result<Settled, BusError> {
        let service = self.shared.service(delivery.routing_key.as_str());
        let request_id = envelope::request_id(&delivery.properties);
        let waited = envelope::waited(&delivery.properties);
        let meter = self.shared.meter.queue(self.broker);
        // A request that was put aside has been counted with its wait before.
        let first = waited.filter(|_| self.source == Source::Requests);
        let _held = meter.map(|meter| meter.begin(delivery.redelivered, first));
        let named = (delivery, request_id.as_ref());
        let stages = Arc::new(Stages::new(waited, self.span(named)));
        let reply_to = match envelope::reply_to(&delivery.properties, &self.shared.amqp.reply_to_prefixes) {
            Ok(reply_to) => reply_to,
            Err(error) => return Ok(self.give_up(service, named, error, stop).await),
        };
        if deliveries > 0 {
            match self.suspect((delivery, sought), deliveries, stop).await {
                Suspicion::None => {}
                Suspicion::Settled(settled) => return Ok(settled),
                Suspicion::Confirmed(error) => return Ok(self.give_up(service, named, error, stop).await),
            }
        }
        if reply_to.is_some() {
            tokio::select! {
                biased;
                () = self.shared.until_replies_are_allowed() => {}
                () = stop.cancelled() => return Ok(Settled::Left),
            }
        }
        let mut backoff = Backoff::new(DELAY_MIN, DELAY_MAX);
        let (mut tries, mut place) = (0, None);
        loop {
            let wants_reply = reply_to.is_some();
            let incoming = Incoming {
                sought_for: sought.map(Sought::lasts),
                ..envelope::incoming(self.broker, delivery, &request_id, wants_reply, &stages)
            };
            match self.in_turn(deliveries, service.handle(incoming)).await {
                Verdict::Reply(reply) => {
                    let since = Instant::now();
                    let status = match reply_to {
                        Some(queue) => {
                            let _traced = traced!(stages.span(), "reply");
                            self.reply(named, queue, &reply).await?
                        }
                        None => reply.status,
                    };
                    self.answered(named, &stages, status, since.elapsed());
                    return Ok(Settled::Done(delivery.delivery_tag));
                }
                Verdict::Done => {
                    self.answered(named, &stages, "ok", Duration::ZERO);
                    return Ok(Settled::Done(delivery.delivery_tag));
                }
                Verdict::Dead(error) => {
                    self.answered(named, &stages, error.code.as_str(), Duration::ZERO);
                    return Ok(self.give_up(service, named, error, stop).await);
                }
                Verdict::Retry(error) => {
                    meter.inspect(|meter| meter.retried.count());
                    let routing_key = delivery.routing_key.as_str();
                    debug!(request_id = request_id.as_ref(), routing_key, "retried later: {error}");
                    // Time that it has waited for a database does not count.
                    sought = error.is_of_this_node().then(|| sought.unwrap_or_else(Sought::now));
                }
            }
            let needs = Source::Waiting(service.needs(delivery.routing_key.as_str()));
            if let Source::Waiting(_) = self.source {
                return Ok(self.wait_on((delivery, sought), needs).await);
            }
            tries += 1;
            place = place.take().or_else(|| self.held.try_acquire().ok());
            if (place.is_none() || tries >= TRIES_MAX)
                && self.broker.kind() == QueueKind::Quorum
                && self.put_aside((delivery, sought), needs).await
            {
                return Ok(Settled::Done(delivery.delivery_tag));
            }
            if !wait(&mut backoff, stop).await {
                return Ok(Settled::Left);
            }
        }
    }

    /// A request that was put aside goes behind all others. One that waited for another node, and that this node can do,
    /// now waits for what this node needs for it, where it holds up no other template. The way back does not exist, so
    /// no request goes round between two nodes.
    async fn wait_on(&self, waiting: (&Delivery, Option<Sought>), needs: Source) -> Settled {
        let to = if self.source == Source::Waiting(Need::TEMPLATE) { needs } else { self.source };
        let tag = waiting.0.delivery_tag;
        match self.put_aside(waiting, to).await {
            true if to == self.source => Settled::Waits(tag),
            true => Settled::Done(tag),
            false => Settled::Left,
        }
    }

    /// Handles a request, beside all others or alone. A message that is suspected for the first time may only have been
    /// with another that ended its node. Such messages run beside the others, one after another. A message runs alone
    /// once nodes have ended with it again.
    async fn in_turn(&self, deliveries: u64, handling: impl Future<Output = Verdict>) -> Verdict {
        if self.source == Source::Alone && deliveries >= SUSPECT_AFTER {
            // All other requests wait meanwhile, but not for long ones.
            let alone = timeout(SOLITUDE, self.shared.alone.write()).await;
            if let Ok(alone) = alone {
                let mut handling = pin!(handling);
                if let Ok(verdict) = timeout(SOLITUDE, &mut handling).await {
                    return verdict;
                }
                // A message that ends its node does so soon. One that waits, such as for its database, lets the others
                // go on.
                let _beside = alone.downgrade();
                return handling.await;
            }
        }
        let _beside = self.shared.alone.read().await;
        handling.await
    }

    /// Judges a message that was delivered before: the node that had it may have ended over it.
    async fn suspect(
        &self,
        (delivery, sought): (&Delivery, Option<Sought>),
        deliveries: u64,
        stop: &CancellationToken,
    ) -> Suspicion {
        if self.source == Source::Alone {
            if deliveries < u64::from(self.shared.amqp.delivery_attempts_max) {
                return Suspicion::None;
            }
            let message =
                format!("{deliveries} times it was taken up, alone, and not finished: it may end the node");
            return Suspicion::Confirmed(Error::internal(message));
        }
        if deliveries >= SUSPECT_AFTER && self.put_aside((delivery, sought), Source::Alone).await {
            return Suspicion::Settled(Settled::Done(delivery.delivery_tag));
        }
        if self.source == Source::Requests {
            tokio::select! {
                () = stop.cancelled() => return Suspicion::Settled(Settled::Left),
                () = sleep(SUSPICION) => {}
            }
        }
        Suspicion::None
    }

    /// The span of a request; none if the request is not traced.
    fn span(&self, (delivery, request_id): (&Delivery, &str)) -> Span {
        let traced = |tracer: &Arc<dyn Tracer>| {
            let traceparent = envelope::traceparent(&delivery.properties);
            tracer.request(traceparent, self.broker.queue(), request_id)
        };
        self.shared.tracer.as_ref().map_or_else(Span::none, traced)
    }

    /// A request is done. Tells the meter and the tracer, and the log if the request was slow.
    fn answered(
        &self,
        (delivery, request_id): (&Delivery, &str),
        stages: &Stages,
        status: &'static str,
        reply: Duration,
    ) {
        stages.answered(status);
        if let Some(tracer) = self.shared.tracer.as_ref().filter(|_| !stages.span().is_none()) {
            tracer.queued(stages.span(), stages.times());
        }
        let user = delivery.properties.user_id().as_ref().map(ShortString::as_str);
        let is_slow = self.shared.slow.judge(stages, &Answered { request_id, user, status, reply });
        if let Some(meter) = self.shared.meter.queue(self.broker) {
            meter.reply.took(reply);
            if is_slow {
                meter.slow.count();
            }
        }
    }
}

/// Waits before the next try; false when the node stops meanwhile.
pub(crate) async fn wait(backoff: &mut Backoff, stop: &CancellationToken) -> bool {
    let again = Instant::now() + backoff.pause();
    tokio::select! {
        () = stop.cancelled() => false,
        () = sleep_until(again) => true,
    }
}
