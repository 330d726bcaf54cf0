//! The change, or the deletion, of one record.

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
use sqlx::{MySqlConnection, mysql::MySqlRow};

use super::{
    current::{self, Current},
    kept,
    left::Left,
    procedure::{Returned, call},
    reach::{Reach, reach},
};
use crate::{
    cell::bind,
    columns::{Column, Columns},
    fault::{Fault, classify},
    parameters::Takes,
    read::{Place, Shown, find},
    refused,
    statement::{self, Statement},
};

/// The record to change, and its procedure.
pub(super) struct Change<'a> {
    pub(super) domain: &'static Domain,
    pub(super) source: Option<&'static Source>,
    pub(super) procedure: &'static Procedure,
    pub(super) key: &'a [Value],
    pub(super) if_version: Option<i64>,
    /// The reach of the caller, and the parts of the request that the procedure takes.
    pub(super) scope: &'a Scope,
    pub(super) known: &'a Columns,
    /// Whether the write has events or audit entries.
    pub(super) is_told: bool,
}

impl Change<'_> {
    /// Changes the record. If the request leaves out an argument of the procedure, the record is read and locked first.
    pub(super) async fn update(
        &self,
        connection: &mut MySqlConnection,
        changes: &[(usize, Value)],
    ) -> Result<Outcome, Fault> {
        let columns = kept::columns(connection, self.domain, self.source, self.known).await?;
        let given = changes.iter().map(|(field, value)| (String::new(), *field, value));
        let takes = self.known.parameters.of_procedure(connection, self.domain, self.procedure).await?;
        refused::refuse_others(self.domain, (self.procedure, &takes), &columns, given)?;
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
                // The stored value: the record that was read is the one to change.
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
        self.check_found(&columns, &takes, &args)?;
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

    /// Deletes the record. If only the view knows its version, the record is read and locked first.
    pub(super) async fn delete(&self, connection: &mut MySqlConnection) -> Result<Outcome, Fault> {
        let takes_version = self.domain.version.is_some_and(|field| self.procedure.args.contains(&field));
        let columns = kept::columns(connection, self.domain, self.source, self.known).await?;
        self.check_reach(connection, &columns).await?;
        // Its events have the key as it is stored. Earlier events of the record were sent under that key.
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
        self.check_found(&columns, &takes, &args)?;
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

    /// A record beyond the caller's reach counts as missing.
    async fn check_reach(&self, connection: &mut MySqlConnection, kept: &[Column]) -> Result<(), Fault> {
        let (domain, rows) = (self.domain, &self.scope.rows);
        if rows.is_empty() {
            return Ok(());
        }
        // Without a source to read, the reach is unknown.
        let missing = || Fault::Refused(Error::not_found(domain));
        let source = self.source.ok_or_else(missing)?;
        match reach(connection, Place { domain, source, kept }, self.key, rows).await? {
            Reach::Within => Ok(()),
            Reach::Beyond | Reach::Nothing => Err(missing()),
        }
    }

    /// Whether the procedure may find another record by this key than a fetch does, or may refuse the key or the
    /// version. Then a fetch must find the record first.
    fn is_vague(&self, columns: &[Column], takes: &[Takes]) -> bool {
        let may_refuse = |field: usize, value: &Value| {
            Takes::of_field(takes, self.procedure, field).is_some_and(|takes| takes.may_refuse(value))
        };
        let version = self.domain.version.zip(self.if_version);
        version.is_some_and(|(field, version)| may_refuse(field, &Value::Int(version)))
            || self.domain.key.iter().zip(self.key).any(|(&field, value)| {
                kept::is_vague(&self.domain.fields[field].ty, columns.get(field), value)
                    || may_refuse(field, value)
            })
    }

    /// Refuses arguments by which the procedure would find another record.
    fn check_found(&self, columns: &[Column], takes: &[Takes], args: &[Value]) -> Result<(), Fault> {
        let keys = self.procedure.args.iter().copied().zip(args);
        let keys = keys.filter(|(field, _)| self.domain.key.contains(field));
        kept::refuse_shortened(self.domain, (self.procedure, takes), columns, keys)
    }

    fn key_value(&self, field: usize) -> Option<&Value> {
        let position = self.domain.key.iter().position(|&key| key == field)?;
        self.key.get(position)
    }

    /// Whether the request gives the value that an update passes for a field.
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
        let place = Place { domain: self.domain, source, kept: columns };
        let current = current::lock(connection, place, self.key).await?;
        current.ok_or_else(|| Fault::Refused(Error::not_found(self.domain)))
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

    /// The version to pass, given the current one.
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

    /// The members of the reply that the node knows: the key, the new version, the procedure's results.
    fn members(&self, version: Option<i64>, returned: &Returned) -> Vec<(usize, Value)> {
        // A version counts changes, and the procedure has added one.
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

    /// The same as a fetch shows it; `None` if a fetch shows nothing, or if the node already knows it for certain.
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
