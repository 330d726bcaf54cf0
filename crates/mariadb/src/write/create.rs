//! New records, or changes of existing records with the same keys: all, or none.

use std::sync::Arc;

use beds_core::{
    Error, Outcome,
    plan::Scope,
    spec::{
        Domain, Generated,
        mariadb::{Procedure, Source},
    },
    value::{Value, write_record},
};
use beds_protocol::ErrorCode;
use sqlx::MySqlConnection;

use super::{
    current::{self, Current},
    kept,
    procedure::{Calls, Failed, Returned, call_each},
    reach::{Reach, reach},
};
use crate::{
    columns::{Column, Columns},
    fault::Fault,
    parameters::Takes,
    read::{Place, Record, Shown, find, find_all},
    refused,
    session::Fence,
};

/// How many records with values that cannot be shown a note names.
const NOTED_MAX: usize = 3;

/// The note of a reply that may differ from a fetch.
const NOT_SHOWN: &str = "the view shows no record under its key: the reply has the values that were sent";
const NOT_READ: &str = "the stored record cannot be read back: the reply has the values that were sent";
const NO_KEY: &str = "the key of the new record is not known: the reply has the values that were sent";

/// How whole records are written.
#[derive(Clone, Copy)]
pub(super) struct Create<'a> {
    pub(super) domain: &'static Domain,
    pub(super) source: Option<&'static Source>,
    pub(super) procedure: &'static Procedure,
    /// The reach of the caller, and the parts of the request that the procedure takes.
    pub(super) scope: &'a Scope,
    /// Whether each may change an existing record with its key.
    pub(super) is_upsert: bool,
    pub(super) known: &'a Columns,
    /// The fence between the calls of several records.
    pub(super) fence: Option<&'a Fence>,
}

/// The results of the calls for records, before the records are read back.
pub(super) struct Called {
    pub(super) calls: Calls,
    pub(super) columns: Arc<[Column]>,
}

/// A new record.
pub(super) struct Created {
    /// The record as the reply shows it.
    shown: Shown,
    /// Why a fetch may show something else.
    note: Option<&'static str>,
}

