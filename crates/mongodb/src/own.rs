//! A collection of the node's own: whether it is there as the DBA makes it, before anything is written into it.
//!
//! MongoDB makes a collection without a word when something is written into it, without validator and indexes. So a node
//! looks before it writes, and one that MongoDB made by itself counts for missing: it has no index but that of `_id`.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::TryStreamExt as _;
use mongodb::{
    Database,
    bson::{Document, doc},
};
use tokio::time::Instant;

use crate::fault;

/// How long is believed what is known of the collection.
const BELIEVED: Duration = Duration::from_secs(1);
/// How often the log says that it is missing.
const TOLD: Duration = Duration::from_mins(1);

/// A collection of the node's own.
#[derive(Debug, Clone)]
pub(crate) struct Own {
    database: Database,
    name: &'static str,
    /// The first column of an index that the DBA gives it.
    indexed: &'static str,
    known: Arc<Known>,
}

/// What is known of it, by all connections to it.
#[derive(Debug, Default)]
pub(crate) struct Known(Mutex<Seen>);

#[derive(Debug, Default, Clone, Copy)]
struct Seen {
    last: Option<(Instant, Standing)>,
    told: Option<Instant>,
}

/// What has become of the collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It is there.
    There,
    /// It has not been there since the node began.
    Never,
    /// It was there.
    Gone,
    /// The server has no transactions, so that it is of no use.
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

    /// What has become of the collection, as far as is known. What is wrong is told to the log now and then.
    pub(crate) async fn standing(&self, tell: impl FnOnce(Standing)) -> mongodb::error::Result<Standing> {
        let last = self.known.lock().last;
        if let Some((at, standing)) = last
            && at.elapsed() < BELIEVED
        {
            return Ok(standing);
        }
        self.look(tell).await
    }

    /// What has become of the collection by now.
    pub(crate) async fn look(&self, tell: impl FnOnce(Standing)) -> mongodb::error::Result<Standing> {
        let last = self.known.lock().last;
        let standing = match (has_transactions(&self.database).await?, self.is_there().await?, last) {
            (false, ..) => Standing::Useless,
            (true, true, _) => Standing::There,
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
}

/// Whether the server has transactions: a replica set has, and what routes to several.
pub(crate) async fn has_transactions(database: &Database) -> mongodb::error::Result<bool> {
    let hello = database.run_command(doc! { "hello": 1 }).await?;
    Ok(hello.contains_key("setName") || hello.get_str("msg").is_ok_and(|router| router == "isdbgrid"))
}

impl Known {
    /// A panic elsewhere leaves it as it is, which is whole.
    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
