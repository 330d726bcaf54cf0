//! One life of the node's two AMQP connections: consuming and publishing are apart, since RabbitMQ's alarms
//! block connections that publish.

use std::sync::Arc;

use futures_util::{Stream, StreamExt};
use lapin::Event;
use tokio::{sync::watch, task::JoinSet, time::timeout};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::{
    Shared, Status,
    connection::{Bus, BusError, connect, within},
    instance::Instance,
    publish::Publisher,
    quarantine::LAST_WORDS,
    topology,
};
use crate::core::Factory;

/// Serves until `stop` is cancelled (then it drains, and gives `Ok`) or anything on the bus fails.
pub(super) async fn run<F: Factory>(
    shared: &Arc<Shared>,
    stop: &CancellationToken,
    status: &watch::Sender<Status>,
) -> Result<(), BusError> {
    let opened = tokio::select! {
        () = stop.cancelled() => return Ok(()),
        opened = open(shared) => opened?,
    };
    let (consuming, publishing) = opened;
    // Dropping the set aborts every instance: none outlives its session.
    let mut instances = JoinSet::new();
    for (broker, pool) in &shared.brokers {
        for _ in 0..pool.instances {
            let limit = shared.amqp.confirm_timeout_ms.duration();
            let publisher = Publisher::open(&publishing, limit).await?;
            let instance = Instance::open(&consuming, publisher, Arc::clone(shared), *broker, pool).await?;
            instances.spawn(instance.run::<F>(stop.clone()));
        }
    }
    info!(instances = instances.len(), "serving");
    status.send_replace(Status::Serving);
    let supervising = supervise(&consuming, &publishing, &mut instances);
    tokio::pin!(supervising);
    let outcome = tokio::select! {
        outcome = &mut supervising => outcome,
        () = stop.cancelled() => {
            status.send_replace(Status::Stopping);
            supervising.await
        }
    };
    // Whether it succeeds no longer matters, only that it is tried for a bounded time.
    for connection in [&publishing, &consuming] {
        let limit = shared.amqp.connect_timeout_ms.duration();
        let _ = within(limit, "closing", connection.close(200, "the node stops".into())).await;
    }
    outcome
}

async fn open(shared: &Shared) -> Result<(Bus, Bus), BusError> {
    let consuming = connect(&shared.amqp, &format!("{} consuming", shared.node)).await?;
    let publishing = connect(&shared.amqp, &format!("{} publishing", shared.node)).await?;
    let limit = shared.amqp.confirm_timeout_ms.duration();
    let channel = within(limit, "opening a channel", consuming.create_channel()).await?;
    topology::declare(&channel, shared).await?;
    within(limit, "closing a channel", channel.close(200, "declared".into())).await?;
    Ok((consuming, publishing))
}

/// Waits until all instances have drained, or the first of them or a connection fails.
async fn supervise(
    consuming: &Bus,
    publishing: &Bus,
    instances: &mut JoinSet<Result<(), BusError>>,
) -> Result<(), BusError> {
    let mut events = futures_util::stream::select(consuming.events_listener(), publishing.events_listener());
    let error = match serve(&mut events, instances).await {
        Ok(()) => return Ok(()),
        Err(error) => error,
    };
    // The instances see no more than that the connection is gone; why, the connection tells by itself.
    let unreadable = async {
        while let Some(event) = events.next().await {
            if matches!(&event, Event::Error(error) if is_unreadable(error)) {
                return;
            }
        }
        std::future::pending::<()>().await;
    };
    match error {
        BusError::Amqp(error) if is_unreadable(&error) => Err(BusError::Unreadable),
        error => timeout(LAST_WORDS, unreadable).await.map_or(Err(error), |()| Err(BusError::Unreadable)),
    }
}

fn is_unreadable(error: &lapin::Error) -> bool {
    matches!(error.kind(), lapin::ErrorKind::ParsingError(_))
}

async fn serve(
    events: &mut (impl Stream<Item = Event> + Unpin),
    instances: &mut JoinSet<Result<(), BusError>>,
) -> Result<(), BusError> {
    loop {
        tokio::select! {
            ended = instances.join_next() => match ended {
                None => return Ok(()),
                Some(Ok(Ok(()))) => {}
                Some(Ok(Err(error))) => return Err(error),
                Some(Err(error)) => return Err(BusError::Other(format!("an instance failed: {error}"))),
            },
            Some(event) = events.next() => match event {
                Event::Error(error) => return Err(error.into()),
                Event::ConnectionBlocked(reason) => {
                    warn!("RabbitMQ takes no messages now: {reason}; replies wait");
                }
                Event::ConnectionUnblocked => info!("RabbitMQ takes messages again"),
                _ => {}
            },
        }
    }
}
