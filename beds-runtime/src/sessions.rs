//! Sessions on this node. It finds them in the database of the template `session`, if it has that database, and listens
//! to their changes on other nodes.

use std::{
    convert::Infallible,
    sync::Arc,
    time::{Duration, Instant},
};

use beds_bus::{Amqp, BusError, Heard, Listener};
use beds_core::{Result, backoff::Backoff, extensions::Extensions, spec::Domain};
use beds_protocol::Service;
use beds_services::{Accounts, Forget, SessionCheck};
use futures_util::FutureExt as _;
use tokio::{
    task::JoinSet,
    time::{sleep, timeout_at},
};
use tracing::{debug, error, info, warn};

use crate::{config::Config, engines::Engines, ipl};

/// The template of sessions.
const TEMPLATE: &str = "session";
/// The events that report a changed session.
const EVENTS: &[&str] = &["session.#", "user.#"];
/// How often the node checks that it hears events, and how long that check may take. Both together are at most as long
/// as remembered sessions are trusted after a check.
const PROBE: Duration = Duration::from_millis(300);
const PROBE_MAX: Duration = Duration::from_millis(500);
/// How many events are processed together.
const TOGETHER_MAX: usize = 256;
/// The shortest and longest pause after a failure.
const PAUSE_MIN: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(2);
/// How often sessions that ended long ago are deleted.
const PURGE_EVERY: Duration = Duration::from_mins(1);

/// The domain in which this node finds sessions. It need not serve the domain, but must reach its database.
pub(crate) fn domain(config: &Config, domains: &[&'static Domain]) -> Option<&'static Domain> {
    let is_it = |domain: &&&'static Domain| {
        domain.name == TEMPLATE
            && domain.placement.read.service() == Service::Tercero
            && ipl::is_configured(config, domain.engine(), domain.database)
    };
    domains.iter().find(is_it).copied()
}

/// The check of sessions, on a node that has this domain for them.
pub(crate) fn check(
    config: &Config,
    domain: Option<&'static Domain>,
    engines: &Arc<Engines>,
) -> Option<Arc<SessionCheck>> {
    let domain = domain?;
    let check = SessionCheck::new(domain, Arc::clone(engines) as _, config.tercero.clone());
    if check.is_none() {
        warn!(template = TEMPLATE, "it lacks the calls `look_up` and `purge`: this node knows no sessions");
    }
    check.map(Arc::new)
}

/// The extensions for the functions of users and sessions, on a node that serves them.
pub(crate) fn extensions(config: &Config, check: Option<&Arc<SessionCheck>>) -> Extensions {
    if !config.node.services.contains(&Service::Tercero) {
        return Extensions::default();
    }
    match Accounts::new(config.tercero.clone(), check.cloned()) {
        Ok(accounts) => Extensions::default().with(Arc::new(accounts)),
        Err(reason) => {
            error!("users and sessions are not served: {reason}");
            Extensions::default()
        }
    }
}

/// Listens to changes of sessions. A node that serves them also deletes those that ended long ago. Ends when the set is
/// dropped.
pub(crate) fn start(config: &Config, name: &str, check: Option<&Arc<SessionCheck>>) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    let Some(check) = check else { return tasks };
    tasks.spawn(hear_for_ever(
        config.amqp_of(Service::Tercero).clone(),
        format!("{name} sessions"),
        Arc::clone(check),
    ));
    if config.node.services.contains(&Service::Tercero) {
        tasks.spawn(purge_for_ever(Arc::clone(check)));
    }
    tasks
}

/// Listens, and reconnects without end. A failure is logged once, until events are heard again.
async fn hear_for_ever(amqp: Amqp, name: String, check: Arc<SessionCheck>) {
    let (mut backoff, mut is_told) = (Backoff::new(PAUSE_MIN, PAUSE_MAX), false);
    loop {
        let Err(reason) = hear(&amqp, &name, &check, || {
            backoff.reset();
            if std::mem::take(&mut is_told) {
                info!("the node is told of closed sessions again");
            }
        })
        .await;
        check.is_deaf();
        if !std::mem::replace(&mut is_told, true) {
            warn!("the node is not told of closed sessions: it looks up each session every second; {reason}");
        }
        sleep(backoff.pause()).await;
    }
}

async fn hear(
    amqp: &Amqp,
    name: &str,
    check: &SessionCheck,
    mut begins: impl FnMut(),
) -> std::result::Result<Infallible, BusError> {
    let mut listener = Listener::connect(amqp, name, EVENTS).await?;
    // Events that were published before were missed.
    check.forget(&Forget::All);
    loop {
        let asked = Instant::now();
        listener.answers(PROBE_MAX).await?;
        check.hears(asked);
        begins();
        let until = Instant::now() + PROBE;
        while Instant::now() < until {
            let Ok(first) = timeout_at(until.into(), listener.next()).await else { break };
            let mut heard = vec![first?];
            while heard.len() < TOGETHER_MAX {
                let Some(next) = listener.next().now_or_never() else { break };
                heard.push(next?);
            }
            let events = |heard: &Heard| (heard.routing_key().to_owned(), heard.body().to_vec());
            check.hear(&heard.iter().map(events).collect::<Vec<_>>());
            for event in heard {
                event.settle().done().await?;
            }
        }
    }
}

async fn purge_for_ever(check: Arc<SessionCheck>) {
    let (mut pauses, mut is_told) = (Backoff::new(PURGE_EVERY, PURGE_EVERY), false);
    loop {
        sleep(pauses.pause()).await;
        match purge(&check).await {
            Ok(count) => {
                is_told = false;
                if count > 0 {
                    debug!(count, "removed sessions that ended long ago");
                }
            }
            Err(error) => {
                if !std::mem::replace(&mut is_told, true) {
                    warn!(
                        "sessions that ended long ago could not be removed: {error}; this is retried every minute"
                    );
                }
            }
        }
    }
}

/// Deletes all due sessions, some at a time.
async fn purge(check: &SessionCheck) -> Result<i64> {
    let mut all = 0;
    loop {
        match check.purge().await? {
            0 => return Ok(all),
            some => all += some,
        }
    }
}
