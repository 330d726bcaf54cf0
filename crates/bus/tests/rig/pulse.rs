//! A client that asks a queue something small again and again, and knows how long it was without an answer.

use std::time::{Duration, Instant};

use tokio::{task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;

use super::{Client, probe::BEAT};

/// The pause between its requests.
const PAUSE: Duration = Duration::from_millis(20);
/// How long it waits for an answer before it asks again.
const ANSWER: Duration = Duration::from_secs(2);

/// It beats.
pub struct Pulse {
    stop: CancellationToken,
    task: JoinHandle<Beat>,
}

/// What it saw.
#[derive(Debug, Default, Clone, Copy)]
pub struct Beat {
    pub answered: u32,
    /// The longest time between two answers.
    pub gap: Duration,
    /// Requests without an answer.
    pub missed: u32,
}

impl Pulse {
    /// Asks this operation from now on.
    pub async fn of(url: &str, key: &'static str) -> Self {
        let mut client = Client::connect(url).await;
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let task = tokio::spawn(async move {
            let mut beat = Beat::default();
            let mut last = Instant::now();
            while !stopped.is_cancelled() {
                let id = format!("{BEAT}{}", uuid::Uuid::new_v4());
                client.send(key, &id, true).await;
                let answer = async { while client.next_reply().await.0 != id {} };
                if timeout(ANSWER, answer).await.is_ok() {
                    beat.answered += 1;
                    beat.gap = beat.gap.max(last.elapsed());
                    last = Instant::now();
                } else {
                    beat.missed += 1;
                }
                tokio::time::sleep(PAUSE).await;
            }
            beat.gap = beat.gap.max(last.elapsed());
            beat
        });
        Self { stop, task }
    }

    pub async fn end(self) -> Beat {
        self.stop.cancel();
        self.task.await.unwrap()
    }
}
