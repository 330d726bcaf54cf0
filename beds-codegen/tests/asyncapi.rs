//! The `AsyncAPI` document: its structure here, its validity by the official parser in a separate test.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod support;

use std::{env, fs, path::Path, process::Command};

use beds_codegen::catalogue;
use serde_json::{Value, json};
use support::every_domain;

/// The parser, and the version that the document is checked with.
const PARSER: &str = "@asyncapi/parser@3.6.3";

fn document() -> Value {
    catalogue::asyncapi(&every_domain().all_domains(), "1.0.0")
}

fn references<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("$ref").and_then(Value::as_str));
            members.values().for_each(|member| references(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn the_document_has_the_parts_of_asyncapi_3() {
    let document = document();
    assert_eq!(document["asyncapi"], "3.0.0");
    let (channels, operations) =
        (document["channels"].as_object().unwrap(), document["operations"].as_object().unwrap());
    // One channel per routing key, and one for replies.
    assert_eq!(channels.len(), operations.len() + 1);
    let (events, requests): (Vec<_>, Vec<_>) =
        operations.iter().partition(|(_, operation)| operation["action"] == "send");
    for (id, _) in &events {
        let key = id.strip_suffix(".event").unwrap();
        assert_eq!(channels[*id]["address"], key);
        assert_eq!(channels[*id]["bindings"]["amqp"]["exchange"]["name"], "beds.events");
    }
    assert!(events.iter().any(|(id, _)| *id == "example.call.restock.event"));
    for (key, operation) in requests {
        assert_eq!(channels[key]["address"], *key);
        let amqp = &channels[key]["bindings"]["amqp"];
        assert_eq!((&amqp["is"], &amqp["exchange"]["name"]), (&"routingKey".into(), &"beds".into()));
        assert_eq!(operation["action"], "receive");
        assert!(operation["reply"]["address"]["location"].as_str().unwrap().starts_with("$message."));
    }
    for name in
        document["components"].as_object().unwrap().values().flat_map(|part| part.as_object().unwrap().keys())
    {
        let is_key = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
        assert!(name.chars().all(is_key), "{name}");
    }
    for (key, count) in [("bookmark.create", 1), ("example.call.restock", 1)] {
        assert_eq!(operations.keys().filter(|name| *name == key).count(), count);
    }
}

#[test]
fn a_write_is_told_how_it_happens_once() {
    let document = document();
    let id = |key: &str| {
        let message = &document["components"]["messages"][format!("{key}.request")];
        assert!(message["name"].is_string(), "{key}");
        message["correlationId"]["location"].as_str().map(str::to_owned)
    };
    for key in ["bookmark.create", "example.call.restock", "app_server.batch.write"] {
        assert_eq!(id(key).as_deref(), Some("$message.header#/message_id"), "{key}");
    }
    // Neither a read nor a write that may happen twice.
    for key in ["bookmark.fetch", "app_server.batch.read", "logger.create"] {
        assert_eq!(id(key), None, "{key}");
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document();
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > 100);
    for reference in found {
        assert!(document.pointer(reference.strip_prefix('#').unwrap()).is_some(), "{reference}");
    }
}

/// JSON Schema requires at least one value in an `enum`, and the official parser refuses an empty one.
fn has_empty_enum(value: &Value) -> bool {
    match value {
        Value::Object(members) => {
            members.get("enum").and_then(Value::as_array).is_some_and(Vec::is_empty)
                || members.values().any(has_empty_enum)
        }
        Value::Array(items) => items.iter().any(has_empty_enum),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

#[test]
fn a_list_of_nothing_is_said_without_values() {
    let document = document();
    // `job_reject` offers no order.
    let sort = "/components/messages/job_reject.fetch.request/payload/properties/sort";
    assert_eq!(document.pointer(sort), Some(&json!({ "type": "array", "maxItems": 0 })));
    assert!(!has_empty_enum(&document));
}

/// `cargo test -p beds-codegen --test asyncapi -- --ignored`, as `.ci/run` does: it needs Node, npm and its registry.
#[test]
#[ignore = "installs the parser from npm, which takes a while; run explicitly"]
fn the_official_parser_accepts_it() {
    let is_there =
        |tool: &str| Command::new(tool).arg("--version").output().is_ok_and(|out| out.status.success());
    for tool in ["node", "npm"] {
        assert!(is_there(tool), "{tool} is missing: apt-get install nodejs npm");
    }
    // Kept between runs, because the parser has many parts.
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("asyncapi");
    fs::create_dir_all(&folder).unwrap();
    if !folder.join("node_modules/@asyncapi/parser").exists() {
        let install = ["install", "--no-audit", "--no-fund", "--prefix", ".", PARSER];
        let done = Command::new("npm").args(install).current_dir(&folder).output().unwrap();
        assert!(done.status.success(), "npm: {}", String::from_utf8_lossy(&done.stderr));
    }
    fs::write(folder.join("beds.json"), document().to_string()).unwrap();
    fs::write(
        folder.join("check.mjs"),
        "import { Parser } from '@asyncapi/parser';\nimport { readFileSync } from 'node:fs';\n\
         const { document, diagnostics } = await new Parser().parse(readFileSync('beds.json', 'utf8'));\n\
         const wrong = diagnostics.filter(found => found.severity < 2);\n\
         for (const found of wrong) console.log(found.code, found.path.join('/'), found.message);\n\
         console.log(document ? `operations: ${document.operations().all().length}` : 'not a document');\n\
         process.exit(document && wrong.length === 0 ? 0 : 1);\n",
    )
    .unwrap();
    let done = Command::new("node").arg("check.mjs").current_dir(&folder).output().unwrap();
    let told = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success(), "{told}{}", String::from_utf8_lossy(&done.stderr));
    assert!(
        told.contains(&format!("operations: {}", document()["operations"].as_object().unwrap().len())),
        "{told}"
    );
}
