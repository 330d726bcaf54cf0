//! Bodies of every operation.

use beds_core::{
    Error, Request, Work,
    error::Result,
    namaste::dispatch,
    operation,
    plan::{Action, Plan, Read, Write},
    spec::Domain,
};
use beds_protocol::{ErrorCode, OneOrMany, Record, UpdateRequest};
use proptest::{
    collection::vec,
    prelude::{Strategy, prop_oneof},
    prop_assert, prop_assert_eq,
    sample::select,
    test_runner::TestCaseResult,
};
use serde_json::{Value as Json, json};

use crate::{
    check,
    domain::{FIELDS, THING, Thing, context},
    json::{json, name, object, stored, wire},
};

/// An error of a request names so many mistakes and says so much of each, and counts them all.
pub(crate) fn bounded(error: &Error) -> TestCaseResult {
    prop_assert!(matches!(error.code, ErrorCode::ValidationFailed | ErrorCode::TooLarge), "{:?}", error);
    prop_assert!(error.details.len() <= 100 && !error.retryable);
    let is_short = |text: &str| text.chars().count() <= 401;
    prop_assert!(error.details.iter().all(|detail| is_short(&detail.field) && is_short(&detail.reason)));
    prop_assert!(error.message.chars().count() <= 810, "{}", error.message);
    Ok(())
}

/// The request that a body asks for, where it has the form of one.
fn request(operation: &str, body: Json) -> serde_json::Result<Request> {
    use serde_json::from_value as read;
    Ok(match operation {
        "fetch" => Request::Fetch(read(body)?),
        "count" => Request::Count(read(body)?),
        "create" => Request::Create(read(body)?),
        "update" => Request::Update(read(body)?),
        "upsert" => Request::Upsert(read(body)?),
        "delete" => Request::Delete(read(body)?),
        "call" => Request::Call(&THING.calls[0], read(body)?),
        other => panic!("{other}"),
    })
}

const OPERATIONS: [&str; 7] = ["fetch", "count", "create", "update", "upsert", "delete", "call"];

#[test]
fn any_body_is_a_plan_or_a_bounded_mistake() {
    let member = select(vec![
        "key",
        "where",
        "data",
        "args",
        "sort",
        "fields",
        "after",
        "limit",
        "if_version",
        "dry_run",
    ]);
    let content = prop_oneof![object(), json(), vec(object(), 0..8).prop_map(Json::from)];
    let body = vec((member, content), 0..3).prop_map(|members| {
        members.into_iter().map(|(name, json)| (name.to_owned(), json)).collect::<Json>()
    });
    check(800, &(select(&OPERATIONS), body), |(operation, body)| {
        let Ok(request) = request(operation, body) else { return Ok(()) };
        match dispatch::<Thing>(&context(), request) {
            Ok(work) => prop_assert!(matches!(work, Work::Plan(_))),
            Err(error) => bounded(&error)?,
        }
        Ok(())
    });
}

/// What is written is what was sent, in every field that was, and nothing else is.
#[test]
fn changes_are_those_that_were_sent() {
    let field = select((0..FIELDS.len()).collect::<Vec<_>>());
    let change = field.prop_flat_map(|index| stored(&FIELDS[index].ty).prop_map(move |value| (index, value)));
    check(1_000, &vec(change, 1..4), |mut sent| {
        sent.sort_by_key(|(index, _)| *index);
        sent.dedup_by_key(|(index, _)| *index);
        let data = sent.iter().map(|(index, value)| (FIELDS[*index].name.to_owned(), wire(value).into()));
        let request = UpdateRequest {
            key: Some(json!({ "id": uuid::Uuid::nil(), "place": "x" }).into()),
            data: Record(data.collect()),
            if_version: Some(1),
            ..UpdateRequest::default()
        };
        match operation::update(&context(), &THING, request) {
            Ok(Work::Plan(Plan { action: Action::Write(Write::Update { key, changes, .. }), .. })) => {
                prop_assert_eq!((key.len(), changes.len()), (2, sent.len()));
                // Neither the key nor the version is a client's to change.
                prop_assert!(sent.iter().all(|(index, _)| *index > 2));
                for ((index, value), (changed, given)) in sent.iter().zip(&changes) {
                    prop_assert_eq!((index, wire(value)), (changed, wire(given)));
                }
            }
            Ok(other) => panic!("{other:?}"),
            Err(error) => bounded(&error)?,
        }
        Ok(())
    });
}

