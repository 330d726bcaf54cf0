//! One life of a connection, with the tasks that work on it; and when an ended part restarts.
//!
//! **When RabbitMQ raises an alarm**, it reads no further from a connection that publishes, and says so with
//! `connection.blocked`. The library beneath then sends nothing on it. RabbitMQ goes on delivering, so the consuming
//! connection fills up to its prefetch and no further. Requests are handled. Their replies and acknowledgements wait,
//! at most as many as the prefetch of all instances allows, and go out in their order when the alarm is over. Nothing
//! has a deadline meanwhile: a reply waits for as long as its connection lives, and dead letters for as long as theirs
//! is blocked. So no connection ends, and nothing is handled a second time. A connection that is dead, not blocked,
//! still ends by its heartbeat, which RabbitMQ goes on sending. Two things end the wait: RabbitMQ's own bound on an
//! unacknowledged delivery (`consumer_timeout`, 30 minutes unless set), and the node's stop. Requests that could not be
//! acknowledged by then are delivered again.
//!
//! The price is that an alarm stops the intake of all brokers once a reply has been published. This includes brokers
//! whose requests want no reply, since their acknowledgements take the same way. The requests wait in their queues,
//! whose own publishers the alarm stops as well.

use std::{pin::pin, time::Duration};

use beds_core::{backoff::Backoff, meter::Held};
use futures_util::{Stream, StreamExt};
use lapin::Event;
use tokio::{
    task::{JoinError, JoinSet},
    time::{Instant, timeout},
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{
    config::Amqp,
    connection::Connection,
    error::{BusError, Told},
    handler,
    hosting::Shared,
};

/// How long the node waits for the last errors of a failed connection.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// How long a connection may take to close: the library beneath has been seen to hang there.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// A part that has worked for this long restarts at once.
const STEADY: Duration = Duration::from_secs(1);

/// RabbitMQ's name for the exchange of replies, in its message that they are forbidden.
const REPLIES: &str = "'amq.default'";

/// When an ended part restarts: at once, unless it had just begun.
#[derive(Debug)]
pub(crate) struct Restarts {
    backoff: Backoff,
    begun: Option<Instant>,
}

impl Restarts {
    pub(crate) fn new(amqp: &Amqp) -> Self {
        let backoff = Backoff::new(amqp.backoff_min_ms.duration(), amqp.backoff_max_ms.duration());
        Self { backoff, begun: None }
    }

    /// The part works.
    pub(crate) fn begun(&mut self) {
        self.begun = Some(Instant::now());
    }

    /// The part has ended, and restarts after this wait; false if the node stops meanwhile.
    pub(crate) async fn again(&mut self, stop: &CancellationToken) -> bool {
        if self.begun.take().is_some_and(|begun| begun.elapsed() >= STEADY) {
            self.backoff.reset();
            return !stop.is_cancelled();
        }
        handler::wait(&mut self.backoff, stop).await
    }
}

/// Whether the goodbye succeeds no longer matters: everything is settled, and the socket ends with the connection.
pub(crate) async fn goodbye(connection: &Connection) {
    let _ = connection.close(CLOSE_TIMEOUT, "the node lets go of it").await;
}

/// Waits until all tasks on a connection have drained, or until the first of them or the connection fails.
pub(crate) async fn supervise(
    connection: &Connection,
    shared: &Shared,
    workers: &mut JoinSet<Result<(), BusError>>,
    stop: &CancellationToken,
) -> Result<(), BusError> {
    let mut events = pin!(connection.events());
    let error = match serve(&mut events, shared, workers, stop).await {
        Ok(()) => return Ok(()),
        Err(error @ BusError::Unreadable) => return Err(error),
        Err(error) => error,
    };
    // The instances only see that the connection is gone. The connection itself reports why.
    let unreadable = async {
        while let Some(event) = events.next().await {
            if let Event::Error(error) = event
                && let error @ BusError::Unreadable = BusError::from(error)
            {
                return error;
            }
        }
        std::future::pending().await
    };
    Err(timeout(LAST_WORDS, unreadable).await.unwrap_or(error))
}

async fn serve(
    events: &mut (impl Stream<Item = Event> + Unpin),
    shared: &Shared,
    workers: &mut JoinSet<Result<(), BusError>>,
    stop: &CancellationToken,
) -> Result<(), BusError> {
    // Lasts no longer than the connection.
    let mut blocked: Option<Held<'_>> = None;
    loop {
        tokio::select! {
            Some(ended) = workers.join_next() => joined(ended)?,
            () = stop.cancelled(), if workers.is_empty() => return Ok(()),
            Some(event) = events.next() => match event {
                // The end of one channel: its user learns it from its own answers.
                Event::Error(error) if error.is_amqp_soft_error() => {}
                Event::Error(error) => return Err(error.into()),
                Event::ConnectionBlocked(reason) => {
                    blocked.get_or_insert_with(|| shared.meter.blocked.hold());
                    warn!("RabbitMQ blocks publishing: {reason}; replies wait");
                }
                Event::ConnectionUnblocked => {
                    blocked = None;
                    info!("RabbitMQ allows publishing again; replies resume");
                }
                _ => {}
            },
        }
    }
}

/// How a task has ended.
pub(crate) fn joined(ended: Result<Result<(), BusError>, JoinError>) -> Result<(), BusError> {
    ended.unwrap_or_else(|error| Err(BusError::Other(format!("an instance failed: {error}"))))
}

/// What has happened to a consumer.
pub(crate) const LOST: &str = "a consumer has lost its channel, and begins again";
pub(crate) const CANNOT_BEGIN: &str = "a consumer cannot begin, and tries again";

/// Reports the end of a channel; fails if it is the end of its connection.
pub(crate) fn ended(
    consuming: &Connection,
    shared: &Shared,
    queue: &str,
    what: &'static str,
    error: BusError,
) -> Result<(), BusError> {
    if matches!(error, BusError::Unreadable) || !consuming.is_open() {
        return Err(error);
    }
    shared.meter.channels_lost.count();
    shared.may_have_vanished(&error);
    match &error {
        BusError::TooLarge { max } => shared.sizes.learn(*max),
        BusError::Forbidden(said) if said.contains(REPLIES) => shared.a_reply_was_forbidden(),
        _ => {}
    }
    warn!(queue, "{what}: {}", Told(&error));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_has_worked_for_a_while_begins_again_at_once_and_what_has_not_waits_longer_and_longer() {
        let stop = CancellationToken::new();
        let mut restarts = Restarts::new(&Amqp::default());
        let took = async |restarts: &mut Restarts| {
            let begun = Instant::now();
            assert!(restarts.again(&stop).await);
            begun.elapsed()
        };
        let mut waited = Duration::ZERO;
        for _ in 0..8 {
            restarts.begun();
            waited += took(&mut restarts).await;
        }
        assert!(waited > Duration::from_secs(10), "{waited:?}");
        restarts.begun();
        tokio::time::sleep(STEADY).await;
        assert_eq!(took(&mut restarts).await, Duration::ZERO);
        assert!(took(&mut restarts).await < Duration::from_secs(1), "the first wait is short again");
        stop.cancel();
        assert!(!restarts.again(&stop).await);
    }
}
