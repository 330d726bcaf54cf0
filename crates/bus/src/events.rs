//! [`EventPublisher`]: puts events on the bus, on the session's connection for what is confirmed.

use std::sync::Arc;

use beds_core::{
    event::Event,
    outbox::{EventChannel, EventSink, Unpublished},
};
use beds_protocol::{header, topology::EVENTS};
use futures_util::future::BoxFuture;
use tokio::sync::watch;

use crate::{
    connection::Connection,
    error::BusError,
    message::{Name, Properties},
    publisher::Publisher,
};

/// Where a pool's node publishes events.
#[derive(Debug, Clone)]
pub struct EventPublisher {
    connection: watch::Receiver<Option<Arc<Connection>>>,
}

impl EventPublisher {
    pub(crate) const fn new(connection: watch::Receiver<Option<Arc<Connection>>>) -> Self {
        Self { connection }
    }

    async fn channel(&self) -> Result<Box<dyn EventChannel>, String> {
        let mut connection = self.connection.clone();
        let is_there = connection.wait_for(Option::is_some).await;
        let Some(connection) = is_there.map_err(|_| "the pool has stopped")?.clone() else {
            return Err("the connection is gone".to_owned());
        };
        let publisher = Publisher::open(&connection).await.map_err(|error| error.to_string())?;
        Ok(Box::new(Channel(publisher)))
    }
}

impl EventSink for EventPublisher {
    fn open(&self) -> BoxFuture<'_, Result<Box<dyn EventChannel>, String>> {
        Box::pin(self.channel())
    }
}

/// A channel of its own: what RabbitMQ refuses of events costs nobody else the channel.
struct Channel(Publisher);

impl Channel {
    async fn announce(&self, event: &Event) -> Result<(), Unpublished> {
        let Event { id, routing_key, subject: _, template_hash, traceparent, at, body } = event;
        let Some(routing_key) = Name::new(routing_key) else {
            return Err(Unpublished::Lost(format!("the routing key `{routing_key}` is too long")));
        };
        let properties = Properties::json()
            .persistent()
            .message_id(Name::from(*id))
            .timestamp(at.0.unix_timestamp().try_into().unwrap_or_default())
            .header(header::TEMPLATE_HASH, template_hash);
        let properties = match traceparent {
            Some(context) => properties.header(header::TRACEPARENT, context),
            None => properties,
        };
        self.0.announce(EVENTS, routing_key, properties, body.as_bytes()).await.map_err(|error| match error {
            BusError::Refused => Unpublished::Refused,
            other => Unpublished::Lost(other.to_string()),
        })
    }
}

impl EventChannel for Channel {
    fn publish<'a>(&'a self, event: &'a Event) -> BoxFuture<'a, Result<(), Unpublished>> {
        Box::pin(self.announce(event))
    }
}
