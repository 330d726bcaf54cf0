//! Jobs of the write lane: each is one transaction around DBA-owned procedures.
//!
//! The lane's connections have autocommit off, so a transaction begins with its first statement and costs one
//! round trip more than its objects: the commit. [`Write::apply`] is the part inside the transaction; a ledger
//! row, or savepoints for writes that share a transaction, go around it in [`Job::run`].

use sqlx::{Executor as _, MySqlConnection, Row as _};
use tokio::time::{Instant, timeout, timeout_at};

use super::{
    call,
    cell::{self, bind},
    fault::{Fault, classify},
    lane::{Job, Policy},
    spec::{Procedure, Routine, Source},
};
use crate::{
    error::Error,
    outcome::Outcome,
    spec::{Call, Domain},
    validate,
    value::{Value, write_record},
};

/// A procedure's own result is small: the fields that it returns.
const RETURNS_BYTES_MAX: usize = 1 << 20;

/// A write.
#[derive(Debug)]
pub(super) struct Write {
    pub(super) domain: &'static Domain,
    pub(super) effect: Effect,
    /// Whether the object commits by itself, so that running it again may repeat its effect.
    pub(super) commits: bool,
}

/// What a write does.
#[derive(Debug)]
pub(super) enum Effect {
    /// Creates records: all, or none. Each has one value a field.
    Create { procedure: &'static Procedure, records: Vec<Vec<Value>>, many: bool },
    /// Changes one record.
    Update {
        source: Option<&'static Source>,
        procedure: &'static Procedure,
        key: Vec<Value>,
        changes: Vec<(usize, Value)>,
        if_version: Option<i64>,
    },
    /// Deletes one record.
    Delete {
        source: Option<&'static Source>,
        procedure: &'static Procedure,
        key: Vec<Value>,
        if_version: Option<i64>,
    },
    /// Runs a named call.
    Call { call: &'static Call, routine: &'static Routine, args: Vec<Value>, bytes_max: usize },
}

impl Job for Write {
    type Output = Outcome;

    const SESSION: &'static str = "set session autocommit = 0";

    // Only the connection knows whether a write was committed.
    const MAY_BE_LEFT: bool = false;

    async fn run(
        &self,
        connection: &mut MySqlConnection,
        policy: &Policy,
        deadline: Instant,
    ) -> Result<Outcome, Fault> {
        let mut retries = 0;
        loop {
            // The deadline ends with the commit's beginning: from there on only the server knows how it ends.
            let applied = timeout_at(deadline, self.apply_or_roll_back(connection)).await;
            match applied.unwrap_or_else(|_| Err(self.late())) {
                Ok(outcome) => {
                    self.commit(connection, policy).await?;
                    return Ok(outcome);
                }
                Err(Fault::Deadlock) if retries < policy.deadlock_retries_max && !self.commits => {
                    retries += 1;
                }
                Err(fault) => return Err(fault),
            }
        }
    }

    fn is_repeatable(&self) -> bool {
        !self.commits
    }
}

impl Write {
    /// Runs the objects, and takes back what they did where one of them fails.
    async fn apply_or_roll_back(&self, connection: &mut MySqlConnection) -> Result<Outcome, Fault> {
        let applied = self.apply(connection).await;
        if let Err(Fault::Refused(_) | Fault::Deadlock) = applied {
            connection.execute("rollback").await.map_err(|error| Fault::Lost(error.to_string()))?;
        }
        applied
    }

    /// What a write is that was given up midway: nothing, unless its object commits by itself.
    fn late(&self) -> Fault {
        if self.commits { Fault::Abandoned(Error::unknown_effect("the deadline passed")) } else { Fault::late() }
    }

    /// Commits. From here on the write may have happened though its confirmation does not arrive.
    async fn commit(&self, connection: &mut MySqlConnection, policy: &Policy) -> Result<(), Fault> {
        let unknown = || {
            Fault::Abandoned(Error::unknown_effect("the connection broke while the commit was under way"))
        };
        match timeout(policy.statement_timeout, connection.execute("commit")).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => match classify(&error, self.domain) {
                Fault::Lost(_) => Err(unknown()),
                other => Err(other),
            },
            Err(_) => Err(unknown()),
        }
    }

    /// Runs the objects inside the transaction that is open on the connection.
    async fn apply(&self, connection: &mut MySqlConnection) -> Result<Outcome, Fault> {
        match &self.effect {
            Effect::Create { procedure, records, many } => {
                self.create(connection, procedure, records, *many).await
            }
            Effect::Update { source, procedure, key, changes, if_version } => {
                self.update(connection, *source, procedure, key, changes, *if_version).await
            }
            Effect::Delete { source, procedure, key, if_version } => {
                self.delete(connection, *source, procedure, key, *if_version).await
            }
            Effect::Call { call, routine, args, bytes_max } => {
                call::run(connection, self.domain, call, routine, args, *bytes_max).await
            }
        }
    }

