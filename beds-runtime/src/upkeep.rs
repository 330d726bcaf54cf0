//! A node's maintenance of its databases, apart from requests: it purges their ledgers, and deletes old records of
//! templates, each in a task of its own.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use beds_core::{Result, backoff::Backoff, spec::Domain};
use beds_services::Purge;
use tokio::{task::JoinSet, time::sleep};
use tracing::{debug, warn};

use crate::{config::Node, engines::Engines};

/// The shortest time between two purges of a ledger. The longest is twice that, so that nodes that start together do
/// not purge together.
const EVERY: Duration = Duration::from_mins(5);
/// The pause between two steps of deleting old records.
const STEP_PAUSE: Duration = Duration::from_millis(50);

/// Purges the ledgers of these domains' databases, and deletes the domains' old records, until the set is dropped.
pub(crate) fn start(engines: &Arc<Engines>, domains: &[&'static Domain], node: &Node) -> JoinSet<()> {
    let keep = Duration::from_secs(node.ledger_keep_s.into());
    let every = Duration::from_secs(node.expire_every_s.into());
    let mut databases: Vec<&'static Domain> = Vec::new();
    for domain in domains.iter().filter(|domain| domain.keeps_ledger()) {
        if databases.iter().all(|other| other.home() != domain.home()) {
            databases.push(domain);
        }
    }
    let mut tasks = JoinSet::new();
    for domain in databases {
        let engines = Arc::clone(engines);
        tasks.spawn(async move {
            let purge = || {
                let before = SystemTime::now().checked_sub(keep).unwrap_or(SystemTime::UNIX_EPOCH);
                engines.purge(domain, before)
            };
            purge_for_ever(domain.database, purge).await;
        });
    }
    for domain in domains {
        if let Some(purge) = Purge::of(domain, Arc::clone(engines) as _) {
            tasks.spawn(async move { expire_for_ever(purge.template(), every, || purge.step()).await });
        }
    }
    tasks
}

/// Deletes old records at intervals, in small steps. A failure is logged once, until a step has succeeded again.
pub(crate) async fn expire_for_ever<F: Future<Output = Result<(i64, bool)>>>(
    template: &str,
    every: Duration,
    step: impl Fn() -> F,
) {
    let (mut pauses, mut is_told) = (Backoff::new(every, every), false);
    let mut pause = pauses.pause();
    loop {
        sleep(pause).await;
        pause = pauses.pause();
        match step().await {
            Ok((count, is_more)) => {
                is_told = false;
                if count > 0 {
                    debug!(template, count, "deleted records that are too old");
                }
                if is_more {
                    pause = STEP_PAUSE;
                }
            }
            Err(error) => {
                if !std::mem::replace(&mut is_told, true) {
                    warn!(
                        template,
                        "records that are too old could not be deleted: {error}; this is retried"
                    );
                }
            }
        }
    }
}

/// Purges at intervals. A failure is logged once, until a purge has succeeded again.
async fn purge_for_ever<F: Future<Output = Result<usize>>>(database: &str, purge: impl Fn() -> F) {
    let (mut pauses, mut is_told) = (Backoff::new(EVERY, EVERY), false);
    loop {
        sleep(pauses.pause()).await;
        match purge().await {
            Ok(0) => is_told = false,
            Ok(rows) => {
                debug!(database, rows, "purged the ledger");
                is_told = false;
            }
            Err(error) => {
                if !is_told {
                    warn!(database, "{error}; this is retried every few minutes");
                }
                is_told = true;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, future::ready};

    use beds_core::Error;
    use tokio::time::{Instant, timeout};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_ledger_is_purged_again_and_again_whatever_happens() {
        let (begun, times) = (Instant::now(), Cell::new(Vec::new()));
        let purge = || {
            let mut all = times.take();
            all.push(begun.elapsed());
            let count = all.len();
            times.set(all);
            ready(if count % 2 == 0 { Err(Error::internal("no")) } else { Ok(count) })
        };
        let day = Duration::from_hours(24);
        assert!(timeout(day, purge_for_ever("catalog", purge)).await.is_err(), "it never ends");
        let times = times.take();
        assert!((144..=288).contains(&times.len()), "{} a day", times.len());
        let pauses = times.windows(2).map(|pair| pair[1].saturating_sub(pair[0]));
        assert!(pauses.clone().all(|pause| pause >= EVERY && pause <= EVERY * 2));
        assert!(pauses.clone().min() != pauses.max(), "nodes must not keep in step");
    }
}
