//! Whether a record that a caller writes is within the caller's reach. This is tested before the record's procedure
//! runs, in the same transaction. The record is locked if the view allows it.

use beds_core::{query::Condition, stages::statement_span, value::Value};
use sqlx::MySqlConnection;

use crate::{
    cell::bind,
    fault::{Fault, classify},
    read::Place,
    statement::{self, Statement},
};

/// The relation of a caller to a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// The record is within the caller's reach.
    Within,
    /// The record exists, beyond the caller's reach.
    Beyond,
    /// There is no such record.
    Nothing,
}

/// The relation of a caller with these row conditions to the record with this key.
pub(super) async fn reach(
    connection: &mut MySqlConnection,
    place: Place<'_>,
    key: &[Value],
    rows: &[Condition],
) -> Result<Reach, Fault> {
    let Place { domain, source, kept } = place;
    // The key is the smallest selection.
    let by_key = || statement::by_key(domain, source, kept, domain.key, key);
    if is_there(connection, place, by_key().within(rows).for_update()).await? {
        return Ok(Reach::Within);
    }
    let is_beyond = is_there(connection, place, by_key().for_update()).await?;
    Ok(if is_beyond { Reach::Beyond } else { Reach::Nothing })
}

async fn is_there(
    connection: &mut MySqlConnection,
    place: Place<'_>,
    sql: Statement<'_>,
) -> Result<bool, Fault> {
    let fault = |error| classify(&error, place.domain);
    let query = sqlx::query_with(&sql.text, bind(&sql.values).map_err(fault)?);
    let _traced = statement_span(&sql.text);
    Ok(!query.fetch_all(connection).await.map_err(fault)?.is_empty())
}
