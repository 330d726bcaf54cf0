//! [`BrokerPool`]: the running pool, and its supervision.

use std::{fmt, sync::Arc, time::Duration};

use beds_core::{backoff::Backoff, meter::Source};
use tokio::{sync::watch, task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{
    config::Amqp,
    events::EventPublisher,
    hosting::{Hosting, Shared},
    meter::Pulse,
    session::{self, Status},
};

/// The running pool of a node.
pub struct BrokerPool {
    stop: CancellationToken,
    status: watch::Receiver<Status>,
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
        let (sender, status) = watch::channel(Status::Connecting("the node starts".into()));
        let supervisor = Supervisor { shared: Arc::clone(&shared), stop: stop.clone(), status: sender };
        Self { stop, status, task: tokio::spawn(supervisor.run()), shared }
    }

    /// Whether the pool serves, now and whenever that changes.
    #[must_use]
    pub fn status(&self) -> watch::Receiver<Status> {
        self.status.clone()
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
        EventPublisher::new(self.shared.publishing.subscribe())
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
        f.debug_struct("BrokerPool").field("status", &*self.status.borrow()).finish_non_exhaustive()
    }
}

struct Supervisor {
    shared: Arc<Shared>,
    stop: CancellationToken,
    status: watch::Sender<Status>,
}

impl Supervisor {
    async fn run(self) {
        let Amqp { backoff_min_ms, backoff_max_ms, .. } = &self.shared.amqp;
        let mut backoff = Backoff::new(backoff_min_ms.duration(), backoff_max_ms.duration());
        loop {
            let outcome = session::run(&self.shared, &self.stop, &self.status).await;
            let why = outcome.as_ref().err().map(ToString::to_string).unwrap_or_default();
            let before = self.status.send_replace(Status::Connecting(why.into()));
            if self.stop.is_cancelled() {
                info!("the broker pool has stopped");
                return;
            }
            if let Err(reason) = outcome {
                self.shared.meter.lost.count();
                warn!("the connection to RabbitMQ is lost, or could not be made: {reason}");
            }
            // A session that has served ended for a reason of its own: begin with short waits again.
            if !matches!(before, Status::Connecting(_)) {
                backoff.reset();
            }
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = tokio::time::sleep(backoff.pause()) => {}
            }
        }
    }
}
