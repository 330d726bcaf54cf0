//! One record by key; look-ups that wait together are one statement.
//!
//! Many concurrent look-ups cost one round trip and one execution.

use std::sync::Arc;

use beds_core::{
    Error, Outcome,
    lookup::{Found, Lookup, is_exact},
    query::{Condition, Fields},
    spec::{Domain, mariadb::Source},
    stages::statement_span,
    unnamed::{Members, Unnamed},
    value::Value,
};
use beds_lane::Fate;
use futures_util::TryStreamExt;
use sqlx::{MySqlConnection, mysql::MySqlRow};

use crate::{
    cell::{self, Reply, bind},
    columns::{Column, Columns},
    fault::{Fault, classify},
    statement,
};

/// Looks up one record.
#[derive(Debug, Clone)]
pub(crate) struct ByKey {
    pub(super) domain: &'static Domain,
    pub(super) source: &'static Source,
    pub(super) key: Vec<Value>,
    pub(super) fields: Fields,
    /// Conditions that must hold for the record.
    pub(super) rows: Vec<Condition>,
    /// Whether the read reports the members that the template does not name.
    pub(super) carried: bool,
    pub(super) known: Arc<Columns>,
}

/// The result of a look-up: the record, or why there is none.
pub(crate) type Record = Result<Shown, Error>;

/// A record as it is shown.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shown {
    /// A JSON object.
    pub(crate) json: Vec<u8>,
    /// Which of its values cannot be shown.
    pub(crate) unshown: Option<String>,
    /// The record's members that the template does not name.
    pub(crate) unnamed: Members,
}

impl From<Shown> for Outcome {
    fn from(Shown { json, unshown, .. }: Shown) -> Self {
        Self { unshown, ..Self::data(json) }
    }
}

/// Where records are looked up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) domain: &'static Domain,
    pub(crate) source: &'static Source,
    pub(crate) kept: &'a [Column],
}

impl ByKey {
    /// Look-ups of whole records in the same view, by a key of one field, share a statement. A look-up with row
    /// conditions of its caller does not: its answer is not for another caller.
    pub(crate) fn group(&self) -> Option<usize> {
        match (self.key.as_slice(), &self.fields) {
            ([_], Fields::All) if self.rows.is_empty() && !self.carried => {
                Some(std::ptr::from_ref(self.source).addr())
            }
            _ => None,
        }
    }

    pub(crate) async fn run(&self, connection: &mut MySqlConnection) -> Result<Outcome, Fault> {
        let columns = self.fields.indices(self.domain);
        let kept = self.known.of(connection, self.domain, self.source).await?;
        let place = Place { domain: self.domain, source: self.source, kept: &kept };
        let record = find_within(connection, place, &columns, &self.key, &self.rows).await?;
        let outcome = |record: Shown| {
            let members = if self.carried { record.unnamed.clone() } else { Members::default() };
            let unnamed = Unnamed::of(self.domain, &record.json, members);
            Outcome { unnamed: unnamed.into_iter().collect(), ..record.into() }
        };
        record.map(outcome).map_err(Fault::Refused)
    }

    /// Runs look-ups of one group; each succeeds or fails by itself.
    pub(crate) async fn run_group(
        jobs: &[&Self],
        connection: &mut MySqlConnection,
    ) -> Result<Vec<Fate<Found>>, Fault> {
        let Some(Self { domain, source, known, .. }) = jobs.first().copied() else { return Ok(Vec::new()) };
        let keys: Vec<&Value> = jobs.iter().filter_map(|job| job.key.first()).collect();
        let found =
            find_each(connection, domain, source, known, &keys).await.map_err(|fault| match fault {
                // One of them may have caused it, so they run again one by one, on another connection.
                Fault::Abandoned(error) => Fault::Lost(error.message),
                other => other,
            })?;
        let fate = |found: Result<Outcome, Error>| match found {
            Ok(outcome) => Fate::Done(Found::One(outcome)),
            Err(error) => Fate::Refused(error),
        };
        Ok(found.into_iter().map(fate).collect())
    }
}

/// Looks up several whole records, by a key of one field.
#[derive(Debug, Clone)]
pub(crate) struct ByKeys {
    pub(super) domain: &'static Domain,
    pub(super) source: &'static Source,
    pub(super) keys: Vec<Value>,
    pub(super) known: Arc<Columns>,
}

