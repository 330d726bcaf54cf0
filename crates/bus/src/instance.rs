//! One consumer on a broker's queue: takes deliveries, has them handled side by side, replies, acknowledges.
//!
//! A delivery is acknowledged after its effect is committed and its reply, if it asked for one, is sent. Reply and
//! acknowledgement go out on the delivery's own channel. RabbitMQ processes a channel in order, so the reply needs no
//! confirm. A delivery that cannot be answered becomes a dead letter. The dead letter is confirmed before the delivery
//! is acknowledged.

use std::{future::Future, pin::pin, sync::Arc, time::Duration};

use beds_protocol::{Broker, topology::QueueKind};
use futures_util::{
    FutureExt as _, StreamExt,
    future::{FusedFuture as _, OptionFuture},
    stream::FuturesUnordered,
};
use lapin::{
    Channel, Consumer,
    options::{BasicAckOptions, BasicCancelOptions, BasicConsumeOptions, BasicQosOptions},
    types::{FieldTable, ShortString},
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
};

/// A consumer with its channel.
pub(crate) struct Instance {
    pub(crate) consumer: Consumer,
    acks: Acks,
    pub(crate) handler: Arc<Handler>,
}

impl Instance {
    /// Opens a channel, sets its prefetch, and begins to consume.
    pub(crate) async fn open(
        consuming: &Connection,
        shared: &Arc<Shared>,
        broker: Broker,
        source: Source,
        prefetch: u16,
    ) -> Result<Self, BusError> {
        let limit = consuming.limit();
        let channel = consuming.channel().await?;
        let qos = channel.basic_qos(prefetch, BasicQosOptions::default());
        within(limit, "setting the prefetch", qos).await?;
        let consumer = consume(&channel, &source.queue(broker), limit).await?;
        // A read that is delivered twice does no harm, so its acknowledgement may wait behind a slow one.
        let waiting_max = match broker.kind() {
            QueueKind::Classic => usize::from(prefetch) / 2,
            QueueKind::Quorum => 0,
        };
        let handler = Arc::new(Handler::new(broker, source, channel, prefetch, Arc::clone(shared)));
        Ok(Self { consumer, acks: Acks::new(waiting_max), handler })
    }

    /// Consumes until `leave` is cancelled, then finishes the requests it has taken; fails when its channel ends. If
    /// the node stops, requests that do not end in time are delivered to other nodes. If the node goes on, the instance
    /// finishes all of them.
    pub(crate) async fn run(
        mut self,
        leave: &CancellationToken,
        stop: &CancellationToken,
    ) -> Result<(), BusError> {
        // This task polls the requests itself, and does not spawn them: most of a request's time is waiting, and a task
        // of its own would be two more trips through the scheduler. The instances run side by side.
        let mut in_flight = FuturesUnordered::new();
        let mut stopped = pin!(stop.cancelled());
        let mut told = pin!(leave.cancelled());
        let mut again = pin!(OptionFuture::from(None));
        let mut leaving = pin!(OptionFuture::from(None));
        let (mut is_leaving, mut takes) = (false, true);
        while takes || !in_flight.is_empty() {
            tokio::select! {
                biased;
                () = &mut stopped => break,
                () = &mut told, if !is_leaving => {
                    // Its consumer has gone already.
                    takes = again.is_terminated();
                    is_leaving = true;
                    leaving.set(Some(cancel(Arc::clone(&self.handler), self.consumer.tag())).into());
                }
                Some(left) = &mut leaving => {
                    left?;
                    leaving.set(None.into());
                }
                Some(settled) = in_flight.next() => self.settle(settled, &mut in_flight)?,
                Some(consumer) = &mut again, if !is_leaving => {
                    self.consumer = consumer?;
                    again.set(None.into());
                }
                delivery = self.consumer.next(), if takes && again.is_terminated() => match delivery {
                    Some(delivery) => {
                        in_flight.push(Arc::clone(&self.handler).handle(delivery?, stop.clone()));
                    }
                    None if is_leaving => takes = false,
                    // The requests in progress go on meanwhile.
                    None => again.set(Some(consume_again(Arc::clone(&self.handler)).fuse()).into()),
                }
            }
        }
        self.drain(in_flight).await
    }

