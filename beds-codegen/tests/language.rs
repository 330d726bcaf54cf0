//! The JSON Schema of the template language agrees with the compiler, as far as a schema can.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod support;

use std::path::Path;

use beds_codegen::{Compiler, raw};
use jsonschema::Validator;
use serde_json::{Value, json};
use support::{files, folder};

/// A template as editors see it: TOML's own moments are strings.
fn read(text: &str) -> Value {
    fn json(value: toml::Value) -> Value {
        match value {
            toml::Value::String(text) => Value::from(text),
            toml::Value::Integer(number) => Value::from(number),
            toml::Value::Float(number) => Value::from(number),
            toml::Value::Boolean(flag) => Value::from(flag),
            toml::Value::Datetime(moment) => Value::from(moment.to_string()),
            toml::Value::Array(items) => items.into_iter().map(json).collect(),
            toml::Value::Table(table) => {
                Value::Object(table.into_iter().map(|(key, value)| (key, json(value))).collect())
            }
        }
    }
    json(toml::Value::Table(text.parse().unwrap_or_else(|error| panic!("{error}\n{text}"))))
}

fn validator() -> Validator {
    let schema = raw::language();
    assert!(jsonschema::meta::is_valid(&schema));
    jsonschema::draft202012::new(&schema).unwrap()
}

#[test]
fn every_template_that_compiles_fits() {
    let validator = validator();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../templates");
    let mut paths = files("ok", "toml");
    paths.extend(std::fs::read_dir(shipped).unwrap().map(|entry| entry.unwrap().path()));
    assert!(paths.len() > 10);
    for path in paths.iter().filter(|path| path.extension().is_some_and(|found| found == "toml")) {
        let template = read(&std::fs::read_to_string(path).unwrap());
        if let Err(error) = validator.validate(&template) {
            panic!("{}: {} at {}", path.display(), error, error.instance_path());
        }
    }
}

/// Each key with each kind of value: the schema refuses exactly the keys and values that the compiler calls unknown,
/// misplaced or of the wrong kind.
#[test]
fn the_schema_and_the_compiler_judge_alike() {
    let validator = validator();
    let values = ["\"word\"", "true", "7", "1.5", "[\"a\"]", "[7]", "{ a = \"int\" }", "{ unknown = true }"];
    let kinds = [
        (
            "[template]\nname = \"x\"\nservice = \"app_server\"\nengine = \"mariadb\"\ndatabase = \"d\"\n@",
            &["description", "broker", "nme"][..],
        ),
        ("[objects]\n@", &["read", "create", "delete", "write"]),
        ("[objects]\nread = { @ }", &["view", "table", "collection", "procedure", "args"]),
        ("[objects]\ncreate = { @ }", &["procedure", "collection", "args", "returns", "commits", "view"]),
        ("[fetch]\n@", &["filter", "sort", "limit", "where"]),
        ("[fetch]\nlimit = { @ }", &["default", "max", "min"]),
        (
            "[calls.c]\n@",
            &[
                "description",
                "procedure",
                "function",
                "pipeline",
                "on",
                "lane",
                "args",
                "returns",
                "commits",
                "timeout",
            ],
        ),
        (
            "[fields]\nf = { type = \"string\", @ }",
            &[
                "description",
                "column",
                "key",
                "required",
                "nullable",
                "default",
                "unique",
                "immutable",
                "version",
                "sensitive",
                "min",
                "max",
                "pattern",
                "values",
                "precision",
                "unsigned",
                "fields",
                "mode",
                "primary_key",
            ],
        ),
        ("[fields]\nf = { type = \"enum\", @ }", &["values", "pattern"]),
        ("[fields]\nf = { type = \"list\", @ }", &["items", "fields"]),
        ("[fields]\nf = { type = \"object\", @ }", &["items", "fields"]),
        (
            "[fields]\nf = { type = \"list\", items = { type = \"int\", @ } }",
            &["key", "min", "default", "column"],
        ),
        (
            "[calls.c]\nargs = { a = { type = \"int\", @ } }",
            &["mode", "default", "key", "column", "required"],
        ),
    ];
    // The other codes are not about keys and kinds: only the compiler can check those.
    let of_the_schema = ["B0101", "B0102", "B0103", "B0302", "B0303", "B0304", "B0606", "B0607", "B0610"];
    let mut differences = Vec::new();
    for (frame, keys) in kinds {
        for key in keys {
            // A table of fields in place of one item has its own cause, which the compiler reports.
            for value in values.iter().filter(|value| !(*key == "items" && value.contains("a = "))) {
                let part = frame.replace('@', &format!("{key} = {value}"));
                let head = if part.starts_with("[template]") {
                    ""
                } else {
                    "[template]\nname = \"x\"\nservice = \"app_server\"\nengine = \"mariadb\"\ndatabase = \"d\"\n"
                };
                let text = format!("{head}{part}\n");
                let report = Compiler::new().domains("nowhere").template_text("x_rec.toml", &text).compile();
                let found: Vec<_> =
                    report.err().into_iter().flat_map(|report| report.diagnostics().to_vec()).collect();
                let refused = found.iter().any(|found| of_the_schema.contains(&found.code.as_str()));
                if refused == validator.is_valid(&read(&text)) {
                    let codes: Vec<_> = found.iter().map(|found| found.code.as_str()).collect();
                    differences.push(format!("{part}: the compiler says {codes:?}"));
                }
            }
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn what_is_broken_is_refused() {
    let validator = validator();
    for broken in [
        json!({}),
        json!({ "template": { "name": "x" } }),
        json!({ "templat": {} }),
        json!({ "template": { "name": "x", "service": "app_server", "engine": "oracle", "database": "d" } }),
        json!({ "template": { "name": "x", "service": "app_servr", "engine": "mariadb", "database": "d" } }),
    ] {
        assert!(!validator.is_valid(&broken), "{broken}");
    }
    let good = read(&std::fs::read_to_string(folder("ok/product.toml")).unwrap());
    let broken = |change: fn(&mut Value)| {
        let mut template = good.clone();
        change(&mut template);
        !validator.is_valid(&template)
    };
    assert!(!broken(|_| {}));
    assert!(broken(|template| template["fields"]["sku"] = json!("varchar")));
    assert!(broken(|template| template["fields"]["sku"] = json!({ "type": "varchar" })));
    assert!(broken(|template| template["fields"]["sku"] = json!({ "max": 3 })));
    assert!(broken(|template| template["fields"]["sku"] = json!({ "type": "int", "pattern": "a" })));
    assert!(broken(|template| template["objects"]["read"] = json!({ "view": 1 })));
    assert!(broken(|template| template["fetch"]["limit"] = json!({ "max": "many" })));
}
