//! The operations of a MariaDB domain, as generated code calls them.

use beds_protocol::{
    CallRequest, CountRequest, CreateRequest, DeleteRequest, FetchRequest, Lane, OneOrMany, UpdateRequest,
};

use super::{
    read::{Given, Read, Rows},
    spec::{Procedure, Routine, Source},
    sql,
    write::{self, Effect, Write},
};
use crate::{
    adapters::ops::{arguments, new_records},
    context::Context,
    core::Result,
    error::Error,
    outcome::Outcome,
    query::{self, Fields, Query, Selection},
    spec::{Call, Domain},
    validate::{self, Errors},
    value::Value,
};

/// Reads one record by key, or many by filter.
///
/// # Errors
/// `validation_failed` where the request contradicts the template; `not_found`; what the database answers.
pub async fn fetch(
    cx: &Context,
    domain: &'static Domain,
    source: &'static Source,
    request: FetchRequest,
) -> Result {
    match query::fetch(domain, &cx.limits, &request)? {
        Query::One { key, fields: Fields::All } => {
            match read(cx, domain, Read::One { domain, source, key }).await? {
                Given::One(Some(json)) => Ok(Outcome::data(json)),
                _ => Err(Error::not_found(domain)),
            }
        }
        Query::One { key, fields } => one(cx, domain, source, key, &fields).await,
        Query::Many(selection) => many(cx, domain, source, &selection).await,
    }
}

async fn one(
    cx: &Context,
    domain: &'static Domain,
    source: &'static Source,
    key: Vec<Value>,
    fields: &Fields,
) -> Result {
    let columns = fields.indices(domain);
    let rows = Rows {
        domain,
        statement: sql::select_one(domain, source, &columns, key),
        shown: columns.len(),
        columns,
        cursor: Vec::new(),
        limit: 1,
        bytes_max: cx.limits.reply_bytes_max,
    };
    match read(cx, domain, Read::Rows(rows)).await? {
        Given::Rows { mut json, count: 1.., .. } => {
            json.pop();
            json.remove(0);
            Ok(Outcome::data(json))
        }
        _ => Err(Error::not_found(domain)),
    }
}

async fn many(
    cx: &Context,
    domain: &'static Domain,
    source: &'static Source,
    selection: &Selection,
) -> Result {
    let mut columns = selection.fields.indices(domain);
    let shown = columns.len();
    let mut cursor = Vec::with_capacity(selection.sort.len());
    for order in &selection.sort {
        let position = columns.iter().position(|&column| column == order.field).unwrap_or_else(|| {
            columns.push(order.field);
            columns.len() - 1
        });
        cursor.push(position);
    }
    let rows = Rows {
        domain,
        statement: sql::select(domain, source, selection, &columns),
        columns,
        shown,
        cursor,
        limit: selection.limit as usize,
        bytes_max: cx.limits.reply_bytes_max,
    };
    let rows = read(cx, domain, Read::Rows(rows));
    let count = async {
        if !selection.count {
            return Ok(None);
        }
        let statement = sql::count(domain, source, &selection.filter);
        read(cx, domain, Read::Count { domain, statement }).await.map(Some)
    };
    let (rows, count) = tokio::try_join!(rows, count)?;
    let Given::Rows { json, last, .. } = rows else { return Err(unexpected()) };
    let count = match count {
        Some(Given::Count(count)) => Some(count),
        _ => None,
    };
    let has_more = last.is_some();
    let next = last.and_then(|last| selection.cursor(domain, last));
    let note = query::cut_note(has_more, next.as_ref());
    Ok(Outcome { next, count, note, ..Outcome::data(json) })
}

/// Counts records by filter.
///
/// # Errors
/// As [`fetch`].
pub async fn count(
    cx: &Context,
    domain: &'static Domain,
    source: &'static Source,
    request: CountRequest,
) -> Result {
    let filter = query::count(domain, &cx.limits, &request)?;
    let statement = sql::count(domain, source, &filter);
    match read(cx, domain, Read::Count { domain, statement }).await? {
        Given::Count(count) => Ok(Outcome::count(count)),
        _ => Err(unexpected()),
    }
}

/// Creates one record, or many of which all or none are created.
///
/// # Errors
/// `validation_failed`, `conflict`, `rejected_by_database`, and what the database answers.
pub async fn create(
    cx: &Context,
    domain: &'static Domain,
    procedure: &'static Procedure,
    request: CreateRequest,
) -> Result {
    let many = matches!(request.data, OneOrMany::Many(_));
    let records = new_records(domain, &cx.limits, &request.data)?;
    refuse_not_passed(domain, procedure, &request.data)?;
    let effect = Effect::Create { procedure, records, many };
    write(cx, domain, effect, procedure.commits).await
}

