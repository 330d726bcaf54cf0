//! The change, or the end, of one record.

use beds_core::{
    Error, Outcome,
    lookup::is_exact,
    plan::Scope,
    spec::{
        Domain,
        mariadb::{Procedure, Source},
    },
    stages::statement_span,
    value::{Value, write_record},
};
use beds_protocol::ErrorCode;
use sqlx::{MySqlConnection, mysql::MySqlRow};

use super::{
    kept,
    left::Left,
    procedure::{Returned, call},
    reach::{Reach, reach},
};
use crate::{
    cell::{self, bind},
    columns::{Column, Columns},
    fault::{Fault, classify},
    parameters::Takes,
    read::{Place, Shown, find},
    statement::{self, Statement},
};

/// What is changed, and by what.
pub(super) struct Change<'a> {
    pub(super) domain: &'static Domain,
    pub(super) source: Option<&'static Source>,
    pub(super) procedure: &'static Procedure,
    pub(super) key: &'a [Value],
    pub(super) if_version: Option<i64>,
    /// What its caller reaches, and what the procedure takes of the request.
    pub(super) scope: &'a Scope,
    pub(super) known: &'a Columns,
    /// Whether anything is told of it beside itself.
    pub(super) is_told: bool,
}

/// The record as it is stored.
struct Current {
    /// One value a field.
    values: Vec<Value>,
    /// The fields with a value that no parameter takes.
    unpassable: Vec<usize>,
}

