//! Models and expected files of the tests.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use beds_design::{
    model::{self, Model},
    proposal::{Gate, Proof, Proposal},
};
use serde_json::Value;
use similar::TextDiff;

pub(crate) fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

/// A model of the tests as JSON.
#[allow(dead_code, reason = "not every test changes models")]
pub(crate) fn value(name: &str) -> Value {
    serde_json::from_slice(&fs::read(folder("models").join(name)).unwrap()).unwrap()
}

/// A model of the tests.
#[allow(dead_code, reason = "not every test reads models")]
pub(crate) fn model(name: &str) -> Model {
    let bytes = fs::read(folder("models").join(name)).unwrap();
    model::read(&bytes).unwrap_or_else(|faults| unreachable!("{name}: {faults}"))
}

/// The same proposal as if it had passed every gate.
#[allow(dead_code, reason = "not every test signs")]
pub(crate) fn passed(proposal: Proposal) -> Proposal {
    let carries = !proposal.manifest.migrations.is_empty();
    let is_needed = |gate: &Gate| *gate != Gate::Samples && (*gate != Gate::Migration || carries);
    let gates = Gate::ALL.into_iter().skip(2).filter(is_needed);
    let proof = |gate: Gate| {
        (Proof { gate, passed: true, detail: "as tests say".to_owned() }, format!("{}\n", gate.as_str()))
    };
    proposal.proved(gates.map(proof).collect()).unwrap()
}

/// The difference from the expected file; `BLESS=1` writes the file instead.
#[allow(dead_code, reason = "not every test has expected files")]
pub(crate) fn check(path: &Path, text: &str) -> Option<String> {
    if std::env::var_os("BLESS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        return None;
    }
    let expected = fs::read_to_string(path).unwrap_or_default();
    (expected != text).then(|| {
        let diff = TextDiff::from_lines(expected.as_str(), text);
        format!("{}\n{}", path.display(), diff.unified_diff().context_radius(2))
    })
}
