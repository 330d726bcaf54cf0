//! New records, or changes of existing records with the same keys.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use beds_core::{
    Error, Outcome, Result,
    operation::refuse_same_key,
    plan::Scope,
    spec::Domain,
    validate::Errors,
    value::{Value, write_record},
};
use mongodb::{
    ClientSession,
    bson::{Document, RawDocumentBuf, doc},
    options::ReturnDocument,
};

use super::{
    insert, sole,
    update::{self, is_mismatch},
};
use crate::{
    convert,
    fault::Failure,
    filter,
    reply::fits,
    server::Connection,
    shown::{Place, Shower},
};

/// The note of a reply whose record is longer than replies may be.
const CUT: &str = "the record is written; it is too long to be shown, so the reply has only its key";

#[derive(Debug)]
pub(crate) struct Upsert {
    domain: &'static Domain,
    collection: &'static str,
    records: Vec<Record>,
    /// Conditions that must hold for an existing record; empty if there are none.
    within: Document,
    /// Whether errors name the record's index: the request has a list of records.
    many: bool,
    /// Whether one of them was found to have a version that cannot be incremented.
    is_uncounted: AtomicBool,
    bytes_max: usize,
}

#[derive(Debug)]
struct Record {
    /// The filter that finds it.
    by_key: Document,
    may_be_shared: bool,
    /// The update that makes or changes it.
    change: Document,
    /// The whole record, if it is new: for the server's messages about it.
    document: Document,
    /// The key as a reply shows it.
    key: Vec<u8>,
}

impl Upsert {
    /// How many records there are.
    pub(super) const fn size(&self) -> usize {
        self.records.len()
    }

    pub(crate) fn new(
        domain: &'static Domain,
        collection: &'static str,
        (records, scope): (&[Vec<Value>], &Scope),
        many: bool,
        bytes_max: usize,
    ) -> Result<Self> {
        let mut errors = Errors::default();
        let read = records.iter().enumerate().map(|(index, values)| {
            let path = if many { format!("data[{index}].") } else { String::new() };
            Record::new(domain, values, &scope.unset, &path, &mut errors)
        });
        let records = read.collect();
        errors.or(())?;
        let mut errors = Errors::default();
        let within = filter::filter(domain, false, &scope.rows, &mut errors);
        let is_uncounted = AtomicBool::new(false);
        errors.or(Self { domain, collection, records, within, many, is_uncounted, bytes_max })
    }

    pub(super) fn is_one(&self) -> bool {
        // The caller's reach is checked first, in the same transaction.
        self.records.len() == 1 && self.within.is_empty()
    }

    pub(super) async fn apply(
        &self,
        connection: &Connection,
        mut session: Option<&mut ClientSession>,
        limit: Duration,
    ) -> std::result::Result<Outcome, Failure> {
        // If a single record is too long to be shown, its key is shown.
        let keys = self.records.iter().map(|record| record.key.len()).sum::<usize>();
        fits(Outcome::data(Vec::new()).size() + keys, self.bytes_max)?;
        let mut shower = Shower::new(self.domain);
        let mut json = Vec::with_capacity(256 * self.records.len());
        for (index, record) in self.records.iter().enumerate() {
            if index > 0 {
                json.push(b',');
            }
            let kept = self.write(record, connection, session.as_deref_mut(), limit).await;
            let kept = kept.map_err(|failure| match failure {
                Failure::Refused(error) if self.many => Failure::Refused(error.of_record(index)),
                other => other,
            })?;
            let list = Place::Element(&Place::DATA, index);
            let place = if self.many { list } else { Place::DATA };
            shower.write_record(&kept, self.domain.fields, place, &mut json);
        }
        let outcome = Outcome { unshown: shower.into_note(), ..Outcome::data(self.listed(json)) };
        if self.many {
            refuse_same_key(self.domain, &outcome)?;
        }
        match (&session, self.records.as_slice()) {
            _ if outcome.size() <= self.bytes_max => Ok(outcome),
            // The write is done, so it must not turn into an error.
            (None, [record]) => {
                let key = Outcome::data(self.listed(record.key.clone()));
                Ok(Outcome { note: Some(CUT.into()), ..key })
            }
            _ => Err(Error::reply_too_large(self.bytes_max).into()),
        }
    }

