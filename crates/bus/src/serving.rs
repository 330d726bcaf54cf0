//! One broker: its connection with the instances on it. On this connection it consumes, replies and acknowledges. The
//! connection is made again whenever it ends.
//!
//! **The smallest part restarts.** If RabbitMQ ends a channel, its instance opens another, and the rest of the broker
//! notices nothing. If a connection ends, the other brokers go on.
//!
//! **A message that the library beneath cannot read** ends the connection of its broker: it is removed (`quarantine`), and
//! the broker has a new connection.

use std::sync::Arc;

use beds_core::backoff::Backoff;
use beds_protocol::{Broker, topology::QueueKind};
use tokio::{sync::watch, task::JoinSet};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::{
    config::Pool,
    connection::{Connection, connect},
    error::{BusError, Told},
    handler::{self, Source},
    hosting::Shared,
    instance::Instance,
    outlet, quarantine,
    session::{CANNOT_BEGIN, LOST, Restarts, ended, goodbye, joined, supervise},
    waiting,
};

/// A broker with its own connection.
#[derive(Clone)]
pub(crate) struct Serving {
    pub(crate) shared: Arc<Shared>,
    pub(crate) broker: Broker,
    pub(crate) pool: watch::Receiver<Pool>,
    pub(crate) stop: CancellationToken,
}

/// The place of an instance.
#[derive(Debug, Clone)]
struct Seat {
    prefetch: u16,
    /// Cancelled when the instance is to leave the seat, or when the node stops.
    free: CancellationToken,
}

impl Serving {
    /// Serves until the node stops.
    pub(crate) async fn run(self) {
        let Self { shared, broker, stop, .. } = &self;
        let queue = broker.queue();
        let mut restarts = Restarts::new(&shared.amqp);
        loop {
            let error = match self.connected(&mut restarts).await {
                Ok(()) => return,
                Err(BusError::Unreadable) => {
                    shared.board.lost(*broker, None);
                    if !self.sweep().await {
                        return;
                    }
                    continue;
                }
                Err(error) => error,
            };
            shared.meter.lost.count();
            shared.servers.forget();
            let why = Told(&error).to_string();
            warn!(queue, "the connection to RabbitMQ is lost, or could not be made: {why}");
            shared.board.lost(*broker, Some(why.into()));
            if !restarts.again(stop).await {
                return;
            }
        }
    }

    /// Removes unreadable messages; false if the node stops meanwhile.
    async fn sweep(&self) -> bool {
        let Self { shared, broker, pool, stop } = self;
        let (amqp, queue) = (&shared.amqp, broker.queue());
        let mut backoff = Backoff::new(amqp.backoff_min_ms.duration(), amqp.backoff_max_ms.duration());
        warn!(queue, "a message cannot be read: looking for it; the other queues are served meanwhile");
        loop {
            let pool = pool.borrow().clone();
            let swept = tokio::select! {
                () = stop.cancelled() => return false,
                swept = quarantine::sweep(shared, *broker, &pool) => swept,
            };
            let Err(error) = swept else { return true };
            let why = format!("unreadable messages could not be removed: {}", Told(&error));
            warn!(queue, "{why}");
            shared.board.lost(*broker, Some(why.into()));
            if !handler::wait(&mut backoff, stop).await {
                return false;
            }
        }
    }

    /// One life of the broker's connection.
    async fn connected(&self, restarts: &mut Restarts) -> Result<(), BusError> {
        let Self { shared, broker, stop, .. } = self;
        let name = format!("{} consuming {broker}", shared.node);
        let mut publishing = shared.publishing.subscribe();
        let connecting = async {
            // The topology first.
            let _ = publishing.wait_for(Option::is_some).await;
            connect(&shared.amqp, &name).await
        };
        let consuming = tokio::select! {
            () = stop.cancelled() => return Ok(()),
            consuming = connecting => Arc::new(consuming?),
        };
        shared.meter.sessions.count();
        restarts.begun();
        // Dropping the set aborts every instance: none outlives its connection.
        let mut instances = JoinSet::new();
        instances.spawn(self.clone().serve_all(Arc::clone(&consuming)));
        if broker.kind() == QueueKind::Quorum {
            let consuming = Arc::clone(&consuming);
            instances.spawn(self.clone().serve_one(
                consuming,
                Source::Alone,
                Seat { prefetch: 1, free: stop.clone() },
            ));
        }
        for needs in shared.needs(*broker) {
            let of = (*broker, needs);
            let consuming = Arc::clone(&consuming);
            instances.spawn(waiting::work_off(consuming, Arc::clone(shared), of, stop.clone()));
        }
        let ended = supervise(&consuming, shared, &mut instances, stop).await;
        goodbye(&consuming).await;
        ended
    }

