//! What the node itself puts on the bus.

use std::time::Duration;

use beds_protocol::{Broker, topology::EXCHANGE};
use lapin::{options::QueueDeclareOptions, types::FieldTable};
use tokio::time::timeout;
use uuid::Uuid;

use crate::{
    config::Amqp,
    connection::{Connection, connect, within},
    error::BusError,
    message::{Message, Name, Properties},
    publisher::Publisher,
    replies::Replies,
};

/// Publishes requests of the node itself, such as its log events, on a connection of its own.
#[derive(Debug)]
pub struct BusPublisher {
    publisher: Publisher,
    /// Opened for the first request that wants a reply.
    replies: Option<Replies>,
    // The channel lives as long as its connection.
    connection: Connection,
}

impl BusPublisher {
    /// Connects.
    ///
    /// # Errors
    /// When RabbitMQ cannot be reached in time.
    pub async fn connect(config: &Amqp, name: &str) -> Result<Self, BusError> {
        let connection = connect(config, name).await?;
        let publisher = Publisher::open(&connection).await?;
        Ok(Self { publisher, replies: None, connection })
    }

    /// Publishes a request that wants no reply, and waits until a queue has it.
    ///
    /// # Errors
    /// [`BusError::Refused`] and [`BusError::Unroutable`] concern this request alone. After any other, connect again.
    pub async fn send(&self, routing_key: &str, body: &[u8]) -> Result<(), BusError> {
        put(&self.publisher, routing_key, body, Properties::json().persistent()).await
    }

    /// Whether a broker's queue has a consumer: a queue stays when its nodes go.
    ///
    /// # Errors
    /// When RabbitMQ does not answer in time. Then connect again.
    pub async fn is_consumed(&self, broker: Broker) -> Result<bool, BusError> {
        let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
        // If the queue is missing, RabbitMQ closes the channel that asked.
        let channel = self.connection.channel().await?;
        let asked = channel.queue_declare(broker.queue().into(), passive, FieldTable::default());
        match within(self.connection.limit(), "counting the consumers of a queue", asked).await {
            Ok(queue) => {
                let closed = channel.close(200, "found".into());
                within(self.connection.limit(), "closing a channel", closed).await?;
                Ok(queue.consumer_count() > 0)
            }
            Err(BusError::Missing(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Publishes a request and waits for its reply. The request is worth nothing later. So RabbitMQ does not store it,
    /// and a node that cannot handle it answers with an error: it never becomes a dead letter.
    ///
    /// # Errors
    /// [`BusError::Late`] when there is no reply within `limit`, and otherwise as [`Self::send`].
    pub async fn ask(
        &mut self,
        routing_key: &str,
        body: &[u8],
        limit: Duration,
    ) -> Result<Message, BusError> {
        let replies = match &mut self.replies {
            Some(replies) => replies,
            none => none.insert(self.publisher.replies().await?),
        };
        let id = Name::from(Uuid::now_v7());
        let properties = Properties::json().reply_to(Replies::direct()).correlation_id(id.clone());
        put(&self.publisher, routing_key, body, properties).await?;
        // A reply to an earlier request may come late.
        let matching = async {
            loop {
                let reply = replies.next().await?;
                if reply.correlation_id() == Some(id.as_str()) {
                    return Ok(reply);
                }
            }
        };
        match timeout(limit, matching).await {
            Ok(reply) => reply,
            Err(_) => Err(BusError::Late { what: "a request of the node", after: limit }),
        }
    }
}

/// Publishes a request in the node's own name.
async fn put(
    publisher: &Publisher,
    routing_key: &str,
    body: &[u8],
    properties: Properties,
) -> Result<(), BusError> {
    let Some(key) = Name::new(routing_key) else {
        return Err(BusError::Other(format!("the routing key exceeds {} bytes", Name::BYTES_MAX)));
    };
    let properties = properties.message_id(Name::from(Uuid::now_v7()));
    // RabbitMQ vouches that a node sends it.
    let properties = match Name::new(publisher.user()) {
        Some(user) => properties.user_id(user),
        None => properties,
    };
    publisher.put(EXCHANGE, key, properties, body).await
}
