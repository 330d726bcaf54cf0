//! `proposal.toml`: the properties of a proposal, and the hash over all of it.

use beds_protocol::Engine;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{Author, Contents};
use crate::plan::Plan;

/// The file of the manifest.
pub const MANIFEST: &str = "proposal.toml";
/// The text in place of the hash while the hash is computed: the hash cannot cover itself.
pub(super) const NO_HASH: &str = "0000000000000000000000000000000000000000000000000000000000000000";
/// The version of the layout.
pub(super) const FORMAT: u32 = 1;
/// The prefix of the hashed bytes, so that the hash of anything else cannot be the hash of a proposal.
const DOMAIN: &[u8] = b"beds design proposal 1\n";

/// The properties of a proposal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// SHA-256 over the name and the bytes of every file, in the order of names. This line has zeros in it.
    pub hash: String,
    /// The version of the layout.
    pub format: u32,
    /// The name of the domain.
    pub name: String,
    /// The purpose of the domain.
    pub description: String,
    /// The engine.
    pub engine: Engine,
    /// The database, as the configuration calls it.
    pub database: String,
    /// The program that made the proposal.
    pub made_by: String,
    /// The time.
    pub made_at: String,
    /// What the plan for old records cannot do, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// The author of the model.
    pub author: Author,
    /// The inputs.
    #[serde(default)]
    pub inputs: Vec<Input>,
    /// The requests and answers.
    #[serde(default)]
    pub rounds: Vec<Round>,
    /// The changes for clients of the existing templates.
    #[serde(default)]
    pub changes: Vec<Changed>,
    /// The migrations of old records, in the order in which they run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub migrations: Vec<Carried>,
    /// The proofs.
    #[serde(default)]
    pub proofs: Vec<Proof>,
    /// The statements that run, in order.
    #[serde(default)]
    pub steps: Vec<Step>,
    /// All other files.
    #[serde(default)]
    pub files: Vec<Listed>,
}

/// The kind of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Handed {
    /// A finished model.
    Model,
    /// A description in words.
    Description,
    /// An existing template.
    Template,
    /// Sample data.
    Samples,
}

/// An input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Its kind.
    pub kind: Handed,
    /// Its name.
    pub name: String,
    /// The SHA-256 of its bytes.
    pub sha256: String,
}

/// One request to a language model, and its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Round {
    /// The result: the gates' verdict, in one line.
    pub result: String,
    /// How many tokens the round used, if the endpoint counted them.
    pub tokens: Option<u64>,
    /// How long the language model took for the answer.
    pub milliseconds: u64,
}

/// A change for clients.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Changed {
    /// The template.
    pub template: String,
    /// The effect on clients: `breaking`, `widening`, `invisible`.
    pub effect: String,
    /// The part of the template.
    pub place: String,
    /// What changed.
    pub what: String,
    /// The consequence for a client.
    pub why: String,
}

/// A migration of old records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Carried {
    /// The file with the request that starts it.
    pub file: String,
    /// The template that reads the old records.
    pub from: String,
    /// The template whose records they become.
    pub to: String,
    /// The old fields that nothing takes over.
    #[serde(default)]
    pub lost: Vec<String>,
}

/// The migrations of a plan.
pub(super) fn carried(plan: &Plan) -> Vec<Carried> {
    let one = |migration: &crate::plan::Migration| Carried {
        file: migration.file.clone(),
        from: migration.from.clone(),
        to: migration.to.clone(),
        lost: migration.lost.clone(),
    };
    plan.migrations.iter().map(one).collect()
}

/// The gates that a proposal has to pass before anybody may sign it, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Gate {
    /// The templates compile without an error or a warning.
    Check,
    /// Bodies and pipelines use only what is allowed.
    Gate,
    /// A database accepts the objects.
    Objects,
    /// The node finds in that database what its templates declare.
    Verify,
    /// The node's account has the rights that it needs, and no others.
    Grants,
    /// A node does what the templates promise.
    Conformance,
    /// Samples load, or the report says why they do not.
    Samples,
    /// Filters and sorts are fast among many records.
    Plans,
    /// Migrations carry old records over.
    Migration,
}

impl Gate {
    /// All gates.
    pub const ALL: [Self; 9] = [
        Self::Check,
        Self::Gate,
        Self::Objects,
        Self::Verify,
        Self::Grants,
        Self::Conformance,
        Self::Samples,
        Self::Plans,
        Self::Migration,
    ];

    /// The name of the gate.
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
            Self::Migration => "migration",
        }
    }

    /// The file of the gate's report.
    #[must_use]
    pub fn report(self) -> String {
        format!("{PROOFS}{}.txt", self.as_str())
    }
}

/// The folder of the reports of proofs.
pub(super) const PROOFS: &str = "proofs/";

/// The result of a gate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// The gate.
    pub gate: Gate,
    /// Whether the proposal passed the gate.
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
    /// The object that it creates.
    pub what: String,
    /// The SHA-256 of its text, which is in the script of the objects.
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
    /// Whether these bytes are sample data from the input.
    #[must_use]
    pub fn has_sample(&self, bytes: &[u8]) -> bool {
        let sha256 = digest(bytes);
        self.inputs.iter().any(|input| input.kind == Handed::Samples && input.sha256 == sha256)
    }

    /// The gates that the proposal has to pass and has not passed.
    #[must_use]
    pub fn unproved(&self) -> Vec<Gate> {
        let has_samples = self.inputs.iter().any(|input| input.kind == Handed::Samples);
        let is_passed = |gate: &Gate| self.proofs.iter().any(|proof| proof.gate == *gate && proof.passed);
        let is_needed = |gate: &Gate| match gate {
            Gate::Samples => has_samples,
            Gate::Migration => !self.migrations.is_empty(),
            Gate::Check
            | Gate::Gate
            | Gate::Objects
            | Gate::Verify
            | Gate::Grants
            | Gate::Conformance
            | Gate::Plans => true,
        };
        Gate::ALL.into_iter().filter(|gate| is_needed(gate) && !is_passed(gate)).collect()
    }

    /// The text of the file. The first line has the hash.
    pub(super) fn text(&self) -> String {
        toml::to_string(self).unwrap_or_default()
    }
}

/// The list of the files.
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

/// The hash over all files. Lengths are hashed as well, so that no byte can move from a name into a content, or from
/// one file into the next.
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

/// The manifest with zeros for its hash; none if its first line is not exactly the line of the hash.
fn without_hash(bytes: &[u8]) -> Option<Vec<u8>> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let (line, rest) = bytes.split_at_checked(end)?;
    let hash = line.strip_prefix(b"hash = \"")?.strip_suffix(b"\"")?;
    let is_hash =
        hash.len() == NO_HASH.len() && hash.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    is_hash.then(|| [b"hash = \"", NO_HASH.as_bytes(), b"\"", rest].concat())
}

/// Whether the first line of a manifest has its hash.
pub(super) fn has_hash_first(bytes: &[u8]) -> bool {
    without_hash(bytes).is_some()
}
