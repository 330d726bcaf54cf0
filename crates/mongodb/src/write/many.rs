//! The same change, or the deletion, of every record that a filter matches: all, or none.
//!
//! The filter finds the records in the source that clients read, which may be a view. They are written in their
//! collection, by their keys. Both happen in one transaction: if another client changes a record in between, it begins
//! again.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use beds_core::{
    Error, Outcome, Result,
    plan::Matching,
    query::Order,
    spec::{Domain, mongodb::Source},
    validate::Errors,
    value::{Value, write_record},
};
use futures_util::TryStreamExt as _;
use mongodb::{
    ClientSession,
    bson::{Bson, Document, RawDocumentBuf, doc},
};

use super::{
    Applied, sole,
    update::{self, is_mismatch},
};
use crate::{
    fault::Failure,
    filter,
    server::Connection,
    shown::{Place, Shower},
};

#[derive(Debug)]
pub(crate) struct Many {
    domain: &'static Domain,
    /// The source that the filter reads.
    source: Source,
    filter: Document,
    most: u32,
    collection: &'static str,
    /// The change; `None` for a deletion.
    change: Option<Document>,
    /// The fields that the events of a change report beside key and version; `None` if nothing has to be read for them.
    told: Option<&'static [usize]>,
    /// Whether one of them was found to have a version that cannot be incremented.
    is_uncounted: AtomicBool,
}

impl Many {
    pub(crate) fn update(
        domain: &'static Domain,
        source: Source,
        collection: &'static str,
        matching: &Matching,
        changes: &[(usize, Value)],
        told: Option<&'static [usize]>,
    ) -> Result<Self> {
        let mut errors = Errors::default();
        let changes = changes.iter().map(|(field, value)| (*field, value));
        let change = update::change(domain, changes, "", &mut errors);
        let many = Self::new(domain, source, collection, matching, &mut errors);
        errors.or(Self { change: Some(change), told, ..many })
    }

    pub(crate) fn delete(
        domain: &'static Domain,
        source: Source,
        collection: &'static str,
        matching: &Matching,
    ) -> Result<Self> {
        let mut errors = Errors::default();
        let many = Self::new(domain, source, collection, matching, &mut errors);
        errors.or(many)
    }

    fn new(
        domain: &'static Domain,
        source: Source,
        collection: &'static str,
        matching: &Matching,
        errors: &mut Errors,
    ) -> Self {
        let filter = filter::filter(domain, source.is_view, &matching.filter, errors);
        Self {
            domain,
            source,
            filter,
            most: matching.most,
            collection,
            change: None,
            told: None,
            is_uncounted: AtomicBool::new(false),
        }
    }

    pub(super) async fn apply(
        &self,
        connection: &Connection,
        session: Option<&mut ClientSession>,
        limit: Duration,
    ) -> std::result::Result<Applied, Failure> {
        // It is never a statement of its own.
        let Some(session) = session else {
            return Err(Error::internal("a write by filter has no transaction").into());
        };
        let keys = self.keys(connection, session, limit).await?;
        let matched = keys.len() as u64;
        if matched > self.most.into() {
            let count = connection
                .raw(self.source.name)
                .count_documents(self.filter.clone())
                .max_time(limit)
                .session(session)
                .await?;
            return Err(Error::too_many(self.domain, count.max(matched), self.most).into());
        }
        let Some((by_keys, known)) = self.by_keys(&keys) else {
            return Ok(Applied { after: Some(b"[]".to_vec()), ..Applied::from(Outcome::count(0)) });
        };
        let collection = connection.raw(self.collection);
        let written = match &self.change {
            Some(change) => {
                if let Some(version) =
                    self.domain.version.filter(|_| self.is_uncounted.load(Ordering::Relaxed))
                {
                    let column = self.domain.fields[version].column;
                    let uncounted = doc! { "$and": [by_keys.clone(), update::not_a_version(column)] };
                    let begin = collection.update_many(uncounted, doc! { "$set": { column: 0_i64 } });
                    begin.session(&mut *session).await?;
                }
                let update = collection.update_many(by_keys.clone(), change.clone());
                update.session(&mut *session).await.map(|changed| changed.matched_count)
            }
            None => collection
                .delete_many(by_keys.clone())
                .session(&mut *session)
                .await
                .map(|deleted| deleted.deleted_count),
        };
        // This has ended the transaction, so it begins again.
        let is_first = |error: &_| is_mismatch(error) && !self.is_uncounted.swap(true, Ordering::Relaxed);
        if self.domain.version.is_some() && written.as_ref().is_err_and(is_first) {
            return Err(Failure::Held);
        }
        let written = written.map_err(|error| {
            // The details of a duplicate are the values that all records are set to.
            let set = self.change.as_ref().and_then(|change| change.get_document("$set").ok());
            Failure::from(error).of_documents(set.map_or(&[][..], std::slice::from_ref), self.domain)
        })?;
        // Another record has the key of one that matches: the transaction ends without an effect.
        if written > known {
            return Err(sole::several(self.domain).into());
        }
        let after = match self.told {
            Some(fields) => self.after(by_keys, fields, connection, session, limit).await?,
            None => self.shown(&keys, self.domain.key)?,
        };
        Ok(Applied { after: Some(after), ..Applied::from(Outcome::written(written, matched)) })
    }

