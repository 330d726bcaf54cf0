//! A collection of the node's own: whether it exists in the DBA's form, before anything is written into it.
//!
//! When something is written into a missing collection, MongoDB makes it without notice, and without validator and
//! indexes. So a node looks before it writes. A collection that MongoDB made by itself counts as missing: its only
//! index is that of `_id`.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use beds_core::ledger::amiss;
use beds_protocol::shown;
use futures_util::TryStreamExt as _;
use mongodb::{
    Database, IndexModel,
    bson::{DateTime, Document, doc},
    results::{CollectionSpecification, CollectionType},
};
use tokio::time::Instant;

use crate::fault::{self, Failure};

/// How long the knowledge of the collection is trusted.
const BELIEVED: Duration = Duration::from_secs(1);
/// How often the log says that it is missing.
const TOLD: Duration = Duration::from_mins(1);

/// What is wrong with a view, as the end of a sentence about the collection.
pub(crate) const VIEW: &str = "it is a view, and must be a collection";

/// The moment by the server's clock: nodes compare what they stored by it. A server that does not tell it is taken to
/// have the node's.
pub(crate) async fn now(database: &Database) -> mongodb::error::Result<DateTime> {
    let hello = database.run_command(doc! { "hello": 1 }).await?;
    Ok(hello.get_datetime("localTime").copied().unwrap_or_else(|_| DateTime::now()))
}

/// A collection of the node's own.
#[derive(Debug, Clone)]
pub(crate) struct Own {
    database: Database,
    name: &'static str,
    /// The first column of an index that the DBA gives it.
    indexed: &'static str,
    known: Arc<Known>,
}

/// The knowledge of it, shared by all connections to it.
#[derive(Debug, Default)]
pub(crate) struct Known(Mutex<Seen>);

#[derive(Debug, Default, Clone, Copy)]
struct Seen {
    last: Option<(Instant, Standing)>,
    told: Option<Instant>,
}

/// The state of the collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It exists.
    There,
    /// It has been missing since the node began.
    Never,
    /// It existed before, and is missing now.
    Gone,
    /// A view has its name.
    View,
    /// The server has no transactions, so the collection is of no use.
    Useless,
}

impl Own {
    pub(crate) fn new(
        database: &Database,
        name: &'static str,
        indexed: &'static str,
        known: &Arc<Known>,
    ) -> Self {
        Self { database: database.clone(), name, indexed, known: Arc::clone(known) }
    }

    /// The state of the collection, as far as is known. A fault is reported in the log now and then.
    pub(crate) async fn standing(&self, tell: impl FnOnce(Standing)) -> mongodb::error::Result<Standing> {
        let last = self.known.lock().last;
        if let Some((at, standing)) = last
            && at.elapsed() < BELIEVED
        {
            return Ok(standing);
        }
        self.look(tell).await
    }

    /// The present state of the collection.
    pub(crate) async fn look(&self, tell: impl FnOnce(Standing)) -> mongodb::error::Result<Standing> {
        let last = self.known.lock().last;
        let standing = match (has_transactions(&self.database).await?, self.is_there().await?, last) {
            (false, ..) => Standing::Useless,
            (true, true, _) => Standing::There,
            // Somebody made a view of that name on purpose.
            (true, false, _) if self.is_view().await? => Standing::View,
            (true, false, Some((_, Standing::There | Standing::Gone))) => Standing::Gone,
            (true, false, _) => Standing::Never,
        };
        let now = Instant::now();
        let mut seen = self.known.lock();
        seen.last = Some((now, standing));
        if standing != Standing::There && seen.told.is_none_or(|told| now.duration_since(told) >= TOLD) {
            seen.told = Some(now);
            drop(seen);
            tell(standing);
        }
        Ok(standing)
    }

    /// Explains a failure that concerns the collection by the collection's state. The server's own message reads as if
    /// the write or the database were to blame.
    pub(crate) async fn explained(&self, failure: Failure, database: &str) -> Failure {
        if failure.may_pass() {
            return failure;
        }
        let Some(how) = self.amiss().await else { return failure };
        tracing::error!(database, "`{}` is not as the node needs it: {how}", self.name);
        amiss(self.name, database, &how).into()
    }

    /// What is wrong with the collection, as the end of a sentence about it. Asked once an operation on it has failed.
    async fn amiss(&self) -> Option<String> {
        let found = self.found().await.ok()??;
        match found.collection_type {
            CollectionType::View => return Some(VIEW.to_owned()),
            CollectionType::Timeseries => {
                return Some(
                    "it is a time-series collection, and transactions cannot write into one".to_owned(),
                );
            }
            _ => {}
        }
        if found.options.capped == Some(true) {
            return Some("it is a capped collection, and transactions cannot write into one".to_owned());
        }
        if let Some(collation) = found.options.collation {
            let locale = shown(collation.locale);
            return Some(format!(
                "it compares texts by the collation {locale}, which treats different texts as equal"
            ));
        }
        let collection = self.database.collection::<Document>(self.name);
        let indexes = async { collection.list_indexes().await?.try_collect::<Vec<_>>().await };
        let is_foreign = |index: &IndexModel| {
            let is_unique = index.options.as_ref().is_some_and(|options| options.unique == Some(true));
            is_unique && !index.keys.keys().eq(["_id"])
        };
        let foreign = indexes.await.ok()?.into_iter().find(is_foreign)?;
        let name = foreign.options.and_then(|options| options.name).unwrap_or_default();
        let fields = foreign.keys.keys().cloned().collect::<Vec<_>>().join(", ");
        Some(format!(
            "its unique index {} over {} refuses documents that the node writes",
            shown(name),
            shown(fields)
        ))
    }

    async fn is_there(&self) -> mongodb::error::Result<bool> {
        let collection = self.database.collection::<Document>(self.name);
        let indexes = async { collection.list_indexes().await?.try_collect::<Vec<_>>().await };
        match indexes.await {
            Ok(indexes) => {
                let is_known = |keys: &Document| keys.keys().next().is_some_and(|key| key == self.indexed);
                Ok(indexes.iter().any(|index| is_known(&index.keys)))
            }
            Err(error) if fault::is_missing(&error) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn is_view(&self) -> mongodb::error::Result<bool> {
        let found = self.found().await?;
        Ok(found.is_some_and(|found| matches!(found.collection_type, CollectionType::View)))
    }

    /// The server's specification of whatever has its name.
    async fn found(&self) -> mongodb::error::Result<Option<CollectionSpecification>> {
        let mut found = self.database.list_collections().filter(doc! { "name": self.name }).await?;
        found.try_next().await
    }
}

/// Whether the server has transactions: a replica set has them, and so has a router of a sharded cluster.
pub(crate) async fn has_transactions(database: &Database) -> mongodb::error::Result<bool> {
    let hello = database.run_command(doc! { "hello": 1 }).await?;
    Ok(hello.contains_key("setName") || hello.get_str("msg").is_ok_and(|router| router == "isdbgrid"))
}

impl Known {
    /// A panic elsewhere cannot leave it half changed.
    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
