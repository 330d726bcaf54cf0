//! Calls of the procedure behind an operation: one call, or many in few round trips.

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

use super::lasting;
use crate::{
    cell::{self, bind},
    fault::{Fault, classify, disagree},
    routine::{self, Room},
    session::Fence,
    statement::parts,
};

/// A procedure's own result is small: the fields that it returns.
pub(super) const RETURNS_BYTES_MAX: usize = 1 << 20;

/// The result of a procedure.
pub(super) struct Returned {
    /// Values, by field.
    pub(super) fields: Vec<(usize, Value)>,
    /// Which of them cannot be shown.
    pub(super) unshown: Unshown,
    /// How many rows its statements changed.
    pub(super) affected: u64,
}

impl Returned {
    /// Whether the procedure did anything. If it returns fields, that counts as yes.
    pub(super) fn is_written(&self) -> bool {
        self.affected > 0 || !self.fields.is_empty()
    }

    /// The value of a field.
    pub(super) fn get(&self, field: usize) -> Option<&Value> {
        self.fields.iter().find(|(returned, _)| *returned == field).map(|(_, value)| value)
    }
}

/// Calls a procedure with one value for each argument.
pub(super) async fn call(
    connection: &mut MySqlConnection,
    domain: &'static Domain,
    procedure: &'static Procedure,
    args: &[Value],
) -> Result<Returned, Fault> {
    let room = if procedure.commits { Room::Cut } else { Room::Most };
    let sets =
        routine::result_sets(connection, domain, procedure.call, args, room(RETURNS_BYTES_MAX)).await?;
    let row = sets.sets.first().and_then(|set| set.first());
    Ok(Returned { affected: sets.affected, ..returned(domain, procedure, row)? })
}

/// The values in the first row of a procedure's first result set.
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

/// A call that failed, by its place among the calls that were made together, if that is known.
pub(super) struct Failed {
    pub(super) index: Option<usize>,
    pub(super) fault: Fault,
}

/// The results of calls that were made together.
pub(super) struct Calls {
    /// The results of the calls that have ended, in order.
    pub(super) returned: Vec<Returned>,
    /// Why the further calls have no result.
    pub(super) failed: Option<Failed>,
}

/// Calls a procedure once for each of these lists of arguments, in order. Several calls are one compound statement,
/// which costs one round trip. No call sees a `last_insert_id()` of another. The result names the call that was
/// refused. With a fence, it also names the call that ended the transaction, and no call is made after that one.
pub(super) async fn call_each(
    connection: &mut MySqlConnection,
    domain: &'static Domain,
    procedure: &'static Procedure,
    calls: &[Vec<Value>],
    fence: Option<&Fence>,
) -> Calls {
    if let [args] = calls {
        return match call(connection, domain, procedure, args).await {
            Ok(returned) => Calls { returned: vec![returned], failed: None },
            Err(fault) => Calls { returned: Vec::new(), failed: Some(Failed { index: Some(0), fault }) },
        };
    }
    let mut all = Vec::with_capacity(calls.len());
    for (calls, size) in parts(calls, procedure.arity() + 1) {
        let is_silent = procedure.returns.is_empty();
        let together = Together { procedure, calls, size, is_silent, fence };
        if let Err(failed) = together.add(connection, domain, &mut all).await {
            return Calls { returned: all, failed: Some(failed) };
        }
    }
    Calls { returned: all, failed: None }
}

/// How many rows each ended call changed, if a statement of several calls failed. [`crate::session`] makes the session
/// forget it.
async fn counted(connection: &mut MySqlConnection) -> Option<Vec<u64>> {
    let row = connection.fetch_one(sqlx::raw_sql("select @beds_ended")).await.ok()?;
    row.try_get_unchecked::<Option<&str>, _>(0).ok()?.map(counts)
}

/// The count is -1 if a result set came last.
fn counts(text: &str) -> Vec<u64> {
    text.split_whitespace().map(|count| count.parse().unwrap_or_default()).collect()
}

/// Calls that are one statement.
struct Together<'a> {
    procedure: &'static Procedure,
    calls: &'a [Vec<Value>],
    /// The number of calls for which the statement is written. The second half of them may be left out.
    size: usize,
    /// Whether the server counts the calls that have ended and reports the counts at the end: a result set for each
    /// call would cost as much as the call. It counts in a variable of the session, which also shows where the
    /// statement failed. A handler of errors could show that too, but would lose the warnings of what is not rolled
    /// back.
    is_silent: bool,
    fence: Option<&'a Fence>,
}

/// The first row that an ended call returned, and how many rows the call changed.
type Ended = (Option<MySqlRow>, u64);

