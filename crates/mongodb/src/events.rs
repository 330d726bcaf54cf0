//! Events: documents in the transaction of the write.
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
};

use beds_core::{Error, event::Event};
use beds_protocol::value::DateTime as Moment;
use futures_util::TryStreamExt as _;
use mongodb::{
    ClientSession, Collection, Database,
    bson::{Bson, DateTime, Document, doc},
};
use tokio::sync::Notify;

use crate::fault::{self, Failure};

/// The collection's name.
pub(crate) const NAME: &str = "beds_events";

/// What is known of the events of a database, by all who store them.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// Whether the collection has been seen: in a transaction MongoDB would create it without a word.
    is_there: AtomicBool,
    /// Hears when events are stored.
    pub(crate) stored: Notify,
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
