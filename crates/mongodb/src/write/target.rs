//! The record of an update or a delete.

use std::time::Duration;

use beds_core::{
    Error, Result,
    query::Condition,
    spec::Domain,
    validate::Errors,
    value::{Value, write_record},
};
use mongodb::{
    ClientSession,
    bson::{Document, doc},
};

use super::sole;
use crate::{
    fault::{self, Failure},
    filter,
    server::Connection,
};

/// One record, by key and version.
#[derive(Debug)]
pub(crate) struct Target {
    pub(super) domain: &'static Domain,
    pub(super) collection: &'static str,
    key: Vec<Value>,
    pub(super) if_version: Option<i64>,
    /// The filter of its key, with the conditions that must hold for it.
    by_key: Document,
    may_be_shared: bool,
}

impl Target {
    pub(crate) fn new(
        domain: &'static Domain,
        collection: &'static str,
        (key, rows): (Vec<Value>, &[Condition]),
        if_version: Option<i64>,
    ) -> Result<Self> {
        let mut errors = Errors::default();
        let by_key = filter::key_within(domain, false, &key, rows, &mut errors);
        let may_be_shared = filter::may_be_shared(&key);
        errors.or(Self { domain, collection, key, if_version, by_key, may_be_shared })
    }

    /// The record with this key, while it is at this version.
    pub(super) fn filter(&self) -> Document {
        let by_key = self.by_key.clone();
        let Some((field, version)) = self.domain.version.zip(self.if_version) else { return by_key };
        let field = &self.domain.fields[field];
        let at_version = filter::one_value(field, false, doc! { field.column: { "$eq": version } });
        doc! { "$and": [by_key, at_version] }
    }

    /// The same for a single record: a key of several records is refused.
    pub(super) async fn sole(
        &self,
        connection: &Connection,
        session: Option<&mut ClientSession>,
        limit: Duration,
    ) -> std::result::Result<Document, Failure> {
        if !self.may_be_shared {
            return Ok(self.filter());
        }
        let place = (self.domain, self.collection);
        match sole::id(place, &self.by_key, connection, session, limit).await? {
            Some(id) => Ok(doc! { "$and": [self.filter(), { "_id": { "$eq": id } }] }),
            None => Err(Error::not_found(self.domain).into()),
        }
    }

    /// The key, as it was sent.
    pub(super) fn key(&self) -> &[Value] {
        &self.key
    }

    /// The key as a reply shows it.
    pub(super) fn key_json(&self) -> Vec<u8> {
        let mut json = Vec::with_capacity(64);
        let members = self.domain.key.iter().zip(&self.key);
        write_record(&mut json, members.map(|(&field, value)| (self.domain.fields[field].name, value)));
        json
    }

    /// Why nothing matched, and so nothing was done: the record is gone, or has another version.
    pub(super) async fn missing(
        &self,
        connection: &Connection,
        session: Option<&mut ClientSession>,
    ) -> Failure {
        let Some(expected) = self.if_version else { return Failure::Refused(Error::not_found(self.domain)) };
        let collection = connection.raw(self.collection);
        let (find, is_transaction) = (collection.find_one(self.by_key.clone()), session.is_some());
        let find = if let Some(session) = session { find.session(session) } else { find };
        Failure::Refused(match find.await {
            Ok(Some(_)) => Error::version_mismatch(self.domain, expected),
            Ok(None) => Error::not_found(self.domain),
            Err(error) if is_transaction => return Failure::Before(error),
            Err(error) => fault::from_driver(&error, self.domain, &connection.name),
        })
    }
}
