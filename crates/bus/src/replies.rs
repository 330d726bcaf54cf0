//! The queue of a client's answers.

use std::time::Duration;

use futures_util::StreamExt as _;
use lapin::{
    Channel, Consumer,
    options::{BasicConsumeOptions, QueueDeclareOptions},
    types::FieldTable,
};

use crate::{
    connection::{Connection, within},
    error::BusError,
    message::{Message, Name},
};

/// A queue that RabbitMQ has named. This connection alone can use it, and it ends with the connection.
#[derive(Debug)]
pub struct Replies {
    queue: Name,
    consumer: Consumer,
}

/// The pseudo-queue of whoever publishes on this channel. RabbitMQ makes it without requiring any right.
const DIRECT: &str = "amq.rabbitmq.reply-to";

impl Replies {
    /// RabbitMQ's own queue of a channel: a request names [`Self::direct`], and is published on that channel.
    pub(crate) async fn of(channel: &Channel, limit: Duration) -> Result<Self, BusError> {
        let options = BasicConsumeOptions { no_ack: true, ..Default::default() };
        let consume = channel.basic_consume(DIRECT.into(), "".into(), options, FieldTable::default());
        let consumer = within(limit, "consuming", consume).await?;
        Ok(Self { queue: Self::direct(), consumer })
    }

    /// The `reply_to` of a request that is published on the channel of [`Self::of`].
    pub(crate) fn direct() -> Name {
        Name(DIRECT.into())
    }

    /// Declares the queue and consumes from it.
    ///
    /// # Errors
    /// When RabbitMQ does not answer in time, or the connection ends.
    pub async fn open(connection: &Connection) -> Result<Self, BusError> {
        let limit = connection.limit();
        let channel = connection.channel().await?;
        let options = QueueDeclareOptions { exclusive: true, auto_delete: true, ..Default::default() };
        let declared = channel.queue_declare("".into(), options, FieldTable::default());
        let queue = within(limit, "declaring a queue", declared).await?.name().clone();
        let options = BasicConsumeOptions { no_ack: true, exclusive: true, ..Default::default() };
        let consume = channel.basic_consume(queue.clone(), "".into(), options, FieldTable::default());
        let consumer = within(limit, "consuming", consume).await?;
        Ok(Self { queue: Name(queue), consumer })
    }

    /// The `reply_to` of a request.
    #[must_use]
    pub const fn queue(&self) -> &Name {
        &self.queue
    }

    /// The next answer.
    ///
    /// # Errors
    /// When the queue or the connection is gone: there is no further answer.
    pub async fn next(&mut self) -> Result<Message, BusError> {
        match self.consumer.next().await {
            Some(delivery) => Ok(Message::new(delivery?)),
            None => Err(BusError::Other("the reply queue was cancelled".to_owned())),
        }
    }
}
