//! One consumer on a broker's queue: takes deliveries, has them answered side by side, replies, acknowledges.
//!
//! A delivery is acknowledged only after its effect is committed and its reply, if it asked for one, is
//! confirmed. What cannot be answered becomes a dead letter, confirmed as well, before it is acknowledged.

use std::{future::Future, sync::Arc, time::Duration};

use beds_protocol::{Broker, ErrorCode, Lane, RoutingKey};
use futures_util::{FutureExt as _, StreamExt, stream::FuturesUnordered};
use lapin::{
    Channel, Connection, Consumer,
    message::Delivery,
    options::{BasicAckOptions, BasicCancelOptions, BasicConsumeOptions, BasicQosOptions},
    types::FieldTable,
};
use tokio::time::{Instant, sleep_until, timeout_at};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, Span, debug, info_span, warn};

use super::{
    Shared,
    acks::Acks,
    connection::{BusError, within},
    envelope,
    publish::Publisher,
};
use crate::{
    backoff::Backoff, config::Pool, core::Factory, dispatch::Dispatcher, error::Error, logging::INGEST_SPAN,
};

/// The first and the longest pause between tries of what cannot be done now.
const DELAY_MIN: Duration = Duration::from_millis(100);
const DELAY_MAX: Duration = Duration::from_secs(5);

/// A consumer with its channel.
pub(super) struct Instance {
    broker: Broker,
    channel: Channel,
    consumer: Consumer,
    acks: Acks,
    answerer: Arc<Answerer>,
}

/// What answering a delivery takes.
struct Answerer {
    broker: Broker,
    publisher: Publisher,
    shared: Arc<Shared>,
}

/// What becomes of a delivery.
enum Settled {
    /// It may be acknowledged.
    Done(u64),
    /// It stays in the queue: the node stops before it could be done.
    Left,
}

impl Instance {
    /// Opens a channel, sets its prefetch, and begins to consume.
    pub(super) async fn open(
        connection: &Connection,
        publisher: Publisher,
        shared: Arc<Shared>,
        broker: Broker,
        pool: &Pool,
    ) -> Result<Self, BusError> {
        let limit = shared.amqp.confirm_timeout_ms.duration();
        let channel = within(limit, "opening a channel", connection.create_channel()).await?;
        let qos = channel.basic_qos(pool.prefetch, BasicQosOptions::default());
        within(limit, "setting the prefetch", qos).await?;
        let consume = channel.basic_consume(
            broker.queue().into(),
            "".into(),
            BasicConsumeOptions::default(),
            FieldTable::default(),
        );
        let consumer = within(limit, "consuming", consume).await?;
        // A read that is delivered twice does no harm, so its acknowledgement may wait for company.
        let waiting_max = if broker.is_read_only() { usize::from(pool.prefetch) / 2 } else { 0 };
        let answerer = Arc::new(Answerer { broker, publisher, shared });
        Ok(Self { broker, channel, consumer, acks: Acks::new(waiting_max), answerer })
    }

    /// Consumes until `stop` is cancelled, then finishes what it has taken; fails when the bus does.
    pub(super) async fn run<F: Factory>(mut self, stop: CancellationToken) -> Result<(), BusError> {
        // Polled by this task, not spawned: most of a request's time is waiting, and a task of its own would be
        // two more trips through the scheduler. The instances are what runs side by side.
        let mut in_flight = FuturesUnordered::new();
        let mut stopped = std::pin::pin!(stop.cancelled());
        loop {
            tokio::select! {
                biased;
                () = &mut stopped => break,
                Some(settled) = in_flight.next() => self.settle(settled, &mut in_flight)?,
                delivery = self.consumer.next() => {
                    let delivery = delivery
                        .ok_or_else(|| BusError::Other(format!("{} was cancelled", self.broker.queue())))??;
                    // What goes wrong with a log event must not become one.
                    let span = if self.broker.is_ingest() { info_span!(INGEST_SPAN) } else { Span::none() };
                    let handling = Arc::clone(&self.answerer).handle::<F>(delivery, stop.clone());
                    in_flight.push(handling.instrument(span));
                }
            }
        }
        self.drain(in_flight).await
    }

    /// Acknowledges what has just been done, and what else is done by now.
    fn settle<Handling: Future<Output = Result<Settled, BusError>>>(
        &mut self,
        first: Result<Settled, BusError>,
        in_flight: &mut FuturesUnordered<Handling>,
    ) -> Result<(), BusError> {
        let mut next = Some(first);
        while let Some(settled) = next {
            match settled? {
                Settled::Done(tag) => self.acks.done(tag),
                Settled::Left => {}
            }
            next = in_flight.next().now_or_never().flatten();
        }
        for ack in self.acks.take() {
            let options = BasicAckOptions { multiple: ack.multiple };
            // lapin has the frame once this is polled; that it is on the wire need not be waited for, since a
            // connection that cannot write ends by its heartbeat.
            if let Some(sent) = self.channel.basic_ack(ack.tag, options).now_or_never() {
                sent?;
            }
        }
        Ok(())
    }

