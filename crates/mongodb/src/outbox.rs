//! Events: documents in the transaction of the write, and the relay that publishes them.
//!
//! The collection belongs to the DBA and stands in the domain's own database; `bedsc ddl --ledger` writes it. MongoDB
//! counts nothing, so a write gives each event a number itself: the time, or one more than the greatest number that is
//! stored for its subject. Two transactions that change one document conflict, so the later one sees what the earlier one
//! has stored, and the numbers of a subject are in the order of its changes, whatever the clocks of the nodes say.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use beds_core::{
    Error,
    event::Event,
    outbox::{self, Pending, Stored},
};
use beds_protocol::value::DateTime as Moment;
use futures_util::{TryStreamExt as _, future::BoxFuture};
use mongodb::{
    Client, ClientSession, Collection, Database,
    bson::{Bson, DateTime, Document, doc},
    options::{ReadConcern, ReadPreference, SelectionCriteria, TransactionOptions},
};
use tokio::{
    sync::Notify,
    time::{Instant, sleep},
};
use uuid::Uuid;

use crate::{
    fault::{self, Failure},
    server::{Server, done_by},
};

/// The collection's name.
const NAME: &str = "beds_events";
/// The `_id` of the document that says who is the relay. Its number is before all events', its `body` names the relay,
/// and its `at` is the moment until which it is.
const LEASE: &str = "relay";
/// How long a relay that says nothing is still the relay.
const LEASE_FOR: Duration = Duration::from_secs(8);
/// After how long it says that it lives.
const RENEWED_AFTER: Duration = Duration::from_secs(2);
/// How often another looks whether it may become the relay.
const LOOKED_EVERY: Duration = Duration::from_secs(1);
/// How often it looks before it says that it may not.
const LOOKS: u32 = 5;

/// What is known of the events of a database, by all who store them.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// Whether the collection has been seen: in a transaction MongoDB would create it without a word.
    is_there: AtomicBool,
    stored: Notify,
}

/// Stores events.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    /// The configuration's name of the database, for people.
    name: Arc<str>,
    collection: Collection<Document>,
    known: Arc<Known>,
}

impl Store {
    pub(crate) fn new(name: &Arc<str>, database: &Database, known: &Arc<Known>) -> Self {
        Self { name: Arc::clone(name), collection: database.collection(NAME), known: Arc::clone(known) }
    }

    /// Says that events are stored.
    pub(crate) fn tell(&self) {
        self.known.stored.notify_one();
    }

    /// Stores events in this order, in the transaction of the session where there is one. A failure of the driver is
    /// [`Failure::Before`].
    pub(crate) async fn store(
        &self,
        events: &[Event],
        mut session: Option<&mut ClientSession>,
    ) -> Result<(), Failure> {
        if events.is_empty() {
            return Ok(());
        }
        self.check().await?;
        let mut numbers = self.greatest(events, session.as_deref_mut()).await?;
        let now = DateTime::now().timestamp_millis().saturating_mul(1_000);
        let documents = events.iter().map(|event| {
            let number = match &event.subject {
                Some(subject) => {
                    let last = numbers.entry(subject.clone()).or_default();
                    *last = now.max(*last + 1);
                    *last
                }
                None => now,
            };
            document(event, number)
        });
        let documents: Vec<Document> = documents.collect();
        let insert = self.collection.insert_many(documents);
        let inserted = match session {
            Some(session) => insert.session(session).await,
            None => insert.await,
        };
        inserted.map(drop).map_err(Failure::Before)
    }

    /// The greatest number that is stored for each subject.
    async fn greatest(
        &self,
        events: &[Event],
        session: Option<&mut ClientSession>,
    ) -> Result<HashMap<String, i64>, Failure> {
        let mut subjects: Vec<&str> = events.iter().filter_map(|event| event.subject.as_deref()).collect();
        subjects.sort_unstable();
        subjects.dedup();
        if subjects.is_empty() {
            return Ok(HashMap::new());
        }
        let stages = [
            doc! { "$match": { "subject": { "$in": subjects } } },
            doc! { "$sort": { "subject": 1, "seq": -1 } },
            doc! { "$group": { "_id": "$subject", "seq": { "$first": "$seq" } } },
        ];
        let aggregate = self.collection.aggregate(stages);
        let found: Vec<Document> = match session {
            Some(session) => {
                let mut cursor = aggregate.session(&mut *session).await?;
                cursor.stream(session).try_collect().await?
            }
            None => aggregate.await?.try_collect().await?,
        };
        let number =
            |found: Document| Some((found.get_str("_id").ok()?.to_owned(), found.get_i64("seq").ok()?));
        Ok(found.into_iter().filter_map(number).collect())
    }

