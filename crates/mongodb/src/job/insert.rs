//! New records: one by a statement, several by a transaction.

use std::{sync::Arc, time::Duration};

use beds_core::{
    Error, Outcome, Result,
    backoff::Backoff,
    spec::{Domain, Generated},
    validate::Errors,
    value::{Value, write_record},
};
use beds_lane::Gate;
use mongodb::bson::{Bson, Document};
use tokio::time::sleep;

use super::reply::bounded;
use crate::{
    convert::{self, to_bson},
    fault::Failure,
    server::{Connection, budget, done_by},
};

/// How many times a transaction that lost a conflict with another is run again.
const TRANSACTION_RETRIES_MAX: u8 = 3;
/// The first and the longest pause before that.
const RETRY_PAUSE_MIN: Duration = Duration::from_millis(5);
const RETRY_PAUSE_MAX: Duration = Duration::from_millis(50);

#[derive(Debug)]
pub(super) struct Insert {
    domain: &'static Domain,
    collection: &'static str,
    documents: Arc<Vec<Document>>,
    /// Whether errors name the record's index: the request has a list of records.
    many: bool,
    outcome: Outcome,
}

impl Insert {
    pub(super) fn new(
        domain: &'static Domain,
        collection: &'static str,
        records: Vec<Vec<Value>>,
        many: bool,
        bytes_max: usize,
    ) -> Result<Self> {
        let mut errors = Errors::default();
        let (mut documents, mut json) = (Vec::with_capacity(records.len()), Vec::new());
        for (index, record) in records.into_iter().enumerate() {
            let path = if many { format!("data[{index}].") } else { String::new() };
            let kept =
                record.into_iter().zip(domain.fields).map(|(value, field)| convert::stored(value, field));
            let record: Vec<Value> = kept.collect();
            documents.push(document(domain, &record, &path, &mut errors));
            if !json.is_empty() {
                json.push(b',');
            }
            // What is null stays out of the collection; the reply shows it, as a fetch does. What the database
            // generates is not known here.
            let members =
                domain.fields.iter().zip(&record).filter(|(field, value)| {
                    !(value.is_null() && field.generated == Some(Generated::Database))
                });
            write_record(&mut json, members.map(|(field, value)| (field.name, value)));
        }
        if many {
            json.insert(0, b'[');
            json.push(b']');
        }
        errors.or(())?;
        let outcome = bounded(Outcome::data(json), bytes_max)?;
        Ok(Self { domain, collection, documents: Arc::new(documents), many, outcome })
    }

    pub(super) async fn run(
        &self,
        connection: &Connection,
        gate: &Gate,
    ) -> std::result::Result<Outcome, Failure> {
        let inserted = match self.documents.len() {
            // Its insertion is atomic: no transaction is needed.
            1 => self.insert_one(connection, gate).await,
            _ => self.insert_all(connection, gate).await,
        };
        match inserted {
            Ok(()) => Ok(self.outcome.clone()),
            Err(failure) => Err(failure.of_documents(&self.documents, self.domain)),
        }
    }

    async fn insert_one(&self, connection: &Connection, gate: &Gate) -> std::result::Result<(), Failure> {
        let (collection, documents) =
            (connection.collection::<Document>(self.collection), Arc::clone(&self.documents));
        let many = self.many;
        gate.pass()?;
        let inserted = done_by(connection.end(gate), async move {
            match documents.first() {
                Some(document) if !many => collection.insert_one(document).await.map(drop),
                // The driver's errors of `insert_many` tell the position, as those of several documents do.
                _ => collection.insert_many(documents.iter()).await.map(drop),
            }
        });
        inserted.await.ok_or_else(does_not_answer)?.map_err(Failure::After)
    }

    async fn insert_all(&self, connection: &Connection, gate: &Gate) -> std::result::Result<(), Failure> {
        let mut pauses = Backoff::new(RETRY_PAUSE_MIN, RETRY_PAUSE_MAX);
        for _ in 0..TRANSACTION_RETRIES_MAX {
            match self.transaction(connection, gate).await {
                Err(failure) if failure.is_transient() => sleep(pauses.pause()).await,
                done => return done,
            }
        }
        self.transaction(connection, gate).await
    }

    /// Each attempt has a session of its own, so that nothing of a failed one is left in it.
    async fn transaction(&self, connection: &Connection, gate: &Gate) -> std::result::Result<(), Failure> {
        let mut session = connection.transaction(budget(gate)).await?;
        let (collection, documents) =
            (connection.collection::<Document>(self.collection), Arc::clone(&self.documents));
        let inserted = done_by(gate.deadline(), async move {
            let inserted = collection.insert_many(documents.iter()).session(&mut session).await;
            (session, inserted.map(drop))
        });
        // What is late takes the transaction back at its end, with its session.
        let (mut session, inserted) = inserted.await.ok_or_else(Error::deadline)?;
        if let Err(failure) = inserted.map_err(Failure::from).and_then(|()| Ok(gate.pass()?)) {
            // The server may have ended the transaction already; an error here says so.
            let _ = done_by(connection.end(gate), async move { session.abort_transaction().await }).await;
            return Err(failure);
        }
        let committed = done_by(connection.end(gate), async move { session.commit_transaction().await });
        committed.await.ok_or_else(does_not_answer)?.map_err(Failure::After)
    }
}

fn does_not_answer() -> Error {
    Error::unknown_effect("the database does not answer")
}

fn document(domain: &'static Domain, record: &[Value], path: &str, errors: &mut Errors) -> Document {
    let mut document = Document::new();
    for (field, value) in domain.fields.iter().zip(record) {
        match to_bson(value) {
            Ok(Bson::Null) => {}
            Ok(bson) => {
                document.insert(field.column, bson);
            }
            Err(reason) => errors.push(format!("{path}{}", field.name), reason),
        }
    }
    document
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden::{THING, check, thing};

    #[test]
    fn documents() {
        let mut first = thing("first");
        first[0] = Value::ObjectId([1; 12]);
        let insert = Insert::new(&THING, "thing", vec![first], true, 10_000).unwrap();
        let json = String::from_utf8(insert.outcome.data.unwrap()).unwrap();
        check("documents.txt", &format!("{:?}\n    {json}\n", insert.documents[0]));
    }

    #[test]
    fn an_object_id_of_the_database_is_generated_here() {
        let insert = Insert::new(&THING, "thing", vec![thing("x")], false, 10_000).unwrap();
        let id = insert.documents[0].get_object_id("_id").unwrap();
        let json: serde_json::Value = serde_json::from_slice(&insert.outcome.data.unwrap()).unwrap();
        assert_eq!(json["id"], id.to_hex());
    }
}
