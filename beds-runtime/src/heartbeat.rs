//! Heartbeats: the node reports its state to the nodes that host `admin`, which store it by the template `fleet`.
//!
//! An old heartbeat is worthless, so none is kept to be sent again: the next one tells as much. None is sent while no
//! node takes them, because they would pile up in their queue. Each asks for a reply. So a heartbeat that fails is
//! reported, and neither waits nor becomes a dead letter.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use beds_bus::{Amqp, BusError, BusPublisher};
use beds_core::{spec::Domain, value::microseconds};
use beds_protocol::{Broker, topology::header};
use beds_services::fleet::{Fleet, Member};
use serde_json::{Value, json};
use tokio::{task::JoinHandle, time::timeout};
use tracing::info;
use uuid::Uuid;

/// The template that stores them.
const TEMPLATE: &str = "fleet";
/// How long to wait for a reply: longer than a node with the usual `request_timeout_ms` takes to report a failure.
const REPLY: Duration = Duration::from_secs(15);
/// How long to wait after a heartbeat that nobody took. Each further failure doubles it, up to the usual interval: nodes
/// that start at the same time are all known soon after the first of them takes heartbeats.
const RETRY: Duration = Duration::from_secs(1);
/// How often nodes that have been lost for long are deleted.
const PURGED_EVERY: Duration = Duration::from_hours(1);
/// How long the goodbye may take.
const GOODBYE: Duration = Duration::from_secs(2);
/// The longest reason, in characters: the limit of its field.
const REASON_CHARACTERS_MAX: usize = 1_000;

/// The task that sends heartbeats, until it is told that the node ends.
#[derive(Debug)]
pub(crate) struct Heart {
    beating: JoinHandle<Beats>,
    end: tokio::sync::watch::Sender<bool>,
}

/// The state of the heartbeats.
#[derive(Debug)]
struct Beats {
    fleet: Arc<Fleet>,
    amqp: Amqp,
    /// The broker whose queue takes them.
    broker: Broker,
    every: Duration,
    keep: Duration,
    bus: Option<BusPublisher>,
    /// Whether the log has said that no node takes them.
    is_told: bool,
    rate: Rate,
    purged: Option<Instant>,
}

/// How many requests end in a second. They are counted at moments of their own, and not for each heartbeat.
#[derive(Debug, Default)]
struct Rate {
    /// The time and the result of the last count of ended requests.
    counted: Option<(Instant, u64)>,
    of_last: f64,
}

impl Rate {
    /// The rate up to this count, which may be the last one again.
    fn with(&mut self, count: Option<(Instant, u64)>) -> f64 {
        if let (Some((before, ended_before)), Some((at, ended))) = (self.counted, count)
            && at > before
        {
            #[allow(clippy::cast_precision_loss, reason = "a rate is no count")]
            let ended = ended.saturating_sub(ended_before) as f64;
            self.of_last = ended / at.duration_since(before).as_secs_f64();
        }
        self.counted = count;
        self.of_last
    }
}

impl Heart {
    /// Sends heartbeats from now on, if any program of the project has the template.
    pub(crate) fn start(
        domains: &[&'static Domain],
        fleet: &Arc<Fleet>,
        amqp: &Amqp,
        (every, keep): (Duration, Duration),
    ) -> Option<Self> {
        let broker = domains.iter().find(|domain| domain.name == TEMPLATE)?.placement.write;
        let (end, mut ended) = tokio::sync::watch::channel(false);
        let mut beats = Beats {
            fleet: Arc::clone(fleet),
            amqp: amqp.clone(),
            broker,
            every,
            keep,
            bus: None,
            is_told: false,
            rate: Rate::default(),
            purged: None,
        };
        let beating = tokio::spawn(async move {
            let mut changes = beats.fleet.changes();
            let mut retry = RETRY;
            loop {
                // A change of state is reported at once: the state of the last interval would be a wrong answer.
                let beat = async {
                    changes.mark_unchanged();
                    let wait = if beats.beat().await {
                        retry = RETRY;
                        beats.every
                    } else {
                        let wait = retry.min(beats.every);
                        retry = (retry * 2).min(beats.every);
                        wait
                    };
                    let _ = timeout(wait, changes.changed()).await;
                };
                tokio::select! {
                    _ = ended.changed() => return beats,
                    () = beat => {}
                }
            }
        });
        Some(Self { beating, end })
    }

    /// Reports that the node ends.
    pub(crate) async fn stop(self) {
        self.end.send_replace(true);
        let goodbye = async {
            let Ok(mut beats) = self.beating.await else { return };
            let instance = beats.fleet.me().instance;
            let _ = beats.leave(instance).await;
        };
        // A fleet that does not hear the goodbye shows the node as lost.
        let _ = timeout(GOODBYE, goodbye).await;
    }
}

impl Beats {
    /// Sends one heartbeat. Returns whether it was taken.
    async fn beat(&mut self) -> bool {
        let told = self.say();
        let mut sent = self.ask("beat", &told).await;
        if sent.is_ok() && self.purged.is_none_or(|at| at.elapsed() >= PURGED_EVERY) {
            sent = self.ask("purge", &json!({ "keep_s": self.keep.as_secs() })).await;
            self.purged = Some(Instant::now());
        }
        let is_taken = sent.is_ok();
        match (sent, self.is_told) {
            (Ok(()), true) => info!("the node's heartbeats are accepted again"),
            // A fleet without `admin` is valid, too.
            (Err(reason), false) => info!(
                "nobody takes the node's heartbeats, so the fleet does not know the node; it serves nevertheless: \
                 {reason}"
            ),
            (Ok(()), false) | (Err(_), true) => return is_taken,
        }
        self.is_told = !self.is_told;
        is_taken
    }