    async fn drain<Handling: Future<Output = Result<Settled, BusError>>>(
        mut self,
        mut in_flight: FuturesUnordered<Handling>,
    ) -> Result<(), BusError> {
        let shared = Arc::clone(&self.answerer.shared);
        let limit = shared.amqp.confirm_timeout_ms.duration();
        let cancel = self.channel.basic_cancel(self.consumer.tag(), BasicCancelOptions::default());
        within(limit, "cancelling a consumer", cancel).await?;
        let deadline = Instant::now() + shared.drain_timeout;
        // What was pushed and not taken stays unacknowledged: RabbitMQ delivers it to others.
        while let Ok(Some(settled)) = timeout_at(deadline, in_flight.next()).await {
            self.settle(settled, &mut in_flight)?;
        }
        // Its answer comes after RabbitMQ has taken every acknowledgement that was sent before.
        within(limit, "closing a channel", self.channel.close(200, "drained".into())).await?;
        if !in_flight.is_empty() {
            warn!(
                queue = self.broker.queue(),
                left = in_flight.len(),
                "not finished in time: delivered again"
            );
        }
        Ok(())
    }
}

impl Answerer {
    async fn handle<F: Factory>(
        self: Arc<Self>,
        delivery: Delivery,
        stop: CancellationToken,
    ) -> Result<Settled, BusError> {
        let tag = delivery.delivery_tag;
        let reply_to = match envelope::reply_to(&delivery.properties, &self.shared.amqp.reply_to_prefixes) {
            Ok(reply_to) => reply_to,
            Err(error) => return self.give_up::<F>(&delivery, error, &stop).await,
        };
        match reply_to {
            Some(queue) => {
                let answer =
                    self.shared.dispatcher.answer::<F>(envelope::incoming(self.broker, &delivery)).await;
                let correlation_id = delivery.properties.correlation_id().clone();
                self.publisher.reply(queue.clone(), correlation_id, &answer).await?;
                Ok(Settled::Done(tag))
            }
            None if reads::<F>(delivery.routing_key.as_str()) => {
                let error = Error::new(ErrorCode::BadRequest, "the request has no `reply_to` for its answer");
                self.give_up::<F>(&delivery, error, &stop).await
            }
            None => self.work_off::<F>(&delivery, stop).await,
        }
    }

    /// A write that nobody waits for: it is done whenever its database is there, or becomes a dead letter.
    async fn work_off<F: Factory>(
        &self,
        delivery: &Delivery,
        stop: CancellationToken,
    ) -> Result<Settled, BusError> {
        let mut backoff = Backoff::new(DELAY_MIN, DELAY_MAX);
        loop {
            let answer = self.shared.dispatcher.answer::<F>(envelope::incoming(self.broker, delivery)).await;
            let Some(error) = answer.error else { return Ok(Settled::Done(delivery.delivery_tag)) };
            let expired =
                error.code == ErrorCode::DeadlineExceeded && envelope::has_deadline(&delivery.properties);
            if !error.retryable || expired {
                return self.give_up::<F>(delivery, error, &stop).await;
            }
            debug!(routing_key = delivery.routing_key.as_str(), "waits to be done: {error}");
            if !wait(&mut backoff, &stop).await {
                return Ok(Settled::Left);
            }
        }
    }

    /// Puts a delivery among the dead letters. While their queue is full, the delivery stays where it is.
    async fn give_up<F: Factory>(
        &self,
        delivery: &Delivery,
        error: Error,
        stop: &CancellationToken,
    ) -> Result<Settled, BusError> {
        warn!(routing_key = delivery.routing_key.as_str(), "becomes a dead letter: {error}");
        let body = Dispatcher::shown::<F>(delivery.routing_key.as_str(), &delivery.data);
        let mut backoff = Backoff::new(DELAY_MIN, DELAY_MAX);
        loop {
            match self.publisher.dead_letter(self.broker, &self.shared.node, delivery, &body, &error).await {
                Ok(()) => return Ok(Settled::Done(delivery.delivery_tag)),
                Err(BusError::Refused) => {}
                Err(error) => return Err(error),
            }
            warn!("the queue of dead letters is full: what belongs there waits");
            if !wait(&mut backoff, stop).await {
                return Ok(Settled::Left);
            }
        }
    }
}

/// Waits before the next try; false when the node stops meanwhile.
async fn wait(backoff: &mut Backoff, stop: &CancellationToken) -> bool {
    let again = Instant::now() + backoff.next();
    tokio::select! {
        () = stop.cancelled() => false,
        () = sleep_until(again) => true,
    }
}

/// Whether a request is a read, whose answer is all it is for. What cannot be parsed is none: it is refused
/// with the reason that the parser gives.
fn reads<F: Factory>(routing_key: &str) -> bool {
    let Ok(key) = RoutingKey::parse(routing_key) else { return false };
    match &key.operation {
        beds_protocol::Operation::Call(name) => F::template(key.template)
            .and_then(|template| F::domain(template).call(name))
            .is_some_and(|call| call.lane == Lane::Read),
        operation => operation.lane() == Some(Lane::Read),
    }
}
