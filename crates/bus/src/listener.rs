//! [`Listener`]: the events that a node itself hears.

use std::time::Duration;

use beds_protocol::topology::EVENTS;

use crate::{
    config::Amqp,
    connection::{Connection, connect},
    error::BusError,
    message::Name,
    subscription::{Heard, Subscription},
};

/// How many events are on their way at a time.
const PREFETCH: u16 = 256;

/// Events that a node listens to while it runs, on a connection of its own.
#[derive(Debug)]
pub struct Listener {
    events: Subscription,
    // The channel lives as long as its connection.
    _connection: Connection,
}

impl Listener {
    /// Connects, and listens to events with these patterns of routing keys.
    ///
    /// # Errors
    /// When RabbitMQ cannot be reached in time, or does not allow it.
    pub async fn connect(config: &Amqp, name: &str, patterns: &[&str]) -> Result<Self, BusError> {
        let connection = connect(config, name).await?;
        let patterns: Vec<Name> = patterns.iter().filter_map(|pattern| Name::new(*pattern)).collect();
        let events = Subscription::of_node(&connection, EVENTS, &patterns, (PREFETCH, None)).await?;
        Ok(Self { events, _connection: connection })
    }

    /// The next event.
    ///
    /// # Errors
    /// When there is no further event: listen anew.
    pub async fn next(&mut self) -> Result<Heard, BusError> {
        self.events.next().await
    }

    /// Whether events are heard.
    ///
    /// # Errors
    /// When RabbitMQ does not answer within `limit`: listen anew.
    pub async fn answers(&self, limit: Duration) -> Result<(), BusError> {
        self.events.answers(limit).await
    }
}
