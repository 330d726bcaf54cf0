//! Deletes records in the source, after they were written and compared.

use std::collections::HashMap;

use beds_core::{Error, Result, namaste::Request};
use beds_protocol::{CreateRequest, ErrorCode, Json, OneOrMany};

use super::{
    canonical,
    checkpoint::{Checkpoint, Pending, Phase},
    items::{name, there},
    keys::key,
    pages::{Chunk, after},
    settling,
    take::{Taken, take, take_all},
};
use crate::jobs::Reject;

/// Deletes the pending records. Returns those that stayed.
pub(super) async fn pending(chunk: &Chunk<'_>, at: &mut Checkpoint) -> Result<Vec<Reject>> {
    let is_fresh = chunk.fresh.is_some_and(|fresh| fresh.begin(chunk.job));
    let keys: Vec<Json> = at.pending.iter().map(|pending| pending.key.clone()).collect();
    let mut now = chunk.by_keys(chunk.cx, chunk.spec.from, &keys).await?;
    let all = std::mem::take(&mut at.pending);
    let mut ended: Vec<(&Pending, Taken)> = Vec::with_capacity(all.len());
    let mut rest = all.as_slice();
    while let [one, others @ ..] = rest
        && !at.is_apart
    {
        rest = others;
        let record = now.remove(&canonical::of_json(&one.key));
        let taken = take(chunk.cx, chunk.catalogue, chunk.spec.from, (&one.key, &one.digest), record).await?;
        // A missing record may have been deleted by a client, and its copy may have been deleted since.
        if matches!(taken, Taken::Away { was_there } if was_there || !chunk.settles && !is_fresh) {
            stays(chunk, one).await?;
            at.is_apart = true;
        }
        ended.push((one, taken));
    }
    let digests: Vec<(Json, String)> = rest.iter().map(|one| (one.key.clone(), one.digest.clone())).collect();
    let taken = take_all(chunk.cx, chunk.catalogue, chunk.spec.from, &digests, now).await?;
    ended.extend(rest.iter().zip(taken));
    let rejects = if chunk.settles {
        settling::settled(chunk, at, is_fresh, ended).await?
    } else {
        moved(chunk, at, is_fresh, ended).await?
    };
    at.phase = if at.is_last && at.picked.is_empty() { Phase::End } else { Phase::Write };
    Ok(rejects)
}

/// A client's action on a record during its move.
#[derive(Debug, Clone, Copy)]
enum Meanwhile {
    Changed,
    Deleted,
}

/// Handles the results of deletions in the source. Returns the records that were not moved, with reasons.
async fn moved(
    chunk: &Chunk<'_>,
    at: &mut Checkpoint,
    is_fresh: bool,
    ended: Vec<(&Pending, Taken)>,
) -> Result<Vec<Reject>> {
    // The faster writer may have changed the record and then deleted it.
    let changed = ended.iter().filter(|(_, taken)| matches!(taken, Taken::Changed));
    let changed: Vec<Json> = changed.map(|(one, _)| one.key.clone()).collect();
    let now = match &*changed {
        [] => HashMap::new(),
        changed => chunk.by_keys(chunk.cx, chunk.spec.from, changed).await?,
    };
    let (mut met, mut rejects) = (Vec::new(), Vec::new());
    for (one, taken) in ended {
        match taken {
            // Only a client can have deleted it.
            Taken::Away { was_there: false } if is_fresh => met.push((one, Meanwhile::Deleted)),
            Taken::Away { .. } => at.counts.deleted += 1,
            Taken::Changed if now.contains_key(&canonical::of_json(&one.key)) => {
                met.push((one, Meanwhile::Changed));
            }
            Taken::Changed => met.push((one, Meanwhile::Deleted)),
            Taken::Refused(error) => rejects.push(Reject::of(one.key.clone(), &error)),
        }
    }
    rejects.extend(take_back(chunk, at, met).await?);
    at.counts.rejected += rejects.len() as u64;
    Ok(rejects)
}

/// Deletes the copies of records on which clients acted during the move, each only while the copy is unchanged.
async fn take_back(
    chunk: &Chunk<'_>,
    at: &mut Checkpoint,
    met: Vec<(&Pending, Meanwhile)>,
) -> Result<Vec<Reject>> {
    let (mut stay, mut copies, mut now) = (Vec::new(), Vec::new(), HashMap::new());
    let mut found = match &*met {
        [] => return Ok(Vec::new()),
        met => there(chunk, met.iter().map(|(one, _)| &*one.identity).collect()).await?,
    };
    let to = chunk.spec.to;
    for (one, meanwhile) in met {
        match (found.remove(&name(&one.identity)), &one.copy) {
            // A client has deleted the copy.
            (None, _) => stay.push((one, meanwhile, Ok(()))),
            // Before source and target are known to be apart, the record found may be the original.
            (Some(record), Some(copy)) if at.is_apart => {
                let key = key(to, &record);
                now.insert(canonical::of_json(&key), record);
                copies.push(((one, meanwhile), (key, copy.clone())));
            }
            (Some(_), _) => stay.push((one, meanwhile, Err(String::new()))),
        }
    }
    let (copies, digests): (Vec<_>, Vec<_>) = copies.into_iter().unzip();
    let taken = take_all(&after(chunk.cx)?, chunk.catalogue, to, &digests, now).await?;
    for ((one, meanwhile), taken) in copies.into_iter().zip(taken) {
        let outcome = match taken {
            Taken::Away { .. } => Ok(()),
            Taken::Changed => Err(format!(", and in `{}` as well", to.name)),
            Taken::Refused(error) => Err(format!(", and its copy cannot be removed ({})", error.message)),
        };
        stay.push((one, meanwhile, outcome));
    }
    let from = chunk.spec.from.name;
    let mut rejects = Vec::new();
    for (one, meanwhile, outcome) in stay {
        let reason = match (meanwhile, outcome) {
            (Meanwhile::Deleted, Ok(())) => {
                at.counts.changed += 1;
                continue;
            }
            (Meanwhile::Deleted, Err(more)) => {
                format!("it was deleted in `{from}` after it was written{more}: it is only in `{}`", to.name)
            }
            (Meanwhile::Changed, Ok(())) => {
                format!(
                    "it was changed after it was written: it is only in `{from}`, as it is now; send it again"
                )
            }
            (Meanwhile::Changed, Err(more)) => format!(
                "it was changed after it was written{more}: it is on both sides; send it again with `on_conflict` \
                 replace"
            ),
        };
        rejects.push(Reject::of(one.key.clone(), &Error::new(ErrorCode::Conflict, reason)));
    }
    Ok(rejects)
}

/// Checks that a record is still in the target after it was deleted in the source. Two templates may show the same
/// records through different views. In that case the record is put back, and the move ends.
async fn stays(chunk: &Chunk<'_>, one: &Pending) -> Result<()> {
    if there(chunk, vec![&one.identity]).await?.contains_key(&name(&one.identity)) {
        return Ok(());
    }
    let Some(record) = &one.record else { return Ok(()) };
    let request = Request::Create(CreateRequest { data: OneOrMany::One(record.clone()) });
    chunk.catalogue.run(&chunk.cx.carrying(), chunk.spec.to, request).await?;
    let (from, to) = (chunk.spec.from.name, chunk.spec.to.name);
    let message = format!(
        "`{from}` and `{to}` show the same records: what was removed from one is gone from the other"
    );
    Err(Error::new(ErrorCode::Conflict, message))
}
