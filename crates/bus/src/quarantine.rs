//! Messages that the client library cannot read.
//!
//! RabbitMQ accepts properties that are not UTF-8, or header tables that are cut short; lapin's parser ends the
//! connection over them. The message would come back on the next connection, and end that one, without end. So after
//! such an end the few AMQP methods below look through the head of the queue. They read no more of a message than its
//! frames. A message that lapin's own parser refuses becomes a dead letter, with body and raw properties. Every other
//! message goes back to its place.

use std::collections::BTreeSet;

use amq_protocol::frame::parsing::parse_content_header;
use beds_protocol::{
    Broker, ErrorCode, header,
    topology::{DEAD, EXCHANGE},
    value::DateTime,
};
use tracing::info;

use crate::{
    config::Pool,
    error::BusError,
    frames::{AROUND, Arguments, BODY, CHANNEL, HEADER, Link, METHOD, unexpected},
    hosting::Shared,
};

/// How many messages are fetched at a time. RabbitMQ holds back acknowledgements to a quorum queue while 32 are on
/// their way to it, and forgets them with their channel.
const AT_ONCE: usize = 16;

/// How many bytes the header of a dead letter takes at most, beside the properties that could not be read.
const ROOM: usize = 2 * 1024;

/// Moves unreadable messages at the head of a broker's queue to the dead letters. It goes on as long as one follows
/// another, within the number of messages that may have been on their way when the connection ended. Gives how many it
/// moved.
pub(crate) async fn sweep(shared: &Shared, broker: Broker, pool: &Pool) -> Result<usize, BusError> {
    let most = usize::from(pool.instances) * usize::from(pool.prefetch);
    let mut sweep = Sweep { link: Link::connect(shared).await?, published: 0, confirmed: 0 };
    // Messages that were taken and not acknowledged go back when the connection ends.
    let moved = sweep.sweep(broker, &shared.node, most).await?;
    for _ in 0..moved {
        shared.meter.queue(broker).inspect(|queue| queue.dead(ErrorCode::BadRequest));
    }
    info!(queue = broker.queue(), moved, "looked for unreadable messages");
    Ok(moved)
}

/// Looks through the head of a queue.
struct Sweep {
    link: Link,
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

impl Sweep {
    async fn sweep(&mut self, broker: Broker, node: &str, most: usize) -> Result<usize, BusError> {
        let (mut moved, mut readable) = (0, 0);
        while readable < most {
            let get = Arguments::method(60, 70).bytes(&[0, 0]).short(broker.queue()).bytes(&[0]);
            for _ in 0..AT_ONCE {
                self.link.send(CHANNEL, METHOD, &get.0).await?;
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
                self.link.send(CHANNEL, METHOD, &ack.0).await?;
            }
            moved += unreadable.len();
            if is_empty {
                break;
            }
            if !unreadable.is_empty() {
                readable = 0;
            }
        }
        // RabbitMQ answers after it has processed the acknowledgements.
        self.link
            .send(
                CHANNEL,
                METHOD,
                &Arguments::method(20, 40).bytes(&[0, 200]).short("swept").bytes(&[0; 4]).0,
            )
            .await?;
        self.link.expect(20, 41).await?;
        Ok(moved)
    }

    /// Waits until RabbitMQ has confirmed every dead letter.
    async fn confirmed(&mut self) -> Result<(), BusError> {
        let mut open: BTreeSet<u64> =
            (1..=std::mem::take(&mut self.published)).map(|n| n + self.confirmed).collect();
        self.confirmed += open.len() as u64;
        while !open.is_empty() {
            let (kind, payload) = self.link.frame().await?;
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

    /// The next answer: a message that is not acknowledged; nothing if the queue is empty.
    async fn got(&mut self) -> Result<Option<Message>, BusError> {
        let (kind, payload) = self.link.frame().await?;
        match (kind, payload.get(..4)) {
            (METHOD, Some([0, 60, 0, 72])) => return Ok(None),
            (METHOD, Some([0, 60, 0, 71])) => {}
            _ => return Err(unexpected(&payload)),
        }
        let tag = payload.get(4..12).and_then(|bytes| bytes.try_into().ok()).map(u64::from_be_bytes);
        let tag = tag.ok_or_else(|| unexpected(&payload))?;
        let (kind, properties) = self.link.frame().await?;
        let length = properties.get(4..12).and_then(|bytes| bytes.try_into().ok()).map(u64::from_be_bytes);
        let (HEADER, Some(length)) = (kind, length) else { return Err(unexpected(&properties)) };
        let mut body = Vec::new();
        while (body.len() as u64) < length {
            match self.link.frame().await? {
                (BODY, part) => body.extend(part),
                (_, payload) => return Err(unexpected(&payload)),
            }
        }
        Ok(Some(Message { tag, properties, body }))
    }

    /// Publishes the message as a dead letter, its raw properties in a header.
    async fn dead_letter(&mut self, broker: Broker, node: &str, message: &Message) -> Result<(), BusError> {
        let publish = Arguments::method(60, 40).bytes(&[0, 0]).short(DEAD).short("unreadable").bytes(&[0]);
        self.link.send(CHANNEL, METHOD, &publish.0).await?;
        let now = DateTime::now().to_string();
        let reason = "the properties of the message cannot be read: not UTF-8, or cut short";
        // The rest of the header has to fit into its frame as well.
        let room = self.link.frame_max.saturating_sub(ROOM);
        let properties = message.properties.get(..room).unwrap_or(&message.properties);
        let headers: [(&str, &[u8]); 7] = [
            (header::DEAD_CODE, ErrorCode::BadRequest.as_str().as_bytes()),
            (header::DEAD_REASON, reason.as_bytes()),
            (header::DEAD_QUEUE, broker.queue().as_bytes()),
            (header::DEAD_EXCHANGE, EXCHANGE.as_bytes()),
            (header::DEAD_NODE, node.as_bytes()),
            (header::DEAD_AT, now.as_bytes()),
            (header::DEAD_PROPERTIES, properties),
        ];
        // Properties present: headers (bit 13) and delivery mode (bit 12), which is persistent.
        let content = Arguments::method(60, 0)
            .bytes(&(message.body.len() as u64).to_be_bytes())
            .bytes(&(0b11_u16 << 12).to_be_bytes())
            .table(&headers)
            .bytes(&[2]);
        self.link.send(CHANNEL, HEADER, &content.0).await?;
        for part in message.body.chunks(self.link.frame_max.saturating_sub(AROUND).max(1)) {
            self.link.send(CHANNEL, BODY, part).await?;
        }
        self.published += 1;
        Ok(())
    }
}