impl Create<'_> {
    /// Calls the procedure for each of these records, in order. If they are `many` of one request, errors of their
    /// values name them.
    pub(super) async fn call(
        &self,
        connection: &mut MySqlConnection,
        records: &[&[Value]],
        many: bool,
    ) -> Result<Called, Fault> {
        let Self { domain, procedure, .. } = *self;
        let columns = kept::columns(connection, domain, self.source, self.known).await?;
        let takes = self.known.parameters.of_procedure(connection, domain, procedure).await?;
        refused::refuse_others(
            domain,
            (procedure, &takes),
            &columns,
            records.iter().enumerate().flat_map(|(index, record)| {
                procedure.args.iter().map(move |&field| (path(index, many), field, &record[field]))
            }),
        )?;
        self.refuse_other_keys(&columns, &takes, records, many)?;
        let current = match self.current(connection, &columns, records).await {
            Ok(current) => current,
            Err(failed) => {
                return Ok(Called { calls: Calls { returned: Vec::new(), failed: Some(failed) }, columns });
            }
        };
        let args = |(index, record): (usize, &&[Value])| {
            let stored = current.get(index).and_then(Option::as_ref).map(|current| &current.values);
            let value = |field: usize| match stored {
                Some(stored) if self.scope.unset.contains(&field) => &stored[field],
                _ => &record[field],
            };
            let passed = |&field: &usize| kept::passed(&columns, field, value(field));
            procedure.whole(procedure.args.iter().map(passed).collect(), &self.scope.asked)
        };
        let args: Vec<Vec<Value>> = records.iter().enumerate().map(args).collect();
        let mut calls = call_each(connection, domain, procedure, &args, self.fence).await;
        calls.failed = calls.failed.map(|Failed { index, fault }| {
            let passed = index
                .into_iter()
                .flat_map(|index| procedure.args.iter().map(move |&field| (field, &records[index][field])));
            Failed { index, fault: kept::explained(domain, fault, "", passed) }
        });
        Ok(Called { calls, columns })
    }

    /// Refuses keys that the database would keep as others. A new record may have a key with fewer digits of a second: the
    /// reply shows it.
    fn refuse_other_keys(
        &self,
        columns: &[Column],
        takes: &[Takes],
        records: &[&[Value]],
        many: bool,
    ) -> Result<(), Fault> {
        let domain = self.domain;
        let parts = |index: usize| {
            domain.key.iter().map(move |&field| (path(index, many), field, &records[index][field]))
        };
        let keys = (0..records.len()).flat_map(parts);
        let must_be_kept =
            |value: &Value| self.is_upsert || !matches!(value, Value::DateTime(_) | Value::Time(_));
        refused::refuse_changed(domain, columns, keys.filter(|(.., value)| must_be_kept(value)))?;
        // What an unknown column keeps of a moment is unknown as well.
        let is_known = |value: &Value| !columns.is_empty() || must_be_kept(value);
        let keys = records.iter().flat_map(|record| domain.key.iter().map(|&field| (field, &record[field])));
        let keys = keys.filter(|(_, value)| is_known(value));
        kept::refuse_shortened(domain, (self.procedure, takes), columns, keys)
    }

    /// The written records, as the reply shows them. The procedure has been called for each.
    pub(super) async fn show(
        &self,
        connection: &mut MySqlConnection,
        columns: &[Column],
        created: Vec<(&[Value], Returned)>,
    ) -> Result<Vec<Created>, Fault> {
        let read = self.read_back(connection, columns, &created).await?;
        let mut read = read.map(Vec::into_iter);
        let is_pieced = self.source.is_some() && !self.is_told();
        let shown = created.into_iter().map(|(record, returned)| {
            let read = read.as_mut().map(|read| read.next().flatten());
            let note = match read {
                Some(Some(Ok(shown))) => return Created { shown, note: None },
                Some(Some(Err(error))) if error.code != ErrorCode::NotFound => Some(NOT_READ),
                Some(_) => Some(NOT_SHOWN),
                None => is_pieced.then_some(NO_KEY),
            };
            Created { shown: self.pieced(record, returned), note }
        });
        Ok(shown.collect())
    }

    /// Creates records, in order: all, or none.
    async fn run(
        &self,
        connection: &mut MySqlConnection,
        records: &[&[Value]],
        many: bool,
    ) -> Result<Vec<Created>, Failed> {
        let unnamed = |fault| Failed { index: None, fault };
        let Called { calls, columns } = self.call(connection, records, many).await.map_err(unnamed)?;
        let Calls { returned, failed } = calls;
        if let Some(failed) = failed {
            return Err(failed);
        }
        if let Some(index) = returned.iter().position(|returned| !returned.is_written()) {
            let fault = Fault::Refused(kept::nothing_written(self.domain));
            return Err(Failed { index: Some(index), fault });
        }
        let created = records.iter().copied().zip(returned).collect();
        let shown = self.show(connection, &columns, created).await.map_err(unnamed)?;
        match self.wrote_another(&shown) {
            Some(index) => {
                Err(Failed { index: Some(index), fault: Fault::Refused(another_written(self.domain)) })
            }
            None => Ok(shown),
        }
    }

    /// An upsert that has left no record under its key. A view may hide the record. If the table itself does not have
    /// it either, another record was written.
    fn wrote_another(&self, shown: &[Created]) -> Option<usize> {
        let sees_all = self.source.is_some_and(|source| !source.is_view);
        let is_missing = |created: &Created| created.note == Some(NOT_SHOWN);
        if self.is_upsert && sees_all { shown.iter().position(is_missing) } else { None }
    }

    /// Refuses to change a record beyond the caller's reach, as if an invisible record had its key.
    async fn check_reach(
        &self,
        connection: &mut MySqlConnection,
        columns: &[Column],
        records: &[&[Value]],
    ) -> Result<(), Failed> {
        let (domain, rows) = (self.domain, &self.scope.rows);
        let Some(source) = self.source.filter(|_| !rows.is_empty()) else { return Ok(()) };
        for (index, record) in records.iter().enumerate() {
            let key = self.key_of(record);
            let reach = reach(connection, Place { domain, source, kept: columns }, &key, rows).await;
            let reach = reach.map_err(|fault| Failed { index: Some(index), fault })?;
            if reach == Reach::Beyond {
                let fault = Fault::Refused(Error::key_is_taken(domain));
                return Err(Failed { index: Some(index), fault });
            }
        }
        Ok(())
    }

    /// The existing records that an upsert changes, if its caller does not set all fields: these fields keep their values.
    /// Refuses records that the caller does not reach.
    async fn current(
        &self,
        connection: &mut MySqlConnection,
        kept: &[Column],
        records: &[&[Value]],
    ) -> Result<Vec<Option<Current>>, Failed> {
        if !self.is_upsert {
            return Ok(Vec::new());
        }
        self.check_reach(connection, kept, records).await?;
        let (domain, unset) = (self.domain, &self.scope.unset);
        let Some(source) = self.source.filter(|_| !unset.is_empty()) else { return Ok(Vec::new()) };
        let mut all = Vec::with_capacity(records.len());
        for (index, record) in records.iter().enumerate() {
            let failed = |fault| Failed { index: Some(index), fault };
            let key = self.key_of(record);
            let current = current::lock(connection, Place { domain, source, kept }, &key).await;
            let current = current.map_err(failed)?;
            let is_lost = |field: &usize| unset.contains(field);
            if current.as_ref().is_some_and(|current| current.unpassable.iter().any(is_lost)) {
                return Err(failed(Fault::Refused(unpassable(domain))));
            }
            all.push(current);
        }
        Ok(all)
    }

    /// The key that a request names.
    fn key_of(&self, record: &[Value]) -> Vec<Value> {
        self.domain.key.iter().map(|&field| record[field].clone()).collect()
    }

    /// Writes the records of one request, and gives its reply. Where they are `many`, errors name the record by its place
    /// among them.
    pub(super) async fn reply(
        &self,
        connection: &mut MySqlConnection,
        records: &[Vec<Value>],
        many: bool,
    ) -> Result<Outcome, Fault> {
        let records: Vec<_> = records.iter().map(Vec::as_slice).collect();
        match self.run(connection, &records, many).await {
            Ok(created) => Ok(outcome(created, many)),
            Err(Failed { index: Some(index), fault: Fault::Refused(error) }) if many => {
                Err(Fault::Refused(error.of_record(index)))
            }
            Err(Failed { fault, .. }) => Err(fault),
        }
    }

    /// The records as a fetch shows them. Each is `None`, or an error, if a fetch does not show it. The result is
    /// `None` if nothing has to be read: the procedure has returned everything, or the keys are not known.
    async fn read_back(
        &self,
        connection: &mut MySqlConnection,
        kept: &[Column],
        created: &[(&[Value], Returned)],
    ) -> Result<Option<Vec<Option<Record>>>, Fault> {
        let domain = self.domain;
        let keys = created.iter().map(|(record, returned)| self.key(record, returned));
        let keys: Option<Vec<Vec<&Value>>> = keys.collect();
        let (Some(source), Some(keys), false) = (self.source, keys, self.is_told()) else { return Ok(None) };
        let place = Place { domain, source, kept };
        let stored = |key: Vec<&Value>| {
            let parts = domain.key.iter().zip(key);
            parts.map(|(&field, value)| kept::stored(kept, field, value)).collect::<Vec<Value>>()
        };
        let keys: Vec<Vec<Value>> = keys.into_iter().map(stored).collect();
        if let &[field] = domain.key {
            let keys: Vec<&Value> = keys.iter().flatten().collect();
            let found = kept::own(domain, find_all(connection, place, field, &keys).await)?;
            return Ok(Some(found.unwrap_or_else(|error| vec![Some(Err(error)); keys.len()])));
        }
        let all: Vec<usize> = (0..domain.fields.len()).collect();
        let mut shown = Vec::with_capacity(keys.len());
        for key in keys {
            shown.push(Some(
                kept::own(domain, find(connection, place, &all, &key).await)?.and_then(|found| found),
            ));
        }
        Ok(Some(shown))
    }

    /// Whether the procedure returns everything that it takes.
    fn is_told(&self) -> bool {
        self.procedure.args.iter().all(|field| self.procedure.returns.contains(field))
    }

    /// The key of a new record, if the node knows it.
    fn key<'v>(&self, record: &'v [Value], returned: &'v Returned) -> Option<Vec<&'v Value>> {
        let is_known = |field: usize, value: &Value| !value.is_null() && !self.is_no_number(field, value);
        let part =
            |&field: &usize| self.value(field, record, returned).filter(|value| is_known(field, value));
        let key: Vec<&Value> = self.domain.key.iter().map(part).collect::<Option<_>>()?;
        (!key.is_empty()).then_some(key)
    }

    /// Whether this is what `last_insert_id()` gives where no counter made the key, but a trigger, for instance.
    fn is_no_number(&self, field: usize, value: &Value) -> bool {
        let is_made = self.domain.fields[field].generated == Some(Generated::Database);
        is_made && self.domain.key.contains(&field) && matches!(value, Value::Int(0) | Value::UInt(0))
    }

    /// The value that the procedure returned for a field, or the value that was passed to it.
    fn value<'v>(&self, field: usize, record: &'v [Value], returned: &'v Returned) -> Option<&'v Value> {
        let passed = self.procedure.args.contains(&field).then(|| &record[field]);
        returned.get(field).or(passed)
    }

    /// The record as far as the node knows it: the values it passed, and those that the procedure returned.
    fn pieced(&self, record: &[Value], returned: Returned) -> Shown {
        let mut json = Vec::with_capacity(128);
        let members = self.domain.fields.iter().enumerate().filter(|(index, field)| {
            // If a change keeps the old value, the value that was passed is not the current one.
            let is_left = self.is_upsert && (field.immutable || field.generated.is_some());
            !is_left || self.domain.key.contains(index) || returned.get(*index).is_some()
        });
        let members = members
            .filter_map(|(index, field)| Some((index, field.name, self.value(index, record, &returned)?)));
        let members = members.filter(|(index, _, value)| !self.is_no_number(*index, value));
        let members = members.map(|(_, name, value)| (name, value));
        write_record(&mut json, members);
        Shown { json, unshown: returned.unshown.into_note(), ..Shown::default() }
    }
}

