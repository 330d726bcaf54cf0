//! Writes records: new ones together, existing ones as the request says.

use std::collections::HashMap;

use beds_core::{Error, Result, namaste::Request};
use beds_protocol::{CreateRequest, ErrorCode, OneOrMany, Record, UpdateRequest};

use super::{
    items::{Item, json, there},
    keys::key,
    pages::Chunk,
    spec::OnConflict,
};
use crate::jobs::{Reject, may_pass};

/// The result for a record.
#[derive(Debug, PartialEq)]
pub(super) enum Became {
    Created,
    Same,
    Replaced,
    Skipped,
    Rejected(Error),
    /// The record exists with other values, which the request does not allow.
    Conflict(Error),
}

/// Writes records. Returns the result for each.
pub(super) async fn write(chunk: &Chunk<'_>, items: &[Item]) -> Result<Vec<Became>> {
    if items.is_empty() {
        return Ok(Vec::new());
    }
    // The lookup finds the records of a chunk that runs for the second time, and of other writers.
    if !chunk.spec.dry_run && create(chunk, items).await?.is_ok() {
        return Ok(items.iter().map(|_| Became::Created).collect());
    }
    let found = there(chunk, items.iter().map(|item| &*item.identity).collect()).await?;
    let mut became: Vec<Option<Became>> = Vec::with_capacity(items.len());
    for item in items {
        let at = found.get(&item.name());
        became.push(match at {
            None => None,
            Some(there) => Some(settle(chunk, item, there).await?),
        });
    }
    let missing: Vec<usize> = (0..items.len()).filter(|&index| became[index].is_none()).collect();
    for (index, error) in create_by_halves(chunk, items, missing).await? {
        let outcome = error.map_or(Became::Created, Became::Rejected);
        became[index] = Some(outcome);
    }
    Ok(became.into_iter().map(|outcome| outcome.unwrap_or(Became::Created)).collect())
}

/// Handles a record that exists already.
async fn settle(chunk: &Chunk<'_>, item: &Item, there: &Record) -> Result<Became> {
    let Some(field) = item.differs(chunk, there) else { return Ok(Became::Same) };
    match chunk.spec.on_conflict {
        OnConflict::Skip => Ok(Became::Skipped),
        OnConflict::Replace => replace(chunk, item, there).await,
        OnConflict::Fail => {
            let to = chunk.spec.to.name;
            let reason = format!("`{to}` already has this record, with another `{field}`");
            Ok(Became::Conflict(Error::new(ErrorCode::Conflict, reason)))
        }
    }
}

async fn replace(chunk: &Chunk<'_>, item: &Item, there: &Record) -> Result<Became> {
    let (to, mut data) = (chunk.spec.to, Vec::new());
    for (index, value) in item.differing(chunk, there) {
        let name = to.fields[index].name;
        if let Some(reason) = chunk.spec.update.as_ref().and_then(|update| update.bars(index)) {
            let reason = format!("`{name}` differs there, and {reason}");
            return Ok(Became::Rejected(Error::new(ErrorCode::Conflict, reason)));
        }
        data.push((name.to_owned(), json(value)));
    }
    let request = UpdateRequest { key: Some(key(to, there)), data: Record(data), ..UpdateRequest::default() };
    let work = chunk.catalogue.plan(chunk.cx, to, Request::Update(request));
    let outcome = if chunk.spec.dry_run { chunk.cx.check(work) } else { chunk.cx.run(work).await.map(drop) };
    match outcome {
        Ok(()) => Ok(Became::Replaced),
        Err(error) if !may_pass(&error) => Ok(Became::Rejected(error)),
        Err(error) => Err(error),
    }
}

/// Creates records, all or none. The inner error says why it is impossible.
async fn create(chunk: &Chunk<'_>, items: &[Item]) -> Result<std::result::Result<(), Error>> {
    let data = match items {
        [one] => OneOrMany::One(one.record.clone()),
        items => OneOrMany::Many(items.iter().map(|item| item.record.clone()).collect()),
    };
    let request = Request::Create(CreateRequest { data });
    match chunk.catalogue.run(&chunk.cx.carrying(), chunk.spec.to, request).await {
        Ok(_) => Ok(Ok(())),
        Err(error) if !may_pass(&error) => Ok(Err(error)),
        Err(error) => Err(error),
    }
}

/// Creates as many of the records as possible, and returns the reasons for the others. A group that is refused is tried
/// in halves.
async fn create_by_halves(
    chunk: &Chunk<'_>,
    items: &[Item],
    missing: Vec<usize>,
) -> Result<HashMap<usize, Option<Error>>> {
    let mut ended = HashMap::with_capacity(missing.len());
    if chunk.spec.dry_run {
        return Ok(missing.into_iter().map(|index| (index, refused(chunk, &items[index]))).collect());
    }
    // Neighbouring records are created together.
    let mut runs: Vec<std::ops::Range<usize>> = Vec::new();
    for index in missing {
        match runs.last_mut() {
            Some(run) if run.end == index => run.end += 1,
            _ => runs.push(index..index + 1),
        }
    }
    while let Some(run) = runs.pop() {
        match create(chunk, &items[run.clone()]).await? {
            Ok(()) => ended.extend(run.map(|index| (index, None))),
            Err(error) if run.len() == 1 => {
                ended.insert(run.start, Some(error));
            }
            Err(_) => {
                let middle = run.start + run.len() / 2;
                runs.extend([run.start..middle, middle..run.end]);
            }
        }
    }
    Ok(ended)
}

/// Why a new record would be refused before the database is asked.
fn refused(chunk: &Chunk<'_>, item: &Item) -> Option<Error> {
    let cx = chunk.cx.carrying();
    let request = Request::Create(CreateRequest { data: OneOrMany::One(item.record.clone()) });
    cx.check(chunk.catalogue.plan(&cx, chunk.spec.to, request)).err()
}

/// The reject of a record that was not written.
pub(super) fn reject(item: &Item, error: &Error) -> Reject {
    Reject::of(item.key.clone(), error)
}
