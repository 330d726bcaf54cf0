//! What was written and compared is taken away where it came from.

use beds_core::{Error, Result, namaste::Request};
use beds_protocol::{CreateRequest, ErrorCode, Json, OneOrMany};

use super::{
    canonical,
    checkpoint::{Checkpoint, Pending, Phase},
    items::{name, there},
    pages::Chunk,
    settling,
    take::{Taken, take, take_all},
};
use crate::jobs::Reject;

/// Takes away what is pending; gives what stayed.
pub(super) async fn pending(chunk: &Chunk<'_>, at: &mut Checkpoint) -> Result<Vec<Reject>> {
    let is_fresh = chunk.settles.map(|fresh| fresh.begin(chunk.job));
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
        // Of one that was not there any more, a copy may have been taken back.
        if matches!(taken, Taken::Away { was_there } if was_there || is_fresh.is_none()) {
            stays(chunk, one).await?;
            at.is_apart = true;
        }
        ended.push((one, taken));
    }
    let digests: Vec<(Json, String)> = rest.iter().map(|one| (one.key.clone(), one.digest.clone())).collect();
    let taken = take_all(chunk.cx, chunk.catalogue, chunk.spec.from, &digests, now).await?;
    ended.extend(rest.iter().zip(taken));
    let mut rejects = Vec::new();
    if let Some(is_fresh) = is_fresh {
        rejects = settling::settled(chunk, at, is_fresh, ended).await?;
    } else {
        for (one, taken) in ended {
            count(at, one, taken, &mut rejects);
        }
    }
    at.phase = if at.is_last && at.picked.is_empty() { Phase::End } else { Phase::Write };
    Ok(rejects)
}

fn count(at: &mut Checkpoint, one: &Pending, taken: Taken, rejects: &mut Vec<Reject>) {
    let error = match taken {
        Taken::Away { .. } => {
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
