//! Errors of the node's own tables. A right that the DBA has revoked is not the same as a missing table.

use beds_core::{Error, spec::Domain, stages::statement_span};
use beds_protocol::{Engine, ErrorCode, shown, tables::Table};
use sqlx::{Executor as _, MySqlConnection, Row as _, mysql::MySqlArguments};

use super::{DENIED, Fault, NO_TABLE, classify, number};

/// The error of a user who may use some columns of a table, but not this one.
const COLUMN_DENIED: u16 = 1143;

/// The error of a statement that names a missing column.
const NO_COLUMN: u16 = 1054;

/// The error of a column that must have a value, and gets none.
const NO_DEFAULT: u16 = 1364;

/// The errors of a statement that writes into a view which takes no rows, and of a statement that uses a view whose
/// tables are gone.
const NOT_UPDATABLE: u16 = 1288;
const NOT_INSERTABLE: u16 = 1471;
const BROKEN_VIEW: u16 = 1356;

/// Inserts into one of the node's own tables, without which a write is not done. `kept` names its purpose, `such` the
/// writes that need it.
pub(crate) async fn insert_own(
    connection: &mut MySqlConnection,
    (sql, arguments): (&str, MySqlArguments),
    (table, kept, such): (&Table, &str, &str),
    domain: &Domain,
) -> Result<(), Fault> {
    let _traced = statement_span(sql);
    let Err(error) = connection.execute(sqlx::query_with(sql, arguments)).await else { return Ok(()) };
    if number(&error) == Some(DENIED) {
        // For the next attempt.
        renew_rights(connection).await;
    }
    if number(&error) != Some(NO_TABLE) {
        return Err(of_own(&error, table, domain));
    }
    let (name, database, template) = (table.name, domain.database, domain.name);
    tracing::error!(database, template, "the table `{name}` is missing: no write {such} can be done");
    let message = format!("the database `{database}` has no table for {kept}, so a write cannot be done");
    let hint = "the DBA creates the table that `bedsc ddl --ledger` prints";
    Err(Fault::Refused(Error::internal(message).hint(hint)))
}

/// Classifies an error of a statement on one of the node's own tables.
pub(crate) fn of_own(error: &sqlx::Error, table: &Table, domain: &Domain) -> Fault {
    match number(error) {
        Some(DENIED | COLUMN_DENIED) => denied(error, table, domain),
        Some(NO_COLUMN) => otherwise(error, table, domain, |column| {
            format!("has no column {column}: it was renamed or dropped, or the table is of an older version")
        }),
        Some(NO_DEFAULT) => otherwise(error, table, domain, |column| {
            format!("has a column {column} that the node does not write, and that has no default")
        }),
        Some(NOT_UPDATABLE | NOT_INSERTABLE | BROKEN_VIEW) => otherwise(error, table, domain, |_| {
            "cannot be written into: it is a view, and must be a table".to_owned()
        }),
        _ => match classify(error, domain) {
            // The client has no part in what the node writes there.
            Fault::Refused(refused) if refused.code == ErrorCode::RejectedByDatabase => {
                let (name, database) = (table.name, domain.database);
                tracing::error!(
                    database,
                    "the node's own table `{name}` does not take its rows: {}",
                    refused.message
                );
                let message = format!(
                    "the table `{name}` of the database `{database}` is not as the node needs it, so a write cannot be done"
                );
                Fault::Refused(Error::internal(message).hint(
                    "the DBA compares the table with the one that `bedsc ddl --ledger` prints; `beds verify` lists \
                     the differences",
                ))
            }
            fault => fault,
        },
    }
}

/// A column of one of the node's own tables is not as the node needs it.
fn otherwise(error: &sqlx::Error, table: &Table, domain: &Domain, how: fn(String) -> String) -> Fault {
    let (name, database) = (table.name, domain.database);
    let said = error.as_database_error().map_or("", sqlx::error::DatabaseError::message);
    // The server quotes the column first, with or without its table.
    let column = said.split('\'').nth(1).unwrap_or_default();
    let how = how(shown(column.rsplit('.').next().unwrap_or(column)));
    tracing::error!(database, "the node's own table `{name}` {how}: {said}");
    Fault::Refused(
        Error::internal(format!(
            "the table `{name}` of the database `{database}` {how}, so a write cannot be done"
        ))
        .hint(
            "the DBA changes the table to match what `bedsc ddl --ledger` prints; `beds verify` lists all differences",
        ),
    )
}

/// The node's user lacks a right on one of its own tables.
pub(crate) fn denied(error: &sqlx::Error, table: &Table, domain: &Domain) -> Fault {
    let (name, database) = (table.name, domain.database);
    let said = error.as_database_error().map_or("", sqlx::error::DatabaseError::message);
    tracing::error!(database, "the node's user lacks a right on its own table `{name}`: {said}");
    // The server's message begins with the right.
    let right = said.split_once(" command denied").map_or("all of its rights", |(right, _)| right);
    let rights: Vec<_> = table.rights.iter().map(|right| right.of(Engine::MariaDb).to_lowercase()).collect();
    Fault::Refused(
        Error::internal(format!(
            "the node's user lacks a right on the table `{name}` of the database `{database}`, so a write \
             cannot be done: {right}"
        ))
        .hint(format!(
            "the DBA grants it, as `bedsc grants` writes it: grant {} on `{name}` to the node's user; where there is no \
             such table, `bedsc ddl --ledger` prints it",
            rights.join(", ")
        )),
    )
}

/// Makes the server look again at the user's rights on the whole database: a connection keeps the rights it began with.
/// True if that could change an answer.
pub(crate) async fn renew_rights(connection: &mut MySqlConnection) -> bool {
    let name = connection.fetch_one("select concat('`', replace(database(), '`', '``'), '`')").await;
    let Ok(name) = name.and_then(|row| row.try_get_unchecked::<String, _>(0)) else { return false };
    connection.execute(sqlx::raw_sql(&format!("use {name}"))).await.is_ok()
}

/// The first of these tables of the node's own whose engine has no transactions, as far as the user can see.
pub(crate) async fn without_transactions(
    connection: &mut MySqlConnection,
    own: &[&'static Table],
) -> Option<&'static str> {
    for table in own {
        if is_without_transactions(connection, table.name).await? {
            return Some(table.name);
        }
    }
    None
}

/// Whether the engine of a table has no transactions; `None` if the server does not say.
pub(crate) async fn is_without_transactions(connection: &mut MySqlConnection, table: &str) -> Option<bool> {
    let sql = "select count(*) from information_schema.tables join information_schema.engines using (engine) \
        where table_schema = database() and table_name = ? and transactions <> 'YES'";
    let row = connection.fetch_one(sqlx::query(sql).bind(table)).await.ok()?;
    Some(row.try_get_unchecked::<i64, _>(0).ok()? > 0)
}

/// Whether one of the node's own tables exists, as far as the user can see.
pub(crate) async fn is_seen(connection: &mut MySqlConnection, table: &Table) -> bool {
    let sql =
        "select count(*) from information_schema.tables where table_schema = database() and table_name = ?";
    let row = connection.fetch_one(sqlx::query(sql).bind(table.name)).await;
    row.and_then(|row| row.try_get_unchecked::<i64, _>(0)).is_ok_and(|count| count > 0)
}
