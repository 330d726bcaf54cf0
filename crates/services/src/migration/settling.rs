//! Moves records so that each is on one side in the end, whatever clients do with them meanwhile.
//!
//! The keys of a page are stored before any of its records is copied. So a chunk that runs again knows which records it
//! may have copied. If such a record is gone from the source, or is no longer due, its copy is deleted. So is the copy
//! of a record that was changed before it was deleted in the source.

use beds_core::{Error, Result, namaste::Request};
use beds_protocol::{ErrorCode, FetchRequest, Json, Record};

use super::{
    canonical,
    checkpoint::{Checkpoint, Pending},
    doubts::Doubts,
    keys::key,
    pages::{Chunk, Page, after, shown},
    take::{Taken, take_all},
};
use crate::jobs::Reject;

/// Picks the keys of the next chunk.
pub(super) async fn pick(chunk: &Chunk<'_>, at: &mut Checkpoint) -> Result<()> {
    let Page { records, place, is_last, .. } = chunk.page(&at.place).await?;
    at.picked = records.iter().map(|record| key(chunk.spec.from, record)).collect();
    (at.place, at.is_last) = (place, is_last);
    Ok(())
}

/// The picked records that still exist and are still meant, at most a chunk. Also returns the copies that could not be
/// deleted.
pub(super) async fn picked(chunk: &Chunk<'_>, at: &mut Checkpoint) -> Result<(Page, Vec<Reject>)> {
    // After a failure a chunk has fewer records.
    let most = (chunk.job.chunk as usize).min(at.picked.len());
    let keys: Vec<Json> = at.picked.drain(..most).collect();
    let is_fresh = chunk.fresh.is_some_and(|fresh| fresh.begin(chunk.job));
    let (records, doubts) = meant(chunk, &keys).await?;
    let mut rejects = Vec::new();
    if !is_fresh {
        let there: Vec<Vec<u8>> =
            records.iter().map(|record| canonical::of_json(&key(chunk.spec.from, record))).collect();
        let gone = keys.iter().filter(|key| !there.contains(&canonical::of_json(key)));
        rejects = take_back(chunk, gone.map(|key| (key, None)).collect()).await?;
    }
    Ok((Page { records, doubts, place: at.place.clone(), is_last: at.is_last }, rejects))
}

/// The records with these keys that the move still concerns, and what of them would not arrive.
async fn meant(chunk: &Chunk<'_>, keys: &[Json]) -> Result<(Vec<Record>, Doubts)> {
    let from = chunk.spec.from;
    let names: Vec<&str> = from.key.iter().map(|&field| from.fields[field].name).collect();
    // A key does not change, so the filter's conditions on it still hold.
    let rest: Vec<(String, Json)> =
        chunk.spec.filter.0.iter().filter(|(name, _)| !names.contains(&name.as_str())).cloned().collect();
    let mut requests: Vec<(Vec<(String, Json)>, usize)> = Vec::new();
    match names[..] {
        [name] => {
            let most = (from.fetch.limit_max as usize).min(chunk.cx.limits.in_items_max).max(1);
            for keys in keys.chunks(most) {
                let any_of = Json::Object(Record::from([("in", Json::Array(keys.to_vec()))]));
                requests.push((vec![(name.to_owned(), any_of)], keys.len()));
            }
        }
        _ => {
            for key in keys {
                if let Json::Object(members) = key {
                    requests.push((members.0.clone(), 1));
                }
            }
        }
    }
    let (mut records, mut doubts) = (Vec::with_capacity(keys.len()), Doubts::default());
    let cx = chunk.cx.carrying();
    for (mut members, most) in requests {
        members.extend(rest.iter().cloned());
        let request = FetchRequest {
            r#where: Some(Record(members)),
            limit: u32::try_from(most).ok(),
            ..FetchRequest::default()
        };
        let outcome = chunk.catalogue.run(&cx, from, Request::Fetch(request)).await?;
        doubts.hear(from, &outcome);
        records.extend(shown(from, &outcome)?);
    }
    Ok((records, doubts))
}

/// Deletes the copies of records that do not move any more, because the job fails.
pub(super) async fn leave(chunk: &Chunk<'_>, at: &mut Checkpoint) -> Result<Vec<Reject>> {
    let pending = std::mem::take(&mut at.pending);
    take_back(chunk, pending.iter().map(|one| (&one.key, one.copy.as_deref())).collect()).await
}

/// Deletes the copies of records that are to stay in the source. A copy is deleted only while it is unchanged, if its
/// written state is known. Returns the records that are on both sides now.
pub(super) async fn take_back(chunk: &Chunk<'_>, copies: Vec<(&Json, Option<&str>)>) -> Result<Vec<Reject>> {
    if copies.is_empty() {
        return Ok(Vec::new());
    }
    let (to, cx) = (chunk.spec.to, after(chunk.cx)?);
    let keys: Vec<Json> = copies.iter().map(|(key, _)| (*key).clone()).collect();
    let now = chunk.by_keys(&cx, to, &keys).await?;
    let digests: Vec<(Json, String)> = copies
        .into_iter()
        .map(|(key, digest)| {
            let there = now
                .get(&canonical::of_json(key))
                .map(|record| canonical::digest(&canonical::of_json(&Json::Object(record.clone()))));
            (key.clone(), digest.map(str::to_owned).or(there).unwrap_or_default())
        })
        .collect();
    let taken = take_all(&cx, chunk.catalogue, to, &digests, now).await?;
    let mut rejects = Vec::new();
    for ((key, _), taken) in digests.iter().zip(taken) {
        let error = match taken {
            Taken::Away { .. } => continue,
            Taken::Changed => {
                let reason = format!(
                    "it was changed here and in `{}`, after it was copied: it is on both sides",
                    to.name
                );
                Error::new(ErrorCode::Conflict, reason)
            }
            Taken::Refused(error) => error,
        };
        rejects.push(Reject::of(key.clone(), &error));
    }
    Ok(rejects)
}

/// Handles the results of deletions in the source. Returns the records that are on both sides now, or could not be
/// deleted.
pub(super) async fn settled(
    chunk: &Chunk<'_>,
    at: &mut Checkpoint,
    is_fresh: bool,
    taken: Vec<(&Pending, Taken)>,
) -> Result<Vec<Reject>> {
    let (mut rejects, mut stay) = (Vec::new(), Vec::new());
    for (one, taken) in taken {
        match taken {
            // Only a client can have deleted it.
            Taken::Away { was_there: false } if is_fresh => at.counts.changed += 1,
            Taken::Away { .. } => {
                at.counts.deleted += 1;
                continue;
            }
            Taken::Changed => at.counts.changed += 1,
            Taken::Refused(error) => {
                at.counts.rejected += 1;
                rejects.push(Reject::of(one.key.clone(), &error));
            }
        }
        // Both records have the same key.
        stay.push((&one.key, one.copy.as_deref()));
    }
    rejects.extend(take_back(chunk, stay).await?);
    Ok(rejects)
}
