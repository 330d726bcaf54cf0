//! [`Subscription`]: the events for one listener.

use std::time::Duration;

use beds_protocol::topology::EVENTS;
use futures_util::StreamExt as _;
use lapin::{
    Acker, Channel, Consumer,
    message::Delivery,
    options::{
        BasicAckOptions, BasicConsumeOptions, BasicNackOptions, BasicQosOptions, BasicRejectOptions,
        QueueBindOptions, QueueDeclareOptions,
    },
    types::{AMQPValue, FieldTable, ShortString},
};
use uuid::Uuid;

use crate::{
    connection::{Connection, within},
    error::BusError,
    message::Name,
    topology,
};

/// A queue that ends with its connection.
const OWN: QueueDeclareOptions =
    QueueDeclareOptions { passive: false, durable: false, exclusive: true, auto_delete: true, nowait: false };

/// A queue of events, and its consumer.
#[derive(Debug)]
pub struct Subscription {
    consumer: Consumer,
    channel: Channel,
    prefetch: u16,
}

/// An event as it came.
#[derive(Debug)]
pub struct Heard {
    delivery: Delivery,
}

/// Tells RabbitMQ the result of an event.
#[derive(Debug, Clone)]
pub struct Settle(Acker);

impl Subscription {
    /// Declares the queue, binds it to these patterns of routing keys, and consumes from it, this many events at a
    /// time. Without a name the queue is this connection's own, and ends with it. With a name it is durable, and
    /// gathers events while nobody listens.
    ///
    /// # Errors
    /// [`BusError::Missing`] where no node has declared the exchange yet, [`BusError::Forbidden`] where RabbitMQ does not
    /// allow it or the queue exists with other arguments, and when RabbitMQ does not answer in time.
    pub async fn open(
        connection: &Connection,
        queue: Option<&Name>,
        patterns: &[Name],
        prefetch: u16,
    ) -> Result<Self, BusError> {
        let (options, arguments) = if queue.is_some() {
            (QueueDeclareOptions::durable(), quorum())
        } else {
            (OWN, FieldTable::default())
        };
        Self::of(connection, EVENTS, (queue, options, arguments), patterns, prefetch).await
    }

    /// The same for a node, which declares the exchange, in a queue of the connection's own. If a length is given, the
    /// queue drops its oldest events beyond that length.
    pub(crate) async fn of_node(
        connection: &Connection,
        exchange: &'static str,
        patterns: &[Name],
        (prefetch, length_max): (u16, Option<u32>),
    ) -> Result<Self, BusError> {
        topology::declare_heard(connection, exchange).await?;
        // A name that a node's rights cover. It differs each time, since the old queue may outlive its connection for a
        // moment.
        let queue = Name::new(format!("{exchange}.{}", Uuid::now_v7())).ok_or(BusError::TooLong)?;
        let mut arguments = FieldTable::default();
        if let Some(length_max) = length_max {
            arguments.insert("x-max-length".into(), AMQPValue::LongUInt(length_max));
        }
        Self::of(connection, exchange, (Some(&queue), OWN, arguments), patterns, prefetch).await
    }

    async fn of(
        connection: &Connection,
        exchange: &'static str,
        (queue, options, arguments): (Option<&Name>, QueueDeclareOptions, FieldTable),
        patterns: &[Name],
        prefetch: u16,
    ) -> Result<Self, BusError> {
        let limit = connection.limit();
        let channel = connection.channel().await?;
        let name = queue.map_or_else(ShortString::default, |name| name.0.clone());
        let declared = channel.queue_declare(name, options, arguments);
        let name = within(limit, "declaring a queue", declared).await?.name().clone();
        for pattern in patterns {
            let (options, arguments) = (QueueBindOptions::default(), FieldTable::default());
            let bound =
                channel.queue_bind(name.clone(), exchange.into(), pattern.0.clone(), options, arguments);
            within(limit, "binding a queue", bound).await?;
        }
        let bounded = channel.basic_qos(prefetch.max(1), BasicQosOptions::default());
        within(limit, "setting the prefetch", bounded).await?;
        let consumer = consume(&channel, name);
        let consumer = within(limit, "consuming", consumer).await?;
        Ok(Self { consumer, channel, prefetch: prefetch.max(1) })
    }

    /// Asks RabbitMQ for a sign of life on the channel of the events.
    ///
    /// # Errors
    /// When it does not answer within `limit`: events may be missed.
    pub async fn answers(&self, limit: Duration) -> Result<(), BusError> {
        let same = self.channel.basic_qos(self.prefetch, BasicQosOptions::default());
        within(limit, "answering where events are heard", same).await
    }

    /// The next event.
    ///
    /// # Errors
    /// When the queue or the connection is gone: there is no further event.
    pub async fn next(&mut self) -> Result<Heard, BusError> {
        match self.consumer.next().await {
            Some(delivery) => Ok(Heard { delivery: delivery? }),
            None => Err(BusError::Other("the queue of the events was deleted".to_owned())),
        }
    }
}

async fn consume(channel: &Channel, queue: ShortString) -> lapin::Result<Consumer> {
    channel.basic_consume(queue, "".into(), BasicConsumeOptions::default(), FieldTable::default()).await
}

fn quorum() -> FieldTable {
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
    arguments
}

impl Heard {
    /// Its `message_id`, which identifies duplicates.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.delivery.properties.message_id().as_ref().map(ShortString::as_str)
    }

    /// Its routing key, `<template>.<operation>`.
    #[must_use]
    pub fn routing_key(&self) -> &str {
        self.delivery.routing_key.as_str()
    }

    /// Whether RabbitMQ has delivered it before.
    #[must_use]
    pub const fn is_redelivered(&self) -> bool {
        self.delivery.redelivered
    }

    /// The user for whom RabbitMQ vouches.
    pub(crate) fn user(&self) -> Option<&str> {
        self.delivery.properties.user_id().as_ref().map(ShortString::as_str)
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.delivery.data
    }

    /// The handle that tells RabbitMQ the result.
    #[must_use]
    pub fn settle(&self) -> Settle {
        Settle(self.delivery.acker.clone())
    }
}

impl Settle {
    /// The event is worked off.
    ///
    /// # Errors
    /// When the connection is gone: it is delivered again.
    pub async fn done(&self) -> Result<(), BusError> {
        self.0.ack(BasicAckOptions::default()).await?;
        Ok(())
    }

    /// The event is to be delivered again.
    ///
    /// # Errors
    /// When the connection is gone: it is delivered again in any case.
    pub async fn again(&self) -> Result<(), BusError> {
        self.0.nack(BasicNackOptions { requeue: true, ..Default::default() }).await?;
        Ok(())
    }

    /// The event is of no use to anybody.
    ///
    /// # Errors
    /// When the connection is gone: it is delivered again.
    pub async fn reject(&self) -> Result<(), BusError> {
        self.0.reject(BasicRejectOptions { requeue: false }).await?;
        Ok(())
    }
}
