use std::fmt::Write as _;

use beds_core::{
    Context, Runner, Work, operation,
    plan::{Action, Bounds, Plan, Read},
    settings::Limits,
};
use beds_protocol::FetchRequest;
use futures_util::future::BoxFuture;
use serde_json::{Value as Json, json};
use std::{sync::Arc, time::Instant};

use super::*;
use crate::golden::{PAIR, THING, check};

#[derive(Debug)]
struct Nothing;

impl Runner for Nothing {
    fn run(&self, _: Plan, _: Bounds) -> BoxFuture<'_, beds_core::Result> {
        Box::pin(async { Err(beds_core::Error::internal("nothing is run here")) })
    }
}

/// The read that a request asks for.
fn read(domain: &'static Domain, request: &Json) -> Read {
    let cx = Context {
        runner: Arc::new(Nothing),
        limits: Arc::new(Limits::default()),
        deadline: Instant::now(),
        asker: beds_core::plan::Asker::default(),
        request_id: "test".into(),
        traceparent: None,
        claims: None,
        positions: Arc::default(),
        extensions: Arc::default(),
        standing: beds_core::access::Standing::default(),
        stages: Arc::default(),
    };
    let fetch: FetchRequest = serde_json::from_value(request.clone()).unwrap();
    match operation::fetch(&cx, domain, fetch).unwrap_or_else(|error| panic!("{request}: {error:?}")) {
        Work::Plan(Plan { action: Action::Read(read), .. }) => read,
        other => panic!("{other:?}"),
    }
}

fn selection(domain: &'static Domain, request: &Json) -> Selection {
    match read(domain, request) {
        Read::Many(selection) => selection,
        other => panic!("{other:?}"),
    }
}

#[test]
fn filters() {
    let values = [
        ("flag", json!(true)),
        ("version", json!(-5)),
        ("natural", json!(9_223_372_036_854_775_807_u64)),
        ("ratio", json!(0.5)),
        ("price", json!("12.50")),
        ("price", json!("0.10")),
        ("price", json!("9007199254740993")),
        ("name", json!("a.*b$")),
        ("blob", json!("AAE=")),
        ("uuid", json!("6f9619ff-8b86-d011-b42d-00c04fc964ff")),
        ("day", json!("2024-02-29")),
        ("hour", json!("23:59:59.5")),
        ("at", json!("1969-12-31T23:59:59.999Z")),
        ("at", json!("1969-12-31T23:59:59.9995Z")),
        ("id", json!("65f0c0ffee65f0c0ffee65f0")),
        ("state", json!("old")),
    ];
    let mut text = String::new();
    let mut case = |request: &Json| {
        let mut errors = Errors::default();
        let document = page(&THING, true, &selection(&THING, &json!({ "where": request })), &mut errors);
        assert_eq!(errors.count(), 0, "{request}");
        writeln!(text, "{request}\n    {document:?}\n").unwrap();
    };
    for (name, value) in &values {
        case(&json!({ *name: value }));
        for operator in ["ne", "lt", "lte", "gt", "gte"] {
            if *name == "flag" && operator != "ne" {
                continue;
            }
            case(&json!({ *name: { operator: value } }));
        }
        case(&json!({ *name: { "in": [value, value] } }));
    }
    case(&json!({ "name": { "prefix": "a.*b" } }));
    case(&json!({ "name": null }));
    case(&json!({ "name": { "null": true } }));
    case(&json!({ "name": { "null": false } }));
    case(&json!({ "name": { "eq": null } }));
    case(&json!({ "name": { "ne": null } }));
    case(&json!({ "at": { "in": ["2024-01-01T00:00:00Z", "2024-01-01T00:00:00.0001Z"] } }));
    case(&json!({}));
    case(&json!({ "price": { "gte": "1", "lt": "2" }, "flag": false }));
    check("filters.txt", &text);
}

#[test]
fn pages() {
    let text_value = |text: &str| Value::Text(text.to_owned());
    let cases = [
        (json!([]), vec![Value::ObjectId([1; 12])]),
        (json!(["-id"]), vec![Value::ObjectId([1; 12])]),
        (json!(["name"]), vec![text_value("x"), Value::ObjectId([1; 12])]),
        (json!(["name"]), vec![Value::Null, Value::ObjectId([1; 12])]),
        (json!(["-name"]), vec![text_value("x"), Value::ObjectId([1; 12])]),
        (json!(["-name"]), vec![Value::Null, Value::ObjectId([1; 12])]),
        (json!(["-name", "-id"]), vec![Value::Null, Value::Null]),
        (json!(["state", "-natural"]), vec![text_value("old"), Value::UInt(7), Value::ObjectId([1; 12])]),
    ];
    let mut text = String::new();
    for (order, last) in cases {
        let request = json!({ "sort": order, "where": { "flag": true } });
        let mut selection = selection(&THING, &request);
        let shown = serde_json::to_string(&last).unwrap();
        selection.after = Some(last);
        let mut errors = Errors::default();
        let document = page(&THING, true, &selection, &mut errors);
        assert_eq!(errors.count(), 0);
        writeln!(text, "{order} after {shown}\n    {document:?}\n    {:?}\n", sort(&THING, &selection.sort))
            .unwrap();
    }
    check("pages.txt", &text);
}

#[test]
fn projections() {
    let mut text = String::new();
    for fields in [json!(["id", "price"]), json!(["price", "name"]), json!(["natural"])] {
        let selection = selection(&THING, &json!({ "fields": fields }));
        let document = projection(&THING, &selection.fields.indices(&THING));
        writeln!(text, "{fields}\n    {document:?}\n").unwrap();
    }
    check("projections.txt", &text);
}

#[test]
fn keys() {
    let mut text = String::new();
    let cases: [(&'static Domain, Json); 3] = [
        (&THING, json!("65f0c0ffee65f0c0ffee65f0")),
        (&THING, json!({ "id": "65f0c0ffee65f0c0ffee65f0" })),
        (&PAIR, json!({ "right": 2, "left": 1 })),
    ];
    for (domain, shown) in cases {
        let Read::One { key: values, .. } = read(domain, &json!({ "key": shown })) else { panic!("{shown}") };
        let mut errors = Errors::default();
        let document = key(domain, true, &values, &mut errors);
        assert_eq!(errors.count(), 0);
        writeln!(text, "{shown}\n    {document:?}\n").unwrap();
    }
    check("keys.txt", &text);
}

#[test]
fn what_mongodb_lacks_is_a_mistake_of_the_field() {
    let mut errors = Errors::default();
    let natural = json!({ "natural": { "gt": u64::MAX, "in": [1, u64::MAX] }, "price": "12345678901234567890123456789012345.00" });
    page(&THING, true, &selection(&THING, &json!({ "where": natural })), &mut errors);
    let Read::One { key: values, .. } = read(&PAIR, &json!({ "key": { "left": 1, "right": u64::MAX } }))
    else {
        panic!("no key")
    };
    key(&PAIR, false, &values, &mut errors);
    let error = errors.or(()).unwrap_err();
    let details: Vec<_> = error.details.iter().map(|detail| (&*detail.field, &*detail.reason)).collect();
    assert_eq!(details, [("where.price", "has more than the 34 digits of a Decimal128"),]);
}
