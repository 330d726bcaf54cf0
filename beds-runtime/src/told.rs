//! A node's messages to the brokers of ingest: its log events, the syslog messages that it receives, and samples of its
//! counters.
//!
//! Each kind waits in a bounded queue of its own, and is published in messages of several records, each confirmed. A
//! record leaves the queue only when RabbitMQ has it. So the messages wait for a database that is away, or for a node
//! that has not started yet.

use std::time::Duration;

use beds_bus::{Amqp, BusError, BusPublisher, Status};
use beds_core::{backoff::Backoff, settings::Limits};
use serde::Serialize;
use tokio::sync::{mpsc, watch};
use tracing::error;

/// Records in one message, if the limits of requests allow as many.
pub(crate) const RECORDS_MAX: usize = 200;
/// The approximate largest size of a message.
const BYTES_MAX: usize = 1 << 20;
/// The shortest pause after a failure.
const PAUSE_MIN: Duration = Duration::from_millis(200);

/// A sequence of messages.
pub(crate) trait Bodies: Send {
    /// The next message; `None` once there can be no more.
    fn next(&mut self) -> impl Future<Output = Option<Vec<u8>>> + Send;
}

/// Create requests from the records in a queue, several records in each.
#[derive(Debug)]
pub(crate) struct Creates<T> {
    queue: mpsc::Receiver<T>,
    records_max: usize,
    bytes_max: usize,
}

impl<T> Creates<T> {
    /// Creates from the records in this queue, within these limits.
    pub(crate) fn new(queue: mpsc::Receiver<T>, limits: &Limits) -> Self {
        Self {
            queue,
            records_max: limits.create_records_max.clamp(1, RECORDS_MAX),
            bytes_max: BYTES_MAX.min(limits.request_bytes_max / 2),
        }
    }
}

impl<T: Serialize + Send> Bodies for Creates<T> {
    async fn next(&mut self) -> Option<Vec<u8>> {
        let mut next = Some(self.queue.recv().await?);
        let (mut body, mut count) = (b"{\"data\":[".to_vec(), 0);
        while let Some(record) = next {
            if count > 0 {
                body.push(b',');
            }
            // Serialization of texts, numbers and maps of them cannot fail.
            if serde_json::to_writer(&mut body, &record).is_err() {
                body.extend(b"null");
            }
            count += 1;
            let is_room = count < self.records_max && body.len() < self.bytes_max;
            next = if is_room { self.queue.try_recv().ok() } else { None };
        }
        body.extend(b"]}");
        Some(body)
    }
}

/// Publishes messages with this routing key until there are no more. A message that was not confirmed is sent again.
pub(crate) async fn publish(
    (amqp, name): (Amqp, String),
    routing_key: &'static str,
    mut bodies: impl Bodies,
    mut status: watch::Receiver<Status>,
) {
    // Before the queue is bound, RabbitMQ would drop the messages.
    if status.wait_for(|now| *now == Status::Serving).await.is_err() {
        return;
    }
    let mut backoff = Backoff::new(PAUSE_MIN, amqp.backoff_max_ms.duration());
    let mut waiting = None;
    loop {
        if waiting.is_none() {
            waiting = bodies.next().await;
            if waiting.is_none() {
                return;
            }
        }
        // The pool reports that RabbitMQ cannot be reached. Here the wait is silent.
        if let Ok(bus) = BusPublisher::connect(&amqp, &name).await {
            backoff.reset();
            while let Some(body) = &waiting {
                match bus.send(routing_key, body).await {
                    Ok(()) => {
                        waiting = bodies.next().await;
                        if waiting.is_none() {
                            return;
                        }
                        backoff.reset();
                    }
                    // The node that ingests, possibly this one, has not started yet, or its queue is full.
                    Err(BusError::Unroutable | BusError::Refused) => {
                        tokio::time::sleep(backoff.pause()).await;
                    }
                    Err(error @ (BusError::TooLarge { .. } | BusError::TooLong | BusError::Other(_))) => {
                        error!(
                            routing_key,
                            "reports of this node are lost, since they cannot be published: {error}"
                        );
                        waiting = None;
                        break;
                    }
                    Err(_) => break,
                }
            }
        }
        tokio::time::sleep(backoff.pause()).await;
    }
}
