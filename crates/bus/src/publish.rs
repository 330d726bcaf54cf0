//! Messages that RabbitMQ has confirmed: replies, dead letters, and what the node itself puts on the bus.

use std::time::Duration;

use beds_protocol::{
    Broker, header,
    topology::{CONTENT_TYPE, DEAD, DEFAULT_EXCHANGE, EXCHANGE},
    value::DateTime,
};
use lapin::{
    BasicProperties, Channel, Confirmation, Connection,
    message::Delivery,
    options::{BasicPublishOptions, ConfirmSelectOptions},
    types::{AMQPValue, FieldTable, ShortString},
};

use super::connection::{Bus, BusError, connect, within};
use crate::{
    config::Amqp,
    dispatch::Answer,
    error::{Error, shortened},
};

/// AMQP's code for a message that survives a restart.
const PERSISTENT: u8 = 2;
/// How much of an error's message a dead letter's header holds.
const REASON_CHARACTERS_MAX: usize = 1_000;
/// How long the headers of a client may be, as text, for a dead letter to keep them. A frame has 128 KiB.
const CLIENT_HEADERS_MAX: usize = 64 * 1024;

/// A channel whose messages are confirmed.
#[derive(Debug, Clone)]
pub(super) struct Publisher {
    channel: Channel,
    limit: Duration,
}

impl Publisher {
    pub(super) async fn open(connection: &Connection, limit: Duration) -> Result<Self, BusError> {
        let channel = within(limit, "opening a channel", connection.create_channel()).await?;
        within(limit, "turning on confirms", channel.confirm_select(ConfirmSelectOptions::default())).await?;
        Ok(Self { channel, limit })
    }

    /// Publishes a message and waits until RabbitMQ has confirmed it.
    async fn publish(
        &self,
        exchange: &str,
        routing_key: ShortString,
        body: &[u8],
        properties: BasicProperties,
    ) -> Result<(), BusError> {
        let published = async {
            // A reply whose client has left needs no queue; all else does.
            let options = BasicPublishOptions { mandatory: !exchange.is_empty(), ..Default::default() };
            let confirm = self.channel.basic_publish(exchange.into(), routing_key, options, body, properties);
            confirm.await?.await
        };
        match within(self.limit, "confirming a message", published).await? {
            Confirmation::Nack(_) => Err(BusError::Refused),
            Confirmation::Ack(Some(_)) => Err(BusError::Unroutable),
            Confirmation::Ack(None) | Confirmation::NotRequested => Ok(()),
        }
    }

    /// Publishes a reply. One to a queue that is gone is confirmed too: its client has left.
    pub(super) async fn reply(
        &self,
        queue: ShortString,
        correlation_id: Option<ShortString>,
        answer: &Answer,
    ) -> Result<(), BusError> {
        let mut headers = FieldTable::default();
        headers.insert(header::STATUS.into(), text(answer.status));
        if let Some(hash) = answer.template_hash {
            headers.insert(header::TEMPLATE_HASH.into(), text(hash));
        }
        let mut properties =
            BasicProperties::default().with_content_type(CONTENT_TYPE.into()).with_headers(headers);
        if let Some(id) = correlation_id {
            properties = properties.with_correlation_id(id);
        }
        match self.publish(DEFAULT_EXCHANGE, queue, &answer.body, properties).await {
            // The client's own queue is full: it has chosen not to hear.
            Err(BusError::Refused) => Ok(()),
            result => result,
        }
    }

