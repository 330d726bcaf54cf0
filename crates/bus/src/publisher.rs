//! Messages that RabbitMQ confirms: it has them in a queue, or says that it does not.

use std::{sync::Arc, time::Duration};

use amq_protocol::{frame::WriteContext, protocol::basic::gen_properties};
use lapin::{
    BasicProperties, Channel, Confirmation, ConnectionStatus,
    options::{BasicPublishOptions, ConfirmSelectOptions},
    types::ShortString,
};

use crate::{
    connection::{Connection, within, within_while_open},
    error::BusError,
    message::{Name, Properties},
    replies::Replies,
};

/// A channel whose messages are confirmed, and returned if no queue takes them.
#[derive(Debug, Clone)]
pub struct Publisher {
    channel: Channel,
    connection: ConnectionStatus,
    user: Arc<str>,
    limit: Duration,
    frame_max: usize,
}

/// RabbitMQ's answer to a message.
///
/// RabbitMQ returns a message that no queue takes, and then confirms it. lapin hands the returned message over with the
/// confirmation that comes *next*, which may be that of another message. A caller with several messages on their way
/// matches the returned one by its correlation id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Whether RabbitMQ took the message. A full queue refuses it.
    pub taken: bool,
    /// A message that came back.
    pub returned: Option<Returned>,
}

/// A message that no queue takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Returned {
    /// Its correlation id, where it has one.
    pub correlation_id: Option<Name>,
}

impl Publisher {
    /// Opens a channel for it.
    ///
    /// # Errors
    /// When RabbitMQ does not answer in time, or the connection ends.
    pub async fn open(connection: &Connection) -> Result<Self, BusError> {
        let limit = connection.limit();
        let channel = connection.channel().await?;
        within(limit, "turning on confirms", channel.confirm_select(ConfirmSelectOptions::default())).await?;
        let user = connection.user().into();
        Ok(Self { channel, connection: connection.status(), user, limit, frame_max: connection.frame_max() })
    }

    /// Publishes a message and waits until RabbitMQ has answered for it, for as long as the connection lives.
    ///
    /// # Errors
    /// [`BusError::NotSent`] when the channel is gone already, [`BusError::Forbidden`] and [`BusError::Missing`] when
    /// RabbitMQ closes it over a message, and otherwise when it ends.
    pub async fn publish(
        &self,
        exchange: &'static str,
        routing_key: Name,
        properties: Properties,
        body: &[u8],
    ) -> Result<Receipt, BusError> {
        let options = BasicPublishOptions { mandatory: true, ..Default::default() };
        self.send(exchange, routing_key, options, properties, body).await
    }

    async fn send(
        &self,
        exchange: &'static str,
        routing_key: Name,
        options: BasicPublishOptions,
        properties: Properties,
        body: &[u8],
    ) -> Result<Receipt, BusError> {
        // After this point nobody knows how much of the message was written.
        if !self.is_open() {
            return Err(BusError::NotSent("it is closed".to_owned()));
        }
        let basic = properties.into_basic();
        if header_bytes(&basic) > self.frame_max {
            return Err(BusError::TooLong);
        }
        let confirm = self.channel.basic_publish(exchange.into(), routing_key.0, options, body, basic);
        Ok(Receipt::from(confirm.await?.await?))
    }

    /// Replies to what it publishes.
    pub(crate) async fn replies(&self) -> Result<Replies, BusError> {
        Replies::of(&self.channel, self.limit).await
    }

    /// The user as which it publishes.
    pub(crate) fn user(&self) -> &str {
        &self.user
    }

    /// Whether its channel is open, as far as is known.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.channel.status().connected()
    }

    /// Publishes a message and waits until a queue has it. While RabbitMQ blocks the connection, it waits on.
    ///
    /// # Errors
    /// [`BusError::Refused`] where the queue is full, [`BusError::Unroutable`] where there is none, and otherwise
    /// when RabbitMQ does not confirm it in time or the connection ends.
    pub async fn put(
        &self,
        exchange: &'static str,
        routing_key: Name,
        properties: Properties,
        body: &[u8],
    ) -> Result<(), BusError> {
        let options = BasicPublishOptions { mandatory: true, ..Default::default() };
        self.confirmed(self.send(exchange, routing_key, options, properties, body)).await
    }

    /// Publishes a message to all listeners, and waits until RabbitMQ has it in all their queues. If nobody listens,
    /// RabbitMQ drops it. While RabbitMQ blocks the connection, it waits on.
    ///
    /// # Errors
    /// [`BusError::Refused`] where one of the queues is full, and otherwise when RabbitMQ does not confirm it in time or
    /// the connection ends.
    pub async fn announce(
        &self,
        exchange: &'static str,
        routing_key: Name,
        properties: Properties,
        body: &[u8],
    ) -> Result<(), BusError> {
        let options = BasicPublishOptions::default();
        self.confirmed(self.send(exchange, routing_key, options, properties, body)).await
    }

    async fn confirmed(
        &self,
        published: impl Future<Output = Result<Receipt, BusError>>,
    ) -> Result<(), BusError> {
        let is_blocked = || self.connection.blocked();
        match within_while_open(self.limit, "confirming a message", is_blocked, published).await? {
            Receipt { taken: false, .. } => Err(BusError::Refused),
            Receipt { returned: Some(_), .. } => Err(BusError::Unroutable),
            Receipt { taken: true, returned: None } => Ok(()),
        }
    }
}

/// How long the frame of a message's properties is: RabbitMQ ends the connection over one that is too long.
fn header_bytes(properties: &BasicProperties) -> usize {
    /// The frame's own, and those of the content header before the properties.
    const AROUND: usize = 8 + 12;
    let written = gen_properties(properties)(WriteContext::from(Vec::new()));
    written.map_or(usize::MAX, |written| written.write.len() + AROUND)
}

impl From<Confirmation> for Receipt {
    fn from(confirmation: Confirmation) -> Self {
        let taken = !confirmation.is_nack();
        let returned = confirmation.take_message().map(|message| {
            let correlation_id: &Option<ShortString> = message.delivery.properties.correlation_id();
            Returned { correlation_id: correlation_id.clone().map(Name) }
        });
        Self { taken, returned }
    }
}
