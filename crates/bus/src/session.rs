//! One life of the node's AMQP connections. One for each broker consumes, replies and acknowledges; another publishes what
//! is confirmed.
//!
//! **A message that the library beneath cannot read** ends the connection of its broker, and no other: it is removed
//! (`quarantine`), and the broker has a new connection.
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

use std::{pin::pin, sync::Arc, time::Duration};

use beds_core::backoff::Backoff;
use beds_protocol::{Broker, topology::QueueKind};
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
    handler::{self, Source},
    hosting::Shared,
    instance::{Instance, Links},
    publisher::Publisher,
    quarantine, topology, waiting,
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

/// The connection for what is confirmed, the topology declared.
struct Session {
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
    // Dropping the set aborts every broker: none outlives its session.
    let mut brokers = JoinSet::new();
    let (count, mut opened) = watch::channel(0);
    for (broker, pool) in &shared.brokers {
        let serving = Serving {
            publishing: Arc::clone(&session.publishing),
            publisher: session.publisher.clone(),
            shared: Arc::clone(shared),
            broker: *broker,
            pool: pool.clone(),
            opened: count.clone(),
            stop: stop.clone(),
        };
        brokers.spawn(serving.run());
    }
    let total = shared.brokers.iter().map(|(_, pool)| usize::from(pool.instances)).sum();
    let all_opened = async {
        let _ = opened.wait_for(|opened| *opened >= total).await;
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
        outcome = supervise(&session.publishing, shared, &mut brokers, stop) => outcome,
        () = all_opened => Ok(()),
    };
    shared.publishing.send_replace(None);
    goodbye(&session.publishing).await;
    outcome
}

/// Whether it succeeds no longer matters: everything is settled, and the socket ends with the connection.
async fn goodbye(connection: &Connection) {
    let _ = connection.close(CLOSE_TIMEOUT, "the session ends").await;
}

/// A broker with its own connection.
struct Serving {
    publishing: Arc<Connection>,
    publisher: Publisher,
    shared: Arc<Shared>,
    broker: Broker,
    pool: Pool,
    opened: watch::Sender<usize>,
    stop: CancellationToken,
}

impl Serving {
    /// Serves until the node stops, or the bus fails. What cannot be read is removed meanwhile.
    async fn run(self) -> Result<(), BusError> {
        let amqp = &self.shared.amqp;
        let mut backoff = Backoff::new(amqp.backoff_min_ms.duration(), amqp.backoff_max_ms.duration());
        loop {
            match self.connected().await {
                Err(BusError::Unreadable) => {}
                ended => return ended,
            }
            let queue = self.broker.queue();
            warn!(queue, "a message cannot be read: looking for it");
            match quarantine::sweep(&self.shared, self.broker, &self.pool).await {
                Ok(_) => backoff.reset(),
                Err(error) => {
                    warn!(queue, "unreadable messages could not be removed: {error}");
                    if !handler::wait(&mut backoff, &self.stop).await {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// One life of the broker's connection.
    async fn connected(&self) -> Result<(), BusError> {
        let Self { shared, broker, pool, stop, .. } = self;
        let name = format!("{} consuming {broker}", shared.node);
        let consuming = tokio::select! {
            () = stop.cancelled() => return Ok(()),
            consuming = connect(&shared.amqp, &name) => Arc::new(consuming?),
        };
        let links = Links {
            consuming: Arc::clone(&consuming),
            publishing: Arc::clone(&self.publishing),
            publisher: self.publisher.clone(),
        };
        // Dropping the set aborts every instance: none outlives its connection.
        let mut instances = JoinSet::new();
        for _ in 0..pool.instances {
            let opened = Some(self.opened.clone());
            instances.spawn(self.serve_one(links.clone(), Source::Requests, pool.prefetch, opened));
        }
        if broker.kind() == QueueKind::Quorum {
            instances.spawn(self.serve_one(links.clone(), Source::Alone, 1, None));
        }
        for needs in shared.needs(*broker) {
            let of = (*broker, needs);
            instances.spawn(waiting::work_off(links.clone(), Arc::clone(shared), of, stop.clone()));
        }
        let ended = supervise(&consuming, shared, &mut instances, stop).await;
        goodbye(&consuming).await;
        ended
    }

    /// One instance, from its opening to its end. A queue that does not answer, as a quorum queue without a leader,
    /// holds up its own instances only: they try again while the others serve.
    fn serve_one(
        &self,
        links: Links,
        source: Source,
        prefetch: u16,
        opened: Option<watch::Sender<usize>>,
    ) -> impl Future<Output = Result<(), BusError>> + Send + 'static {
        let (shared, broker, stop) = (Arc::clone(&self.shared), self.broker, self.stop.clone());
        async move {
            loop {
                let opening = Instance::open(&links, &shared, broker, source, prefetch);
                let instance = tokio::select! {
                    () = stop.cancelled() => return Ok(()),
                    instance = opening => instance,
                };
                match instance {
                    Ok(instance) => {
                        if let Some(opened) = opened {
                            opened.send_modify(|opened| *opened += 1);
                        }
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
    let publishing = connect(&shared.amqp, &format!("{} publishing", shared.node)).await?;
    topology::declare(&publishing, shared).await?;
    let publisher = Publisher::open(&publishing).await?;
    Ok(Session { publishing: Arc::new(publishing), publisher })
}

/// Waits until all that works on a connection has drained, or the first of it or the connection fails.
async fn supervise(
    connection: &Connection,
    shared: &Shared,
    workers: &mut JoinSet<Result<(), BusError>>,
    stop: &CancellationToken,
) -> Result<(), BusError> {
    let mut events = pin!(connection.events());
    let error = match serve(&mut events, shared, workers, stop).await {
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
    workers: &mut JoinSet<Result<(), BusError>>,
    stop: &CancellationToken,
) -> Result<(), BusError> {
    loop {
        tokio::select! {
            Some(ended) = workers.join_next() => match ended {
                Ok(ended) => ended?,
                Err(error) => return Err(BusError::Other(format!("an instance failed: {error}"))),
            },
            // A node may host nothing but brokers without keys; its connections stand by.
            () = stop.cancelled(), if workers.is_empty() => return Ok(()),
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
