//! One chunk of a migration, in the phase of its checkpoint.

use beds_core::{Error, Result};
use beds_protocol::{ErrorCode, Json, Record};

use super::{
    canonical,
    checkpoint::{Checkpoint, Counts, Pending, Phase, proves},
    doubts::Doubts,
    items::{Item, items, there},
    pages::{Chunk, Page},
    settling,
    spec::Mode,
    take_away,
    write::{Became, reject, write},
};
use crate::jobs::{Next, Reject, Step};

/// How many rejects a dry run lists.
const LISTED_MAX: usize = 100;

/// Runs a chunk.
pub(super) async fn step(chunk: &Chunk<'_>, mut at: Checkpoint) -> Result<Step> {
    let total = match chunk.job.total {
        Some(total) => total,
        None if proves(chunk.spec) => chunk.count().await?.saturating_mul(2),
        None => chunk.count().await?,
    };
    let before = at.counts.rejected;
    let is_picked = picks(chunk, &at);
    let (rejects, conflict) = match at.phase {
        Phase::Write if is_picked => {
            settling::pick(chunk, &mut at).await?;
            if at.picked.is_empty() && at.is_last {
                at.phase = Phase::End;
            }
            (Vec::new(), None)
        }
        Phase::Write => written(chunk, &mut at).await?,
        Phase::Delete => (take_away::pending(chunk, &mut at).await?, None),
        Phase::Prove => (proved(chunk, &mut at).await?, None),
        Phase::End => (Vec::new(), None),
    };
    let next = next(chunk, &at, conflict)?;
    // The picked records may cover several chunks, and a failed chunk may have begun some of them.
    if is_picked || at.phase == Phase::Delete {
        chunk.fresh.inspect(|fresh| fresh.mark(chunk.job));
    }
    let listed = usize::try_from(before).unwrap_or(usize::MAX);
    let mut rejects = rejects;
    if matches!(next, Next::Failed(..)) && chunk.settles {
        rejects.extend(settling::leave(chunk, &mut at).await?);
    }
    if chunk.spec.dry_run {
        rejects.truncate(LISTED_MAX.saturating_sub(listed));
    }
    let done = at.done(chunk.spec);
    // Records may have been added since they were counted.
    let total = total.max(done);
    let total = if matches!(next, Next::Done(_)) { done } else { total };
    Ok(Step { checkpoint: at.json()?, total: Some(total), done, rejects, next })
}

fn next(chunk: &Chunk<'_>, at: &Checkpoint, conflict: Option<String>) -> Result<Next> {
    let spec = chunk.spec;
    if let Some(reason) = conflict {
        return Ok(Next::Failed(at.result(spec, None)?, reason));
    }
    let is_equal = (at.phase == Phase::End && !spec.dry_run).then(|| at.is_equal(spec));
    if !spec.dry_run && at.counts.rejected > u64::from(chunk.job.rejects_max) {
        let reason = format!("more than {} records were rejected", chunk.job.rejects_max);
        return Ok(Next::Failed(at.result(spec, is_equal)?, reason));
    }
    if at.phase != Phase::End {
        return Ok(Next::Chunk);
    }
    let result = at.result(spec, is_equal)?;
    if is_equal != Some(false) {
        return Ok(Next::Done(result));
    }
    let reason = format!(
        "the two sides differ: {} records are stored with other values than were sent; they are among the rejects",
        at.different
    );
    Ok(Next::Failed(result, reason))
}

/// Whether the records of the next chunk must be picked first.
fn picks(chunk: &Chunk<'_>, at: &Checkpoint) -> bool {
    chunk.settles && !chunk.spec.dry_run && at.phase == Phase::Write && at.picked.is_empty()
}

/// Reads, converts and writes the records of a chunk. Returns the rejects, and the reason if the job cannot go on.
async fn written(chunk: &Chunk<'_>, at: &mut Checkpoint) -> Result<(Vec<Reject>, Option<String>)> {
    let spec = chunk.spec;
    let (page, mut rejects) = if at.picked.is_empty() {
        (chunk.page(&at.place).await?, Vec::new())
    } else {
        settling::picked(chunk, at).await?
    };
    let Page { records, mut doubts, place, is_last } = page;
    let read = records.len() as u64;
    let partial = tolerated(chunk, &mut doubts);
    let (items, refused) = items(chunk, records, doubts).await?;
    rejects.extend(refused);
    let became = write(chunk, &items).await?;
    let mut conflict = None;
    let mut counts = Counts { read, partial, rejected: rejects.len() as u64, ..Counts::default() };
    let mut sent: Vec<(&Item, bool)> = Vec::with_capacity(items.len());
    for (item, became) in items.iter().zip(became) {
        let is_made = became == Became::Created;
        match became {
            Became::Created => counts.created += 1,
            Became::Same => counts.same += 1,
            Became::Replaced => counts.replaced += 1,
            Became::Skipped => {
                counts.skipped += 1;
                continue;
            }
            Became::Rejected(error) => {
                counts.rejected += 1;
                rejects.push(reject(item, &error));
                continue;
            }
            Became::Conflict(error) => {
                counts.rejected += 1;
                if !spec.dry_run {
                    conflict.get_or_insert_with(|| error.message.clone());
                }
                rejects.push(reject(item, &error));
                continue;
            }
        }
        sent.push((item, is_made));
    }
    // Records that are not compared in the end are compared now.
    if !spec.dry_run && !proves(spec) {
        compare(chunk, at, &sent, &mut counts, &mut rejects).await?;
    }
    let all = &mut at.counts;
    all.read += counts.read;
    all.created += counts.created;
    all.same += counts.same;
    all.replaced += counts.replaced;
    all.skipped += counts.skipped;
    all.rejected += counts.rejected;
    all.partial += counts.partial;
    (at.place, at.is_last) = (place, is_last);
    at.phase = match (is_last && at.picked.is_empty(), at.pending.is_empty()) {
        (_, false) => Phase::Delete,
        (false, true) => Phase::Write,
        (true, true) if proves(spec) => {
            at.place = super::checkpoint::Place::default();
            Phase::Prove
        }
        (true, true) => Phase::End,
    };
    Ok((rejects, conflict))
}

