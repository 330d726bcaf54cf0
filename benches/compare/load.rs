//! The load generator: N requests in flight over plain lapin, replies in exclusive queues, consumed without
//! acknowledgement. It does as little as possible, so that what it costs hides no difference.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use futures_util::{FutureExt as _, StreamExt as _};
use lapin::message::Delivery;
use lapin::options::{BasicPublishOptions, QueueDeclareOptions};
use lapin::types::{FieldTable, ShortString};
use lapin::{BasicProperties, Channel, Connection, Consumer};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::bus::{self, CHANNELS};
use crate::plan::{Expected, Target, Work};

/// How long replies may come after the end of a measurement; what is missing then is an error.
const PATIENCE: Duration = Duration::from_secs(10);
/// Every reply is looked at, and one in this many is compared in full.
const SAMPLED: u64 = 64;

/// What one measurement gave.
#[derive(Debug, Default)]
pub(crate) struct Sample {
    /// Replies within the time.
    pub(crate) in_time: u32,
    /// All replies, those included that came when no more requests were sent.
    pub(crate) replies: u32,
    /// Wrong, missing and late replies.
    pub(crate) errors: u32,
    /// The first wrong reply.
    pub(crate) wrong: Option<String>,
    /// Microseconds, one a reply.
    pub(crate) latencies: Vec<u32>,
}

impl Sample {
    pub(crate) fn add(&mut self, other: Self) {
        self.in_time += other.in_time;
        self.replies += other.replies;
        self.errors += other.errors;
        self.wrong = self.wrong.take().or(other.wrong);
        self.latencies.extend(other.latencies);
    }

    /// Counts a reply.
    pub(crate) fn reply(&mut self, sent: Instant, end: Instant, body: &[u8], expected: &Expected) {
        let now = Instant::now();
        self.replies += 1;
        if now <= end {
            self.in_time += 1;
        }
        self.latencies.push(u32::try_from((now - sent).as_micros()).unwrap_or(u32::MAX));
        let thorough = u64::from(self.replies) % SAMPLED == 1;
        if !expected.accepts(body, thorough) {
            self.errors += 1;
            self.wrong.get_or_insert_with(|| String::from_utf8_lossy(body).chars().take(300).collect());
        }
    }
}

/// A connection with its channels, each with a reply queue of its own.
#[derive(Debug)]
pub(crate) struct Generator {
    _connection: Connection,
    lanes: Vec<Lane>,
    run: u64,
}

#[derive(Debug)]
struct Lane {
    channel: Channel,
    reply_to: ShortString,
    replies: Consumer,
}

impl Generator {
    pub(crate) async fn connect(url: &str) -> Result<Self> {
        let connection = bus::connect(url).await?;
        let mut lanes = Vec::new();
        for _ in 0..CHANNELS {
            lanes.push(Lane::open(&connection).await?);
        }
        Ok(Self { _connection: connection, lanes, run: 0 })
    }

    /// Keeps `in_flight` requests on their way until the time is over, then waits for the last replies.
    pub(crate) async fn run(
        &mut self,
        target: &Target,
        work: &Arc<Work>,
        in_flight: u16,
        length: Duration,
    ) -> Result<Sample> {
        self.run += 1;
        let end = Instant::now() + length;
        let mut running = JoinSet::new();
        for (index, lane) in (0..CHANNELS).zip(std::mem::take(&mut self.lanes)) {
            let slots = in_flight / CHANNELS + u16::from(index < in_flight % CHANNELS);
            let measurement = Measurement {
                lane,
                target: target.clone(),
                work: Arc::clone(work),
                slots: vec![None; usize::from(slots)],
                run: self.run,
                end,
                sample: Sample::default(),
            };
            running.spawn(measurement.run());
        }
        let mut sum = Sample::default();
        while let Some(ended) = running.join_next().await {
            let (lane, sample) = ended.context("a lane of the load generator failed")??;
            self.lanes.push(lane);
            sum.add(sample);
        }
        Ok(sum)
    }

