//! Events: rows in the transaction of the write, written after its objects ran.
//!
//! So the number of a row is taken while the changed record is locked, and of two changes of one record the later has the
//! greater. The table belongs to the DBA and stands in the domain's own database; `bedsc ddl --ledger` writes it.

use beds_core::{Error, event::Event, spec::Domain, stages::statement_span};
use beds_protocol::tables::EVENTS;
use sqlx::{Arguments as _, Executor as _, MySqlConnection, mysql::MySqlArguments};

use crate::{
    fault::{DENIED, Fault, NO_TABLE, classify, number, of_own, renew_rights},
    statement::runs,
};

/// Stores events, in this order.
pub(super) async fn store(
    connection: &mut MySqlConnection,
    events: &[Event],
    domain: &Domain,
) -> Result<(), Fault> {
    for events in runs(events, 7) {
        insert(connection, events, domain).await?;
    }
    Ok(())
}

async fn insert(connection: &mut MySqlConnection, events: &[Event], domain: &Domain) -> Result<(), Fault> {
    let rows = vec!["(?, ?, ?, ?, ?, ?, ?)"; events.len()].join(", ");
    let sql = format!(
        "insert into `beds_events` (`id`, `routing_key`, `subject`, `template_hash`, `traceparent`, `at`, `body`) \
         values {rows}"
    );
    let mut arguments = MySqlArguments::default();
    for Event { id, routing_key, subject, template_hash, traceparent, at, body } in events {
        let added = arguments
            .add(id.to_string())
            .and_then(|()| arguments.add(routing_key))
            .and_then(|()| arguments.add(subject))
            .and_then(|()| arguments.add(template_hash))
            .and_then(|()| arguments.add(traceparent))
            .and_then(|()| arguments.add(at.to_primitive()))
            .and_then(|()| arguments.add(body));
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
            Some(NO_TABLE) => Fault::Refused(no_outbox(domain)),
            _ => of_own(&error, &EVENTS, domain),
        }),
    }
}

fn no_outbox(domain: &Domain) -> Error {
    let (database, template) = (domain.database, domain.name);
    tracing::error!(
        database,
        template,
        "the table `beds_events` is missing: no write with events can be done"
    );
    Error::internal(format!("the database `{database}` has no table for events, so a write cannot be done"))
        .hint("the DBA creates the table that `bedsc ddl --ledger` prints")
}