    /// One record, or a list of them.
    fn listed(&self, mut json: Vec<u8>) -> Vec<u8> {
        if self.many {
            json.insert(0, b'[');
            json.push(b']');
        }
        json
    }

    /// Refuses to change a record beyond the caller's reach, as if an invisible record had its key.
    async fn check_reach(
        &self,
        record: &Record,
        connection: &Connection,
        session: Option<&mut ClientSession>,
        limit: Duration,
    ) -> std::result::Result<(), Failure> {
        if self.within.is_empty() {
            return Ok(());
        }
        let beyond = doc! { "$and": [record.by_key.clone(), { "$nor": [self.within.clone()] }] };
        let collection = connection.raw(self.collection);
        let find = collection.find_one(beyond).projection(doc! { "_id": 1 }).max_time(limit);
        let find = if let Some(session) = session { find.session(session) } else { find };
        if find.await?.is_none() {
            return Ok(());
        }
        Err(Error::key_is_taken(self.domain).into())
    }

    /// Writes one record, and gives it as it is stored.
    async fn write(
        &self,
        record: &Record,
        connection: &Connection,
        mut session: Option<&mut ClientSession>,
        limit: Duration,
    ) -> std::result::Result<RawDocumentBuf, Failure> {
        self.check_reach(record, connection, session.as_deref_mut(), limit).await?;
        let known = self.known(record, connection, session.as_deref_mut(), limit).await?;
        let written = match self.write_known(record, known, connection, session, limit).await {
            Ok(Some(kept)) => return Ok(kept),
            Ok(None) => Error::internal("the database did not say what it keeps of a record").into(),
            Err(failure) => failure,
        };
        Err(written.of_documents(std::slice::from_ref(&record.document), self.domain))
    }

    /// The filter of the existing record, which finds no other record with the same shown key; `None` if the key alone
    /// identifies it.
    async fn known(
        &self,
        record: &Record,
        connection: &Connection,
        session: Option<&mut ClientSession>,
        limit: Duration,
    ) -> std::result::Result<Option<Document>, Failure> {
        if !record.may_be_shared {
            return Ok(None);
        }
        let place = (self.domain, self.collection);
        let id = sole::id(place, &record.by_key, connection, session, limit).await?;
        Ok(id.map(|id| doc! { "$and": [record.by_key.clone(), { "_id": { "$eq": id } }] }))
    }

    async fn write_known(
        &self,
        record: &Record,
        known: Option<Document>,
        connection: &Connection,
        mut session: Option<&mut ClientSession>,
        limit: Duration,
    ) -> std::result::Result<Option<RawDocumentBuf>, Failure> {
        let filter = known.as_ref().unwrap_or(&record.by_key);
        let first = update::first(self.domain, filter, &record.change);
        if self.is_uncounted.load(Ordering::Relaxed)
            && let Some(first) = &first
            && let Some(kept) =
                self.change(first.clone(), false, connection, session.as_deref_mut(), limit).await?
        {
            return Ok(Some(kept));
        }
        let is_transaction = session.is_some();
        let changed = async {
            if let Some(known) = known {
                let plain = (known, record.change.clone());
                let kept = self.change(plain, false, connection, session.as_deref_mut(), limit).await?;
                // It may have been deleted meanwhile.
                if kept.is_some() {
                    return Ok(kept);
                }
            }
            let plain = (record.by_key.clone(), record.change.clone());
            self.change(plain, true, connection, session, limit).await
        };
        match (changed.await, first) {
            // MongoDB cannot increment a null, or a value that is not a number. This ends a transaction.
            (Err(error), Some(first))
                if is_mismatch(&error) && !self.is_uncounted.swap(true, Ordering::Relaxed) =>
            {
                if is_transaction {
                    return Err(Failure::Held);
                }
                let changed = self.change(first, false, connection, None, limit).await?;
                Ok(Some(changed.ok_or(error)?))
            }
            (changed, _) => Ok(changed?),
        }
    }

