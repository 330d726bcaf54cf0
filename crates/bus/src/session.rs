//! One life of the node's two AMQP connections. One consumes, replies and acknowledges; the other publishes what is
//! confirmed.
//!
//! **When RabbitMQ raises an alarm**, it reads no further from a connection that publishes, and says so with
//! `connection.blocked`; the library beneath then sends nothing on it. It goes on delivering, so the consuming
//! connection fills up to its prefetch and no further. Requests are handled; their replies and acknowledgements wait,
//! at most as many as the prefetch of all instances allows, and go out in their order when the alarm is over. Nothing
//! has a deadline meanwhile: a reply waits for as long as its connection lives, and dead letters for as long as theirs
//! is blocked. So the session does not end, and nothing is handled a second time. A connection that is dead, not
//! blocked, still ends by its heartbeat, which RabbitMQ goes on sending. Two things end the wait: RabbitMQ's own
//! bound on an unacknowledged delivery (`consumer_timeout`, 30 minutes unless set), and the node's stop; what could not
//! be acknowledged by then is delivered again.
//!
//! The price is that an alarm stops the intake of all brokers once a reply has been published: also of those whose
//! requests want no reply, since their acknowledgements take the same way. They wait in their queues, whose own
//! publishers the alarm stops as well.

use std::{sync::Arc, time::Duration};

use beds_protocol::Broker;
use futures_util::{Stream, StreamExt};
use lapin::Event;
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Instant, timeout},
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{
    config::Pool,
    connection::{Connection, connect},
    error::BusError,
    hosting::Shared,
    instance::Instance,
    publisher::Publisher,
    topology,
};

/// How long a failed session's last words are waited for.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// How long a connection may take to say goodbye: the library beneath has been seen not to come back from it.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// The upkeep of the topology takes one part in so many of the time at most. RabbitMQ needs some 0.3 ms for a binding:
/// 1,800 are looked after every half minute.
const UPKEEP_SHARE: u32 = 50;

/// Whether the pool serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// It is not connected to RabbitMQ: why.
    Connecting(Arc<str>),
    /// Its consumers are on their queues, and requests come there.
    Serving,
    /// Its consumers are on their queues, but requests may not come there: why.
    Unrouted(Arc<str>),
    /// It finishes what it has taken, and takes no more.
    Stopping,
}

/// The two connections, the topology declared.
struct Session {
    consuming: Arc<Connection>,
    publishing: Arc<Connection>,
    publisher: Publisher,
}

/// Serves until `stop` is cancelled (then it drains, and gives `Ok`) or anything on the bus fails.
pub(crate) async fn run(
    shared: &Arc<Shared>,
    stop: &CancellationToken,
    status: &watch::Sender<Status>,
) -> Result<(), BusError> {
    let session = tokio::select! {
        () = stop.cancelled() => return Ok(()),
        session = open(shared) => session?,
    };
    shared.meter.sessions.count();
    shared.meter.blocked.set(0);
    shared.publishing.send_replace(Some(Arc::clone(&session.publishing)));
    // Dropping the set aborts every instance: none outlives its session.
    let mut instances = JoinSet::new();
    let (count, mut opened) = watch::channel(0);
    for (broker, pool) in &shared.brokers {
        for _ in 0..pool.instances {
            let serving = serve_one(
                Arc::clone(&session.consuming),
                session.publisher.clone(),
                Arc::clone(shared),
                (*broker, pool.clone()),
                count.clone(),
                stop.clone(),
            );
            instances.spawn(serving);
        }
    }
    let total = instances.len();
    let all_opened = async {
        let _ = opened.wait_for(|opened| *opened == total).await;
        info!(instances = total, "serving");
        status.send_replace(Status::Serving);
        tokio::select! {
            () = stop.cancelled() => {}
            () = look_after(&session.publishing, shared, status) => {}
        }
        status.send_replace(Status::Stopping);
        std::future::pending::<()>().await;
    };
    let outcome = tokio::select! {
        outcome = supervise(&session, shared, &mut instances, stop) => outcome,
        () = all_opened => Ok(()),
    };
    shared.publishing.send_replace(None);
    // Whether it succeeds no longer matters: everything is settled, and the sockets end with the connections.
    let goodbye = |connection| Connection::close(connection, CLOSE_TIMEOUT, "the session ends");
    let _ = futures_util::future::join(goodbye(&session.publishing), goodbye(&session.consuming)).await;
    outcome
}

