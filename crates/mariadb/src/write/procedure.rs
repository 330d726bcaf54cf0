//! Calls of the procedure behind an operation: one, or many in few round trips.

use std::fmt::Write as _;

use beds_core::{
    Error,
    spec::{Domain, mariadb::Procedure},
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
    statement::parts,
};

/// A procedure's own result is small: the fields that it returns.
const RETURNS_BYTES_MAX: usize = 1 << 20;

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
fn returned(
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

/// A call that failed, by its place among those that were made together, where that is known.
pub(super) struct Failed {
    pub(super) index: Option<usize>,
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
        return only.map(|returned| vec![returned]).map_err(|fault| Failed { index: Some(0), fault });
    }
    let mut all = Vec::with_capacity(calls.len());
    for (together, size) in parts(calls, procedure.args.len() + 2) {
        let mut ended = Ended::default();
        let done = compound(connection, domain, procedure, (together, size), &mut ended).await;
        let (before, is_told) = (all.len(), ended.is_told);
        let failed = |index: usize, fault| Failed { index: is_told.then_some(index), fault };
        for (row, affected) in ended.calls {
            let index = all.len();
            let returned = returned(domain, procedure, row.as_ref()).map_err(|fault| failed(index, fault))?;
            all.push(Returned { affected, ..returned });
        }
        // The first that has not ended is the one that failed.
        done.map_err(|fault| failed(all.len().min(before + together.len() - 1), fault))?;
        if all.len() != before + together.len() {
            let message = format!("{} has changed how its session answers", procedure.call);
            return Err(Failed { index: None, fault: Fault::Refused(disagree(domain, &message)) });
        }
    }
    Ok(all)
}

/// What is known of the calls of a compound statement.
#[derive(Default)]
struct Ended {
    /// Of each that has ended, the first row that it gave back and how many rows it changed.
    calls: Vec<(Option<MySqlRow>, u64)>,
    /// Whether the server said how many have ended.
    is_told: bool,
}

/// The text of so many calls, of which the second half may be left out. Where the procedure gives nothing back, the server
/// counts the calls that have ended and says so at the end, or at the first that fails: a result set for each would cost it as
/// much as the call.
fn text(procedure: &Procedure, size: usize) -> String {
    let mut text = String::from("begin not atomic declare beds_calls int default ?; ");
    let is_silent = procedure.returns.is_empty();
    if is_silent {
        text.push_str(
            "declare beds_affected text default ''; \
             declare exit handler for sqlexception begin select ?, beds_affected; resignal; end; ",
        );
    }
    for index in 0..size {
        let is_certain = index <= size / 2;
        if !is_certain {
            let _ = write!(text, "if beds_calls > {index} then ");
        }
        let _ = write!(text, "set last_insert_id = 0; {}; ", procedure.call);
        text.push_str(if is_silent {
            "set beds_affected = concat(beds_affected, row_count(), ' '); "
        } else {
            "select ?, concat(row_count(), ' '); "
        });
        if !is_certain {
            text.push_str("end if; ");
        }
    }
    text.push_str(if is_silent { "select ?, beds_affected; end" } else { "end" });
    text
}

/// The parameters of [`text`]. A row with the text `end`, which nobody can know before, ends the result sets of a call, or of
/// all.
fn parameters<'v>(
    procedure: &Procedure,
    (calls, size): (&'v [Vec<Value>], usize),
    count: &'v Value,
    end: &'v Value,
) -> Vec<&'v Value> {
    let is_silent = procedure.returns.is_empty();
    let mut values = Vec::with_capacity(size * (procedure.args.len() + 1) + 3);
    values.push(count);
    if is_silent {
        values.push(end);
    }
    for index in 0..size {
        match calls.get(index) {
            Some(args) => values.extend(args),
            None => values.extend(std::iter::repeat_n(&Value::Null, procedure.args.len())),
        }
        if !is_silent {
            values.push(end);
        }
    }
    if is_silent {
        values.push(end);
    }
    values
}

/// Makes some calls as one statement, and adds what is known of those that have ended.
async fn compound(
    connection: &mut MySqlConnection,
    domain: &'static Domain,
    procedure: &'static Procedure,
    calls: (&[Vec<Value>], usize),
    ended: &mut Ended,
) -> Result<(), Fault> {
    let fault = |error| classify(&error, domain);
    let end = Value::Text(Uuid::new_v4().to_string());
    let count = Value::UInt(calls.0.len() as u64);
    let values = bind(parameters(procedure, calls, &count, &end)).map_err(fault)?;
    let text = text(procedure, calls.1);
    let is_silent = procedure.returns.is_empty();
    ended.is_told = !is_silent;
    let mut results = connection.fetch_many(sqlx::query_with(&text, values));
    let (mut first, mut has_set, mut counts, mut bytes) = (None, false, None, 0);
    while let Some(result) = results.try_next().await.map_err(fault)? {
        match result {
            Either::Right(row) if is(&row, &end) => {
                counts = Some(row.try_get_unchecked::<String, _>(1).map_err(fault)?);
                ended.is_told = true;
            }
            Either::Right(_) if is_silent => {}
            Either::Right(row) => {
                bytes += routine::approximate_size(&row);
                if bytes > RETURNS_BYTES_MAX {
                    return Err(Fault::Abandoned(Error::reply_too_large(RETURNS_BYTES_MAX)));
                }
                if !has_set && first.is_none() {
                    first = Some(row);
                }
            }
            Either::Left(_) => match counts.take() {
                Some(counts) => {
                    // It is -1 where a result set came last.
                    let counts = counts.split_whitespace().map(|count| count.parse().unwrap_or_default());
                    ended.calls.extend(counts.map(|count| (first.take(), count)));
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
