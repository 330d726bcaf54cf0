//! Entries of the audit: documents in the transaction of the write. Nothing here reads or changes one.
//!
//! The collection belongs to the DBA and stands in the domain's own database; `bedsc ddl --ledger` writes it.

use std::sync::Arc;

use beds_core::{Error, audit::Entry, ledger::amiss, plan::Author};
use mongodb::{
    ClientSession, Collection, Database,
    bson::{Bson, DateTime, Document, doc},
};

use crate::{
    events::millis,
    fault::Failure,
    own::{self, Own, Standing, VIEW},
};

/// The collection's name.
const NAME: &str = "beds_audit";

/// Stores entries.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    /// The configuration's name of the database, for people.
    name: Arc<str>,
    collection: Collection<Document>,
    own: Own,
}

impl Store {
    pub(crate) fn new(name: &Arc<str>, database: &Database, known: &Arc<own::Known>) -> Self {
        let own = Own::new(database, NAME, "at", known);
        Self { name: Arc::clone(name), collection: database.collection(NAME), own }
    }

    /// Stores entries, in the transaction of the session where there is one. [`Self::check`] comes first. A failure of the driver is
    /// [`Failure::Before`].
    pub(crate) async fn store(
        &self,
        entries: &[Entry],
        session: Option<&mut ClientSession>,
    ) -> Result<(), Failure> {
        if entries.is_empty() {
            return Ok(());
        }
        let documents: Vec<Document> = entries.iter().map(document).collect();
        let insert = self.collection.insert_many(documents);
        let inserted = match session {
            Some(session) => insert.session(session).await,
            None => insert.await,
        };
        match inserted {
            Ok(_) => Ok(()),
            Err(error) => Err(self.own.explained(error.into(), &self.name).await),
        }
    }

    fn report(&self, standing: Standing) {
        let database = &*self.name;
        match standing {
            Standing::There => {}
            Standing::Never | Standing::Gone => tracing::error!(
                database,
                "there is no collection `{NAME}`, or it has lost its indexes: writes that are audited are refused; the \
                 DBA runs what `beds ddl` prints, and drops nothing"
            ),
            Standing::View => tracing::error!(
                database,
                "a view stands in the place of the collection `{NAME}`: writes that are audited are refused; the DBA runs \
                 what `bedsc ddl --ledger` prints"
            ),
            Standing::Useless => tracing::error!(
                database,
                "the database has no transactions: writes that are audited are refused; run it as a replica set, of which \
                 one member is enough"
            ),
        }
    }

    /// Whether entries can be stored: to be asked before a write that is audited begins.
    pub(crate) async fn check(&self) -> Result<(), Failure> {
        let database = &*self.name;
        let standing = match self.own.standing(|standing| self.report(standing)).await {
            Ok(standing) => standing,
            Err(error) => return Err(self.own.explained(error.into(), database).await),
        };
        match standing {
            Standing::There => Ok(()),
            Standing::Never | Standing::Gone => {
                let message = format!(
                    "the database `{database}` has no collection for the audit, so a write cannot be done"
                );
                let hint = "the DBA creates the collection that `bedsc ddl --ledger` prints";
                Err(Error::internal(message).hint(hint).into())
            }
            Standing::View => Err(amiss(NAME, database, VIEW).into()),
            Standing::Useless => {
                let message = format!(
                    "the database `{database}` has no transactions, so a write and its entry in the audit cannot be \
                     done together"
                );
                let hint =
                    "run MongoDB as a replica set, of which one member is enough; or leave out [audit]";
                Err(Error::internal(message).hint(hint).into())
            }
        }
    }
}

fn document(entry: &Entry) -> Document {
    let Entry { id, at, author, template, operation, record, version, request_id } = entry;
    let mut document = doc! {
        "_id": id.to_string(),
        "at": DateTime::from_millis(millis(*at)),
        "template": *template,
        "operation": operation,
    };
    let nobody = Author::default();
    let Author { user, amqp_user, session, message_id } = author.as_deref().unwrap_or(&nobody);
    for (name, text) in [
        ("user", user),
        ("amqp_user", amqp_user),
        ("session", session),
        ("record", record),
        ("request_id", request_id),
        ("message_id", message_id),
    ] {
        document.extend(text.as_ref().map(|text| (name.to_owned(), Bson::String(text.clone()))));
    }
    document.extend(version.map(|version| ("version".to_owned(), Bson::Int64(version))));
    document
}
