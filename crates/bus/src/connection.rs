//! One AMQP connection, made within a deadline.

use std::{future::Future, ops::Deref, time::Duration};

use beds_client::socket::Socket;
use lapin::{Connection, ConnectionProperties, uri::AMQPUri};
use tokio::time::timeout;

use crate::config::{Amqp, SecretUrl};

/// Why something on the bus did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    /// RabbitMQ or the connection to it.
    #[error("{0}")]
    Amqp(#[from] lapin::Error),
    /// No answer in time.
    #[error("{what}: no answer within {} ms", .after.as_millis())]
    Late {
        /// What was waited for.
        what: &'static str,
        /// For how long.
        after: Duration,
    },
    /// RabbitMQ did not take a message: its queue is full.
    #[error("RabbitMQ refused a message: its queue is full")]
    Refused,
    /// No queue takes a message: nobody serves it yet.
    #[error("no queue takes a message")]
    Unroutable,
    /// A message whose properties the client library cannot read.
    #[error("a message cannot be read")]
    Unreadable,
    /// Something else; the text says what.
    #[error("{0}")]
    Other(String),
}

/// Waits for an answer of RabbitMQ, but not for ever.
pub(super) async fn within<T>(
    limit: Duration,
    what: &'static str,
    answer: impl Future<Output = lapin::Result<T>>,
) -> Result<T, BusError> {
    match timeout(limit, answer).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(BusError::Late { what, after: limit }),
    }
}

/// A connection that ends when it is dropped, whatever still holds a channel of it.
#[derive(Debug)]
pub(super) struct Bus {
    connection: Connection,
    _socket: Socket,
}

impl Deref for Bus {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

/// Connects to the first endpoint that answers.
pub(super) async fn connect(config: &Amqp, name: &str) -> Result<Bus, BusError> {
    let mut last = BusError::Other("no endpoint is configured".into());
    for url in &config.url.0 {
        match connect_to(url, config, name).await {
            Ok(connection) => return Ok(connection),
            // One endpoint needs no name; of several, the last to fail is named.
            Err(error) if config.url.0.len() == 1 => return Err(error),
            Err(error) => last = BusError::Other(format!("{}: {error}", url.redacted())),
        }
    }
    Err(last)
}

async fn connect_to(url: &SecretUrl, config: &Amqp, name: &str) -> Result<Bus, BusError> {
    // The parser's message would repeat the URL, password and all.
    let mut uri: AMQPUri =
        url.expose().parse().map_err(|_| BusError::Other("this is not an AMQP URL".to_owned()))?;
    uri.query.heartbeat.get_or_insert(config.heartbeat_s);
    // Its own recovery stays off: it gives up, and has been seen to hang.
    let properties = ConnectionProperties::default().with_connection_name(name.into());
    let limit = config.connect_timeout_ms.duration();
    // Given up midway, the attempt ends with its socket: it would leave a thread behind otherwise.
    let socket = Socket::default();
    let connection = within(limit, "connecting", socket.connect(uri, properties, limit)).await?;
    Ok(Bus { connection, _socket: socket })
}

/// Connects, opens a channel, disconnects.
///
/// # Errors
/// What went wrong, in a sentence.
pub async fn ping(config: &Amqp) -> Result<(), BusError> {
    let connection = connect(config, "beds check").await?;
    let limit = config.connect_timeout_ms.duration();
    // Dropped, the channel would close itself while the connection closes.
    let _channel = within(limit, "opening a channel", connection.create_channel()).await?;
    within(limit, "closing", connection.close(200, "checked".into())).await
}
