//! Time as a busy machine has it.

use tokio::{sync::watch, task::AbortHandle, time::timeout};

use super::{Client, PATIENCE};

/// The pause after each of its ticks.
pub const TICK: std::time::Duration = std::time::Duration::from_millis(20);

/// A clock that counts messages which RabbitMQ brings from this process to itself, with a pause between: 40 of them take some
/// 0.8 s where nothing else runs. On a busy machine they take as much longer as all else does, so that what is measured in
/// them tells of the code and not of the machine.
pub struct Clock {
    ticks: watch::Receiver<u32>,
    task: AbortHandle,
}

impl Clock {
    /// Begins to count.
    pub async fn begin(url: &str) -> Self {
        let mut client = Client::connect(url).await;
        let (count, ticks) = watch::channel(0);
        let task = tokio::spawn(async move {
            loop {
                tokio::time::sleep(TICK).await;
                timeout(PATIENCE, client.hear_itself()).await.unwrap();
                count.send_modify(|count| *count += 1);
            }
        });
        Self { ticks, task: task.abort_handle() }
    }

    /// How many it has counted.
    pub fn now(&self) -> u32 {
        *self.ticks.borrow()
    }

    /// Waits until it has counted so many.
    pub async fn reaches(&self, ticks: u32) {
        self.ticks.clone().wait_for(|now| *now >= ticks).await.unwrap();
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        self.task.abort();
    }
}
