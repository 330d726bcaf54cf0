//! One consumer on a broker's queue: takes deliveries, has them handled side by side, replies, acknowledges.
//!
//! A delivery is acknowledged after its effect is committed and its reply, if it asked for one, is sent. Reply and
//! acknowledgement go out on the delivery's own channel. RabbitMQ processes a channel in order, so the reply needs no
//! confirm. A delivery that cannot be answered becomes a dead letter; this is confirmed before it is acknowledged.

use std::{future::Future, pin::pin, sync::Arc};

use beds_protocol::{Broker, topology::QueueKind};
use futures_util::{FutureExt as _, StreamExt, stream::FuturesUnordered};
use lapin::{
    Consumer,
    options::{BasicAckOptions, BasicCancelOptions, BasicConsumeOptions, BasicQosOptions},
    types::FieldTable,
};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::{
    acks::Acks,
    connection::{Connection, within},
    error::BusError,
    handler::{Handler, Settled, Source},
    hosting::Shared,
    publisher::Publisher,
};

/// A consumer with its channel.
pub(crate) struct Instance {
    pub(crate) consumer: Consumer,
    acks: Acks,
    pub(crate) handler: Arc<Handler>,
}

/// The two connections of a broker.
#[derive(Clone)]
pub(crate) struct Links {
    pub(crate) consuming: Arc<Connection>,
    pub(crate) publishing: Arc<Connection>,
    /// For dead letters.
    pub(crate) publisher: Publisher,
}

impl Instance {
    /// Opens a channel, sets its prefetch, and begins to consume.
    pub(crate) async fn open(
        links: &Links,
        shared: &Arc<Shared>,
        broker: Broker,
        source: Source,
        prefetch: u16,
    ) -> Result<Self, BusError> {
        let limit = links.consuming.limit();
        let aside = Publisher::open(&links.publishing).await?;
        let channel = links.consuming.channel().await?;
        let qos = channel.basic_qos(prefetch, BasicQosOptions::default());
        within(limit, "setting the prefetch", qos).await?;
        let consume = channel.basic_consume(
            source.queue(broker).as_str().into(),
            "".into(),
            BasicConsumeOptions::default(),
            FieldTable::default(),
        );
        let consumer = within(limit, "consuming", consume).await?;
        // A read that is delivered twice does no harm, so its acknowledgement may wait for company.
        let waiting_max = match broker.kind() {
            QueueKind::Classic => usize::from(prefetch) / 2,
            QueueKind::Quorum => 0,
        };
        let publishers = (links.publisher.clone(), aside);
        let handler = Arc::new(Handler::new(broker, source, channel, publishers, Arc::clone(shared)));
        Ok(Self { consumer, acks: Acks::new(waiting_max), handler })
    }

    /// Consumes until `stop` is cancelled, then finishes what it has taken; fails when the bus does.
    pub(crate) async fn run(mut self, stop: CancellationToken) -> Result<(), BusError> {
        // Polled by this task, not spawned: most of a request's time is waiting, and a task of its own would be
        // two more trips through the scheduler. The instances are what runs side by side.
        let mut in_flight = FuturesUnordered::new();
        let mut stopped = pin!(stop.cancelled());
        loop {
            tokio::select! {
                biased;
                () = &mut stopped => break,
                Some(settled) = in_flight.next() => self.settle(settled, &mut in_flight)?,
                delivery = self.consumer.next() => {
                    let broker = self.handler.broker;
                    let delivery = delivery
                        .ok_or_else(|| BusError::Other(format!("{} was cancelled", broker.queue())))??;
                    in_flight.push(Arc::clone(&self.handler).handle(delivery, stop.clone()));
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
                Settled::Done(tag) | Settled::Waits(tag) => self.acks.done(tag),
                Settled::Left => {}
            }
            next = in_flight.next().now_or_never().flatten();
        }
        for ack in self.acks.take() {
            let options = BasicAckOptions { multiple: ack.multiple };
            // lapin has the frame once this is polled; that it is on the wire need not be waited for, since a
            // connection that cannot write ends by its heartbeat.
            if let Some(sent) = self.handler.channel.basic_ack(ack.tag, options).now_or_never() {
                sent?;
            }
        }
        Ok(())
    }

    async fn drain<Handling: Future<Output = Result<Settled, BusError>>>(
        mut self,
        mut in_flight: FuturesUnordered<Handling>,
    ) -> Result<(), BusError> {
        let handler = Arc::clone(&self.handler);
        let limit = handler.shared.amqp.confirm_timeout_ms.duration();
        let deadline = Instant::now() + handler.shared.drain_timeout;
        let mut cancel =
            pin!(handler.channel.basic_cancel(self.consumer.tag(), BasicCancelOptions::default()));
        let mut consuming = true;
        // What was pushed and not taken stays unacknowledged: RabbitMQ delivers it to others.
        while consuming || !in_flight.is_empty() {
            tokio::select! {
                cancelled = &mut cancel, if consuming => {
                    cancelled?;
                    consuming = false;
                }
                Some(settled) = in_flight.next() => self.settle(settled, &mut in_flight)?,
                () = sleep_until(deadline) => break,
            }
        }
        // Its answer comes after RabbitMQ has taken every reply and acknowledgement that was sent before.
        within(limit, "closing a channel", handler.channel.close(200, "drained".into())).await?;
        if !in_flight.is_empty() {
            warn!(
                queue = handler.broker.queue(),
                left = in_flight.len(),
                "not finished within node.drain_timeout_ms: RabbitMQ redelivers them"
            );
        }
        Ok(())
    }
}
