//! A client that asks a queue something small again and again, and knows how long it was without an answer.

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{
    Client,
    clock::{Clock, TICK},
    probe::BEAT,
};

/// How long it waits for an answer before it asks again, in ticks of a clock.
const ANSWER: u32 = 100;
/// An interruption that nobody notices, in ticks.
const GAP: u32 = 40;

/// It beats.
pub struct Pulse {
    stop: CancellationToken,
    task: JoinHandle<Beat>,
}

/// What it saw.
#[derive(Debug, Default, Clone, Copy)]
pub struct Beat {
    pub answered: u32,
    /// The longest time between two answers, in ticks.
    pub gap: u32,
    /// Requests without an answer.
    pub missed: u32,
}

impl Beat {
    /// Whether nobody noticed an interruption.
    pub fn is_steady(&self) -> bool {
        self.missed == 0 && self.gap < GAP
    }
}

impl Pulse {
    /// Asks this operation from now on.
    pub async fn of(url: &str, key: &'static str) -> Self {
        let (mut client, clock) = (Client::connect(url).await, Clock::begin(url).await);
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let task = tokio::spawn(async move {
            let mut beat = Beat::default();
            let mut last = clock.now();
            loop {
                let id = format!("{BEAT}{}", uuid::Uuid::new_v4());
                client.send(key, &id, true).await;
                let late = clock.now() + ANSWER;
                tokio::select! {
                    () = async { while client.next_reply().await.0 != id {} } => {
                        beat.answered += 1;
                        beat.gap = beat.gap.max(clock.now() - last);
                        last = clock.now();
                    }
                    () = clock.reaches(late) => beat.missed += 1,
                }
                if stopped.is_cancelled() {
                    return beat;
                }
                tokio::time::sleep(TICK).await;
            }
        });
        Self { stop, task }
    }

    pub async fn end(self) -> Beat {
        self.stop.cancel();
        self.task.await.unwrap()
    }
}
