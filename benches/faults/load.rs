//! Writes with message ids, each sent several times over several connections, until one of them is answered.

use std::{
    collections::HashMap,
    ops::Range,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::Result;
use beds_client::{Client, Request};
use fastrand::Rng;
use futures_util::{StreamExt as _, future::join_all, stream};
use serde_json::{Value, json};

use crate::Site;

/// How many articles the calls change: few, so that the calls wait for each other's locks.
pub(crate) const ARTICLES: u64 = 20;
/// How long a write is repeated before it is given up.
const PATIENCE: Duration = Duration::from_mins(5);
/// How many requests read at a time.
const READERS: u64 = 8;
/// The pause before a refused write is sent again.
const PAUSE: Duration = Duration::from_millis(50);

/// The kinds of writes. None of the tables has a unique key that would refuse a second record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// A record in MariaDB, created by a hand-written method that first asks another domain.
    Create,
    /// A call in MariaDB that adds one to a number.
    Call,
    /// A document in MongoDB.
    Document,
}

impl Kind {
    pub(crate) const ALL: [Self; 3] = [Self::Create, Self::Call, Self::Document];

    pub(crate) fn of(number: u64) -> Self {
        Self::ALL[usize::try_from(number % 3).unwrap_or_default()]
    }
}

/// The knowledge of the clients at the end.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// The distinct replies of each answered write: one, unless a duplicate got another reply.
    pub(crate) replies: HashMap<u64, Vec<String>>,
    /// The writes that were finally refused, with the reason.
    pub(crate) refused: Vec<(u64, String)>,
    /// The longest time between two answers of any kind.
    pub(crate) longest_gap: Duration,
    last_answer: Option<Instant>,
    pub(crate) sent: u64,
    /// The answered reads, and how many of them returned another request's record.
    pub(crate) reads: u64,
    pub(crate) wrong_reads: u64,
    pub(crate) duration: Duration,
}

/// The writes of a run.
#[derive(Debug)]
pub(crate) struct Load {
    /// A name for the writes of this run.
    pub(crate) run: String,
    seed: u64,
    pub(crate) writes: u64,
    repeats: u64,
    /// How many writes are not answered yet.
    remaining: Arc<AtomicU64>,
    known: Mutex<Known>,
}

impl Load {
    /// Creates the articles that the calls change.
    pub(crate) async fn prepare(site: &Site, seed: u64, writes: u64, repeats: u64) -> Result<Self> {
        let client =
            Client::builder(site.stack.amqp_url()).timeout(Duration::from_secs(30)).connect().await?;
        let articles: Vec<Value> = (0..ARTICLES)
            .map(|article| json!({"sku": sku(article), "title": "An article", "price": "1.00"}))
            .collect();
        client.execute(Request::create("example", &articles)).await?;
        let country = json!({"alpha_2": "QQ", "alpha_3": "QQQ", "name": "Q", "numeric": "999"});
        client.execute(Request::create("country", &country)).await?;
        client.close().await;
        let run = format!("faults-{}", uuid::Uuid::new_v4().simple());
        let remaining = Arc::new(AtomicU64::new(writes));
        Ok(Self { run, seed, writes, repeats: repeats.max(1), remaining, known: Mutex::default() })
    }

    /// How many writes are not answered yet.
    pub(crate) fn remaining(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.remaining)
    }

    /// Sends the writes with these numbers, `in_flight` at a time over each client.
    pub(crate) async fn run(&self, clients: &[Client], in_flight: usize, numbers: Range<u64>) {
        let began = Instant::now();
        self.lock().last_answer = None;
        let writes = stream::iter(numbers).map(|number| self.write(number, clients));
        writes.buffer_unordered(clients.len() * in_flight).collect::<()>().await;
        self.lock().duration = began.elapsed();
    }

    /// Reads articles until all writes are done. Each reply must belong to its own request.
    pub(crate) async fn read(&self, clients: &[Client]) {
        let reader = async |number: u64| {
            let mut random = Rng::with_seed(self.seed.wrapping_add(number));
            while self.remaining.load(Ordering::Relaxed) > 0 {
                let sku = sku(random.u64(..ARTICLES));
                let body = json!({"where": {"sku": sku}, "fields": ["sku"]}).to_string();
                let client = &clients[random.usize(..clients.len())];
                let reply = client.execute_raw(Request::raw("example.fetch", body)).await;
                let Some(Ok(answer)) = reply.ok().map(|reply| reply.reply()) else {
                    tokio::time::sleep(PAUSE).await;
                    continue;
                };
                let mut known = self.lock();
                known.reads += 1;
                known.wrong_reads += u64::from(answer.data != Some(json!([{ "sku": sku }])));
            }
        };
        join_all((0..READERS).map(reader)).await;
    }

    /// Sends one write between one and `repeats` times, sometimes at once, sometimes one after another, until it is
    /// answered.
    async fn write(&self, number: u64, clients: &[Client]) {
        let mut random = Rng::with_seed(self.seed ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let request = self.request(number);
        let mut copies = random.u64(1..=self.repeats);
        let (began, mut is_answered) = (Instant::now(), false);
        while copies > 0 || !is_answered {
            let together = random.u64(1..=copies.max(1));
            copies = copies.saturating_sub(together);
            let sent = (0..together).map(|_| {
                let client = &clients[random.usize(..clients.len())];
                client.execute_raw(request.clone())
            });
            for reply in join_all(sent).await {
                is_answered |= self.heard(number, reply);
            }
            if !is_answered {
                if began.elapsed() > PATIENCE {
                    self.lock().refused.push((number, "no answer".to_owned()));
                    break;
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
        self.remaining.fetch_sub(1, Ordering::Relaxed);
    }

    /// Notes an answer. False if there is none yet.
    fn heard(&self, number: u64, reply: Result<beds_client::RawReply, beds_client::ClientError>) -> bool {
        let mut known = self.lock();
        known.sent += 1;
        let reply = match reply {
            Ok(reply) => reply,
            Err(error) if error.is_retryable() => return false,
            Err(error) => {
                known.refused.push((number, error.to_string()));
                return true;
            }
        };
        let now = Instant::now();
        let gap = known.last_answer.replace(now).map_or(Duration::ZERO, |last| now - last);
        known.longest_gap = known.longest_gap.max(gap);
        let body = String::from_utf8_lossy(&reply.body).into_owned();
        if reply.is_ok() {
            let replies = known.replies.entry(number).or_default();
            if !replies.contains(&body) {
                replies.push(body);
            }
            return true;
        }
        if reply.reply().is_err_and(|error| error.is_retryable()) {
            return false;
        }
        known.refused.push((number, body));
        true
    }

    pub(crate) fn lock(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The name of a write in the databases.
    pub(crate) fn name(&self, number: u64) -> String {
        format!("{}-{number}", self.run)
    }

    fn request(&self, number: u64) -> Request {
        match Kind::of(number) {
            Kind::Create => {
                let record = json!({"owner": self.name(number), "country": "QQ", "note": "a fault is near"});
                Request::create("bookmark", &record)
            }
            Kind::Call => {
                let args = json!({"sku": sku(number / 3 % ARTICLES), "quantity": 1});
                Request::call("example", "restock", &args)
            }
            Kind::Document => Request::create("note", &json!({"subject": self.name(number)})),
        }
    }
}

pub(crate) fn sku(article: u64) -> String {
    format!("FAULTS-{article}")
}
