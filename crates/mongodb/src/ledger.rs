//! The ledger: one document for each write, in the transaction of the write, so that a duplicate finds it and does
//! nothing.
//!
//! The collection belongs to the DBA and stands in the domain's own database; `bedsc ddl --ledger` writes it. Its `_id`
//! is one text of user, message id and step. A text is compared byte by byte, and every server finds it by its index.
//! The stand-in for tests does not find an object by its index.

use std::{borrow::Cow, sync::Arc, time::Duration};

use beds_core::{
    Error, Outcome,
    ledger::{kept, taken, unreadable},
    meter::Counter,
    plan::Claim,
    spec::Domain,
    stages::statement_span,
};
use futures_util::TryStreamExt as _;
use mongodb::{
    ClientSession, Collection, Database,
    bson::{Binary, Bson, DateTime, Document, doc, spec::BinarySubtype},
    options::{ReadConcern, ReadPreference, SelectionCriteria},
};

use crate::{
    fault::{self, Failure},
    own::{self, Known, Own, Standing},
};

/// The collection's name.
const NAME: &str = "beds_ledger";
/// How many documents a step of a purge deletes.
const PURGED_MAX: i64 = 500;

/// The domain of an error that concerns no domain.
pub(crate) static DOMAIN: Domain = Domain::new(NAME, "", "");

/// The ledger of a database.
#[derive(Debug, Clone)]
pub(crate) struct Ledger {
    /// The configuration's name of the database, for people.
    name: Arc<str>,
    database: Database,
    own: Own,
    /// How many duplicates it has answered.
    duplicates: Arc<Counter>,
}

/// The result of claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Claimed {
    /// The claims are new: the writes are to be done.
    New,
    /// A write has been done under one of the claims.
    Taken,
}

/// A claim, and the reply if it is known already.
pub(crate) type Claiming<'a> = (&'a Claim, Option<Vec<u8>>);

impl Ledger {
    pub(crate) fn new(
        name: &Arc<str>,
        database: &Database,
        known: &Arc<Known>,
        duplicates: &Arc<Counter>,
    ) -> Self {
        let own = Own::new(database, NAME, "at", known);
        Self { name: Arc::clone(name), database: database.clone(), own, duplicates: Arc::clone(duplicates) }
    }

    fn collection(&self) -> Collection<Document> {
        self.database.collection(NAME)
    }

    /// The state of the collection, as far as is known.
    pub(crate) async fn standing(&self) -> Result<Standing, Failure> {
        match self.own.standing(|standing| self.tell(standing)).await {
            Ok(standing) => Ok(standing),
            Err(error) => Err(self.explained(error.into()).await),
        }
    }

    /// Explains a failure that concerns the ledger by the state of the collection. The server's own message reads as if
    /// the write or the database were to blame.
    pub(crate) async fn explained(&self, failure: Failure) -> Failure {
        self.own.explained(failure, &self.name).await
    }

    fn tell(&self, standing: Standing) {
        let database = &*self.name;
        let remedy = "the DBA creates the collection and its index as `bedsc ddl --ledger` prints them";
        match standing {
            Standing::There => {}
            Standing::Gone => tracing::error!(
                database,
                "the collection `{NAME}` is gone, or has lost its index: writes with a message_id are refused; {remedy}"
            ),
            Standing::Never => tracing::warn!(
                database,
                "there is no collection `{NAME}`, or it has no index: writes happen at least once, not exactly once; \
                 {remedy}"
            ),
            Standing::View => tracing::error!(
                database,
                "`{NAME}` is a view, and must be a collection: writes with a message_id are refused; {remedy}"
            ),
            Standing::Useless => tracing::error!(
                database,
                "the database has no transactions: writes with a message_id are refused; run it as a replica set (one \
                 member is enough)"
            ),
        }
    }

