//! [`Checkpoint`]: how far a migration is, and what it has come to.

use beds_core::Result;
use beds_protocol::{Json, Record};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    canonical::chained,
    spec::{Mode, OnConflict, Spec},
};
use crate::jobs::{json, read};

/// What comes next.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Phase {
    /// Records are written.
    #[default]
    Write,
    /// What was written and compared is taken away, where it came from.
    Delete,
    /// All records are compared.
    Prove,
    /// Nothing.
    End,
}

/// From where the next page is read.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Place {
    /// The cursor of the page.
    pub(super) after: Option<String>,
    /// The last of another job's rejects.
    pub(super) reject: Option<i64>,
    /// How many of a shelf's records were read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) shelf: Option<u64>,
}

/// A record that is to be taken away.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Pending {
    /// Its key.
    pub(super) key: Json,
    /// What it was when it was written.
    pub(super) digest: String,
    /// By what it is found where it was written.
    pub(super) identity: Vec<Json>,
    /// What the copy is, where it may have to be taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) copy: Option<String>,
    /// What was written, while it is not certain that it is elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) record: Option<Record>,
}

/// How many records came to what.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Counts {
    /// Read where they are.
    pub(super) read: u64,
    /// Made.
    pub(super) created: u64,
    /// There already, and the same.
    pub(super) same: u64,
    /// There already, and changed.
    pub(super) replaced: u64,
    /// There already, and left as they are.
    pub(super) skipped: u64,
    /// Not done: the rejects say why.
    pub(super) rejected: u64,
    /// Taken away, where they came from.
    pub(super) deleted: u64,
    /// Changed or taken away by others while they moved: they are where they were, as they are now.
    #[serde(skip_serializing_if = "is_none")]
    pub(super) changed: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes it so")]
const fn is_none(count: &u64) -> bool {
    *count == 0
}

/// One side of the proof.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Side {
    pub(super) count: u64,
    pub(super) hash: String,
}

impl Side {
    /// Takes one record more.
    pub(super) fn add(&mut self, record: &[u8]) {
        self.count += 1;
        self.hash = chained(&self.hash, record);
    }
}

/// How far a migration is.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Checkpoint {
    pub(super) phase: Phase,
    pub(super) place: Place,
    /// Whether all pages are read.
    pub(super) is_last: bool,
    pub(super) counts: Counts,
    /// How many were compared in the end.
    pub(super) compared: u64,
    pub(super) source: Side,
    pub(super) target: Side,
    /// How many are there as something else, though they were written.
    pub(super) different: u64,
    /// How many are there as something else, as they were before.
    pub(super) kept: u64,
    /// The keys of records that are to be written next, where their copies may have to be taken back.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) picked: Vec<Json>,
    pub(super) pending: Vec<Pending>,
    /// Whether what was taken away has been seen to stay where it was written.
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

    /// What came of it: with the proof where all records were compared.
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

    /// Whether both sides are the same.
    pub(super) fn is_equal(&self, spec: &Spec) -> bool {
        let left = if spec.on_conflict == OnConflict::Skip { self.counts.skipped } else { 0 };
        self.different == 0 && self.source.hash == self.target.hash && self.kept <= left
    }
}

/// Whether all records are compared in the end: those of a move are compared before they are taken away.
pub(super) fn proves(spec: &Spec) -> bool {
    spec.mode == Mode::Copy && !spec.dry_run && spec.rejects_of.is_none()
}
