//! One connection to RabbitMQ: its channels and its reply queue.

use std::time::Duration;

use beds_protocol::topology::EXCHANGE;
use lapin::{
    BasicProperties, Channel, Confirmation, Connection, ConnectionProperties, Consumer,
    options::{BasicConsumeOptions, BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions},
    types::{FieldTable, ShortString},
    uri::AMQPUri,
};

use crate::{builder::Config, socket::Socket};

/// How long a closing connection may take to say goodbye.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// What requests need of a connection.
#[derive(Debug)]
pub(crate) struct Session {
    /// Counts the connections of a client.
    pub(crate) generation: u64,
    /// Where requests with an answer are published.
    requests: Channel,
    /// Where requests without an answer are published. They have a channel of their own, since lapin hands a
    /// returned message to whichever confirmation comes next: see [`crate::confirms`].
    sends: Channel,
    /// The queue of replies.
    pub(crate) reply_to: ShortString,
}

/// A connection, and what arrives on it.
#[derive(Debug)]
pub(crate) struct Link {
    connection: Connection,
    pub(crate) replies: Consumer,
    pub(crate) session: std::sync::Arc<Session>,
    /// Ends the connection for good when the link is dropped.
    _socket: Socket,
}

/// Which of the two publishing channels a request takes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Lane {
    /// It expects an answer.
    Request,
    /// It expects none.
    Send,
}

impl Session {
    /// Publishes to the exchange of BEDS and waits until RabbitMQ has confirmed.
    pub(crate) async fn publish(
        &self,
        lane: Lane,
        routing_key: ShortString,
        body: &[u8],
        properties: BasicProperties,
    ) -> lapin::Result<Confirmation> {
        let channel = match lane {
            Lane::Request => &self.requests,
            Lane::Send => &self.sends,
        };
        let options = BasicPublishOptions { mandatory: true, immediate: false };
        channel.basic_publish(EXCHANGE.into(), routing_key, options, body, properties).await?.await
    }
}

impl Link {
    /// Connects, within the configured time.
    pub(crate) async fn open(uri: &AMQPUri, config: &Config, generation: u64) -> Result<Self, String> {
        match tokio::time::timeout(config.connect_timeout, Self::attempt(uri, config, generation)).await {
            Ok(Ok(link)) => Ok(link),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("no answer within {:?}", config.connect_timeout)),
        }
    }

    async fn attempt(uri: &AMQPUri, config: &Config, generation: u64) -> lapin::Result<Self> {
        let properties = ConnectionProperties::default().with_connection_name(config.name.as_str().into());
        let socket = Socket::default();
        let connection = socket.connect(uri.clone(), properties, config.connect_timeout).await?;
        let requests = connection.create_channel().await?;
        requests.confirm_select(ConfirmSelectOptions::default()).await?;
        let sends = connection.create_channel().await?;
        sends.confirm_select(ConfirmSelectOptions::default()).await?;
        let consuming = connection.create_channel().await?;
        let options = QueueDeclareOptions { exclusive: true, auto_delete: true, ..Default::default() };
        let queue = consuming.queue_declare("".into(), options, FieldTable::default()).await?;
        let reply_to = queue.name().clone();
        let options = BasicConsumeOptions { no_ack: true, exclusive: true, ..Default::default() };
        let replies =
            consuming.basic_consume(reply_to.clone(), "".into(), options, FieldTable::default()).await?;
        let session = std::sync::Arc::new(Session { generation, requests, sends, reply_to });
        Ok(Self { connection, replies, session, _socket: socket })
    }

    /// Closes the connection, politely if that is quick.
    pub(crate) async fn close(self) {
        // What fails here is closed already.
        let _ = tokio::time::timeout(CLOSE_TIMEOUT, self.connection.close(200, "bye".into())).await;
    }
}
