//! The catalogue of the repository's own domains: its examples are valid by the templates' own rules, and its pages
//! need no other resource.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod support;

use std::path::Path;

use beds_codegen::{
    Output, catalogue,
    model::{Domain, Field, Type},
};
use beds_protocol::{
    BatchRequest,
    request::{
        CallRequest, CountRequest, CreateRequest, DeleteRequest, FetchRequest, UpdateRequest, UpsertRequest,
    },
    value::Decimal,
};
use catalogue::Kind;
use serde_json::{Value, json};
use support::every_domain;

/// The errors of a body by its schema in the `AsyncAPI` document.
fn errors(document: &Value, message: &str, body: &Value) -> Vec<String> {
    let mut schema = json!({ "components": document["components"] });
    schema["$ref"] = json!(format!("#/components/messages/{message}/payload"));
    let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
    validator.iter_errors(body).map(|error| format!("{message}: {error} in {body}")).collect()
}

/// Whether the wire types accept the body.
fn is_body(kind: Kind<'_>, body: &Value) -> bool {
    let body = body.clone();
    match kind {
        Kind::Fetch => serde_json::from_value::<FetchRequest>(body).is_ok(),
        Kind::Count => serde_json::from_value::<CountRequest>(body).is_ok(),
        Kind::Create => serde_json::from_value::<CreateRequest>(body).is_ok(),
        Kind::Update => serde_json::from_value::<UpdateRequest>(body).is_ok(),
        Kind::Upsert => serde_json::from_value::<UpsertRequest>(body).is_ok(),
        Kind::Delete => serde_json::from_value::<DeleteRequest>(body).is_ok(),
        Kind::Describe => body == json!({}),
        Kind::Call(_) => serde_json::from_value::<CallRequest>(body).is_ok(),
    }
}

/// The bounds that JSON Schema cannot express: those of decimals.
fn check_decimals<'f>(fields: impl IntoIterator<Item = &'f Field>, object: &Value) {
    for field in fields {
        let Type::Decimal { precision, scale, min, max } = &field.ty else { continue };
        let Some(text) = object.get(&field.name).and_then(Value::as_str) else { continue };
        let value: Decimal = text.parse().unwrap();
        let (whole, fraction) = value.digits();
        assert!(whole <= usize::from(precision - scale) && fraction <= usize::from(*scale), "{text}");
        let bound = |bound: &Option<String>| bound.as_ref().map(|bound| bound.parse::<Decimal>().unwrap());
        assert!(
            bound(min).is_none_or(|min| value >= min) && bound(max).is_none_or(|max| value <= max),
            "{text}"
        );
    }
}

#[test]
fn every_batch_has_an_example_that_its_rules_accept() {
    let output = every_domain();
    let document = catalogue::asyncapi(&output.all_domains(), "1.0.0");
    let batches = catalogue::batches(&output.all_domains());
    let keys: Vec<_> = batches.iter().map(|batch| batch.key.to_string()).collect();
    for key in ["app_server.batch.read", "app_server.batch.write", "admin.batch.read", "admin.batch.write"] {
        assert!(keys.iter().any(|found| found == key), "{keys:?}");
    }
    for batch in batches {
        let example = batch.example();
        assert!(serde_json::from_str::<BatchRequest<'_>>(&example.to_string()).is_ok(), "{example}");
        assert_eq!(errors(&document, &format!("{}.request", batch.key), &example), [""; 0]);
    }
}

#[test]
fn every_operation_has_an_example_that_its_rules_accept() {
    let output: Output = every_domain();
    let domains: Vec<&Domain> = output.all_domains();
    let document = catalogue::asyncapi(&domains, "1.0.0");
    let mut wrong = Vec::new();
    for domain in domains {
        for operation in catalogue::operations(domain) {
            let key = &operation.routing_key;
            let requests = catalogue::requests(domain, operation.kind);
            assert!(!requests.is_empty(), "{key} has no example");
            for body in &requests {
                assert!(is_body(operation.kind, body), "{key}: {body}");
                wrong.extend(errors(&document, &format!("{key}.request"), body));
                check_decimals(&domain.fields, body.get("data").unwrap_or(&Value::Null));
                if let Kind::Call(call) = operation.kind {
                    check_decimals(call.args.iter().map(|arg| &arg.field), &body["args"]);
                }
            }
            for reply in document["components"]["messages"][format!("{key}.reply")]["examples"]
                .as_array()
                .into_iter()
                .flatten()
            {
                wrong.extend(errors(&document, &format!("{key}.reply"), &reply["payload"]));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_wrong_example_would_be_noticed() {
    let output = every_domain();
    let document = catalogue::asyncapi(&output.all_domains(), "1.0.0");
    for (message, body) in [
        ("example.create.request", json!({ "data": { "sku": "lower case" } })),
        ("example.fetch.request", json!({ "where": { "body": "x" } })),
        ("example.delete.request", json!({ "key": 5 })),
    ] {
        assert!(!errors(&document, message, &body).is_empty(), "{message}: {body}");
    }
}

#[test]
fn pages_stand_alone_and_their_links_lead_somewhere() {
    let output = every_domain();
    let domains = output.all_domains();
    let pages = catalogue::html(&domains);
    assert_eq!(pages.len(), domains.len() + 1);
    for page in &pages {
        let text = &page.text;
        for word in ["src=", "http:", "https:", "<script", "@import", "url("] {
            assert!(!text.contains(word), "{}: {word}", page.path.display());
        }
        for tag in ["html", "head", "body", "main", "section", "table", "dl", "div", "pre"] {
            let (open, close) =
                (text.matches(&format!("<{tag}")).count(), text.matches(&format!("</{tag}>")).count());
            // `<header>` and `<th>` have the same beginnings as other tags.
            let open = if tag == "head" { text.matches("<head>").count() } else { open };
            assert_eq!(open, close, "{}: {tag}", page.path.display());
        }
        for link in text.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = pages.iter().find(|page| page.path == Path::new(file));
            let target =
                if file.is_empty() { text } else { &target.unwrap_or_else(|| panic!("{link}")).text };
            assert!(anchor.is_empty() || target.contains(&format!("id=\"{anchor}\"")), "{link}");
        }
    }
    let bookmark = pages.iter().find(|page| page.path == Path::new("bookmark.html")).unwrap();
    assert!(bookmark.text.contains("bookmark.create"), "hand-written domains have pages, too");
}
