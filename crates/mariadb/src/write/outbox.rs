//! Events: rows in the transaction of the write, written after its objects ran.
//!
//! So the number of a row is taken while the changed record is locked, and of two changes of one record the later gets
//! the greater number. The table belongs to the DBA and stands in the domain's own database; `bedsc ddl --ledger`
//! writes it.

use beds_core::{event::Event, spec::Domain};
use beds_protocol::tables::EVENTS;
use sqlx::{Arguments as _, MySqlConnection, mysql::MySqlArguments};

use super::ledger::rows;
use crate::{
    fault::{Fault, classify, insert_own},
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
    let values = rows("(?, ?, ?, ?, ?, ?, ?)", events.len());
    let sql = format!(
        "insert into `beds_events` (`id`, `routing_key`, `subject`, `template_hash`, `traceparent`, `at`, `body`) \
         values {values}"
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
    insert_own(connection, (&sql, arguments), (&EVENTS, "events", "with events"), domain).await
}
