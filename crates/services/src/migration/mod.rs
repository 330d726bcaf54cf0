//! Migrations: jobs that turn records of one template into records of another. A job uses both templates as a client
//! would, in the name of the user who started it.
//!
//! [`start`] and [`retry`] implement the calls of the template `migration`; [`Migration`] is its kind of jobs. A chunk
//! reads a page of records in the order of their keys, converts them by the map, and writes them together. It
//! recognizes existing records by their key. So a chunk that runs twice finds its own work done.

mod canonical;
mod checkpoint;
mod convert;
mod doubts;
mod expression;
mod fresh;
mod identity;
mod items;
mod keys;
mod pages;
mod settling;
mod shape;
mod spec;
mod step;
mod take;
mod take_away;
mod write;

use std::sync::Arc;

use beds_core::{Error, NamasteCore, Result, context::Context, spec::Domain};
use beds_protocol::{ErrorCode, FetchRequest, Json};
use futures_util::future::BoxFuture;
use serde::Deserialize;
use uuid::Uuid;

use self::{checkpoint::Checkpoint, pages::Chunk, spec::Spec};
use crate::jobs::{self, About, Catalogue, Desk, Job, Kind, Step, json, read};

pub(crate) use fresh::Fresh;
pub use spec::Asked;
pub(crate) use {
    canonical::{digest, of_json},
    doubts::{Doubts, sort_out},
    keys::key,
    pages::{Shelf, by_keys, shown},
    take::{Taken, take_all},
};

/// The name of the kind.
const KIND: &str = "migration";

/// Starts a migration in the caller's name. Returns the id of the job.
///
/// # Errors
/// `validation_failed` with all that is wrong; `forbidden` or `unauthenticated` if the caller lacks rights on either
/// template; `not_found` if the caller does not see the job whose rejects it names.
pub async fn start<J: NamasteCore>(cx: &Context, asked: Asked) -> Result<Uuid> {
    let catalogue = &cx.extensions.get::<Desk>()?.catalogue;
    let about = Spec::of(cx, catalogue, &asked)?.about();
    if let Some(other) = asked.rejects_of {
        ended::<J>(cx, other).await?;
    }
    jobs::add::<J>(cx, KIND, json(&asked)?, about.as_ref()).await
}

/// Starts a migration of the records that another migration rejected. Returns the id of the job.
///
/// # Errors
/// `not_found` if the caller does not see the job; as [`start`].
pub async fn retry<J: NamasteCore>(cx: &Context, id: Uuid, on_conflict: Option<String>) -> Result<Uuid> {
    let arguments = ended::<J>(cx, id).await?;
    let asked: Asked = read(&arguments)?;
    let on_conflict = on_conflict.or(asked.on_conflict);
    start::<J>(cx, Asked { r#where: None, on_conflict, rejects_of: Some(id), ..asked }).await
}

/// The arguments of an ended migration that the caller sees. Its list of rejects is final.
async fn ended<J: NamasteCore>(cx: &Context, id: Uuid) -> Result<Json> {
    #[derive(Deserialize)]
    struct Shown {
        kind: String,
        state: String,
        arguments: Json,
        rejects: u64,
    }
    let outcome = cx.run(J::fetch(cx, FetchRequest::by_key(id.to_string()))).await?;
    let Shown { kind, state, arguments, rejects } =
        serde_json::from_slice(outcome.data.as_deref().unwrap_or_default())
            .map_err(|error| Error::internal(format!("the job cannot be read: {error}")))?;
    if kind != KIND {
        return Err(Error::new(ErrorCode::ValidationFailed, "the job is not a migration"));
    }
    if matches!(state.as_str(), "queued" | "running" | "paused") {
        return Err(Error::new(ErrorCode::Conflict, "the job has not ended, and may reject more")
            .hint("wait until it has ended, or cancel it"));
    }
    if rejects == 0 {
        return Err(Error::new(
            ErrorCode::Conflict,
            "the job has rejected no record: there is nothing to send again",
        ));
    }
    Ok(arguments)
}

/// Checks that the caller could restore records that were taken out of a template.
///
/// # Errors
/// `validation_failed` with all that is wrong; `forbidden` or `unauthenticated` if the caller lacks a right.
pub(crate) fn can_restore(cx: &Context, domain: &'static Domain, on_conflict: Option<&str>) -> Result<()> {
    Spec::of_restore(cx, domain, on_conflict, false).map(drop)
}

/// Runs a chunk that restores records from a shelf. They are written, and compared in the end, like those of a
/// migration.
pub(crate) async fn restore(
    cx: &Context,
    catalogue: &Catalogue,
    job: &Job,
    (domain, shelf): (&'static Domain, &dyn Shelf),
    (on_conflict, dry_run): (Option<&str>, bool),
) -> Result<Step> {
    let spec = Spec::of_restore(cx, domain, on_conflict, dry_run)?;
    let chunk = Chunk { cx, catalogue, spec: &spec, job, shelf: Some(shelf), settles: false, fresh: None };
    step::step(&chunk, Checkpoint::read(job.checkpoint.as_ref())?).await
}

/// Checks that the caller can move records so that each is on one side in the end. Returns the records that the
/// job is about.
///
/// # Errors
/// `validation_failed` with all that is wrong; `forbidden` or `unauthenticated` if the caller lacks a right.
pub(crate) fn can_settle(cx: &Context, catalogue: &Catalogue, asked: &Asked) -> Result<Option<About>> {
    Spec::of_settling(cx, catalogue, asked).map(|spec| spec.about())
}

/// Runs a chunk of such a move.
pub(crate) async fn settle(
    cx: &Context,
    catalogue: &Catalogue,
    job: &Job,
    asked: &Asked,
    fresh: &Fresh,
) -> Result<Step> {
    let spec = Spec::of_settling(cx, catalogue, asked)?;
    let chunk = Chunk { cx, catalogue, spec: &spec, job, shelf: None, settles: true, fresh: Some(fresh) };
    step::step(&chunk, Checkpoint::read(job.checkpoint.as_ref())?).await
}

/// The kind of jobs that migrate records.
#[derive(Debug)]
pub struct Migration {
    catalogue: Arc<Catalogue>,
    fresh: Fresh,
}

impl Migration {
    /// The kind that migrates between these domains.
    #[must_use]
    pub fn new(catalogue: Arc<Catalogue>) -> Self {
        Self { catalogue, fresh: Fresh::default() }
    }
}

impl Kind for Migration {
    fn name(&self) -> &'static str {
        KIND
    }

    fn step<'a>(&'a self, cx: &'a Context, job: &'a Job) -> BoxFuture<'a, Result<Step>> {
        Box::pin(async move {
            let asked: Asked = read(&job.arguments)?;
            // A node that does not serve both domains leaves the job to another.
            self.catalogue.domain(&asked.from)?;
            self.catalogue.domain(&asked.to)?;
            let spec = Spec::of(cx, &self.catalogue, &asked)?;
            let (catalogue, fresh) = (&*self.catalogue, Some(&self.fresh));
            let chunk = Chunk { cx, catalogue, spec: &spec, job, shelf: None, settles: false, fresh };
            step::step(&chunk, Checkpoint::read(job.checkpoint.as_ref())?).await
        })
    }
}