    /// Claims the writes that are about to run.
    pub(crate) async fn claim<'a>(
        &self,
        claims: impl Iterator<Item = Claiming<'a>>,
        session: &mut ClientSession,
    ) -> Result<Claimed, Failure> {
        let now = DateTime::now();
        let documents = claims.map(|(claim, reply)| {
            let mut document = doc! { "_id": id(claim), "digest": binary(claim.digest.to_vec()), "at": now };
            document.extend(reply.map(|reply| ("reply".to_owned(), binary(reply))));
            document
        });
        let documents: Vec<Document> = documents.collect();
        let _traced = statement_span(format_args!("insert {NAME}"));
        match self.collection().insert_many(documents).session(session).await {
            Ok(_) => Ok(Claimed::New),
            Err(error) if fault::is_duplicate(&error) => Ok(Claimed::Taken),
            Err(error) => Err(self.explained(Failure::of_own(error, NAME, &self.name)).await),
        }
    }

    /// Stores the replies of writes that were claimed in the same transaction.
    pub(crate) async fn store<'a>(
        &self,
        done: impl Iterator<Item = (&'a Claim, Cow<'a, Outcome>, &'a Domain)>,
        session: &mut ClientSession,
    ) -> Result<(), Failure> {
        let updates = done.map(|(claim, outcome, domain)| {
            let reply = binary(kept(&outcome, domain));
            Bson::Document(doc! { "q": { "_id": { "$eq": id(claim) } }, "u": { "$set": { "reply": reply } } })
        });
        let updates: Vec<Bson> = updates.collect();
        if updates.is_empty() {
            return Ok(());
        }
        let expected = updates.len() as u64;
        let _traced = statement_span(format_args!("update {NAME}"));
        let command = doc! { "update": NAME, "updates": updates };
        let answer = self.database.run_command(command).session(session).await;
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => return Err(self.explained(Failure::of_own(error, NAME, &self.name)).await),
        };
        if count(&answer) == Some(expected) && !answer.contains_key("writeErrors") {
            return Ok(());
        }
        tracing::error!(database = &*self.name, "the collection `{NAME}` does not take replies: {answer}");
        Err(self.explained(broken(&self.name).into()).await)
    }

    /// The outcome of the write that was done under a claim; `None` if a majority of the servers knows of none.
    ///
    /// # Errors
    /// `conflict`, if another request was done under the claim.
    pub(crate) async fn outcome(&self, claim: &Claim, limit: Duration) -> Result<Option<Outcome>, Failure> {
        let outcome = self.outcomes(&[claim], limit).await?.pop().flatten();
        outcome.transpose().map_err(Failure::from)
    }

    /// The outcomes of the writes that were done under claims, or why there is none to report; `None` if a majority of
    /// the servers knows of none.
    pub(crate) async fn outcomes(
        &self,
        claims: &[&Claim],
        limit: Duration,
    ) -> Result<Vec<Option<Result<Outcome, Error>>>, Failure> {
        let ids: Vec<String> = claims.iter().map(|claim| id(claim)).collect();
        let wanted = match ids.as_slice() {
            [id] => doc! { "_id": { "$eq": id } },
            ids => doc! { "_id": { "$in": ids } },
        };
        let _traced = statement_span(format_args!("find {NAME}"));
        let collection = self.collection();
        let found = collection
            .find(wanted)
            .read_concern(ReadConcern::majority())
            .selection_criteria(SelectionCriteria::ReadPreference(ReadPreference::Primary))
            .max_time(limit);
        let found: Vec<Document> = async { found.await?.try_collect().await }.await?;
        let is_of = |found: &Document, id: &String| found.get_str("_id").is_ok_and(|found| found == id);
        if found.iter().any(|found| !ids.iter().any(|id| is_of(found, id))) {
            tracing::error!(
                database = &*self.name,
                "the collection `{NAME}` treats different texts as equal"
            );
            return Err(self.explained(broken(&self.name).into()).await);
        }
        let of = |(claim, id): (&&Claim, &String)| {
            found.iter().find(|found| is_of(found, id)).map(|found| self.kept(found, claim))
        };
        Ok(claims.iter().zip(&ids).map(of).collect())
    }

    /// The stored outcome of a write under a claim.
    fn kept(&self, found: &Document, claim: &Claim) -> Result<Outcome, Error> {
        if !found.get_binary_generic("digest").is_ok_and(|digest| *digest == claim.digest) {
            return Err(taken());
        }
        let reply = found.get_binary_generic("reply").ok().and_then(|reply| Outcome::decode(reply));
        let reply = reply.ok_or_else(|| unreadable(claim, &self.name))?;
        self.duplicates.count();
        Ok(reply)
    }

    /// Deletes some of the documents that are older than `age` by the server's clock, and gives their number. A node
    /// whose clock is ahead would forget the writes of all nodes.
    pub(crate) async fn purge(&self, age: Duration, limit: Duration) -> Result<u64, Failure> {
        let collection = self.collection();
        let now = own::now(&self.database).await?;
        let age = i64::try_from(age.as_millis()).unwrap_or(i64::MAX);
        let before = DateTime::from_millis(now.timestamp_millis().saturating_sub(age));
        let found = collection
            .find(doc! { "at": { "$lt": before } })
            .sort(doc! { "at": 1 })
            .projection(doc! { "_id": 1 })
            .limit(PURGED_MAX)
            .max_time(limit);
        let found: Vec<Document> = async { found.await?.try_collect().await }.await?;
        let ids = found.into_iter().filter_map(|mut found| found.remove("_id"));
        let deletes: Vec<Bson> = ids.map(|id| doc! { "q": { "_id": id }, "limit": 1 }.into()).collect();
        if deletes.is_empty() {
            return Ok(0);
        }
        let command = doc! { "delete": NAME, "deletes": deletes, "ordered": false };
        Ok(count(&self.database.run_command(command).await?).unwrap_or_default())
    }
}

/// How many documents the answer to a command counts.
fn count(answer: &Document) -> Option<u64> {
    match answer.get("n") {
        Some(Bson::Int32(count)) => u64::try_from(*count).ok(),
        Some(Bson::Int64(count)) => u64::try_from(*count).ok(),
        _ => None,
    }
}

/// A claim's `_id`, such as `5:guest:0190f7c2:0`: the length of the user's name in bytes, the name, the message's id,
/// and the step. The length says where the name ends, so that no client's id can pass for another user's.
fn id(Claim { user, message_id, step, digest: _ }: &Claim) -> String {
    format!("{}:{user}:{message_id}:{step}", user.len())
}

fn binary(bytes: Vec<u8>) -> Bson {
    Bson::Binary(Binary { subtype: BinarySubtype::Generic, bytes })
}

fn broken(database: &str) -> Error {
    Error::internal(format!(
        "the ledger of the database `{database}` is not as `bedsc ddl --ledger` prints it"
    ))
    .hint("the node's log has the difference")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_claim_looks_like_another() {
        let id = |user: &str, message_id: &str, step| {
            id(&Claim { user: user.to_owned(), message_id: message_id.to_owned(), step, digest: [0; 32] })
        };
        assert_eq!(id("guest", "0190f7c2", 0), "5:guest:0190f7c2:0");
        let all = [
            id("a", "b:c", 0),
            id("a:b", "c", 0),
            id("", "a:b:c", 0),
            id("a", "b", 0),
            id("a", "b:0", 0),
            id("a", "b", 1),
            id("1:a", "b", 0),
        ];
        for (index, one) in all.iter().enumerate() {
            assert!(!all[index + 1..].contains(one), "{one}");
        }
    }
}
