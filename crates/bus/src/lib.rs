//! The broker pool: queues of RabbitMQ, pools of tasks on them, acknowledgements, replies, dead letters.
//!
//! Only this module names `lapin`; it never names a database. Supervision is our own: every await on the bus
//! has a deadline, and any error drops both connections and rebuilds them with topology, channels, prefetch and
//! consumers, with backoff and jitter, for ever.
//!
//! - `connection`: one AMQP connection, made within a deadline.
//! - `topology`: exchange, queues, bindings.
//! - `session`: one life of the two connections, with the instances of all brokers on them.
//! - `instance`: one consumer: takes deliveries, has them answered, replies, acknowledges.
//! - `acks`: which deliveries may be acknowledged together.
//! - `envelope`: a delivery in the dispatcher's terms.
//! - `publish`: messages that RabbitMQ has confirmed.
//! - `quarantine`: messages that the client library cannot read.

mod acks;
mod connection;
mod envelope;
mod instance;
mod publish;
mod quarantine;
mod session;
mod topology;

use std::{marker::PhantomData, sync::Arc, time::Duration};

use beds_protocol::Broker;
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{Instant, timeout},
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

pub use connection::{BusError, ping};
pub use publish::BusPublisher;

use crate::{
    backoff::Backoff,
    config::{Amqp, Config, Pool},
    core::Factory,
    dispatch::Dispatcher,
    spec::Domain,
};

/// What every part of the pool needs to know.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) amqp: Amqp,
    pub(crate) node: String,
    /// The brokers that this node hosts, each with its pool.
    pub(crate) brokers: Vec<(Broker, Pool)>,
    /// The domains whose operations are routed to them.
    pub(crate) domains: Vec<&'static Domain>,
    pub(crate) dispatcher: Dispatcher,
    pub(crate) drain_timeout: Duration,
}

/// Whether the pool serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It is not connected to RabbitMQ.
    Connecting,
    /// Its consumers are on their queues.
    Serving,
    /// It finishes what it has taken, and takes no more.
    Stopping,
}

/// The running pool of a node.
#[derive(Debug)]
pub struct BrokerPool {
    stop: CancellationToken,
    status: watch::Receiver<Status>,
    task: JoinHandle<()>,
    drain_timeout: Duration,
}

impl BrokerPool {
    /// Starts serving these domains. It connects in the background, and again whenever it must.
    #[must_use]
    pub fn start<F: Factory>(
        config: &Config,
        node: &str,
        domains: Vec<&'static Domain>,
        dispatcher: Dispatcher,
    ) -> Self {
        let hosted = |broker: &&Broker| config.node.services.contains(&broker.service());
        let brokers = Broker::ALL.iter().filter(hosted).map(|&broker| (broker, config.pool(broker)));
        let drain_timeout = config.node.drain_timeout_ms.duration();
        let shared = Arc::new(Shared {
            amqp: config.amqp.clone(),
            node: node.to_owned(),
            brokers: brokers.filter(|(broker, _)| topology::has_domains(*broker, &domains)).collect(),
            domains,
            dispatcher,
            drain_timeout,
        });
        let stop = CancellationToken::new();
        let (sender, status) = watch::channel(Status::Connecting);
        let supervisor = Supervisor::<F> { shared, stop: stop.clone(), status: sender, factory: PhantomData };
        Self { stop, status, task: tokio::spawn(supervisor.run()), drain_timeout }
    }

    /// Whether the pool serves, now and whenever that changes.
    #[must_use]
    pub fn status(&self) -> watch::Receiver<Status> {
        self.status.clone()
    }

    /// Stops consuming, finishes what was taken, confirms, acknowledges, disconnects.
    pub async fn shutdown(self) {
        self.stop.cancel();
        // The drain has a bound of its own; this one is for what comes after it.
        if timeout(self.drain_timeout + Duration::from_secs(10), self.task).await.is_err() {
            warn!("the broker pool did not stop in time: what it had taken is delivered again");
        }
    }
}

struct Supervisor<F> {
    shared: Arc<Shared>,
    stop: CancellationToken,
    status: watch::Sender<Status>,
    factory: PhantomData<F>,
}

impl<F: Factory> Supervisor<F> {
    async fn run(self) {
        let Amqp { backoff_min_ms, backoff_max_ms, .. } = &self.shared.amqp;
        let mut backoff = Backoff::new(backoff_min_ms.duration(), backoff_max_ms.duration());
        loop {
            let begun = Instant::now();
            let outcome = session::run::<F>(&self.shared, &self.stop, &self.status).await;
            self.status.send_replace(Status::Connecting);
            if self.stop.is_cancelled() {
                info!("the broker pool has stopped");
                return;
            }
            if let Err(reason) = outcome {
                warn!("the connection to RabbitMQ is lost, or could not be made: {reason}");
                self.quarantine(&reason).await;
            }
            // A session that held for a while ended for a reason of its own: begin with short waits again.
            if begun.elapsed() > backoff_max_ms.duration() {
                backoff.reset();
            }
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = tokio::time::sleep(backoff.next()) => {}
            }
        }
    }

    /// Removes what ended the session, where it was a message; otherwise it would end the next as well.
    async fn quarantine(&self, reason: &BusError) {
        if let BusError::Unreadable = reason
            && let Err(error) = quarantine::sweep(&self.shared).await
        {
            warn!("unreadable messages could not be removed: {error}");
        }
    }
}