    async fn create(
        &self,
        connection: &mut MySqlConnection,
        procedure: &'static Procedure,
        records: &[Vec<Value>],
        many: bool,
    ) -> Result<Outcome, Fault> {
        let mut json = Vec::with_capacity(records.len() * 128);
        if many {
            json.push(b'[');
        }
        for (index, record) in records.iter().enumerate() {
            let args: Vec<Value> = procedure.args.iter().map(|&field| record[field].clone()).collect();
            let returned = self.call(connection, procedure, &args).await.map_err(|fault| match fault {
                Fault::Refused(error) if many => Fault::Refused(error.of_record(index)),
                other => other,
            })?;
            if index > 0 {
                json.push(b',');
            }
            self.write_created(procedure, record, &returned.fields, &mut json);
        }
        if many {
            json.push(b']');
        }
        Ok(self.outcome(json))
    }

    /// The record as it now is, as far as the node knows: what it passed, and what the procedure gave back.
    fn write_created(
        &self,
        procedure: &Procedure,
        record: &[Value],
        returned: &[(usize, Value)],
        json: &mut Vec<u8>,
    ) {
        let members = self.domain.fields.iter().enumerate().filter_map(|(index, field)| {
            let returned = returned.iter().find(|(field, _)| *field == index).map(|(_, value)| value);
            let passed = procedure.args.contains(&index).then(|| &record[index]);
            returned.or(passed).map(|value| (field.name, value))
        });
        write_record(json, members);
    }

    async fn update(
        &self,
        connection: &mut MySqlConnection,
        source: Option<&'static Source>,
        procedure: &'static Procedure,
        key: &[Value],
        changes: &[(usize, Value)],
        if_version: Option<i64>,
    ) -> Result<Outcome, Fault> {
        let mut version = if_version;
        let complete = procedure.args.iter().all(|field| self.given(*field, changes).is_some());
        let current = match source.filter(|_| !complete) {
            Some(source) => {
                let current = self.lock(connection, source, key).await?;
                version = self.check_version(&current, if_version)?;
                Some(current)
            }
            None => None,
        };
        let argument = |&field: &usize| {
            if let Some(position) = self.domain.key.iter().position(|&key| key == field) {
                return key[position].clone();
            }
            if self.domain.version == Some(field) {
                return version.map_or(Value::Null, Value::Int);
            }
            let given = self.given(field, changes).cloned();
            given.or_else(|| current.as_ref().map(|record| record[field].clone())).unwrap_or(Value::Null)
        };
        let args: Vec<Value> = procedure.args.iter().map(argument).collect();
        let returned = self.call(connection, procedure, &args).await?;
        self.check_affected(connection, source, key, if_version, &returned).await?;
        Ok(self.changed(key, version, &returned))
    }

    async fn delete(
        &self,
        connection: &mut MySqlConnection,
        source: Option<&'static Source>,
        procedure: &'static Procedure,
        key: &[Value],
        if_version: Option<i64>,
    ) -> Result<Outcome, Fault> {
        let takes_version = self.domain.version.is_some_and(|field| procedure.args.contains(&field));
        if let (Some(_), false, Some(source)) = (if_version, takes_version, source) {
            let current = self.lock(connection, source, key).await?;
            self.check_version(&current, if_version)?;
        }
        let argument = |&field: &usize| match self.domain.key.iter().position(|&key| key == field) {
            Some(position) => key[position].clone(),
            None => if_version.filter(|_| self.domain.version == Some(field)).map_or(Value::Null, Value::Int),
        };
        let args: Vec<Value> = procedure.args.iter().map(argument).collect();
        let returned = self.call(connection, procedure, &args).await?;
        self.check_affected(connection, source, key, if_version, &returned).await?;
        Ok(self.changed(key, None, &returned))
    }