/// A value that the procedure does not take would be lost without a word.
fn refuse_not_passed(domain: &'static Domain, procedure: &Procedure, data: &OneOrMany) -> Result<()> {
    let mut errors = Errors::default();
    let records = match data {
        OneOrMany::One(record) => std::slice::from_ref(record),
        OneOrMany::Many(records) => records,
    };
    for (name, _) in records.iter().flat_map(|record| &record.0) {
        let is_passed = domain.field(name).is_none_or(|(field, _)| procedure.args.contains(&field));
        if !is_passed && !errors.names(name) {
            errors.push(name, "cannot be set by `create`");
        }
    }
    errors.or(domain, ())
}

/// Changes one record.
///
/// # Errors
/// `validation_failed`, `not_found`, `version_mismatch`, `conflict`, and what the database answers.
pub async fn update(
    cx: &Context,
    domain: &'static Domain,
    source: Option<&'static Source>,
    procedure: &'static Procedure,
    request: UpdateRequest,
) -> Result {
    let UpdateRequest { key, data, if_version } = request;
    let mut errors = Errors::default();
    validate::if_version(domain, if_version, &mut errors);
    let key = validate::key(domain, &key, &mut errors);
    let mut changes = validate::changes(domain, &data, &mut errors);
    for (field, _) in &changes {
        if !procedure.args.contains(field) {
            errors.push(domain.fields[*field].name, "cannot be changed by `update`");
        }
    }
    write::refreshed(domain, procedure, &mut changes);
    if source.is_none() {
        // Without a view the node cannot know what a field that is left out holds.
        for &field in procedure.args {
            let is_known = domain.key.contains(&field) || domain.version == Some(field);
            if !is_known && changes.iter().all(|(changed, _)| *changed != field) {
                errors
                    .push(domain.fields[field].name, "is required: the template has no view to take it from");
            }
        }
    }
    errors.or(domain, ())?;
    let effect = Effect::Update { source, procedure, key, changes, if_version };
    write(cx, domain, effect, procedure.commits).await
}

/// Deletes one record.
///
/// # Errors
/// As [`update`].
pub async fn delete(
    cx: &Context,
    domain: &'static Domain,
    source: Option<&'static Source>,
    procedure: &'static Procedure,
    request: DeleteRequest,
) -> Result {
    let DeleteRequest { key, if_version } = request;
    let mut errors = Errors::default();
    validate::if_version(domain, if_version, &mut errors);
    let key = validate::key(domain, &key, &mut errors);
    let takes_version = domain.version.is_some_and(|field| procedure.args.contains(&field));
    if if_version.is_some() && !takes_version && source.is_none() {
        errors.push("if_version", "cannot be used: neither the procedure nor a view knows the version");
    }
    errors.or(domain, ())?;
    let effect = Effect::Delete { source, procedure, key, if_version };
    write(cx, domain, effect, procedure.commits).await
}

/// Runs a named call, in its lane.
///
/// # Errors
/// `validation_failed`, `rejected_by_database`, and what the database answers.
pub async fn call(
    cx: &Context,
    domain: &'static Domain,
    call: &'static Call,
    routine: &'static Routine,
    request: CallRequest,
) -> Result {
    let args = arguments(domain, call, &request.args.unwrap_or_default())?;
    let bytes_max = cx.limits.reply_bytes_max;
    match call.lane {
        Lane::Read => match read(cx, domain, Read::Call { domain, call, routine, args, bytes_max }).await? {
            Given::Call(outcome) => Ok(outcome),
            _ => Err(unexpected()),
        },
        Lane::Write => {
            let effect = Effect::Call { call, routine, args, bytes_max };
            let outcome = write(cx, domain, effect, routine.commits).await?;
            Ok(Outcome { note: routine.commits.then_some(write::AT_LEAST_ONCE), ..outcome })
        }
    }
}

async fn read(cx: &Context, domain: &'static Domain, job: Read) -> Result<Given> {
    cx.engines.mariadb(domain)?.reads.run(job, cx.deadline).await
}

async fn write(cx: &Context, domain: &'static Domain, effect: Effect, commits: bool) -> Result {
    cx.engines.mariadb(domain)?.writes.run(Write { domain, effect, commits }, cx.deadline).await
}

fn unexpected() -> Error {
    Error::internal("a job gave another kind of result than it was asked for")
}