fn plan_of(domain: &'static Domain, key: &Json) -> Result<Work> {
    let fetch = serde_json::from_value(json!({ "key": key })).unwrap();
    operation::fetch(&context(), domain, fetch)
}

#[test]
fn any_json_is_a_key_or_a_mistake_of_the_key() {
    static SINGLE: Domain = Domain::new("single", "", "").fields(&FIELDS).key(&[1]).reads();
    static NONE: Domain = Domain::new("none", "", "").fields(&FIELDS).reads();
    check(500, &prop_oneof![json(), object()], |key| {
        for domain in [&SINGLE, &NONE, &THING] {
            if let Err(error) = plan_of(domain, &key) {
                prop_assert!(
                    error.details.iter().all(|detail| detail.field.starts_with("key")),
                    "{:?}",
                    error
                );
                bounded(&error)?;
            } else {
                prop_assert!(!domain.key.is_empty());
            }
        }
        Ok(())
    });
    for key in [json!("x"), json!({ "place": "x" })] {
        plan_of(&SINGLE, &key).unwrap();
    }
    for key in
        [json!(null), json!({ "place": null }), json!({ "place": "x", "id": 1 }), json!(["x"]), json!({})]
    {
        plan_of(&SINGLE, &key).unwrap_err();
    }
}

#[test]
fn many_mistakes_are_counted_and_some_are_named() {
    check(20, &vec(name(), 200..400), |names| {
        let count = names.iter().collect::<std::collections::HashSet<_>>().len();
        let data =
            names.into_iter().enumerate().map(|(n, name)| (format!("{n}{name}"), beds_protocol::Json::Null));
        let request =
            Request::Create(beds_protocol::CreateRequest { data: OneOrMany::One(Record(data.collect())) });
        let error = dispatch::<Thing>(&context(), request).unwrap_err();
        prop_assert!(count > 0 && error.details.len() == 100);
        bounded(&error)
    });
}

#[test]
fn what_a_procedure_does_not_take_is_named_in_its_record() {
    static DOMAIN: Domain =
        Domain::new("thing", "", "").fields(&FIELDS).key(&[0]).version(2).creates().mariadb(
            "things",
            beds_core::spec::mariadb::Objects {
                create: Some(beds_core::spec::mariadb::Procedure::new("sp", "", &[0, 1])),
                ..beds_core::spec::mariadb::Objects::NONE
            },
        );
    let details = |data: Json| {
        let request = beds_protocol::CreateRequest { data: serde_json::from_value(data).unwrap() };
        let error = operation::create(&context(), &DOMAIN, request).unwrap_err();
        error.details.into_iter().map(|detail| (detail.field, detail.reason)).collect::<Vec<_>>()
    };
    let refused = |path: &str| (path.to_owned(), "cannot be set by `create`".to_owned());
    assert_eq!(details(json!({ "place": "x", "flag": true })), [refused("flag")]);
    assert_eq!(
        details(json!([{ "place": "x", "flag": true }, { "place": "y", "flag": true, "note": "n" }])),
        [refused("data[0].flag"), refused("data[1].flag"), refused("data[1].note")]
    );
}

