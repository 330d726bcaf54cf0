//! Requests that were put aside until their need is met.
//!
//! The first request is tried from time to time. Once it is done, more and more requests run at a time. A request that
//! has to wait longer goes behind all others, as a copy that RabbitMQ has never delivered; then no request is taken for
//! a while. So the waiting requests cost next to nothing, however many there are, and waiting never counts as an
//! attempt.

use std::{sync::Arc, time::Duration};

use beds_core::{backoff::Backoff, service::Need};
use beds_protocol::Broker;
use futures_util::{StreamExt as _, stream::FuturesUnordered};
use tokio_util::sync::CancellationToken;

use crate::{
    connection::Connection,
    error::BusError,
    handler::{self, DELAY_MAX, DELAY_MIN, Settled, Source},
    hosting::Shared,
    instance::Instance,
    session::{self, CANNOT_BEGIN, LOST},
};

/// How many of them run at a time at most.
const AT_ONCE_MAX: u16 = 64;
/// A need that has just gone is not there again at once.
const FIRST: Duration = Duration::from_millis(500);

/// Works off the requests that wait for this need, until `stop` is cancelled or the bus fails.
pub(crate) async fn work_off(
    consuming: Arc<Connection>,
    shared: Arc<Shared>,
    (broker, needs): (Broker, Need),
    stop: CancellationToken,
) -> Result<(), BusError> {
    let mut backoff = Backoff::new(DELAY_MIN.max(FIRST), DELAY_MAX);
    let queue = Source::Waiting(needs).queue(broker);
    let mut at_once = 1;
    while !stop.is_cancelled() {
        match Instance::open(&consuming, &shared, broker, Source::Waiting(needs), at_once).await {
            Ok(instance) => match as_long_as_it_is_done(instance, at_once, &stop).await {
                Ok(true) => {
                    at_once = AT_ONCE_MAX;
                    backoff.reset();
                    continue;
                }
                Ok(false) => {}
                Err(error) => session::ended(&consuming, &shared, &queue, LOST, error)?,
            },
            // For example a queue without a leader, which holds up nothing else.
            Err(BusError::Late { .. }) => {}
            Err(error) => session::ended(&consuming, &shared, &queue, CANNOT_BEGIN, error)?,
        }
        at_once = 1;
        if !handler::wait(&mut backoff, &stop).await {
            break;
        }
    }
    Ok(())
}

/// Works off the requests, until one has to wait longer, or, if only one at a time was tried, until that one is done.
/// Tells whether more may be tried.
async fn as_long_as_it_is_done(
    mut instance: Instance,
    at_once_max: u16,
    stop: &CancellationToken,
) -> Result<bool, BusError> {
    let handler = Arc::clone(&instance.handler);
    let mut at_once = 1;
    let mut in_flight = FuturesUnordered::new();
    let is_done = loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => break false,
            Some(settled) = in_flight.next() => {
                let settled = settled?;
                instance.done(&settled);
                match settled {
                    Settled::Done(_) if at_once_max == 1 => break true,
                    Settled::Done(_) => at_once = (at_once * 2).min(usize::from(at_once_max)),
                    Settled::Waits(_) | Settled::Left => break false,
                }
                instance.acknowledge()?;
            }
            delivery = instance.consumer.next(), if in_flight.len() < at_once => {
                let gone = || BusError::Missing("the queue was deleted".to_owned());
                let delivery = delivery.ok_or_else(gone)??;
                in_flight.push(Arc::clone(&handler).handle(delivery, stop.clone()));
            }
        }
    };
    instance.drain(in_flight).await?;
    Ok(is_done)
}
