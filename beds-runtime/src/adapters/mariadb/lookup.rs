//! Records by key: one, or many by one statement.
//!
//! Many concurrent lookups cost one round trip and one execution. The rows are given to their requesters by the
//! key in each row; where equality in the database is wider than equality of text (a collation that ignores
//! case, decimals of another scale), a key that found no row of its own is asked for by itself.

use std::collections::HashMap;

use futures_util::TryStreamExt;
use sqlx::{MySqlConnection, mysql::MySqlRow};

use super::{
    cell::{self, bind},
    fault::{Fault, classify},
    read::write_row,
    spec::Source,
};
use crate::{
    spec::{Domain, Type},
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

/// The records with these keys, of one field, in their order.
pub(super) async fn many(
    connection: &mut MySqlConnection,
    domain: &'static Domain,
    source: &'static Source,
    keys: &[&Value],
) -> Result<Vec<Option<Vec<u8>>>, Fault> {
    let &[field] = domain.key else { return Err(Fault::Refused(no_single_key())) };
    let ty = &domain.fields[field].ty;
    // One key may be asked for by several requesters.
    let mut places: HashMap<Vec<u8>, Vec<usize>> = HashMap::with_capacity(keys.len());
    let mut distinct = Vec::with_capacity(keys.len());
    for (place, key) in keys.iter().enumerate() {
        let places = places.entry(json(key)).or_default();
        if places.is_empty() {
            distinct.push(*key);
        }
        places.push(place);
    }
    let mut records = vec![None; keys.len()];
    let fault = |error| classify(&error, domain);
    {
        let (text, filler) = statement(source, distinct.len());
        let last = distinct.last().copied().into_iter().cycle().take(filler);
        let values = distinct.iter().copied().chain(last);
        let query = sqlx::query_with(&text, bind(values).map_err(fault)?);
        let mut rows = query.fetch(&mut *connection);
        while let Some(row) = rows.try_next().await.map_err(fault)? {
            let key = cell::read(&row, field, ty).map_err(fault)?;
            let Some(places) = places.remove(&json(&key)) else { continue };
            let record = record(&row, domain).map_err(fault)?;
            for place in places {
                records[place] = Some(record.clone());
            }
        }
    }
    if !is_exact(ty) {
        for places in places.into_values() {
            let record = one(connection, domain, source, std::slice::from_ref(keys[places[0]])).await?;
            for place in places {
                records[place].clone_from(&record);
            }
        }
    }
    Ok(records)
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

/// Whether two values of the type are equal in the database only when their wire forms are.
const fn is_exact(ty: &Type) -> bool {
    matches!(
        ty,
        Type::Bool
            | Type::Int { .. }
            | Type::UInt { .. }
            | Type::Uuid
            | Type::Date
            | Type::Time
            | Type::DateTime
    )
}

fn json(value: &Value) -> Vec<u8> {
    let mut json = Vec::with_capacity(40);
    value.write_json(&mut json);
    json
}

fn record(row: &MySqlRow, domain: &Domain) -> Result<Vec<u8>, sqlx::Error> {
    let mut json = Vec::with_capacity(256);
    write_row(row, domain, 0..domain.fields.len(), &mut json)?;
    Ok(json)
}

fn no_single_key() -> crate::error::Error {
    crate::error::Error::internal("only a key of one field can be looked up with others")
}
