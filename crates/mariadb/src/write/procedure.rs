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
    statement::parts,
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

/// A call that failed, by its place among those that were made together, where that is known.
pub(super) struct Failed {
    pub(super) index: Option<usize>,
    pub(super) fault: Fault,
}

impl Failed {
    /// The same, by the place of the part that the call belongs to, where there are so many calls a part.
    pub(super) fn among(self, parts: impl Iterator<Item = usize>) -> Self {
        let ends = parts.scan(0, |end, calls| {
            *end += calls;
            Some(*end)
        });
        let index = self.index.and_then(|index| ends.into_iter().position(|end| index < end));
        Self { index, ..self }
    }
}

/// Calls a procedure once for each of these lists of arguments, in order. Several calls are one compound statement,
/// which costs one round trip. None sees a `last_insert_id()` of another. The one that is refused is told.
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
    let is_silent = procedure.returns.is_empty();
    for (calls, size) in parts(calls, procedure.arity() + 1) {
        let together = Together { procedure, calls, size, is_silent };
        let mut ended = Vec::with_capacity(calls.len());
        let done = together.run(connection, domain, &mut ended).await;
        let before = all.len();
        for (row, affected) in ended {
            let returned = returned(domain, procedure, row.as_ref());
            let returned = returned.map_err(|fault| Failed { index: Some(all.len()), fault })?;
            all.push(Returned { affected, ..returned });
        }
        if let Err(fault) = done {
            let place = match fault {
                Fault::Refused(_) if is_silent => place(connection).await,
                // The first that has not ended.
                _ => Some(all.len() - before),
            };
            let index = place.map(|place| before + place.min(calls.len() - 1));
            return Err(Failed { index, fault });
        }
        if all.len() != before + calls.len() {
            let message = format!("{} has changed how its session answers", procedure.call);
            return Err(Failed { index: None, fault: Fault::Refused(disagree(domain, &message)) });
        }
    }
    Ok(all)
}

/// Which of the calls that are one statement was refused. [`crate::session`] makes the session forget it.
async fn place(connection: &mut MySqlConnection) -> Option<usize> {
    let row = connection.fetch_one(sqlx::raw_sql("select @beds_call")).await.ok()?;
    row.try_get_unchecked::<&str, _>(0).ok()?.parse().ok()
}

/// Calls that are one statement.
struct Together<'a> {
    procedure: &'static Procedure,
    calls: &'a [Vec<Value>],
    /// For how many calls the statement is written, of which the second half may be left out.
    size: usize,
    /// Whether the server counts the calls that have ended and says so at the end: a result set for each would cost it as much
    /// as the call. A variable of the session tells which was refused. A handler of errors could tell as well, but would lose
    /// the warnings of what is not rolled back.
    is_silent: bool,
}

/// Of a call that has ended, the first row that it gave back and how many rows it changed.
type Ended = (Option<MySqlRow>, u64);

impl Together<'_> {
    fn text(&self) -> String {
        let mut text = String::from("begin not atomic declare beds_calls int default ?; ");
        if self.is_silent {
            text.push_str("declare beds_affected text default ''; ");
        }
        for index in 0..self.size {
            let is_certain = index <= self.size / 2;
            if !is_certain {
                let _ = write!(text, "if beds_calls > {index} then ");
            }
            let place = if self.is_silent { format!(", @beds_call = {index}") } else { String::new() };
            let _ = write!(text, "set last_insert_id = 0{place}; {}; ", self.procedure.call);
            text.push_str(if self.is_silent {
                "set beds_affected = concat(beds_affected, row_count(), ' '); "
            } else {
                "select ?, concat(row_count(), ' '); "
            });
            if !is_certain {
                text.push_str("end if; ");
            }
        }
        text.push_str(if self.is_silent { "select ?, beds_affected; end" } else { "end" });
        text
    }

    /// The parameters of the text. A row with the text `end`, which nobody can know before, ends the result sets of a call, or
    /// of all.
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

    /// Makes the calls, and adds what is known of those that have ended.
    async fn run(
        &self,
        connection: &mut MySqlConnection,
        domain: &'static Domain,
        ended: &mut Vec<Ended>,
    ) -> Result<(), Fault> {
        let fault = |error| classify(&error, domain);
        let end = Value::Text(Uuid::new_v4().to_string());
        let count = Value::UInt(self.calls.len() as u64);
        let values = bind(self.parameters(&count, &end)).map_err(fault)?;
        let text = self.text();
        let _traced = statement_span(&text);
        let mut results = connection.fetch_many(sqlx::query_with(&text, values));
        let (mut first, mut has_set, mut counts, mut bytes) = (None, false, None, 0);
        while let Some(result) = results.try_next().await.map_err(fault)? {
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
                        // It is -1 where a result set came last.
                        let counts = counts.split_whitespace().map(|count| count.parse().unwrap_or_default());
                        ended.extend(counts.map(|count| (first.take(), count)));
                        (has_set, bytes) = (false, 0);
                    }
                    None => has_set = true,
                },
            }
        }
        Ok(())
    }
}

/// Whether this is a row of two columns, the first of which has this text.
fn is(row: &MySqlRow, text: &Value) -> bool {
    let Value::Text(text) = text else { return false };
    row.len() == 2
        && row.try_get_unchecked::<Option<&str>, _>(0).is_ok_and(|cell| cell == Some(text.as_str()))
}
