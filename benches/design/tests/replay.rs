//! Replays of the kept conversations: the same requests, the same answers, the same reports.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use beds_design::{boundary, proposal};
use serde_json::{Value, json};

fn own(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn bench(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_beds-design-bench")).args(args).output().unwrap()
}

/// The result for each description, without times.
fn outcomes(json: &Path) -> Value {
    let report: Value = serde_json::from_slice(&fs::read(json).unwrap()).unwrap();
    let line = |line: &Value| {
        let rounds = line["rounds"].as_array().unwrap().iter().map(|round| round["result"].clone());
        let (outcome, rounds) = (&line["outcome"], rounds.collect::<Vec<_>>());
        (line["name"].as_str().unwrap().to_owned(), json!({ "outcome": outcome, "rounds": rounds }))
    };
    Value::Object(report["descriptions"].as_array().unwrap().iter().map(line).collect())
}

#[test]
fn what_is_kept_ends_as_it_did() {
    let place = tempfile::tempdir().unwrap();
    let json = place.path().join("figures.json");
    let output = bench(&["--replay", "--json", json.to_str().unwrap()]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let found = outcomes(&json);
    let count =
        |outcome: &str| found.as_object().unwrap().values().filter(|line| line["outcome"] == outcome).count();
    assert!(count("at_once") >= 10 && count("repaired") >= 10 && count("failed") >= 4, "{said}");
    assert!(found.as_object().unwrap().len() >= 30, "{said}");
    let expected = own("recorded/outcomes.json");
    let text = format!("{found:#}\n");
    if std::env::var_os("BLESS").is_some() {
        fs::write(&expected, &text).unwrap();
    }
    assert_eq!(fs::read_to_string(&expected).unwrap(), text, "{said}");
}

/// The proposal that the demo signs: it is still the rendering of its model, and proved.
#[test]
fn what_was_proved_may_be_signed() {
    let (proposal, _) = proposal::read(&own("proved/library")).unwrap_or_else(|flaw| panic!("{flaw}"));
    let again = "make it anew, as the README of this folder says";
    boundary::may_be_signed(&proposal).unwrap_or_else(|flaw| panic!("{flaw}: {again}"));
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (path, to) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() { copy(&path, &to) } else { fs::copy(&path, &to).map(drop).unwrap() }
    }
}

#[test]
fn what_would_be_asked_otherwise_is_stale_until_it_is_renewed() {
    let place = tempfile::tempdir().unwrap();
    for name in ["descriptions", "recorded"] {
        copy(&own(name), &place.path().join(name));
    }
    let (folder, json) = (place.path().to_str().unwrap(), place.path().join("figures.json"));
    let replay = |more: &[&str]| {
        let args =
            ["--folder", folder, "--replay", "--only", "ledger,sensors", "--json", json.to_str().unwrap()];
        let output = bench(&[&args, more].concat());
        let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        (output.status.success(), said.into_owned())
    };
    assert!(replay(&[]).0);
    // The report on the first answer.
    let request = place.path().join("recorded/ledger/rounds/02-request.json");
    let before = fs::read_to_string(&request).unwrap();
    fs::write(&request, before.replacen("was refused", "is refused", 1)).unwrap();
    let (done, said) = replay(&[]);
    assert!(!done && said.contains("stale") && said.contains("round 2"), "{said}");
    assert!(said.contains("--replay --renew") && said.contains("--record"), "{said}");
    assert!(replay(&["--renew"]).0 && replay(&[]).0);
    assert_eq!(fs::read_to_string(&request).unwrap(), before);
    // Another description.
    let description = place.path().join("descriptions/ledger.txt");
    fs::write(&description, "Bookkeeping, and more of it").unwrap();
    let (done, said) = replay(&[]);
    assert!(!done && said.contains("round 1"), "{said}");
}
