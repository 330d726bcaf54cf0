//! One AMQP connection, made within a deadline. Every wait on it has a deadline.

use std::{fmt, future::Future, pin::pin, time::Duration};

use beds_core::settings::{Parts, RABBITMQ, SecretUrl, Tls, decoded};
use futures_util::{Stream, StreamExt as _, stream::FuturesUnordered};
use lapin::{
    Channel, ConnectionProperties, ConnectionStatus, Event,
    uri::{AMQPAuthority, AMQPQueryString, AMQPScheme, AMQPUri, AMQPUserInfo},
};
use tokio::time::timeout;

use crate::{
    config::Amqp,
    error::BusError,
    socket::{Socket, address},
};

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

/// Like [`within`], on a connection that RabbitMQ may block. While it is blocked, nothing counts as late, since nothing
/// is sent.
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

/// The address of a RabbitMQ, and the user to log in as.
#[derive(Clone)]
pub struct Endpoint {
    uri: AMQPUri,
    tls: Tls,
}

impl Endpoint {
    /// Reads `amqp://user:password@host:port/vhost`, or `amqps://…` for TLS. Without a user it is `guest`, and without a
    /// virtual host `/`, as in every client library of RabbitMQ.
    ///
    /// # Errors
    /// Which part of the URL is not understood, without any text that may be secret.
    pub fn parse(url: &str) -> Result<Self, String> {
        let parts = RABBITMQ.read(url)?;
        let text = |text: Option<&str>, what| decoded(text.unwrap_or_default(), what);
        let scheme = if parts.scheme == "amqps" { AMQPScheme::AMQPS } else { AMQPScheme::AMQP };
        let [host] = parts.hosts()?[..] else { return Err("it names several hosts".to_owned()) };
        let userinfo = match (text(parts.user, "user")?, text(parts.password, "password")?) {
            (username, _) if username.is_empty() => AMQPUserInfo::default(),
            (username, password) => AMQPUserInfo { username, password },
        };
        let vhost = match text(parts.path, "virtual host")? {
            empty if empty.is_empty() => "/".to_owned(),
            vhost => vhost,
        };
        let port = host.port.unwrap_or_else(|| scheme.default_port());
        let query = query(&parts)?;
        // An IPv6 address without its brackets, as sockets and certificates know it.
        let authority = AMQPAuthority { userinfo, host: decoded(host.name, "host")?, port };
        Ok(Self { uri: AMQPUri { scheme, authority, vhost, query }, tls: Tls::default() })
    }

    /// As [`Endpoint::parse`], with the password that the URL's source gives now, and the files of its link.
    ///
    /// # Errors
    /// As [`Endpoint::parse`], and why there is no password.
    pub fn of(url: &SecretUrl) -> Result<Self, String> {
        let endpoint = Self::parse(url.current()?.expose())?;
        Ok(endpoint.with_tls(url.tls().clone()))
    }

    /// The same endpoint. If the URL is `amqps://…`, these files encrypt its link.
    #[must_use]
    pub fn with_tls(self, tls: Tls) -> Self {
        Self { tls, ..self }
    }

    /// The heartbeat that the URL asks for. If it asks for none, this one is used from now on.
    pub fn heartbeat_or(&mut self, seconds: u16) -> u16 {
        *self.uri.query.heartbeat.get_or_insert(seconds)
    }

    /// How long connecting may take: the URL's value, or else this one.
    pub(crate) fn connect_timeout_or(&self, usual: Duration) -> Duration {
        self.uri.query.connection_timeout.map_or(usual, Duration::from_millis)
    }

    /// The user.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.uri.authority.userinfo.username
    }

    /// The files of its link.
    pub(crate) const fn tls(&self) -> &Tls {
        &self.tls
    }

    pub(crate) const fn uri(&self) -> &AMQPUri {
        &self.uri
    }
}

impl fmt::Debug for Endpoint {
    /// Host and port, without user and password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&address(&self.uri.authority))
    }
}

/// The largest frame, in bytes, where the URL names none: RabbitMQ's own default.
///
/// It is asked for rather than left to the server, since lapin makes its buffers, of 32 frames each, before it asks. It
/// enlarges them afterwards and fills them with zeros, so that each connection holds 8 MiB that nothing uses.
const FRAME_MAX: u32 = 131_072;

