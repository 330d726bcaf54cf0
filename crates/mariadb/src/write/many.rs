//! The same change, or the deletion, of every record that a filter matches: all, or none.
//!
//! The filter finds and locks the records. The procedure of the single record changes each, so that nothing else ever
//! writes them. If a view cannot be locked, its records may change in between. A procedure that compares the version
//! then leaves those unchanged, and the reply says how many were written.

use beds_core::{
    Error, Outcome,
    plan::{Matching, Scope},
    spec::{
        Domain,
        mariadb::{Procedure, Source},
    },
    stages::statement_span,
    value::Value,
};
use beds_protocol::ErrorCode;
use futures_util::TryStreamExt as _;
use sqlx::MySqlConnection;

use super::{
    kept,
    left::Left,
    procedure::{Calls, Failed, Returned, call, call_each},
};
use crate::{
    cell::{self, bind},
    columns::{Column, Columns, Empty, Kept},
    fault::{Fault, classify},
    read::{Place, count},
    refused,
    routine::approximate_size,
    statement,
};

/// How many bytes of the found records are held until they are changed.
const HELD_BYTES_MAX: usize = 64 << 20;

/// The records to write, and their procedure.
pub(super) struct Many<'a> {
    pub(super) domain: &'static Domain,
    pub(super) source: &'static Source,
    pub(super) procedure: &'static Procedure,
    pub(super) matching: &'a Matching,
    /// The parts of the request that the procedure takes.
    pub(super) scope: &'a Scope,
    pub(super) known: &'a Columns,
}

/// A record that matches.
struct Found {
    /// The record's own values that the procedure gets.
    own: Vec<Value>,
    /// Its key, as it is shown; `None` if it cannot be shown.
    key: Option<Vec<Value>>,
    /// The fields with a value that no parameter takes.
    unpassable: Vec<usize>,
}

/// A record that matched, and its result.
struct Written {
    /// As [`Found::key`].
    key: Option<Vec<Value>>,
    is_written: bool,
}

