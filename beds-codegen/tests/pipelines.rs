//! The files of pipelines: typical texts that people write, and the report on each.

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
fn a_template_can_allow_the_warnings_about_its_pipelines() {
    let warnings = |allowed: &str| {
        let template = TEMPLATE.replace("[calls.by_tag]", &format!("allow = [{allowed}]\n\n[calls.by_tag]"));
        let text = r#"[{ "$match": { "owner": "@user", "tags": { "$arg": "tag" } } }]"#;
        let compiler =
            Compiler::new().template_text("memo_rec.toml", template).pipeline_text("by_tag.json", text);
        compiler.domains("nowhere").compile().unwrap().warnings.to_string()
    };
    assert!(warnings("").contains("B0619"), "{}", warnings(""));
    assert_eq!(warnings("\"B0619\""), "");
}

#[test]
fn a_byte_order_mark_is_no_part_of_a_pipeline() {
    let text = "\u{feff}[{ \"$match\": { \"tags\": { \"$arg\": \"tag\" } } }]\n";
    let compiler =
        Compiler::new().template_text("memo_rec.toml", TEMPLATE).pipeline_text("by_tag.json", text);
    assert!(compiler.domains("nowhere").compile().is_ok());
}

#[test]
fn a_number_of_clients_is_bounded_where_the_server_bounds_it() {
    let report = |stage: &str, argument: &str| {
        let template =
            TEMPLATE.replace("tag = { type = \"string\", max = 40 }", &format!("tag = {argument}"));
        let text = format!("[{stage}]\n");
        let compiler =
            Compiler::new().template_text("memo_rec.toml", template).pipeline_text("by_tag.json", text);
        compiler.domains("nowhere").compile().err().map(|report| report.to_string()).unwrap_or_default()
    };
    let (int, from_0, from_1) = ("\"int\"", "{ type = \"int\", min = 0 }", "{ type = \"int\", min = 1 }");
    let unsigned = "{ type = \"int\", unsigned = true }";
    for (stage, of, least) in [
        (r#"{ "$limit": { "$arg": "tag" } }"#, "$limit", 1),
        (r#"{ "$sample": { "size": { "$arg": "tag" } } }"#, "size", 1),
        (r#"{ "$bucketAuto": { "groupBy": "$a", "buckets": { "$arg": "tag" } } }"#, "buckets", 1),
        (r#"{ "$skip": { "$arg": "tag" } }"#, "$skip", 0),
    ] {
        let message = format!("`{of}` takes no number below {least}, but `tag` may be lower");
        assert!(report(stage, int).contains(&message), "{stage}: {}", report(stage, int));
        assert_eq!(report(stage, from_1), "", "{stage}");
        for bounded in [from_0, unsigned] {
            assert_eq!(report(stage, bounded).contains(&message), least == 1, "{stage} {bounded}");
        }
    }
}

/// The result of `bedsc fix` for a pipeline.
fn mended(text: &str) -> String {
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("by_tag.json"), text).unwrap();
    let compiler = Compiler::new().template_text("memo_rec.toml", TEMPLATE).pipelines(place.path());
    let files = compiler.domains("nowhere").mend().files;
    files.into_iter().next().map_or_else(|| text.to_owned(), |file| file.after)
}

/// A `}` is only added where the next stage begins and the text is JSON then.
#[test]
fn an_open_object_is_closed_only_before_a_stage() {
    let read = |name: &str| std::fs::read_to_string(support::folder("pipelines").join(name)).unwrap();
    let unclosed = read("stage_unclosed.json");
    assert_eq!(mended(&unclosed), unclosed.replace("} },", "} }},"));
    for name in [
        "placeholder_for_name.json",
        "lookup_without_pipeline.json",
        "object_without_name.json",
        "two_stages_unclosed.json",
    ] {
        assert_eq!(mended(&read(name)), read(name), "{name}");
    }
}

#[test]
fn an_operator_is_never_mended_into_what_may_be_its_opposite() {
    let query = |name: &str| {
        format!("[\n  {{ \"$match\": {{ \"tags\": {{ \"{name}\": {{ \"$arg\": \"tag\" }} }} }} }}\n]\n")
    };
    for (name, meant) in [
        ("$neq", "$ne"),
        ("$notEq", "$ne"),
        ("$not_eq", "$ne"),
        ("$!=", "$ne"),
        ("$le", "$lte"),
        ("$lteq", "$lte"),
        ("$ge", "$gte"),
        ("$gteq", "$gte"),
        ("$equals", "$eq"),
        ("$equal", "$eq"),
        ("$GTE", "$gte"),
    ] {
        assert_eq!(mended(&query(name)), query(meant), "{name}");
    }
    for name in ["$nee", "$gtt", "$nnin", "$like"] {
        assert_eq!(mended(&query(name)), query(name), "{name}");
    }
    // In an expression as well.
    let expression = |name: &str| {
        format!(
            "[\n  {{ \"$set\": {{ \"is\": {{ \"{name}\": [{{ \"$arg\": \"tag\" }}, \"$tags\"] }} }} }}\n]\n"
        )
    };
    for (name, meant) in [("$neq", "$ne"), ("$le", "$lte"), ("$notEq", "$ne"), ("$nto", "$nto")] {
        assert_eq!(mended(&expression(name)), expression(meant), "{name}");
    }
}

#[test]
fn the_place_of_an_operator_is_not_taken_for_a_text() {
    let text = "[{ \"$match\": { \"tags\": { \"$like\": { \"$arg\": \"tag\" } } } }]";
    let compiler =
        Compiler::new().template_text("memo_rec.toml", TEMPLATE).pipeline_text("by_tag.json", text);
    let report = compiler.domains("nowhere").compile().err().map(|report| report.to_string());
    let report = report.unwrap_or_default();
    assert!(report.contains("`$like`") && !report.contains("$literal"), "{report}");
}

#[test]
fn what_mongodb_takes_is_taken() {
    for stage in [
        r#"{ "$match": { "v": { "$not": { "$regex": "^a" } } } }"#,
        r#"{ "$match": { "v": { "$type": ["double", "number", 19, -1, 127] } } }"#,
        r#"{ "$match": { "v": { "$size": 0 }, "w": { "$bitsAllSet": 5, "$bitsAnySet": [0, 63] } } }"#,
        r#"{ "$match": { "v": { "$geoWithin": { "$box": [[0, 0], [1, 1]] } } } }"#,
        r#"{ "$match": { "$jsonSchema": { "properties": { "bsonType": { "bsonType": ["int", "null"] } } } } }"#,
        r#"{ "$match": { "v": { "$in": ["$total"] }, "w": "$5", "x": "$", "y": { "$ne": "a $b" } } }"#,
        r#"{ "$sort": { "v": { "$meta": "textScore" } } }"#,
        r#"{ "$project": { "a": { "b": 1, "c": { "$size": "$d" } }, "a.d": 1, "ab": 1 } }"#,
        r#"{ "$set": { "a": { "b": 1 }, "a.c": 2, "ab": { "$literal": { "c": 1 } } } }"#,
        r#"{ "$unset": ["a.b", "a.c", "ab"] }"#,
        r#"{ "$redact": { "$cond": ["$open", "$$KEEP", "$$PRUNE"] } }"#,
        r#"{ "$redact": "$$DESCEND" }"#,
        r#"{ "$densify": { "field": "n", "range": { "step": 0.5, "unit": "quarter", "bounds": "full" } } }"#,
        r#"{ "$setWindowFields": { "sortBy": { "n": 1 }, "output": { "x": { "$sum": "$n", "window": { "documents": ["unbounded", -1] } } } } }"#,
        r#"{ "$setWindowFields": { "sortBy": { "n": 1 }, "output": { "x": { "$sum": "$n", "window": { "range": [-1.5, "current"], "unit": "day" } } } } }"#,
        r#"{ "$fill": { "sortBy": { "n": 1 }, "output": { "v": { "value": 1 }, "w": { "method": "locf" } } } }"#,
        r#"{ "$set": { "x": { "$convert": { "input": "$a", "to": { "type": "binData", "subtype": 4 } } } } }"#,
        r#"{ "$set": { "x": { "$convert": { "input": "$a", "to": 16, "onError": "$to" } } } }"#,
        r#"{ "$set": { "x": { "$convert": { "input": "$a", "to": "$kind" } } } }"#,
        r#"{ "$set": { "x": { "$dateToString": { "date": "$a", "format": "%G-W%V-%u %b %B %H:%M %z %Z %%" } } } }"#,
        r#"{ "$set": { "x": { "$regexFind": { "input": "$a", "regex": "b", "options": "imsx" } } } }"#,
        r#"{ "$set": { "x": { "$sortArray": { "input": "$a", "sortBy": -1 } } } }"#,
        r#"{ "$set": { "x": { "$percentile": { "input": "$a", "p": [0, 0.5, 1, "$p"], "method": "approximate" } } } }"#,
        r#"{ "$set": { "x": { "$percentile": { "input": "$a", "p": "$shares", "method": "approximate" } } } }"#,
        r#"{ "$set": { "x": { "$dateFromParts": { "isoWeekYear": 2026, "isoWeek": 60, "hour": -1 } } } }"#,
        r#"{ "$set": { "x": { "$split": ["$a", " "] }, "y": { "$toInt": "-12" }, "z": { "$toLong": "$n" } } }"#,
        r#"{ "$set": { "x": { "$substrCP": ["$a", 0, 2] }, "y": { "$substrBytes": ["$a", 3, -1] } } }"#,
        r#"{ "$set": { "x": { "$round": ["$a", -20] }, "y": { "$trunc": ["$a", 100] }, "z": { "$round": "$a" } } }"#,
        r#"{ "$group": { "_id": "$a", "x": { "$firstN": { "input": "$b", "n": { "$cond": ["$c", 1, 2] } } } } }"#,
        r#"{ "$lookup": { "from": "others", "pipeline": [{ "$match": { "$expr": { "$eq": ["$a", "$b"] } } }], "as": "c" } }"#,
        r#"{ "$match": { "$expr": { "$eq": ["$v", { "$toDecimal": "12345678901234567890" }] } } }"#,
    ] {
        let text = format!("[{{ \"$match\": {{ \"tags\": {{ \"$arg\": \"tag\" }} }} }}, {stage}]");
        let compiler =
            Compiler::new().template_text("memo_rec.toml", TEMPLATE).pipeline_text("by_tag.json", text);
        let report = match compiler.domains("nowhere").compile() {
            Ok(output) => output.warnings,
            Err(report) => report,
        };
        assert!(report.is_empty(), "{stage}: {report}");
    }
}
