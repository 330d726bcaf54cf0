//! Events: rows in the transaction of the write, written after its objects ran.
//!
//! So the number of a row is taken while the changed record is locked, and of two changes of one record the later has the
//! greater. The table belongs to the DBA and stands in the domain's own database; `bedsc ddl --ledger` writes it.

use beds_core::{
    Error, Outcome,
    event::{Event, Publication},
    plan,
    spec::{Domain, mariadb},
    stages::statement_span,
};
use sqlx::{Arguments as _, Executor as _, MySqlConnection, mysql::MySqlArguments};

use super::kept;
use crate::{
    columns::Columns,
    fault::{DENIED, Fault, NO_TABLE, classify, number},
    read::{self, find},
    statement::runs,
};

/// Where to look for what events tell and the outcome does not.
pub(super) struct Place<'a> {
    pub(super) objects: &'static mariadb::Objects,
    pub(super) write: &'a plan::Write,
    pub(super) known: &'a Columns,
    /// The keys of what a write by filter wrote, as JSON objects with commas between.
    pub(super) keys: Option<&'a [u8]>,
}

/// The events of a write, once its objects have run and before others change what it did.
pub(super) async fn events(
    publication: &Publication,
    place: Place<'_>,
    outcome: &Outcome,
    connection: &mut MySqlConnection,
) -> Result<Vec<Event>, Fault> {
    let after = place.after(publication, connection).await?;
    publication.events(outcome, after.as_deref()).map_err(Fault::Refused)
}

impl Place<'_> {
    /// The fields of the record that was changed that its event tells, or the keys of several.
    async fn after(
        &self,
        publication: &Publication,
        connection: &mut MySqlConnection,
    ) -> Result<Option<Vec<u8>>, Fault> {
        let (domain, fields) = (publication.domain(), publication.read_after());
        let key = match self.write {
            plan::Write::UpdateMany { .. } | plan::Write::DeleteMany(_) => {
                let keys = self.keys.unwrap_or_default();
                return Ok(Some([b"[", keys, b"]"].concat()));
            }
            plan::Write::Update { key, .. } => key,
            plan::Write::Create { .. }
            | plan::Write::Upsert { .. }
            | plan::Write::Delete { .. }
            | plan::Write::Call(_)
            | plan::Write::All(_) => return Ok(None),
        };
        let (Some(source), false) = (self.objects.read.as_ref(), fields.is_empty()) else { return Ok(None) };
        let kept = kept::columns(connection, domain, Some(source), self.known).await?;
        let place = read::Place { domain, source, kept: &kept };
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
    let _traced = statement_span(&sql);
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