impl Many<'_> {
    /// Changes each record. Gives the keys of the changed records, as a fetch shows them; `None` if a key cannot be
    /// shown.
    pub(super) async fn update(
        &self,
        connection: &mut MySqlConnection,
        changes: &[(usize, Value)],
    ) -> Result<(Outcome, Vec<Option<Vec<Value>>>), Fault> {
        Ok(told(self.run(connection, changes).await?))
    }

    /// Deletes each record, like [`Self::update`]. A record that is deleted together with another, by a foreign key or
    /// a trigger, counts as deleted as well.
    pub(super) async fn delete(
        &self,
        connection: &mut MySqlConnection,
    ) -> Result<(Outcome, Vec<Option<Vec<Value>>>), Fault> {
        let mut all = self.run(connection, &[]).await?;
        for Written { key, is_written } in all.iter_mut().filter(|written| !written.is_written) {
            if let Some(key) = key {
                *is_written = !self.is_there(connection, key).await?;
            }
        }
        Ok(told(all))
    }

    async fn is_there(&self, connection: &mut MySqlConnection, key: &[Value]) -> Result<bool, Fault> {
        let Self { domain, source, .. } = *self;
        let columns = kept::columns(connection, domain, Some(source), self.known).await?;
        let sql = statement::by_key(domain, source, &columns, domain.key, key);
        let fault = |error| classify(&error, domain);
        let _traced = statement_span(&sql.text);
        let query = sqlx::query_with(&sql.text, bind(&sql.values).map_err(fault)?);
        Ok(query.fetch_optional(connection).await.map_err(fault)?.is_some())
    }

    /// Calls the procedure for each record, with these values in place of its own.
    async fn run(
        &self,
        connection: &mut MySqlConnection,
        changes: &[(usize, Value)],
    ) -> Result<Vec<Written>, Fault> {
        let Self { domain, procedure, .. } = *self;
        let columns = kept::columns(connection, domain, Some(self.source), self.known).await?;
        let given = changes.iter().map(|(field, value)| (String::new(), *field, value));
        let takes = self.known.parameters.of_procedure(connection, domain, procedure).await?;
        refused::refuse_others(domain, (procedure, &takes), &columns, given)?;
        let change = |field: usize| changes.iter().find(|(changed, _)| *changed == field);
        let read: Vec<usize> =
            procedure.args.iter().copied().filter(|field| change(*field).is_none()).collect();
        let records = self.lock(connection, &columns, &read).await?;
        let args = |own: Vec<Value>| {
            let mut own = own.into_iter();
            let argument = |&field: &usize| match change(field) {
                Some((field, value)) => kept::passed(&columns, *field, value),
                None => kept::passed(&columns, field, &own.next().unwrap_or(Value::Null)),
            };
            procedure.whole(procedure.args.iter().map(argument).collect(), &self.scope.asked)
        };
        let (mut calls, mut keys, mut left) = (Vec::new(), Vec::new(), Vec::new());
        for Found { own, key, unpassable } in records {
            let of_key = read.iter().copied().zip(&own).filter(|(field, _)| domain.key.contains(field));
            kept::refuse_shortened(domain, (procedure, &takes), &columns, of_key)?;
            calls.push(args(own));
            keys.push(key);
            left.push(unpassable);
        }
        let returned = if left.iter().all(Vec::is_empty) {
            let Calls { returned, failed } = call_each(connection, domain, procedure, &calls, None).await;
            failed.map_or(Ok(returned), |Failed { fault, .. }| Err(fault))
        } else {
            self.call_apart(connection, &columns, &calls, &keys, &left).await
        };
        let returned = returned.map_err(|fault| {
            kept::explained(domain, fault, "", changes.iter().map(|(field, value)| (*field, value)))
        })?;
        let all = keys.into_iter().zip(&returned);
        Ok(all.map(|(key, returned)| Written { key, is_written: returned.is_written() }).collect())
    }

    /// The keys of the matching records; `None` for a key that cannot be shown.
    pub(super) async fn keys(
        &self,
        connection: &mut MySqlConnection,
    ) -> Result<Vec<Option<Vec<Value>>>, Fault> {
        let columns = kept::columns(connection, self.domain, Some(self.source), self.known).await?;
        let found = self.lock(connection, &columns, &[]).await?;
        Ok(found.into_iter().map(|found| found.key).collect())
    }

    /// Calls the procedure for one record after another, some of which hold a value that no parameter takes.
    async fn call_apart(
        &self,
        connection: &mut MySqlConnection,
        kept: &[Column],
        calls: &[Vec<Value>],
        keys: &[Option<Vec<Value>>],
        left: &[Vec<usize>],
    ) -> Result<Vec<Returned>, Fault> {
        let Self { domain, source, procedure, .. } = *self;
        let mut all = Vec::with_capacity(calls.len());
        for ((args, key), fields) in calls.iter().zip(keys).zip(left) {
            all.push(match key {
                Some(key) if !fields.is_empty() => {
                    Left { domain, source, procedure, kept, key, fields }.call(connection, args).await?
                }
                _ => call(connection, domain, procedure, args).await?,
            });
        }
        Ok(all)
    }

    /// Reads these fields and the keys of the records that match, in order of their keys, and locks the records.
    async fn lock(
        &self,
        connection: &mut MySqlConnection,
        kept: &[Column],
        fields: &[usize],
    ) -> Result<Vec<Found>, Fault> {
        let Self { domain, source, matching, .. } = *self;
        let columns: Vec<usize> = fields.iter().chain(domain.key).copied().collect();
        let fault = |error| classify(&error, domain);
        let (mut records, mut bytes) = (Vec::new(), 0);
        {
            let sql = statement::matching(domain, source, kept, matching, &columns);
            let query = sqlx::query_with(&sql.text, bind(&sql.values).map_err(fault)?);
            let _traced = statement_span(&sql.text);
            let mut rows = query.fetch(&mut *connection);
            while let Some(row) = rows.try_next().await.map_err(fault)? {
                bytes += approximate_size(&row);
                if bytes > HELD_BYTES_MAX {
                    return Err(Fault::Abandoned(too_long()));
                }
                let (mut own, mut unpassable) = (Vec::with_capacity(fields.len()), Vec::new());
                for (column, &field) in fields.iter().enumerate() {
                    own.push(cell::read_to_keep(&row, column, &domain.fields[field].ty).map_err(fault)?);
                    let is_key = domain.key.contains(&field);
                    if !is_key && kept::is_unpassable(&row, column, kept.get(field)).map_err(fault)? {
                        unpassable.push(field);
                    }
                }
                for (part, &field) in domain.key.iter().enumerate() {
                    let cell = cell::read_stored(&row, fields.len() + part).map_err(fault)?;
                    if let Some(has) = unfindable(kept.get(field), &cell) {
                        return Err(Fault::Refused(nameless(domain, field, has)));
                    }
                }
                let key = domain.key.iter().enumerate();
                let key =
                    key.map(|(part, &field)| cell::read(&row, fields.len() + part, &domain.fields[field].ty));
                // If a part cannot be shown, nobody can ask for the key.
                let key = key.collect::<Result<Vec<_>, _>>().map_err(fault)?.into_iter().collect();
                records.push(Found { own, key, unpassable });
            }
        }
        if records.len() as u64 <= matching.most.into() {
            return Ok(records);
        }
        let count = count(connection, Place { domain, source, kept }, &matching.filter).await?;
        // The locking read sees records that others have committed since.
        let count = count.max(records.len() as u64);
        Err(Fault::Refused(Error::too_many(domain, count, matching.most)))
    }
}

/// Why no procedure finds a record by this part of its key; `None` if one may.
fn unfindable(column: Option<&Column>, cell: &Value) -> Option<&'static str> {
    let column = column?;
    let has_no_value = match column.kept {
        Kept::Position(Empty::NoValue) => matches!(cell, Value::Text(text) if text.is_empty()),
        Kept::Position(Empty::Either) => cell.is_null(),
        _ => false,
    };
    let is_foreign = column.own_set.is_some() && matches!(cell, Value::Bytes(_));
    if has_no_value {
        Some("no value")
    } else if is_foreign {
        Some("characters without a code of their own in Unicode")
    } else {
        None
    }
}

/// The error for a record that no procedure finds by its key.
fn nameless(domain: &Domain, field: usize, has: &str) -> Error {
    let name = domain.fields[field].name;
    let message =
        format!("a matching record has {has} in `{name}`, which is part of the key: no procedure finds it");
    Error::new(ErrorCode::Conflict, message)
        .hint("the DBA gives the record a key; or leave it out of `where`")
}

/// The reply, and the keys of the written records.
fn told(all: Vec<Written>) -> (Outcome, Vec<Option<Vec<Value>>>) {
    let matched = all.len() as u64;
    let written = all.into_iter().filter(|written| written.is_written);
    let keys: Vec<_> = written.map(|written| written.key).collect();
    (Outcome::written(keys.len() as u64, matched), keys)
}

fn too_long() -> Error {
    let message = "the records that match are too long to be changed in one request";
    Error::new(ErrorCode::TooLarge, message).hint("narrow `where`, and send several requests")
}
