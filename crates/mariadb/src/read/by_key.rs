//! One record by key; look-ups that wait together are one statement.
//!
//! Many concurrent look-ups cost one round trip and one execution.

use beds_core::{
    Error, Outcome,
    lookup::{Lookup, is_exact},
    query::Fields,
    spec::{Domain, mariadb::Source},
    value::Value,
};
use beds_lane::Fate;
use futures_util::TryStreamExt;
use sqlx::{MySqlConnection, mysql::MySqlRow};

use crate::{
    cell::{self, bind, write_row},
    fault::{Fault, classify},
    statement,
};

/// Looks up one record.
#[derive(Debug)]
pub(crate) struct ByKey {
    pub(super) domain: &'static Domain,
    pub(super) source: &'static Source,
    pub(super) key: Vec<Value>,
    pub(super) fields: Fields,
}

/// What a look-up gives: the record as a JSON object, or why there is none.
type Record = Result<Vec<u8>, Error>;

impl ByKey {
    /// Look-ups of whole records in the same view, by a key of one field, share a statement.
    pub(crate) fn group(&self) -> Option<usize> {
        match (self.key.as_slice(), &self.fields) {
            ([_], Fields::All) => Some(std::ptr::from_ref(self.source).addr()),
            _ => None,
        }
    }

    pub(crate) async fn run(&self, connection: &mut MySqlConnection) -> Result<Outcome, Fault> {
        let columns = self.fields.indices(self.domain);
        let record = find(connection, self.domain, self.source, &columns, &self.key).await?;
        record.map(Outcome::data).map_err(Fault::Refused)
    }

    /// Runs look-ups of one group; each succeeds or fails by itself.
    pub(crate) async fn run_group(
        jobs: &[&Self],
        connection: &mut MySqlConnection,
    ) -> Result<Vec<Fate<Outcome>>, Fault> {
        let Some(Self { domain, source, .. }) = jobs.first().copied() else { return Ok(Vec::new()) };
        let &[field] = domain.key else { return Ok(jobs.iter().map(|_| Fate::Alone).collect()) };
        let keys: Vec<&Value> = jobs.iter().filter_map(|job| job.key.first()).collect();
        let records =
            find_all(connection, domain, source, field, &keys).await.map_err(|fault| match fault {
                // It may be the doing of one of them: they run again one by one, on another connection.
                Fault::Abandoned(error) => Fault::Lost(error.message),
                other => other,
            })?;
        let fate = |record: Option<Record>| match record {
            Some(Ok(json)) => Fate::Done(Outcome::data(json)),
            Some(Err(error)) => Fate::Refused(error),
            None => Fate::Refused(Error::not_found(domain)),
        };
        Ok(records.into_iter().map(fate).collect())
    }
}

/// The record with this key.
async fn find(
    connection: &mut MySqlConnection,
    domain: &'static Domain,
    source: &'static Source,
    columns: &[usize],
    key: &[Value],
) -> Result<Record, Fault> {
    let fault = |error| classify(&error, domain);
    let sql = statement::by_key(domain, source, columns, key);
    let query = sqlx::query_with(&sql.text, bind(&sql.values).map_err(fault)?);
    match query.fetch_optional(connection).await.map_err(fault)? {
        Some(row) => record(&row, domain, columns),
        None => Ok(Err(Error::not_found(domain))),
    }
}

/// The records with these keys, of one field, in their order.
async fn find_all(
    connection: &mut MySqlConnection,
    domain: &'static Domain,
    source: &'static Source,
    field: usize,
    keys: &[&Value],
) -> Result<Vec<Option<Record>>, Fault> {
    let columns: Vec<usize> = (0..domain.fields.len()).collect();
    let ty = &domain.fields[field].ty;
    let mut lookup = Lookup::new(keys);
    let mut is_complete = is_exact(ty);
    let fault = |error| classify(&error, domain);
    {
        let sql = statement::by_keys(domain, source, &columns, field, lookup.keys());
        let query = sqlx::query_with(&sql.text, bind(&sql.values).map_err(fault)?);
        let mut rows = query.fetch(&mut *connection);
        while let Some(row) = rows.try_next().await.map_err(fault)? {
            let Ok(key) = cell::read(&row, field, ty) else {
                is_complete = false;
                continue;
            };
            lookup.answer(&key, &record(&row, domain, &columns)?);
        }
    }
    if !is_complete {
        for key in lookup.unanswered() {
            let record = find(connection, domain, source, &columns, std::slice::from_ref(key)).await;
            lookup.answer(key, &own(record)?);
        }
    }
    Ok(lookup.finish())
}

/// A refusal of one key is no fault of those that were asked for with it.
fn own(record: Result<Record, Fault>) -> Result<Record, Fault> {
    match record {
        Err(Fault::Refused(error)) => Ok(Err(error)),
        other => other,
    }
}

/// The record of a row. A cell that is not of its type spoils its own record, and leaves the connection in step.
fn record(row: &MySqlRow, domain: &Domain, columns: &[usize]) -> Result<Record, Fault> {
    let mut json = Vec::with_capacity(256);
    match write_row(row, domain, columns.iter().copied(), &mut json) {
        Ok(()) => Ok(Ok(json)),
        Err(error) => match classify(&error, domain) {
            Fault::Refused(error) | Fault::Abandoned(error) => Ok(Err(error)),
            fault @ (Fault::Deadlock | Fault::Lost(_)) => Err(fault),
        },
    }
}