impl Together<'_> {
    fn text(&self) -> String {
        let (begin, next) = self.fence.map_or(("", ""), |fence| (&fence.begin, &fence.next));
        let mut text = format!("begin not atomic declare beds_calls int default ?; {begin}");
        if self.is_silent {
            text.push_str("set @beds_ended = ''; ");
        }
        for index in 0..self.size {
            let is_certain = index <= self.size / 2;
            if !is_certain {
                let _ = write!(text, "if beds_calls > {index} then ");
            }
            let _ = write!(text, "set last_insert_id = 0; {}; ", self.procedure.call);
            text.push_str(if self.is_silent {
                "set @beds_ended = concat(@beds_ended, row_count(), ' '); "
            } else {
                "select ?, concat(row_count(), ' '); "
            });
            text.push_str(next);
            if !is_certain {
                text.push_str("end if; ");
            }
        }
        text.push_str(if self.is_silent { "select ?, @beds_ended; end" } else { "end" });
        text
    }

    /// The parameters of the text. A row with the text `end`, which nobody can know in advance, ends the result sets of
    /// a call, or of all calls.
    fn parameters<'v>(&'v self, count: &'v Value, end: &'v Value) -> Vec<&'v Value> {
        let mut values = Vec::with_capacity(self.size * (self.procedure.arity() + 1) + 2);
        values.push(count);
        for index in 0..self.size {
            match self.calls.get(index) {
                Some(args) => values.extend(args),
                None => values.extend(std::iter::repeat_n(&Value::Null, self.procedure.arity())),
            }
            if !self.is_silent {
                values.push(end);
            }
        }
        if self.is_silent {
            values.push(end);
        }
        values
    }

    /// Makes the calls, and adds the results of those that have ended.
    async fn add(
        &self,
        connection: &mut MySqlConnection,
        domain: &'static Domain,
        all: &mut Vec<Returned>,
    ) -> Result<(), Failed> {
        let Self { procedure, calls, is_silent, .. } = *self;
        let (before, mut ended) = (all.len(), Vec::with_capacity(calls.len()));
        let done = self.run(connection, domain, &mut ended).await;
        let mut is_known = true;
        if is_silent && matches!(done, Ok(false) | Err(Fault::Refused(_))) {
            let counts = counted(connection).await;
            is_known = counts.is_some();
            ended = counts.into_iter().flatten().take(calls.len()).map(|count| (None, count)).collect();
        }
        for (row, affected) in ended {
            let returned = returned(domain, procedure, row.as_ref());
            let returned = returned.map_err(|fault| Failed { index: Some(all.len()), fault })?;
            all.push(Returned { affected, ..returned });
        }
        let at = |count: usize| is_known.then_some(count.min(before + calls.len() - 1));
        match done {
            Ok(true) if all.len() == before + calls.len() => Ok(()),
            Ok(true) => {
                let message = format!("{} changed how its session answers", procedure.call);
                Err(Failed { index: None, fault: Fault::Refused(disagree(domain, &message)) })
            }
            // The last call ended the transaction.
            Ok(false) => {
                let fault = Fault::Refused(lasting::ended(domain));
                Err(Failed { index: at(all.len().saturating_sub(1)), fault })
            }
            // The first call that has not ended.
            Err(fault) => Err(Failed { index: at(all.len()), fault }),
        }
    }

    /// Makes the calls, and adds the results of those that have ended. Tells whether the transaction goes on; otherwise
    /// the last call has ended it.
    async fn run(
        &self,
        connection: &mut MySqlConnection,
        domain: &'static Domain,
        ended: &mut Vec<Ended>,
    ) -> Result<bool, Fault> {
        let fault = |error| classify(&error, domain);
        let end = Value::Text(Uuid::new_v4().to_string());
        let count = Value::UInt(self.calls.len() as u64);
        let values = bind(self.parameters(&count, &end)).map_err(fault)?;
        let text = self.text();
        let _traced = statement_span(&text);
        let mut results = connection.fetch_many(sqlx::query_with(&text, values));
        let (mut first, mut has_set, mut counts, mut bytes) = (None, false, None, 0);
        loop {
            let result = match results.try_next().await {
                Ok(Some(result)) => result,
                Ok(None) => return Ok(true),
                Err(error) if self.fence.is_some_and(|fence| fence.has_stopped(&error)) => return Ok(false),
                Err(error) => return Err(fault(error)),
            };
            match result {
                Either::Right(row) if is(&row, &end) => {
                    counts = Some(row.try_get_unchecked::<String, _>(1).map_err(fault)?);
                }
                Either::Right(_) if self.is_silent => {}
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
                        let counts = self::counts(&counts).into_iter();
                        ended.extend(counts.map(|count| (first.take(), count)));
                        (has_set, bytes) = (false, 0);
                    }
                    None => has_set = true,
                },
            }
        }
    }
}

/// Whether this is a row of two columns, the first of which has this text.
fn is(row: &MySqlRow, text: &Value) -> bool {
    let Value::Text(text) = text else { return false };
    row.len() == 2
        && row.try_get_unchecked::<Option<&str>, _>(0).is_ok_and(|cell| cell == Some(text.as_str()))
}
