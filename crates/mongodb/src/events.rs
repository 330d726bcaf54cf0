//! Events: documents in the transaction of the write.
//!
//! MongoDB has no counter, so a write itself gives each event a number: the time, or one more than the greatest number
//! that is stored for its subject. Two transactions that change one document conflict, so the later one sees the events
//! that the earlier one has stored. So the numbers of a subject are in the order of its changes, whatever the clocks of
//! the nodes say.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use beds_core::event::Event;
use beds_protocol::value::DateTime as Moment;
use futures_util::TryStreamExt as _;
use mongodb::{
    ClientSession, Collection, Database,
    bson::{Bson, DateTime, Document, doc},
};
use tokio::sync::Notify;

use crate::{
    fault::Failure,
    own::{self, Standing},
    telling::{Kind, Telling},
};

/// The collection's name.
pub(crate) const NAME: &str = "beds_events";

static EVENTS: Kind = Kind {
    name: NAME,
    indexed: "subject",
    writes: "writes with events",
    kept: "events",
    of_write: "its events",
    section: "[events]",
    besides: ", and none is published",
    missing: ": where MongoDB has made a collection of that name by itself, it holds the events of the last writes",
};

/// The knowledge of the events of a database, shared by all who store them.
#[derive(Debug, Default)]
pub(crate) struct Known {
    own: Arc<own::Known>,
    /// Is notified when events are stored.
    pub(crate) stored: Notify,
}

/// Stores events.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    telling: Telling,
    known: Arc<Known>,
}

impl Store {
    pub(crate) fn new(name: &Arc<str>, database: &Database, known: &Arc<Known>) -> Self {
        Self { telling: Telling::new(&EVENTS, name, database, &known.own), known: Arc::clone(known) }
    }

    pub(crate) const fn collection(&self) -> &Collection<Document> {
        &self.telling.collection
    }

    /// Notifies that events are stored.
    pub(crate) fn tell(&self) {
        self.known.stored.notify_one();
    }

    /// Stores events in this order, like [`Telling::insert`].
    pub(crate) async fn store(
        &self,
        events: &[Event],
        mut session: Option<&mut ClientSession>,
    ) -> Result<(), Failure> {
        if events.is_empty() {
            return Ok(());
        }
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
        let documents = documents.collect();
        self.telling.insert(documents, session).await
    }

    /// The greatest stored number of each subject.
    async fn greatest(
        &self,
        events: &[Event],
        session: Option<&mut ClientSession>,
    ) -> Result<HashMap<String, i64>, Failure> {
        let subjects = events.iter().filter_map(|event| event.subject.as_deref());
        Ok(self.numbers(subjects, -1, session).await?)
    }

    /// The least stored number of each of these subjects.
    pub(crate) async fn least(
        &self,
        subjects: impl Iterator<Item = &str>,
        session: &mut ClientSession,
    ) -> mongodb::error::Result<HashMap<String, i64>> {
        self.numbers(subjects, 1, Some(session)).await
    }

    /// The first stored number of each of these subjects, in this order: 1 is ascending, -1 descending.
    async fn numbers(
        &self,
        subjects: impl Iterator<Item = &str>,
        order: i32,
        session: Option<&mut ClientSession>,
    ) -> mongodb::error::Result<HashMap<String, i64>> {
        let subjects: Vec<&str> = subjects.collect::<BTreeSet<_>>().into_iter().collect();
        if subjects.is_empty() {
            return Ok(HashMap::new());
        }
        let stages = [
            doc! { "$match": { "subject": { "$in": subjects } } },
            doc! { "$sort": { "subject": 1, "seq": order } },
            doc! { "$group": { "_id": "$subject", "seq": { "$first": "$seq" } } },
        ];
        let aggregate = self.collection().aggregate(stages);
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

    /// The present state of the collection.
    pub(crate) async fn look(&self) -> mongodb::error::Result<Standing> {
        self.telling.look().await
    }

    /// Whether events can be stored. Asked before a write with events begins.
    pub(crate) async fn check(&self) -> Result<(), Failure> {
        self.telling.check().await
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

pub(crate) fn millis(at: Moment) -> i64 {
    i64::try_from(at.0.unix_timestamp_nanos() / 1_000_000).unwrap_or_default()
}
