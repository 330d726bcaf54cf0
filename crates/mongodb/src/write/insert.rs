//! New records.

use std::time::Duration;

use beds_core::{
    Outcome, Result,
    spec::{Domain, Generated},
    validate::Errors,
    value::{Value, write_record},
};
use mongodb::{
    ClientSession,
    bson::{Bson, Document, doc},
};

use crate::{
    convert::{self, to_bson},
    fault::{self, Failure},
    filter,
    reply::fits,
    server::Connection,
};

#[derive(Debug)]
pub(crate) struct Insert {
    domain: &'static Domain,
    collection: &'static str,
    documents: Vec<Document>,
    /// The places of the records whose key may be shared by records that differ in the database, and the filter that
    /// finds such records.
    to_look_for: Vec<(usize, Document)>,
    /// Whether errors name the record's index: the request has a list of records.
    many: bool,
    outcome: Outcome,
    bytes_max: usize,
}

impl Insert {
    /// How many records there are.
    pub(super) const fn size(&self) -> usize {
        self.documents.len()
    }

    pub(crate) fn new(
        domain: &'static Domain,
        collection: &'static str,
        records: Vec<Vec<Value>>,
        many: bool,
        bytes_max: usize,
    ) -> Result<Self> {
        let mut errors = Errors::default();
        let (mut documents, mut json) = (Vec::with_capacity(records.len()), Vec::new());
        let mut to_look_for = Vec::new();
        for (index, record) in records.into_iter().enumerate() {
            let path = if many { format!("data[{index}].") } else { String::new() };
            let kept =
                record.into_iter().zip(domain.fields).map(|(value, field)| convert::stored(value, field));
            let record: Vec<Value> = kept.collect();
            documents.push(document(domain, &record, &path, &mut errors));
            let key: Vec<Value> = domain.key.iter().map(|&field| record[field].clone()).collect();
            if filter::may_be_shared(&key) {
                to_look_for.push((index, filter::key(domain, false, &key, &mut Errors::default())));
            }
            if !json.is_empty() {
                json.push(b',');
            }
            // A null stays out of the collection; the reply shows it, as a fetch does. Values that the database
            // generates are not known here.
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
        let outcome = Outcome::data(json);
        Ok(Self { domain, collection, documents, to_look_for, many, outcome, bytes_max })
    }

    /// Whether it is one document, and so one statement.
    pub(super) fn is_one(&self) -> bool {
        self.documents.len() == 1
    }

    /// Whether it inserts into the same collection as the other.
    pub(super) fn is_into_same(&self, other: &Self) -> bool {
        self.collection == other.collection
    }

    pub(super) const fn outcome(&self) -> &Outcome {
        &self.outcome
    }

    /// Refuses a key that the wire would show like the key of another record, which has it in another form. No index
    /// keeps such keys apart, so this checks as far as it can see.
    async fn check_keys(
        &self,
        connection: &Connection,
        mut session: Option<&mut ClientSession>,
        limit: Duration,
    ) -> std::result::Result<(), Failure> {
        if self.to_look_for.is_empty() {
            return Ok(());
        }
        let all: Vec<&Document> = self.to_look_for.iter().map(|(_, by_key)| by_key).collect();
        let any = doc! { "$or": all };
        if !self.is_there(&any, connection, session.as_deref_mut(), limit).await? {
            return Ok(());
        }
        for (index, by_key) in &self.to_look_for {
            if self.is_there(by_key, connection, session.as_deref_mut(), limit).await? {
                let error = fault::key_is_there(self.domain);
                return Err(if self.many { error.of_record(*index) } else { error }.into());
            }
        }
        Ok(())
    }

    async fn is_there(
        &self,
        filter: &Document,
        connection: &Connection,
        session: Option<&mut ClientSession>,
        limit: Duration,
    ) -> std::result::Result<bool, Failure> {
        let collection = connection.raw(self.collection);
        let find = collection.find_one(filter.clone()).projection(doc! { "_id": 1 }).max_time(limit);
        let found = if let Some(session) = session {
            find.session(session).await?
        } else {
            // Nothing lasting has been asked for.
            find.await.map_err(|error| fault::from_driver(&error, self.domain, &connection.name))?
        };
        Ok(found.is_some())
    }

    pub(super) async fn apply(
        &self,
        connection: &Connection,
        mut session: Option<&mut ClientSession>,
        limit: Duration,
    ) -> std::result::Result<Outcome, Failure> {
        fits(self.outcome.size(), self.bytes_max)?;
        self.check_keys(connection, session.as_deref_mut(), limit).await?;
        let collection = connection.collection::<Document>(self.collection);
        let inserted = match self.documents.as_slice() {
            [document] if !self.many => {
                let insert = collection.insert_one(document);
                let insert = if let Some(session) = session { insert.session(session) } else { insert };
                insert.await.map(drop)
            }
            // The driver's errors of `insert_many` have the position.
            documents => {
                let insert = collection.insert_many(documents);
                let insert = if let Some(session) = session { insert.session(session) } else { insert };
                insert.await.map(drop)
            }
        };
        match inserted {
            Ok(()) => Ok(self.outcome.clone()),
            Err(error) => Err(Failure::from(error).of_documents(&self.documents, self.domain)),
        }
    }
}

/// Runs several inserts into the same collection at once. A failure has the place of the insert that caused it, if that
/// is known.
pub(super) async fn together(
    inserts: &[&Insert],
    connection: &Connection,
    session: &mut ClientSession,
    limit: Duration,
) -> std::result::Result<Vec<Outcome>, (Option<usize>, Failure)> {
    let Some(first) = inserts.first() else { return Ok(Vec::new()) };
    for (place, insert) in inserts.iter().enumerate() {
        fits(insert.outcome.size(), insert.bytes_max).map_err(|error| (Some(place), error.into()))?;
        let checked = insert.check_keys(connection, Some(&mut *session), limit).await;
        checked.map_err(|failure| (Some(place), failure))?;
    }
    let documents = inserts.iter().flat_map(|insert| &insert.documents);
    let collection = connection.collection::<Document>(first.collection);
    match collection.insert_many(documents).session(session).await.map_err(Failure::from) {
        Ok(_) => Ok(inserts.iter().map(|insert| insert.outcome.clone()).collect()),
        Err(failure) => {
            let of = |(place, insert): (usize, &&Insert)| std::iter::repeat_n(place, insert.documents.len());
            let mut places = inserts.iter().enumerate().flat_map(of);
            Err((failure.record().and_then(|record| places.nth(record)), failure))
        }
    }
}

pub(super) fn document(
    domain: &'static Domain,
    record: &[Value],
    path: &str,
    errors: &mut Errors,
) -> Document {
    let mut document = Document::new();
    for (field, value) in domain.fields.iter().zip(record) {
        match to_bson(value) {
            Ok(Bson::Null) => {}
            Ok(bson) => {
                document.insert(field.column, bson);
            }
            Err(unkept) => unkept.tell(&format!("{path}{}", field.name), errors),
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
        let json = String::from_utf8(insert.outcome.data.unwrap().into_owned()).unwrap();
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
