//! Calls of the procedure behind an operation: one, or many in few round trips.

use std::fmt::Write as _;

use beds_core::{
    Error,
    spec::{Domain, mariadb::Procedure},
    stages::statement_span,
    unshown::Unshown,
    value::Value,
};
use futures_util::TryStreamExt as _;
use sqlx::{Either, Executor as _, MySqlConnection, Row as _, mysql::MySqlRow};
use uuid::Uuid;

use crate::{
    cell::{self, bind},
    fault::{Fault, classify, disagree},
    routine,
    statement::runs,
};

/// A procedure's own result is small: the fields that it returns.
pub(super) const RETURNS_BYTES_MAX: usize = 1 << 20;

/// What a procedure gave back.
pub(super) struct Returned {
    /// Values, by field.
    pub(super) fields: Vec<(usize, Value)>,
    /// Which of them cannot be shown.
    pub(super) unshown: Unshown,
    /// How many rows its statements changed.
    pub(super) affected: u64,
}

impl Returned {
    /// Whether it did anything. What gives fields back answers for itself.
    pub(super) fn is_written(&self) -> bool {
        self.affected > 0 || !self.fields.is_empty()
    }

    /// The value of a field.
    pub(super) fn get(&self, field: usize) -> Option<&Value> {
        self.fields.iter().find(|(returned, _)| *returned == field).map(|(_, value)| value)
    }
}

/// Calls a procedure with one value an argument.
pub(super) async fn call(
    connection: &mut MySqlConnection,
    domain: &'static Domain,
    procedure: &'static Procedure,
    args: &[Value],
) -> Result<Returned, Fault> {
    let sets = routine::result_sets(connection, domain, procedure.call, args, RETURNS_BYTES_MAX).await?;
    let row = sets.sets.first().and_then(|set| set.first());
    Ok(Returned { affected: sets.affected, ..returned(domain, procedure, row)? })
}

/// What a procedure gave back in the first row of its first result set.
pub(super) fn returned(
    domain: &'static Domain,
    procedure: &'static Procedure,
    row: Option<&MySqlRow>,
) -> Result<Returned, Fault> {
    let mut unshown = Unshown::default();
    let fields = match row {
        Some(row) if !procedure.returns.is_empty() => {
            if row.len() < procedure.returns.len() {
                let message = format!("{} gives {} columns", procedure.call, row.len());
                return Err(Fault::Refused(disagree(domain, &message)));
            }
            let read = |(column, &field): (usize, &usize)| {
                let value = cell::read_returned(row, column, &domain.fields[field], &mut unshown)?;
                Ok((field, value))
            };
            let fields = procedure.returns.iter().enumerate().map(read).collect::<Result<Vec<_>, _>>();
            fields.map_err(|error: sqlx::Error| classify(&error, domain))?
        }
        _ => Vec::new(),
    };
    Ok(Returned { fields, unshown, affected: 0 })
}

/// A call that failed, by its place among those that were made together.
pub(super) struct Failed {
    pub(super) index: usize,
    pub(super) fault: Fault,
}

/// Calls a procedure once for each of these lists of arguments, in order. Several calls are one compound statement,
/// which costs one round trip. None sees a `last_insert_id()` of another.
pub(super) async fn call_each(
    connection: &mut MySqlConnection,
    domain: &'static Domain,
    procedure: &'static Procedure,
    calls: &[Vec<Value>],
) -> Result<Vec<Returned>, Failed> {
    if let [args] = calls {
        let only = call(connection, domain, procedure, args).await;
        return only.map(|returned| vec![returned]).map_err(|fault| Failed { index: 0, fault });
    }
    let mut all = Vec::with_capacity(calls.len());
    for together in runs(calls, procedure.args.len() + 1) {
        let mut rows = Vec::with_capacity(together.len());
        let done = compound(connection, domain, procedure, together, &mut rows).await;
        let failed = |index: usize, fault| Failed { index, fault };
        let (before, ended) = (all.len(), rows.len());
        for (row, affected) in rows {
            let index = all.len();
            let returned = returned(domain, procedure, row.as_ref()).map_err(|fault| failed(index, fault))?;
            all.push(Returned { affected, ..returned });
        }
        // The first that has not ended is the one that failed.
        done.map_err(|fault| failed(before + ended.min(together.len() - 1), fault))?;
    }
    Ok(all)
}

/// Makes some calls as one statement, and adds the first row that each gave back and how many rows it changed, once it
/// has ended.
async fn compound(
    connection: &mut MySqlConnection,
    domain: &'static Domain,
    procedure: &'static Procedure,
    calls: &[Vec<Value>],
    rows: &mut Vec<(Option<MySqlRow>, u64)>,
) -> Result<(), Fault> {
    let fault = |error| classify(&error, domain);
    // A row with this text, which nobody can know before, ends the result sets of a call.
    let end = Value::Text(Uuid::new_v4().to_string());
    let mut text = String::from("begin not atomic ");
    for _ in calls {
        let _ = write!(text, "set last_insert_id = 0; {}; select ?, row_count(); ", procedure.call);
    }
    text.push_str("end");
    let values = calls.iter().flat_map(|args| args.iter().chain([&end]));
    let _traced = statement_span(&text);
    let mut results = connection.fetch_many(sqlx::query_with(&text, bind(values).map_err(fault)?));
    let (mut first, mut has_set, mut end_is, mut bytes) = (None, false, None, 0);
    while let Some(result) = results.try_next().await.map_err(fault)? {
        match result {
            Either::Right(row) if is(&row, &end) => {
                let changed: i64 = row.try_get_unchecked(1).map_err(fault)?;
                // It is -1 where a result set came last.
                end_is = Some(u64::try_from(changed).unwrap_or_default());
            }
            Either::Right(row) => {
                bytes += routine::approximate_size(&row);
                if bytes > RETURNS_BYTES_MAX {
                    return Err(Fault::Abandoned(Error::reply_too_large(RETURNS_BYTES_MAX)));
                }
                if !has_set && first.is_none() {
                    first = Some(row);
                }
            }
            Either::Left(_) => match end_is.take() {
                Some(changed) => {
                    rows.push((first.take(), changed));
                    (has_set, bytes) = (false, 0);
                }
                None => has_set = true,
            },
        }
    }
    Ok(())
}

/// Whether this is a row of two columns, the first of which has this text.
fn is(row: &MySqlRow, text: &Value) -> bool {
    let Value::Text(text) = text else { return false };
    row.len() == 2
        && row.try_get_unchecked::<Option<&str>, _>(0).is_ok_and(|cell| cell == Some(text.as_str()))
}