impl Change<'_> {
    /// Changes the record. It is read and locked first where the request leaves an argument of the procedure out.
    pub(super) async fn update(
        &self,
        connection: &mut MySqlConnection,
        changes: &[(usize, Value)],
    ) -> Result<Outcome, Fault> {
        let columns = kept::columns(connection, self.domain, self.source, self.known).await?;
        let given = changes.iter().map(|(field, value)| (String::new(), *field, value));
        let takes = self.known.parameters.of_procedure(connection, self.domain, self.procedure).await?;
        kept::refuse_others(self.domain, (self.procedure, &takes), &columns, given)?;
        self.check_reach(connection, &columns).await?;
        let mut version = self.if_version;
        let is_complete = !self.is_vague(&columns, &takes)
            && self.procedure.args.iter().all(|&field| self.is_given(field, changes));
        let mut left = Vec::new();
        let current = match self.source.filter(|_| !is_complete) {
            Some(source) => {
                let Current { values, unpassable } = self.lock(connection, source, &columns).await?;
                version = self.check_version(&values)?;
                let is_left =
                    |field: &usize| self.procedure.args.contains(field) && !self.is_given(*field, changes);
                left.extend(unpassable.into_iter().filter(is_left));
                Some(values)
            }
            None => None,
        };
        let argument = |&field: &usize| {
            if let Some(value) = self.key_value(field) {
                // As it is stored: the record that was read is the one to be changed.
                return current.as_ref().map_or(value, |record| &record[field]).clone();
            }
            if self.domain.version == Some(field) {
                return version.map_or(Value::Null, Value::Int);
            }
            let given = changes.iter().find(|(changed, _)| *changed == field).map(|(_, value)| value);
            let kept = || current.as_ref().map(|record| &record[field]);
            given.or_else(kept).cloned().unwrap_or(Value::Null)
        };
        let passed = |field: &usize| kept::passed(&columns, *field, &argument(field));
        let args: Vec<Value> = self.procedure.args.iter().map(passed).collect();
        let args = self.procedure.whole(args, &self.scope.asked);
        let Self { domain, procedure, key, .. } = *self;
        let returned = match self.source.filter(|_| !left.is_empty()) {
            Some(source) => {
                let left = Left { domain, source, procedure, kept: &columns, key, fields: &left };
                left.call(connection, &args).await
            }
            None => call(connection, domain, procedure, &args).await,
        };
        let returned = returned.map_err(|fault| {
            let passed = changes.iter().map(|(field, value)| (*field, value));
            kept::explained(self.domain, fault, "", passed)
        })?;
        self.check_affected(connection, &columns, &returned).await?;
        let members = self.members(version, &returned);
        match self.read_back(connection, &columns, &members, &returned).await? {
            Some(shown) => Ok(shown.into()),
            None => Ok(self.outcome(&members, returned)),
        }
    }

    /// Deletes the record. It is read and locked first where only the view knows its version.
    pub(super) async fn delete(&self, connection: &mut MySqlConnection) -> Result<Outcome, Fault> {
        let takes_version = self.domain.version.is_some_and(|field| self.procedure.args.contains(&field));
        let columns = kept::columns(connection, self.domain, self.source, self.known).await?;
        self.check_reach(connection, &columns).await?;
        // What is told of it has the key as it is stored, by which others of the record have gone before.
        let is_seen =
            self.is_told && !self.domain.key.iter().all(|&field| is_exact(&self.domain.fields[field].ty));
        let takes = self.known.parameters.of_procedure(connection, self.domain, self.procedure).await?;
        let is_read =
            self.is_vague(&columns, &takes) || is_seen || (self.if_version.is_some() && !takes_version);
        let current = match self.source.filter(|_| is_read) {
            Some(source) => {
                let current = self.lock(connection, source, &columns).await?.values;
                self.check_version(&current)?;
                Some(current)
            }
            None => None,
        };
        let argument = |&field: &usize| match self.key_value(field) {
            Some(value) => current.as_ref().map_or(value, |record| &record[field]).clone(),
            None => {
                self.if_version.filter(|_| self.domain.version == Some(field)).map_or(Value::Null, Value::Int)
            }
        };
        let args: Vec<Value> = self.procedure.args.iter().map(argument).collect();
        let args = self.procedure.whole(args, &self.scope.asked);
        let returned = call(connection, self.domain, self.procedure, &args).await?;
        self.check_affected(connection, &columns, &returned).await?;
        let mut members = self.members(None, &returned);
        if let Some(record) = current {
            for (field, value) in members.iter_mut().filter(|(field, _)| self.domain.key.contains(field)) {
                *value = record[*field].clone();
            }
        }
        Ok(self.outcome(&members, returned))
    }

    /// A record that the caller does not reach is as if it were not there.
    async fn check_reach(&self, connection: &mut MySqlConnection, kept: &[Column]) -> Result<(), Fault> {
        let (domain, rows) = (self.domain, &self.scope.rows);
        if rows.is_empty() {
            return Ok(());
        }
        // Without anything to read, nobody knows what it reaches.
        let missing = || Fault::Refused(Error::not_found(domain));
        let source = self.source.ok_or_else(missing)?;
        match reach(connection, Place { domain, source, kept }, self.key, rows).await? {
            Reach::Within => Ok(()),
            Reach::Beyond | Reach::Nothing => Err(missing()),
        }
    }

    /// Whether the procedure may find another record by this key than a fetch does, or be refused the key or the version.
    /// A fetch then has to find the record first.
    fn is_vague(&self, columns: &[Column], takes: &[Takes]) -> bool {
        let may_refuse = |field: usize, value: &Value| {
            let at = self.procedure.args.iter().position(|&arg| arg == field);
            let takes = at.and_then(|at| takes.get(self.procedure.place(at)));
            takes.is_some_and(|takes| takes.may_refuse(value))
        };
        let version = self.domain.version.zip(self.if_version);
        version.is_some_and(|(field, version)| may_refuse(field, &Value::Int(version)))
            || self.domain.key.iter().zip(self.key).any(|(&field, value)| {
                kept::is_vague(&self.domain.fields[field].ty, columns.get(field), value)
                    || may_refuse(field, value)
            })
    }

    fn key_value(&self, field: usize) -> Option<&Value> {
        let position = self.domain.key.iter().position(|&key| key == field)?;
        self.key.get(position)
    }

    /// Whether the request says what an update passes for a field.
    fn is_given(&self, field: usize, changes: &[(usize, Value)]) -> bool {
        self.domain.key.contains(&field)
            || self.domain.version == Some(field)
            || changes.iter().any(|(changed, _)| *changed == field)
    }

    /// Reads and locks the current record, so that fields which the request leaves out keep their values.
    async fn lock(
        &self,
        connection: &mut MySqlConnection,
        source: &'static Source,
        columns: &[Column],
    ) -> Result<Current, Fault> {
        let all: Vec<usize> = (0..self.domain.fields.len()).collect();
        let sql = statement::stored_by_key(self.domain, source, columns, &all, self.key).for_update();
        let rows = self.find(connection, sql).await?;
        let row = match rows.as_slice() {
            [] => return Err(Fault::Refused(Error::not_found(self.domain))),
            [row] => row,
            rows => return Err(Fault::Refused(several(self.domain, rows.len()))),
        };
        let (mut values, mut unpassable) = (Vec::with_capacity(all.len()), Vec::new());
        for (index, field) in self.domain.fields.iter().enumerate() {
            let fault = |error| classify(&error, self.domain);
            values.push(cell::read_to_keep(row, index, &field.ty).map_err(fault)?);
            if kept::is_unpassable(row, index, columns.get(index)).map_err(fault)? {
                unpassable.push(index);
            }
        }
        Ok(Current { values, unpassable })
    }

    async fn find(
        &self,
        connection: &mut MySqlConnection,
        sql: Statement<'_>,
    ) -> Result<Vec<MySqlRow>, Fault> {
        let fault = |error| classify(&error, self.domain);
        let query = sqlx::query_with(&sql.text, bind(&sql.values).map_err(fault)?);
        let _traced = statement_span(&sql.text);
        query.fetch_all(connection).await.map_err(fault)
    }

    /// The version to pass, once the current one is known.
    fn check_version(&self, current: &[Value]) -> Result<Option<i64>, Fault> {
        let current = match self.domain.version.map(|field| &current[field]) {
            Some(Value::Int(version)) => Some(*version),
            Some(Value::UInt(version)) => i64::try_from(*version).ok(),
            _ => None,
        };
        match self.if_version {
            Some(expected) if current != Some(expected) => {
                Err(Fault::Refused(Error::version_mismatch(self.domain, expected)))
            }
            _ => Ok(current),
        }
    }

    /// A procedure that changed no row found no record with the key and version.
    async fn check_affected(
        &self,
        connection: &mut MySqlConnection,
        columns: &[Column],
        returned: &Returned,
    ) -> Result<(), Fault> {
        if returned.is_written() {
            return Ok(());
        }
        let missing = Fault::Refused(Error::not_found(self.domain));
        let (Some(expected), Some(source)) = (self.if_version, self.source) else { return Err(missing) };
        let sql = statement::by_key(self.domain, source, columns, self.domain.key, self.key);
        if self.find(connection, sql).await?.is_empty() {
            return Err(missing);
        }
        Err(Fault::Refused(Error::version_mismatch(self.domain, expected)))
    }

    /// What the reply shows, as far as the node knows it: the key, the new version, what the procedure returned.
    fn members(&self, version: Option<i64>, returned: &Returned) -> Vec<(usize, Value)> {
        // A version counts changes: the procedure has added one.
        let next = version.and_then(|version| version.checked_add(1));
        let version = self.domain.version.zip(next).map(|(field, version)| (field, Value::Int(version)));
        let key = self.domain.key.iter().copied().zip(self.key.iter().cloned());
        let mut members: Vec<(usize, Value)> = key.chain(version).collect();
        for (field, value) in &returned.fields {
            members.retain(|(known, _)| known != field);
            members.push((*field, value.clone()));
        }
        members
    }

    /// The same as a fetch shows it; `None` where it does not, and where the node knows it for certain.
    async fn read_back(
        &self,
        connection: &mut MySqlConnection,
        kept: &[Column],
        members: &[(usize, Value)],
        returned: &Returned,
    ) -> Result<Option<Shown>, Fault> {
        let Self { domain, key, .. } = *self;
        let is_certain = |field: usize| returned.get(field).is_some() || is_exact(&domain.fields[field].ty);
        let is_known = domain.key.iter().all(|&field| is_certain(field))
            && domain.version.is_none_or(|field| returned.get(field).is_some());
        let (Some(source), false) = (self.source, is_known) else { return Ok(None) };
        let mut fields: Vec<usize> = members.iter().map(|(field, _)| *field).collect();
        fields.extend(domain.version.filter(|field| !fields.contains(field)));
        let place = Place { domain, source, kept };
        let found = kept::optional(domain, find(connection, place, &fields, key).await)?;
        Ok(found.and_then(Result::ok))
    }

    fn outcome(&self, members: &[(usize, Value)], returned: Returned) -> Outcome {
        let mut json = Vec::with_capacity(64);
        let named = members.iter().map(|(field, value)| (self.domain.fields[*field].name, value));
        write_record(&mut json, named);
        Outcome { unshown: returned.unshown.into_note(), ..Outcome::data(json) }
    }
}

/// What a key is answered with that more than one record has.
fn several(domain: &Domain, count: usize) -> Error {
    let message = format!("{count} records of `{}` have this key", domain.name);
    Error::new(ErrorCode::Conflict, message)
        .hint("a column of the key holds more than the field can tell: the DBA compares the template with the table")
}
