//! Entries of the audit: rows in the transaction of the write. Nothing here reads or changes one.
//!
//! The table belongs to the DBA and stands in the domain's own database; `bedsc ddl --ledger` writes it.

use beds_core::{audit::Entry, plan::Author, spec::Domain};
use beds_protocol::tables::AUDIT;
use sqlx::{Arguments as _, MySqlConnection, mysql::MySqlArguments};

use super::ledger::rows;
use crate::{
    fault::{Fault, classify, insert_own},
    statement::runs,
};

/// How many columns a row has.
const COLUMNS: usize = 11;

/// Stores entries, in this order.
pub(super) async fn store(
    connection: &mut MySqlConnection,
    entries: &[Entry],
    domain: &Domain,
) -> Result<(), Fault> {
    for entries in runs(entries, COLUMNS) {
        insert(connection, entries, domain).await?;
    }
    Ok(())
}

async fn insert(connection: &mut MySqlConnection, entries: &[Entry], domain: &Domain) -> Result<(), Fault> {
    let values = rows("(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", entries.len());
    let sql = format!(
        "insert into `beds_audit` (`id`, `at`, `user`, `amqp_user`, `session`, `template`, `operation`, `record`, \
         `version`, `request_id`, `message_id`) values {values}"
    );
    let nobody = Author::default();
    let mut arguments = MySqlArguments::default();
    for Entry { id, at, author, template, operation, record, version, request_id } in entries {
        let Author { user, amqp_user, session, message_id } = author.as_deref().unwrap_or(&nobody);
        let added = arguments
            .add(id.to_string())
            .and_then(|()| arguments.add(at.to_primitive()))
            .and_then(|()| arguments.add(user))
            .and_then(|()| arguments.add(amqp_user))
            .and_then(|()| arguments.add(session))
            .and_then(|()| arguments.add(*template))
            .and_then(|()| arguments.add(operation))
            .and_then(|()| arguments.add(record))
            .and_then(|()| arguments.add(version))
            .and_then(|()| arguments.add(request_id))
            .and_then(|()| arguments.add(message_id));
        added.map_err(|error| classify(&sqlx::Error::Encode(error), domain))?;
    }
    insert_own(connection, (&sql, arguments), (&AUDIT, "the audit", "that is audited"), domain).await
}
