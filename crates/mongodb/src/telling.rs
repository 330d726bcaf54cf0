//! [`Telling`]: a collection of events or audit entries, stored in the transactions of their writes.
//!
//! It belongs to the DBA and stands in the domain's own database; `bedsc ddl --ledger` writes it.

use std::sync::Arc;

use beds_core::{Error, ledger::amiss};
use mongodb::{ClientSession, Collection, Database, bson::Document};

use crate::{
    fault::Failure,
    own::{Known, Own, Standing, VIEW},
};

/// Such a collection, and its words for messages.
#[derive(Debug)]
pub(crate) struct Kind {
    /// Its name.
    pub(crate) name: &'static str,
    /// The first column of an index that the DBA gives it.
    pub(crate) indexed: &'static str,
    /// The writes that it serves, as the subject of a sentence.
    pub(crate) writes: &'static str,
    /// The kind of documents in it.
    pub(crate) kept: &'static str,
    /// Its content for one write.
    pub(crate) of_write: &'static str,
    /// The section of templates that asks for it.
    pub(crate) section: &'static str,
    /// A further consequence of its absence, and the end of the message in the log.
    pub(crate) besides: &'static str,
    pub(crate) missing: &'static str,
}

/// Stores events or audit entries of writes.
#[derive(Debug, Clone)]
pub(crate) struct Telling {
    kind: &'static Kind,
    /// The configuration's name of the database, for people.
    name: Arc<str>,
    pub(crate) collection: Collection<Document>,
    own: Own,
}

impl Telling {
    pub(crate) fn new(kind: &'static Kind, name: &Arc<str>, database: &Database, known: &Arc<Known>) -> Self {
        let own = Own::new(database, kind.name, kind.indexed, known);
        Self { kind, name: Arc::clone(name), collection: database.collection(kind.name), own }
    }

    /// Stores documents in this order, in the transaction of the session if there is one. [`Self::check`] comes first.
    /// A failure of the driver is [`Failure::Before`], except a refusal by the collection's validator.
    pub(crate) async fn insert(
        &self,
        documents: Vec<Document>,
        session: Option<&mut ClientSession>,
    ) -> Result<(), Failure> {
        let insert = self.collection.insert_many(documents);
        let inserted = match session {
            Some(session) => insert.session(session).await,
            None => insert.await,
        };
        match inserted {
            Ok(_) => Ok(()),
            Err(error) => {
                let failure = Failure::of_own(error, self.kind.name, &self.name);
                Err(self.own.explained(failure, &self.name).await)
            }
        }
    }

    /// The present state of the collection.
    pub(crate) async fn look(&self) -> mongodb::error::Result<Standing> {
        self.own.look(|standing| self.report(standing)).await
    }

    fn report(&self, standing: Standing) {
        let Kind { name, writes, besides, missing, .. } = self.kind;
        let database = &*self.name;
        match standing {
            Standing::There => {}
            Standing::Never | Standing::Gone => tracing::error!(
                database,
                "there is no collection `{name}`, or it has lost its indexes: {writes} are refused{besides}; the DBA runs what \
                 `beds ddl` prints, and drops nothing{missing}"
            ),
            Standing::View => tracing::error!(
                database,
                "`{name}` is a view, and must be a collection: {writes} are refused; the DBA runs what `bedsc ddl \
                 --ledger` prints"
            ),
            Standing::Useless => tracing::error!(
                database,
                "the database has no transactions: {writes} are refused; run it as a replica set (one member is enough)"
            ),
        }
    }

    /// Whether documents can be stored. Asked before a write with events or audit entries begins.
    pub(crate) async fn check(&self) -> Result<(), Failure> {
        let Kind { name, kept, of_write, section, .. } = self.kind;
        let database = &*self.name;
        let standing = match self.own.standing(|standing| self.report(standing)).await {
            Ok(standing) => standing,
            Err(error) => return Err(self.own.explained(error.into(), database).await),
        };
        match standing {
            Standing::There => Ok(()),
            Standing::Never | Standing::Gone => {
                let message = format!(
                    "the database `{database}` has no collection for {kept}, so a write cannot be done"
                );
                let hint = "the DBA creates the collection that `bedsc ddl --ledger` prints";
                Err(Error::internal(message).hint(hint).into())
            }
            Standing::View => Err(amiss(name, database, VIEW).into()),
            Standing::Useless => {
                let message = format!(
                    "the database `{database}` has no transactions, so a write and {of_write} cannot be done together"
                );
                let hint =
                    format!("run MongoDB as a replica set (one member is enough); or leave out {section}");
                Err(Error::internal(message).hint(hint).into())
            }
        }
    }
}
