//! Time as measured on a busy machine.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use lapin::BasicProperties;
use tokio::task::AbortHandle;

use super::wire::Wire;

/// The pause after each tick.
pub const TICK: Duration = Duration::from_millis(20);

/// A clock that counts messages which RabbitMQ delivers from this process to itself, with a pause between them. 50
/// messages take about a second if nothing else runs. On a busy machine they take longer, as everything else does. So a
/// time in ticks depends on the node and not on the machine.
pub struct Clock {
    ticks: Arc<Mutex<Vec<Instant>>>,
    task: AbortHandle,
}

impl Clock {
    /// Begins to count.
    pub async fn begin(url: &str) -> Self {
        let mut wire = Wire::connect(url).await;
        let ticks = Arc::<Mutex<Vec<Instant>>>::default();
        let counted = Arc::clone(&ticks);
        let task = tokio::spawn(async move {
            loop {
                tokio::time::sleep(TICK).await;
                let to = wire.queue.to_string();
                assert!(wire.publish("", &to, b"", BasicProperties::default()).await.is_none());
                wire.reply().await;
                counted.lock().unwrap().push(Instant::now());
            }
        });
        Self { ticks, task: task.abort_handle() }
    }

    /// The number of ticks from one time to another.
    pub fn between(&self, from: Instant, to: Instant) -> usize {
        let ticks = self.ticks.lock().unwrap();
        ticks.partition_point(|at| *at <= to) - ticks.partition_point(|at| *at <= from)
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        self.task.abort();
    }
}
