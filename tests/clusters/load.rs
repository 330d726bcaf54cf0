//! Writes that must each be done once, and reads, while servers die.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use beds_client::{Client, Request};
use beds_devstack::Stack;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::common::{blocking, clock::Clock, eventually_async};

/// How many clients write at the same time, and how many read.
const WRITERS: usize = 4;
const READERS: usize = 1;
/// How many writes are repeated at the end to get their replies again.
const AGAIN: usize = 200;
/// How long a client waits for an answer before it repeats the request.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long a client waits after an error before it repeats the request.
const PAUSE: Duration = Duration::from_millis(20);

/// A write that was done, and its reply.
type Done = (Request, Vec<u8>);

/// The clients' work, and its results.
pub(crate) struct Load {
    seen: Arc<Seen>,
    writers: Vec<JoinHandle<Vec<Done>>>,
    readers: Vec<JoinHandle<()>>,
    client: Client,
}

#[derive(Default)]
struct Seen {
    is_over: AtomicBool,
    number: AtomicUsize,
    written: Times,
    read: Times,
}

/// A time without any success, also in ticks, which do not depend on the load of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Gap {
    pub(crate) time: Duration,
    pub(crate) ticks: usize,
}

/// The times of the successes.
#[derive(Default)]
struct Times(Mutex<Vec<Instant>>);

impl Times {
    fn add(&self) {
        self.0.lock().unwrap().push(Instant::now());
    }

    fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    /// The longest time without a success since `since`.
    fn gap(&self, since: Instant, clock: &Clock) -> Gap {
        let times = self.0.lock().unwrap();
        let later: Vec<Instant> = times.iter().copied().filter(|at| *at > since).collect();
        let earlier = std::iter::once(since).chain(later.iter().copied());
        let gaps =
            earlier.zip(&later).map(|(from, to)| Gap { time: *to - from, ticks: clock.between(from, *to) });
        gaps.max_by_key(|gap| gap.time).unwrap_or_default()
    }
}

impl Load {
    /// Begins the load. Each entry is a list of URLs, in the clients' format.
    pub(crate) async fn begin(urls: &[String]) -> Self {
        let seen = Arc::<Seen>::default();
        let connect = async |first: usize| {
            // Some clients begin with each server.
            let mut urls = urls.to_vec();
            let count = urls.len();
            urls.rotate_left(first % count);
            let client = Client::builder(urls.join(",")).reconnect_max(Duration::from_millis(500));
            client.timeout(PATIENCE).connect().await.unwrap()
        };
        let (mut writers, mut readers) = (Vec::new(), Vec::new());
        for number in 0..WRITERS {
            writers.push(tokio::spawn(write(connect(number).await, Arc::clone(&seen))));
        }
        for number in 0..READERS {
            readers.push(tokio::spawn(read(connect(number).await, Arc::clone(&seen))));
        }
        Self { seen, writers, readers, client: connect(0).await }
    }

    /// Waits until this many more writes and reads have succeeded.
    pub(crate) async fn goes_on(&self, more: usize) {
        let (written, read) = (self.seen.written.count() + more, self.seen.read.count() + more / 4);
        eventually_async(&format!("{more} more writes, and reads"), async || {
            self.seen.written.count() >= written && self.seen.read.count() >= read
        })
        .await;
    }

    /// The longest times without a write and without a read since `since`.
    pub(crate) fn gaps(&self, since: Instant, clock: &Clock) -> (Gap, Gap) {
        (self.seen.written.gap(since, clock), self.seen.read.gap(since, clock))
    }

    /// Ends the load, and proves that each write was done once: the number of records is right, and a repeated request
    /// gets the same reply.
    pub(crate) async fn end(self, stack: &'static Stack) {
        self.seen.is_over.store(true, Ordering::Relaxed);
        for reader in self.readers {
            reader.await.unwrap();
        }
        let mut writes = Vec::new();
        for writer in self.writers {
            writes.extend(writer.await.unwrap());
        }
        for (request, reply) in writes.iter().step_by(writes.len() / AGAIN + 1) {
            let again = answer(&self.client, request).await;
            assert_eq!(String::from_utf8_lossy(&again), String::from_utf8_lossy(reply));
        }
        let stored = blocking(|| {
            let sql = "select count(*), count(distinct note) from bookmark";
            stack.mariadb_query(Some("catalog"), sql).unwrap()
        })
        .await;
        let count = writes.len();
        assert_eq!(stored.trim(), format!("{count}\t{count}"), "each write was done once");
    }
}

/// Writes until it is told to end. Each write is repeated until it is done.
async fn write(client: Client, seen: Arc<Seen>) -> Vec<Done> {
    let mut done = Vec::new();
    while !seen.is_over.load(Ordering::Relaxed) {
        let number = seen.number.fetch_add(1, Ordering::Relaxed);
        let record = json!({"owner": "somebody", "country": "NO", "note": number.to_string()});
        let request = Request::create("bookmark", &record);
        let reply = answer(&client, &request).await;
        seen.written.add();
        done.push((request, reply));
    }
    done
}

/// Repeats a request until there is an answer.
async fn answer(client: &Client, request: &Request) -> Vec<u8> {
    loop {
        if let Ok(reply) = client.execute_raw(request.clone()).await {
            if reply.is_ok() {
                return reply.body;
            }
            let said: Value = serde_json::from_slice(&reply.body).unwrap();
            assert_eq!(said["error"]["retryable"], true, "{said}");
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn read(client: Client, seen: Arc<Seen>) {
    while !seen.is_over.load(Ordering::Relaxed) {
        let request = Request::raw("bookmark.count", r#"{"where": {"owner": "somebody"}}"#);
        match client.execute_raw(request).await {
            Ok(reply) if reply.is_ok() => seen.read.add(),
            _ => tokio::time::sleep(PAUSE).await,
        }
    }
}
