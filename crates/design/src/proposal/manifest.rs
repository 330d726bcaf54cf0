//! `proposal.toml`: what is said of a proposal, and the hash over all of it.

use beds_protocol::Engine;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{Author, Contents};

/// The file.
pub const MANIFEST: &str = "proposal.toml";
/// What stands in the place of the hash while it is taken: it cannot be taken over itself.
pub(super) const NO_HASH: &str = "0000000000000000000000000000000000000000000000000000000000000000";
/// The version of the layout.
pub(super) const FORMAT: u32 = 1;
/// What is hashed first, so that no hash of anything else is one of a proposal.
const DOMAIN: &[u8] = b"beds design proposal 1\n";

/// What is said of a proposal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// SHA-256 over the name and the bytes of every file, in order of name; this line with zeros in it.
    pub hash: String,
    /// The version of the layout.
    pub format: u32,
    /// The name of the whole.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// The engine.
    pub engine: Engine,
    /// The database, as the configuration calls it.
    pub database: String,
    /// The program that made it.
    pub made_by: String,
    /// When.
    pub made_at: String,
    /// Who wrote the model.
    pub author: Author,
    /// What was handed in.
    #[serde(default)]
    pub inputs: Vec<Input>,
    /// What was asked and answered.
    #[serde(default)]
    pub rounds: Vec<Round>,
    /// What was proved.
    #[serde(default)]
    pub proofs: Vec<Proof>,
    /// What runs, in order.
    #[serde(default)]
    pub steps: Vec<Step>,
    /// All other files.
    #[serde(default)]
    pub files: Vec<Listed>,
}

/// Something that was handed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Its name.
    pub name: String,
    /// The SHA-256 of its bytes.
    pub sha256: String,
}

/// What a model was asked and gave, once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Round {
    /// How it ended: what the gates said, in a line.
    pub result: String,
    /// How many tokens it took, where the endpoint said so.
    pub tokens: Option<u64>,
    /// How long it took.
    pub milliseconds: u64,
}

/// What a gate said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// The gate.
    pub name: String,
    /// Whether it was passed.
    pub passed: bool,
    /// What was proved, or why it was not.
    pub detail: String,
}

/// A statement that runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// The database, as the configuration calls it.
    pub database: String,
    /// What it is about.
    pub what: String,
    /// The SHA-256 of its text, which the script of the objects has.
    pub sha256: String,
}

/// A file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listed {
    /// Its path in the proposal.
    pub path: String,
    /// Its length.
    pub bytes: u64,
    /// The SHA-256 of its bytes.
    pub sha256: String,
}

impl Manifest {
    /// The text of the file. Its first line has the hash.
    pub(super) fn text(&self) -> String {
        toml::to_string(self).unwrap_or_default()
    }
}

/// The files as they are listed.
pub(super) fn listed(files: &Contents) -> Vec<Listed> {
    let others = files.iter().filter(|(path, _)| *path != MANIFEST);
    let one = |(path, bytes): (&String, &Vec<u8>)| Listed {
        path: path.clone(),
        bytes: bytes.len() as u64,
        sha256: digest(bytes),
    };
    others.map(one).collect()
}

/// The SHA-256 of bytes.
pub(super) fn digest(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;

    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// The hash over all files: lengths are hashed as well, so that nothing can pass from a name into a content, or from one file
/// into the next.
pub(super) fn hash(files: &Contents) -> String {
    let mut hasher = Sha256::new();
    hasher.update(DOMAIN);
    for (path, bytes) in files {
        let without;
        let bytes: &[u8] = if path == MANIFEST {
            without = without_hash(bytes).unwrap_or_else(|| bytes.clone());
            &without
        } else {
            bytes
        };
        for part in [path.as_bytes(), bytes] {
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part);
        }
    }
    hex(&hasher.finalize())
}

/// The manifest with zeros for its hash; none where its first line is not exactly the hash's.
fn without_hash(bytes: &[u8]) -> Option<Vec<u8>> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let (line, rest) = bytes.split_at_checked(end)?;
    let hash = line.strip_prefix(b"hash = \"")?.strip_suffix(b"\"")?;
    let is_hash =
        hash.len() == NO_HASH.len() && hash.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    is_hash.then(|| [b"hash = \"", NO_HASH.as_bytes(), b"\"", rest].concat())
}

/// Whether a manifest's first line has its hash where it must be.
pub(super) fn has_hash_first(bytes: &[u8]) -> bool {
    without_hash(bytes).is_some()
}
