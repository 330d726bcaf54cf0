//! The command line of `bedsc`: its output and its exit status.

#![cfg(feature = "bedsc")]
#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod support;

use std::{fs, path::Path, process::Command};

/// Checks one template. Returns whether that succeeds, and the whole output.
fn check(folder: &Path, text: &str, options: &[&str]) -> (bool, String) {
    fs::write(folder.join("country_rec.toml"), text).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_bedsc"))
        .current_dir(folder)
        .args(["check", "country_rec.toml"])
        .args(options)
        .output()
        .unwrap();
    let printed = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(printed).unwrap())
}

#[test]
fn warnings_fail_where_they_are_denied() {
    let folder = tempfile::tempdir().unwrap();
    let odd = support::SMALL.replace("v_country", "v_country;");
    let (is_done, printed) = check(folder.path(), &odd, &[]);
    assert!(is_done && printed.contains("warning[B0907]"), "{printed}");
    assert!(printed.contains("1 template, no errors, 1 warning\n"), "{printed}");
    let (is_done, printed) = check(folder.path(), &odd, &["--deny", "warnings"]);
    assert!(!is_done && printed.contains("1 warning, which `--deny warnings` refuses"), "{printed}");
    let (is_done, printed) = check(folder.path(), &odd, &["--deny", "warnings", "--format", "json"]);
    assert!(!is_done && printed.contains("\"severity\":\"warning\""), "{printed}");
    assert!(printed.contains("\"fix\":{"), "{printed}");
    let (is_done, printed) = check(folder.path(), support::SMALL, &["--deny", "warnings"]);
    assert!(is_done && printed == "1 template, no errors\n", "{printed}");
}
