//! [`Checkpoint`]: the progress of an archive.

use beds_core::Result;
use beds_protocol::Json;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::jobs::{is_zero, read};

/// The next phase.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Phase {
    /// Segments are written.
    #[default]
    Write,
    /// All segments are read again, and the manifest is written.
    Finish,
    /// The archived records are deleted in the database.
    Delete,
    /// Nothing.
    End,
}

/// The progress of an archive.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Checkpoint {
    pub(super) phase: Phase,
    /// The filesystem on which it was begun.
    pub(super) filesystem: Option<Uuid>,
    pub(super) created_at: Option<String>,
    pub(super) template_hash: Option<String>,
    /// The cursor of the next page.
    pub(super) after: Option<String>,
    /// How many segments there are.
    pub(super) segments: u64,
    pub(super) bytes: u64,
    pub(super) bytes_stored: u64,
    pub(super) counts: Counts,
    /// The segment whose records are being deleted, and how many of them are dealt with.
    pub(super) segment: usize,
    pub(super) line: usize,
}

/// The counts of records by result.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Counts {
    /// In the archive.
    pub(super) archived: u64,
    /// Deleted in the database.
    pub(super) deleted: u64,
    /// Still in the database, because somebody changed them meanwhile.
    pub(super) changed: u64,
    /// Still in the database, because they may not be deleted.
    pub(super) refused: u64,
    /// Archived without the members that the template does not name. A move refuses such records.
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) partial: u64,
}

impl Checkpoint {
    pub(super) fn read(json: Option<&Json>) -> Result<Self> {
        json.filter(|json| !json.is_null()).map_or_else(|| Ok(Self::default()), read)
    }

    /// How many records are dealt with.
    pub(super) fn done(&self) -> u64 {
        let Counts { archived, deleted, changed, refused, partial: _ } = self.counts;
        archived + deleted + changed + refused
    }
}
