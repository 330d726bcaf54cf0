//! What was put aside until what it needs is there.
//!
//! The first of it is tried from time to time. Once that is done, more and more are worked on at a time. What has to wait
//! on goes behind all others, as a copy that RabbitMQ has never delivered, and after it nothing is taken for a while. So
//! what waits costs next to nothing, however much there is, and waiting never counts as an attempt.

use std::{sync::Arc, time::Duration};

use beds_core::backoff::Backoff;
use beds_protocol::Broker;
use futures_util::{StreamExt as _, stream::FuturesUnordered};
use lapin::options::BasicAckOptions;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::{
    connection::within,
    error::BusError,
    handler::{self, DELAY_MAX, DELAY_MIN, Settled, Source},
    hosting::Shared,
    instance::{Instance, Links},
};

/// How much is worked on at a time at most.
const AT_ONCE_MAX: u16 = 64;
/// What begins to wait is not there at once.
const FIRST: Duration = Duration::from_millis(500);

/// Works off what waits for this, until `stop` is cancelled or the bus fails.
pub(crate) async fn work_off(
    links: Links,
    shared: Arc<Shared>,
    (broker, needs): (Broker, &'static str),
    stop: CancellationToken,
) -> Result<(), BusError> {
    let mut backoff = Backoff::new(DELAY_MIN.max(FIRST), DELAY_MAX);
    let mut at_once = 1;
    while !stop.is_cancelled() {
        match Instance::open(&links, &shared, broker, Source::Waiting(needs), at_once).await {
            Ok(instance) => {
                if as_long_as_it_is_done(instance, at_once, &stop).await? {
                    at_once = AT_ONCE_MAX;
                    backoff.reset();
                    continue;
                }
            }
            // As with a queue without a leader, which holds up nothing else.
            Err(BusError::Late { .. }) => {}
            Err(error) => return Err(error),
        }
        at_once = 1;
        if !handler::wait(&mut backoff, &stop).await {
            break;
        }
    }
    Ok(())
}

/// Works off what comes, until something has to wait on, or, where only one at a time was tried, that is done. Tells whether
/// more may be tried.
async fn as_long_as_it_is_done(
    mut instance: Instance,
    at_once_max: u16,
    stop: &CancellationToken,
) -> Result<bool, BusError> {
    let handler = Arc::clone(&instance.handler);
    let (channel, shared) = (&handler.channel, &handler.shared);
    let mut at_once = 1;
    let mut in_flight = FuturesUnordered::new();
    let is_done = loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => break false,
            Some(settled) = in_flight.next() => match settled? {
                Settled::Done(tag) => {
                    channel.basic_ack(tag, BasicAckOptions::default()).await?;
                    if at_once_max == 1 {
                        break true;
                    }
                    at_once = (at_once * 2).min(usize::from(at_once_max));
                }
                Settled::Waits(tag) => {
                    channel.basic_ack(tag, BasicAckOptions::default()).await?;
                    break false;
                }
                Settled::Left => break false,
            },
            delivery = instance.consumer.next(), if in_flight.len() < at_once => {
                let gone = || BusError::Other(format!("what waits for {} was cancelled", handler.broker.queue()));
                let delivery = delivery.ok_or_else(gone)??;
                in_flight.push(Arc::clone(&handler).handle(delivery, stop.clone()));
            }
        }
    };
    let finish = async {
        while let Some(settled) = in_flight.next().await {
            if let Settled::Done(tag) | Settled::Waits(tag) = settled? {
                channel.basic_ack(tag, BasicAckOptions::default()).await?;
            }
        }
        Ok::<_, BusError>(())
    };
    // What is not finished by then is delivered again.
    timeout(shared.drain_timeout, finish).await.unwrap_or(Ok(()))?;
    let closed = channel.close(200, "it waits on".into());
    within(shared.amqp.confirm_timeout_ms.duration(), "closing a channel", closed).await?;
    Ok(is_done)
}