/// The path of a record's fields.
fn path(index: usize, many: bool) -> String {
    if many { format!("data[{index}].") } else { String::new() }
}

/// The error of an upsert that wrote a record of another key.
fn another_written(domain: &Domain) -> Error {
    let message =
        format!("the database wrote another record of `{}` than the one with this key", domain.name);
    Error::new(ErrorCode::Conflict, message).hint(
        "another record may have one of the unique values, or the key is stored in another form than it was sent; the \
         DBA compares the procedure with the table",
    )
}

/// What an upsert is refused with that would lose what its caller does not set. The field may be hidden: it is not named.
fn unpassable(domain: &Domain) -> Error {
    let message = format!("the record of `{}` holds a value that no parameter accepts", domain.name);
    Error::new(ErrorCode::Conflict, message)
        .hint("change it by `update`, which leaves the fields that it does not name unchanged")
}

/// The reply to a request for one record, or for many.
pub(super) fn outcome(created: Vec<Created>, many: bool) -> Outcome {
    let note = created.iter().find_map(|created| created.note).map(Into::into);
    let mut shown = created.into_iter().map(|created| created.shown);
    let outcome = if many { list(shown) } else { shown.next().map(Outcome::from).unwrap_or_default() };
    Outcome { note, ..outcome }
}

pub(super) fn list(all: impl Iterator<Item = Shown>) -> Outcome {
    let mut json = Vec::with_capacity(all.size_hint().0 * 128);
    let (mut notes, mut others) = (Vec::new(), 0_usize);
    json.push(b'[');
    for (index, shown) in all.enumerate() {
        if index > 0 {
            json.push(b',');
        }
        json.extend(shown.json);
        match shown.unshown {
            Some(note) if notes.len() < NOTED_MAX => notes.push(format!("in record {index}, {note}")),
            Some(_) => others += 1,
            None => {}
        }
    }
    json.push(b']');
    if others > 0 {
        notes.push(format!("and the same in {others} more records"));
    }
    let unshown = (!notes.is_empty()).then(|| notes.join("; "));
    Outcome { unshown, ..Outcome::data(json) }
}
