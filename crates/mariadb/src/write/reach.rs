//! Whether a caller reaches a record that it writes: before its procedure runs, in the same transaction, with the record
//! locked where a view can be.

use beds_core::{query::Condition, stages::statement_span, value::Value};
use sqlx::MySqlConnection;

use crate::{
    cell::bind,
    fault::{Fault, classify},
    read::Place,
    statement::{self, Statement},
};

/// How a caller stands to a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// It reaches it.
    Within,
    /// The record is there, and not within its reach.
    Beyond,
    /// There is no such record.
    Nothing,
}

/// How the caller who reaches these rows stands to the record with this key.
pub(super) async fn reach(
    connection: &mut MySqlConnection,
    place: Place<'_>,
    key: &[Value],
    rows: &[Condition],
) -> Result<Reach, Fault> {
    let Place { domain, source, kept } = place;
    // The key is the least that there is to select.
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
