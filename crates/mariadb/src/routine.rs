//! Running a procedure or function, and what it gives: OUT parameters, result sets, a value.

use futures_util::TryStreamExt;
use sqlx::{Either, Executor as _, MySqlConnection, mysql::MySqlRow};

use beds_core::{
    Error, Outcome,
    plan::Invocation,
    spec::{ArgMode, Call, Domain, Field, Returns, Routine, Type},
    value::{Value, write_name},
};

use crate::{
    cell::{self, bind},
    fault::{Fault, classify},
};

/// Runs the routine behind a call.
pub(crate) async fn run(
    connection: &mut MySqlConnection,
    domain: &'static Domain,
    invocation: &Invocation,
    bytes_max: usize,
) -> Result<Outcome, Fault> {
    let Invocation { call, args } = invocation;
    let sql = match call.routine {
        Routine::Procedure { sql, .. } | Routine::Function { sql, .. } => sql,
        Routine::Pipeline { .. } => return Err(Fault::Refused(Error::internal("MariaDB has no pipelines"))),
    };
    let sets = result_sets(connection, domain, sql, args, bytes_max).await?;
    outcome(call, sets).map_err(|error| match classify(&error, domain) {
        // All rows have been read: the connection is in step.
        Fault::Abandoned(error) => Fault::Refused(error),
        other => other,
    })
}

/// Runs a statement and collects its result sets; a prepared `CALL` gives its OUT parameters as the last one.
pub(crate) async fn result_sets(
    connection: &mut MySqlConnection,
    domain: &'static Domain,
    text: &'static str,
    args: &[Value],
    bytes_max: usize,
) -> Result<Sets, Fault> {
    let fault = |error| classify(&error, domain);
    let mut results = connection.fetch_many(sqlx::query_with(text, bind(args).map_err(fault)?));
    let mut sets = Sets::default();
    let (mut rows, mut bytes) = (Vec::new(), 0);
    while let Some(result) = results.try_next().await.map_err(fault)? {
        match result {
            Either::Right(row) => {
                bytes += approximate_size(&row);
                if bytes > bytes_max {
                    return Err(Fault::Abandoned(Error::reply_too_large(bytes_max)));
                }
                rows.push(row);
            }
            Either::Left(done) => {
                sets.affected += done.rows_affected();
                sets.sets.push(std::mem::take(&mut rows));
            }
        }
    }
    // What closes a CALL is a status without rows, not a result set.
    if sets.sets.last().is_some_and(Vec::is_empty) {
        sets.sets.pop();
    }
    Ok(sets)
}

/// Result sets, and how many rows the statement changed.
#[derive(Default)]
pub(crate) struct Sets {
    pub(crate) sets: Vec<Vec<MySqlRow>>,
    pub(crate) affected: u64,
}

fn approximate_size(row: &MySqlRow) -> usize {
    use sqlx::Row as _;
    let cell = |index| row.try_get_unchecked::<Option<&[u8]>, _>(index).ok().flatten().map_or(4, <[u8]>::len);
    (0..row.len()).map(cell).sum()
}

fn outcome(call: &'static Call, sets: Sets) -> Result<Outcome, sqlx::Error> {
    let mut sets = sets.sets;
    let outs: Vec<&Field> =
        call.args.iter().filter(|arg| arg.mode != ArgMode::In).map(|arg| &arg.field).collect();
    let mut outcome = Outcome::default();
    if !outs.is_empty() {
        let set = sets.pop().unwrap_or_default();
        outcome.out = set.first().map(|row| record(row, &outs, cell::read_out)).transpose()?;
    }
    match &call.returns {
        Returns::Nothing => {}
        Returns::Scalar(ty) => {
            let row = sets.first().and_then(|set| set.first());
            let value = row.map_or(Ok(Value::Null), |row| cell::read(row, 0, ty))?;
            let mut json = Vec::new();
            value.write_json(&mut json);
            outcome.data = Some(json);
        }
        Returns::Rows(fields) => {
            let fields: Vec<&Field> = fields.iter().collect();
            let first = sets.first().map(Vec::as_slice).unwrap_or_default();
            outcome.data = Some(array(first, |row, out| {
                out.extend(record(row, &fields, cell::read)?);
                Ok(())
            })?);
            if sets.len() > 1 {
                outcome.sets = Some(as_it_comes(&sets)?);
            }
        }
        Returns::AsItComes => outcome.sets = Some(as_it_comes(&sets)?),
    }
    Ok(outcome)
}

/// A row as a JSON object with these fields, by position.
fn record(
    row: &MySqlRow,
    fields: &[&Field],
    read: fn(&MySqlRow, usize, &Type) -> Result<Value, sqlx::Error>,
) -> Result<Vec<u8>, sqlx::Error> {
    let mut out = vec![b'{'];
    for (index, field) in fields.iter().enumerate() {
        write_name(&mut out, index == 0, field.name);
        read(row, index, &field.ty)?.write_json(&mut out);
    }
    out.push(b'}');
    Ok(out)
}

fn as_it_comes(sets: &[Vec<MySqlRow>]) -> Result<Vec<u8>, sqlx::Error> {
    array(sets, |set, out| {
        out.extend(array(set, cell::write_as_it_comes)?);
        Ok(())
    })
}

fn array<T>(
    items: &[T],
    mut write: impl FnMut(&T, &mut Vec<u8>) -> Result<(), sqlx::Error>,
) -> Result<Vec<u8>, sqlx::Error> {
    let mut out = vec![b'['];
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(item, &mut out)?;
    }
    out.push(b']');
    Ok(out)
}