    /// Asks once, and gives the reply.
    pub(crate) async fn ask(&mut self, target: &Target, body: &[u8]) -> Result<Vec<u8>> {
        self.run += 1;
        let run = self.run;
        let lane = self.lanes.first_mut().context("the load generator has no channel")?;
        lane.send(target, 0, run, body)?;
        let answer = async {
            while let Some(delivery) = lane.replies.next().await {
                let delivery = delivery?;
                if slot(&delivery, run).is_some() {
                    return Ok(delivery.data);
                }
            }
            bail!("the reply queue was cancelled")
        };
        let answer = tokio::time::timeout(PATIENCE, answer).await;
        answer.with_context(|| format!("`{}` was not answered", target.routing_key))?
    }
}

impl Lane {
    async fn open(connection: &Connection) -> Result<Self> {
        let channel = connection.create_channel().await?;
        let exclusive = QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() };
        let queue = channel.queue_declare("".into(), exclusive, FieldTable::default()).await?;
        let reply_to = queue.name().clone();
        let replies = bus::consume(&channel, reply_to.as_str(), true).await?;
        Ok(Self { channel, reply_to, replies })
    }

    fn send(&self, target: &Target, slot: u64, run: u64, body: &[u8]) -> Result<()> {
        let id = (run << 16 | slot).to_string();
        let mut properties = BasicProperties::default()
            .with_content_type("application/json".into())
            .with_reply_to(self.reply_to.clone());
        if target.durable {
            // What a client of a write sends: stored, and named so that it can be repeated.
            let name = format!("{:08x}-0000-7000-8000-{:012x}", std::process::id(), next_number());
            properties = properties.with_delivery_mode(2).with_message_id(name.into());
        }
        let properties = properties.with_correlation_id(id.into());
        let options = BasicPublishOptions::default();
        let (exchange, key) = (target.exchange.into(), target.routing_key.into());
        // The first poll puts the message on its way; the rest of the future only tells when it was written.
        // How many are on their way is bounded by the replies that are waited for.
        let sent = self.channel.basic_publish(exchange, key, options, body, properties).now_or_never();
        sent.transpose().map(drop).context("cannot publish")
    }
}

fn next_number() -> u64 {
    static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
}

/// The request that a reply belongs to, if it is one of this run.
fn slot(delivery: &Delivery, run: u64) -> Option<usize> {
    let id: u64 = delivery.properties.correlation_id().as_ref()?.as_str().parse().ok()?;
    (id >> 16 == run).then_some(())?;
    usize::try_from(id & 0xffff).ok()
}

/// One lane's part of a measurement.
struct Measurement {
    lane: Lane,
    target: Target,
    work: Arc<Work>,
    /// When the request of each slot was sent, and which it was.
    slots: Vec<Option<(Instant, u64)>>,
    run: u64,
    end: Instant,
    sample: Sample,
}

impl Measurement {
    async fn run(mut self) -> Result<(Lane, Sample)> {
        for slot in 0..self.slots.len() {
            self.send(slot)?;
        }
        let mut open = self.slots.len();
        let mut late = std::pin::pin!(sleep_until(self.end + PATIENCE));
        while open > 0 {
            let delivery = tokio::select! {
                biased;
                delivery = self.lane.replies.next() => delivery.context("the reply queue was cancelled")??,
                () = &mut late => break,
            };
            let Some(slot) = slot(&delivery, self.run) else { continue };
            let Some((sent, number)) = self.slots.get_mut(slot).and_then(Option::take) else {
                self.sample.errors += 1;
                self.sample.wrong.get_or_insert_with(|| "a second reply to one request".to_owned());
                continue;
            };
            let expected = self.work.expected(number, &self.target);
            self.sample.reply(sent, self.end, &delivery.data, &expected);
            if Instant::now() < self.end {
                self.send(slot)?;
            } else {
                open -= 1;
            }
        }
        if open > 0 {
            self.sample.errors += u32::try_from(open).unwrap_or(u32::MAX);
            self.sample.wrong.get_or_insert_with(|| "no reply".to_owned());
        }
        Ok((self.lane, self.sample))
    }

    fn send(&mut self, slot: usize) -> Result<()> {
        let (number, body) = self.work.next();
        if let Some(entry) = self.slots.get_mut(slot) {
            *entry = Some((Instant::now(), number));
        }
        self.lane.send(&self.target, u64::try_from(slot)?, self.run, &body)
    }
}
