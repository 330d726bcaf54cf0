use std::fmt::Write as _;

use serde_json::json;

use super::*;
use crate::golden::{THING, check};

fn bound(stages: &serde_json::Value, any: &serde_json::Value) -> Result<Vec<Document>> {
    let list = Value::Json(json!([any]).into());
    let args = [Value::Text("$name".to_owned()), Value::Json(any.clone().into()), list];
    bind(&stages.to_string(), &THING.calls[0], &args)
}

fn arg(name: &str) -> serde_json::Value {
    json!({ "$arg": name })
}

#[test]
fn arguments_are_put_in_as_they_are() {
    let stages = [
        json!([{ "$match": { "a": { "$eq": arg("text") }, "b": { "$eq": arg("any") } } }]),
        json!([{ "$match": { "a": { "$gte": arg("any"), "$in": arg("list") } } }]),
        json!([{ "$match": { "a": { "$in": [arg("any"), arg("text")] } } }]),
        json!([{ "$match": { "a": { "b": arg("any") }, "c": [arg("any")] } }]),
        json!([{ "$match": { "$expr": { "$in": ["$a", { "$literal": arg("list") }] } } }]),
        json!([{ "$project": { "query": { "$literal": arg("text") }, "d": "$arg" } }]),
    ];
    let mut text = String::new();
    for stages in stages {
        let bound = bound(&stages, &json!({ "x": 1 })).unwrap();
        writeln!(text, "{stages}\n    {bound:?}\n").unwrap();
    }
    check("pipelines.txt", &text);
}

#[test]
fn what_a_list_would_read_for_an_operator_is_refused() {
    let operator = json!({ "$elemMatch": { "x": 1 } });
    for name in ["$in", "$nin", "$all"] {
        for (given, argument) in [(arg("list"), "args.list"), (json!([arg("any")]), "args.any")] {
            let stages = json!([{ "$match": { "a": { name: given } } }]);
            let error = bound(&stages, &operator).unwrap_err();
            assert_eq!(error.code, beds_protocol::ErrorCode::ValidationFailed, "{stages}");
            assert_eq!(error.details[0].field, argument);
            let reason = "has an object with a member that begins with `$`, which cannot be searched for";
            assert_eq!(error.details[0].reason, reason);
        }
    }
    for literal in [
        json!([{ "$match": { "a": { "$eq": arg("any") }, "b": { "$gt": arg("list") } } }]),
        json!([{ "$project": { "a": { "$in": ["$b", { "$literal": arg("list") }] } } }]),
    ] {
        bound(&literal, &operator).unwrap();
    }
}

#[test]
fn what_is_no_geometry_is_refused_where_one_is_meant() {
    let near = |near| json!([{ "$geoNear": { "near": near, "distanceField": "d" } }]);
    let within = |geometry| json!([{ "$match": { "at": { "$geoWithin": { "$geometry": geometry } } } }]);
    let point = json!({ "type": "Point", "coordinates": [10, 59] });
    let (lost, pair) = (json!({ "type": "Point", "coordinates": [10, 159] }), json!([10, 59]));
    for (stages, value, is_fine) in [
        (near(arg("any")), &point, true),
        (near(arg("any")), &pair, true),
        (near(arg("any")), &lost, false),
        (within(arg("any")), &point, true),
        (within(arg("any")), &pair, false),
        (within(json!({ "type": "Point", "coordinates": arg("any") })), &pair, true),
        (within(json!({ "type": arg("text"), "coordinates": [1, 2] })), &point, false),
        (json!([{ "$match": { "near": { "$eq": arg("any") } } }]), &lost, true),
    ] {
        let bound = bound(&stages, value);
        assert_eq!(bound.is_ok(), is_fine, "{stages} {value}: {bound:?}");
        if let Err(error) = bound {
            assert_eq!(error.code, beds_protocol::ErrorCode::ValidationFailed);
            assert!(error.details[0].field.starts_with("args."), "{error:?}");
        }
    }
}

#[test]
fn what_mongodb_cannot_keep_is_refused() {
    let stages = json!([{ "$match": { "a": { "$eq": arg("any") } } }]);
    let error = bound(&stages, &json!({ "n": u64::MAX })).unwrap_err();
    assert_eq!(error.details[0].field, "args.any.n");
}

#[test]
fn what_is_no_argument_of_the_call_is_no_value() {
    let error = bound(&json!([{ "$match": { "a": arg("nobody's") } }]), &json!({ "x": 1 })).unwrap_err();
    assert_eq!(error.code, beds_protocol::ErrorCode::Internal);
}
