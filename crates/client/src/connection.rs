//! One connection to RabbitMQ: its channels and its reply queue.

use std::{sync::Arc, time::Duration};

use beds_bus::{BusError, Connection, Endpoint, Name, Properties, Publisher, Receipt, Replies, Timeouts};
use beds_protocol::topology::EXCHANGE;
use tokio::time::timeout;

use crate::config::Config;

/// How long a closing connection may take to say goodbye.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// What requests need of a connection.
#[derive(Debug)]
pub(crate) struct Session {
    /// Counts the connections of a client.
    pub(crate) generation: u64,
    /// Where requests with an answer are published.
    requests: Publisher,
    /// Where requests without an answer are published. They have a channel of their own, since a returned message
    /// comes with whichever receipt is next: see [`crate::confirms`].
    sends: Publisher,
    /// The queue of replies.
    pub(crate) reply_to: Name,
}

/// A connection, and what arrives on it.
#[derive(Debug)]
pub(crate) struct Link {
    connection: Connection,
    pub(crate) replies: Replies,
    pub(crate) session: Arc<Session>,
}

/// Which of the two publishing channels a request takes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Lane {
    /// It expects an answer.
    Request,
    /// It expects none.
    Send,
}

impl Session {
    /// Publishes to the exchange of BEDS and waits until RabbitMQ has confirmed.
    pub(crate) async fn publish(
        &self,
        lane: Lane,
        routing_key: Name,
        body: &[u8],
        properties: Properties,
    ) -> Result<Receipt, BusError> {
        let publisher = match lane {
            Lane::Request => &self.requests,
            Lane::Send => &self.sends,
        };
        publisher.publish(EXCHANGE, routing_key, properties, body).await
    }
}

impl Link {
    /// Connects, within the configured time.
    pub(crate) async fn open(endpoint: &Endpoint, config: &Config, generation: u64) -> Result<Self, String> {
        match timeout(config.connect_timeout, Self::attempt(endpoint, config, generation)).await {
            Ok(Ok(link)) => Ok(link),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("no answer within {:?}", config.connect_timeout)),
        }
    }

    async fn attempt(endpoint: &Endpoint, config: &Config, generation: u64) -> Result<Self, BusError> {
        let timeouts = Timeouts { connect: config.connect_timeout, answer: config.connect_timeout };
        let connection = Connection::open(endpoint, &config.name, timeouts).await?;
        let requests = Publisher::open(&connection).await?;
        let sends = Publisher::open(&connection).await?;
        let replies = Replies::open(&connection).await?;
        let reply_to = replies.queue().clone();
        let session = Arc::new(Session { generation, requests, sends, reply_to });
        Ok(Self { connection, replies, session })
    }

    /// Closes the connection, politely if that is quick.
    pub(crate) async fn close(self) {
        // What fails here is closed already.
        let _ = self.connection.close(CLOSE_TIMEOUT, "bye").await;
    }
}