    /// Changes the record that a filter finds, or makes it if it may be new.
    async fn change(
        &self,
        (filter, change): (Document, Document),
        may_be_new: bool,
        connection: &Connection,
        session: Option<&mut ClientSession>,
        limit: Duration,
    ) -> mongodb::error::Result<Option<RawDocumentBuf>> {
        let collection = connection.raw(self.collection);
        let change = collection
            .find_one_and_update(filter, change)
            .upsert(may_be_new)
            .return_document(ReturnDocument::After)
            .max_time(limit);
        match session {
            Some(session) => change.session(session).await,
            None => change.await,
        }
    }
}

impl Record {
    /// `unset` are the fields that the caller does not set.
    fn new(
        domain: &'static Domain,
        values: &[Value],
        unset: &[usize],
        path: &str,
        errors: &mut Errors,
    ) -> Self {
        for &key in domain.key.iter().filter(|&&key| convert::is_between_dates(&values[key])) {
            // A shortened key would be the key of another record.
            errors.push(
                format!("{path}{}", domain.fields[key].name),
                "must be a whole number of milliseconds: MongoDB drops the rest, and the key would be that of another \
                 record",
            );
        }
        let values: Vec<Value> = values
            .iter()
            .zip(domain.fields)
            .map(|(value, field)| convert::stored(value.clone(), field))
            .collect();
        let document = insert::document(domain, &values, path, errors);
        let is_key = |field: usize| domain.key.contains(&field);
        // A change leaves what was generated, what is immutable and what the caller does not set.
        let is_left = |field: usize| {
            is_key(field)
                || unset.contains(&field)
                || domain.fields[field].immutable
                || domain.fields[field].generated.is_some()
        };
        let is_changed = |field: usize| !is_left(field) && domain.version != Some(field);
        let changed = values.iter().enumerate().filter(|(field, _)| is_changed(*field));
        // Mistakes of the values have already been reported for the whole document.
        let mut change = update::change(domain, changed, path, &mut Errors::default());
        let left = domain.fields.iter().enumerate().filter(|(field, _)| is_left(*field));
        let left: Document = left
            .filter_map(|(_, field)| Some((field.column.to_owned(), document.get(field.column)?.clone())))
            .collect();
        change.insert("$setOnInsert", left);
        let key: Vec<Value> = domain.key.iter().map(|&field| values[field].clone()).collect();
        let mut json = Vec::with_capacity(64);
        let members = domain.key.iter().zip(&key);
        write_record(&mut json, members.map(|(&field, value)| (domain.fields[field].name, value)));
        let by_key = filter::key(domain, false, &key, &mut Errors::default());
        Self { by_key, may_be_shared: filter::may_be_shared(&key), change, document, key: json }
    }
}

#[cfg(test)]
mod tests {
    use beds_core::spec::{Field, Type};
    use beds_protocol::ErrorCode;

    use super::*;
    use crate::golden::{THING, check, thing};

    #[test]
    fn a_key_between_two_dates_is_none() {
        static FIELDS: [Field; 1] = [Field::new("at", "_id", Type::DateTime)];
        static DOMAIN: Domain = Domain::new("moment", "", "0000000000000000").fields(&FIELDS).key(&[0]);
        let upsert = |moment: &str| {
            let record = vec![Value::DateTime(moment.parse().unwrap())];
            Upsert::new(&DOMAIN, "moment", (&[record], &Scope::default()), false, 10_000)
        };
        assert!(upsert("2020-01-01T00:00:00.001Z").is_ok());
        let error = upsert("2020-01-01T00:00:00.0012Z").unwrap_err();
        assert_eq!((error.code, &*error.details[0].field), (ErrorCode::ValidationFailed, "at"));
    }

    #[test]
    fn upserts() {
        let mut first = thing("first");
        first[0] = Value::ObjectId([1; 12]);
        let upsert = Upsert::new(&THING, "thing", (&[first], &Scope::default()), false, 10_000).unwrap();
        let Record { by_key, change, .. } = &upsert.records[0];
        check("upserts.txt", &format!("{by_key:?}\n    {change:?}\n"));
    }
}
