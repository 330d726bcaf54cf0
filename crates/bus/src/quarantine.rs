//! Messages that the client library cannot read.
//!
//! RabbitMQ takes properties that are no UTF-8, or header tables that are cut short; lapin's parser ends the
//! connection over them. The message would come back on the next connection, and end that one, for ever. So after
//! such an end the head of the queue is looked through by the few AMQP methods below, which read no more of a
//! message than its frames: what lapin's own parser refuses goes to the dead letters, body and raw properties,
//! and everything else goes back to its place.

use std::{collections::BTreeSet, time::Duration};

use amq_protocol::frame::parsing::parse_content_header;
use beds_protocol::{
    Broker, ErrorCode, header,
    topology::{DEAD, EXCHANGE},
    value::DateTime,
};
use lapin::uri::{AMQPScheme, AMQPUri};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, BufStream},
    net::TcpStream,
    time::timeout,
};
use tracing::info;

use crate::{config::Pool, connection::Endpoint, error::BusError, hosting::Shared};

/// A frame's type: AMQP 0-9-1, section 4.2.3.
const METHOD: u8 = 1;
const HEADER: u8 = 2;
const BODY: u8 = 3;
const FRAME_END: u8 = 0xCE;
/// Longest frame offered to RabbitMQ, which is its own default.
const FRAME_MAX: u32 = 131_072;
const CHANNEL: u16 = 1;

/// How many messages are asked for at a time.
const AT_ONCE: usize = 64;

/// Moves unreadable messages at the head of a broker's queue to the dead letters, as far as one follows another within what
/// may have been on its way when the connection ended; gives how many there were.
pub(crate) async fn sweep(shared: &Shared, broker: Broker, pool: &Pool) -> Result<usize, BusError> {
    let most = usize::from(pool.instances) * usize::from(pool.prefetch);
    let mut link = Link::connect(shared).await?;
    // What was taken and not acknowledged goes back when the connection ends.
    let moved = link.sweep(broker, &shared.node, most).await?;
    for _ in 0..moved {
        shared.meter.queue(broker).inspect(|queue| queue.dead(ErrorCode::BadRequest));
    }
    info!(queue = broker.queue(), moved, "looked for unreadable messages");
    Ok(moved)
}

/// A connection with one channel, in raw frames.
struct Link {
    stream: BufStream<TcpStream>,
    /// How long RabbitMQ may take for each frame.
    limit: Duration,
    /// How many dead letters were published since the last was confirmed, and how many are confirmed.
    published: u64,
    confirmed: u64,
}

/// One message, as RabbitMQ stores it.
struct Message {
    tag: u64,
    properties: Vec<u8>,
    body: Vec<u8>,
}

