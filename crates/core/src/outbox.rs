//! What becomes of events that are stored: one relay a database publishes them, in the order of each key, and removes what
//! RabbitMQ has. The adapters are [`Outbox`]es, the bus is an [`EventSink`], and the node's relay brings them together.

use std::fmt;

use futures_util::future::BoxFuture;

use crate::event::Event;

/// An event that is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    /// Its place in the order of its key: of two events of one key, the later has the greater.
    pub number: u64,
    /// The event.
    pub event: Event,
}

/// The events of one database that are stored, and not published yet.
pub trait Outbox: fmt::Debug + Send + Sync + 'static {
    /// The database, as templates call it.
    fn database(&self) -> &str;

    /// Waits some seconds to become the one relay of the database; none where another is.
    ///
    /// # Errors
    /// Why the database cannot be asked.
    fn take(&self) -> BoxFuture<'_, Result<Option<Box<dyn Pending>>, String>>;

    /// Waits until this process has stored events.
    fn stored(&self) -> BoxFuture<'_, ()>;
}

/// What the relay of a database does with it. Dropped, another may take it.
pub trait Pending: Send {
    /// The first events whose number is greater, in order of their numbers, as one moment has them.
    ///
    /// # Errors
    /// Why the database cannot be asked.
    fn next(&mut self, after: u64, max: usize) -> BoxFuture<'_, Result<Vec<Stored>, String>>;

    /// Removes events that are published.
    ///
    /// # Errors
    /// Why they may still be there.
    fn done<'a>(&'a mut self, published: &'a [&'a Stored]) -> BoxFuture<'a, Result<(), String>>;

    /// Says that this relay still lives, while it does nothing else.
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
    /// Why it may not be there.
    fn publish<'a>(&'a self, event: &'a Event) -> BoxFuture<'a, Result<(), Unpublished>>;
}

/// Why an event is not published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unpublished {
    /// RabbitMQ did not take this one, for this reason; others may go.
    Refused(&'static str),
    /// The way to the bus is lost, or was never there.
    Lost(String),
}
