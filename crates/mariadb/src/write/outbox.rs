//! Events: rows in the transaction of the write, written after its objects ran.
//!
//! So the number of a row is taken while the changed record is locked, and of two changes of one record the later has the
//! greater. The table belongs to the DBA and stands in the domain's own database; `bedsc ddl --ledger` writes it.

use beds_core::{Error, Outcome, event::Event, plan, spec::Domain};
use sqlx::{Arguments as _, Executor as _, MySqlConnection, mysql::MySqlArguments};

use super::{Write, kept};
use crate::{
    fault::{DENIED, Fault, NO_TABLE, classify, number},
    read::{Place, find},
    statement::runs,
};

impl Write {
    /// The events of the write, once its objects have run and before others change what it did.
    pub(super) async fn events(
        &self,
        connection: &mut MySqlConnection,
        outcome: &Outcome,
    ) -> Result<Vec<Event>, Fault> {
        let Some(publication) = &self.publication else { return Ok(Vec::new()) };
        let after = self.after(connection, publication.read_after()).await?;
        publication.events(outcome, after.as_deref()).map_err(Fault::Refused)
    }

    /// These fields of the record that was changed.
    async fn after(
        &self,
        connection: &mut MySqlConnection,
        fields: &[usize],
    ) -> Result<Option<Vec<u8>>, Fault> {
        let Self { domain, objects, known, .. } = self;
        let (plan::Write::Update { key, .. }, Some(source), false) =
            (&self.write, objects.read.as_ref(), fields.is_empty())
        else {
            return Ok(None);
        };
        let kept = kept::columns(connection, domain, Some(source), known).await?;
        let place = Place { domain, source, kept: &kept };
        let found = kept::optional(domain, find(connection, place, fields, key).await)?;
        Ok(found.and_then(Result::ok).map(|shown| shown.json))
    }
}

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
    match connection.execute(sqlx::query_with(&sql, arguments)).await {
        Ok(_) => Ok(()),
        Err(error) => Err(match number(&error) {
            Some(NO_TABLE | DENIED) => Fault::Refused(no_outbox(domain)),
            _ => classify(&error, domain),
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
