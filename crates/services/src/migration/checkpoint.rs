//! [`Checkpoint`]: the progress of a migration, and its results so far.

use beds_core::Result;
use beds_protocol::{Json, Record};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    canonical::chained,
    spec::{Mode, OnConflict, Spec},
};
use crate::jobs::{is_zero, json, read};

/// The next phase.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Phase {
    /// Records are written.
    #[default]
    Write,
    /// Records that were written and compared are deleted in the source.
    Delete,
    /// All records are compared.
    Prove,
    /// Nothing.
    End,
}

/// Where the next page begins.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Place {
    /// The cursor of the page.
    pub(super) after: Option<String>,
    /// The last reject read, of another job.
    pub(super) reject: Option<i64>,
    /// How many records of a shelf were read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) shelf: Option<u64>,
}

/// A record that is to be deleted in the source.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Pending {
    /// Its key in the source.
    pub(super) key: Json,
    /// The digest of the source record at the time of the write.
    pub(super) digest: String,
    /// The values by which the written record is found.
    pub(super) identity: Vec<Json>,
    /// The digest of the copy, if the copy may have to be deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) copy: Option<String>,
    /// The written record, while it is not certain that source and target are different places.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) record: Option<Record>,
}

/// The counts of records by result.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Counts {
    /// Read in the source.
    pub(super) read: u64,
    /// Created.
    pub(super) created: u64,
    /// Existed already, and equal.
    pub(super) same: u64,
    /// Existed already, and changed.
    pub(super) replaced: u64,
    /// Existed already, and left unchanged.
    pub(super) skipped: u64,
    /// Not done: see the rejects.
    pub(super) rejected: u64,
    /// Deleted in the source.
    pub(super) deleted: u64,
    /// Changed or deleted by others during the move: they are in the source, in their present state.
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) changed: u64,
    /// Copied without the members that the template does not name. A move rejects such records.
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) partial: u64,
}

/// One side of the proof.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Side {
    pub(super) count: u64,
    pub(super) hash: String,
}

impl Side {
    /// Adds one record.
    pub(super) fn add(&mut self, record: &[u8]) {
        self.count += 1;
        self.hash = chained(&self.hash, record);
    }
}

/// The progress of a migration.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Checkpoint {
    pub(super) phase: Phase,
    pub(super) place: Place,
    /// Whether all pages are read.
    pub(super) is_last: bool,
    pub(super) counts: Counts,
    /// How many records the proof has compared.
    pub(super) compared: u64,
    pub(super) source: Side,
    pub(super) target: Side,
    /// How many written records differ in the target.
    pub(super) different: u64,
    /// How many records differ in the target, as they did before.
    pub(super) kept: u64,
    /// The keys of the records to write next, if their copies may have to be deleted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) picked: Vec<Json>,
    pub(super) pending: Vec<Pending>,
    /// Whether a written record was seen to stay after its source record was deleted.
    pub(super) is_apart: bool,
}

impl Checkpoint {
    pub(super) fn read(json: Option<&Json>) -> Result<Self> {
        json.map_or_else(|| Ok(Self::default()), read)
    }

    pub(super) fn json(&self) -> Result<Json> {
        json(self)
    }

    /// How many records are dealt with.
    pub(super) fn done(&self, spec: &Spec) -> u64 {
        if proves(spec) { self.counts.read + self.compared } else { self.counts.read }
    }

    /// The result of the job, with the proof if all records were compared.
    pub(super) fn result(&self, spec: &Spec, is_equal: Option<bool>) -> Result<Json> {
        #[derive(Serialize)]
        struct Ended<'a> {
            mode: &'static str,
            dry_run: bool,
            counts: Counts,
            #[serde(skip_serializing_if = "Option::is_none")]
            source: Option<&'a Side>,
            #[serde(skip_serializing_if = "Option::is_none")]
            target: Option<&'a Side>,
            #[serde(skip_serializing_if = "Option::is_none")]
            equal: Option<bool>,
            #[serde(skip_serializing_if = "Option::is_none")]
            rejects_of: Option<Uuid>,
        }
        json(&Ended {
            mode: match spec.mode {
                Mode::Copy => "copy",
                Mode::Move => "move",
            },
            dry_run: spec.dry_run,
            counts: self.counts,
            source: is_equal.is_some().then_some(&self.source),
            target: is_equal.is_some().then_some(&self.target),
            equal: is_equal,
            rejects_of: spec.rejects_of,
        })
    }

    /// Whether both sides are equal.
    pub(super) fn is_equal(&self, spec: &Spec) -> bool {
        let left = if spec.on_conflict == OnConflict::Skip { self.counts.skipped } else { 0 };
        self.different == 0 && self.source.hash == self.target.hash && self.kept <= left
    }
}

/// Whether all records are compared in the end. The records of a move are compared earlier, before they are deleted.
pub(super) fn proves(spec: &Spec) -> bool {
    spec.mode == Mode::Copy && !spec.dry_run && spec.rejects_of.is_none()
}