/// How many records are copied without the members that the template does not name. A move would lose them, so it
/// copies none of these records.
fn tolerated(chunk: &Chunk<'_>, doubts: &mut Doubts) -> u64 {
    if chunk.spec.mode == Mode::Copy { doubts.tolerate() } else { 0 }
}

/// Compares the written records with the records in `to`. In a move, the records that are the same become pending: they
/// are to be deleted. The flag of each record says whether the job created it, so that it was not there before.
async fn compare(
    chunk: &Chunk<'_>,
    at: &mut Checkpoint,
    sent: &[(&Item, bool)],
    counts: &mut Counts,
    rejects: &mut Vec<Reject>,
) -> Result<()> {
    if sent.is_empty() {
        return Ok(());
    }
    let found = there(chunk, sent.iter().map(|(item, _)| &*item.identity).collect()).await?;
    for &(item, is_made) in sent {
        let Some(there) = found.get(&item.name()) else {
            differ(at, counts, rejects, item, "it is not there after it was written".to_owned());
            continue;
        };
        if let Some(field) = item.differs(chunk, there) {
            differ(
                at,
                counts,
                rejects,
                item,
                format!("`{field}` is stored with another value than was sent"),
            );
            continue;
        }
        at.source.add(&item.text());
        at.target.add(&item.text_there(chunk, there));
        if chunk.spec.mode == Mode::Move {
            let record = (!at.is_apart).then(|| item.record.clone());
            at.pending.push(Pending {
                key: item.key.clone(),
                digest: item.digest.clone(),
                identity: item.identity.clone(),
                // A record that existed before is not a copy, so it must not be deleted.
                copy: (chunk.settles || is_made).then(|| digest_of(there)),
                record,
            });
        }
    }
    Ok(())
}

fn digest_of(record: &Record) -> String {
    canonical::digest(&canonical::of_json(&Json::Object(record.clone())))
}

/// Counts and rejects a written record that differs in `to`.
fn differ(at: &mut Checkpoint, counts: &mut Counts, rejects: &mut Vec<Reject>, item: &Item, reason: String) {
    at.different += 1;
    counts.rejected += 1;
    rejects.push(reject(item, &Error::new(ErrorCode::Conflict, reason)));
}

/// Reads records once more, and compares their expected form with the records in `to`.
async fn proved(chunk: &Chunk<'_>, at: &mut Checkpoint) -> Result<Vec<Reject>> {
    let spec = chunk.spec;
    let Page { records, mut doubts, place, is_last } = chunk.page(&at.place).await?;
    tolerated(chunk, &mut doubts);
    at.compared += records.len() as u64;
    // The records that cannot be converted were rejected before.
    let (items, _) = items(chunk, records, doubts).await?;
    let found = there(chunk, items.iter().map(|item| &*item.identity).collect()).await?;
    let differing: Vec<&Item> = items
        .iter()
        .filter(|item| found.get(&item.name()).is_none_or(|there| item.differs(chunk, there).is_some()))
        .collect();
    let known = if differing.is_empty() { Vec::new() } else { rejected(chunk).await? };
    let mut rejects = Vec::new();
    for item in &items {
        match found.get(&item.name()) {
            Some(there) if item.differs(chunk, there).is_none() => {
                at.source.add(&item.text());
                at.target.add(&item.text_there(chunk, there));
            }
            _ if known.contains(&canonical::of_json(&item.key)) => {}
            Some(_) if spec.on_conflict == super::spec::OnConflict::Skip => at.kept += 1,
            there => {
                at.different += 1;
                at.counts.rejected += 1;
                let reason = match there.and_then(|there| item.differs(chunk, there)) {
                    Some(field) => format!(
                        "`{field}` differs between source and target: one of them was changed meanwhile, or the \
                         database stores another value than was sent"
                    ),
                    None => "it is not there: it was created or removed meanwhile".to_owned(),
                };
                rejects.push(reject(item, &Error::new(ErrorCode::Conflict, reason)));
            }
        }
    }
    at.place = place;
    if is_last {
        at.phase = Phase::End;
    }
    Ok(rejects)
}

/// The keys of all rejects of the job so far, as texts.
async fn rejected(chunk: &Chunk<'_>) -> Result<Vec<Vec<u8>>> {
    let (mut all, mut after) = (Vec::new(), 0);
    let job = chunk.job.id.to_string();
    loop {
        let listed = chunk.rejects(&job, after, u32::MAX).await?;
        let Some((last, _)) = listed.last() else { return Ok(all) };
        after = *last;
        all.extend(listed.iter().map(|(_, key): &(i64, Json)| canonical::of_json(key)));
    }
}