    /// Acknowledges the request that has just ended, and all others that have ended by now.
    fn settle<Handling: Future<Output = Result<Settled, BusError>>>(
        &mut self,
        first: Result<Settled, BusError>,
        in_flight: &mut FuturesUnordered<Handling>,
    ) -> Result<(), BusError> {
        let mut next = Some(first);
        while let Some(settled) = next {
            self.done(&settled?);
            next = in_flight.next().now_or_never().flatten();
        }
        self.acknowledge()
    }

    /// The delivery may be acknowledged.
    pub(crate) fn done(&mut self, settled: &Settled) {
        match settled {
            Settled::Done(tag) | Settled::Waits(tag) => self.acks.done(*tag),
            Settled::Left => {}
        }
    }

    /// Sends the acknowledgements that may be sent.
    pub(crate) fn acknowledge(&mut self) -> Result<(), BusError> {
        for ack in self.acks.take() {
            let options = BasicAckOptions { multiple: ack.multiple };
            // lapin has the frame once this is polled. There is no need to wait until it is on the wire: a connection
            // that cannot write ends by its heartbeat.
            if let Some(sent) = self.handler.channel.basic_ack(ack.tag, options).now_or_never() {
                sent?;
            }
        }
        Ok(())
    }

    /// Stops consuming, and finishes. RabbitMQ holds back acknowledgements to a quorum queue while many are on their
    /// way to it, and forgets them with their channel. Once RabbitMQ has ended the consumer, it has processed all
    /// earlier acknowledgements. Later ones are sent together at the end.
    pub(crate) async fn drain<Handling: Future<Output = Result<Settled, BusError>>>(
        mut self,
        mut in_flight: FuturesUnordered<Handling>,
    ) -> Result<(), BusError> {
        let handler = Arc::clone(&self.handler);
        let limit = handler.shared.amqp.confirm_timeout_ms.duration();
        let deadline = Instant::now() + handler.shared.drain_timeout;
        let mut cancel =
            pin!(handler.channel.basic_cancel(self.consumer.tag(), BasicCancelOptions::default()));
        let mut consuming = true;
        // Deliveries that were pushed and not taken stay unacknowledged: RabbitMQ delivers them to others.
        while consuming || !in_flight.is_empty() {
            tokio::select! {
                cancelled = &mut cancel, if consuming => {
                    cancelled?;
                    consuming = false;
                }
                Some(settled) = in_flight.next() => self.done(&settled?),
                () = sleep_until(deadline) => break,
            }
        }
        self.acknowledge()?;
        // RabbitMQ answers after it has processed every reply and acknowledgement that was sent before.
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

async fn cancel(handler: Arc<Handler>, tag: ShortString) -> Result<(), BusError> {
    Ok(handler.channel.basic_cancel(tag, BasicCancelOptions::default()).await?)
}

async fn consume(channel: &Channel, queue: &str, limit: Duration) -> Result<Consumer, BusError> {
    let (options, none) = (BasicConsumeOptions::default(), FieldTable::default());
    within(limit, "consuming", channel.basic_consume(queue.into(), "".into(), options, none)).await
}

/// Consumes again, once the queue is there again: RabbitMQ ends the consumer of a deleted queue.
async fn consume_again(handler: Arc<Handler>) -> Result<Consumer, BusError> {
    let Handler { broker, source, channel, shared, .. } = &*handler;
    if !channel.status().connected() {
        return Err(BusError::Amqp("its channel is closed".to_owned()));
    }
    let queue = source.queue(*broker);
    warn!(queue, "RabbitMQ has ended a consumer: the queue was deleted, or has moved; consuming it again");
    shared.looked_after().await;
    consume(channel, &queue, shared.amqp.confirm_timeout_ms.duration()).await
}
