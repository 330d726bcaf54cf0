//! [`Archiving`]: the kind of jobs that make archives.
//!
//! Each chunk writes one segment, whose number is the chunk's. If the segment exists already, a chunk wrote it whose
//! node died before the checkpoint. The segment stays, and the next page begins after its last record.

use std::{path::Path, sync::Arc, sync::atomic::Ordering};

use beds_core::{Error, Result, carry::cursor_after, context::Context, namaste::Request};
use beds_protocol::{CountRequest, ErrorCode, FetchRequest, Json, Record, value::DateTime};
use futures_util::future::BoxFuture;
use serde::Serialize;
use uuid::Uuid;

use super::{
    checkpoint::{Checkpoint, Counts, Phase},
    disk::{Checked, Disk, Tried},
    folders,
    spec::{Asked, Spec},
};
use crate::{
    archive::{About, Archive, Damage, Fault, FaultKind, Writer},
    jobs::{Catalogue, Job, Kind, Next, Reject, Step, json, read},
    migration::{Doubts, Taken, by_keys, digest, key, of_json, shown, sort_out, take_all},
};

/// The name of the kind.
pub(super) const KIND: &str = "cool";
/// A segment of this many bytes takes no further page.
const SEGMENT_BYTES: usize = 32 << 20;

/// The kind of jobs that make archives.
#[derive(Debug)]
pub struct Archiving {
    catalogue: Arc<Catalogue>,
    disk: Arc<Disk>,
}

/// One chunk.
struct Chunk<'a> {
    cx: &'a Context,
    catalogue: &'a Catalogue,
    disk: &'a Disk,
    job: &'a Job,
    spec: Spec,
}

/// The content of a segment.
struct Page {
    records: Vec<Record>,
    /// The records that cannot be archived as they are.
    rejects: Vec<Reject>,
    /// How many of the records have members that the template does not name.
    partial: u64,
    /// Where the next page begins; `None` after the last page.
    next: Option<String>,
}

impl Archiving {
    /// The kind for records of these domains, on this filesystem.
    #[must_use]
    pub const fn new(catalogue: Arc<Catalogue>, disk: Arc<Disk>) -> Self {
        Self { catalogue, disk }
    }
}

impl Kind for Archiving {
    fn name(&self) -> &'static str {
        KIND
    }

    fn step<'a>(&'a self, cx: &'a Context, job: &'a Job) -> BoxFuture<'a, Result<Step>> {
        Box::pin(async move {
            let asked: Asked = read(&job.arguments)?;
            let own;
            let cx = if asked.is_due {
                own = cx.trusted();
                &own
            } else {
                cx
            };
            let spec = Spec::of(cx, &self.catalogue, &asked)?;
            let chunk = Chunk { cx, catalogue: &self.catalogue, disk: &self.disk, job, spec };
            let at = Checkpoint::read(job.checkpoint.as_ref())?;
            match chunk.step(at.clone()).await {
                Ok(step) => Ok(step),
                Err(trouble) => match trouble.to_mend() {
                    Some(reason) => Ok(Step {
                        checkpoint: json(&at)?,
                        total: job.total,
                        done: job.done,
                        rejects: Vec::new(),
                        next: Next::Pause(reason),
                    }),
                    None => Err(trouble.into()),
                },
            }
        })
    }
}

