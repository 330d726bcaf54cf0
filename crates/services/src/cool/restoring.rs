//! [`Restoring`]: the kind of jobs that restore records from archives.

use std::{cmp::Ordering, sync::Arc};

use beds_core::{
    Error, Result,
    carry::compared,
    context::Context,
    spec::{Domain, Field},
    validate::Errors,
    value::Value,
};
use beds_protocol::{ErrorCode, Json, Record, nearest};
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{archiving::record, disk::Disk, folders, spec::reader};
use crate::{
    archive::Archive,
    jobs::{Catalogue, Job, Kind, Step, read},
    migration::{Shelf, can_restore, restore},
};

/// The name of the kind.
pub(super) const KIND: &str = "cool_restore";

/// The arguments of such a job.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Told {
    pub(super) archive: Uuid,
    pub(super) template: String,
    pub(super) on_conflict: Option<String>,
    pub(super) r#where: Option<Json>,
    pub(super) chunk: Option<u32>,
    pub(super) dry_run: Option<bool>,
}

/// The kind of jobs that restore.
#[derive(Debug)]
pub struct Restoring {
    catalogue: Arc<Catalogue>,
    disk: Arc<Disk>,
}

impl Restoring {
    /// The kind that restores into these domains, from this filesystem.
    #[must_use]
    pub const fn new(catalogue: Arc<Catalogue>, disk: Arc<Disk>) -> Self {
        Self { catalogue, disk }
    }
}

/// Checks that the restore can be done for the caller.
///
/// # Errors
/// `validation_failed` with what is wrong; `forbidden` or `unauthenticated` if the caller lacks a right.
pub(super) fn judge(cx: &Context, domain: &'static Domain, told: &Told) -> Result<()> {
    wanted(cx, domain, told.r#where.as_ref())?;
    can_restore(cx, domain, told.on_conflict.as_deref())
}

/// The fields that a record must have, with the texts of their values.
fn wanted(
    cx: &Context,
    domain: &'static Domain,
    filter: Option<&Json>,
) -> Result<Vec<(&'static Field, Value)>> {
    let may = reader(cx, domain)?;
    let (mut wanted, mut errors) = (Vec::new(), Errors::default());
    let members = match filter {
        None | Some(Json::Null) => return Ok(wanted),
        Some(Json::Object(members)) => members,
        Some(_) => {
            errors.push("args.where", "must be an object of fields and their values");
            return Err(errors.or(()).err().unwrap_or_else(|| Error::internal("no error")));
        }
    };
    for (name, json) in &members.0 {
        match may.sees(name) {
            None => {
                let near = nearest(name, may.seen().map(|(_, field)| field.name));
                let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
                errors
                    .push(format!("args.where.{name}"), format!("is not a field of `{}`{near}", domain.name));
            }
            Some(_) if matches!(json, Json::Object(_) | Json::Array(_)) => {
                errors.push(
                    format!("args.where.{name}"),
                    "must be the value that the field has: an archive supports no other conditions",
                );
            }
            Some((_, field)) => match compared(field, json) {
                Ok(value) => wanted.push((field, value)),
                // No record has this value: the job would end without restoring anything.
                Err(reason) => errors.push(format!("args.where.{name}"), reason),
            },
        }
    }
    errors.or(wanted)
}

/// The records of an archive.
#[derive(Debug)]
struct Records<'a> {
    disk: &'a Disk,
    deadline: std::time::Instant,
    domain: &'static Domain,
    archive: Uuid,
    wanted: Vec<(&'static Field, Value)>,
    count: u64,
}

impl Shelf for Records<'_> {
    fn count(&self) -> u64 {
        self.count
    }

    fn page(&self, place: u64, most: usize) -> BoxFuture<'_, Result<(Vec<Record>, Option<u64>)>> {
        Box::pin(async move {
            let folder = folders::of(self.domain.name, self.archive);
            let reading = self.disk.run(self.deadline, move |root| {
                let archive = Archive::open(&root.join(folder))?;
                let mut before = 0;
                for segment in &archive.manifest().segments {
                    if place < before + segment.count {
                        let skipped = usize::try_from(place - before).unwrap_or(usize::MAX);
                        let text = archive.segment(segment)?;
                        let lines = text.lines().skip(skipped).take(most).map(str::to_owned);
                        return Ok(lines.collect::<Vec<_>>());
                    }
                    before += segment.count;
                }
                Ok(Vec::new())
            });
            let lines = reading.await.map_err(Error::from)?;
            let next = place + lines.len() as u64;
            let next = (next < self.count && !lines.is_empty()).then_some(next);
            let mut records = Vec::with_capacity(lines.len());
            for line in &lines {
                let record = record(line)?;
                self.known(&record)?;
                let has = |(field, wanted): &(&'static Field, Value)| {
                    has_value(field, record.get(field.name).unwrap_or(&Json::Null), wanted)
                };
                if self.wanted.iter().all(has) {
                    records.push(record);
                }
            }
            Ok((records, next))
        })
    }
}

/// Whether a record has a value in a field. Decimals are compared as numbers.
fn has_value(field: &'static Field, json: &Json, wanted: &Value) -> bool {
    let text = |value: &Value| {
        let mut text = Vec::new();
        value.write_json(&mut text);
        text
    };
    match (compared(field, json), wanted) {
        (Ok(Value::Decimal(found)), Value::Decimal(wanted)) => {
            found.partial_cmp(wanted).is_some_and(Ordering::is_eq)
        }
        (found, wanted) => found.is_ok_and(|found| text(&found) == text(wanted)),
    }
}

impl Records<'_> {
    /// A record of an older template may have a field that this template would lose.
    fn known(&self, record: &Record) -> Result<()> {
        let lost = record.0.iter().find(|(name, json)| !json.is_null() && self.domain.field(name).is_none());
        let Some((name, _)) = lost else { return Ok(()) };
        let message =
            format!("the archive has the field `{name}`, which `{}` no longer has", self.domain.name);
        Err(Error::new(ErrorCode::TemplateMismatch, message))
    }
}

impl Kind for Restoring {
    fn name(&self) -> &'static str {
        KIND
    }

    fn step<'a>(&'a self, cx: &'a Context, job: &'a Job) -> BoxFuture<'a, Result<Step>> {
        Box::pin(async move {
            let told: Told = read(&job.arguments)?;
            let domain = self.catalogue.domain(&told.template)?;
            let fields = wanted(cx, domain, told.r#where.as_ref())?;
            let folder = folders::of(domain.name, told.archive);
            let opening = self.disk.run(cx.deadline, move |root| {
                Archive::open(&root.join(folder)).map(|archive| archive.manifest().count)
            });
            let count = opening.await.map_err(Error::from)?;
            let (disk, deadline, archive) = (&*self.disk, cx.deadline, told.archive);
            let records = Records { disk, deadline, domain, archive, wanted: fields, count };
            let how = (told.on_conflict.as_deref(), told.dry_run.unwrap_or(false));
            restore(cx, &self.catalogue, job, (domain, &records), how).await
        })
    }
}
