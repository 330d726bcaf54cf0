//! What the node itself puts on the bus.

use std::time::Duration;

use beds_protocol::{Broker, topology::EXCHANGE};
use lapin::{options::QueueDeclareOptions, types::FieldTable};
use uuid::Uuid;

use crate::{
    config::Amqp,
    connection::{Connection, connect, within},
    error::BusError,
    message::{Name, Properties},
    publisher::Publisher,
};

/// Publishes requests of the node itself, such as its log events, on a connection of its own.
#[derive(Debug)]
pub struct BusPublisher {
    publisher: Publisher,
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
        Ok(Self { publisher, connection })
    }

    /// Publishes a request that wants no reply, and waits until a queue has it.
    ///
    /// # Errors
    /// [`BusError::Refused`] and [`BusError::Unroutable`] concern this request alone. After any other, connect again.
    pub async fn send(&self, routing_key: &str, body: &[u8]) -> Result<(), BusError> {
        self.put(routing_key, body, Properties::json().persistent()).await
    }

    /// Whether somebody takes what waits in the queue of a broker: a queue stays when its nodes go.
    ///
    /// # Errors
    /// When RabbitMQ does not answer in time. Then connect again.
    pub async fn is_consumed(&self, broker: Broker) -> Result<bool, BusError> {
        let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
        // Where there is no queue, RabbitMQ closes the channel of the question.
        let channel = self.connection.channel().await?;
        let asked = channel.queue_declare(broker.queue().into(), passive, FieldTable::default());
        match within(self.connection.limit(), "looking who takes from a queue", asked).await {
            Ok(queue) => {
                let closed = channel.close(200, "found".into());
                within(self.connection.limit(), "closing a channel", closed).await?;
                Ok(queue.consumer_count() > 0)
            }
            Err(BusError::Missing(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The same as [`Self::send`] of what is worth nothing after a while. What nobody has taken by then is a dead letter.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub async fn send_for(&self, lasts: Duration, routing_key: &str, body: &[u8]) -> Result<(), BusError> {
        let left = u32::try_from(lasts.as_millis()).unwrap_or(u32::MAX);
        self.put(routing_key, body, Properties::json().expiration_ms(left)).await
    }

    async fn put(&self, routing_key: &str, body: &[u8], properties: Properties) -> Result<(), BusError> {
        let Some(key) = Name::new(routing_key) else {
            return Err(BusError::Other(format!("the routing key exceeds {} bytes", Name::BYTES_MAX)));
        };
        let properties = properties.message_id(Name::from(Uuid::now_v7()));
        // RabbitMQ vouches that a node sends it.
        let properties = match Name::new(self.publisher.user()) {
            Some(user) => properties.user_id(user),
            None => properties,
        };
        self.publisher.put(EXCHANGE, key, properties, body).await
    }
}
