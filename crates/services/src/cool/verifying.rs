//! [`Verifying`]: the kind of jobs that read whole archives and report damage.

use std::sync::{Arc, atomic::Ordering};

use beds_core::{Error, Result, context::Context};
use beds_protocol::ErrorCode;
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    archiving::scrubbed,
    disk::{Checked, Disk},
    folders,
};
use crate::jobs::{Job, Kind, Next, Step, json, read};

/// The name of the kind.
pub(super) const KIND: &str = "cool_verify";

/// The arguments of such a job.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Told {
    pub(super) archive: Uuid,
    pub(super) template: String,
}

#[derive(Serialize)]
struct Damaged {
    file: String,
    what: String,
    records: u64,
}

#[derive(Serialize)]
struct Found {
    archive: Uuid,
    records: u64,
    segments: u64,
    bytes: u64,
    bytes_stored: u64,
    damages: Vec<Damaged>,
}

/// The kind of jobs that verify archives.
#[derive(Debug)]
pub struct Verifying {
    disk: Arc<Disk>,
}

impl Verifying {
    /// The kind on this filesystem.
    #[must_use]
    pub const fn new(disk: Arc<Disk>) -> Self {
        Self { disk }
    }
}

impl Kind for Verifying {
    fn name(&self) -> &'static str {
        KIND
    }

    fn step<'a>(&'a self, cx: &'a Context, job: &'a Job) -> BoxFuture<'a, Result<Step>> {
        Box::pin(async move {
            let told: Told = read(&job.arguments)?;
            let place = folders::of(&told.template, told.archive);
            let checked = self.disk.long(job.id, cx.deadline, move |root, read| {
                scrubbed(&root.join(place), || {
                    read.fetch_add(1, Ordering::Relaxed);
                })
            });
            let Some(Checked { records, segments, bytes, bytes_stored, damages }) = checked.await? else {
                let checkpoint = json(&told)?;
                return Ok(Step { checkpoint, total: None, done: 0, rejects: Vec::new(), next: Next::Chunk });
            };
            let lost: u64 = damages.iter().map(|damage| damage.records).sum();
            let damages: Vec<_> = damages
                .into_iter()
                .map(|damage| Damaged { file: damage.file, what: damage.what, records: damage.records })
                .collect();
            let found = damages.len();
            let result =
                json(&Found { archive: told.archive, records, segments, bytes, bytes_stored, damages })?;
            let next = if found == 0 {
                Next::Done(result)
            } else {
                let files = if found == 1 { "one file is".to_owned() } else { format!("{found} files are") };
                Next::Failed(result, format!("{files} damaged, with {lost} records"))
            };
            let done = records + lost;
            Ok(Step { checkpoint: json(&told)?, total: Some(done), done, rejects: Vec::new(), next })
        })
    }
}

/// The error for an archive that does not exist.
pub(super) fn unknown(id: Uuid) -> Error {
    Error::new(ErrorCode::NotFound, format!("there is no archive {id}"))
}
