//! [`Checkpoint`]: how far an archive is.

use beds_core::Result;
use beds_protocol::Json;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::jobs::read;

/// What comes next.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Phase {
    /// Segments are written.
    #[default]
    Write,
    /// All of them are read again, and what is in them is written down.
    Finish,
    /// What is in the archive is taken away in the database.
    Delete,
    /// Nothing.
    End,
}

/// How far an archive is.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Checkpoint {
    pub(super) phase: Phase,
    /// The filesystem that it was begun on.
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
    /// How many records of which segment were taken away, or were not.
    pub(super) segment: usize,
    pub(super) line: usize,
}

/// How many records came to what.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Counts {
    /// In the archive.
    pub(super) archived: u64,
    /// Taken away in the database.
    pub(super) deleted: u64,
    /// There still, since somebody has changed them meanwhile.
    pub(super) changed: u64,
    /// There still, since they may not be taken away.
    pub(super) refused: u64,
    /// Archived without the members that the template does not name; what moves is refused for them.
    #[serde(skip_serializing_if = "is_none")]
    pub(super) partial: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes it so")]
const fn is_none(count: &u64) -> bool {
    *count == 0
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