    /// The node's state as arguments of the call.
    fn say(&mut self) -> Value {
        let Member {
            node,
            instance,
            state,
            reason,
            services,
            brokers,
            ended,
            counted,
            host,
            pid,
            version,
            environment,
            started_at,
            templates,
            ..
        } = self.fleet.me();
        let rate = self.rate.with(counted.map(|at| (at, ended)));
        // The wire form has no more digits.
        let started_at = microseconds(started_at);
        let reason: Option<String> =
            reason.map(|reason| reason.chars().take(REASON_CHARACTERS_MAX).collect());
        json!({
            "instance": instance, "node": node, "host": host, "pid": pid, "version": version, "environment": environment,
            "services": services, "brokers": brokers, "templates": templates, "state": state, "reason": reason,
            "ended": ended, "rate": rate, "load_1m": load(), "beat_ms": millis(self.every), "started_at": started_at,
        })
    }

    /// Makes a call of the template, and waits for its result.
    async fn ask(&mut self, call: &str, args: &Value) -> Result<(), String> {
        let broker = self.broker;
        let bus = self.bus().await?;
        let asked = match bus.is_consumed(broker).await {
            Ok(true) => bus.ask(&key(call), &body(args), REPLY).await,
            Ok(false) => Err(BusError::Unroutable),
            Err(error) => Err(error),
        };
        let reply = self.sent(asked)?;
        let status = reply.header(header::STATUS).unwrap_or_default();
        if status == "ok" { Ok(()) } else { Err(format!("`{}` is answered with `{status}`", key(call))) }
    }

    /// A goodbye is final, so it waits in the queue until a node takes it.
    async fn leave(&mut self, instance: Uuid) -> Result<(), String> {
        let bus = self.bus().await?;
        let sent = bus.send(&key("leave"), &body(&json!({ "instance": instance }))).await;
        self.sent(sent)
    }

    async fn bus(&mut self) -> Result<&mut BusPublisher, String> {
        let connected = if let Some(bus) = self.bus.take() {
            bus
        } else {
            let name = format!("{} heartbeats", self.fleet.me().node);
            BusPublisher::connect(&self.amqp, &name).await.map_err(|error| error.to_string())?
        };
        Ok(self.bus.insert(connected))
    }

    /// After a failure that affects more than one message, the connection is replaced.
    fn sent<T>(&mut self, sent: Result<T, BusError>) -> Result<T, String> {
        sent.map_err(|error| match error {
            BusError::Unroutable => "no node hosts `admin`, or none serves `fleet`".to_owned(),
            error => {
                self.bus = None;
                error.to_string()
            }
        })
    }
}

fn key(call: &str) -> String {
    format!("{TEMPLATE}.call.{call}")
}

/// The body for the template.
fn body(args: &Value) -> Vec<u8> {
    json!({ "args": args }).to_string().into_bytes()
}

fn millis(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}

/// The machine's load over the last minute, if available.
fn load() -> f64 {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().next().and_then(|load| load.parse().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_that_between_two_counts_whenever_it_is_told() {
        let begun = Instant::now();
        let count = |seconds, ended| Some((begun + Duration::from_secs(seconds), ended));
        let mut rate = Rate::default();
        let told = [None, count(0, 5), count(0, 5), count(10, 105), count(10, 105), count(20, 105)]
            .map(|count| rate.with(count).to_string());
        assert_eq!(told, ["0", "0", "0", "10", "10", "0"]);
    }
}
