//! [`EventPublisher`]: publishes events, on the connection for confirmed messages.
//!
//! RabbitMQ ends the channel over an event that it does not accept. Other events on their way there are then published
//! again. So an event that RabbitMQ forbade, or that was too large, is held back for a while without a try.

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
use futures_util::future::{BoxFuture, select_all};
use tokio::sync::OnceCell;
use tracing::warn;

use crate::{
    error::{BusError, Told},
    hosting::Shared,
    message::{Name, Properties},
    outlet,
    publisher::Publisher,
};

/// Why an event is not taken.
const FULL: &str = "RabbitMQ refuses them, a subscriber's queue is full";
const NOT_TAKEN: &str = "RabbitMQ forbids them, or they are too large for it";
const AWAY: &str = "the connection to RabbitMQ is lost";

/// How long an event that was forbidden is held back.
const HELD_BACK: Duration = Duration::from_secs(5);

/// Where a pool's node publishes events: each on the server where requests with its routing key wait.
#[derive(Clone)]
pub struct EventPublisher {
    parts: Vec<Arc<Shared>>,
    /// The forbidden routing keys, and since when RabbitMQ forbids each. There are as many as templates declare.
    forbidden: Arc<Mutex<BTreeMap<String, Instant>>>,
}

impl std::fmt::Debug for EventPublisher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EventPublisher").field("forbidden", &self.forbidden).finish_non_exhaustive()
    }
}

impl EventPublisher {
    pub(crate) fn new(parts: Vec<Arc<Shared>>) -> Self {
        Self { parts, forbidden: Arc::default() }
    }

    /// Waits for one of the servers.
    async fn channel(&self) -> Result<Box<dyn EventChannel>, String> {
        let waits = self
            .parts
            .iter()
            .map(|part| Box::pin(async move { outlet::current(&part.publishing.subscribe()).await }));
        if self.parts.is_empty() {
            return Err("no RabbitMQ is configured".to_owned());
        }
        select_all(waits).await.0.map_err(|error| error.to_string())?;
        let way = |part: &Arc<Shared>| Way { server: Arc::clone(part), publisher: OnceCell::new() };
        Ok(Box::new(Channel { ways: self.parts.iter().map(way).collect(), events: self.clone() }))
    }

    fn forbidden(&self) -> MutexGuard<'_, BTreeMap<String, Instant>> {
        self.forbidden.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether RabbitMQ refused such an event lately.
    fn is_held_back(&self, server: &Shared, event: &Event) -> bool {
        let since = self.forbidden().get(&event.routing_key).copied();
        event.body.len() > server.sizes.max() || since.is_some_and(|since| since.elapsed() < HELD_BACK)
    }

    /// Judges an event that was not published. The error may be about another event.
    fn judge(&self, server: &Shared, event: &Event, error: &BusError) -> Unpublished {
        let lost = || Unpublished::Lost(Told(error).to_string());
        match error {
            BusError::Refused => Unpublished::Refused(FULL),
            BusError::TooLarge { max } => {
                server.sizes.learn(*max);
                if event.body.len() <= *max {
                    return lost();
                }
                warn!(routing_key = event.routing_key, "an event waits in the database: {}", Told(error));
                Unpublished::Refused(NOT_TAKEN)
            }
            BusError::Forbidden(said) if said.contains(&format!("topic '{}'", event.routing_key)) => {
                self.forbidden().insert(event.routing_key.clone(), Instant::now());
                warn!("events `{}` wait in the database: {}", event.routing_key, Told(error));
                Unpublished::Refused(NOT_TAKEN)
            }
            other => {
                server.may_have_vanished(other);
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

/// The way to one server: a channel of its own, so that an event that RabbitMQ refuses ends no other channel.
struct Way {
    server: Arc<Shared>,
    publisher: OnceCell<Publisher>,
}

impl Way {
    /// The channel; none while the server is away.
    async fn publisher(&self) -> Result<Option<&Publisher>, BusError> {
        let Some(connection) = self.server.publishing.borrow().clone() else {
            return Ok(self.publisher.get());
        };
        self.publisher.get_or_try_init(|| async { Publisher::open(&connection).await }).await.map(Some)
    }
}

struct Channel {
    ways: Vec<Way>,
    events: EventPublisher,
}

impl Channel {
    async fn announce(&self, event: &Event) -> Result<(), Unpublished> {
        let its = self.ways.iter().find(|way| way.server.has_key(&event.routing_key)).or(self.ways.first());
        // There is one, since otherwise there would be no channel.
        let Some(way) = its else { return Err(Unpublished::Refused(AWAY)) };
        if self.events.is_held_back(&way.server, event) {
            return Err(Unpublished::Refused(NOT_TAKEN));
        }
        let publisher = match way.publisher().await {
            Ok(Some(publisher)) => publisher,
            // The events of other servers go on.
            Ok(None) => return Err(Unpublished::Refused(AWAY)),
            Err(error) => return Err(Unpublished::Lost(error.to_string())),
        };
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
        let announced = publisher.announce(EVENTS, routing_key, properties, body.as_bytes()).await;
        announced.map_err(|error| self.events.judge(&way.server, event, &error))
    }
}

impl EventChannel for Channel {
    fn publish<'a>(&'a self, event: &'a Event) -> BoxFuture<'a, Result<(), Unpublished>> {
        Box::pin(self.announce(event))
    }
}
