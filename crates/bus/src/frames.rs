//! AMQP's frames, as far as needed to examine messages that the library beneath cannot read.

use std::time::Duration;

use lapin::uri::{AMQPScheme, AMQPUri};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufStream},
    net::TcpStream,
    time::timeout,
};
use tokio_util::compat::{FuturesAsyncReadCompatExt as _, TokioAsyncReadCompatExt as _};

use crate::{connection::Endpoint, error::BusError, hosting::Shared, tls};

/// A frame's type: AMQP 0-9-1, section 4.2.3.
pub(crate) const METHOD: u8 = 1;
pub(crate) const HEADER: u8 = 2;
pub(crate) const BODY: u8 = 3;
const FRAME_END: u8 = 0xCE;
/// Longest frame offered to RabbitMQ, which is its own default.
const FRAME_MAX: u32 = 131_072;
/// How many bytes of a frame are not payload.
pub(crate) const AROUND: usize = 8;
/// The channel that is open.
pub(crate) const CHANNEL: u16 = 1;

/// The transport of frames: TCP, or TLS on it.
trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<W: AsyncRead + AsyncWrite + Send + Unpin> Wire for W {}

/// A connection with one channel, on which messages are confirmed, in raw frames.
pub(crate) struct Link {
    stream: BufStream<Box<dyn Wire>>,
    /// How long RabbitMQ may take for each frame.
    limit: Duration,
    /// How long a frame may be.
    pub(crate) frame_max: usize,
}

impl Link {
    /// Connects to the first configured endpoint that answers.
    pub(crate) async fn connect(shared: &Shared) -> Result<Self, BusError> {
        let limit = shared.amqp.confirm_timeout_ms.duration();
        let patience = shared.amqp.connect_timeout_ms.duration();
        let mut last = other("no endpoint is configured");
        for url in &shared.amqp.url.0 {
            let endpoint = Endpoint::of(url).map_err(BusError::Other)?;
            let connecting = async {
                let stream = reach(&endpoint).await.map_err(|error| io(&error))?;
                Self::handshake(stream, endpoint.uri(), limit).await
            };
            match timeout(patience, connecting).await {
                Ok(Ok(link)) => return Ok(link),
                Ok(Err(error)) => last = error,
                Err(_) => last = BusError::Late { what: "connecting", after: patience },
            }
        }
        Err(last)
    }