impl Chunk<'_> {
    async fn step(&self, mut at: Checkpoint) -> Tried<Step> {
        let total = match self.job.total {
            Some(total) => total,
            None => self.count().await?.saturating_mul(if self.spec.is_move { 2 } else { 1 }),
        };
        let mut rejects = Vec::new();
        if self.spec.dry_run {
            (at.phase, at.counts.archived) = (Phase::End, self.count().await?);
        } else {
            let seen = self.disk.identity(self.cx.deadline, at.filesystem).await?;
            at.filesystem = Some(seen);
        }
        match at.phase {
            Phase::Write => rejects = self.write(&mut at).await?,
            Phase::Finish => {
                if let Some(failed) = self.finish(&mut at).await? {
                    return Ok(self.ended(&at, total, Vec::new(), Some(failed))?);
                }
            }
            Phase::Delete => rejects = self.delete(&mut at).await?,
            Phase::End => {}
        }
        if at.counts.refused > u64::from(self.job.rejects_max) {
            let reason = format!("more than {} records could not be removed", self.job.rejects_max);
            return Ok(self.ended(&at, total, rejects, Some(reason))?);
        }
        if at.phase == Phase::End {
            return Ok(self.ended(&at, total, rejects, None)?);
        }
        let done = at.done();
        Ok(Step {
            checkpoint: json(&at)?,
            // Records may have been added since they were counted.
            total: Some(total.max(done)),
            done,
            rejects,
            next: Next::Chunk,
        })
    }

    fn ended(
        &self,
        at: &Checkpoint,
        total: u64,
        rejects: Vec<Reject>,
        failed: Option<String>,
    ) -> Result<Step> {
        #[derive(Serialize)]
        struct Ended {
            archive: Option<Uuid>,
            mode: &'static str,
            dry_run: bool,
            counts: Counts,
            segments: u64,
            bytes: u64,
            bytes_stored: u64,
        }
        let result = json(&Ended {
            archive: (at.segments > 0).then_some(self.job.id),
            mode: if self.spec.is_move { "move" } else { "copy" },
            dry_run: self.spec.dry_run,
            counts: at.counts,
            segments: at.segments,
            bytes: at.bytes,
            bytes_stored: at.bytes_stored,
        })?;
        let done = if self.spec.dry_run { 0 } else { at.done() };
        let (total, next) = match failed {
            Some(reason) => (total.max(done), Next::Failed(result, reason)),
            None => (done, Next::Done(result)),
        };
        Ok(Step { checkpoint: json(at)?, total: Some(total), done, rejects, next })
    }

    async fn count(&self) -> Result<u64> {
        let request = CountRequest { r#where: self.spec.filter.clone() };
        let outcome = self.catalogue.run(self.cx, self.spec.domain, Request::Count(request)).await?;
        Ok(outcome.count.unwrap_or_default())
    }

    /// The records after a place.
    async fn page(&self, after: Option<&str>) -> Result<Page> {
        let (domain, most) = (self.spec.domain, self.job.chunk as usize);
        let (mut records, mut bytes, mut next) = (Vec::new(), 0, after.map(str::to_owned));
        let (mut doubts, cx) = (Doubts::default(), self.cx.carrying());
        loop {
            let left = u32::try_from(most - records.len()).unwrap_or(u32::MAX);
            let request = FetchRequest {
                r#where: self.spec.filter.clone(),
                limit: Some(left.min(domain.fetch.limit_max)),
                after: next,
                ..FetchRequest::default()
            };
            let outcome = self.catalogue.run(&cx, domain, Request::Fetch(request)).await?;
            bytes += outcome.data.as_deref().map_or(0, <[u8]>::len);
            doubts.hear(domain, &outcome);
            records.extend(shown(domain, &outcome)?);
            next = outcome.next;
            if next.is_none() || records.len() >= most || bytes >= SEGMENT_BYTES {
                break;
            }
        }
        let partial = if self.spec.is_move { 0 } else { doubts.tolerate() };
        let reasons = doubts.reasons(self.catalogue, self.cx, domain, (&records, None)).await?;
        let rejects = sort_out(domain, &mut records, reasons);
        Ok(Page { records, rejects, partial, next })
    }

    /// Writes a segment. Returns the records that cannot be archived.
    async fn write(&self, at: &mut Checkpoint) -> Tried<Vec<Reject>> {
        let (domain, number) = (self.spec.domain, at.segments + 1);
        let about = self.about(at);
        let place = folders::of(domain.name, self.job.id);
        let (again, folder) = (about.clone(), place.clone());
        let there = self.disk.run(self.cx.deadline, move |root| {
            let folder = root.join(folder);
            if number == 1 && !folder.is_dir() {
                return Ok(None);
            }
            Writer::at(&folder, again)?.written(number)
        });
        if let Some(text) = there.await? {
            let count = text.lines().count() as u64;
            let last = text.lines().last().map(record).transpose()?.unwrap_or_default();
            let after = cursor_after(domain, &last).ok_or_else(|| {
                Error::internal(format!(
                    "the key of the last record of segment {number} is not a key of the template"
                ))
            })?;
            (at.segments, at.after) = (number, Some(after));
            at.counts.archived += count;
            return Ok(Vec::new());
        }
        let Page { records, rejects, partial, next } = self.page(at.after.as_deref()).await?;
        if !records.is_empty() {
            let count = records.len() as u64;
            let lines: serde_json::Result<Vec<String>> = records.iter().map(serde_json::to_string).collect();
            let lines =
                lines.map_err(|error| Error::internal(format!("a record has no JSON form: {error}")))?;
            let writing = self.disk.run(self.cx.deadline, move |root| {
                let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
                Writer::at(&root.join(place), about)?.segment(number, &lines)
            });
            if !writing.await? {
                // The other segment was written in between: its content counts, not this page.
                let message = format!("segment {number} was written by another chunk, which is checked");
                return Err(Error::new(ErrorCode::Unavailable, message).into());
            }
            at.segments = number;
            at.counts.archived += count;
        }
        at.counts.refused += rejects.len() as u64;
        at.counts.partial += partial;
        at.after = next;
        if at.after.is_none() {
            at.phase = if at.segments > 0 { Phase::Finish } else { Phase::End };
        }
        Ok(rejects)
    }

    fn about(&self, at: &mut Checkpoint) -> About {
        let domain = self.spec.domain;
        let created_at = at.created_at.get_or_insert_with(|| DateTime::now().to_string()).clone();
        let template_hash = at.template_hash.get_or_insert_with(|| domain.hash.to_owned()).clone();
        let key = domain.key.iter().map(|&field| domain.fields[field].name.to_owned()).collect();
        About { template: domain.name.to_owned(), template_hash, key, created_at }
    }

    /// Finishes the archive, and reads all of it once more. Returns the damage.
    async fn finish(&self, at: &mut Checkpoint) -> Tried<Option<String>> {
        let (about, place) = (self.about(at), folders::of(self.spec.domain.name, self.job.id));
        let checked = self.disk.long(self.job.id, self.cx.deadline, move |root, read| {
            let folder = root.join(place);
            Writer::at(&folder, about)?.finish(|_| {
                read.fetch_add(1, Ordering::Relaxed);
            })?;
            scrubbed(&folder, || {
                read.fetch_add(1, Ordering::Relaxed);
            })
        });
        let Some(Checked { records, segments, bytes, bytes_stored, damages }) = checked.await? else {
            return Ok(None);
        };
        (at.bytes, at.bytes_stored) = (bytes, bytes_stored);
        if let Some(damage) = damages.first() {
            let count = damages.len();
            return Ok(Some(format!("{count} files are damaged, such as {}: {}", damage.file, damage.what)));
        }
        if (records, segments) != (at.counts.archived, at.segments) {
            let (archived, written) = (at.counts.archived, at.segments);
            return Ok(Some(format!(
                "the archive has {records} records in {segments} segments, but {archived} in {written} were written"
            )));
        }
        at.phase = if self.spec.is_move { Phase::Delete } else { Phase::End };
        Ok(None)
    }

    /// Deletes some archived records in the database, each only while it is as archived. Returns those that stayed.
    async fn delete(&self, at: &mut Checkpoint) -> Tried<Vec<Reject>> {
        let (domain, most) = (self.spec.domain, self.job.chunk as usize);
        let place = folders::of(domain.name, self.job.id);
        let (segment, line) = (at.segment, at.line);
        let reading = self.disk.run(self.cx.deadline, move |root| {
            let archive = Archive::open(&root.join(place))?;
            let Some(segment) = archive.manifest().segments.get(segment) else { return Ok(None) };
            let text = archive.segment(segment)?;
            let lines: Vec<String> = text.lines().skip(line).take(most).map(str::to_owned).collect();
            Ok(Some((lines, segment.count)))
        });
        let Some((lines, count)) = reading.await? else {
            at.phase = Phase::End;
            return Ok(Vec::new());
        };
        let records: Vec<Record> = lines.iter().map(|line| record(line)).collect::<Result<_>>()?;
        let archived = records.into_iter().map(|record| {
            let key = key(domain, &record);
            (key, digest(&of_json(&Json::Object(record))))
        });
        let archived: Vec<(Json, String)> = archived.collect();
        let keys: Vec<Json> = archived.iter().map(|(key, _)| key.clone()).collect();
        let now = by_keys(self.catalogue, self.cx, domain, &keys, |_| {}).await?;
        let (mut counts, mut rejects) = (at.counts, Vec::new());
        let taken = take_all(self.cx, self.catalogue, domain, &archived, now).await?;
        for ((key, _), taken) in archived.iter().zip(taken) {
            let error = match taken {
                Taken::Away { .. } => {
                    counts.deleted += 1;
                    continue;
                }
                Taken::Changed => {
                    counts.changed += 1;
                    let reason =
                        "it was changed after it was archived: it stays in the database, as it is now";
                    Error::new(ErrorCode::Conflict, reason)
                }
                Taken::Refused(error) => {
                    counts.refused += 1;
                    error
                }
            };
            rejects.push(Reject::of(key.clone(), &error));
        }
        at.counts = counts;
        at.line += archived.len();
        if at.line as u64 >= count {
            (at.segment, at.line) = (at.segment + 1, 0);
            if at.segment as u64 >= at.segments {
                at.phase = Phase::End;
            }
        }
        Ok(rejects)
    }
}

