//! [`BrokerPool`]: the running pool.

use std::{fmt, sync::Arc, time::Duration};

use beds_core::meter::Source;
use beds_protocol::Broker;
use tokio::{
    sync::watch,
    task::{JoinHandle, JoinSet},
    time::timeout,
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{
    config::{Amqp, Pool},
    events::EventPublisher,
    hosting::{Hosting, Shared},
    meter::Pulse,
    publishing,
    serving::Serving,
    status::Status,
};

/// The running pool of a node.
pub struct BrokerPool {
    stop: CancellationToken,
    task: JoinHandle<()>,
    shared: Arc<Shared>,
}

impl BrokerPool {
    /// Starts serving; `node` names the node in connections and dead letters. It connects in the background, and
    /// again whenever it must. Must be called within a Tokio runtime with I/O and time enabled.
    #[must_use]
    pub fn start(amqp: Amqp, node: &str, hosting: Hosting) -> Self {
        let shared = Arc::new(Shared::new(amqp, node, hosting));
        let stop = CancellationToken::new();
        Self { task: tokio::spawn(serve(Arc::clone(&shared), stop.clone())), stop, shared }
    }

    /// Whether the pool serves, now and whenever that changes.
    #[must_use]
    pub fn status(&self) -> watch::Receiver<Status> {
        self.shared.board.status()
    }

    /// What the pool and its services count, also after the pool has stopped.
    #[must_use]
    pub fn source(&self) -> Arc<dyn Source> {
        Arc::clone(&self.shared) as Arc<dyn Source>
    }

    /// Whether its requests get on, now.
    pub fn pulse(&self) -> impl Fn() -> Pulse + Send + Sync + use<> {
        let shared = Arc::clone(&self.shared);
        move || shared.meter.pulse()
    }

    /// Publishes events on the connection for what is confirmed.
    #[must_use]
    pub fn events(&self) -> EventPublisher {
        EventPublisher::new(Arc::clone(&self.shared))
    }

    /// Gives these brokers other pools, as far as they are open. Where there are to be more instances, they are opened; where
    /// there are to be fewer, or with another prefetch, those too many stop consuming, finish what they have taken, reply,
    /// acknowledge, and end.
    pub fn resize(&self, brokers: &[(Broker, Pool)]) {
        for (broker, pool) in brokers {
            self.shared.resize(*broker, pool);
        }
    }

    /// From now on a request is slow that takes so long; none is where it is zero.
    pub fn slow_after(&self, after: Duration) {
        self.shared.slow.after(after);
    }

    /// Stops consuming, finishes what was taken, replies, acknowledges, disconnects.
    pub async fn shutdown(self) {
        self.stop.cancel();
        // The drain has a bound of its own; this one is for what comes after it.
        if timeout(self.shared.drain_timeout + Duration::from_secs(10), self.task).await.is_err() {
            warn!("the broker pool did not stop in time: RabbitMQ redelivers what is not acknowledged");
        }
    }
}

impl fmt::Debug for BrokerPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BrokerPool").field("status", &*self.status().borrow()).finish_non_exhaustive()
    }
}

/// Serves all brokers until `stop` is cancelled, and then finishes what was taken.
async fn serve(shared: Arc<Shared>, stop: CancellationToken) {
    let last = CancellationToken::new();
    let publishing = tokio::spawn(publishing::keep(Arc::clone(&shared), last.clone()));
    let mut brokers = JoinSet::new();
    for (broker, pool) in &shared.brokers {
        let (shared, pool, stop) = (Arc::clone(&shared), pool.subscribe(), stop.clone());
        brokers.spawn(Serving { shared, broker: *broker, pool, stop }.run());
    }
    stop.cancelled().await;
    shared.board.stopping();
    while brokers.join_next().await.is_some() {}
    // What they finished may have needed it.
    last.cancel();
    let _ = publishing.await;
    info!("the broker pool has stopped");
}
