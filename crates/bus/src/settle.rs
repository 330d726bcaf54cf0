//! How a delivery leaves a handler: by its reply, as a copy that is put aside, or as a dead letter.
//!
//! **A message that RabbitMQ refuses costs its request alone.** RabbitMQ ends a channel over a message that it does not
//! accept, and delivers again all requests that were worked on there. So a reply that it may refuse for its size first
//! goes by a channel of its own. Dead letters and copies always go by channels of their own.
//!
//! **While the dead letters have no place**, some of them are tried again in place. The others are put aside, so that
//! they hold up nothing else. For reads, which change nothing and which nobody waits for, there is only a line in the
//! log.

use beds_core::{
    backoff::Backoff,
    error::Error,
    service::{Reply, Service},
};
use beds_protocol::{
    ErrorCode,
    topology::{DEFAULT_EXCHANGE, QueueKind},
};
use lapin::{
    message::Delivery,
    options::BasicPublishOptions,
    types::{FieldTable, ShortString},
};
use tokio::sync::SemaphorePermit;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use crate::{
    aside::{self, Sought},
    dead,
    direct::Trial,
    envelope,
    error::{BusError, Told},
    handler::{DELAY_MAX, DELAY_MIN, Handler, Settled, Source, TRIES_MAX, wait},
    hosting::{FOR_THE_DEAD, Shared},
    message::{Name, Properties},
};

/// How often a read without a place among the dead letters is tried: for some two minutes.
const READ_TRIES_MAX: u32 = 30;

/// What to do with a dead letter that has no place.
enum Letter<'a> {
    Settled(Settled),
    /// It is tried again.
    Held(SemaphorePermit<'a>),
}

/// RabbitMQ's answer to a reply.
enum Tried {
    Taken,
    TooLarge,
    /// Nobody hears the reply.
    Dropped,
}

