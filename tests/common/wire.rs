//! The bus for a client that follows no rule: any exchange, key, properties and bytes.

use futures_util::StreamExt as _;
use lapin::{
    BasicProperties, Channel, Confirmation, Connection, ConnectionProperties, Consumer,
    message::{BasicReturnMessage, Delivery},
    options::{
        BasicConsumeOptions, BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions,
        QueuePurgeOptions,
    },
    types::{AMQPValue, FieldTable, ShortString},
};
use serde_json::Value;
use tokio::time::timeout;

use super::PATIENCE;

/// A connection with its own reply queue.
pub struct Wire {
    pub channel: Channel,
    /// The name of the reply queue.
    pub queue: ShortString,
    replies: Consumer,
    _connection: Connection,
}

/// A reply, or a dead letter.
#[derive(Debug)]
pub struct Message(pub Delivery);

impl Message {
    /// A header's text; `None` where it is missing.
    pub fn header(&self, name: &str) -> Option<String> {
        match self.0.properties.headers().as_ref()?.inner().get(name)? {
            AMQPValue::LongString(text) => Some(text.to_string()),
            other => panic!("the header `{name}` is {other:?}"),
        }
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.0.data).unwrap_or_else(|error| {
            panic!("{error}: {}", String::from_utf8_lossy(&self.0.data));
        })
    }

    /// The reply's `correlation_id`.
    pub fn correlation_id(&self) -> Option<&str> {
        self.0.properties.correlation_id().as_ref().map(ShortString::as_str)
    }
}

impl Wire {
    /// Connects, and declares a reply queue that RabbitMQ names.
    pub async fn connect(url: &str) -> Self {
        let connection = Connection::connect(url, ConnectionProperties::default()).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        channel.confirm_select(ConfirmSelectOptions::default()).await.unwrap();
        let options = QueueDeclareOptions { exclusive: true, auto_delete: true, ..Default::default() };
        let queue = channel.queue_declare("".into(), options, FieldTable::default()).await.unwrap();
        let queue = queue.name().clone();
        let replies = consume(&channel, queue.as_str()).await;
        Self { channel, queue, replies, _connection: connection }
    }

    /// The properties of a well-formed request with this correlation id.
    pub fn properties(&self, correlation_id: &str) -> BasicProperties {
        BasicProperties::default()
            .with_content_type("application/json".into())
            .with_reply_to(self.queue.clone())
            .with_correlation_id(correlation_id.into())
    }

    /// Publishes a mandatory message and waits for its confirmation. Returns the message if no queue takes it.
    pub async fn publish(
        &self,
        exchange: &str,
        key: &str,
        body: &[u8],
        properties: BasicProperties,
    ) -> Option<BasicReturnMessage> {
        let options = BasicPublishOptions { mandatory: true, ..Default::default() };
        let publishing = self.channel.basic_publish(exchange.into(), key.into(), options, body, properties);
        match timeout(PATIENCE, async { publishing.await.unwrap().await }).await.unwrap().unwrap() {
            Confirmation::Ack(None) => None,
            Confirmation::Ack(Some(returned)) => Some(returned),
            other => panic!("RabbitMQ did not take the message: {other:?}"),
        }
    }

    /// The next reply.
    pub async fn reply(&mut self) -> Message {
        next(&mut self.replies).await
    }

    /// Sends a request to the exchange `beds` and waits for its reply.
    pub async fn request(&mut self, key: &str, body: &[u8], properties: BasicProperties) -> Message {
        let expected = properties.correlation_id().clone();
        assert!(self.publish("beds", key, body, properties).await.is_none(), "no queue takes `{key}`");
        let reply = self.reply().await;
        assert_eq!(reply.0.properties.correlation_id(), &expected);
        reply
    }

    /// How many messages wait in a queue.
    pub async fn waiting(&self, queue: &str) -> u32 {
        let options = QueueDeclareOptions { passive: true, ..Default::default() };
        let queue = self.channel.queue_declare(queue.into(), options, FieldTable::default()).await;
        queue.unwrap().message_count()
    }

    /// Empties a queue.
    pub async fn purge(&self, queue: &str) {
        self.channel.queue_purge(queue.into(), QueuePurgeOptions::default()).await.unwrap();
    }
}

/// Consumes a queue without acknowledgements.
pub async fn consume(channel: &Channel, queue: &str) -> Consumer {
    let options = BasicConsumeOptions { no_ack: true, ..Default::default() };
    channel.basic_consume(queue.into(), "".into(), options, FieldTable::default()).await.unwrap()
}

/// The next message of a consumer.
pub async fn next(consumer: &mut Consumer) -> Message {
    let delivery = timeout(PATIENCE, consumer.next()).await.expect("no message came");
    Message(delivery.unwrap().unwrap())
}

/// Adds one header.
pub fn with_header(properties: BasicProperties, name: &str, value: AMQPValue) -> BasicProperties {
    let mut headers = properties.headers().clone().unwrap_or_default();
    headers.insert(name.into(), value);
    properties.with_headers(headers)
}

/// Now, in Unix milliseconds.
pub fn unix_ms() -> i64 {
    let since = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
    i64::try_from(since.as_millis()).unwrap()
}