impl Link {
    async fn connect(shared: &Shared) -> Result<Self, BusError> {
        let mut last = other("no endpoint is configured");
        for url in &shared.amqp.url.0 {
            let endpoint = Endpoint::of(url).map_err(BusError::Other)?;
            let uri = endpoint.uri();
            if uri.scheme == AMQPScheme::AMQPS {
                last = other("an unreadable message cannot be removed over TLS: purge it by hand");
                continue;
            }
            match Self::handshake(uri, shared.amqp.confirm_timeout_ms.duration()).await {
                Ok(link) => return Ok(link),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    async fn handshake(uri: &AMQPUri, limit: Duration) -> Result<Self, BusError> {
        let stream = TcpStream::connect((uri.authority.host.as_str(), uri.authority.port))
            .await
            .map_err(|error| io(&error))?;
        let mut link = Self { stream: BufStream::new(stream), limit, published: 0, confirmed: 0 };
        link.stream.write_all(b"AMQP\x00\x00\x09\x01").await.map_err(|error| io(&error))?;
        link.expect(10, 10).await?;
        let user = &uri.authority.userinfo;
        let start_ok = Arguments::method(10, 11)
            .table(&[])
            .short("PLAIN")
            .long(format!("\0{}\0{}", user.username, user.password).as_bytes())
            .short("en_US");
        link.send(0, METHOD, &start_ok.0).await?;
        link.expect(10, 30).await?;
        // One channel, no heartbeats: the deadline is around all of this.
        let tune_ok = Arguments::method(10, 31).bytes(&1_u16.to_be_bytes()).bytes(&FRAME_MAX.to_be_bytes());
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

    async fn sweep(&mut self, broker: Broker, node: &str, most: usize) -> Result<usize, BusError> {
        let (mut moved, mut readable) = (0, 0);
        while readable < most {
            let get = Arguments::method(60, 70).bytes(&[0, 0]).short(broker.queue()).bytes(&[0]);
            for _ in 0..AT_ONCE {
                self.send(CHANNEL, METHOD, &get.0).await?;
            }
            let mut unreadable = Vec::new();
            let mut is_empty = false;
            for _ in 0..AT_ONCE {
                match self.got().await? {
                    Some(message) if parse_content_header(message.properties.as_slice()).is_ok() => {
                        readable += 1;
                    }
                    Some(message) => unreadable.push(message),
                    None => is_empty = true,
                }
            }
            for message in &unreadable {
                self.dead_letter(broker, node, message).await?;
            }
            self.confirmed().await?;
            for Message { tag, .. } in &unreadable {
                let ack = Arguments::method(60, 80).bytes(&tag.to_be_bytes()).bytes(&[0]);
                self.send(CHANNEL, METHOD, &ack.0).await?;
            }
            moved += unreadable.len();
            if is_empty {
                break;
            }
            if !unreadable.is_empty() {
                readable = 0;
            }
        }
        // Its answer comes after RabbitMQ has taken the acknowledgements.
        self.send(
            CHANNEL,
            METHOD,
            &Arguments::method(20, 40).bytes(&[0, 200]).short("swept").bytes(&[0; 4]).0,
        )
        .await?;
        self.expect(20, 41).await?;
        Ok(moved)
    }

    /// Waits until RabbitMQ has confirmed every dead letter.
    async fn confirmed(&mut self) -> Result<(), BusError> {
        let mut open: BTreeSet<u64> =
            (1..=std::mem::take(&mut self.published)).map(|n| n + self.confirmed).collect();
        self.confirmed += open.len() as u64;
        while !open.is_empty() {
            let (kind, payload) = self.frame().await?;
            let tag = payload.get(4..12).and_then(|bytes| bytes.try_into().ok()).map(u64::from_be_bytes);
            match (kind, payload.get(..4), tag) {
                (METHOD, Some([0, 60, 0, 80]), Some(tag))
                    if payload.get(12).is_some_and(|bits| bits & 1 == 1) =>
                {
                    open.retain(|one| *one > tag);
                }
                (METHOD, Some([0, 60, 0, 80]), Some(tag)) => {
                    open.remove(&tag);
                }
                _ => return Err(unexpected(&payload)),
            }
        }
        Ok(())
    }

    /// The next answer: a message, not acknowledged; nothing when the queue is empty.
    async fn got(&mut self) -> Result<Option<Message>, BusError> {
        let (kind, payload) = self.frame().await?;
        match (kind, payload.get(..4)) {
            (METHOD, Some([0, 60, 0, 72])) => return Ok(None),
            (METHOD, Some([0, 60, 0, 71])) => {}
            _ => return Err(unexpected(&payload)),
        }
        let tag = payload.get(4..12).and_then(|bytes| bytes.try_into().ok()).map(u64::from_be_bytes);
        let tag = tag.ok_or_else(|| unexpected(&payload))?;
        let (kind, properties) = self.frame().await?;
        let length = properties.get(4..12).and_then(|bytes| bytes.try_into().ok()).map(u64::from_be_bytes);
        let (HEADER, Some(length)) = (kind, length) else { return Err(unexpected(&properties)) };
        let mut body = Vec::new();
        while (body.len() as u64) < length {
            match self.frame().await? {
                (BODY, part) => body.extend(part),
                (_, payload) => return Err(unexpected(&payload)),
            }
        }
        Ok(Some(Message { tag, properties, body }))
    }

    /// Publishes the message as a dead letter, its raw properties in a header.
    async fn dead_letter(&mut self, broker: Broker, node: &str, message: &Message) -> Result<(), BusError> {
        let publish = Arguments::method(60, 40).bytes(&[0, 0]).short(DEAD).short("unreadable").bytes(&[0]);
        self.send(CHANNEL, METHOD, &publish.0).await?;
        let now = DateTime::now().to_string();
        let reason = "the properties of the message cannot be read: not UTF-8, or cut short";
        let headers: [(&str, &[u8]); 7] = [
            (header::DEAD_CODE, ErrorCode::BadRequest.as_str().as_bytes()),
            (header::DEAD_REASON, reason.as_bytes()),
            (header::DEAD_QUEUE, broker.queue().as_bytes()),
            (header::DEAD_EXCHANGE, EXCHANGE.as_bytes()),
            (header::DEAD_NODE, node.as_bytes()),
            (header::DEAD_AT, now.as_bytes()),
            (header::DEAD_PROPERTIES, &message.properties),
        ];
        // Properties present: headers (bit 13) and delivery mode (bit 12), which is persistent.
        let content = Arguments::method(60, 0)
            .bytes(&(message.body.len() as u64).to_be_bytes())
            .bytes(&(0b11_u16 << 12).to_be_bytes())
            .table(&headers)
            .bytes(&[2]);
        self.send(CHANNEL, HEADER, &content.0).await?;
        // Eight bytes of each frame are its own.
        for part in message.body.chunks(FRAME_MAX as usize - 8) {
            self.send(CHANNEL, BODY, part).await?;
        }
        self.published += 1;
        Ok(())
    }

    async fn send(&mut self, channel: u16, kind: u8, payload: &[u8]) -> Result<(), BusError> {
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
    async fn frame(&mut self) -> Result<(u8, Vec<u8>), BusError> {
        let limit = self.limit;
        let late = |_| BusError::Late { what: "looking for unreadable messages", after: limit };
        timeout(limit, self.read_frame()).await.map_err(late)?
    }

    async fn read_frame(&mut self) -> Result<(u8, Vec<u8>), BusError> {
        // RabbitMQ hears what it is to answer.
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

    async fn expect(&mut self, class: u16, method: u16) -> Result<(), BusError> {
        let (kind, payload) = self.frame().await?;
        let wanted = [class.to_be_bytes(), method.to_be_bytes()].concat();
        if kind == METHOD && payload.starts_with(&wanted) { Ok(()) } else { Err(unexpected(&payload)) }
    }
}

/// The arguments of a method, as the wire has them: AMQP 0-9-1, section 4.2.5.
struct Arguments(Vec<u8>);

impl Arguments {
    fn method(class: u16, method: u16) -> Self {
        Self([class.to_be_bytes(), method.to_be_bytes()].concat())
    }

    fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    fn short(mut self, text: &str) -> Self {
        // Queue and exchange names are ours, and a user's name is at most as long.
        let text = &text.as_bytes()[..text.len().min(255)];
        self.0.push(u8::try_from(text.len()).unwrap_or(u8::MAX));
        self.bytes(text)
    }

    fn long(self, bytes: &[u8]) -> Self {
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        self.bytes(&length.to_be_bytes()).bytes(bytes)
    }

    fn table(self, entries: &[(&str, &[u8])]) -> Self {
        let mut table = Self(Vec::new());
        for (name, value) in entries {
            table = table.short(name).bytes(b"S").long(value);
        }
        self.long(&table.0)
    }
}

fn io(error: &std::io::Error) -> BusError {
    BusError::Other(format!("looking for unreadable messages: {error}"))
}

fn other(message: &str) -> BusError {
    BusError::Other(message.to_owned())
}

fn unexpected(payload: &[u8]) -> BusError {
    let method = payload.get(..4).unwrap_or_default();
    BusError::Other(format!("looking for unreadable messages: RabbitMQ answered {method:?}"))
}