/// A record of an archive.
pub(super) fn record(line: &str) -> Result<Record> {
    match Json::of_any(line.as_bytes()) {
        Ok(Json::Object(record)) => Ok(record),
        Ok(_) | Err(_) => Err(Error::internal("a line of the archive is not a record")),
    }
}

/// Reads all of an archive and compares it with its manifest.
pub(super) fn scrubbed(folder: &Path, mut progress: impl FnMut()) -> std::result::Result<Checked, Fault> {
    let archive = match Archive::open(folder) {
        Ok(archive) => archive,
        Err(Fault { path, kind: kind @ FaultKind::Damaged(_) }) => {
            let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            // How many records the file had is unknown now.
            let damage = Damage { file, what: kind.to_string(), records: 0 };
            return Ok(Checked { records: 0, segments: 0, bytes: 0, bytes_stored: 0, damages: vec![damage] });
        }
        Err(fault) => return Err(fault),
    };
    let found = archive.scrub(|_| progress())?;
    let segments = &archive.manifest().segments;
    Ok(Checked {
        records: found.records,
        segments: segments.len() as u64,
        bytes: segments.iter().map(|segment| segment.bytes).sum(),
        bytes_stored: segments.iter().map(|segment| segment.bytes_stored).sum(),
        damages: found.damages,
    })
}