impl ByKeys {
    pub(crate) async fn run(
        &self,
        connection: &mut MySqlConnection,
    ) -> Result<Vec<Result<Outcome, Error>>, Fault> {
        let keys: Vec<&Value> = self.keys.iter().collect();
        find_each(connection, self.domain, self.source, &self.known, &keys).await
    }
}

/// The whole records with these keys of one field, in their order. Each is found or not by itself.
async fn find_each(
    connection: &mut MySqlConnection,
    domain: &'static Domain,
    source: &'static Source,
    known: &Columns,
    keys: &[&Value],
) -> Result<Vec<Result<Outcome, Error>>, Fault> {
    let &[field] = domain.key else {
        return Err(Fault::Refused(Error::internal("only a key of one field is looked up with others")));
    };
    let kept = known.of(connection, domain, source).await?;
    let records = find_all(connection, Place { domain, source, kept: &kept }, field, keys).await?;
    let outcome = |record: Option<Record>| match record {
        Some(record) => record.map(Outcome::from),
        None => Err(Error::not_found(domain)),
    };
    Ok(records.into_iter().map(outcome).collect())
}

/// The record with this key.
pub(crate) async fn find(
    connection: &mut MySqlConnection,
    place: Place<'_>,
    columns: &[usize],
    key: &[Value],
) -> Result<Record, Fault> {
    find_within(connection, place, columns, key, &[]).await
}

/// The record with this key, if these conditions hold for it.
async fn find_within(
    connection: &mut MySqlConnection,
    place: Place<'_>,
    columns: &[usize],
    key: &[Value],
    rows: &[Condition],
) -> Result<Record, Fault> {
    let Place { domain, source, kept } = place;
    let fault = |error| classify(&error, domain);
    let sql = statement::shown_by_key(domain, source, kept, columns, key).within(rows);
    let query = sqlx::query_with(&sql.text, bind(&sql.values).map_err(fault)?);
    let _traced = statement_span(&sql.text);
    match query.fetch_optional(connection).await.map_err(fault)? {
        Some(row) => record(&row, domain, columns).map(Ok),
        None => Ok(Err(Error::not_found(domain))),
    }
}

/// The whole records with these keys of one field, in their order.
pub(crate) async fn find_all(
    connection: &mut MySqlConnection,
    place: Place<'_>,
    field: usize,
    keys: &[&Value],
) -> Result<Vec<Option<Record>>, Fault> {
    let columns: Vec<usize> = (0..place.domain.fields.len()).collect();
    find_parts(connection, place, &columns, field, keys).await
}

/// These fields, the key among them, of the records with these keys.
pub(crate) async fn find_parts(
    connection: &mut MySqlConnection,
    place: Place<'_>,
    columns: &[usize],
    field: usize,
    keys: &[&Value],
) -> Result<Vec<Option<Record>>, Fault> {
    let Place { domain, source, kept } = place;
    let at = columns.iter().position(|&column| column == field).unwrap_or_default();
    let ty = &domain.fields[field].ty;
    let mut lookup = Lookup::new(keys);
    let fault = |error| classify(&error, domain);
    {
        let sql = statement::by_keys(domain, source, kept, columns, field, lookup.keys());
        let query = sqlx::query_with(&sql.text, bind(&sql.values).map_err(fault)?);
        let _traced = statement_span(&sql.text);
        let mut rows = query.fetch(&mut *connection);
        while let Some(row) = rows.try_next().await.map_err(fault)? {
            // Nobody can ask for a key that cannot be shown.
            if let Some(key) = cell::read(&row, at, ty).map_err(fault)? {
                lookup.answer(&key, &Ok(record(&row, domain, columns)?));
            }
        }
    }
    if !is_exact(ty) {
        for key in lookup.unanswered() {
            let record = find(connection, place, columns, std::slice::from_ref(key)).await;
            lookup.answer(key, &own(record)?);
        }
    }
    Ok(lookup.finish())
}

/// The refusal of one key must not affect the other keys of the statement.
fn own(record: Result<Record, Fault>) -> Result<Record, Fault> {
    match record {
        Err(Fault::Refused(error)) => Ok(Err(error)),
        other => other,
    }
}

/// The record of a row.
fn record(row: &MySqlRow, domain: &'static Domain, columns: &[usize]) -> Result<Shown, Fault> {
    let mut reply = Reply::sized(256);
    let fields = columns.iter().map(|&field| &domain.fields[field]);
    reply.record(row, fields, &"data").map_err(|error| classify(&error, domain))?;
    let unnamed = reply.unshown.take_unnamed();
    Ok(Shown { json: reply.json, unshown: reply.unshown.into_note(), unnamed })
}
