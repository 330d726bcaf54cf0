//! Records by key: one, or many by one statement.
//!
//! Many concurrent lookups cost one round trip and one execution.

use futures_util::TryStreamExt;
use sqlx::{MySqlConnection, mysql::MySqlRow};

use super::{
    cell::{self, bind},
    fault::{Fault, classify},
    read::write_row,
    spec::Source,
};
use crate::{
    adapters::lookup::{Lookup, is_exact},
    core,
    spec::Domain,
    value::Value,
};

/// The record with this key as a JSON object, where there is one.
pub(super) async fn one(
    connection: &mut MySqlConnection,
    domain: &'static Domain,
    source: &'static Source,
    key: &[Value],
) -> Result<Option<Vec<u8>>, Fault> {
    let fault = |error| classify(&error, domain);
    let query = sqlx::query_with(source.by_key, bind(key).map_err(fault)?);
    let row = query.fetch_optional(connection).await.map_err(fault)?;
    row.map(|row| record(&row, domain)).transpose().map_err(fault)
}

/// The records with these keys, of one field, in their order; each succeeds or fails by itself.
pub(super) async fn many(
    connection: &mut MySqlConnection,
    domain: &'static Domain,
    source: &'static Source,
    keys: &[&Value],
) -> Result<Vec<core::Result<Option<Vec<u8>>>>, Fault> {
    let &[field] = domain.key else { return Err(Fault::Refused(no_single_key())) };
    let ty = &domain.fields[field].ty;
    let mut lookup = Lookup::new(keys);
    let mut is_complete = is_exact(ty);
    let fault = |error| classify(&error, domain);
    {
        let (text, filler) = statement(source, lookup.keys().len());
        let last = lookup.keys().last().copied().into_iter().cycle().take(filler);
        let values = lookup.keys().iter().copied().chain(last);
        let query = sqlx::query_with(&text, bind(values).map_err(fault)?);
        let mut rows = query.fetch(&mut *connection);
        while let Some(row) = rows.try_next().await.map_err(fault)? {
            let Ok(key) = cell::read(&row, field, ty) else {
                is_complete = false;
                continue;
            };
            let record = record(&row, domain).map(Some).map_err(fault);
            lookup.answer(&key, &own(record)?);
        }
    }
    if !is_complete {
        for key in lookup.unanswered() {
            let record = one(connection, domain, source, std::slice::from_ref(key)).await;
            lookup.answer(key, &own(record)?);
        }
    }
    Ok(lookup.finish().into_iter().map(|answer| answer.unwrap_or(Ok(None))).collect())
}

/// A fault of one record is no fault of those that were asked for with it.
fn own<T>(record: Result<T, Fault>) -> Result<core::Result<T>, Fault> {
    match record {
        Ok(record) => Ok(Ok(record)),
        Err(Fault::Refused(error) | Fault::Abandoned(error)) => Ok(Err(error)),
        Err(fault @ (Fault::Deadlock | Fault::Lost(_))) => Err(fault),
    }
}

/// The statement for this many keys, and how many more parameters it has: the lengths are powers of two, so
/// that there are few statements to prepare.
fn statement(source: &Source, keys: usize) -> (String, usize) {
    let length = keys.next_power_of_two();
    // The compiler ends `by_key` so; a key of several fields does not come here.
    let head = source.by_key.strip_suffix("= ?").unwrap_or(source.by_key);
    let mut text = String::with_capacity(head.len() + 8 + length * 2);
    text.push_str(head);
    text.push_str("in (?");
    for _ in 1..length {
        text.push_str(",?");
    }
    text.push(')');
    (text, length - keys)
}

fn record(row: &MySqlRow, domain: &Domain) -> Result<Vec<u8>, sqlx::Error> {
    let mut json = Vec::with_capacity(256);
    write_row(row, domain, 0..domain.fields.len(), &mut json)?;
    Ok(json)
}

fn no_single_key() -> crate::error::Error {
    crate::error::Error::internal("only a key of one field can be looked up with others")
}
