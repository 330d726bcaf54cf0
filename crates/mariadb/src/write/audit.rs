//! Entries of the audit: rows in the transaction of the write. Nothing here reads or changes one.
//!
//! The table belongs to the DBA and stands in the domain's own database; `bedsc ddl --ledger` writes it.

use beds_core::{Error, audit::Entry, plan::Author, spec::Domain, stages::statement_span};
use beds_protocol::tables::AUDIT;
use sqlx::{Arguments as _, Executor as _, MySqlConnection, mysql::MySqlArguments};

use crate::{
    fault::{DENIED, Fault, NO_TABLE, classify, number, of_own, renew_rights},
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
    let rows = vec!["(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"; entries.len()].join(", ");
    let sql = format!(
        "insert into `beds_audit` (`id`, `at`, `user`, `amqp_user`, `session`, `template`, `operation`, `record`, \
         `version`, `request_id`, `message_id`) values {rows}"
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
    let _traced = statement_span(&sql);
    let inserted = connection.execute(sqlx::query_with(&sql, arguments)).await;
    if inserted.as_ref().err().and_then(number) == Some(DENIED) {
        // For the next one.
        renew_rights(connection).await;
    }
    match inserted {
        Ok(_) => Ok(()),
        Err(error) => Err(match number(&error) {
            Some(NO_TABLE) => Fault::Refused(no_audit(domain)),
            _ => of_own(&error, &AUDIT, domain),
        }),
    }
}

fn no_audit(domain: &Domain) -> Error {
    let (database, template) = (domain.database, domain.name);
    tracing::error!(
        database,
        template,
        "the table `beds_audit` is missing: no write that is audited can be done"
    );
    Error::internal(format!(
        "the database `{database}` has no table for the audit, so a write cannot be done"
    ))
    .hint("the DBA creates the table that `bedsc ddl --ledger` prints")
}
