//! A ledger that does not distinguish claims as the node does: what is wrong with it, once a claim has failed.

use beds_core::{Error, ledger as core, spec::Domain};
use beds_protocol::{
    shown,
    tables::{LEDGER, TEXT_COLLATION},
};
use sqlx::{Executor as _, MySqlConnection, Row as _, mysql::MySqlRow};

/// The unique indexes: name, columns, whether one of the columns is kept in part.
const KEYS: &str = "select index_name, group_concat(column_name order by seq_in_index separator ', '), \
    cast(max(sub_part is not null) as char) from information_schema.statistics where table_schema = database() \
    and table_name = 'beds_ledger' and non_unique = 0 group by index_name";

/// The text columns of the key, with their collations.
const TEXTS: &str = "select column_name, collation_name from information_schema.columns where table_schema = database() \
    and table_name = 'beds_ledger' and column_name in ('user', 'message_id') and collation_name is not null";

/// The triggers that a write to the table runs.
const TRIGGERS: &str = "select trigger_name from information_schema.triggers where event_object_schema = database() \
    and event_object_table = 'beds_ledger'";

/// What is wrong with a ledger that refuses a claim, though it has no equal one; `None` if nothing is wrong: the holder
/// of the equal claim has rolled it back meanwhile. A trigger is wrong only if the ledger refuses the claim to the
/// `last` try: it may do no harm.
pub(super) async fn refuses(
    connection: &mut MySqlConnection,
    domain: &Domain,
    is_last: bool,
) -> Option<Error> {
    let keys = connection.fetch_all(KEYS).await.ok()?;
    let texts = connection.fetch_all(TEXTS).await.ok()?;
    let mut how = keys.iter().find_map(key).or_else(|| texts.iter().find_map(text));
    if how.is_none() && is_last {
        how = trigger(connection).await;
    }
    Some(amiss(domain, &how?))
}

/// What a trigger of the ledger may do.
async fn trigger(connection: &mut MySqlConnection) -> Option<String> {
    let triggers = connection.fetch_all(TRIGGERS).await.unwrap_or_default();
    let name = triggers.first()?.try_get_unchecked::<&str, _>(0).ok()?.to_owned();
    Some(format!("its trigger {} keeps replies from finding the claims that were made before", shown(&name)))
}

/// Why the row of a claim is missing at the end of its own transaction.
pub(super) async fn lost(connection: &mut MySqlConnection, domain: &Domain) -> Error {
    let Ok(keys) = connection.fetch_all(KEYS).await else { return keyless(domain) };
    if !keys.iter().any(|row| key(row).is_none()) {
        return keyless(domain);
    }
    if let Some(how) = trigger(connection).await {
        return amiss(domain, &how);
    }
    let (database, template) = (domain.database, domain.name);
    tracing::error!(
        database,
        template,
        "a row of `beds_ledger` is gone before the commit: most likely an object rolled back the node's transaction; \
         the write is refused"
    );
    core::rolled_back(domain)
}

/// What is wrong with a unique index; `None` for the index that the ledger should have.
fn key(row: &MySqlRow) -> Option<String> {
    let text = |index| row.try_get_unchecked::<&str, _>(index).unwrap_or_default();
    let (name, columns, is_in_part) = (text(0), text(1), text(2) == "1");
    let mut sorted: Vec<_> = columns.split(", ").collect();
    let mut wanted: Vec<_> = LEDGER.key_columns().collect();
    sorted.sort_unstable();
    wanted.sort_unstable();
    let is_ours = sorted.len() == wanted.len()
        && sorted.iter().zip(&wanted).all(|(found, wanted)| found.eq_ignore_ascii_case(wanted));
    let columns = shown(columns);
    match (is_ours, is_in_part) {
        (true, false) => None,
        (true, true) => Some(format!("its unique index {} covers only the beginnings of texts", shown(name))),
        (false, _) if name == "PRIMARY" => Some(format!(
            "its primary key is over {columns}, which refuses the claims of other writes; it must be over `{}`",
            LEDGER.key_columns().collect::<Vec<_>>().join(", ")
        )),
        (false, _) => Some(format!(
            "its unique index {} over {columns} refuses the claims of other writes",
            shown(name)
        )),
    }
}

/// What is wrong with a text column of the key.
fn text(row: &MySqlRow) -> Option<String> {
    let text = |index| row.try_get_unchecked::<&str, _>(index).unwrap_or_default();
    let (name, collation) = (text(0), text(1));
    (collation != TEXT_COLLATION).then(|| {
        format!(
            "its column {} compares by {}, which treats different texts as equal; it must compare by \
             `{TEXT_COLLATION}`",
            shown(name),
            shown(collation)
        )
    })
}

/// A ledger that is not as the node needs it.
fn amiss(domain: &Domain, how: &str) -> Error {
    let database = domain.database;
    tracing::error!(database, "the ledger `beds_ledger` is not as the node needs it: {how}");
    core::amiss(LEDGER.name, database, how)
}

/// A ledger that has lost its key.
fn keyless(domain: &Domain) -> Error {
    let database = domain.database;
    tracing::error!(
        database,
        "the table `beds_ledger` has lost its key: no write with a message_id can be done"
    );
    core::keyless(database)
}