/// The query of a URL whose keys and values are known to be right.
fn query(parts: &Parts<'_>) -> Result<AMQPQueryString, String> {
    let number = |key| RABBITMQ.value(parts, key).and_then(|value| value.parse::<u64>().ok());
    let short = |key| number(key).and_then(|number| u16::try_from(number).ok());
    let mechanism = RABBITMQ.value(parts, "auth_mechanism").map(|value| value.parse()).transpose()?;
    Ok(AMQPQueryString {
        frame_max: Some(
            number("frame_max").and_then(|number| u32::try_from(number).ok()).unwrap_or(FRAME_MAX),
        ),
        channel_max: short("channel_max"),
        heartbeat: short("heartbeat"),
        connection_timeout: number("connection_timeout"),
        auth_mechanism: mechanism,
    })
}

/// A server that refuses a client's certificate says so in an alert. The alert may be lost with the connection that it
/// ends. Before the login RabbitMQ ends a connection for no other reason.
fn ended_early(error: &lapin::Error) -> Option<BusError> {
    use std::io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};

    let lapin::ErrorKind::IOError(error) = error.kind() else { return None };
    let is_end = matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof);
    is_end.then(|| BusError::Amqp(format!("RabbitMQ ended the encrypted link before the login: {error}")))
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
    /// The user who is logged in.
    user: String,
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
        // An attempt that is given up midway ends with its socket. Otherwise it would leave a thread behind.
        let socket = Socket::default();
        let patience = endpoint.connect_timeout_or(timeouts.connect);
        let connecting = socket.connect(endpoint.uri.clone(), endpoint.tls.clone(), properties, patience);
        let late = || {
            let ms = patience.as_millis();
            BusError::Amqp(format!("cannot reach {endpoint:?}: no answer within {ms} ms"))
        };
        let connected = timeout(patience, connecting).await.map_err(|_| late())?;
        let inner = connected.map_err(|error| {
            let is_encrypted = endpoint.uri.scheme == AMQPScheme::AMQPS;
            ended_early(&error).filter(|_| is_encrypted).unwrap_or_else(|| error.into())
        })?;
        let user = endpoint.user().to_owned();
        Ok(Self { inner, user, limit: timeouts.answer, _socket: socket })
    }

    /// Says goodbye to RabbitMQ.
    ///
    /// # Errors
    /// When it has no answer within `limit`, or the connection is closed already.
    pub async fn close(&self, limit: Duration, reason: &'static str) -> Result<(), BusError> {
        within(limit, "closing", self.inner.close(200, reason.into())).await
    }

    /// Whether the connection is open, as far as is known.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.inner.status().connected()
    }

    /// The user who is logged in.
    pub(crate) fn user(&self) -> &str {
        &self.user
    }

    /// How long an answer may take.
    pub(crate) const fn limit(&self) -> Duration {
        self.limit
    }

    /// The largest frame that was agreed on, in bytes.
    pub(crate) fn frame_max(&self) -> usize {
        usize::try_from(self.inner.configuration().frame_max()).unwrap_or(usize::MAX)
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

/// How long the node waits for an endpoint before it tries the next one beside it.
const HEAD_START: Duration = Duration::from_secs(1);

/// Tries these in order until one succeeds. The next one starts when the one before has failed, or has not succeeded
/// within a moment. So one that does not answer delays the others by that moment alone.
///
/// # Errors
/// The error of the one that failed last; `none` if the list is empty.
pub async fn first_of<'a, T, R, E, F: Future<Output = Result<R, E>>>(
    all: &'a [T],
    none: E,
    attempt: impl Fn(&'a T) -> F,
) -> Result<R, E> {
    let (mut last, mut all) = (none, all.iter());
    let mut attempts = FuturesUnordered::new();
    loop {
        attempts.extend(all.next().map(&attempt));
        let limit = if all.len() == 0 { Duration::MAX } else { HEAD_START };
        match timeout(limit, attempts.next()).await {
            Ok(Some(Ok(first))) => return Ok(first),
            Ok(Some(Err(error))) => last = error,
            Ok(None) => return Err(last),
            Err(_) => {}
        }
    }
}

/// Connects to the first configured endpoint that answers.
pub(crate) async fn connect(config: &Amqp, name: &str) -> Result<Connection, BusError> {
    let timeouts = Timeouts {
        connect: config.connect_timeout_ms.duration(),
        answer: config.confirm_timeout_ms.duration(),
    };
    let is_one = config.url.0.len() == 1;
    let none = BusError::Other("no endpoint is configured".into());
    first_of(&config.url.0, none, |url| async move {
        let attempt = async {
            let mut endpoint = Endpoint::of(url).map_err(BusError::Other)?;
            endpoint.heartbeat_or(config.heartbeat_s);
            Connection::open(&endpoint, name, timeouts).await
        };
        // One endpoint needs no name. Of several, the one that failed last is named.
        let named =
            |error| if is_one { error } else { BusError::Other(format!("{}: {error}", url.redacted())) };
        attempt.await.map_err(named)
    })
    .await
}

/// Connects, opens a channel, disconnects.
///
/// # Errors
/// What went wrong, in a sentence.
pub async fn ping(config: &Amqp) -> Result<(), BusError> {
    let limit = config.connect_timeout_ms.duration();
    let connection = connect(config, "beds check").await?;
    // If it were dropped, the channel would close itself while the connection closes.
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

    #[test]
    fn an_endpoint_is_what_its_url_says() {
        for (url, host, port, user, password, vhost) in [
            ("amqp://h", "h", 5672, "guest", "guest", "/"),
            ("amqps://h/", "h", 5671, "guest", "guest", "/"),
            ("amqp://[2001:db8::1]:7/%2f", "2001:db8::1", 7, "guest", "guest", "/"),
            ("amqps://u:p@[::1]/v", "::1", 5671, "u", "p", "v"),
            ("amqp://u%40:p%25%41@h/a%2fb", "h", 5672, "u@", "p%A", "a/b"),
        ] {
            let AMQPUri { authority, vhost: found, .. } = Endpoint::parse(url).unwrap().uri;
            let AMQPAuthority { userinfo, host: at, port: on } = authority;
            assert_eq!((at.as_str(), on, found.as_str()), (host, port, vhost), "{url}");
            assert_eq!((userinfo.username.as_str(), userinfo.password.as_str()), (user, password), "{url}");
        }
        let endpoint = Endpoint::parse("amqp://h?connection_timeout=1500&channel_max=9").unwrap();
        assert_eq!(endpoint.connect_timeout_or(Duration::MAX), Duration::from_millis(1500));
        assert_eq!(endpoint.uri.query.channel_max, Some(9));
        // A URL that names a user means that user.
        for url in ["amqp://u@h", "amqp://u:@h", "amqp://:p@h", "amqp://h?heartbet=1", "amqp://::1"] {
            assert!(Endpoint::parse(url).is_err(), "{url}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_does_not_answer_keeps_the_others_waiting_for_a_moment_alone() {
        // After how many seconds each succeeds, or fails.
        let first = async |all: &[(u64, Result<u8, u8>)]| {
            let begun = tokio::time::Instant::now();
            let end = first_of(all, 0, |(seconds, end)| async move {
                tokio::time::sleep(Duration::from_secs(*seconds)).await;
                *end
            });
            (end.await, begun.elapsed().as_secs())
        };
        assert_eq!(first(&[]).await, (Err(0), 0));
        assert_eq!(first(&[(5, Ok(1))]).await, (Ok(1), 5));
        assert_eq!(first(&[(900, Ok(1)), (900, Ok(2)), (1, Ok(3))]).await, (Ok(3), 3));
        assert_eq!(first(&[(0, Err(1)), (0, Err(2)), (1, Ok(3))]).await, (Ok(3), 1));
        assert_eq!(first(&[(3, Err(1)), (0, Err(2))]).await, (Err(1), 3), "the last to fail is told");
        assert_eq!(first(&[(2, Ok(1)), (900, Ok(2))]).await, (Ok(1), 2));
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
