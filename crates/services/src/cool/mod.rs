//! Cool storage: archives of records on the shared filesystem, which jobs make, verify and restore.
//!
//! [`start`], [`list`], [`find`], [`verify`] and [`restore`] implement the calls of the template `cool`. [`Archiving`],
//! [`Verifying`] and [`Restoring`] are its kinds of jobs. [`Disk`] is the filesystem, among the node's extensions.

mod archiving;
mod checkpoint;
mod disk;
mod folders;
mod restoring;
mod spec;
mod verifying;

use beds_core::{
    Error, NamasteCore, Result,
    carry::{May, shown},
    context::Context,
    spec::Domain,
    value::Value,
};
use beds_protocol::{ErrorCode, Json, Record};
use serde::Serialize;
use uuid::Uuid;

use crate::{
    archive::Key,
    ask,
    jobs::{self, Desk, Due, json},
    warehouse::{moment, older},
};

pub use archiving::Archiving;
pub use disk::Disk;
pub use restoring::Restoring;
pub use spec::Asked;
pub use verifying::Verifying;

/// An archive in a list.
#[derive(Debug, Serialize)]
pub struct Listed {
    /// The id of the job that made it.
    pub archive: Uuid,
    /// How many records it has.
    pub count: Option<u64>,
    /// The least key.
    pub least: Option<Key>,
    /// The greatest key.
    pub greatest: Option<Key>,
    /// When it was begun, as RFC 3339 in UTC.
    pub created_at: Option<String>,
    /// The length of its records.
    pub bytes: Option<u64>,
    /// The length of its segments.
    pub bytes_stored: Option<u64>,
    /// Why it cannot be read.
    pub fault: Option<String>,
}

/// A record of an archive.
#[derive(Debug, Serialize)]
pub struct Found {
    /// The archive.
    pub archive: Uuid,
    /// The record, as far as the caller sees it.
    pub record: Json,
}

/// Starts to make an archive, in the caller's name. Returns the id of the job, which is also the archive's.
///
/// # Errors
/// `validation_failed` with what is wrong; `forbidden` or `unauthenticated` if the caller lacks a right.
pub async fn start<J: NamasteCore>(cx: &Context, asked: Asked) -> Result<Uuid> {
    spec::Spec::of(cx, &cx.extensions.get::<Desk>()?.catalogue, &asked)?;
    jobs::add::<J>(cx, archiving::KIND, json(&asked)?, None).await
}

