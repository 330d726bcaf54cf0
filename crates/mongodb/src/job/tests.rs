use beds_core::{
    plan::Invocation,
    query::{Fields, Selection},
    value::Value,
};
use beds_lane::Job as _;
use beds_protocol::ErrorCode;

use super::*;
use crate::golden::{PAIR, THING, thing};

const PLENTY: usize = 1 << 20;

fn job(domain: &'static Domain, action: Action, bytes_max: usize) -> Result<Job> {
    Job::new(Plan::new(domain, action), bytes_max)
}

fn create(records: Vec<Vec<Value>>, many: bool) -> Action {
    Action::Write(plan::Write::Create { records, many })
}

fn update(changes: Vec<(usize, Value)>) -> Action {
    Action::Write(plan::Write::Update { key: vec![Value::ObjectId([1; 12])], changes, if_version: None })
}

fn delete() -> Action {
    Action::Write(plan::Write::Delete { key: vec![Value::Int(1), Value::UInt(2)], if_version: None })
}

fn place(name: &str) -> usize {
    THING.field(name).unwrap().0
}

/// The path and the reason of each mistake.
fn mistakes(action: Action) -> Vec<(String, String)> {
    let error = job(&THING, action, PLENTY).unwrap_err();
    assert_eq!(error.code, ErrorCode::ValidationFailed);
    error.details.into_iter().map(|detail| (detail.field, detail.reason)).collect()
}

#[test]
fn what_mongodb_lacks_is_a_mistake_of_the_field() {
    let with = |name: &str, value: Value| {
        let mut record = thing("x");
        record[place(name)] = value;
        record
    };
    let too_great = || with("natural", Value::UInt(u64::MAX));
    let reason = "exceeds the largest integer of MongoDB".to_owned();
    assert_eq!(mistakes(create(vec![too_great()], false)), [("natural".to_owned(), reason.clone())]);
    assert_eq!(
        mistakes(create(vec![thing("x"), too_great()], true)),
        [("data[1].natural".to_owned(), reason.clone())]
    );
    let nul = serde_json::json!({ "a": [{ "b\0": 1 }] });
    let expected = "has a member with a NUL character in its name, which MongoDB cannot store".to_owned();
    assert_eq!(
        mistakes(update(vec![
            (place("natural"), Value::UInt(u64::MAX)),
            (place("any"), Value::Json(nul.into()))
        ])),
        [("natural".to_owned(), reason), ("any.a[0]".to_owned(), expected)]
    );
}

#[test]
fn a_number_that_bson_cannot_hold_is_named_by_its_place() {
    let any = |json: &str| vec![(place("any"), Value::Json(serde_json::from_str(json).unwrap()))];
    let reason = "is a number that MongoDB cannot store exactly, neither as a 64-bit integer nor as a double: send fewer \
                  digits, or a string";
    for (json, path) in [
        (r#"{"a": [1, {"b": 0.1000000000000000055511151231257827}]}"#, "any.a[1].b"),
        ("18446744073709551615", "any"),
        ("[12345678901234567890123]", "any[0]"),
    ] {
        assert_eq!(mistakes(update(any(json))), [(path.to_owned(), reason.to_owned())]);
    }
    job(&THING, update(any(r#"{"a": [1.10, 1e19, 10000000000000000000, -0, 9007199254740992]}"#)), PLENTY)
        .unwrap();
}

#[test]
fn whole_records_by_a_key_of_one_field_are_asked_for_together() {
    let one = |domain: &'static Domain, key: Vec<Value>, fields| {
        job(domain, Action::Read(Read::One { key, fields }), PLENTY).unwrap().group()
    };
    let id = || vec![Value::ObjectId([1; 12])];
    let group = one(&THING, id(), Fields::All);
    assert!(group.is_some() && group == one(&THING, id(), Fields::All));
    assert_eq!(one(&THING, id(), Fields::Some(vec![1])), None);
    assert_eq!(one(&PAIR, vec![Value::Int(1), Value::UInt(2)], Fields::All), None);
    let count = job(
        &THING,
        Action::Read(Read::Count { filter: Vec::new(), most: None, changes: Vec::new() }),
        PLENTY,
    )
    .unwrap();
    assert_eq!(count.group(), None);
}

#[test]
fn a_dry_run_refuses_what_cannot_be_stored() {
    let dry = |value: Value| {
        let changes = vec![(place("price"), value)];
        job(&THING, Action::Read(Read::Count { filter: Vec::new(), most: Some(1), changes }), PLENTY)
    };
    let digits = "1".repeat(35).parse().unwrap();
    assert_eq!(dry(Value::Decimal(digits)).unwrap_err().code, ErrorCode::ValidationFailed);
    assert!(dry(Value::Decimal("1.5".parse().unwrap())).is_ok());
}

#[test]
fn what_a_template_does_not_name_is_not_offered() {
    let page = Selection {
        filter: Vec::new(),
        sort: Vec::new(),
        after: None,
        limit: 1,
        fields: Fields::All,
        count: false,
    };
    assert!(job(&PAIR, Action::Read(Read::Many(page)), PLENTY).is_ok());
    for (domain, action) in
        [(&PAIR, create(vec![vec![Value::Int(1), Value::UInt(1)]], false)), (&THING, delete())]
    {
        assert_eq!(job(domain, action, PLENTY).unwrap_err().code, ErrorCode::UnknownOperation);
    }
}

#[test]
fn a_call_is_bound_before_it_waits() {
    let call = |any| {
        Action::Read(Read::Call(Invocation {
            call: &THING.calls[0],
            args: vec![Value::Null, any, Value::Null],
        }))
    };
    job(&THING, call(Value::Null), PLENTY).unwrap();
    let too_great = serde_json::json!({ "n": u64::MAX });
    assert_eq!(mistakes(call(Value::Json(too_great.into())))[0].0, "args.any.n");
}
