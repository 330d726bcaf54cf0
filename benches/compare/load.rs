//! The load generator: plain lapin, replies in exclusive queues, consumed without acknowledgement. It does as little as
//! possible, so that its own cost hides no difference.
//!
//! It has two modes. With a number of requests in flight, each reply triggers the next request: this shows how much a
//! service can do. At a fixed rate, each request is sent when its time has come, whether or not earlier ones are
//! answered. A latency counts from the moment when the request *should* have been sent. So if a service stands still
//! for a second, all requests of that second show it, not only one.

mod closed;
mod open;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use futures_util::{FutureExt as _, StreamExt as _};
use lapin::message::Delivery;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions};
use lapin::types::{FieldTable, ShortString};
use lapin::{BasicProperties, Channel, Connection, Consumer};
use serde::Serialize;
use tokio::task::JoinSet;

use crate::bus::{self, CHANNELS};
use crate::sample::Sample;
use crate::work::{Target, Work};

/// How long replies may come after the end of a measurement. A reply that is missing then is an error.
const PATIENCE: Duration = Duration::from_secs(10);
/// The bits of a request's correlation id that identify the request within its run.
const NUMBER_BITS: u32 = 32;

/// How requests are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Drive {
    /// This many at a time.
    InFlight(u16),
    /// This many requests per second.
    Rate(u32),
}

impl std::fmt::Display for Drive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::InFlight(1) => f.write_str("one in flight"),
            Self::InFlight(number) => write!(f, "{number} in flight"),
            Self::Rate(rate) => write!(f, "{rate} a second"),
        }
    }
}

/// A connection with its channels, each with its own reply queue.
#[derive(Debug)]
pub(crate) struct Generator {
    connection: Connection,
    lanes: Vec<Lane>,
    run: u64,
}

#[derive(Debug)]
struct Lane {
    publisher: Publisher,
    replies: Consumer,
}

/// The sending half of a lane.
#[derive(Debug, Clone)]
struct Publisher {
    channel: Channel,
    reply_to: ShortString,
}

impl Generator {
    pub(crate) async fn connect(url: &str) -> Result<Self> {
        let connection = bus::connect(url).await?;
        let mut lanes = Vec::new();
        for _ in 0..CHANNELS {
            lanes.push(Lane::open(&connection).await?);
        }
        Ok(Self { connection, lanes, run: 0 })
    }

    /// Sends requests until the time is over, and then waits for the last replies.
    pub(crate) async fn run(
        &mut self,
        target: &Target,
        work: &Arc<Work>,
        drive: Drive,
        length: Duration,
    ) -> Result<Sample> {
        self.run += 1;
        let lanes = std::mem::take(&mut self.lanes);
        let (lanes, sample) = match drive {
            Drive::InFlight(in_flight) => {
                closed::run(lanes, target, work, in_flight, self.run, length).await?
            }
            Drive::Rate(rate) => open::run(lanes, target, work, rate, self.run, length).await?,
        };
        self.lanes = lanes;
        Ok(sample)
    }

    /// Sends one request, and returns the reply.
    pub(crate) async fn ask(&mut self, target: &Target, body: &[u8]) -> Result<Vec<u8>> {
        self.run += 1;
        let run = self.run;
        let lane = self.lanes.first_mut().context("the load generator has no channel")?;
        lane.publisher.send(target, false, id(run, 0), body)?;
        let answer = async {
            while let Some(delivery) = lane.replies.next().await {
                let delivery = delivery?;
                if number(&delivery, run).is_some() {
                    return Ok(delivery.data);
                }
            }
            bail!("the reply queue was cancelled")
        };
        let answer = tokio::time::timeout(PATIENCE, answer).await;
        answer.with_context(|| format!("`{}` was not answered", target.read))?
    }

    /// Whether a queue takes requests with this routing key. The test message wants no reply.
    pub(crate) async fn is_routed(&self, exchange: &'static str, routing_key: &'static str) -> Result<bool> {
        let channel = self.connection.create_channel().await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
        let properties = BasicProperties::default().with_expiration("0".into());
        let (exchange, key) = (exchange.into(), routing_key.into());
        let confirm = channel.basic_publish(exchange, key, options, b"{}", properties).await?.await?;
        let is_routed = confirm.take_message().is_none();
        channel.close(200, "tried".into()).await?;
        Ok(is_routed)
    }
}

impl Lane {
    async fn open(connection: &Connection) -> Result<Self> {
        let channel = connection.create_channel().await?;
        let exclusive = QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() };
        let queue = channel.queue_declare("".into(), exclusive, FieldTable::default()).await?;
        let reply_to = queue.name().clone();
        let replies = bus::consume(&channel, reply_to.as_str(), true).await?;
        Ok(Self { publisher: Publisher { channel, reply_to }, replies })
    }
}

impl Publisher {
    fn send(&self, target: &Target, writes: bool, id: u64, body: &[u8]) -> Result<()> {
        let mut properties = BasicProperties::default()
            .with_content_type("application/json".into())
            .with_reply_to(self.reply_to.clone())
            .with_correlation_id(id.to_string().into());
        if writes {
            // A client's write is stored by RabbitMQ.
            properties = properties.with_delivery_mode(2);
        }
        if writes && target.once {
            // With a message id, so that the write can be repeated.
            let name = format!("{:08x}-0000-7000-8000-{:012x}", std::process::id(), next_number());
            properties = properties.with_message_id(name.into());
        }
        let options = BasicPublishOptions::default();
        let key = if writes { target.write } else { target.read };
        let (exchange, key) = (target.exchange.into(), key.into());
        // The first poll sends the message. The rest of the future only reports when it was written. The number of
        // messages in flight is bounded by the awaited replies, or by the time.
        let sent = self.channel.basic_publish(exchange, key, options, body, properties).now_or_never();
        sent.transpose().map(drop).context("cannot publish")
    }
}

fn next_number() -> u64 {
    static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
}

fn id(run: u64, number: u64) -> u64 {
    run << NUMBER_BITS | number
}

/// The request to which a reply belongs, if it is one of this run.
fn number(delivery: &Delivery, run: u64) -> Option<u64> {
    let id: u64 = delivery.properties.correlation_id().as_ref()?.as_str().parse().ok()?;
    (id >> NUMBER_BITS == run).then_some(id & ((1 << NUMBER_BITS) - 1))
}

/// The lanes, and the sum of their counts.
async fn gather(mut running: JoinSet<Result<(Lane, Sample)>>) -> Result<(Vec<Lane>, Sample)> {
    let (mut lanes, mut sum) = (Vec::new(), Sample::new()?);
    while let Some(ended) = running.join_next().await {
        let (lane, sample) = ended.context("a lane of the load generator failed")??;
        lanes.push(lane);
        sum.add(sample)?;
    }
    Ok((lanes, sum))
}
