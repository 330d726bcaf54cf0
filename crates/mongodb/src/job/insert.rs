//! New records: one by a statement, several by a transaction.

use beds_core::{
    Outcome, Result,
    spec::{Domain, Generated},
    validate::Errors,
    value::{Value, write_record},
};
use beds_lane::Gate;
use mongodb::{
    ClientSession, Collection,
    bson::{Bson, Document},
};

use super::reply::bounded;
use crate::{
    convert::{self, to_bson},
    fault::Failure,
    server::{Connection, budget},
};

/// How many times a transaction that lost a conflict with another is run again.
const TRANSACTION_RETRIES_MAX: u8 = 3;

#[derive(Debug)]
pub(super) struct Insert {
    collection: &'static str,
    documents: Vec<Document>,
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
        Ok(Self { collection, documents, many, outcome })
    }

    pub(super) async fn run(
        &self,
        connection: &Connection,
        gate: &Gate,
    ) -> std::result::Result<Outcome, Failure> {
        let collection = connection.collection::<Document>(self.collection);
        match self.documents.as_slice() {
            // Its insertion is atomic: no transaction is needed.
            [document] => self.insert_one(&collection, document, gate).await?,
            _ => self.insert_all(&collection, connection.session().await?, gate).await?,
        }
        Ok(self.outcome.clone())
    }

    async fn insert_one(
        &self,
        collection: &Collection<Document>,
        document: &Document,
        gate: &Gate,
    ) -> std::result::Result<(), Failure> {
        gate.pass()?;
        if self.many {
            // The driver's errors of `insert_many` tell the position, as those of several documents do.
            collection.insert_many([document]).await.map_err(Failure::After)?;
        } else {
            collection.insert_one(document).await.map_err(Failure::After)?;
        }
        Ok(())
    }

    async fn insert_all(
        &self,
        collection: &Collection<Document>,
        mut session: ClientSession,
        gate: &Gate,
    ) -> std::result::Result<(), Failure> {
        let mut retries = 0;
        loop {
            match self.transaction(collection, &mut session, gate).await {
                Err(failure) if failure.is_transient() && retries < TRANSACTION_RETRIES_MAX => {
                    retries += 1;
                }
                done => return done,
            }
        }
    }

    async fn transaction(
        &self,
        collection: &Collection<Document>,
        session: &mut ClientSession,
        gate: &Gate,
    ) -> std::result::Result<(), Failure> {
        session.start_transaction().max_commit_time(budget(gate)).await?;
        let inserted = collection.insert_many(&self.documents).session(&mut *session).await;
        let inserted = inserted.map_err(Failure::from).and_then(|_| Ok(gate.pass()?));
        if let Err(failure) = inserted {
            // The server may have ended the transaction already; an error here says so.
            let _ = session.abort_transaction().await;
            return Err(failure);
        }
        session.commit_transaction().await.map_err(Failure::After)
    }
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
