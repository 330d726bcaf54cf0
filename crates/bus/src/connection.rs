//! One AMQP connection, made within a deadline, on which nothing is waited for without one.

use std::{fmt, future::Future, pin::pin, time::Duration};

use futures_util::Stream;
use lapin::{Channel, ConnectionProperties, ConnectionStatus, Event, uri::AMQPUri};
use tokio::time::timeout;

use crate::{config::Amqp, error::BusError, socket::Socket};

/// Waits for an answer of RabbitMQ, but not for ever.
pub(crate) async fn within<T>(
    limit: Duration,
    what: &'static str,
    answer: impl Future<Output = lapin::Result<T>>,
) -> Result<T, BusError> {
    match timeout(limit, answer).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(BusError::Late { what, after: limit }),
    }
}

/// As [`within`], on a connection that RabbitMQ may block: while it does, nothing is late, since nothing is sent.
pub(crate) async fn within_while_open<T>(
    limit: Duration,
    what: &'static str,
    is_blocked: impl Fn() -> bool,
    answer: impl Future<Output = Result<T, BusError>>,
) -> Result<T, BusError> {
    let mut answer = pin!(answer);
    loop {
        match timeout(limit, &mut answer).await {
            Ok(answer) => return answer,
            Err(_) if is_blocked() => {}
            Err(_) => return Err(BusError::Late { what, after: limit }),
        }
    }
}

/// Where a RabbitMQ is, and as whom to log in.
#[derive(Clone)]
pub struct Endpoint(AMQPUri);

impl Endpoint {
    /// Reads `amqp://user:password@host:port/vhost`, or `amqps://…` for TLS.
    ///
    /// # Errors
    /// What is wrong with the URL, without a word of it that may be secret.
    pub fn parse(url: &str) -> Result<Self, String> {
        match url.parse() {
            Ok(uri) => Ok(Self(uri)),
            Err(error) if !url.is_empty() && error.contains(url) => Err("this is not an AMQP URL".to_owned()),
            Err(error) => Err(error),
        }
    }

    /// The heartbeat that the URL asks for; where it asks for none, this one from now on.
    pub fn heartbeat_or(&mut self, seconds: u16) -> u16 {
        *self.0.query.heartbeat.get_or_insert(seconds)
    }

    pub(crate) const fn uri(&self) -> &AMQPUri {
        &self.0
    }
}

impl fmt::Debug for Endpoint {
    /// Without user and password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.0.authority.host, self.0.authority.port)
    }
}

/// How long RabbitMQ may take.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// To accept a connection.
    pub connect: Duration,
    /// To answer on it.
    pub answer: Duration,
}

/// A connection that ends when it is dropped, whatever still holds a channel of it.
pub struct Connection {
    inner: lapin::Connection,
    /// How long an answer may take.
    limit: Duration,
    /// Ends the connection for good.
    _socket: Socket,
}

impl Connection {
    /// Connects; `name` stands in RabbitMQ's listings.
    ///
    /// # Errors
    /// When RabbitMQ does not answer in time, or refuses.
    pub async fn open(endpoint: &Endpoint, name: &str, timeouts: Timeouts) -> Result<Self, BusError> {
        // Its own recovery stays off: it gives up, and has been seen to hang.
        let properties = ConnectionProperties::default().with_connection_name(name.into());
        // Given up midway, the attempt ends with its socket: it would leave a thread behind otherwise.
        let socket = Socket::default();
        let connecting = socket.connect(endpoint.0.clone(), properties, timeouts.connect);
        let inner = within(timeouts.connect, "connecting", connecting).await?;
        Ok(Self { inner, limit: timeouts.answer, _socket: socket })
    }

    /// Says goodbye to RabbitMQ.
    ///
    /// # Errors
    /// When it has no answer within `limit`, or the connection is closed already.
    pub async fn close(&self, limit: Duration, reason: &'static str) -> Result<(), BusError> {
        within(limit, "closing", self.inner.close(200, reason.into())).await
    }

    /// How long an answer may take.
    pub(crate) const fn limit(&self) -> Duration {
        self.limit
    }

    pub(crate) async fn channel(&self) -> Result<Channel, BusError> {
        within(self.limit, "opening a channel", self.inner.create_channel()).await
    }

    pub(crate) fn events(&self) -> impl Stream<Item = Event> + Send + 'static {
        self.inner.events_listener()
    }

    pub(crate) fn status(&self) -> ConnectionStatus {
        self.inner.status().clone()
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("limit", &self.limit).finish_non_exhaustive()
    }
}

/// Connects to the first configured endpoint that answers.
pub(crate) async fn connect(config: &Amqp, name: &str) -> Result<Connection, BusError> {
    let timeouts = Timeouts {
        connect: config.connect_timeout_ms.duration(),
        answer: config.confirm_timeout_ms.duration(),
    };
    let mut last = BusError::Other("no endpoint is configured".into());
    for url in &config.url.0 {
        let attempt = async {
            let mut endpoint = Endpoint::parse(url.expose()).map_err(BusError::Other)?;
            endpoint.heartbeat_or(config.heartbeat_s);
            Connection::open(&endpoint, name, timeouts).await
        };
        match attempt.await {
            Ok(connection) => return Ok(connection),
            // One endpoint needs no name; of several, the last to fail is named.
            Err(error) if config.url.0.len() == 1 => return Err(error),
            Err(error) => last = BusError::Other(format!("{}: {error}", url.redacted())),
        }
    }
    Err(last)
}

/// Connects, opens a channel, disconnects.
///
/// # Errors
/// What went wrong, in a sentence.
pub async fn ping(config: &Amqp) -> Result<(), BusError> {
    let limit = config.connect_timeout_ms.duration();
    let connection = connect(config, "beds check").await?;
    // Dropped, the channel would close itself while the connection closes.
    let _channel = within(limit, "opening a channel", connection.inner.create_channel()).await?;
    connection.close(limit, "checked").await
}

#[cfg(test)]
mod tests {
    use std::{
        future::{pending, ready},
        sync::atomic::{AtomicU8, Ordering},
    };

    use super::*;

    #[test]
    fn an_endpoint_that_cannot_be_read_is_refused_without_its_password() {
        for url in ["nonsense", "data:guest:secret", "http://guest:secret@host", "amqp://guest:secret@host:x"]
        {
            let error = Endpoint::parse(url).unwrap_err();
            assert!(!error.is_empty() && !error.contains("secret"), "{error}");
        }
        let mut endpoint = Endpoint::parse("amqp://guest:secret@host/v?heartbeat=5").unwrap();
        assert_eq!(endpoint.heartbeat_or(10), 5);
        assert_eq!(format!("{endpoint:?}"), "host:5672");
        assert_eq!(Endpoint::parse("amqp://host").unwrap().heartbeat_or(10), 10);
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_late_while_the_connection_is_blocked() {
        let limit = Duration::from_secs(30);
        let asked = AtomicU8::new(0);
        // Blocked for three of its limits.
        let is_blocked = || asked.fetch_add(1, Ordering::Relaxed) < 3;
        let begun = tokio::time::Instant::now();
        let late = within_while_open(limit, "confirming", is_blocked, pending::<Result<(), _>>()).await;
        assert!(matches!(late, Err(BusError::Late { what: "confirming", .. })), "{late:?}");
        assert_eq!(begun.elapsed(), limit * 4);
        let soon = within_while_open(limit, "confirming", || false, ready(Ok(7))).await;
        assert_eq!(soon.unwrap(), 7);
    }
}
