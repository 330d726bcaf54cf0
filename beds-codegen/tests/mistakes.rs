//! One mistake in a correct template gives one report, and the template is correct after its advice is followed.
//!
//! A base is a template, followed by its pipelines after `--- NAME`. A case begins with `# ` and the mistake. `= ` is
//! the code of its only report. The `- ` lines of the base are replaced by the `+ ` lines, or by the `> ` lines if the
//! report's advice is followed to the letter. If a machine can fix the mistake, its result must also be correct.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod support;

use std::fs;

use beds_codegen::{Compiler, Report};
use support::folder;

/// One change of a template: the original lines, the lines with the mistake, and the lines by the report's advice.
#[derive(Debug, Default)]
struct Change {
    before: Vec<String>,
    wrong: Vec<String>,
    right: Option<Vec<String>>,
}

#[derive(Debug, Default)]
struct Case {
    title: String,
    code: String,
    changes: Vec<Change>,
}

impl Case {
    /// The base with these changes.
    fn changed<'c>(&'c self, base: &str, with: impl Fn(&'c Change) -> &'c [String]) -> String {
        self.changes.iter().fold(base.to_owned(), |text, change| {
            let before = change.before.join("\n");
            assert!(text.contains(&before), "{}: the base has no `{before}`", self.title);
            text.replacen(&before, &with(change).join("\n").replace("\\0", "\0"), 1)
        })
    }
}

fn cases(text: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        let (mark, rest) = line.split_at(1);
        let rest = rest.strip_prefix(' ').unwrap_or(rest).to_owned();
        if mark == "#" {
            cases.push(Case { title: rest, ..Case::default() });
            continue;
        }
        let case = cases.last_mut().unwrap();
        match (mark, case.changes.last_mut()) {
            ("=", _) => case.code = rest,
            ("-", Some(change)) if change.wrong.is_empty() => change.before.push(rest),
            ("-", _) => case.changes.push(Change { before: vec![rest], ..Change::default() }),
            ("+", Some(change)) => change.wrong.push(rest),
            (">", Some(change)) => change.right.get_or_insert_default().push(rest),
            _ => panic!("{}: what is `{line}`?", case.title),
        }
    }
    cases
}

fn compiler(text: &str) -> Compiler {
    let mut parts = text.split("\n--- ");
    let compiler = Compiler::new().pipelines("no-such-folder").domains("no-such-folder");
    let compiler =
        compiler.template_text("room_rec.toml", parts.next().unwrap_or_default().to_owned() + "\n");
    parts.fold(compiler, |compiler, part| {
        let (name, text) = part.split_once('\n').unwrap();
        compiler.pipeline_text(name, text)
    })
}

fn reported(text: &str) -> Report {
    compiler(text).compile().map_or_else(|report| report, |output| output.warnings)
}

/// The most positions of one mistake that a machine fixes one by one.
const PLACES_MAX: usize = 5;

/// The remaining report after the automatic fixes; `None` if nothing can be fixed, or everything is.
fn mended(wrong: &str, report: Report) -> Option<Report> {
    let (mut text, mut report) = (wrong.to_owned(), report);
    report.diagnostics().first()?.fix.as_ref()?;
    for _ in 0..PLACES_MAX {
        let Some(fix) = report.diagnostics().first().and_then(|found| found.fix.clone()) else { break };
        let source = report.sources().text(fix.span.file);
        let mended = format!("{}{}{}", &source[..fix.span.start], fix.replacement, &source[fix.span.end..]);
        text = text.replacen(source.trim_end(), mended.trim_end(), 1);
        report = reported(&text);
    }
    (!report.is_empty()).then_some(report)
}

/// What is wrong with the report of a case.
fn complaint(base: &str, case: &Case) -> Option<String> {
    let wrong = case.changed(base, |change| &change.wrong);
    let report = reported(&wrong);
    let codes: Vec<_> = report.diagnostics().iter().map(|found| found.code.to_string()).collect();
    if codes != [case.code.as_str()] {
        return Some(format!("expected {} alone:\n{report}", case.code));
    }
    if let Some(after) = mended(&wrong, report) {
        return Some(format!("after a machine mended it:\n{after}"));
    }
    if case.changes.iter().any(|change| change.right.is_some()) {
        let right = case.changed(base, |change| change.right.as_ref().unwrap_or(&change.wrong));
        let after = reported(&right);
        if !after.is_empty() {
            return Some(format!("after the help was followed:\n{after}"));
        }
    }
    None
}

#[test]
fn one_mistake_is_one_report_whose_help_is_right() {
    let mut complaints = Vec::new();
    let (mut tried, mut followed) = (0, 0);
    for engine in ["mariadb", "mongodb"] {
        let read = |name: String| fs::read_to_string(folder("mistakes").join(name)).unwrap();
        let base = read(format!("{engine}.base.txt"));
        assert!(reported(&base).is_empty(), "{}", reported(&base));
        for case in cases(&read(format!("{engine}.txt"))) {
            tried += 1;
            followed += usize::from(case.changes.iter().any(|change| change.right.is_some()));
            complaints
                .extend(complaint(&base, &case).map(|what| format!("{engine}: {}: {what}", case.title)));
        }
    }
    assert!(complaints.is_empty(), "{} of {tried}:\n{}", complaints.len(), complaints.join("\n"));
    assert!(tried > 300 && followed > 80, "{tried} mistakes and {followed} remedies are too few");
}
