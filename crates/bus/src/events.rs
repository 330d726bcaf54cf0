//! [`EventPublisher`]: puts events on the bus, on the connection for what is confirmed.
//!
//! RabbitMQ ends the channel over an event that it does not take, and with it what else was on its way there, which is
//! published again. So what it forbade, or was too large for it, is held back for a while without a try.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use beds_core::{
    event::Event,
    outbox::{EventChannel, EventSink, Unpublished},
};
use beds_protocol::{header, topology::EVENTS};
use futures_util::future::BoxFuture;
use tracing::warn;

use crate::{
    error::{BusError, Told},
    hosting::Shared,
    message::{Name, Properties},
    outlet,
    publisher::Publisher,
};

/// How long an event that was forbidden is held back.
const HELD_BACK: Duration = Duration::from_secs(5);

/// Where a pool's node publishes events.
#[derive(Clone)]
pub struct EventPublisher {
    shared: Arc<Shared>,
    /// Since when RabbitMQ forbids which routing keys. There are as many as templates declare.
    forbidden: Arc<Mutex<BTreeMap<String, Instant>>>,
}

impl std::fmt::Debug for EventPublisher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EventPublisher").field("forbidden", &self.forbidden).finish_non_exhaustive()
    }
}

impl EventPublisher {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, forbidden: Arc::default() }
    }

    async fn channel(&self) -> Result<Box<dyn EventChannel>, String> {
        let open = async {
            let connection = outlet::current(&self.shared.publishing.subscribe()).await?;
            Publisher::open(&connection).await
        };
        let publisher = open.await.map_err(|error| error.to_string())?;
        Ok(Box::new(Channel { publisher, events: self.clone() }))
    }

    fn forbidden(&self) -> MutexGuard<'_, BTreeMap<String, Instant>> {
        self.forbidden.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether RabbitMQ did not take such an event lately.
    fn is_held_back(&self, event: &Event) -> bool {
        let since = self.forbidden().get(&event.routing_key).copied();
        event.body.len() > self.shared.sizes.max() || since.is_some_and(|since| since.elapsed() < HELD_BACK)
    }

    /// Judges an event that is not published. The error may be over another one.
    fn judge(&self, event: &Event, error: &BusError) -> Unpublished {
        let lost = || Unpublished::Lost(Told(error).to_string());
        match error {
            BusError::Refused => Unpublished::Refused,
            BusError::TooLarge { max } => {
                self.shared.sizes.learn(*max);
                if event.body.len() <= *max {
                    return lost();
                }
                warn!(routing_key = event.routing_key, "an event waits in the database: {}", Told(error));
                Unpublished::Refused
            }
            BusError::Forbidden(said) if said.contains(&format!("topic '{}'", event.routing_key)) => {
                self.forbidden().insert(event.routing_key.clone(), Instant::now());
                warn!("events `{}` wait in the database: {}", event.routing_key, Told(error));
                Unpublished::Refused
            }
            other => {
                self.shared.may_have_vanished(other);
                lost()
            }
        }
    }
}

impl EventSink for EventPublisher {
    fn open(&self) -> BoxFuture<'_, Result<Box<dyn EventChannel>, String>> {
        Box::pin(self.channel())
    }
}

/// A channel of its own: what RabbitMQ refuses of events costs nobody else the channel.
struct Channel {
    publisher: Publisher,
    events: EventPublisher,
}

impl Channel {
    async fn announce(&self, event: &Event) -> Result<(), Unpublished> {
        if self.events.is_held_back(event) {
            return Err(Unpublished::Refused);
        }
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
        let announced = self.publisher.announce(EVENTS, routing_key, properties, body.as_bytes()).await;
        announced.map_err(|error| self.events.judge(event, &error))
    }
}

impl EventChannel for Channel {
    fn publish<'a>(&'a self, event: &'a Event) -> BoxFuture<'a, Result<(), Unpublished>> {
        Box::pin(self.announce(event))
    }
}
