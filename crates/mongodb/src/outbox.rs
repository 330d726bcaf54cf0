//! The relay of a database's stored events: the node that holds the lease, a document of their collection.
//!
//! The lease does not keep the order: two relays would publish everything twice, and each in order.

use std::time::Duration;

use beds_core::{
    event::Event,
    outbox::{self, Page, Pending, Stored},
};
use beds_protocol::value::DateTime as Moment;
use futures_util::{TryStreamExt as _, future::BoxFuture};
use mongodb::{
    Client,
    bson::{DateTime, Document, doc},
    options::{ReadConcern, ReadPreference, SelectionCriteria, TransactionOptions},
};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use crate::{
    events::{NAME, Store},
    fault,
    own::{self, Standing, VIEW},
    server::{Server, done_by},
};

/// The `_id` of the document that names the relay. Its number is less than that of any event, its `body` names the
/// relay, and its `at` is the moment at which the lease ends.
const LEASE: &str = "relay";
/// How long a silent relay keeps the lease.
const LEASE_FOR: Duration = Duration::from_secs(8);
/// After how long the relay renews the lease.
const RENEWED_AFTER: Duration = Duration::from_secs(2);
/// How often another node checks whether it may become the relay.
const LOOKED_EVERY: Duration = Duration::from_secs(1);
/// How many checks it makes before it reports that it may not.
const LOOKS: u32 = 5;

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
        let (client, store) = self.server.relayed().await?;
        let mut relay = Relay {
            client,
            store,
            id: Uuid::now_v7().to_string(),
            limit: self.limit,
            renewed: Instant::now(),
        };
        for look in 0..LOOKS {
            if look > 0 {
                sleep(LOOKED_EVERY).await;
            }
            relay.look().await?;
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
    store: Store,
    /// Distinguishes it from all other relays.
    id: String,
    limit: Duration,
    renewed: Instant,
}

impl Relay {
    /// Runs an operation of the driver. None of its futures is dropped midway.
    async fn ask<T: Send + 'static>(
        &self,
        asked: impl Future<Output = mongodb::error::Result<T>> + Send + 'static,
    ) -> Result<mongodb::error::Result<T>, String> {
        let late = || format!("no answer within {} ms", self.limit.as_millis());
        done_by(Instant::now() + self.limit, asked).await.ok_or_else(late)
    }

    /// Checks that the collection exists: MongoDB would make it for the lease.
    async fn look(&self) -> Result<(), String> {
        let store = self.store.clone();
        let looked = self.ask(async move { store.look().await }).await?;
        match looked.map_err(|error| error.kind.to_string())? {
            Standing::There => Ok(()),
            Standing::View => Err(VIEW.to_owned()),
            Standing::Useless => Err("the database has no transactions".to_owned()),
            Standing::Never | Standing::Gone => {
                Err(format!("there is no collection `{NAME}` as `bedsc ddl --ledger` prints it"))
            }
        }
    }

    /// Takes or renews the lease; false if another relay has it.
    async fn renew(&mut self, is_new: bool) -> Result<bool, String> {
        let (client, collection, id) =
            (self.client.clone(), self.store.collection().clone(), self.id.clone());
        let asked = async move {
            // A node whose clock is ahead would keep the lease after its end. An expression with the server's own
            // variable would need no question, but not every server understands it in an update.
            let now = own::now(&client.database(&collection.namespace().db)).await?;
            let lasts = i64::try_from(LEASE_FOR.as_millis()).unwrap_or(i64::MAX);
            let end = DateTime::from_millis(now.timestamp_millis().saturating_add(lasts));
            let mut lease = doc! { "_id": LEASE };
            if is_new {
                lease.insert("at", doc! { "$lt": now });
            } else {
                lease.insert("body", &id);
            }
            let change = doc! { "$set": {
                "seq": 0_i64, "routing_key": "", "template_hash": "", "body": &id, "at": end,
            } };
            let done = collection.update_one(lease, change).upsert(is_new).await?;
            Ok(done.matched_count > 0 || done.upserted_id.is_some())
        };
        match self.ask(asked).await? {
            Ok(true) => {
                self.renewed = Instant::now();
                Ok(true)
            }
            Ok(false) => Ok(false),
            Err(error) if fault::is_duplicate(&error) => Ok(false),
            Err(error) => Err(error.kind.to_string()),
        }
    }

    async fn stay(&mut self) -> Result<(), String> {
        if self.renewed.elapsed() < RENEWED_AFTER {
            return Ok(());
        }
        self.look().await?;
        if self.renew(false).await? {
            return Ok(());
        }
        Err("another node has become the relay".to_owned())
    }

    async fn read(&mut self, after: u64, max: usize) -> Result<Page, String> {
        self.stay().await?;
        let (client, store) = (self.client.clone(), self.store.clone());
        let number = i64::try_from(after).unwrap_or(i64::MAX);
        let limit = i64::try_from(max).unwrap_or(i64::MAX);
        // What a cursor walks over changes meanwhile; a transaction shows one moment, and what a majority has.
        let options = TransactionOptions::builder()
            .read_concern(ReadConcern::snapshot())
            .selection_criteria(SelectionCriteria::ReadPreference(ReadPreference::Primary))
            .build();
        let asked = async move {
            let mut session = client.start_session().await?;
            session.start_transaction().with_options(options).await?;
            let find = store.collection().find(doc! { "seq": { "$gt": number } }).sort(doc! { "seq": 1 });
            let mut cursor = find.limit(limit).session(&mut session).await?;
            let found: Vec<Document> = cursor.stream(&mut session).try_collect().await?;
            let later = found.iter().filter(|_| after > 0);
            let subjects = later.filter_map(|event| event.get_str("subject").ok());
            let least = store.least(subjects, &mut session).await?;
            session.commit_transaction().await?;
            Ok((found, least))
        };
        let (found, least) = self.ask(asked).await?.map_err(|error| error.kind.to_string())?;
        let read = |found| stored(found).ok_or_else(|| format!("a document of `{NAME}` is not an event"));
        let mut page = Page::of(found.iter().map(read).collect::<Result<_, _>>()?, max);
        let is_behind = |subject: &String| least.get(subject).is_some_and(|least| *least <= number);
        page.events.retain(|stored| !stored.event.subject.as_ref().is_some_and(is_behind));
        Ok(page)
    }

    async fn delete(&self, published: &[&Stored]) -> Result<(), String> {
        if published.is_empty() {
            return Ok(());
        }
        let ids: Vec<String> = published.iter().map(|stored| stored.event.id.to_string()).collect();
        let collection = self.store.collection().clone();
        let asked = async move { collection.delete_many(doc! { "_id": { "$in": ids } }).await };
        self.ask(asked).await?.map(drop).map_err(|error| error.kind.to_string())
    }
}

/// A lease that is given back need not expire first.
impl Drop for Relay {
    fn drop(&mut self) {
        let (collection, id) = (self.store.collection().clone(), std::mem::take(&mut self.id));
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { collection.delete_one(doc! { "_id": LEASE, "body": id }).await });
        }
    }
}

impl Pending for Relay {
    fn next(&mut self, after: u64, max: usize) -> BoxFuture<'_, Result<Page, String>> {
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
