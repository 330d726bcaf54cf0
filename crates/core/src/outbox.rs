//! The way of stored events: one relay for each database publishes them, in the order of each key, and removes those
//! that RabbitMQ has. The adapters are [`Outbox`]es, the bus is an [`EventSink`], and the node's relay brings them
//! together.

use std::fmt;

use futures_util::future::BoxFuture;

use crate::event::Event;

/// A stored event.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    /// Its place in the order of its key: of two events of one key, the later has the greater number.
    pub number: u64,
    /// The event.
    pub event: Event,
}

/// A page of the stored events.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Page {
    /// In order of their numbers.
    pub events: Vec<Stored>,
    /// The number after which the next page begins; none at the end.
    pub next: Option<u64>,
}

impl Page {
    /// A page of these events, of which at most `max` were asked for.
    #[must_use]
    pub fn of(events: Vec<Stored>, max: usize) -> Self {
        let next = events.last().filter(|_| events.len() == max).map(|last| last.number);
        Self { events, next }
    }
}

/// The stored events of one database that are not published yet.
pub trait Outbox: fmt::Debug + Send + Sync + 'static {
    /// The database's name in templates.
    fn database(&self) -> &str;

    /// Waits some seconds to become the one relay of the database; `None` if another relay exists.
    ///
    /// # Errors
    /// Why the database cannot be asked.
    fn take(&self) -> BoxFuture<'_, Result<Option<Box<dyn Pending>>, String>>;

    /// Waits until this process has stored events.
    fn stored(&self) -> BoxFuture<'_, ()>;
}

/// The relay's access to a database. When it is dropped, another node may become the relay.
pub trait Pending: Send {
    /// The first events with a greater number, as of one moment. The page after 0 begins a pass.
    ///
    /// The pages of a pass are of different moments. An event may be committed behind the pass, with a smaller number than the
    /// pass has reached. The later events of its key would then overtake it, so no later page of the pass has them.
    ///
    /// # Errors
    /// Why the database cannot be asked.
    fn next(&mut self, after: u64, max: usize) -> BoxFuture<'_, Result<Page, String>>;

    /// Removes events that are published.
    ///
    /// # Errors
    /// Why they may still be there.
    fn done<'a>(&'a mut self, published: &'a [&'a Stored]) -> BoxFuture<'a, Result<(), String>>;

    /// Shows that this relay still lives, while it does nothing else.
    ///
    /// # Errors
    /// Why it is no longer the relay.
    fn keep(&mut self) -> BoxFuture<'_, Result<(), String>>;
}

/// Where events are published.
pub trait EventSink: fmt::Debug + Send + Sync + 'static {
    /// Waits for the bus.
    ///
    /// # Errors
    /// Why nothing can be published now.
    fn open(&self) -> BoxFuture<'_, Result<Box<dyn EventChannel>, String>>;
}

/// A way to the bus, until it is lost.
pub trait EventChannel: Send + Sync {
    /// Publishes an event, and waits until RabbitMQ has it.
    ///
    /// # Errors
    /// Why the event may not be there.
    fn publish<'a>(&'a self, event: &'a Event) -> BoxFuture<'a, Result<(), Unpublished>>;
}

/// Why an event is not published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unpublished {
    /// RabbitMQ refused this event, for this reason. Others may go.
    Refused(&'static str),
    /// The way to the bus is lost, or never existed.
    Lost(String),
}