    /// Whether the collection is there as the DBA makes it. One that MongoDB made by itself has no index but that of `_id`.
    async fn check(&self) -> Result<(), Failure> {
        if self.known.is_there.load(Ordering::Relaxed) {
            return Ok(());
        }
        let indexes = async { self.collection.list_indexes().await?.try_collect::<Vec<_>>().await };
        let is_there = match indexes.await {
            Ok(indexes) => indexes.iter().any(|index| index.keys.contains_key("subject")),
            Err(error) if fault::is_missing(&error) => false,
            Err(error) => return Err(error.into()),
        };
        if is_there {
            self.known.is_there.store(true, Ordering::Relaxed);
            return Ok(());
        }
        let database = &*self.name;
        tracing::error!(
            database,
            "there is no collection `{NAME}` with its index: no write with events can be done"
        );
        let message =
            format!("the database `{database}` has no collection for events, so a write cannot be done");
        Err(Error::internal(message)
            .hint("the DBA creates the collection that `bedsc ddl --ledger` prints")
            .into())
    }
}

fn document(event: &Event, number: i64) -> Document {
    let Event { id, routing_key, subject, template_hash, traceparent, at, body } = event;
    let mut document = doc! {
        "_id": id.to_string(),
        "seq": number,
        "routing_key": routing_key,
        "template_hash": template_hash,
        "body": body,
        "at": DateTime::from_millis(millis(*at)),
    };
    for (name, text) in [("subject", subject), ("traceparent", traceparent)] {
        document.extend(text.as_ref().map(|text| (name.to_owned(), Bson::String(text.clone()))));
    }
    document
}

fn millis(at: Moment) -> i64 {
    i64::try_from(at.0.unix_timestamp_nanos() / 1_000_000).unwrap_or_default()
}

/// The events of one database.
#[derive(Debug)]
pub(crate) struct Outbox {
    server: Server,
    limit: Duration,
}

impl Outbox {
    pub(crate) const fn new(server: Server, limit: Duration) -> Self {
        Self { server, limit }
    }

    async fn lease(&self) -> Result<Option<Box<dyn Pending>>, String> {
        let (client, database) = self.server.relayed().await?;
        let mut relay = Relay {
            client,
            collection: database.collection(NAME),
            id: Uuid::now_v7().to_string(),
            limit: self.limit,
            renewed: Instant::now(),
        };
        for look in 0..LOOKS {
            if look > 0 {
                sleep(LOOKED_EVERY).await;
            }
            if relay.renew(true).await? {
                return Ok(Some(Box::new(relay)));
            }
        }
        Ok(None)
    }
}

impl outbox::Outbox for Outbox {
    fn database(&self) -> &str {
        self.server.name()
    }

    fn take(&self) -> BoxFuture<'_, Result<Option<Box<dyn Pending>>, String>> {
        Box::pin(self.lease())
    }

    fn stored(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.server.events().stored.notified())
    }
}

/// The relay of a database, by a lease.
#[derive(Debug)]
struct Relay {
    client: Client,
    collection: Collection<Document>,
    /// Names it among all.
    id: String,
    limit: Duration,
    renewed: Instant,
}

