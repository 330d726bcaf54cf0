//! [`Outlet`]: a way for confirmed messages, on the current connection for them; and the largest known message that
//! RabbitMQ accepts.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use beds_protocol::topology::DEFAULT_EXCHANGE;
use tokio::{
    sync::{Mutex, watch},
    time::timeout,
};

use crate::{
    connection::Connection,
    error::BusError,
    message::{Name, Properties},
    publisher::Publisher,
};

/// The connection for confirmed messages, while there is one.
pub(crate) type Current = watch::Receiver<Option<Arc<Connection>>>;

/// Messages go through it one after another. So an answer of RabbitMQ, or the end of the channel, concerns the last
/// message. A channel that has ended is replaced.
#[derive(Debug)]
pub(crate) struct Outlet {
    connection: Current,
    publisher: Mutex<Option<Publisher>>,
}

impl Outlet {
    pub(crate) fn new(connection: Current) -> Self {
        Self { connection, publisher: Mutex::default() }
    }

    /// Waits for the connection, publishes a message, and waits until a queue has it. `properties` gets the name of the
    /// publishing user.
    pub(crate) async fn put(
        &self,
        exchange: &'static str,
        routing_key: Name,
        properties: impl FnOnce(&str) -> Properties,
        body: &[u8],
    ) -> Result<(), BusError> {
        let mut held = self.publisher.lock().await;
        let publisher = self.open(&mut held).await?;
        let properties = properties(publisher.user());
        let put = publisher.put(exchange, routing_key, properties, body).await;
        Self::keep(publisher, &put, &mut held);
        put
    }

    /// The same, but a message that no queue takes is dropped.
    pub(crate) async fn announce(
        &self,
        routing_key: Name,
        properties: Properties,
        body: &[u8],
    ) -> Result<(), BusError> {
        let mut held = self.publisher.lock().await;
        let publisher = self.open(&mut held).await?;
        let announced = publisher.announce(DEFAULT_EXCHANGE, routing_key, properties, body).await;
        Self::keep(publisher, &announced, &mut held);
        announced
    }

    /// The existing publisher, or a new one. A caller that is dropped midway leaves none behind.
    async fn open(&self, held: &mut Option<Publisher>) -> Result<Publisher, BusError> {
        if let Some(publisher) = held.take().filter(Publisher::is_open) {
            return Ok(publisher);
        }
        Publisher::open(&*current(&self.connection).await?).await
    }

    /// After an answer in its turn, the next message may use the same channel.
    fn keep(publisher: Publisher, answer: &Result<(), BusError>, held: &mut Option<Publisher>) {
        if let Ok(()) | Err(BusError::Refused | BusError::Unroutable) = answer {
            *held = Some(publisher);
        }
    }
}

/// Waits for the connection.
pub(crate) async fn current(connection: &Current) -> Result<Arc<Connection>, BusError> {
    let mut connection = connection.clone();
    let is_there = connection.wait_for(Option::is_some).await;
    let found = is_there.ok().and_then(|connection| connection.clone());
    found.ok_or_else(|| BusError::Other("the pool has stopped".to_owned()))
}

/// How long RabbitMQ may take to say that it allows something.
const ASKED_MAX: Duration = Duration::from_secs(5);

/// Asks whether RabbitMQ lets replies be published. It would end the channel over the first forbidden reply, and
/// deliver again all requests that were worked on there. So the node asks before there are any. A channel remembers
/// what it was allowed, so the node asks on a new channel.
///
/// # Errors
/// [`BusError::Forbidden`] if RabbitMQ does not allow it; any other error if RabbitMQ has not answered.
pub(crate) async fn may_reply(connection: &Current) -> Result<(), BusError> {
    let asking = async {
        let publisher = Publisher::open(&*current(connection).await?).await?;
        // No queue has that name.
        let nowhere = Name::from(uuid::Uuid::nil());
        publisher.announce(DEFAULT_EXCHANGE, nowhere, Properties::default(), b"").await
    };
    let late = BusError::Late { what: "asking whether replies are allowed", after: ASKED_MAX };
    timeout(ASKED_MAX, asking).await.unwrap_or(Err(late))
}

/// The limit on the size of messages, as far as known: RabbitMQ shows it only by refusing one.
#[derive(Debug)]
pub(crate) struct Sizes {
    /// The largest size that RabbitMQ has accepted.
    taken: AtomicUsize,
    /// The largest size that RabbitMQ accepts.
    max: AtomicUsize,
}

/// RabbitMQ never refuses so few bytes for their size.
const SMALL: usize = 4 * 1024;

impl Sizes {
    pub(crate) const fn new() -> Self {
        Self { taken: AtomicUsize::new(SMALL), max: AtomicUsize::new(usize::MAX) }
    }

    /// RabbitMQ may have another limit from now on.
    pub(crate) fn forget(&self) {
        self.taken.store(SMALL, Ordering::Relaxed);
        self.max.store(usize::MAX, Ordering::Relaxed);
    }

    /// Whether RabbitMQ may refuse a message of this size.
    pub(crate) fn is_unknown(&self, bytes: usize) -> bool {
        bytes > self.taken.load(Ordering::Relaxed)
    }

    /// RabbitMQ has accepted a message of this size.
    pub(crate) fn took(&self, bytes: usize) {
        self.taken.fetch_max(bytes, Ordering::Relaxed);
    }

    /// The size of the largest message, as far as it is known.
    pub(crate) fn max(&self) -> usize {
        self.max.load(Ordering::Relaxed)
    }

    /// RabbitMQ has named its limit.
    pub(crate) fn learn(&self, max: usize) {
        self.max.store(max, Ordering::Relaxed);
        self.taken.fetch_min(max, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_unknown_until_rabbitmq_has_taken_or_refused_it() {
        let sizes = Sizes::new();
        assert!(!sizes.is_unknown(SMALL) && sizes.is_unknown(SMALL + 1));
        sizes.took(10_000);
        sizes.took(9_000);
        assert!(!sizes.is_unknown(10_000) && sizes.max() == usize::MAX);
        sizes.learn(8_000);
        assert!(sizes.is_unknown(8_001) && sizes.max() == 8_000);
        sizes.forget();
        assert!(sizes.is_unknown(8_000) && sizes.max() == usize::MAX);
    }
}