    /// The records after a change: key, version and the fields that their events report.
    async fn after(
        &self,
        by_keys: Document,
        fields: &[usize],
        connection: &Connection,
        session: &mut ClientSession,
        limit: Duration,
    ) -> std::result::Result<Vec<u8>, Failure> {
        let domain = self.domain;
        let mut told: Vec<usize> = domain.key.iter().chain(&domain.version).chain(fields).copied().collect();
        told.sort_unstable();
        told.dedup();
        let order: Vec<Order> = domain.key.iter().map(|&field| Order { field, descending: false }).collect();
        let mut found = connection
            .collection::<Document>(self.collection)
            .find(by_keys)
            .projection(filter::projection(domain, &told))
            .sort(filter::sort(domain, &order))
            .max_time(limit)
            .session(&mut *session)
            .await?;
        let found: Vec<Document> = found.stream(session).try_collect().await?;
        self.shown(&found, &told)
    }

    /// These fields of records as JSON, for the events.
    fn shown(&self, records: &[Document], fields: &[usize]) -> std::result::Result<Vec<u8>, Failure> {
        let mut shower = Shower::new(self.domain);
        let mut json = vec![b'['];
        for (index, record) in records.iter().enumerate() {
            if index > 0 {
                json.push(b',');
            }
            let record = RawDocumentBuf::try_from(record).map_err(mongodb::error::Error::from)?;
            let fields = fields.iter().map(|&field| &self.domain.fields[field]);
            let parts: Vec<(&str, Value)> =
                fields.map(|field| (field.name, shower.field(&record, field, Place::DATA))).collect();
            write_record(&mut json, parts.iter().map(|(name, value)| (*name, value)));
        }
        json.push(b']');
        Ok(json)
    }

    /// The keys of the matching records, and of one more than the limit.
    async fn keys(
        &self,
        connection: &Connection,
        session: &mut ClientSession,
        limit: Duration,
    ) -> std::result::Result<Vec<Document>, Failure> {
        let domain = self.domain;
        let order: Vec<Order> = domain.key.iter().map(|&field| Order { field, descending: false }).collect();
        let mut found = connection
            .collection::<Document>(self.source.name)
            .find(self.filter.clone())
            .projection(filter::projection(domain, domain.key))
            .sort(filter::sort(domain, &order))
            .limit(i64::from(self.most) + 1)
            .max_time(limit)
            .session(&mut *session)
            .await?;
        Ok(found.stream(session).try_collect().await?)
    }

    /// The filter of the records with these keys, and their number; `None` if there is none.
    fn by_keys(&self, keys: &[Document]) -> Option<(Document, u64)> {
        let columns: Vec<&str> =
            self.domain.key.iter().map(|&field| self.domain.fields[field].column).collect();
        // A record without a key cannot be distinguished from others without one.
        let whole = keys.iter().filter_map(|key| {
            let part = |column: &&str| key.get(column).filter(|part| **part != Bson::Null).cloned();
            columns.iter().map(part).collect::<Option<Vec<Bson>>>()
        });
        let whole: Vec<Vec<Bson>> = whole.collect();
        if whole.is_empty() {
            return None;
        }
        let count = whole.len() as u64;
        if let [column] = columns.as_slice() {
            let parts: Vec<Bson> = whole.into_iter().flatten().collect();
            return Some((doc! { *column: { "$in": parts } }, count));
        }
        let one =
            |key: Vec<Bson>| columns.iter().map(|column| (*column).to_owned()).zip(key).collect::<Document>();
        Some((doc! { "$or": whole.into_iter().map(one).collect::<Vec<_>>() }, count))
    }
}
