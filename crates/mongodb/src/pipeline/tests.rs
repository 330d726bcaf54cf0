use std::fmt::Write as _;

use serde_json::json;

use super::*;
use crate::golden::{THING, check};

fn bound(stages: &serde_json::Value, any: &serde_json::Value) -> Result<Vec<Document>> {
    let list = Value::Json(json!([any]));
    let args = [Value::Text("$name".to_owned()), Value::Json(any.clone()), list];
    bind(&stages.to_string(), &THING.calls[0], &args)
}

fn arg(name: &str) -> serde_json::Value {
    json!({ "$arg": name })
}

#[test]
fn arguments_are_values() {
    let stages = [
        json!([{ "$match": { "a": arg("text"), "b": arg("any"), "c": arg("list") } }]),
        json!([{ "$match": { "a": { "$gte": arg("any"), "$in": arg("list") } } }]),
        json!([{ "$match": { "a": { "$in": [arg("any"), arg("text")] } } }]),
        json!([{ "$match": { "a": { "$not": { "$eq": arg("any") } }, "b": { "$not": arg("any") } } }]),
        json!([{ "$match": { "$or": [{ "a": arg("any") }, { "b": { "$elemMatch": { "c": arg("any") } } }] } }]),
        json!([{ "$match": { "a": { "b": arg("any") }, "c": [arg("any")] } }]),
        json!([{ "$match": { "at": { "$near": { "$geometry": arg("any") } } } }]),
        json!([{ "$match": { "$expr": { "$eq": ["$a", arg("any")] } } }]),
        json!([{ "$geoNear": { "near": [1, 2], "query": { "a": arg("text") } } }]),
        json!([{ "$graphLookup": { "startWith": arg("text"), "restrictSearchWithMatch": { "a": arg("any") } } }]),
        json!([{ "$lookup": { "pipeline": [{ "$match": { "a": arg("text") } }] } }]),
        json!([{ "$project": { "query": arg("text"), "b": arg("any"), "c": arg("list"), "d": "$arg" } }]),
    ];
    let mut text = String::new();
    for stages in stages {
        let bound = bound(&stages, &json!({ "x": 1 })).unwrap();
        writeln!(text, "{stages}\n    {bound:?}\n").unwrap();
    }
    check("pipelines.txt", &text);
}

#[test]
fn what_a_query_would_read_for_an_operator_is_refused() {
    let refused = [
        json!([{ "$match": { "a": arg("list") } }]),
        json!([{ "$match": { "a": { "$in": arg("list") } } }]),
        json!([{ "$match": { "a": { "$all": arg("list") } } }]),
    ];
    let operator = json!({ "$elemMatch": { "x": 1 } });
    for stages in refused {
        let error = bound(&stages, &operator).unwrap_err();
        assert_eq!(error.code, beds_protocol::ErrorCode::ValidationFailed, "{stages}");
        assert_eq!(error.details[0].field, "args.list");
        let reason = "has an object with a member that begins with `$`, which cannot be searched for";
        assert_eq!(error.details[0].reason, reason);
    }
    let error = bound(&json!([{ "$match": { "a": { "$in": [arg("any")] } } }]), &operator).unwrap_err();
    assert_eq!(error.details[0].field, "args.any");
    for literal in [
        json!([{ "$match": { "a": arg("any"), "b": { "$gt": arg("any") } } }]),
        json!([{ "$project": { "a": arg("list") } }]),
    ] {
        bound(&literal, &operator).unwrap();
    }
}

#[test]
fn what_mongodb_cannot_keep_is_refused() {
    let error = bound(&json!([{ "$match": { "a": arg("any") } }]), &json!({ "n": u64::MAX })).unwrap_err();
    assert_eq!(error.details[0].field, "args.any");
}

#[test]
fn conditions_are_never_a_clients() {
    for stages in [
        json!([{ "$match": { "$and": [arg("any")] } }]),
        json!([{ "$match": arg("any") }]),
        json!([{ "$match": { "a": arg("nobody's") } }]),
    ] {
        let error = bound(&stages, &json!({ "x": 1 })).unwrap_err();
        assert_eq!(error.code, beds_protocol::ErrorCode::Internal, "{stages}");
    }
}