/// One instance, from its opening to its end. A queue that does not answer, as a quorum queue without a leader,
/// holds up its own instances only: they try again while the others serve.
async fn serve_one(
    consuming: Arc<Connection>,
    publisher: Publisher,
    shared: Arc<Shared>,
    (broker, pool): (Broker, Pool),
    opened: watch::Sender<usize>,
    stop: CancellationToken,
) -> Result<(), BusError> {
    loop {
        let opening = Instance::open(&consuming, publisher.clone(), Arc::clone(&shared), broker, &pool);
        let instance = tokio::select! {
            () = stop.cancelled() => return Ok(()),
            instance = opening => instance,
        };
        match instance {
            Ok(instance) => {
                opened.send_modify(|opened| *opened += 1);
                return instance.run(stop).await;
            }
            // It has been waited for long enough to try again at once.
            Err(BusError::Late { what, .. }) => {
                warn!(queue = broker.queue(), "no answer to {what}: retrying");
            }
            Err(error) => return Err(error),
        }
    }
}

/// Declares again what vanishes of the topology, for as long as the session lives. What cannot be declared does not end
/// the session: the consumers are on their queues, and finish what is there.
async fn look_after(connection: &Connection, shared: &Shared, status: &watch::Sender<Status>) {
    let period = shared.amqp.topology_check_ms.duration();
    let mut took = Duration::ZERO;
    loop {
        tokio::time::sleep(period.max(took * UPKEEP_SHARE)).await;
        // Nothing is sent while RabbitMQ blocks the connection.
        if connection.status().blocked() {
            continue;
        }
        let begun = Instant::now();
        let restored = topology::restore(connection, shared).await;
        took = begun.elapsed();
        let now = match restored {
            Ok(missing) => {
                for what in missing {
                    warn!("{what} had vanished: declared again, with its bindings");
                }
                Status::Serving
            }
            Err(_) if connection.status().blocked() => continue,
            Err(reason) => {
                warn!("the topology cannot be declared: {reason}");
                Status::Unrouted(reason.to_string().into())
            }
        };
        status.send_if_modified(|status| {
            let is_new = *status != now;
            *status = now;
            is_new
        });
    }
}

async fn open(shared: &Shared) -> Result<Session, BusError> {
    let consuming = connect(&shared.amqp, &format!("{} consuming", shared.node)).await?;
    let publishing = connect(&shared.amqp, &format!("{} publishing", shared.node)).await?;
    topology::declare(&consuming, shared).await?;
    let publisher = Publisher::open(&publishing).await?;
    Ok(Session { consuming: Arc::new(consuming), publishing: Arc::new(publishing), publisher })
}

/// Waits until all instances have drained, or the first of them or a connection fails.
async fn supervise(
    session: &Session,
    shared: &Shared,
    instances: &mut JoinSet<Result<(), BusError>>,
    stop: &CancellationToken,
) -> Result<(), BusError> {
    let (consuming, publishing) = (session.consuming.events(), session.publishing.events());
    let mut events = futures_util::stream::select(consuming, publishing);
    let error = match serve(&mut events, shared, instances, stop).await {
        Ok(()) => return Ok(()),
        Err(error @ BusError::Unreadable) => return Err(error),
        Err(error) => error,
    };
    // The instances see no more than that the connection is gone; why, the connection tells by itself.
    let unreadable = async {
        while let Some(event) = events.next().await {
            if let Event::Error(error) = event
                && let error @ BusError::Unreadable = BusError::from(error)
            {
                return error;
            }
        }
        std::future::pending().await
    };
    Err(timeout(LAST_WORDS, unreadable).await.unwrap_or(error))
}

async fn serve(
    events: &mut (impl Stream<Item = Event> + Unpin),
    shared: &Shared,
    instances: &mut JoinSet<Result<(), BusError>>,
    stop: &CancellationToken,
) -> Result<(), BusError> {
    loop {
        tokio::select! {
            Some(ended) = instances.join_next() => match ended {
                Ok(ended) => ended?,
                Err(error) => return Err(BusError::Other(format!("an instance failed: {error}"))),
            },
            // A node may host nothing but brokers without keys; its connections stand by.
            () = stop.cancelled(), if instances.is_empty() => return Ok(()),
            Some(event) = events.next() => match event {
                // The end of one channel: whoever uses it is told by its own answers.
                Event::Error(error) if error.is_amqp_soft_error() => {}
                Event::Error(error) => return Err(error.into()),
                Event::ConnectionBlocked(reason) => {
                    shared.meter.blocked.set(1);
                    warn!("RabbitMQ blocks publishing: {reason}; replies wait");
                }
                Event::ConnectionUnblocked => {
                    shared.meter.blocked.set(0);
                    info!("RabbitMQ allows publishing again; replies resume");
                }
                _ => {}
            },
        }
    }
}