    /// Puts what cannot be answered among the dead letters, with why, where and when.
    pub(super) async fn dead_letter(
        &self,
        broker: Broker,
        node: &str,
        delivery: &Delivery,
        body: &[u8],
        error: &Error,
    ) -> Result<(), BusError> {
        let properties = delivery.properties.clone();
        let (mut headers, dropped) = properties.headers().as_ref().map(kept).unwrap_or_default();
        if !dropped.is_empty() {
            let names = shortened(dropped.join(","), REASON_CHARACTERS_MAX);
            headers.insert(header::DEAD_HEADERS_DROPPED.into(), text(&names));
        }
        let reason = reason(error);
        for (name, value) in [
            (header::DEAD_CODE, error.code.as_str()),
            (header::DEAD_REASON, reason.as_str()),
            (header::DEAD_QUEUE, broker.queue()),
            (header::DEAD_EXCHANGE, delivery.exchange.as_str()),
            (header::DEAD_ROUTING_KEY, delivery.routing_key.as_str()),
            (header::DEAD_NODE, node),
            (header::DEAD_AT, DateTime::now().to_string().as_str()),
        ] {
            headers.insert(name.into(), text(value));
        }
        let dead = BasicProperties::default().with_headers(headers).with_delivery_mode(PERSISTENT);
        let dead = carry_over(dead, &properties);
        self.publish(DEAD, delivery.routing_key.clone(), body, dead).await
    }
}

/// Why a request was put aside; nobody gets the details of the error otherwise. It may quote a client at any length.
fn reason(error: &Error) -> String {
    let mut reason = error.message.clone();
    if let [_, _, ..] = error.details.as_slice() {
        let details = error.details.iter().map(|detail| format!("`{}` {}", detail.field, detail.reason));
        reason = format!("{reason}: {}", details.collect::<Vec<_>>().join("; "));
    }
    shortened(reason, REASON_CHARACTERS_MAX)
}

/// A client's headers that leave room, the shortest first, and the names of those that do not: properties must fit
/// into one frame, or RabbitMQ ends the connection.
fn kept(headers: &FieldTable) -> (FieldTable, Vec<String>) {
    // The text form is never shorter than what is sent.
    let length = |name: &str, value: &AMQPValue| name.len() + format!("{value:?}").len();
    let mut all: Vec<_> = headers.inner().iter().collect();
    all.sort_by_key(|(name, value)| length(name.as_str(), value));
    let (mut kept, mut dropped, mut total) = (FieldTable::default(), Vec::new(), 0);
    for (name, value) in all {
        total += length(name.as_str(), value);
        if total < CLIENT_HEADERS_MAX {
            kept.insert(name.clone(), value.clone());
        } else {
            dropped.push(name.as_str().to_owned());
        }
    }
    (kept, dropped)
}

/// What tells a dead letter's origin. Not `expiration`, which would make it vanish, nor `user_id`, which
/// RabbitMQ would check against the node's own.
fn carry_over(mut dead: BasicProperties, from: &BasicProperties) -> BasicProperties {
    if let Some(value) = from.content_type() {
        dead = dead.with_content_type(value.clone());
    }
    if let Some(value) = from.reply_to() {
        dead = dead.with_reply_to(value.clone());
    }
    if let Some(value) = from.correlation_id() {
        dead = dead.with_correlation_id(value.clone());
    }
    if let Some(value) = from.message_id() {
        dead = dead.with_message_id(value.clone());
    }
    dead
}

fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(value.into())
}

/// Publishes requests of the node itself, such as its log events, on a connection of its own.
#[derive(Debug)]
pub struct BusPublisher {
    publisher: Publisher,
    // The channel lives as long as its connection.
    _connection: Bus,
}

impl BusPublisher {
    /// Connects.
    ///
    /// # Errors
    /// When RabbitMQ cannot be reached in time.
    pub async fn connect(config: &Amqp, name: &str) -> Result<Self, BusError> {
        let connection = connect(config, name).await?;
        let publisher = Publisher::open(&connection, config.confirm_timeout_ms.duration()).await?;
        Ok(Self { publisher, _connection: connection })
    }

    /// Publishes a request that wants no reply.
    ///
    /// # Errors
    /// When RabbitMQ does not confirm it in time: connect again.
    pub async fn send(&self, routing_key: &str, body: &[u8]) -> Result<(), BusError> {
        let properties = BasicProperties::default()
            .with_content_type(CONTENT_TYPE.into())
            .with_message_id(uuid::Uuid::now_v7().to_string().into())
            .with_delivery_mode(PERSISTENT);
        self.publisher.publish(EXCHANGE, routing_key.into(), body, properties).await
    }
}
