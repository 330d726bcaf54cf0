//! `create`, `update`, `upsert` and `delete`.

use beds_protocol::{
    CreateRequest, DeleteRequest, ErrorCode, OneOrMany, Operation, Record, UpdateRequest, UpsertRequest,
};

use super::{
    twice,
    which::{Asked, Which, which},
};
use crate::{
    access::Allowed,
    context::Context,
    error::{Error, Result},
    plan::{Action, Matching, Plan, Reach, Read, Scope, Write},
    query::Condition,
    settings::Limits,
    spec::{Domain, Generated, Objects, mariadb::Procedure},
    validate::{Errors, record, record::Kind},
    value::Value,
    work::Work,
};

/// Creates one record, or many: all, or none.
///
/// # Errors
/// `validation_failed`, if the request contradicts the template; `too_large`, if it has too many records.
pub fn create(cx: &Context, domain: &'static Domain, request: CreateRequest) -> Result<Work> {
    let CreateRequest { data } = request;
    let allowed = cx.allowed(domain, Operation::Create)?;
    let kind = if cx.standing.carries { Kind::Carry } else { Kind::Create };
    let (records, many) = records(cx, domain, kind, &allowed, &data)?;
    let asked = asked_by(cx, procedure(domain, Operation::Create))?;
    let scope = Reach { asked, hidden: allowed.into_hidden(), ..Reach::default() };
    Ok(write(domain, Write::Create { records, many }, scope.into()))
}

/// Creates one record, or changes the record with its key. For many records, all or none are written.
///
/// # Errors
/// The same as [`create`].
pub fn upsert(cx: &Context, domain: &'static Domain, request: UpsertRequest) -> Result<Work> {
    let UpsertRequest { data } = request;
    let allowed = cx.allowed(domain, Operation::Upsert)?;
    let (records, many) = records(cx, domain, Kind::Upsert, &allowed, &data)?;
    let asked = asked_by(cx, procedure(domain, Operation::Upsert))?;
    let unset = allowed.unset(procedure(domain, Operation::Upsert).map(|procedure| procedure.args));
    let scope =
        Reach { rows: allowed.rows(), asked, unset, hidden: allowed.into_hidden(), ..Reach::default() };
    Ok(write(domain, Write::Upsert { records, many }, scope.into()))
}

/// Whole records, each with one value for each field, and whether the request has a list of them.
fn records(
    cx: &Context,
    domain: &'static Domain,
    kind: Kind,
    allowed: &Allowed,
    data: &OneOrMany,
) -> Result<(Vec<Vec<Value>>, bool)> {
    let mut errors = Errors::default();
    let (records, many) = match data {
        OneOrMany::One(one) => (std::slice::from_ref(one), false),
        OneOrMany::Many(records) => (records.as_slice(), true),
    };
    bound_records(&cx.limits, records)?;
    if records.is_empty() {
        errors.push("data", "must have at least one record");
    }
    let mut values = Vec::with_capacity(records.len());
    let path = |index: usize| if many { format!("data[{index}].") } else { String::new() };
    for (index, record) in records.iter().enumerate() {
        let path = path(index);
        values.push(record::new_record(domain, kind, allowed, record, &path, &mut errors));
        refuse_not_passed(domain, kind, allowed, record, &path, &mut errors);
    }
    twice::refuse(domain, &values, &mut errors);
    let mut values = errors.or(values)?;
    allowed.may_set(records.iter().enumerate().flat_map(|(index, record)| {
        record.keys().map(move |name| (format!("{}{name}", path(index)), name))
    }))?;
    let operation = match kind {
        Kind::Create | Kind::Carry => Operation::Create,
        Kind::Upsert => Operation::Upsert,
    };
    let procedure = procedure(domain, operation);
    for (index, (values, record)) in values.iter_mut().zip(records).enumerate() {
        let is_given = |field: usize| record.get(domain.fields[field].name).is_some();
        let is_set = |field: usize| procedure.is_none_or(|procedure| procedure.args.contains(&field));
        let filled = allowed.fill(values, is_given, is_set);
        filled.map_err(|error| if many { error.of_record(index) } else { error })?;
    }
    Ok((values, many))
}

/// The procedure of an operation; `None` in an engine without procedures.
pub(crate) fn procedure(domain: &'static Domain, operation: Operation<'_>) -> Option<&'static Procedure> {
    let Objects::MariaDb(objects) = &domain.objects else { return None };
    match operation {
        Operation::Create => objects.create.as_ref(),
        Operation::Update => objects.update.as_ref(),
        Operation::Upsert => objects.upsert.as_ref(),
        Operation::Delete => objects.delete.as_ref(),
        Operation::Fetch | Operation::Count | Operation::Describe | Operation::Call(_) => None,
    }
}

/// The values of the request that a procedure takes.
fn asked_by(cx: &Context, procedure: Option<&Procedure>) -> Result<Vec<Value>> {
    let wanted = procedure.map_or(&[][..], |procedure| procedure.asked);
    wanted.iter().map(|(_, wanted)| cx.asked(*wanted)).collect()
}

fn bound_records(limits: &Limits, records: &[Record]) -> Result<()> {
    let max = limits.create_records_max;
    if records.len() <= max {
        return Ok(());
    }
    let message = format!("the request has {} records; the limit is {max}", records.len());
    Err(Error::new(ErrorCode::TooLarge, message).hint("split it into several requests"))
}

