//! The relay of events: from the databases, where writes store them, to RabbitMQ.
//!
//! Of all nodes that serve a database, one at a time is its relay. Another takes over when that node stops or dies. The
//! relay reads stored events, publishes them, and removes those that RabbitMQ has confirmed. So no event is lost, and
//! events in flight when a relay died are published twice.
//!
//! **Order.** The events of one key are published one after the other, each after the confirmation of the one before.
//! Events of different keys are published in parallel. An event that RabbitMQ refuses holds back the later events of
//! its key, and no others.

use std::{
    collections::{BTreeMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use beds_core::{
    backoff::Backoff,
    meter::{Counter, Family, Gauge, Samples, Source},
    outbox::{EventChannel, EventSink, Outbox, Page, Pending, Stored, Unpublished},
};
use futures_util::future::join_all;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

/// How many events are read at a time. With the length of each event, this bounds the memory.
const BATCH_MAX: usize = 256;

/// How many subjects are held back at most, before the relay starts over.
const HELD_BACK_MAX: usize = 4_096;

/// How often an idle relay looks for events that other nodes have stored.
const LOOK: Duration = Duration::from_millis(500);

/// How often a relay that waits for RabbitMQ shows the database that it is alive.
const SIGN_OF_LIFE: Duration = Duration::from_secs(3);

/// How long a stop waits for events in flight.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// How often the log says that events wait.
const TOLD: Duration = Duration::from_mins(1);

/// The shortest and longest pause after a failure.
const PAUSE_MIN: Duration = Duration::from_millis(200);
const PAUSE_MAX: Duration = Duration::from_secs(5);

static PUBLISHED: Family =
    Family::counter("beds_events_published_total", "Events that this node has published, by database.");
static HELD_BACK: Family = Family::gauge(
    "beds_events_held_back",
    "1 while this node should publish the events of a database and cannot.",
);

/// The relays of a node, one per database.
#[derive(Debug)]
pub(crate) struct Relays {
    stop: CancellationToken,
    tasks: JoinSet<()>,
    meter: Arc<Meter>,
}

/// The counters of the relays.
#[derive(Debug)]
struct Meter(Vec<(Arc<dyn Outbox>, Arc<Counts>)>);

/// The counters of one relay.
#[derive(Debug, Default)]
struct Counts {
    published: Counter,
    held_back: Gauge,
    /// When the log last said that events wait.
    told: Mutex<Option<Instant>>,
}

impl Source for Meter {
    fn collect(&self, samples: &mut Samples) {
        for (outbox, counts) in &self.0 {
            let labels = [("database", outbox.database())];
            samples.count(&PUBLISHED, &labels, counts.published.get());
            samples.count(&HELD_BACK, &labels, counts.held_back.get());
        }
    }
}

impl Relays {
    /// Starts a relay from each of these outboxes to the sink.
    pub(crate) fn start(outboxes: Vec<Arc<dyn Outbox>>, sink: &Arc<dyn EventSink>) -> Self {
        let (stop, mut tasks) = (CancellationToken::new(), JoinSet::new());
        let meter: Vec<_> = outboxes.into_iter().map(|outbox| (outbox, Arc::default())).collect();
        for (outbox, counts) in &meter {
            let (outbox, counts, sink) = (Arc::clone(outbox), Arc::clone(counts), Arc::clone(sink));
            let relay = Relay { outbox, sink, counts, stop: stop.clone() };
            tasks.spawn(relay.run());
        }
        Self { stop, tasks, meter: Arc::new(Meter(meter)) }
    }

    /// What the relays count.
    pub(crate) fn source(&self) -> Arc<dyn Source> {
        Arc::clone(&self.meter) as Arc<dyn Source>
    }

    /// Waits for the events in flight, and stops. Stored events wait for another relay.
    pub(crate) async fn shutdown(mut self) {
        self.stop.cancel();
        let _ = timeout(STOP_TIMEOUT, async { while self.tasks.join_next().await.is_some() {} }).await;
    }
}

/// The relay of one database.
struct Relay {
    outbox: Arc<dyn Outbox>,
    sink: Arc<dyn EventSink>,
    counts: Arc<Counts>,
    stop: CancellationToken,
}

/// The position of a relay in its database.
#[derive(Default)]
struct Place {
    /// The events up to here were read.
    after: u64,
    /// The subjects with a refused event.
    held_back: HashSet<String>,
    /// Whether an event without a key was refused.
    has_refused: bool,
    /// Why the first of them was refused.
    why: &'static str,
}

impl Place {
    fn is_free(&self) -> bool {
        self.held_back.is_empty() && !self.has_refused
    }
}

impl Relay {
    async fn run(self) {
        let mut backoff = Backoff::new(PAUSE_MIN, PAUSE_MAX);
        loop {
            let Err(reason) = self.relay(&mut backoff).await else { return };
            if self.stop.is_cancelled() {
                return;
            }
            self.wait(&reason);
            if self.stopped(sleep(backoff.pause())).await.is_none() {
                return;
            }
        }
    }

    /// Publishes until the node stops, which is `Ok`, or until the bus or the database fails.
    async fn relay(&self, backoff: &mut Backoff) -> Result<(), String> {
        // A node without the bus leaves the database to other nodes.
        let Some(channel) = self.stopped(self.sink.open()).await else { return Ok(()) };
        let channel = channel?;
        let mut pending = loop {
            match self.stopped(self.outbox.take()).await {
                None => return Ok(()),
                Some(taken) => {
                    if let Some(pending) = taken? {
                        break pending;
                    }
                    // Another node publishes them.
                    self.forget();
                }
            }
        };
        let mut place = Place::default();
        while !self.stop.is_cancelled() {
            let Page { events: batch, next } = pending.next(place.after, BATCH_MAX).await?;
            self.publish(&*channel, &mut *pending, &batch, &mut place).await?;
            if place.is_free() {
                backoff.reset();
                self.go_on();
                let is_idle = batch.is_empty();
                if is_idle && self.stopped(timeout(LOOK, self.outbox.stored())).await.is_none() {
                    return Ok(());
                }
                continue;
            }
            self.wait(place.why);
            match next {
                Some(next) if place.held_back.len() <= HELD_BACK_MAX => place.after = next,
                _ => {
                    place = Place::default();
                    if self.stopped(sleep(backoff.pause())).await.is_none() {
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    }

    /// Counts and logs that events cannot leave.
    fn wait(&self, reason: &str) {
        self.counts.held_back.set(1);
        let mut told = self.counts.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.is_none_or(|told| told.elapsed() >= TOLD) {
            *told = Some(Instant::now());
            warn!(database = self.outbox.database(), "events wait in the database: {reason}");
        }
    }

    fn forget(&self) {
        self.counts.held_back.set(0);
        *self.counts.told.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Counts and logs that they leave again.
    fn go_on(&self) {
        if self.counts.held_back.get() > 0 {
            self.forget();
            info!(database = self.outbox.database(), "events are published again");
        }
    }

    /// Publishes a batch, and removes its confirmed events, also if the bus is lost midway.
    async fn publish(
        &self,
        channel: &dyn EventChannel,
        pending: &mut dyn Pending,
        batch: &[Stored],
        place: &mut Place,
    ) -> Result<(), String> {
        let mut chains: BTreeMap<&str, Vec<&Stored>> = BTreeMap::new();
        let mut single = Vec::new();
        for stored in batch {
            match stored.event.subject.as_deref() {
                Some(subject) => chains.entry(subject).or_default().push(stored),
                None => single.push(vec![stored]),
            }
        }
        chains.retain(|subject, _| !place.held_back.contains(*subject));
        let chains = chains.into_values().chain(single).map(|chain| in_order(channel, chain));
        let mut publishing = std::pin::pin!(join_all(chains));
        let mut lost = None;
        // Nothing is abandoned midway: a confirm that nobody awaits would stay with the channel.
        let ended = loop {
            tokio::select! {
                ended = &mut publishing => break ended,
                () = sleep(SIGN_OF_LIFE), if lost.is_none() => lost = pending.keep().await.err(),
            }
        };
        if let Some(reason) = lost {
            return Err(reason);
        }
        let mut published = Vec::with_capacity(batch.len());
        for chain in ended {
            published.extend(chain.published);
            match chain.stopped_at {
                None => {}
                Some((_, Unpublished::Lost(reason))) => lost = Some(reason),
                Some((refused, Unpublished::Refused(why))) => {
                    if place.is_free() {
                        place.why = why;
                    }
                    match &refused.event.subject {
                        Some(subject) => {
                            place.held_back.insert(subject.clone());
                        }
                        None => place.has_refused = true,
                    }
                }
            }
        }
        self.counts.published.add(published.len() as u64);
        pending.done(&published).await?;
        lost.map_or(Ok(()), Err)
    }

    /// Waits for something, unless the node stops first.
    async fn stopped<T>(&self, awaited: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => None,
            done = awaited => Some(done),
        }
    }
}

/// The result for the events of one key.
struct Chain<'b> {
    published: Vec<&'b Stored>,
    stopped_at: Option<(&'b Stored, Unpublished)>,
}

/// Publishes events one after the other, up to the first that RabbitMQ does not confirm.
async fn in_order<'b>(channel: &dyn EventChannel, chain: Vec<&'b Stored>) -> Chain<'b> {
    let mut published = Vec::with_capacity(chain.len());
    for stored in chain {
        if let Err(reason) = channel.publish(&stored.event).await {
            return Chain { published, stopped_at: Some((stored, reason)) };
        }
        published.push(stored);
    }
    Chain { published, stopped_at: None }
}

#[cfg(test)]
mod tests;