impl Relay {
    /// Does what the driver is asked for; none of its futures is dropped midway.
    async fn ask<T: Send + 'static>(
        &self,
        asked: impl Future<Output = mongodb::error::Result<T>> + Send + 'static,
    ) -> Result<mongodb::error::Result<T>, String> {
        let late = || format!("no answer within {} ms", self.limit.as_millis());
        done_by(Instant::now() + self.limit, asked).await.ok_or_else(late)
    }

    /// Takes the lease, or holds it longer; false where another has it.
    async fn renew(&mut self, is_new: bool) -> Result<bool, String> {
        let (now, collection, id) = (DateTime::now(), self.collection.clone(), self.id.clone());
        let until = DateTime::from_system_time(now.to_system_time() + LEASE_FOR);
        let own = doc! { "body": &id };
        let free = doc! { "at": { "$lt": now } };
        let lease = doc! {
            "_id": LEASE, "$or": if is_new { vec![own, free] } else { vec![own] },
        };
        let change = doc! {
            "$set": { "seq": 0_i64, "routing_key": "", "template_hash": "", "body": &id, "at": until },
        };
        let asked = async move { collection.update_one(lease, change).upsert(is_new).await };
        match self.ask(asked).await? {
            Ok(done) if done.matched_count > 0 || done.upserted_id.is_some() => {
                self.renewed = Instant::now();
                Ok(true)
            }
            Ok(_) => Ok(false),
            Err(error) if fault::is_duplicate(&error) => Ok(false),
            Err(error) => Err(error.kind.to_string()),
        }
    }

    async fn stay(&mut self) -> Result<(), String> {
        if self.renewed.elapsed() < RENEWED_AFTER || self.renew(false).await? {
            return Ok(());
        }
        Err("another node has become the relay".to_owned())
    }

    async fn read(&mut self, after: u64, max: usize) -> Result<Vec<Stored>, String> {
        self.stay().await?;
        let (client, collection) = (self.client.clone(), self.collection.clone());
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        let max = i64::try_from(max).unwrap_or(i64::MAX);
        // What a cursor walks over changes meanwhile; a transaction shows one moment, and what a majority has.
        let options = TransactionOptions::builder()
            .read_concern(ReadConcern::snapshot())
            .selection_criteria(SelectionCriteria::ReadPreference(ReadPreference::Primary))
            .build();
        let asked = async move {
            let mut session = client.start_session().await?;
            session.start_transaction().with_options(options).await?;
            let find = collection.find(doc! { "seq": { "$gt": after } }).sort(doc! { "seq": 1 }).limit(max);
            let mut cursor = find.session(&mut session).await?;
            let found: Vec<Document> = cursor.stream(&mut session).try_collect().await?;
            session.commit_transaction().await?;
            Ok(found)
        };
        let found = self.ask(asked).await?.map_err(|error| error.kind.to_string())?;
        found
            .iter()
            .map(|found| stored(found).ok_or_else(|| format!("a document of `{NAME}` is no event")))
            .collect()
    }

    async fn delete(&self, published: &[&Stored]) -> Result<(), String> {
        if published.is_empty() {
            return Ok(());
        }
        let ids: Vec<String> = published.iter().map(|stored| stored.event.id.to_string()).collect();
        let collection = self.collection.clone();
        let asked = async move { collection.delete_many(doc! { "_id": { "$in": ids } }).await };
        self.ask(asked).await?.map(drop).map_err(|error| error.kind.to_string())
    }
}

/// Nobody has to wait for the end of a lease that is given back.
impl Drop for Relay {
    fn drop(&mut self) {
        let (collection, id) = (self.collection.clone(), std::mem::take(&mut self.id));
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { collection.delete_one(doc! { "_id": LEASE, "body": id }).await });
        }
    }
}

impl Pending for Relay {
    fn next(&mut self, after: u64, max: usize) -> BoxFuture<'_, Result<Vec<Stored>, String>> {
        Box::pin(self.read(after, max))
    }

    fn done<'a>(&'a mut self, published: &'a [&'a Stored]) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(self.delete(published))
    }

    fn keep(&mut self) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(self.stay())
    }
}

fn stored(found: &Document) -> Option<Stored> {
    let text = |name: &str| found.get_str(name).ok().map(str::to_owned);
    let at = found.get_datetime("at").ok()?.timestamp_millis();
    Some(Stored {
        number: found.get_i64("seq").ok()?.try_into().ok()?,
        event: Event {
            id: Uuid::parse_str(found.get_str("_id").ok()?).ok()?,
            routing_key: text("routing_key")?,
            subject: text("subject"),
            template_hash: text("template_hash")?,
            traceparent: text("traceparent"),
            at: moment(at)?,
            body: text("body")?,
        },
    })
}

fn moment(millis: i64) -> Option<Moment> {
    time::OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000).ok().map(Moment)
}
