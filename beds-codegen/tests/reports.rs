//! The reports on broken templates of the kind that people write. The exact report is beside the template.
//!
//! A file contains one mistake and gives one report, unless its name begins with `many_` or `warnings`. The files are
//! read from the disk as the tool reads them, so some are not even text.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod support;

use beds_codegen::{Code, Compiler, Report, diagnostic::Diagnostic};
use support::{check, files, finish, folder};

fn report(path: &std::path::Path) -> Report {
    let compiler =
        Compiler::new().templates(path).pipelines(folder("ok/pipelines")).domains("no-such-folder");
    compiler.compile().map_or_else(|report| report, |output| output.warnings)
}

#[test]
fn each_broken_template_gives_the_expected_report() {
    let mut differences = Vec::new();
    for path in files("reports", "toml") {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let report = report(&path);
        let is_one = !name.starts_with("many_") && !name.starts_with("warnings");
        assert!(!is_one || report.diagnostics().len() == 1, "{name}: {report}");
        let shown = report.to_string().replace(&*folder("reports").to_string_lossy(), "…");
        let shown = shown.replace(&*folder("ok/pipelines").to_string_lossy(), "schema/mongodb");
        differences.extend(check(&path.with_extension("txt"), &shown));
    }
    finish(&differences);
}

/// If the report of one mistake has an automatic fix, the template is correct after it, or after the next few: a
/// statement shows only its first mistake.
#[test]
fn remedies_work() {
    const ROUNDS_MAX: usize = 5;
    let mut tried = 0;
    for path in files("reports", "toml") {
        let mut report = report(&path);
        let is_one = report.diagnostics().len() == 1;
        if !is_one || report.diagnostics()[0].fix.is_none() {
            continue;
        }
        tried += 1;
        for _ in 0..ROUNDS_MAX {
            let Some(fix) = report.diagnostics().iter().find_map(|diagnostic| diagnostic.fix.clone()) else {
                break;
            };
            let text = report.sources().text(fix.span.file);
            let right = format!("{}{}{}", &text[..fix.span.start], fix.replacement, &text[fix.span.end..]);
            let compiler = Compiler::new().template_text("x_rec.toml", right).domains("no-such-folder");
            let compiler = compiler.pipelines(folder("ok/pipelines"));
            report = compiler.compile().map_or_else(|report| report, |output| output.warnings);
        }
        // The fact that the database fills the field has a consequence, which the first report contains.
        let is_told = |found: &Diagnostic| found.code == Code::ArgWithoutValue;
        assert!(report.diagnostics().iter().all(is_told), "{}: after its remedy:\n{report}", path.display());
    }
    assert!(tried > 30, "{tried} remedies are too few");
}

#[test]
fn hundreds_that_are_alike_are_counted() {
    let compiler = (0..300).fold(Compiler::new(), |compiler, n| {
        let text =
            support::SMALL.replace("country", &format!("country_{n}")).replace("key = true", "pk = true");
        compiler.template_text(format!("country_{n:03}_rec.toml"), text)
    });
    let report = compiler.compile().unwrap_err();
    assert_eq!(report.errors(), 300);
    let shown = report.to_string();
    assert_eq!(shown.matches("unknown key `pk`").count(), 10, "{shown}");
    assert!(shown.contains("error[B0101]: and 290 more of B0101 (unknown key) in country_"), "{shown}");
    assert!(shown.contains("and 285 other files") || shown.contains("285 other files"), "{shown}");
    assert_eq!(report.summary().len(), 11);
    // Editors get all of them.
    assert_eq!(report.json().lines().count(), 300);
}
