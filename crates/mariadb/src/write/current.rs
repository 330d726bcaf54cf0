//! The record as it is stored, read and locked before a procedure changes it.

use beds_core::{Error, spec::Domain, stages::statement_span, value::Value};
use beds_protocol::ErrorCode;
use sqlx::MySqlConnection;

use super::kept;
use crate::{
    cell::{self, bind},
    fault::{Fault, classify},
    read::Place,
    statement,
};

/// A record as it is stored.
pub(super) struct Current {
    /// One value a field.
    pub(super) values: Vec<Value>,
    /// The fields with a value that no parameter takes.
    pub(super) unpassable: Vec<usize>,
}

/// Reads and locks the record with this key, if there is one.
///
/// # Errors
/// `conflict` where several records have the key.
pub(super) async fn lock(
    connection: &mut MySqlConnection,
    Place { domain, source, kept }: Place<'_>,
    key: &[Value],
) -> Result<Option<Current>, Fault> {
    let fault = |error| classify(&error, domain);
    let all: Vec<usize> = (0..domain.fields.len()).collect();
    let sql = statement::stored_by_key(domain, source, kept, &all, key).for_update();
    let query = sqlx::query_with(&sql.text, bind(&sql.values).map_err(fault)?);
    let _traced = statement_span(&sql.text);
    let rows = query.fetch_all(connection).await.map_err(fault)?;
    let row = match rows.as_slice() {
        [] => return Ok(None),
        [row] => row,
        rows => return Err(Fault::Refused(several(domain, rows.len()))),
    };
    let (mut values, mut unpassable) = (Vec::with_capacity(all.len()), Vec::new());
    for (index, field) in domain.fields.iter().enumerate() {
        values.push(cell::read_to_keep(row, index, &field.ty).map_err(fault)?);
        if kept::is_unpassable(row, index, kept.get(index)).map_err(fault)? {
            unpassable.push(index);
        }
    }
    Ok(Some(Current { values, unpassable }))
}

/// What a key is answered with that more than one record has.
fn several(domain: &Domain, count: usize) -> Error {
    let message = format!("{count} records of `{}` have this key", domain.name);
    Error::new(ErrorCode::Conflict, message)
        .hint("a column of the key holds values that the field cannot tell apart: the DBA compares the template with \
             the table")
}