#[test]
fn numbers_at_the_edges() {
    let number = |field: &str, json: &str| {
        let body = format!(r#"{{"data": {{"place": "x", "{field}": {json}}}}}"#);
        let request = Request::Create(serde_json::from_str(&body).unwrap());
        match dispatch::<Thing>(&context(), request) {
            Ok(Work::Plan(Plan { action: Action::Write(Write::Create { records, .. }), .. })) => {
                Ok(wire(&records[0][THING.field(field).unwrap().0]).to_string())
            }
            Ok(other) => panic!("{other:?}"),
            Err(error) => Err(error.details[0].reason.clone()),
        }
    };
    for field in ["number", "natural"] {
        assert_eq!(number(field, "-0"), Ok("0".to_owned()));
        for json in ["0.0", "1e-400", "1.0", "18446744073709551616", "-9223372036854775809", "\"1\""] {
            number(field, json).unwrap_err();
        }
    }
    assert_eq!(number("natural", "18446744073709551615"), Ok("18446744073709551615".to_owned()));
    assert_eq!(number("number", "-5"), Ok("-5".to_owned()));
    assert_eq!(
        number("number", "9223372036854775808").unwrap_err(),
        "must be a 64-bit integer, a JSON number without a fraction"
    );
}

#[test]
fn members_of_a_fetch() {
    let refused = |body: Json| {
        let fetch = serde_json::from_value(body).unwrap();
        operation::fetch(&context(), &THING, fetch).unwrap_err().details.remove(0)
    };
    for (body, field) in [
        (json!({ "fields": [] }), "fields"),
        (json!({ "fields": ["id", "id"] }), "fields"),
        (json!({ "limit": 0 }), "limit"),
        (json!({ "limit": u32::MAX }), "limit"),
        (json!({ "sort": ["flag", "-flag"] }), "sort"),
        (json!({ "sort": ["-"] }), "sort"),
        (json!({ "sort": ["note"] }), "sort"),
        (json!({ "after": "" }), "after"),
        (json!({ "key": { "id": uuid::Uuid::nil(), "place": "x" }, "count": false }), "count"),
    ] {
        assert_eq!(refused(body).field, field);
    }
    assert!(
        serde_json::from_value::<UpdateRequest>(json!({ "key": 1, "data": {}, "if_version": null })).is_err()
    );
}

/// What a change by filter is planned as, or what is wrong with it.
fn by_filter(domain: &'static Domain, body: Json) -> Result<Work> {
    operation::delete(&context(), domain, serde_json::from_value(body).unwrap())
}

#[test]
fn a_filter_is_never_empty_and_never_beside_a_key() {
    let plan = |body| match by_filter(&THING, body).unwrap() {
        Work::Plan(Plan { action, .. }) => action,
        other => panic!("{other:?}"),
    };
    let filter = json!({ "place": "x" });
    match plan(json!({ "where": filter })) {
        Action::Write(Write::DeleteMany(matching)) => {
            assert_eq!((matching.filter.len(), matching.most), (1, 100));
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(
        plan(json!({ "where": filter, "dry_run": false })),
        Action::Write(Write::DeleteMany(_))
    ));
    // Nothing is written, so nothing is claimed.
    assert!(matches!(
        plan(json!({ "where": filter, "dry_run": true })),
        Action::Read(Read::Count { most: Some(100), .. })
    ));
    let key = json!({ "id": uuid::Uuid::nil(), "place": "x" });
    for (body, field) in [
        (json!({}), "key"),
        (json!({ "where": {} }), "where"),
        (json!({ "where": {}, "dry_run": true }), "where"),
        (json!({ "where": { "note": "x" } }), "where.note"),
        (json!({ "where": filter, "key": key }), "where"),
        (json!({ "where": filter, "if_version": 1 }), "if_version"),
        (json!({ "key": key, "dry_run": true }), "dry_run"),
    ] {
        let error = by_filter(&THING, body.clone()).unwrap_err();
        assert_eq!(error.code, ErrorCode::ValidationFailed);
        let fields: Vec<&str> = error.details.iter().map(|detail| detail.field.as_str()).collect();
        assert_eq!(fields, [field], "{body}");
    }
}

#[test]
fn an_upsert_has_its_whole_key() {
    let upsert = |data: Json| {
        operation::upsert(&context(), &THING, serde_json::from_value(json!({ "data": data })).unwrap())
    };
    let id = uuid::Uuid::from_u128(7);
    match upsert(json!({ "id": id, "place": "x" })).unwrap() {
        Work::Plan(Plan { action: Action::Write(Write::Upsert { records, many: false }), .. }) => {
            assert_eq!(wire(&records[0][0]), json!(id.to_string()));
        }
        other => panic!("{other:?}"),
    }
    let error = upsert(json!([{ "place": "x" }, { "id": id, "version": 3, "place": "x" }])).unwrap_err();
    let fields: Vec<&str> = error.details.iter().map(|detail| detail.field.as_str()).collect();
    assert_eq!(fields, ["data[0].id", "data[1].version"]);
}