impl Handler {
    /// Publishes a reply, and gives its final status.
    pub(crate) async fn reply(
        &self,
        (delivery, request_id): (&Delivery, &str),
        queue: &ShortString,
        reply: &Reply,
    ) -> Result<&'static str, BusError> {
        let Shared { sizes, servers, amqp, node, .. } = &*self.shared;
        let correlation_id = delivery.properties.correlation_id().as_ref();
        let bytes = reply.body.len();
        let trial = match envelope::direct_server(queue.as_str()) {
            Some(server) => servers.trial(amqp, node, server).await?,
            None => None,
        };
        if trial.is_none() && !sizes.is_unknown(bytes) {
            self.write(queue, correlation_id, reply).await?;
            return Ok(reply.status);
        }
        if bytes <= sizes.max() {
            match self.try_out(trial.as_ref(), queue, correlation_id, reply).await? {
                Tried::TooLarge => {}
                Tried::Taken => {
                    if let Some(trial) = trial {
                        trial.succeeded();
                    }
                    return Ok(reply.status);
                }
                Tried::Dropped => return Ok(reply.status),
            }
        }
        let max = sizes.max();
        let routing_key = delivery.routing_key.as_str();
        let reason = BusError::TooLarge { max };
        warn!(request_id, routing_key, bytes, "a reply is too large: {}", Told(&reason));
        let error = Error::new(
            ErrorCode::TooLarge,
            format!("the reply has {bytes} bytes, and RabbitMQ takes {max} at most"),
        )
        .hint("the request is done, but its reply does not fit; ask for less data");
        let refused = Reply::failed(error, reply.template_hash, request_id);
        if trial.is_some() {
            self.try_out(trial.as_ref(), queue, correlation_id, &refused).await?;
        } else {
            self.write(queue, correlation_id, &refused).await?;
        }
        Ok(refused.status)
    }

    /// Publishes a reply, and waits until it is written: otherwise the acknowledgement would overtake a message that is
    /// still in the connection's buffer. A reply to a queue that is gone or full is dropped: its client has left, or
    /// has chosen not to hear. The wait has no deadline but the connection's life, since RabbitMQ may block the
    /// connection.
    async fn write(
        &self,
        queue: &ShortString,
        correlation_id: Option<&ShortString>,
        reply: &Reply,
    ) -> Result<(), BusError> {
        let properties = envelope::reply(reply, correlation_id.cloned());
        let (to, options) = (queue.clone(), BasicPublishOptions::default());
        let written =
            self.channel.basic_publish(DEFAULT_EXCHANGE.into(), to, options, &reply.body, properties);
        // The channel has no confirms, so the second future is ready as soon as the reply is written.
        written.await?.await?;
        Ok(())
    }

    /// Publishes a reply that RabbitMQ may refuse, on a channel where that harms nothing else, and waits for the
    /// answer.
    async fn try_out(
        &self,
        trial: Option<&Trial<'_>>,
        queue: &ShortString,
        correlation_id: Option<&ShortString>,
        reply: &Reply,
    ) -> Result<Tried, BusError> {
        let outlet = trial.map_or(&self.large, |trial| &trial.outlet);
        let mut backoff = Backoff::new(DELAY_MIN, DELAY_MAX);
        let mut tries = 0;
        loop {
            let basic = envelope::reply(reply, correlation_id.cloned());
            let properties = Properties::from_parts(basic, FieldTable::default());
            match outlet.announce(Name(queue.clone()), properties, &reply.body).await {
                Ok(()) | Err(BusError::Refused) => {
                    self.shared.sizes.took(reply.body.len());
                    return Ok(Tried::Taken);
                }
                Err(BusError::TooLarge { max }) => {
                    self.shared.sizes.learn(max);
                    return Ok(Tried::TooLarge);
                }
                Err(error) if trial.is_some_and(Trial::has_failed) => {
                    warn!("a reply is dropped: RabbitMQ does not know its direct reply-to: {error}");
                    return Ok(Tried::Dropped);
                }
                Err(error) if tries >= TRIES_MAX => return Err(error),
                Err(error) => debug!("a reply is sent again: {error}"),
            }
            tries += 1;
            tokio::time::sleep(backoff.pause()).await;
        }
    }

    /// Puts a copy into another queue of the broker; false if the queue is not known to have it.
    pub(crate) async fn put_aside(
        &self,
        (delivery, sought): (&Delivery, Option<Sought>),
        to: Source,
    ) -> bool {
        let Some(queue) = Name::new(to.queue(self.broker)) else { return false };
        let from = (&delivery.exchange, &delivery.routing_key);
        let properties = |user: &str| aside::properties(&delivery.properties, from, (user, sought));
        let put = self.aside.put(DEFAULT_EXCHANGE, queue, properties, &delivery.data).await;
        match put {
            Ok(()) => return true,
            Err(BusError::Refused | BusError::TooLong) => {}
            Err(error) => {
                self.shared.may_have_vanished(&error);
                warn!(
                    queue = to.queue(self.broker),
                    "a request cannot become a dead letter: {}",
                    Told(&error)
                );
            }
        }
        false
    }

    /// Puts a delivery among the dead letters.
    pub(crate) async fn give_up(
        &self,
        service: &dyn Service,
        (delivery, request_id): (&Delivery, &str),
        error: Error,
        stop: &CancellationToken,
    ) -> Settled {
        let routing_key = delivery.routing_key.as_str();
        let (template, queue, code) = self.known(routing_key, &error);
        warn!(request_id, routing_key, template, queue, code, "dead letter: {error}");
        let body = service.shown(routing_key, &delivery.data);
        let meter = self.shared.meter.queue(self.broker);
        let mut backoff = Backoff::new(DELAY_MIN, DELAY_MAX);
        let (mut tries, mut place) = (0, self.held_dead.try_acquire().ok());
        loop {
            let named = (delivery, request_id);
            let put = dead::put(&self.letters, &self.shared, self.broker, named, &body, &error);
            let put = tokio::select! {
                put = put => put,
                // Others have found it out while this delivery waited for its turn.
                () = self.shared.until_the_dead_have_no_place(), if place.is_none() => Err(BusError::Refused),
            };
            match put {
                Ok(()) => {
                    self.shared.the_dead_have_a_place(true);
                    meter.inspect(|meter| meter.dead(error.code));
                    return Settled::Done(delivery.delivery_tag);
                }
                // The limit is now known.
                Err(BusError::TooLarge { max }) if max < self.shared.sizes.max() => {
                    self.shared.sizes.learn(max);
                    continue;
                }
                Err(refused) => {
                    self.shared.the_dead_have_a_place(false);
                    self.shared.may_have_vanished(&refused);
                    meter.inspect(|meter| meter.retried.count());
                    let reason = Told(&refused);
                    warn!(
                        request_id,
                        "`beds.dead` has no room for a dead letter, which is retried: {reason}"
                    );
                }
            }
            tries += 1;
            match self.without_a_place(named, place.take(), tries).await {
                Letter::Settled(settled) => return settled,
                Letter::Held(held) => place = Some(held),
            }
            if !wait(&mut backoff, stop).await {
                return Settled::Left;
            }
        }
    }

    /// Log fields of a failed request: the template if its routing key is bound, its queue, the kind of failure. They
    /// show different causes when many requests fail.
    fn known<'a>(
        &self,
        routing_key: &'a str,
        error: &Error,
    ) -> (Option<&'a str>, &'static str, &'static str) {
        let is_bound = self.shared.keys(self.broker).any(|key| key == routing_key);
        let template = routing_key.split_once('.').filter(|_| is_bound).map(|(template, _)| template);
        (template, self.broker.queue(), error.code.as_str())
    }

    /// Decides about a dead letter that has no place.
    async fn without_a_place<'a>(
        &'a self,
        (delivery, request_id): (&Delivery, &str),
        place: Option<SemaphorePermit<'a>>,
        tries: u32,
    ) -> Letter<'a> {
        let tag = delivery.delivery_tag;
        let place = place.or_else(|| self.held_dead.try_acquire().ok());
        let is_write = self.broker.kind() == QueueKind::Quorum;
        if let Some(place) = place
            && tries < if is_write { TRIES_MAX } else { READ_TRIES_MAX }
        {
            return Letter::Held(place);
        }
        if is_write {
            let to = Source::Waiting(FOR_THE_DEAD);
            if self.put_aside((delivery, None), to).await {
                return Letter::Settled(if self.source == to {
                    Settled::Waits(tag)
                } else {
                    Settled::Done(tag)
                });
            }
            // It stays here, even though it holds up others.
            let held = self.held_dead.acquire().await;
            return held.map_or(Letter::Settled(Settled::Left), Letter::Held);
        }
        let routing_key = delivery.routing_key.as_str();
        warn!(
            request_id,
            routing_key,
            "dropped: it changes nothing, nobody waits for it, and `beds.dead` has no room for it"
        );
        Letter::Settled(Settled::Done(tag))
    }
}
