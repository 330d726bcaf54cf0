//! The watchdog of systemd. A node that makes progress notifies it, and systemd restarts a node that does not.
//!
//! An unreachable RabbitMQ or database is no reason for a restart. Nor is an alarm of RabbitMQ, during which replies
//! wait. There are two reasons: requests are in progress, and for longer than any request may take, none of them has
//! ended or been retried; or the runtime runs no tasks any more, and so not this one.

use std::time::Duration;

use beds_bus::Pulse;
use tokio::{task::JoinSet, time::Instant};
use tracing::error;

/// How long a request may exceed the longest timeout: for a commit that is awaited, and a reply that is written.
const BEYOND: Duration = Duration::from_mins(2);

/// Notifies the watchdog, if there is one, until the set is dropped.
pub(crate) fn start(
    pulse: impl Fn() -> Pulse + Send + 'static,
    request_timeout_max: Duration,
) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    if let Some(period) = sd_notify::watchdog_enabled() {
        let tell = || {
            let _ = sd_notify::notify(&[sd_notify::NotifyState::Watchdog]);
        };
        tasks.spawn(watch(pulse, tell, period / 3, request_timeout_max + BEYOND));
    }
    tasks
}

/// Notifies it at each interval, as long as there was progress within `patience`.
async fn watch(pulse: impl Fn() -> Pulse, tell: impl Fn(), every: Duration, patience: Duration) {
    let (mut last, mut moved, mut is_told) = (None, Instant::now(), false);
    loop {
        let now = pulse();
        if now.is_idle || last != Some(now.ended) {
            last = Some(now.ended);
            moved = Instant::now();
            is_told = false;
        }
        if moved.elapsed() <= patience {
            tell();
        } else if !std::mem::replace(&mut is_told, true) {
            error!("no request has ended for {} s, though some are in progress", patience.as_secs());
        }
        tokio::time::sleep(every).await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    };

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_node_that_gets_nowhere_is_silent() {
        let (ended, idle, told) =
            (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (its_ended, its_idle, its_told) = (Arc::clone(&ended), Arc::clone(&idle), Arc::clone(&told));
        let pulse = move || Pulse {
            ended: its_ended.load(Ordering::Relaxed),
            is_idle: its_idle.load(Ordering::Relaxed),
        };
        let tell = move || {
            its_told.fetch_add(1, Ordering::Relaxed);
        };
        let second = Duration::from_secs(1);
        let _watching = tokio::spawn(watch(pulse, tell, second, second * 10));
        let passed = async |seconds: u32| {
            let before = told.load(Ordering::Relaxed);
            tokio::time::sleep(second * seconds).await;
            told.load(Ordering::Relaxed) - before
        };
        tokio::time::sleep(second / 2).await;
        assert_eq!(passed(10).await, 10);
        assert_eq!(passed(10).await, 0, "nothing has ended for ten seconds");
        ended.fetch_add(1, Ordering::Relaxed);
        assert_eq!(passed(10).await, 10);
        idle.store(true, Ordering::Relaxed);
        assert_eq!(passed(30).await, 30, "there is nothing to do");
    }
}
