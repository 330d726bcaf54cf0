//! [`BrokerPool`]: the running pool.

use std::{fmt, sync::Arc, time::Duration};

use beds_core::{meter::Source, service::Service};
use beds_protocol::Broker;
use futures_util::future::join_all;
use tokio::{
    sync::watch,
    task::{JoinHandle, JoinSet},
    time::timeout,
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{
    config::Pool,
    events::EventPublisher,
    hosting::{Counted, Hosting, Server, Shared},
    meter::{Meter, Pulse},
    publishing,
    serving::Serving,
    status::{self, Status},
};

/// The running pool of a node: its brokers, on the servers where their services live.
pub struct BrokerPool {
    stop: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
    /// One for each server.
    parts: Vec<Arc<Shared>>,
    status: watch::Receiver<Status>,
    meter: Arc<Meter>,
    services: Vec<Arc<dyn Service>>,
    drain_timeout: Duration,
}

impl BrokerPool {
    /// Starts serving; `node` names the node in connections and dead letters. It connects in the background, and again
    /// whenever it must. A broker whose service lives on none of the servers stays closed. Must be called within a
    /// Tokio runtime with I/O and time enabled.
    #[must_use]
    pub fn start(servers: Vec<Server>, node: &str, hosting: Hosting) -> Self {
        let stop = CancellationToken::new();
        let meter = Arc::new(Meter::new(&hosting.open(&servers)));
        let parts: Vec<_> = servers
            .into_iter()
            .map(|server| Arc::new(Shared::new(&server, node, &hosting, &meter)))
            .collect();
        let tasks = parts.iter().map(|part| tokio::spawn(serve(Arc::clone(part), stop.clone()))).collect();
        let status = status::together(parts.iter().map(|part| part.board.status()).collect());
        let Hosting { mut services, rest, drain_timeout, .. } = hosting;
        services.push(rest);
        Self { stop, tasks, parts, status, meter, services, drain_timeout }
    }

    /// Whether the pool serves, now and after each change.
    #[must_use]
    pub fn status(&self) -> watch::Receiver<Status> {
        self.status.clone()
    }

    /// The counters of the pool and its services, also after the pool has stopped.
    #[must_use]
    pub fn source(&self) -> Arc<dyn Source> {
        Arc::new(Counted { meter: Arc::clone(&self.meter), services: self.services.clone() })
    }

    /// Whether its requests make progress, now.
    pub fn pulse(&self) -> impl Fn() -> Pulse + Send + Sync + use<> {
        let meter = Arc::clone(&self.meter);
        move || meter.pulse()
    }

    /// Publishes events on the connection for confirmed messages.
    #[must_use]
    pub fn events(&self) -> EventPublisher {
        EventPublisher::new(self.parts.clone())
    }

    /// Gives these brokers other pools, as far as they are open. If a broker is to have more instances, they are
    /// opened. If it is to have fewer, or another prefetch, the surplus instances stop consuming, finish the requests
    /// they have taken, reply, acknowledge, and end.
    pub fn resize(&self, brokers: &[(Broker, Pool)]) {
        for part in &self.parts {
            for (broker, pool) in brokers {
                part.resize(*broker, pool);
            }
        }
    }

    /// Stops consuming and finishes the requests that were taken, until [`BrokerPool::resume`]. Commands to nodes are
    /// still taken.
    pub fn drain(&self) {
        self.drains(true);
    }

    /// Consumes again.
    pub fn resume(&self) {
        self.drains(false);
    }

    fn drains(&self, now: bool) {
        for part in &self.parts {
            part.board.draining(now);
            part.drains.send_if_modified(|drains| std::mem::replace(drains, now) != now);
        }
    }

    /// The pools that the open brokers are to have, now.
    pub fn pools(&self) -> impl Fn() -> Vec<(Broker, Pool)> + Send + Sync + use<> {
        let parts = self.parts.clone();
        move || {
            let brokers = parts.iter().flat_map(|part| &part.brokers);
            brokers.map(|(broker, pool)| (*broker, pool.borrow().clone())).collect()
        }
    }

    /// The brokers whose requests are served, now: a node may serve those of one RabbitMQ while another one is away.
    pub fn serving(&self) -> impl Fn() -> Vec<Broker> + Send + Sync + use<> {
        let parts = self.parts.clone();
        move || {
            let serving = parts.iter().filter(|part| part.board.serves());
            serving.flat_map(|part| part.brokers.iter().map(|(broker, _)| *broker)).collect()
        }
    }

    /// Sets from which duration on a request is slow; no request is slow if it is zero.
    pub fn slow_after(&self, after: Duration) {
        for part in &self.parts {
            part.slow.after(after);
        }
    }

    /// Stops consuming, finishes the requests that were taken, replies, acknowledges, disconnects.
    pub async fn shutdown(self) {
        self.stop.cancel();
        // The drain has a bound of its own; this one covers the steps after it.
        if timeout(self.drain_timeout + Duration::from_secs(10), join_all(self.tasks)).await.is_err() {
            warn!("the broker pool did not stop in time: RabbitMQ redelivers what is not acknowledged");
        }
    }
}

impl fmt::Debug for BrokerPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BrokerPool").field("status", &*self.status().borrow()).finish_non_exhaustive()
    }
}

/// Serves all brokers of a server until `stop` is cancelled, and then finishes the requests that were taken.
async fn serve(shared: Arc<Shared>, stop: CancellationToken) {
    let last = CancellationToken::new();
    let publishing = tokio::spawn(publishing::keep(Arc::clone(&shared), last.clone()));
    let mut brokers = JoinSet::new();
    for (broker, pool) in &shared.brokers {
        let (shared, pool, stop) = (Arc::clone(&shared), pool.subscribe(), stop.clone());
        brokers.spawn(keep_open(Serving { shared, broker: *broker, pool, stop }));
    }
    stop.cancelled().await;
    shared.board.stopping();
    while brokers.join_next().await.is_some() {}
    // The brokers may have needed it to finish.
    last.cancel();
    let _ = publishing.await;
    info!("the broker pool has stopped");
}

/// Serves a broker until the node stops, and not while it drains.
async fn keep_open(serving: Serving) {
    let (shared, broker, stop) = (Arc::clone(&serving.shared), serving.broker, serving.stop.clone());
    let mut drains = shared.drains.subscribe();
    // The sender is here.
    let mut told = async |now: bool| {
        if broker.hears_commands() {
            return stop.cancelled().await;
        }
        tokio::select! {
            () = stop.cancelled() => {}
            _ = drains.wait_for(|drains| *drains == now) => {}
        }
    };
    while !stop.is_cancelled() {
        let until = stop.child_token();
        let run = Serving { stop: until.clone(), ..serving.clone() }.run();
        let leave = async {
            told(true).await;
            until.cancel();
        };
        tokio::join!(run, leave);
        if stop.is_cancelled() {
            return;
        }
        shared.board.closed(broker);
        info!(queue = broker.queue(), "drained");
        told(false).await;
        shared.board.reopened(broker);
    }
}
