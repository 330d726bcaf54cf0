//! [`DeadLetters`]: the queue of dead letters, as an operator works it off.
//!
//! A letter leaves the queue only when it is removed, or when RabbitMQ has confirmed its replay. Until then it is held.
//! When the connection ends, held letters go back to their place.

use std::sync::atomic::{AtomicBool, Ordering};

use beds_protocol::{
    header,
    topology::{DEAD, EXCHANGE},
};
use lapin::{
    BasicProperties, Channel,
    message::Delivery,
    options::{BasicAckOptions, BasicGetOptions, BasicNackOptions, QueueDeclareOptions},
    types::{AMQPValue, FieldTable, ShortString},
};
use tokio::sync::Mutex;
use uuid::Uuid;

use crate::{
    config::Amqp,
    connection::{Connection, connect, within},
    envelope,
    error::BusError,
    message::{Name, Properties},
    publisher::Publisher,
};

/// The prefix of RabbitMQ's own account of a dead letter.
const RABBITMQ: &str = "x-";

/// The queue of dead letters, and a way back to the nodes.
#[derive(Debug)]
pub struct DeadLetters {
    channel: Channel,
    /// Whether a letter was taken, and so may be held.
    holds: AtomicBool,
    publisher: Mutex<Publisher>,
    connection: Connection,
}

/// A dead letter that is held.
#[derive(Debug)]
pub struct DeadLetter {
    delivery: Delivery,
    /// Its name. It is the same each time that the letter is taken.
    pub id: Uuid,
    /// Whether the letter is of another user than this connection's. RabbitMQ lets only accounts with the tag
    /// `impersonator` send it again, and tells nobody whether an account has the tag.
    pub is_of_another: bool,
}

impl DeadLetters {
    /// Connects.
    ///
    /// # Errors
    /// When RabbitMQ cannot be reached in time.
    pub async fn connect(config: &Amqp, name: &str) -> Result<Self, BusError> {
        let connection = connect(config, name).await?;
        let channel = connection.channel().await?;
        let publisher = Mutex::new(Publisher::open(&connection).await?);
        Ok(Self { channel, holds: AtomicBool::new(false), publisher, connection })
    }

    /// How many letters wait.
    ///
    /// # Errors
    /// [`BusError::Missing`] where no node has declared the queue yet.
    pub async fn count(&self) -> Result<u32, BusError> {
        let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
        let asked = self.channel.queue_declare(DEAD.into(), passive, FieldTable::default());
        Ok(within(self.connection.limit(), "counting dead letters", asked).await?.message_count())
    }

    /// The next letter that is not held; `None` if there is none.
    ///
    /// # Errors
    /// When RabbitMQ does not answer in time.
    pub async fn next(&self) -> Result<Option<DeadLetter>, BusError> {
        let asked = self.channel.basic_get(DEAD.into(), BasicGetOptions::default());
        let message = within(self.connection.limit(), "taking a dead letter", asked).await?;
        self.holds.fetch_or(message.is_some(), Ordering::Relaxed);
        Ok(message.map(|message| DeadLetter::new(message.delivery, self.connection.user())))
    }

    /// Removes a letter for good.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn remove(&self, letter: &DeadLetter) -> Result<(), BusError> {
        letter.delivery.acker.ack(BasicAckOptions::default()).await?;
        Ok(())
    }

    /// Sends a letter again to the place where it was published, and removes it once RabbitMQ has the copy. The copy
    /// keeps its `message_id`, or gets one from its identity, so that a write which is replayed twice is done once.
    /// Nobody waits for its answer.
    ///
    /// # Errors
    /// [`BusError::Unroutable`], [`BusError::Refused`] and [`BusError::Forbidden`] leave the letter where it is; after any other, nobody knows
    /// whether it was sent, and it may be replayed again.
    pub async fn replay(&self, letter: &DeadLetter) -> Result<(), BusError> {
        let key = letter.routing_key().to_owned();
        let key = Name::new(key).ok_or_else(|| BusError::Other("its routing key is too long".to_owned()))?;
        let mut publisher = self.publisher.lock().await;
        // RabbitMQ closes the channel over a message that it forbids.
        if !publisher.is_open() {
            *publisher = Publisher::open(&self.connection).await?;
        }
        publisher.put(EXCHANGE, key, letter.replayed(), &letter.delivery.data).await?;
        self.remove(letter).await
    }

    /// Disconnects. Held letters go back to the queue, usually before this returns, so that whoever looks next finds them.
    ///
    /// # Errors
    /// When RabbitMQ does not answer in time; what is held goes back all the same.
    pub async fn close(self) -> Result<(), BusError> {
        // The end of a connection would return them as well, but some time later.
        let all = BasicNackOptions { multiple: true, requeue: true };
        let limit = self.connection.limit();
        if self.holds.load(Ordering::Relaxed) {
            let _ = within(limit, "returning letters", self.channel.basic_nack(0, all)).await;
            // RabbitMQ works off a channel in order. So by this answer the queue has been told of the letters, though a
            // quorum queue may take a moment longer to return them.
            let _ = self.count().await;
        }
        self.connection.close(limit, "done").await
    }
}

