//! [`Line`]: the messages between the nodes of a fleet, whichever services they host.
//!
//! It has a connection of its own, so a node that drains, or whose brokers are busy, still hears and sends. A message
//! lasts for a moment; a node that missed it is told again, or asked.

use std::{sync::Arc, time::Duration};

use beds_protocol::topology::NODES;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tracing::warn;
use uuid::Uuid;

use crate::{
    config::Amqp,
    connection::{Connection, connect},
    error::{BusError, Told},
    message::{Name, Properties},
    publisher::Publisher,
    session::{Restarts, goodbye},
    subscription::Subscription,
};

/// The routing key of messages to all nodes.
const ALL: &str = "all";
/// How many messages wait in a node's own queue before the oldest are dropped.
const LENGTH_MAX: u32 = 10_000;
/// How many of them RabbitMQ sends in advance.
const PREFETCH: u16 = 64;

/// The receiver of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum To {
    /// Every node.
    All,
    /// The one that has this id.
    One(Uuid),
}

/// A message or change that a node hears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Over {
    /// The node hears from now on: it was not connected before.
    Connected,
    /// A message of another node, or of the node itself.
    Said(Vec<u8>),
}

/// The messages between the nodes of a fleet.
#[derive(Debug, Clone)]
pub struct Line {
    publisher: watch::Receiver<Option<Publisher>>,
}

/// How a line ends.
#[derive(Debug)]
pub struct LineEnd {
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

impl LineEnd {
    /// Disconnects.
    pub async fn close(self) {
        self.stop.cancel();
        let _ = self.task.await;
    }
}

impl Line {
    /// Opens the line of a node with this name and this id. It connects in the background, and again whenever it must.
    /// Messages go into `heard`. Must be called within a Tokio runtime with I/O and time enabled.
    #[must_use]
    pub fn open(amqp: Amqp, node: &str, id: Uuid, heard: mpsc::Sender<Over>) -> (Self, LineEnd) {
        let (sender, publisher) = watch::channel(None);
        let stop = CancellationToken::new();
        let keeping = Keeping { amqp, name: format!("{node} line"), id, heard, publisher: sender };
        let task = tokio::spawn(keeping.keep(stop.clone()));
        (Self { publisher }, LineEnd { stop, task })
    }

    /// Sends a message, and waits until RabbitMQ has it in the queues of its receivers. It expires after `lasts`.
    ///
    /// # Errors
    /// When there is no connection, or RabbitMQ does not confirm it in time.
    pub async fn say(&self, to: To, lasts: Duration, body: &[u8]) -> Result<(), BusError> {
        let (publisher, properties) = self.speaking(lasts)?;
        let key = match to {
            To::All => Name::new(ALL),
            To::One(id) => Name::new(id.to_string()),
        };
        publisher.announce(NODES, key.ok_or(BusError::TooLong)?, properties, body).await
    }

    /// Whether a node is connected: RabbitMQ deletes a node's queue when its connection ends. The node ignores the
    /// message.
    ///
    /// # Errors
    /// As [`Line::say`].
    pub async fn reaches(&self, node: Uuid) -> Result<bool, BusError> {
        let (publisher, properties) = self.speaking(Duration::ZERO)?;
        let key = Name::new(node.to_string()).ok_or(BusError::TooLong)?;
        match publisher.put(NODES, key, properties, b"{}").await {
            Ok(()) | Err(BusError::Refused) => Ok(true),
            Err(BusError::Unroutable) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The publisher, and the properties of a message that lasts so long.
    fn speaking(&self, lasts: Duration) -> Result<(Publisher, Properties), BusError> {
        let publisher = self.publisher.borrow().clone();
        let publisher = publisher
            .ok_or_else(|| BusError::NotSent("the line to the other nodes is not connected".to_owned()))?;
        let user = Name::new(publisher.user()).ok_or(BusError::TooLong)?;
        let lasts = u32::try_from(lasts.as_millis()).unwrap_or(u32::MAX);
        Ok((publisher, Properties::json().user_id(user).expiration_ms(lasts)))
    }
}

/// The parts that keep a line.
struct Keeping {
    amqp: Amqp,
    name: String,
    id: Uuid,
    heard: mpsc::Sender<Over>,
    publisher: watch::Sender<Option<Publisher>>,
}

impl Keeping {
    async fn keep(self, stop: CancellationToken) {
        let mut restarts = Restarts::new(&self.amqp);
        let mut last = String::new();
        loop {
            let ended = tokio::select! {
                () = stop.cancelled() => Ok(()),
                ended = self.connected(&mut restarts) => ended,
            };
            self.publisher.send_replace(None);
            let Err(error) = ended else { return };
            let why = Told(&error).to_string();
            if why != last {
                warn!("the line to the other nodes is lost, or could not be made: {why}");
                last = why;
            }
            if self.heard.is_closed() || !restarts.again(&stop).await {
                return;
            }
        }
    }

    /// One life of the connection.
    async fn connected(&self, restarts: &mut Restarts) -> Result<(), BusError> {
        let connection = Arc::new(connect(&self.amqp, &self.name).await?);
        let ended = self.hear(&connection, restarts).await;
        goodbye(&connection).await;
        ended
    }

    async fn hear(&self, connection: &Connection, restarts: &mut Restarts) -> Result<(), BusError> {
        let keys: Vec<Name> =
            [ALL.to_owned(), self.id.to_string()].into_iter().filter_map(Name::new).collect();
        let mut subscription =
            Subscription::of_node(connection, NODES, &keys, (PREFETCH, Some(LENGTH_MAX))).await?;
        let publisher = Publisher::open(connection).await?;
        let nodes = publisher.user().to_owned();
        self.publisher.send_replace(Some(publisher));
        restarts.begun();
        if self.heard.send(Over::Connected).await.is_err() {
            return Ok(());
        }
        loop {
            let heard = subscription.next().await?;
            heard.settle().done().await?;
            // Permission to publish there does not make a node: RabbitMQ vouches for the user as which nodes log in.
            if heard.user() != Some(nodes.as_str()) {
                warn!(user = heard.user(), "a message to the nodes did not come from a node; it is ignored");
                continue;
            }
            if self.heard.send(Over::Said(heard.body().to_vec())).await.is_err() {
                return Ok(());
            }
        }
    }
}
