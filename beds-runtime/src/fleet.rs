//! The node as a member of its fleet: its reports on itself, and the commands that it receives.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::future::BoxFuture;
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
    time::{MissedTickBehavior, interval},
};
use uuid::Uuid;

use beds_bus::{BrokerPool, Line, LineEnd, Over, Status, To};
use beds_core::{
    error::{Error, Result},
    spec::Domain,
};
use beds_protocol::{ErrorCode, Service, value::DateTime};
use beds_services::fleet::{BEAT, Command, Fleet, Member, Pooled, State, Told, Voice};

use crate::{
    config::{Config, Environment, level},
    engines::Engines,
    ipl::Failure,
};

/// How many commands wait while the node runs one.
const COMMANDS_MAX: usize = 64;
/// How many messages of other nodes wait to be processed.
const HEARD_MAX: usize = 256;

/// The node's part in its fleet.
pub(crate) struct Part {
    pub(crate) fleet: Arc<Fleet>,
    /// The commands to the node.
    pub(crate) told: mpsc::Receiver<Told>,
    line: LineEnd,
    tasks: JoinSet<()>,
}

#[derive(Debug)]
struct OverLine(Line);

impl Voice for OverLine {
    fn say(
        &self,
        to: Option<Uuid>,
        lasts: Duration,
        body: Vec<u8>,
    ) -> BoxFuture<'_, std::result::Result<(), String>> {
        let to = to.map_or(To::All, To::One);
        Box::pin(async move { self.0.say(to, lasts, &body).await.map_err(|error| error.to_string()) })
    }

    fn reaches(&self, node: Uuid) -> BoxFuture<'_, std::result::Result<bool, String>> {
        Box::pin(async move { self.0.reaches(node).await.map_err(|error| error.to_string()) })
    }
}

impl Part {
    /// Joins the fleet, on the RabbitMQ of the service `admin`, whichever services the node hosts.
    pub(crate) fn open(
        config: &Config,
        name: &str,
        environment: Environment,
        domains: &[&'static Domain],
        filesystem: Option<Uuid>,
    ) -> Self {
        let instance = Uuid::now_v7();
        let (over, mut heard) = mpsc::channel(HEARD_MAX);
        let (line, end) = Line::open(config.amqp_of(Service::Admin).clone(), name, instance, over);
        let (sender, told) = mpsc::channel(COMMANDS_MAX);
        let me = Member {
            node: name.to_owned(),
            instance,
            host: host(),
            pid: std::process::id(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            environment: environment.as_str().to_owned(),
            services: config.node.services.clone(),
            started_at: DateTime::now(),
            state: State::Starting,
            reason: None,
            brokers: Vec::new(),
            templates: domains
                .iter()
                .map(|domain| (domain.name.into(), domain.hash.into()))
                .collect::<BTreeMap<_, _>>(),
            ended: 0,
            counted: None,
            filesystem,
            away: BTreeSet::new(),
        };
        let fleet = Arc::new(Fleet::new(me, Box::new(OverLine(line)), sender, check));
        let mut tasks = JoinSet::new();
        let hearing = Arc::clone(&fleet);
        tasks.spawn(async move {
            while let Some(over) = heard.recv().await {
                match over {
                    Over::Connected => hearing.connected().await,
                    Over::Said(body) => hearing.hear(&body).await,
                }
            }
        });
        Self { fleet, told, line: end, tasks }
    }

    /// Reports the node's state to the other nodes: now, at each change, and every few seconds.
    pub(crate) fn tell(
        &mut self,
        pool: &BrokerPool,
        mut wrong: watch::Receiver<Option<String>>,
        filesystem: watch::Receiver<Option<Uuid>>,
        engines: &Arc<Engines>,
    ) {
        let engines = Arc::clone(engines);
        let (fleet, mut status) = (Arc::clone(&self.fleet), pool.status());
        let (pools, serving, pulse) = (pool.pools(), pool.serving(), pool.pulse());
        self.tasks.spawn(async move {
            let mut beats = interval(BEAT);
            beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                tokio::select! {
                    _ = beats.tick() => {}
                    changed = status.changed() => if changed.is_err() { return },
                    changed = wrong.changed() => if changed.is_err() { return },
                }
                let (state, reason) =
                    state(&status.borrow_and_update().clone(), wrong.borrow_and_update().clone());
                let (brokers, serving) = (pools(), serving());
                let pooled = |(broker, pool): (_, beds_bus::Pool)| Pooled {
                    broker,
                    instances: pool.instances,
                    prefetch: pool.prefetch,
                    serves: serving.contains(&broker),
                };
                let brokers = brokers.into_iter().map(pooled).collect();
                let (counted, ended) = (Instant::now(), pulse().ended);
                let filesystem = *filesystem.borrow();
                fleet
                    .beat(|me| {
                        (me.state, me.reason, me.brokers, me.ended) = (state, reason, brokers, ended);
                        me.counted = Some(counted);
                        (me.filesystem, me.away) = (filesystem, engines.away());
                    })
                    .await;
            }
        });
    }

    /// Continues after a successful step of the start. After a failed one, says goodbye to the others.
    pub(crate) async fn after<T>(
        self,
        step: std::result::Result<T, Failure>,
    ) -> std::result::Result<(Self, T), Failure> {
        match step {
            Ok(done) => Ok((self, done)),
            Err(failure) => {
                self.leave().await;
                Err(failure)
            }
        }
    }

    /// Says goodbye to the others.
    pub(crate) async fn leave(mut self) {
        self.tasks.abort_all();
        self.fleet.leave().await;
        self.line.close().await;
    }
}

/// The node's state, and why it does not serve.
fn state(status: &Status, wrong: Option<String>) -> (State, Option<String>) {
    match status {
        Status::Serving if wrong.is_some() => (State::Contradicted, wrong),
        Status::Serving => (State::Serving, None),
        Status::Connecting(why) => (State::Connecting, Some(why.to_string())),
        Status::Unrouted(why) => (State::Unrouted, Some(why.to_string())),
        Status::Draining => (State::Draining, None),
        Status::Drained => (State::Drained, None),
        Status::Stopping => (State::Stopping, None),
    }
}

/// Refuses a command that no node can obey.
fn check(command: &Command) -> Result<()> {
    match command {
        Command::LogLevel { level } => level::check(level).map_err(|error| {
            let reason = error.to_string();
            Error::new(ErrorCode::ValidationFailed, reason.clone()).detail("args.level", reason)
        }),
        Command::Ping
        | Command::Drain
        | Command::Resume
        | Command::Scale { .. }
        | Command::Verify
        | Command::Reload => Ok(()),
    }
}

/// The machine's name.
pub(crate) fn host() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host = host.trim();
    if host.is_empty() { "node".to_owned() } else { host.to_owned() }
}