    /// Keeps as many instances as the pool says, now and after each change; fails when one of them does.
    async fn serve_all(self, consuming: Arc<Connection>) -> Result<(), BusError> {
        let mut pool = self.pool.clone();
        let mut seats: Vec<Seat> = Vec::new();
        // Dropping the set aborts every instance.
        let mut instances = JoinSet::new();
        loop {
            let Pool { instances: count, prefetch } = pool.borrow_and_update().clone();
            let (mut stay, mut leave): (Vec<_>, Vec<_>) =
                seats.into_iter().partition(|seat| seat.prefetch == prefetch);
            leave.extend(stay.drain(stay.len().min(count.into())..));
            // New ones come before the old ones go.
            while stay.len() < count.into() {
                let seat = Seat { prefetch, free: self.stop.child_token() };
                instances.spawn(self.clone().serve_one(
                    Arc::clone(&consuming),
                    Source::Requests,
                    seat.clone(),
                ));
                stay.push(seat);
            }
            for seat in leave {
                seat.free.cancel();
            }
            seats = stay;
            tokio::select! {
                Ok(()) = pool.changed() => {}
                ended = instances.join_next() => match ended {
                    Some(ended) => joined(ended)?,
                    // The node stops.
                    None => return Ok(()),
                },
            }
        }
    }

    /// One instance: its channel, opened again whenever RabbitMQ ends it; fails when the connection does.
    async fn serve_one(self, consuming: Arc<Connection>, source: Source, seat: Seat) -> Result<(), BusError> {
        let Self { shared, broker, stop, .. } = self;
        let queue = source.queue(broker);
        let is_counted = source == Source::Requests;
        let mut restarts = Restarts::new(&shared.amqp);
        loop {
            let opening = async {
                let asked = shared.replies_are_asked_for();
                match outlet::may_reply(&shared.publishing.subscribe()).await {
                    Ok(()) => shared.replies_are_allowed(asked),
                    Err(error @ BusError::Forbidden(_)) => return Err(error),
                    // The answer is unknown. RabbitMQ's last answer holds until it gives another.
                    Err(error) if shared.replies_are_forbidden() => return Err(error),
                    Err(_) => {}
                }
                Instance::open(&consuming, &shared, broker, source, seat.prefetch).await
            };
            let opened = tokio::select! {
                () = stop.cancelled() => return Ok(()),
                opened = opening => opened,
            };
            let (what, error) = match opened {
                Ok(instance) => {
                    restarts.begun();
                    if is_counted {
                        shared.board.opened(broker);
                    }
                    let ended = instance.run(&seat.free, &stop).await;
                    if is_counted {
                        shared.board.ended(broker);
                    }
                    let Err(error) = ended else { return Ok(()) };
                    (LOST, error)
                }
                // A queue that does not answer, such as a quorum queue without a leader. The wait was long enough to
                // try again at once.
                Err(BusError::Late { what, .. }) => {
                    warn!(queue, "no answer to {what}: retrying");
                    if seat.free.is_cancelled() {
                        return Ok(());
                    }
                    continue;
                }
                Err(error) => {
                    if is_counted {
                        shared.board.fails(broker, Told(&error).to_string().into());
                    }
                    (CANNOT_BEGIN, error)
                }
            };
            ended(&consuming, &shared, &queue, what, error)?;
            if !restarts.again(&seat.free).await {
                return Ok(());
            }
        }
    }
}