    /// What an update passes for a field, as far as the request says; `None` where the current record must.
    fn given<'a>(&self, field: usize, changes: &'a [(usize, Value)]) -> Option<&'a Value> {
        const KNOWN: &Value = &Value::Null;
        if self.domain.key.contains(&field) || self.domain.version == Some(field) {
            return Some(KNOWN);
        }
        changes.iter().find(|(changed, _)| *changed == field).map(|(_, value)| value)
    }

    /// Reads and locks the current record, so that fields which the request leaves out keep their values.
    async fn lock(
        &self,
        connection: &mut MySqlConnection,
        source: &Source,
        key: &[Value],
    ) -> Result<Vec<Value>, Fault> {
        let fault = |error| classify(&error, self.domain);
        let text = format!("{} for update", source.by_key);
        let query = sqlx::query_with(&text, bind(key).map_err(fault)?);
        let row = query.fetch_optional(connection).await.map_err(fault)?;
        let Some(row) = row else { return Err(Fault::Refused(Error::not_found(self.domain))) };
        let fields = self.domain.fields.iter().enumerate();
        fields
            .map(|(index, field)| cell::read_to_keep(&row, index, &field.ty))
            .collect::<Result<_, _>>()
            .map_err(fault)
    }

    /// The version to pass, once the current one is known.
    fn check_version(&self, current: &[Value], if_version: Option<i64>) -> Result<Option<i64>, Fault> {
        let current = match self.domain.version.map(|field| &current[field]) {
            Some(Value::Int(version)) => Some(*version),
            Some(Value::UInt(version)) => i64::try_from(*version).ok(),
            _ => None,
        };
        match if_version {
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
        source: Option<&'static Source>,
        key: &[Value],
        if_version: Option<i64>,
        returned: &Returned,
    ) -> Result<(), Fault> {
        if returned.affected > 0 || !returned.fields.is_empty() {
            return Ok(());
        }
        let missing = Fault::Refused(Error::not_found(self.domain));
        let (Some(expected), Some(source)) = (if_version, source) else { return Err(missing) };
        let fault = |error| classify(&error, self.domain);
        let query = sqlx::query_with(source.by_key, bind(key).map_err(fault)?);
        match query.fetch_optional(connection).await.map_err(fault)? {
            Some(_) => Err(Fault::Refused(Error::version_mismatch(self.domain, expected))),
            None => Err(missing),
        }
    }

    /// The reply to an update or delete: the key, the new version where it is known, what the procedure returned.
    fn changed(&self, key: &[Value], version: Option<i64>, returned: &Returned) -> Outcome {
        // A version counts changes: the procedure has added one.
        let next = version.and_then(|version| version.checked_add(1));
        let version = self.domain.version.zip(next).map(|(field, version)| (field, Value::Int(version)));
        let key = self.domain.key.iter().copied().zip(key.iter().cloned());
        let mut members: Vec<(usize, Value)> = key.chain(version).collect();
        for (field, value) in &returned.fields {
            members.retain(|(known, _)| known != field);
            members.push((*field, value.clone()));
        }
        let mut json = Vec::with_capacity(64);
        write_record(
            &mut json,
            members.iter().map(|(field, value)| (self.domain.fields[*field].name, value)),
        );
        self.outcome(json)
    }

    async fn call(
        &self,
        connection: &mut MySqlConnection,
        procedure: &'static Procedure,
        args: &[Value],
    ) -> Result<Returned, Fault> {
        let sets =
            call::result_sets(connection, self.domain, procedure.call, args, RETURNS_BYTES_MAX).await?;
        let row = sets.sets.first().and_then(|set| set.first());
        let fields = match row {
            Some(row) if !procedure.returns.is_empty() => {
                if row.len() < procedure.returns.len() {
                    return Err(Fault::Refused(super::fault::disagree(
                        self.domain,
                        &format!("{} gives {} columns", procedure.call, row.len()),
                    )));
                }
                let read = |(column, &field): (usize, &usize)| {
                    cell::read(row, column, &self.domain.fields[field].ty).map(|value| (field, value))
                };
                let fields = procedure.returns.iter().enumerate().map(read).collect::<Result<Vec<_>, _>>();
                fields.map_err(|error| classify(&error, self.domain))?
            }
            _ => Vec::new(),
        };
        Ok(Returned { fields, affected: sets.affected })
    }

    fn outcome(&self, json: Vec<u8>) -> Outcome {
        Outcome { note: self.commits.then_some(AT_LEAST_ONCE), ..Outcome::data(json) }
    }
}

/// What a reply says when the object commits by itself.
pub(super) const AT_LEAST_ONCE: &str =
    "this object commits by itself: its effect is at least once, not exactly once";

/// What a procedure gave back.
struct Returned {
    fields: Vec<(usize, Value)>,
    affected: u64,
}

/// The values of new records, refreshed where an update generates too.
pub(super) fn refreshed(domain: &Domain, procedure: &Procedure, changes: &mut Vec<(usize, Value)>) {
    for &field in procedure.args {
        let generated = domain.fields[field].generated.filter(|_| !domain.key.contains(&field));
        if let Some(crate::spec::Generated::Now) = generated {
            changes.push((field, validate::generate(crate::spec::Generated::Now)));
        }
    }
}