impl DeadLetter {
    /// `account` is the user of the connection.
    fn new(delivery: Delivery, account: &str) -> Self {
        let id = identity(&delivery);
        let letter = Self { delivery, id, is_of_another: false };
        Self { is_of_another: letter.user().is_some_and(|user| user != account), ..letter }
    }

    /// The user for whom RabbitMQ vouched.
    #[must_use]
    pub fn user(&self) -> Option<String> {
        let of_message = || self.delivery.properties.user_id().as_ref().map(ToString::to_string);
        self.header(header::DEAD_USER).or_else(of_message)
    }

    /// A header's text. If RabbitMQ itself made the message a dead letter, all its headers are a client's, who could
    /// name another user: then it has none of a node.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<String> {
        if name.starts_with(header::DEAD_PREFIX) && self.given_up().is_some() {
            return None;
        }
        match self.delivery.properties.headers().as_ref()?.inner().get(name)? {
            AMQPValue::LongString(text) => Some(text.to_string()),
            AMQPValue::ShortString(text) => Some(text.to_string()),
            _ => None,
        }
    }

    /// The routing key with which the letter was published.
    #[must_use]
    pub fn routing_key(&self) -> &str {
        self.delivery.routing_key.as_str()
    }

    /// The id of its message, where it has one.
    #[must_use]
    pub fn message_id(&self) -> Option<&str> {
        self.delivery.properties.message_id().as_ref().map(ShortString::as_str).filter(|id| !id.is_empty())
    }

    /// The body, as far as its template allowed to keep it.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.delivery.data
    }

    /// The client's deadline, in Unix milliseconds, if the letter has one.
    #[must_use]
    pub fn deadline(&self) -> Option<i64> {
        envelope::deadline(&self.delivery.properties).ok().flatten()
    }

    /// How often, from where and when RabbitMQ itself made it a dead letter, if it did: because a node did not
    /// acknowledge it.
    #[must_use]
    pub fn given_up(&self) -> Option<GivenUp> {
        let headers = self.delivery.properties.headers().as_ref()?.inner();
        let AMQPValue::FieldArray(deaths) = headers.get(header::DEATH)? else { return None };
        let AMQPValue::FieldTable(last) = deaths.as_slice().first()? else { return None };
        let text = |name: &str| match last.inner().get(name) {
            Some(AMQPValue::LongString(text)) => text.to_string(),
            _ => String::new(),
        };
        let at = match last.inner().get("time") {
            Some(AMQPValue::Timestamp(seconds)) => *seconds,
            _ => 0,
        };
        Some(GivenUp { queue: text("queue"), reason: text("reason"), at })
    }

    /// The properties that it is sent again with.
    fn replayed(&self) -> Properties {
        let from = &self.delivery.properties;
        let mut headers = FieldTable::default();
        for (name, value) in from.headers().iter().flat_map(FieldTable::inner) {
            let name_text = name.as_str();
            let is_of_death = name_text.starts_with(header::DEAD_PREFIX) || name_text.starts_with(RABBITMQ);
            // The deadline has passed since. A write may run without one.
            if !is_of_death && name_text != header::DEADLINE {
                headers.insert(name.clone(), value.clone());
            }
        }
        let mut basic = BasicProperties::default();
        if let Some(kind) = from.content_type() {
            basic = basic.with_content_type(kind.clone());
        }
        let id = self.message_id().map_or_else(|| self.id.to_string(), str::to_owned);
        basic = basic.with_message_id(id.into());
        // The ledger knows a write by its user and its id.
        if let Some(user) = self.user() {
            basic = basic.with_user_id(user.into());
        }
        Properties::from_parts(basic, headers).persistent()
    }
}

/// RabbitMQ's own account of a dead letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenUp {
    /// From which queue.
    pub queue: String,
    /// Why, in RabbitMQ's word.
    pub reason: String,
    /// When, in Unix seconds.
    pub at: u64,
}

/// The identity of a letter: a hash of its own content and of all that its death headers say.
fn identity(delivery: &Delivery) -> Uuid {
    let mut text = format!("{}\0", delivery.routing_key).into_bytes();
    let headers = delivery.properties.headers().iter().flat_map(FieldTable::inner);
    for (name, value) in headers {
        let name = name.as_str();
        if name.starts_with(header::DEAD_PREFIX) || name == header::DEATH {
            text.extend(format!("{name}={value:?}\0").into_bytes());
        }
    }
    text.extend(&delivery.data);
    Uuid::new_v5(&Uuid::NAMESPACE_OID, &text)
}
