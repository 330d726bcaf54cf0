//! [`Manifest`]: the content of an archive.

use serde::{Deserialize, Serialize};

use super::key::Key;

/// The format of archives that this version writes, and the only one that it reads.
pub(super) const FORMAT: &str = "beds-archive/1";
pub(super) const MANIFEST: &str = "manifest.json";
pub(super) const SUMS: &str = "BLAKE3SUMS";

/// The line of a file in the list of digests.
pub(super) fn sum(digest: &str, file: &str) -> String {
    format!("{digest}  {file}")
}

/// The origin of the records of an archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// The template's name on the wire.
    pub template: String,
    /// The template's hash, when the archive was begun.
    pub template_hash: String,
    /// The names of the fields that are the key, in the template's order.
    pub key: Vec<String>,
    /// When the archive was begun, as RFC 3339 in UTC.
    pub created_at: String,
}

/// The content of an archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// `beds-archive/1`.
    pub format: String,
    /// The origin of the records.
    #[serde(flatten)]
    pub about: About,
    /// How many records there are.
    pub count: u64,
    /// The segments, in order.
    pub segments: Vec<Segment>,
}

/// One file of records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Segment {
    /// The name of the file.
    pub file: String,
    /// How many records it has: at least one.
    pub count: u64,
    /// The least key. Numbers are compared as numbers, and texts by their bytes.
    pub least: Key,
    /// The greatest key.
    pub greatest: Key,
    /// The length of its records, each with its line feed.
    pub bytes: u64,
    /// The length of the file.
    pub bytes_stored: u64,
    /// The BLAKE3 digest of the file.
    pub blake3: String,
}

/// The name of a segment's file. Segments are numbered from 1.
pub(super) fn segment_file(number: u64) -> String {
    format!("{number:06}.ndjson.zst")
}
