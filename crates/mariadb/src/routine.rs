//! Running a procedure or function, and its results: OUT parameters, result sets, a value.

use std::fmt::Display;

use futures_util::TryStreamExt;
use sqlx::{
    Either, Execute as _, Executor as _, MySql, MySqlConnection,
    mysql::{MySqlArguments, MySqlRow},
    query::Query,
};

use beds_core::{
    Error, Outcome,
    plan::{Invocation, UNHEARD},
    spec::{ArgMode, Call, Domain, Field, Returns, Routine},
    stages::statement_span,
    value::Value,
};

use crate::{
    cell::{Reply, bind},
    columns::Columns,
    fault::{Fault, classify},
};

/// For a reply that nobody hears, or that is cut, the rows that its events may need: the first row of each result set.
const KEPT_ROWS_MAX: usize = 1;

/// How many bytes the rows of a routine may have.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Room {
    /// A routine that gives more is refused, and rolled back.
    Most(usize),
    /// A routine that gives more cannot be rolled back: it runs to its end, and the surplus rows are left out.
    Cut(usize),
}

/// What a reply says of rows that were left out.
const LEFT_OUT: &str = "the request is done; its reply would be too long, so it has only the first row of each result \
     set";

/// Runs the routine behind a call.
pub(crate) async fn run(
    connection: &mut MySqlConnection,
    domain: &'static Domain,
    invocation: &Invocation,
    room: Room,
    known: &Columns,
) -> Result<Outcome, Fault> {
    known.parameters.check(connection, domain, invocation).await?;
    let Invocation { call, args } = invocation;
    let sql = match call.routine {
        Routine::Procedure { sql, .. } | Routine::Function { sql, .. } => sql,
        Routine::Pipeline { .. } | Routine::Method => {
            return Err(Fault::Refused(Error::internal(format!("MariaDB does not run `{}`", call.name))));
        }
    };
    let sets = result_sets(connection, domain, sql, args, room).await?;
    outcome(domain, call, sets).map_err(|error| match classify(&error, domain) {
        // All rows have been read: the connection is in step.
        Fault::Abandoned(error) => Fault::Refused(error),
        other => other,
    })
}

/// Runs a statement and collects its result sets. A prepared `CALL` gives its OUT parameters as the last one.
pub(crate) async fn result_sets(
    connection: &mut MySqlConnection,
    domain: &'static Domain,
    text: &'static str,
    args: &[Value],
    room: Room,
) -> Result<Sets, Fault> {
    let query = sqlx::query_with(text, bind(args).map_err(|error| classify(&error, domain))?);
    sets_of(connection, domain, query, room).await
}

/// Runs a query and collects its result sets.
pub(crate) async fn sets_of(
    connection: &mut MySqlConnection,
    domain: &'static Domain,
    query: Query<'_, MySql, MySqlArguments>,
    room: Room,
) -> Result<Sets, Fault> {
    let fault = |error| classify(&error, domain);
    let _traced = statement_span(query.sql());
    let mut results = connection.fetch_many(query);
    let mut sets = Sets::default();
    let (mut rows, mut bytes) = (Vec::new(), 0);
    while let Some(result) = results.try_next().await.map_err(fault)? {
        match result {
            Either::Right(row) => {
                let (Room::Most(bytes_max) | Room::Cut(bytes_max)) = room;
                bytes += approximate_size(&row);
                if bytes_max != UNHEARD && bytes > bytes_max && !sets.is_cut {
                    let Room::Cut(_) = room else {
                        return Err(Fault::Abandoned(Error::reply_too_large(bytes_max)));
                    };
                    sets.is_cut = true;
                    sets.sets.iter_mut().for_each(|rows| rows.truncate(KEPT_ROWS_MAX));
                    rows.truncate(KEPT_ROWS_MAX);
                }
                let is_kept = bytes_max != UNHEARD && !sets.is_cut;
                if is_kept || rows.len() < KEPT_ROWS_MAX {
                    rows.push(row);
                }
            }
            Either::Left(done) => {
                sets.affected += done.rows_affected();
                sets.sets.push(std::mem::take(&mut rows));
            }
        }
    }
    // A CALL ends with a status without rows, which is not a result set.
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
    /// Whether rows were left out.
    is_cut: bool,
}

/// How many bytes the cells of a row take.
pub(crate) fn approximate_size(row: &MySqlRow) -> usize {
    use sqlx::Row as _;
    let cell = |index| row.try_get_unchecked::<Option<&[u8]>, _>(index).ok().flatten().map_or(4, <[u8]>::len);
    (0..row.len()).map(cell).sum()
}

fn outcome(domain: &'static Domain, call: &'static Call, sets: Sets) -> Result<Outcome, sqlx::Error> {
    let Sets { mut sets, is_cut, .. } = sets;
    let outs: Vec<&Field> =
        call.args.iter().filter(|arg| arg.mode != ArgMode::In).map(|arg| &arg.field).collect();
    let mut outcome = Outcome::default();
    let mut reply = Reply::of_call(domain);
    if !outs.is_empty()
        && let Some(row) = sets.pop().unwrap_or_default().first()
    {
        reply.outs(row, outs, &"out")?;
        outcome.out = Some(std::mem::take(&mut reply.json));
    }
    outcome.note = is_cut.then(|| LEFT_OUT.into());
    match &call.returns {
        Returns::Nothing => {}
        Returns::Scalar(ty) => {
            reply.scalar(sets.first().and_then(|set| set.first()), ty, &"data")?;
            outcome.data = Some(std::mem::take(&mut reply.json).into());
        }
        Returns::Rows(fields) => {
            let first = sets.first().map(Vec::as_slice).unwrap_or_default();
            array(&mut reply, first, &"data", |reply, row, place| reply.record(row, fields.iter(), place))?;
            outcome.data = Some(std::mem::take(&mut reply.json).into());
            if sets.len() > 1 {
                outcome.sets = Some(as_it_comes(&mut reply, &sets)?);
            }
        }
        Returns::AsItComes => outcome.sets = Some(as_it_comes(&mut reply, &sets)?),
    }
    outcome.unshown = reply.unshown.into_note();
    Ok(outcome)
}

fn as_it_comes(reply: &mut Reply, sets: &[Vec<MySqlRow>]) -> Result<Vec<u8>, sqlx::Error> {
    array(reply, sets, &"sets", |reply, set, place| {
        array(reply, set, place, |reply, row, place| reply.as_it_comes(row, place))
    })?;
    Ok(std::mem::take(&mut reply.json))
}

/// Appends an array, each item with its path.
fn array<T>(
    reply: &mut Reply,
    items: &[T],
    place: &dyn Display,
    write: impl Fn(&mut Reply, &T, &dyn Display) -> Result<(), sqlx::Error>,
) -> Result<(), sqlx::Error> {
    reply.json.push(b'[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            reply.json.push(b',');
        }
        write(reply, item, &format_args!("{place}[{index}]"))?;
    }
    reply.json.push(b']');
    Ok(())
}
