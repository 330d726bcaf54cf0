//! One life of the node's two AMQP connections: consuming and publishing are apart, since RabbitMQ's alarms
//! block connections that publish.

use std::{sync::Arc, time::Duration};

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
    topology,
};
use crate::{config::Pool, core::Factory};
use beds_protocol::Broker;

/// How long a failed session's last words are waited for.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// How long a connection may take to say goodbye: lapin has been seen not to come back from it.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

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
    let (consuming, publishing) = (Arc::new(opened.0), Arc::new(opened.1));
    // Dropping the set aborts every instance: none outlives its session.
    let mut instances = JoinSet::new();
    let (count, mut opened) = watch::channel(0);
    for (broker, pool) in &shared.brokers {
        for _ in 0..pool.instances {
            let buses = (Arc::clone(&consuming), Arc::clone(&publishing));
            let serving =
                serve_one::<F>(buses, Arc::clone(shared), *broker, pool.clone(), count.clone(), stop.clone());
            instances.spawn(serving);
        }
    }
    let total = instances.len();
    let all_opened = async {
        let _ = opened.wait_for(|opened| *opened == total).await;
        info!(instances = total, "serving");
        status.send_replace(Status::Serving);
        stop.cancelled().await;
        status.send_replace(Status::Stopping);
        std::future::pending::<()>().await;
    };
    let outcome = tokio::select! {
        outcome = supervise(&consuming, &publishing, &mut instances) => outcome,
        () = all_opened => Ok(()),
    };
    // Whether it succeeds no longer matters: everything is settled, and the sockets end with the connections.
    let goodbye = |bus: Arc<Bus>| async move {
        let _ = within(CLOSE_TIMEOUT, "closing", bus.close(200, "the session ends".into())).await;
    };
    futures_util::future::join(goodbye(publishing), goodbye(consuming)).await;
    outcome
}

/// One instance, from its opening to its end. A queue that does not answer, as a quorum queue without a leader,
/// holds up its own instances only: they try again while the others serve.
async fn serve_one<F: Factory>(
    (consuming, publishing): (Arc<Bus>, Arc<Bus>),
    shared: Arc<Shared>,
    broker: Broker,
    pool: Pool,
    opened: watch::Sender<usize>,
    stop: CancellationToken,
) -> Result<(), BusError> {
    let limit = shared.amqp.confirm_timeout_ms.duration();
    loop {
        let opening = async {
            let publisher = Publisher::open(&publishing, limit).await?;
            Instance::open(&consuming, publisher, Arc::clone(&shared), broker, &pool).await
        };
        let instance = tokio::select! {
            () = stop.cancelled() => return Ok(()),
            instance = opening => instance,
        };
        match instance {
            Ok(instance) => {
                opened.send_modify(|opened| *opened += 1);
                return instance.run::<F>(stop).await;
            }
            // It has been waited for long enough to try again at once.
            Err(BusError::Late { what, .. }) => {
                warn!(queue = broker.queue(), "no answer to {what}: trying again");
            }
            Err(error) => return Err(error),
        }
    }
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
