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
    /// What changes for clients of the templates that were there.
    #[serde(default)]
    pub changes: Vec<Changed>,
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

/// What something is that was handed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Handed {
    /// A finished model.
    Model,
    /// A description in words.
    Description,
    /// A template that is there.
    Template,
    /// Sample data.
    Samples,
}

/// Something that was handed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// What it is.
    pub kind: Handed,
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
    /// How long the answer took.
    pub milliseconds: u64,
}

/// A change for clients.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Changed {
    /// The template.
    pub template: String,
    /// What it does to clients: `breaking`, `widening`, `invisible`.
    pub effect: String,
    /// The part of the template.
    pub place: String,
    /// What changed.
    pub what: String,
    /// What that means for a client.
    pub why: String,
}

/// What a proposal has to pass before anybody may sign it, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Gate {
    /// The templates compile without an error or a warning.
    Check,
    /// Bodies and pipelines use nothing but what may be used.
    Gate,
    /// A database takes the objects.
    Objects,
    /// The node finds in that database what its templates say.
    Verify,
    /// The node's account has the rights that it needs, and no other.
    Grants,
    /// A node does what the templates promise.
    Conformance,
    /// Samples load, or it is said why not.
    Samples,
    /// Filters and sorts are fast among many records.
    Plans,
}

impl Gate {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Check,
        Self::Gate,
        Self::Objects,
        Self::Verify,
        Self::Grants,
        Self::Conformance,
        Self::Samples,
        Self::Plans,
    ];

    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::Gate => "gate",
            Self::Objects => "objects",
            Self::Verify => "verify",
            Self::Grants => "grants",
            Self::Conformance => "conformance",
            Self::Samples => "samples",
            Self::Plans => "plans",
        }
    }

    /// Where the report of it is kept.
    #[must_use]
    pub fn report(self) -> String {
        format!("{PROOFS}{}.txt", self.as_str())
    }
}

/// The folder of the proofs' reports.
pub(super) const PROOFS: &str = "proofs/";

/// What a gate said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// The gate.
    pub gate: Gate,
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
    /// Whether these bytes are sample data that was handed in.
    #[must_use]
    pub fn has_sample(&self, bytes: &[u8]) -> bool {
        let sha256 = digest(bytes);
        self.inputs.iter().any(|input| input.kind == Handed::Samples && input.sha256 == sha256)
    }

    /// The gates that were not passed and have to be.
    #[must_use]
    pub fn unproved(&self) -> Vec<Gate> {
        let has_samples = self.inputs.iter().any(|input| input.kind == Handed::Samples);
        let is_passed = |gate: &Gate| self.proofs.iter().any(|proof| proof.gate == *gate && proof.passed);
        let is_needed = |gate: &Gate| *gate != Gate::Samples || has_samples;
        Gate::ALL.into_iter().filter(|gate| is_needed(gate) && !is_passed(gate)).collect()
    }

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
    hex::encode(Sha256::digest(bytes))
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
    hex::encode(hasher.finalize())
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
