//! The one record with a key, where the wire may show several records with that key.
//!
//! A double beside a decimal number, and the moments of one day, differ for a unique index and are shown in the same
//! way. Nobody can tell which of them a client means, so none of them is changed.

use std::time::Duration;

use beds_core::{Error, spec::Domain};
use beds_protocol::ErrorCode;
use futures_util::TryStreamExt as _;
use mongodb::{
    ClientSession,
    bson::{Bson, Document, doc},
};

use crate::{
    fault::{self, Failure},
    server::Connection,
};

/// The `_id` of the record that the key finds in the collection; `None` if it finds none. A key of several records is
/// refused.
pub(super) async fn id(
    (domain, collection): (&'static Domain, &str),
    by_key: &Document,
    connection: &Connection,
    session: Option<&mut ClientSession>,
    limit: Duration,
) -> Result<Option<Bson>, Failure> {
    let collection = connection.collection::<Document>(collection);
    let find = collection.find(by_key.clone()).projection(doc! { "_id": 1 }).limit(2).max_time(limit);
    let found: Vec<Document> = if let Some(session) = session {
        find.session(&mut *session).await?.stream(session).try_collect().await?
    } else {
        let found = async { find.await?.try_collect().await }.await;
        // Nothing lasting has been asked for.
        found.map_err(|error| fault::from_driver(&error, domain, &connection.name))?
    };
    match found.as_slice() {
        [one] => Ok(one.get("_id").cloned()),
        [] => Ok(None),
        _ => Err(several(domain).into()),
    }
}

/// The answer to a key that several records have.
pub(super) fn several(domain: &Domain) -> Error {
    let message = format!("several records of `{}` have this key", domain.name);
    Error::new(ErrorCode::Conflict, message).hint(
        "another program has written them: the DBA gives each record a key of its own, and lets the validator accept \
         only one type for the key",
    )
}