    async fn handshake(stream: Box<dyn Wire>, uri: &AMQPUri, limit: Duration) -> Result<Self, BusError> {
        let mut link = Self { stream: BufStream::new(stream), limit, frame_max: FRAME_MAX as usize };
        link.stream.write_all(b"AMQP\x00\x00\x09\x01").await.map_err(|error| io(&error))?;
        link.expect(10, 10).await?;
        let user = &uri.authority.userinfo;
        let start_ok = Arguments::method(10, 11)
            .table(&[])
            .short("PLAIN")
            .long(format!("\0{}\0{}", user.username, user.password).as_bytes())
            .short("en_US");
        link.send(0, METHOD, &start_ok.0).await?;
        let tune = link.expect(10, 30).await?;
        // The server's bounds on channels and on frames; 0 means no limit.
        let frame_max = tune.get(6..10).and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_be_bytes);
        let frame_max = if frame_max == 0 { FRAME_MAX } else { frame_max.min(FRAME_MAX) };
        link.frame_max = frame_max as usize;
        // One channel, no heartbeats: one deadline covers all of this.
        let tune_ok = Arguments::method(10, 31).bytes(&1_u16.to_be_bytes()).bytes(&frame_max.to_be_bytes());
        link.send(0, METHOD, &tune_ok.bytes(&[0, 0]).0).await?;
        let vhost = if uri.vhost.is_empty() { "/" } else { uri.vhost.as_str() };
        link.send(0, METHOD, &Arguments::method(10, 40).short(vhost).short("").bytes(&[0]).0).await?;
        link.expect(10, 41).await?;
        link.send(CHANNEL, METHOD, &Arguments::method(20, 10).short("").0).await?;
        link.expect(20, 11).await?;
        link.send(CHANNEL, METHOD, &Arguments::method(85, 10).bytes(&[0]).0).await?;
        link.expect(85, 11).await?;
        Ok(link)
    }

    /// Sends a frame. It is flushed at the latest when the next frame is waited for.
    pub(crate) async fn send(&mut self, channel: u16, kind: u8, payload: &[u8]) -> Result<(), BusError> {
        let length = u32::try_from(payload.len()).map_err(|_| other("a frame is too long"))?;
        let mut frame = Vec::with_capacity(payload.len() + 8);
        frame.push(kind);
        frame.extend_from_slice(&channel.to_be_bytes());
        frame.extend_from_slice(&length.to_be_bytes());
        frame.extend_from_slice(payload);
        frame.push(FRAME_END);
        self.stream.write_all(&frame).await.map_err(|error| io(&error))
    }

    /// The next frame's type and payload.
    pub(crate) async fn frame(&mut self) -> Result<(u8, Vec<u8>), BusError> {
        let limit = self.limit;
        let late = |_| BusError::Late { what: "looking for unreadable messages", after: limit };
        timeout(limit, self.read_frame()).await.map_err(late)?
    }

    async fn read_frame(&mut self) -> Result<(u8, Vec<u8>), BusError> {
        // RabbitMQ gets the frames that it is to answer.
        self.stream.flush().await.map_err(|error| io(&error))?;
        let mut head = [0; 7];
        self.stream.read_exact(&mut head).await.map_err(|error| io(&error))?;
        let [kind, _, _, length @ ..] = head;
        let length = u32::from_be_bytes(length);
        if length > FRAME_MAX {
            return Err(other("RabbitMQ sends longer frames than were agreed"));
        }
        let mut payload = vec![0; length as usize + 1];
        self.stream.read_exact(&mut payload).await.map_err(|error| io(&error))?;
        match payload.pop() {
            Some(FRAME_END) => Ok((kind, payload)),
            _ => Err(other("RabbitMQ sends frames that do not end")),
        }
    }

    /// The next frame, which must be of this method.
    pub(crate) async fn expect(&mut self, class: u16, method: u16) -> Result<Vec<u8>, BusError> {
        let (kind, payload) = self.frame().await?;
        let wanted = [class.to_be_bytes(), method.to_be_bytes()].concat();
        if kind == METHOD && payload.starts_with(&wanted) { Ok(payload) } else { Err(unexpected(&payload)) }
    }
}

/// Connects to a server, over TLS if its URL says so.
async fn reach(endpoint: &Endpoint) -> std::io::Result<Box<dyn Wire>> {
    let AMQPUri { scheme, authority, .. } = endpoint.uri();
    let stream = TcpStream::connect((authority.host.as_str(), authority.port)).await?;
    Ok(match scheme {
        AMQPScheme::AMQP => Box::new(stream),
        AMQPScheme::AMQPS => {
            let connector = tls::connector(endpoint.tls())?;
            Box::new(connector.connect_async(&authority.host, stream.compat()).await?.compat())
        }
    })
}

/// The arguments of a method, as the wire has them: AMQP 0-9-1, section 4.2.5.
pub(crate) struct Arguments(pub(crate) Vec<u8>);

impl Arguments {
    pub(crate) fn method(class: u16, method: u16) -> Self {
        Self([class.to_be_bytes(), method.to_be_bytes()].concat())
    }

    pub(crate) fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    pub(crate) fn short(mut self, text: &str) -> Self {
        // Queue and exchange names are ours, and a user's name is at most as long.
        let text = &text.as_bytes()[..text.len().min(255)];
        self.0.push(u8::try_from(text.len()).unwrap_or(u8::MAX));
        self.bytes(text)
    }

    pub(crate) fn long(self, bytes: &[u8]) -> Self {
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        self.bytes(&length.to_be_bytes()).bytes(bytes)
    }

    pub(crate) fn table(self, entries: &[(&str, &[u8])]) -> Self {
        let mut table = Self(Vec::new());
        for (name, value) in entries {
            table = table.short(name).bytes(b"S").long(value);
        }
        self.long(&table.0)
    }
}

pub(crate) fn io(error: &std::io::Error) -> BusError {
    BusError::Other(format!("looking for unreadable messages: {error}"))
}

pub(crate) fn other(message: &str) -> BusError {
    BusError::Other(message.to_owned())
}

pub(crate) fn unexpected(payload: &[u8]) -> BusError {
    let method = payload.get(..4).unwrap_or_default();
    BusError::Other(format!("looking for unreadable messages: RabbitMQ answered {method:?}"))
}
