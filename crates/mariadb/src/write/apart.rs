//! Several records on an object that commits by itself: one after another, each committed with its event. So if one of
//! them fails, the earlier ones are published like any other change, and the reply names them.

use std::borrow::Cow;

use beds_core::{
    Error, Outcome,
    plan::{self, Matching},
    spec::Domain,
    value::Value,
};
use beds_protocol::ErrorCode;

use super::{
    Write, create, declared,
    lasting::{CONFLICT, Remains},
    many::Many,
};
use crate::{
    fault::Fault,
    read::Shown,
    session::{End, Session},
};

/// How many written records an error names.
const NAMED_MAX: usize = 100;

/// Whether a write is of several records.
pub(super) const fn is_list(write: &plan::Write) -> bool {
    match write {
        plan::Write::Create { many, .. } | plan::Write::Upsert { many, .. } => *many,
        plan::Write::UpdateMany { .. } | plan::Write::DeleteMany(_) => true,
        plan::Write::Update { .. }
        | plan::Write::Delete { .. }
        | plan::Write::Call(_)
        | plan::Write::All(_) => false,
    }
}

/// Writes them, and gives the reply to all.
pub(super) async fn run(write: &Write, session: &mut Session) -> Result<Outcome, Fault> {
    let of_records = |records: &[Vec<Value>], one: fn(Vec<Vec<Value>>) -> plan::Write| {
        records.iter().map(|record| Some(one(vec![record.clone()]))).collect::<Vec<_>>()
    };
    let (items, is_found) = match &write.write {
        plan::Write::Create { records, .. } => {
            (of_records(records, |records| plan::Write::Create { records, many: false }), false)
        }
        plan::Write::Upsert { records, .. } => {
            (of_records(records, |records| plan::Write::Upsert { records, many: false }), false)
        }
        plan::Write::UpdateMany { matching, changes } => {
            let change = |key| plan::Write::Update { key, changes: changes.clone(), if_version: None };
            (found(write, session, matching, change).await?, true)
        }
        plan::Write::DeleteMany(matching) => (
            found(write, session, matching, |key| plan::Write::Delete { key, if_version: None }).await?,
            true,
        ),
        plan::Write::Update { .. }
        | plan::Write::Delete { .. }
        | plan::Write::Call(_)
        | plan::Write::All(_) => {
            return Err(Fault::Refused(Error::internal("the write is of one record")));
        }
    };
    let mut done = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let Some(item) = item else { continue };
        match one(write, item, session).await {
            Ok(outcome) => done.push((index, outcome)),
            // The record was deleted, or changed, after it was found.
            Err(Fault::Refused(error)) if is_found && error.code == ErrorCode::NotFound => {}
            Err(fault) => {
                let place = (!is_found).then_some(index);
                return Err(failed(fault, write.domain, place, &done));
            }
        }
    }
    if is_found {
        return Ok(Outcome::written(done.len() as u64, items.len() as u64).noted(Remains::Committed.note()));
    }
    Ok(listed(done.into_iter().map(|(_, outcome)| outcome)).noted(Remains::Committed.note()))
}

/// The writes of the records that a filter finds; `None` for a record whose key cannot be shown.
async fn found(
    write: &Write,
    session: &mut Session,
    matching: &Matching,
    one: impl Fn(Vec<Value>) -> plan::Write,
) -> Result<Vec<Option<plan::Write>>, Fault> {
    let objects = write.objects;
    let procedure = match &write.write {
        plan::Write::DeleteMany(_) => declared(objects.delete.as_ref())?,
        _ => declared(objects.update.as_ref())?,
    };
    let source = declared(objects.read.as_ref())?;
    let many =
        Many { domain: write.domain, source, procedure, matching, scope: &write.scope, known: &write.known };
    let keys = many.keys(&mut session.connection).await?;
    Ok(keys.into_iter().map(|key| key.map(&one)).collect())
}

/// Writes one record, and commits it with its event.
async fn one(write: &Write, item: &plan::Write, session: &mut Session) -> Result<Outcome, Fault> {
    match write.one_of_list(item, &mut session.connection).await {
        Ok((outcome, has_events)) => write.commit(session, has_events).await.map(|_| outcome),
        Err(fault @ (Fault::Refused(_) | Fault::Deadlock)) => match session.end(End::Rollback).await {
            Ok(_) => Err(fault),
            Err(error) => Err(Fault::Lost(error.to_string())),
        },
        Err(fault) => Err(fault),
    }
}

/// The reply to all of a list.
fn listed(outcomes: impl Iterator<Item = Outcome>) -> Outcome {
    let (mut shown, mut note) = (Vec::new(), None);
    for Outcome { data, note: own, unshown, .. } in outcomes {
        shown.push(Shown {
            json: data.map_or_else(|| b"null".to_vec(), Cow::into_owned),
            unshown,
            ..Shown::default()
        });
        note = note.or(own);
    }
    Outcome { note, ..create::list(shown.into_iter()) }
}

/// The error of one record. It says which records are written. `place` is the record's place in the request's list.
fn failed(fault: Fault, domain: &Domain, place: Option<usize>, done: &[(usize, Outcome)]) -> Fault {
    let told = |error: Error| {
        let mut error = match place {
            Some(index) => error.of_record(index),
            None => error,
        };
        if done.is_empty() {
            return error;
        }
        let count = done.len();
        error.message = match count {
            1 => format!("{}; one record is written before it", error.message),
            count => format!("{}; {count} records are written before it", error.message),
        };
        error.hint = Some(format!("{}: send only those that are not written", Remains::Committed.why()));
        for (index, outcome) in done.iter().take(NAMED_MAX) {
            let key = outcome.cut(domain, "").data.unwrap_or_default();
            let field = place.map_or_else(|| "where".to_owned(), |_| format!("data[{index}]"));
            error = error.detail(field, format!("is written: {}", String::from_utf8_lossy(&key)));
        }
        error
    };
    match fault {
        Fault::Refused(error) => Fault::Refused(told(error)),
        Fault::Abandoned(error) => Fault::Abandoned(told(error)),
        Fault::Deadlock => Fault::Refused(told(Error::unknown_effect(CONFLICT))),
        Fault::Lost(reason) => Fault::Lost(reason),
    }
}
