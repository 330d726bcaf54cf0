//! One broker: its connection, on which it consumes, replies and acknowledges, made again whenever it ends, with the
//! instances on it.
//!
//! **The smallest part begins again.** Where RabbitMQ ends a channel, its instance opens another, and the rest of the broker
//! notices nothing; where a connection ends, the other brokers go on.
//!
//! **A message that the library beneath cannot read** ends the connection of its broker: it is removed (`quarantine`), and
//! the broker has a new connection.

use std::sync::Arc;

use beds_core::backoff::Backoff;
use beds_protocol::{Broker, topology::QueueKind};
use tokio::task::JoinSet;
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
    session::{CANNOT_BEGIN, LOST, Restarts, ended, goodbye, supervise},
    waiting,
};

/// A broker with its own connection.
#[derive(Clone)]
pub(crate) struct Serving {
    pub(crate) shared: Arc<Shared>,
    pub(crate) broker: Broker,
    pub(crate) pool: Pool,
    pub(crate) stop: CancellationToken,
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

    /// Removes what cannot be read; false when the node stops meanwhile.
    async fn sweep(&self) -> bool {
        let Self { shared, broker, pool, stop } = self;
        let (amqp, queue) = (&shared.amqp, broker.queue());
        let mut backoff = Backoff::new(amqp.backoff_min_ms.duration(), amqp.backoff_max_ms.duration());
        warn!(queue, "a message cannot be read: looking for it; the other queues are served meanwhile");
        loop {
            let swept = tokio::select! {
                () = stop.cancelled() => return false,
                swept = quarantine::sweep(shared, *broker, pool) => swept,
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
        let Self { shared, broker, pool, stop } = self;
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
        for _ in 0..pool.instances {
            let consuming = Arc::clone(&consuming);
            instances.spawn(self.clone().serve_one(consuming, Source::Requests, pool.prefetch));
        }
        if broker.kind() == QueueKind::Quorum {
            instances.spawn(self.clone().serve_one(Arc::clone(&consuming), Source::Alone, 1));
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

    /// One instance: its channel, made again whenever RabbitMQ ends it; fails when the connection does.
    async fn serve_one(
        self,
        consuming: Arc<Connection>,
        source: Source,
        prefetch: u16,
    ) -> Result<(), BusError> {
        let Self { shared, broker, stop, .. } = self;
        let queue = source.queue(broker);
        let is_counted = source == Source::Requests;
        let mut restarts = Restarts::new(&shared.amqp);
        loop {
            let opening = async {
                outlet::may_reply(&shared.publishing.subscribe()).await?;
                shared.replies_are_allowed(true);
                Instance::open(&consuming, &shared, broker, source, prefetch).await
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
                    let Err(error) = instance.run(stop.clone()).await else { return Ok(()) };
                    if is_counted {
                        shared.board.ended(broker);
                    }
                    (LOST, error)
                }
                // A queue that does not answer, as a quorum queue without a leader. It has been waited for long enough to
                // try again at once.
                Err(BusError::Late { what, .. }) => {
                    warn!(queue, "no answer to {what}: retrying");
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
            if !restarts.again(&stop).await {
                return Ok(());
            }
        }
    }
}
