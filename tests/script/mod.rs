//! Cases as text: the requests, and the expected replies. A case is a file, and a new case is a new file.
//!
//! ```text
//! # What holds, in a sentence.
//! for sample_row, sample_document
//!
//! > {t}.create {"data": {"code": "{new}", "series": "{s}"}}
//! < ok data: {"id": "{id1}", …}
//!
//! @ header beds-deadline: now - 1
//! > {t}.delete {"key": "{id}"}
//! < deadline_exceeded: the deadline had passed before the node took the request
//! <   retryable
//!
//! @ show: {field}
//! > {t}.create {"data": {"code": "{new}", "series": "{s}", {row}}}
//! - "stock": -1
//! < validation_failed: `stock` must be at least 0
//! - "stock": 5
//! < ok data: {"stock": 5}
//! ```
//!
//! - `for`: the case is played once for each of these templates. All must answer alike, except for the `sqlstate` of an
//!   error, which only MariaDB has. `{t}` is the template.
//! - `>`: a request, with its routing key and body. Lines that begin with `>` and two or more spaces continue the body.
//!   A key with a space in it is written as a JSON string.
//! - `<`: the reply. `BLESS=1 cargo test --test conformance --test bad_input` writes these lines; without it they are
//!   compared. Write a new case without them. The replies to the items of a batch follow the batch's own reply, each
//!   with its place.
//! - `-`: a row. A request with `{row}` or `{field}` in it is sent once for each row that follows it: `{row}` is the
//!   row's text, `{field}` its first JSON name.
//! - `@`: an attribute of the next request: `exchange`, `reply_to`, `content_type`, `content_encoding`, `message_id`,
//!   `header NAME` (JSON, `now + MS`, `int N`, `table`, `void`). Each of the first three may also be `none`. An empty
//!   `message_id` is written as `""`. Or an attribute of the shown reply: `show: a, b` shows only these members of
//!   `data`, `hide: a, b` all but these, `list: a` the values of one.
//! - `sql>`: a statement on MariaDB's database `catalog`; `<` gives its rows.
//! - `{s}` is a text that no other case has, for records that belong together. `{new}` begins with it, and is different
//!   for each record. `{id1}`, `{id2}`, … are the ids that the node made, in the order of the replies, and `{id}` is
//!   the last. `{next1}` and `{next}` are cursors, `{hash}` is the template's fingerprint, `{now}` is the current time.
//! - `{"x"*400}` is a repeated text, `{0xff 0xfe}` are bytes, `{base64url [1]}` is encoded JSON.
//!
//! Some properties of every reply are checked without being written: its correlation id, `beds-status`,
//! `beds-template-hash`, content type and `request_id`; for a dead letter, everything that is known about it.

#![allow(dead_code, unused_imports, reason = "each test program takes what it needs")]

mod fill;
mod parse;
mod play;
mod show;

use std::{
    env, fs,
    path::{Path, PathBuf},
};

pub(crate) use play::{Guard, Player};
use similar::TextDiff;

use parse::Script;

/// One case of a folder.
#[derive(Debug)]
pub(crate) struct Case {
    path: PathBuf,
    script: Script,
}

impl Case {
    /// The cases of a folder, by name. With `CASE=part` in the environment, only those whose names contain `part`.
    pub(crate) fn all(folder: &Path) -> Vec<Self> {
        let part = env::var("CASE").unwrap_or_default();
        let mut paths: Vec<PathBuf> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
            .filter(|path| path.file_name().unwrap().to_string_lossy().contains(&part))
            .collect();
        paths.sort();
        assert!(!paths.is_empty(), "{} has no cases", folder.display());
        let read = |path: PathBuf| {
            let script = Script::parse(&fs::read_to_string(&path).unwrap())
                .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            Self { path, script }
        };
        paths.into_iter().map(read).collect()
    }

    /// Plays the case for each of its templates. Returns the differences, for a person.
    pub(crate) async fn check(&self, player: &mut Player) -> Result<(), String> {
        let name = self.path.file_name().unwrap().to_string_lossy();
        let mut wrong = String::new();
        let mut shown: Vec<(&str, String)> = Vec::new();
        for template in self.script.templates() {
            let outcome = player.play(&self.script, template).await;
            for violation in &outcome.violations {
                wrong.extend([&*name, " (", template, "): ", violation, "\n"]);
            }
            shown.push((template, self.script.with(&outcome.found)));
        }
        let (first, text) = &shown[0];
        for (other, differs) in &shown[1..] {
            if differs != text {
                wrong += &difference(text, differs, &format!("{name}: {first}"), other);
            }
        }
        let known = self.script.to_string();
        if wrong.is_empty() && *text != known {
            if env::var_os("BLESS").is_some() {
                fs::write(&self.path, text).unwrap();
                eprint!("{}", difference(&known, text, &format!("{name} as it was"), "blessed"));
            } else {
                wrong += &difference(&known, text, &format!("{name} expected"), &format!("{first} answers"));
            }
        }
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }
}

fn difference(old: &str, new: &str, old_name: &str, new_name: &str) -> String {
    TextDiff::from_lines(old, new).unified_diff().header(old_name, new_name).to_string()
}

/// Fails with all differences at once, and says how to accept them.
#[track_caller]
pub(crate) fn finish(results: &[Result<(), String>], program: &str) {
    let wrong: Vec<&str> =
        results.iter().filter_map(|result| result.as_ref().err().map(String::as_str)).collect();
    assert!(
        wrong.is_empty(),
        "{}\n{} of {} cases differ; `BLESS=1 cargo test --test {program}` accepts what came",
        wrong.join("\n"),
        wrong.len(),
        results.len()
    );
}
