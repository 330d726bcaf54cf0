//! [`Events`]: the changes in the domains whose templates publish them.

use std::{sync::Arc, time::Duration};

use beds_bus::{BusError, Connection, Endpoint, Heard, Name, Settle, Timeouts, first_of};
use beds_core::backoff::Backoff;
use beds_protocol::EventBody;
use futures_util::{Stream, stream};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{config::Config, error::ClientError};

/// The shortest pause between two attempts to listen.
const RECONNECT_MIN: Duration = Duration::from_millis(50);

/// Which events a listener wants, and in which queue they wait: `Subscription::to("note.*").durable("search")`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    patterns: Vec<String>,
    queue: Option<String>,
    prefetch: u16,
}

impl Subscription {
    /// The events whose routing key, `<template>.<operation>`, matches this pattern. `*` stands for one word, `#` for
    /// any number of words.
    #[must_use]
    pub fn to(pattern: impl Into<String>) -> Self {
        Self { patterns: vec![pattern.into()], queue: None, prefetch: 64 }
    }

    /// Adds the events of another pattern.
    #[must_use]
    pub fn and(mut self, pattern: impl Into<String>) -> Self {
        self.patterns.push(pattern.into());
        self
    }

    /// Keeps the events in a durable queue of this name, also while nobody listens. Several listeners share the queue.
    /// Without it, the queue belongs to the connection, and events that happen while the connection is away are missed.
    #[must_use]
    pub fn durable(mut self, queue: impl Into<String>) -> Self {
        self.queue = Some(queue.into());
        self
    }

    /// How many events are delivered before the first of them is settled: 64 unless set.
    #[must_use]
    pub const fn prefetch(mut self, events: u16) -> Self {
        self.prefetch = events;
        self
    }
}

impl From<&str> for Subscription {
    fn from(pattern: &str) -> Self {
        Self::to(pattern)
    }
}

/// An event. Settle it: [`Event::done`] removes it. After [`Event::again`], or without either, it is delivered again.
#[derive(Debug, Clone)]
pub struct Event {
    /// Identifies the change, however often the event comes: two events with the same id are one change.
    pub id: String,
    /// The body.
    pub body: EventBody,
    /// Whether RabbitMQ has delivered it before.
    pub is_redelivered: bool,
    settle: Settle,
}

impl Event {
    /// Its `data`, with the fields that the template names.
    ///
    /// # Errors
    /// [`ClientError::Decode`] if it is not a `T`.
    pub fn data<T: DeserializeOwned>(&self) -> Result<T, ClientError> {
        let data = self.body.data.clone().map_or(Value::Null, Value::Object);
        T::deserialize(data).map_err(ClientError::Decode)
    }

    /// Settles the event as processed.
    ///
    /// # Errors
    /// [`ClientError::Disconnected`] if the connection that delivered the event is gone. The event then comes again.
    pub async fn done(&self) -> Result<(), ClientError> {
        self.settle.done().await.map_err(|error| lost(&error))
    }

    /// Has the event delivered again, to this listener or another one of its queue. Later events may come before it.
    ///
    /// # Errors
    /// As [`Event::done`].
    pub async fn again(&self) -> Result<(), ClientError> {
        self.settle.again().await.map_err(|error| lost(&error))
    }
}

/// The events of a subscription. They have a connection of their own that repairs itself. Dropping this value ends the
/// listening.
#[derive(Debug)]
pub struct Events {
    endpoints: Arc<[Endpoint]>,
    config: Config,
    patterns: Vec<Name>,
    queue: Option<Name>,
    prefetch: u16,
    listening: Option<Listening>,
    backoff: Backoff,
}

#[derive(Debug)]
struct Listening {
    subscription: beds_bus::Subscription,
    _connection: Connection,
}

impl Events {
    pub(crate) async fn open(
        endpoints: Arc<[Endpoint]>,
        config: Config,
        subscription: Subscription,
    ) -> Result<Self, ClientError> {
        let Subscription { patterns, queue, prefetch } = subscription;
        let name = |text: String| {
            Name::new(text)
                .ok_or_else(|| ClientError::Request(format!("a name exceeds {} bytes", Name::BYTES_MAX)))
        };
        let backoff = Backoff::new(RECONNECT_MIN, config.reconnect_max.max(RECONNECT_MIN));
        let mut events = Self {
            endpoints,
            config,
            patterns: patterns.into_iter().map(name).collect::<Result<_, _>>()?,
            queue: queue.map(name).transpose()?,
            prefetch,
            listening: None,
            backoff,
        };
        events.listening =
            Some(events.listen().await.map_err(|error| ClientError::Connect(error.to_string()))?);
        Ok(events)
    }

    /// The next event. If the connection is lost, the call waits until it is back. The future may be dropped and the
    /// method called again: no event is lost.
    ///
    /// # Errors
    /// [`ClientError::Decode`] for a message that is no event. The message is removed from the queue, and the next call
    /// goes on.
    pub async fn next(&mut self) -> Result<Event, ClientError> {
        loop {
            let heard = match &mut self.listening {
                Some(listening) => listening.subscription.next().await,
                None => match self.listen().await {
                    Ok(listening) => {
                        self.listening = Some(listening);
                        continue;
                    }
                    Err(error) => Err(error),
                },
            };
            match heard {
                Ok(heard) => {
                    self.backoff.reset();
                    return event(&heard).await;
                }
                Err(reason) => {
                    self.listening = None;
                    let pause = self.backoff.pause();
                    tracing::warn!(%reason, ?pause, "the subscription to events is lost; subscribing again");
                    tokio::time::sleep(pause).await;
                }
            }
        }
    }

    /// All events, without end.
    pub fn into_stream(self) -> impl Stream<Item = Result<Event, ClientError>> + Send {
        stream::unfold(self, async |mut events| {
            let next = events.next().await;
            Some((next, events))
        })
    }

    async fn listen(&self) -> Result<Listening, BusError> {
        let patience = self.config.connect_timeout;
        let timeouts = Timeouts { connect: patience, answer: patience };
        let name = format!("{} events", self.config.name);
        let none = BusError::Other("no endpoint is named".to_owned());
        let connecting =
            first_of(&self.endpoints, none, |endpoint| Connection::open(endpoint, &name, timeouts));
        let connection = connecting.await?;
        let subscription =
            beds_bus::Subscription::open(&connection, self.queue.as_ref(), &self.patterns, self.prefetch)
                .await?;
        Ok(Listening { subscription, _connection: connection })
    }
}

/// The event in a message. A message that is no event is removed from the queue.
async fn event(heard: &Heard) -> Result<Event, ClientError> {
    match serde_json::from_slice(heard.body()) {
        Ok(body) => Ok(Event {
            id: heard.id().unwrap_or_default().to_owned(),
            body,
            is_redelivered: heard.is_redelivered(),
            settle: heard.settle(),
        }),
        Err(error) => {
            heard.settle().reject().await.map_err(|error| lost(&error))?;
            Err(ClientError::Decode(error))
        }
    }
}

fn lost(error: &BusError) -> ClientError {
    ClientError::Disconnected(error.to_string())
}
