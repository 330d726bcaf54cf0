//! Jobs of the read lane: one statement each, in a connection that cannot write.

use futures_util::TryStreamExt;
use sqlx::{MySqlConnection, Row as _, mysql::MySqlRow};
use tokio::time::{Instant, timeout_at};

use super::{
    call,
    cell::{self, bind},
    fault::{Fault, classify},
    lane::{Job, Policy},
    lookup,
    spec::{Routine, Source},
    sql::Statement,
};
use crate::{
    adapters::ops::too_large,
    core,
    outcome::Outcome,
    query::ZERO_DATE,
    spec::{Call, Domain, Field},
    value::{Value, write_name},
};

/// A read.
#[derive(Debug)]
pub(super) enum Read {
    /// One record: a JSON object, or nothing.
    One { domain: &'static Domain, source: &'static Source, key: Vec<Value> },
    /// Some records.
    Rows(Rows),
    /// One number.
    Count { domain: &'static Domain, statement: Statement },
    /// A named call.
    Call {
        domain: &'static Domain,
        call: &'static Call,
        routine: &'static Routine,
        args: Vec<Value>,
        bytes_max: usize,
    },
}

/// Some records, and how they become JSON.
#[derive(Debug)]
pub(super) struct Rows {
    pub(super) domain: &'static Domain,
    pub(super) statement: Statement,
    /// The field of each column that the statement selects.
    pub(super) columns: Vec<usize>,
    /// How many of the columns a record shows; the others are there for the cursor.
    pub(super) shown: usize,
    /// The columns that make up the cursor.
    pub(super) cursor: Vec<usize>,
    /// How many records to show at most.
    pub(super) limit: usize,
    /// How long the JSON may get.
    pub(super) bytes_max: usize,
}

/// What a read gives.
#[derive(Debug)]
pub(super) enum Given {
    /// The record as JSON, where there is one.
    One(Option<Vec<u8>>),
    /// The records as a JSON array, and the sort values of the last when there are more.
    Rows { json: Vec<u8>, count: usize, last: Option<Vec<Value>> },
    /// How many.
    Count(u64),
    /// The outcome of a call.
    Call(Outcome),
}

impl Job for Read {
    type Output = Given;

    const SESSION: &'static str = "set session transaction read only";

    const MAY_BE_LEFT: bool = true;

    async fn run(
        &self,
        connection: &mut MySqlConnection,
        _: &Policy,
        deadline: Instant,
    ) -> Result<Given, Fault> {
        let reading = async {
            match self {
                Self::One { domain, source, key } => {
                    lookup::one(connection, domain, source, key).await.map(Given::One)
                }
                Self::Rows(rows) => rows.run(connection).await,
                Self::Count { domain, statement } => count(connection, domain, statement).await,
                Self::Call { domain, call, routine, args, bytes_max } => {
                    call::run(connection, domain, call, routine, args, *bytes_max).await.map(Given::Call)
                }
            }
        };
        timeout_at(deadline, reading).await.unwrap_or_else(|_| Err(Fault::late()))
    }

    fn is_repeatable(&self) -> bool {
        true
    }

    /// Lookups in the same view by a key of one field share a statement.
    fn group(&self) -> Option<usize> {
        match self {
            Self::One { source, key, .. } if key.len() == 1 => Some(std::ptr::from_ref(*source).addr()),
            Self::One { .. } | Self::Rows(_) | Self::Count { .. } | Self::Call { .. } => None,
        }
    }

    async fn run_group(
        jobs: &[&Self],
        connection: &mut MySqlConnection,
        _: &Policy,
        deadline: Instant,
    ) -> Result<Vec<core::Result<Given>>, Fault> {
        let Some(Self::One { domain, source, .. }) = jobs.first() else { return Ok(Vec::new()) };
        let keys = jobs.iter().filter_map(|job| match job {
            Self::One { key, .. } => key.first(),
            Self::Rows(_) | Self::Count { .. } | Self::Call { .. } => None,
        });
        let keys: Vec<&Value> = keys.collect();
        let looking = lookup::many(connection, domain, source, &keys);
        let records = timeout_at(deadline, looking).await.unwrap_or_else(|_| Err(Fault::late()))?;
        Ok(records.into_iter().map(|record| record.map(Given::One)).collect())
    }
}

async fn count(
    connection: &mut MySqlConnection,
    domain: &'static Domain,
    statement: &Statement,
) -> Result<Given, Fault> {
    let fault = |error| classify(&error, domain);
    let query = sqlx::query_with(&statement.text, bind(&statement.values).map_err(fault)?);
    let row = query.fetch_one(connection).await.map_err(fault)?;
    let count: i64 = row.try_get_unchecked(0).map_err(fault)?;
    Ok(Given::Count(count.unsigned_abs()))
}

/// Appends a row as a JSON object; its columns are these fields of the domain.
pub(super) fn write_row(
    row: &MySqlRow,
    domain: &Domain,
    fields: impl IntoIterator<Item = usize>,
    out: &mut Vec<u8>,
) -> Result<(), sqlx::Error> {
    out.push(b'{');
    for (column, field) in fields.into_iter().enumerate() {
        let field = &domain.fields[field];
        write_name(out, column == 0, field.name);
        cell::read(row, column, &field.ty).map_err(|error| named(error, field))?.write_json(out);
    }
    out.push(b'}');
    Ok(())
}

/// A column's error, by its field's name instead of its number.
fn named(error: sqlx::Error, field: &Field) -> sqlx::Error {
    match error {
        sqlx::Error::ColumnDecode { source, .. } => sqlx::Error::ColumnDecode {
            index: format!("`{}` of the field `{}`", field.column, field.name),
            source,
        },
        error => error,
    }
}

impl Rows {
    async fn run(&self, connection: &mut MySqlConnection) -> Result<Given, Fault> {
        let fault = |error| classify(&error, self.domain);
        let query = sqlx::query_with(&self.statement.text, bind(&self.statement.values).map_err(fault)?);
        let mut rows = query.fetch(connection);
        let mut json = Vec::with_capacity(1024);
        json.push(b'[');
        let (mut count, mut last, mut more) = (0, None, false);
        while let Some(row) = rows.try_next().await.map_err(fault)? {
            if count == self.limit {
                more = true;
                continue;
            }
            if count > 0 {
                json.push(b',');
            }
            write_row(&row, self.domain, self.columns[..self.shown].iter().copied(), &mut json)
                .map_err(fault)?;
            count += 1;
            if json.len() > self.bytes_max {
                return Err(Fault::Abandoned(too_large(self.bytes_max)));
            }
            if count == self.limit {
                last = Some(self.cursor_values(&row).map_err(fault)?);
            }
        }
        json.push(b']');
        Ok(Given::Rows { json, count, last: last.filter(|_| more) })
    }

    fn cursor_values(&self, row: &MySqlRow) -> Result<Vec<Value>, sqlx::Error> {
        let value =
            |&column: &usize| match cell::read(row, column, &self.domain.fields[self.columns[column]].ty) {
                Ok(Value::Null) if cell::is_zero_date(row, column) => Ok(Value::Text(ZERO_DATE.to_owned())),
                value => value,
            };
        self.cursor.iter().map(value).collect()
    }
}
