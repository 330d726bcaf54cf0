//! Time as a busy machine has it.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use lapin::BasicProperties;
use tokio::task::AbortHandle;

use super::wire::Wire;

/// The pause after each of its ticks.
pub const TICK: Duration = Duration::from_millis(20);

/// A clock that counts messages which RabbitMQ brings from this process to itself, with a pause between: 50 of them take some
/// second where nothing else runs. On a busy machine they take as much longer as all else does, so that what is measured in
/// them tells of the node and not of the machine.
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

    /// How many it has counted from one moment to another.
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