/// Refuses a value that the procedure does not take: it would be lost without notice.
fn refuse_not_passed(
    domain: &'static Domain,
    kind: Kind,
    allowed: &Allowed,
    record: &Record,
    path: &str,
    errors: &mut Errors,
) {
    let operation = match kind {
        Kind::Create | Kind::Carry => Operation::Create,
        Kind::Upsert => Operation::Upsert,
    };
    let Some(procedure) = procedure(domain, operation) else { return };
    for (name, _) in &record.0 {
        let is_passed = allowed.field(name).is_none_or(|(field, _)| procedure.args.contains(&field));
        let path = || format!("{path}{name}");
        if !is_passed && !errors.names(&path()) {
            errors.push(path(), format!("cannot be set by `{operation}`"));
        }
    }
}

/// Changes one record, or all that a filter matches.
///
/// # Errors
/// `validation_failed`, if the request contradicts the template.
pub fn update(cx: &Context, domain: &'static Domain, request: UpdateRequest) -> Result<Work> {
    let allowed = cx.allowed(domain, Operation::Update)?;
    let UpdateRequest { key, r#where, data, if_version, dry_run } = request;
    let mut errors = Errors::default();
    let asked = Asked { key, r#where, if_version, dry_run, operation: "update", most: domain.bulk.update };
    let which = which(cx, domain, &allowed, asked, &mut errors);
    let mut changes = record::changes(domain, &allowed, &data, &mut errors);
    if let Objects::MariaDb(objects) = &domain.objects
        && let Some(procedure) = &objects.update
    {
        for (field, _) in &changes {
            if !procedure.args.contains(field) {
                errors.push(domain.fields[*field].name, "cannot be changed by `update`");
            }
        }
        refresh(domain, procedure.args, &mut changes);
        if objects.read.is_none() {
            require_all(domain, procedure.args, &changes, &mut errors);
        }
    }
    errors.or(())?;
    allowed.may_set(data.keys().map(|name| (name.to_owned(), name)))?;
    let rows = allowed.rows_of_change(&changes)?;
    let asked = asked_by(cx, procedure(domain, Operation::Update))?;
    let scope = |rows| Reach { rows, asked, hidden: allowed.into_hidden(), ..Reach::default() }.into();
    Ok(match which {
        Which::One(key) => write(domain, Write::Update { key, changes, if_version }, scope(rows)),
        Which::Many(matching) => {
            write(domain, Write::UpdateMany { matching: within(matching, rows), changes }, scope(Vec::new()))
        }
        Which::Counted(matching) => count(domain, within(matching, rows), changes),
    })
}

/// Adds the values that the node generates at each change.
fn refresh(domain: &Domain, args: &[usize], changes: &mut Vec<(usize, Value)>) {
    for &field in args {
        let generated = domain.fields[field].generated.filter(|_| !domain.key.contains(&field));
        if generated == Some(Generated::Now) {
            changes.push((field, record::generate(Generated::Now)));
        }
    }
}

/// Requires all fields: without a view the node cannot know the value of a field that is left out.
fn require_all(domain: &Domain, args: &[usize], changes: &[(usize, Value)], errors: &mut Errors) {
    for &field in args {
        let is_known = domain.key.contains(&field) || domain.version == Some(field);
        let name = domain.fields[field].name;
        if !is_known && !errors.names(name) && changes.iter().all(|(changed, _)| *changed != field) {
            errors.push(name, "is required, since the template has no view to read its current value from");
        }
    }
}

/// Deletes one record, or all that a filter matches.
///
/// # Errors
/// The same as [`update`].
pub fn delete(cx: &Context, domain: &'static Domain, request: DeleteRequest) -> Result<Work> {
    let allowed = cx.allowed(domain, Operation::Delete)?;
    let DeleteRequest { key, r#where, if_version, dry_run } = request;
    let mut errors = Errors::default();
    let asked = Asked { key, r#where, if_version, dry_run, operation: "delete", most: domain.bulk.delete };
    let which = which(cx, domain, &allowed, asked, &mut errors);
    if let (Objects::MariaDb(objects), Some(_)) = (&domain.objects, if_version) {
        let takes_version =
            domain.version.zip(objects.delete).is_some_and(|(field, delete)| delete.args.contains(&field));
        if !takes_version && objects.read.is_none() {
            errors.push("if_version", "cannot be used: neither the procedure nor a view has the version");
        }
    }
    errors.or(())?;
    let rows = allowed.rows();
    let asked = asked_by(cx, procedure(domain, Operation::Delete))?;
    let scope = |rows| Reach { rows, asked, hidden: allowed.into_hidden(), ..Reach::default() }.into();
    Ok(match which {
        Which::One(key) => write(domain, Write::Delete { key, if_version }, scope(rows)),
        Which::Many(matching) => write(domain, Write::DeleteMany(within(matching, rows)), scope(Vec::new())),
        Which::Counted(matching) => count(domain, within(matching, rows), Vec::new()),
    })
}

/// The records that a filter matches, among those with these row conditions.
fn within(mut matching: Matching, rows: Vec<Condition>) -> Matching {
    matching.filter.extend(rows);
    matching
}

/// A dry run: counts the records that a write by filter would write.
fn count(domain: &'static Domain, Matching { filter, most }: Matching, changes: Vec<(usize, Value)>) -> Work {
    Work::Plan(Plan::new(domain, Action::Read(Read::Count { filter, most: Some(most), changes })))
}

fn write(domain: &'static Domain, write: Write, scope: Scope) -> Work {
    Work::Plan(Plan::new(domain, Action::Write(write)).within(scope))
}