/// The recurring job; `None` if the records of the template do not go into archives.
#[must_use]
pub fn due(domain: &'static Domain) -> Option<Due> {
    let age = domain.cool?;
    let arguments = move || {
        let filter = older(domain, age, &moment(age), None)?;
        let (template, mode) = (domain.name.to_owned(), Some("move".to_owned()));
        json(&Asked { template, r#where: Some(filter), mode, is_due: true, ..Asked::default() })
    };
    Some(Due { kind: archiving::KIND, template: domain.name, about: None, arguments: Box::new(arguments) })
}

/// The archives of a template, the newest first.
///
/// # Errors
/// `forbidden` if the caller may not fetch all records of the template; `unavailable` if the filesystem is.
pub async fn list(cx: &Context, template: &str) -> Result<Vec<Listed>> {
    let domain = cx.extensions.get::<Desk>()?.catalogue.domain(template)?;
    let may = spec::reader(cx, domain)?;
    let sees_key = domain.key.iter().all(|&field| may.sees(domain.fields[field].name).is_some());
    let name = domain.name;
    let listing = cx.extensions.get::<Disk>()?.run(cx.deadline, move |root| {
        let (archives, faults) = folders::all(root, name)?;
        let whole = archives.into_iter().map(|(id, archive)| {
            let manifest = archive.manifest();
            let range = folders::range(&archive).filter(|_| sees_key);
            Listed {
                archive: id,
                count: Some(manifest.count),
                least: range.map(|(least, _)| least.clone()),
                greatest: range.map(|(_, greatest)| greatest.clone()),
                created_at: Some(manifest.about.created_at.clone()),
                bytes: Some(manifest.segments.iter().map(|segment| segment.bytes).sum()),
                bytes_stored: Some(manifest.segments.iter().map(|segment| segment.bytes_stored).sum()),
                fault: None,
            }
        });
        let damaged = faults.into_iter().map(|(id, fault)| Listed {
            archive: id,
            count: None,
            least: None,
            greatest: None,
            created_at: None,
            bytes: None,
            bytes_stored: None,
            fault: Some(fault.kind.to_string()),
        });
        Ok(whole.chain(damaged).collect())
    });
    Ok(listing.await?)
}

/// One record from the archives of a template: from the named archive, or else from the newest that has it.
///
/// # Errors
/// `not_found`; `forbidden` if the caller may not fetch all records of the template; `unavailable` if the filesystem
/// is.
pub async fn find(cx: &Context, archive: Option<Uuid>, template: &str, key: &Json) -> Result<Found> {
    let domain = cx.extensions.get::<Desk>()?.catalogue.domain(template)?;
    let may = spec::reader(cx, domain)?;
    let (key, name) = (self::key(domain, &may, key)?, domain.name);
    let finding = cx.extensions.get::<Disk>()?.run(cx.deadline, move |root| {
        let (archives, mut faults) = match archive {
            None => folders::all(root, name)?,
            Some(id) if root.join(folders::of(name, id)).is_dir() => {
                let opened = crate::archive::Archive::open(&root.join(folders::of(name, id)))?;
                (vec![(id, opened)], Vec::new())
            }
            Some(id) => return Ok(Err(verifying::unknown(id))),
        };
        for (id, archive) in archives {
            match archive.find(&key) {
                Ok(None) => {}
                Ok(Some(record)) => return Ok(Ok((id, record))),
                Err(fault) => faults.push((id, fault)),
            }
        }
        // An archive that cannot be read may hold the record.
        faults.pop().map_or_else(|| Ok(Err(not_archived(name))), |(_, fault)| Err(fault))
    });
    let (archive, line) = finding.await??;
    let mut record = archiving::record(&line)?;
    record.0.retain(|(name, _)| may.sees(name).is_some() || (domain.field(name).is_none()));
    Ok(Found { archive, record: Json::Object(record) })
}

fn not_archived(template: &str) -> Error {
    Error::new(ErrorCode::NotFound, format!("no archive of `{template}` has a record with this key"))
}

/// Starts to verify an archive. Returns the id of the job.
///
/// # Errors
/// `not_found`; as [`list`].
pub async fn verify<J: NamasteCore>(cx: &Context, archive: Uuid) -> Result<Uuid> {
    let template = template_of(cx, archive).await?;
    let domain = cx.extensions.get::<Desk>()?.catalogue.domain(&template)?;
    spec::reader(cx, domain)?;
    jobs::add::<J>(cx, verifying::KIND, json(&verifying::Told { archive, template })?, None).await
}

/// Starts to restore the records of an archive. Returns the id of the job.
///
/// # Errors
/// `not_found`; `validation_failed` with what is wrong; `forbidden` or `unauthenticated` if the caller lacks a right.
pub async fn restore<J: NamasteCore>(
    cx: &Context,
    archive: Uuid,
    on_conflict: Option<String>,
    r#where: Option<Json>,
    chunk: Option<u32>,
    dry_run: Option<bool>,
) -> Result<Uuid> {
    let template = template_of(cx, archive).await?;
    let domain = cx.extensions.get::<Desk>()?.catalogue.domain(&template)?;
    let told = restoring::Told { archive, template, on_conflict, r#where, chunk, dry_run };
    restoring::judge(cx, domain, &told)?;
    jobs::add::<J>(cx, restoring::KIND, json(&told)?, None).await
}

async fn template_of(cx: &Context, archive: Uuid) -> Result<String> {
    let disk = cx.extensions.get::<Disk>()?;
    let finding = disk.run(cx.deadline, move |root| folders::template_of(root, archive));
    finding.await?.ok_or_else(|| verifying::unknown(archive))
}

/// The key that a request names, in the form that archives use.
fn key(domain: &'static Domain, may: &May, json: &Json) -> Result<Key> {
    let one = |field: usize, json: Option<&Json>| {
        let field = &domain.fields[field];
        let value = json.filter(|_| may.sees(field.name).is_some()).map(|json| shown(field, json));
        match value {
            Some(value) if !matches!(value, Value::Json(_) | Value::Null) => {
                serde_json::to_value(&value).ok()
            }
            _ => None,
        }
    };
    let members = |record: &Record| {
        domain.key.iter().map(|&field| one(field, record.get(domain.fields[field].name))).collect()
    };
    let values: Option<Vec<serde_json::Value>> = match (json, domain.key) {
        (Json::Object(record), _) => members(record),
        (json, [field]) => one(*field, Some(json)).map(|value| vec![value]),
        (_, _) => None,
    };
    values.filter(|values| !values.is_empty()).map(Key).ok_or_else(|| {
        let names: Vec<_> = domain.key.iter().map(|&field| domain.fields[field].name).collect();
        let reason = format!("must be the key of a record: {}", names.join(", "));
        ask::invalid("key", &reason)
    })
}
