//! The files of pipelines: what people write into them, and the report of each.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod support;

use beds_codegen::Compiler;
use support::{check, files, finish};

/// A call with one argument, on the write lane for the stages that write.
const TEMPLATE: &str = r#"[template]
name = "memo"
service = "app_server"
engine = "mongodb"
database = "journal"

[calls.by_tag]
pipeline = "by_tag.json"
on = "memos"
lane = "write"
args = { tag = { type = "string", max = 40 } }
"#;

#[test]
fn each_mistake_is_told_at_its_place_with_its_remedy() {
    let mut differences = Vec::new();
    for path in files("pipelines", "json") {
        let text = std::fs::read_to_string(&path).unwrap();
        let compiler =
            Compiler::new().template_text("memo_rec.toml", TEMPLATE).pipeline_text("by_tag.json", text);
        let report = match compiler.domains("nowhere").compile() {
            Ok(output) => output.warnings,
            Err(report) => report,
        };
        assert!(!report.is_empty(), "{}: nothing is wrong with it", path.display());
        differences.extend(check(&path.with_extension("txt"), &report.to_string()));
    }
    finish(&differences);
}

#[test]
fn a_byte_order_mark_is_no_part_of_a_pipeline() {
    let text = "\u{feff}[{ \"$match\": { \"tags\": { \"$arg\": \"tag\" } } }]\n";
    let compiler =
        Compiler::new().template_text("memo_rec.toml", TEMPLATE).pipeline_text("by_tag.json", text);
    assert!(compiler.domains("nowhere").compile().is_ok());
}
