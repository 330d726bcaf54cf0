//! What was written and compared is taken away where it came from: only while it is what it was.

use beds_core::{
    Error, Result,
    carry::{incomparable, only_while, shown},
    context::Context,
    namaste::Request,
    spec::Domain,
    value::Value,
};
use beds_protocol::{CreateRequest, DeleteRequest, ErrorCode, Json, OneOrMany, Record};
use futures_util::future::join_all;

use super::{
    canonical,
    checkpoint::{Checkpoint, Pending, Phase},
    items::{name, there},
    pages::Chunk,
};
use crate::jobs::{Catalogue, Reject, may_pass};

/// How many are taken away at the same time.
const AT_ONCE: usize = 64;

/// What became of one.
pub(crate) enum Taken {
    /// It is gone, and was before, where this chunk is done for the second time.
    Away,
    /// It is another than it was.
    Changed,
    /// It may not be taken away.
    Refused(Error),
}

/// Takes away what is pending; gives what stayed.
pub(super) async fn pending(chunk: &Chunk<'_>, at: &mut Checkpoint) -> Result<Vec<Reject>> {
    let keys: Vec<Json> = at.pending.iter().map(|pending| pending.key.clone()).collect();
    let mut now = chunk.by_keys(chunk.cx, chunk.spec.from, &keys).await?;
    let mut rest = std::mem::take(&mut at.pending);
    let mut rejects = Vec::new();
    while !at.is_apart && !rest.is_empty() {
        let one = rest.remove(0);
        let record = now.remove(&canonical::of_json(&one.key));
        let taken = take(chunk.cx, chunk.catalogue, chunk.spec.from, (&one.key, &one.digest), record).await?;
        if matches!(taken, Taken::Away) {
            stays(chunk, &one).await?;
            at.is_apart = true;
        }
        count(at, &one, taken, &mut rejects);
    }
    for some in rest.chunks(AT_ONCE) {
        let taking = some.iter().map(|one| {
            let record = now.remove(&canonical::of_json(&one.key));
            take(chunk.cx, chunk.catalogue, chunk.spec.from, (&one.key, &one.digest), record)
        });
        let taking: Vec<_> = taking.collect();
        for (one, taken) in some.iter().zip(join_all(taking).await) {
            count(at, one, taken?, &mut rejects);
        }
    }
    at.phase = if at.is_last { Phase::End } else { Phase::Write };
    Ok(rejects)
}

fn count(at: &mut Checkpoint, one: &Pending, taken: Taken, rejects: &mut Vec<Reject>) {
    let error = match taken {
        Taken::Away => {
            at.counts.deleted += 1;
            return;
        }
        Taken::Changed => Error::new(
            ErrorCode::Conflict,
            "it was changed after it was written: it is on both sides; send it again with `on_conflict` replace",
        ),
        Taken::Refused(error) => error,
    };
    at.counts.rejected += 1;
    rejects.push(Reject::of(one.key.clone(), &error));
}

/// Takes one record away that was found as `record`, if it still is what this digest says.
pub(crate) async fn take(
    cx: &Context,
    catalogue: &Catalogue,
    from: &'static Domain,
    (key, digest): (&Json, &str),
    record: Option<Record>,
) -> Result<Taken> {
    let Some(record) = record else { return Ok(Taken::Away) };
    let json = Json::Object(record);
    if canonical::digest(&canonical::of_json(&json)) != digest {
        return Ok(Taken::Changed);
    }
    let if_version = from.version.and_then(|field| json.get(from.fields[field].name)).and_then(Json::as_i64);
    let request = DeleteRequest { key: Some(key.clone()), if_version, ..DeleteRequest::default() };
    let mut work = catalogue.plan(cx, from, Request::Delete(request));
    if if_version.is_none() {
        let incomparable: Vec<_> = incomparable(from).map(|field| field.name).collect();
        let values: Vec<(usize, Value)> = from
            .fields
            .iter()
            .enumerate()
            .filter(|(_, field)| !incomparable.contains(&field.name))
            .filter_map(|(index, field)| json.get(field.name).map(|json| (index, shown(field, json))))
            .collect();
        work = only_while(work?, &values);
    }
    match cx.run(work).await {
        Ok(_) => Ok(Taken::Away),
        // Whoever was quicker changed it, or took it away.
        Err(error) if matches!(error.code, ErrorCode::VersionMismatch | ErrorCode::NotFound) => {
            Ok(Taken::Changed)
        }
        Err(error) if may_pass(&error) => Err(error),
        Err(error) => Ok(Taken::Refused(error)),
    }
}

/// Whether a record is still where it was written, after it was taken away where it came from. Two templates may show the same
/// records, by views that look different: then it is put back, and the move ends.
async fn stays(chunk: &Chunk<'_>, one: &Pending) -> Result<()> {
    if there(chunk, vec![&one.identity]).await?.contains_key(&name(&one.identity)) {
        return Ok(());
    }
    let Some(record) = &one.record else { return Ok(()) };
    let request = Request::Create(CreateRequest { data: OneOrMany::One(record.clone()) });
    chunk.catalogue.run(&chunk.cx.carrying(), chunk.spec.to, request).await?;
    let (from, to) = (chunk.spec.from.name, chunk.spec.to.name);
    let message =
        format!("`{from}` and `{to}` show the same records: what was taken away in one is gone in the other");
    Err(Error::new(ErrorCode::Conflict, message))
}
