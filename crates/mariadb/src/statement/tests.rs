use std::{sync::Arc, time::Instant};

use beds_core::{
    Context, Runner, Work, operation,
    plan::{Action, Bounds, Plan, Read},
    query::Fields,
    settings::Limits,
    spec::Objects,
};
use beds_protocol::{FetchRequest, value::Bytes};
use futures_util::future::BoxFuture;
use serde_json::{Value as Json, json};
use sqlx::Arguments as _;

use super::*;
use crate::{
    cell::bind,
    columns::{CharacterSet, Empty, Kept},
    golden::{LINES, PAIR, PATHS, THING, check},
    repertoire::Repertoire,
};

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

fn source(domain: &'static Domain) -> &'static Source {
    match &domain.objects {
        Objects::MariaDb(objects) => objects.read.as_ref().unwrap(),
        Objects::MongoDb(_) => panic!("{} is of MongoDB", domain.name),
    }
}

/// A statement as it goes to the server: its text, and each value with its type.
fn shown(sql: &Statement<'_>) -> String {
    assert_eq!(sql.text.matches('?').count(), sql.values.len(), "{}", sql.text);
    assert_eq!(bind(&sql.values).unwrap().len(), sql.values.len());
    let value = |value: &Value| {
        let name = format!("{value:?}");
        let name = name.split('(').next().unwrap_or_default();
        format!("{name} {}", serde_json::to_string(value).unwrap())
    };
    let values = sql.values.iter().map(value).collect::<Vec<_>>().join(", ");
    format!("    {}\n    [{values}]\n\n", sql.text)
}

/// The statement of a page of two columns.
fn page_of(domain: &'static Domain, selection: &Selection) -> String {
    shown(&page(domain, source(domain), &[], selection, &selection.fields.indices(domain)))
}

const ID: &str = "018f2b6e-0000-7000-8000-000000000000";

fn id() -> Value {
    Value::Uuid(ID.parse().unwrap())
}

#[test]
fn filters() {
    let values = [
        ("id", json!(ID)),
        ("version", json!(-5)),
        ("flag", json!(true)),
        ("natural", json!(u64::MAX)),
        ("ratio", json!(0.5)),
        ("price", json!("12.5")),
        ("name", json!("a'b\\?")),
        ("day", json!("2024-02-29")),
        ("hour", json!("23:59:59.5")),
        ("at", json!("1970-01-01T01:59:59.9999995+02:00")),
        ("state", json!("old")),
    ];
    let mut text = String::new();
    let mut case = |domain: &'static Domain, filter: &Json| {
        let sql = count(domain, source(domain), &[], &selection(domain, &json!({ "where": filter })).filter);
        let _ = write!(text, "{filter}\n{}", shown(&sql));
    };
    for (name, value) in &values {
        case(&THING, &json!({ *name: value }));
        for operator in ["ne", "lt", "lte", "gt", "gte"] {
            if *name == "flag" && operator != "ne" {
                continue;
            }
            case(&THING, &json!({ *name: { operator: value } }));
        }
        case(&THING, &json!({ *name: { "in": [value, value, value] } }));
    }
    case(&THING, &json!({ "name": { "prefix": "100%_|\\" } }));
    case(&THING, &json!({ "name": null }));
    case(&THING, &json!({ "name": { "null": true } }));
    case(&THING, &json!({ "name": { "null": false } }));
    case(&THING, &json!({ "name": { "eq": null } }));
    case(&THING, &json!({ "name": { "ne": null } }));
    case(&THING, &json!({ "version": { "in": [1] } }));
    case(&THING, &json!({ "version": { "in": [1, 2, 3, 4] } }));
    case(&THING, &json!({ "version": { "in": [1, 2, 3, 4, 5] } }));
    case(&THING, &json!({ "price": { "gte": "1", "lt": "2" }, "flag": false }));
    case(&THING, &json!({}));
    case(&PAIR, &json!({ "right": 1, "secret": "x" }));
    check("filters.txt", &text);
}

#[test]
fn pages() {
    let text_value = |text: &str| Value::Text(text.to_owned());
    let cases = [
        (json!([]), vec![id()]),
        (json!(["-id"]), vec![id()]),
        (json!(["name"]), vec![text_value("x"), id()]),
        (json!(["name"]), vec![Value::Null, id()]),
        (json!(["-name"]), vec![text_value("x"), id()]),
        (json!(["-name"]), vec![Value::Null, id()]),
        (json!(["sku"]), vec![text_value("x"), id()]),
        (json!(["-sku"]), vec![text_value("x"), id()]),
        (json!(["day"]), vec![text_value("0000-00-00"), id()]),
        (json!(["-price"]), vec![Value::Decimal("1.00".parse().unwrap()), id()]),
        (json!(["state", "-natural"]), vec![text_value("old"), Value::UInt(7), id()]),
        (json!(["-state", "-natural", "-id"]), vec![text_value("old"), Value::Null, id()]),
    ];
    let mut text = String::new();
    for (order, last) in cases {
        for filter in [json!({}), json!({ "flag": true })] {
            let request = json!({ "sort": order, "where": filter, "fields": ["id", "name"], "limit": 500 });
            let mut selection = selection(&THING, &request);
            let _ = write!(text, "{order} where {filter}\n{}", page_of(&THING, &selection));
            selection.after = Some(last.clone());
            let after = serde_json::to_string(&last).unwrap();
            let _ = write!(text, "{order} where {filter} after {after}\n{}", page_of(&THING, &selection));
        }
    }
    for request in [json!({}), json!({ "sort": ["-secret"] })] {
        let _ = write!(text, "pair {request}\n{}", page_of(&PAIR, &selection(&PAIR, &request)));
    }
    for request in [json!({}), json!({ "sort": ["-text"], "where": { "text": "x" } })] {
        let _ = write!(text, "lines {request}\n{}", page_of(&LINES, &selection(&LINES, &request)));
    }
    check("pages.txt", &text);
}

/// A text that a column cannot hold belongs to no record.
#[test]
fn columns_of_fewer_characters() {
    let mut kept: [Column; 15] = std::array::from_fn(|_| Column::default());
    let (name, _) = THING.field("name").unwrap();
    kept[name].characters = Some(Arc::new(Repertoire::of("a%é日", "a%é?")));
    let text = |filter: Json| {
        let filter = selection(&THING, &json!({ "where": filter })).filter;
        let sql = count(&THING, source(&THING), &kept, &filter);
        sql.text.split_once(" where ").unwrap().1.to_owned()
    };
    assert_eq!(text(json!({ "name": "日" })), "false");
    assert_eq!(text(json!({ "name": { "ne": "日" } })), "true");
    assert_eq!(text(json!({ "name": { "in": ["日"] } })), "false");
    assert_eq!(text(json!({ "name": { "prefix": "日" } })), "false");
    assert!(text(json!({ "name": { "gt": "日" } })).starts_with("convert("));
    for filter in [json!("é"), json!({ "in": ["日", "a"] }), json!({ "prefix": "é" }), json!({ "gt": "a" })]
    {
        assert!(text(json!({ "name": filter })).starts_with('`'), "an index is used");
    }
}

/// Text that may not come back from Unicode is marked, and compared by its bytes. Other columns pay nothing for it.
#[test]
fn columns_whose_texts_do_not_come_back() {
    let (name, _) = THING.field("name").unwrap();
    let of = |set: Option<(&str, &str)>| {
        let mut kept: [Column; 15] = std::array::from_fn(|_| Column::default());
        kept[name].own_set = set.map(|(name, collation)| {
            Arc::new(CharacterSet { name: name.to_owned(), collation: collation.to_owned() })
        });
        let mut selection =
            selection(&THING, &json!({ "sort": ["name"], "where": { "name": { "gt": "a" } } }));
        selection.after = Some(vec![Value::Bytes(Bytes(vec![0x98])), id()]);
        page(&THING, source(&THING), &kept, &selection, &[name]).text
    };
    assert!(of(None).starts_with("select `name` from ") && !of(None).contains("convert"), "{}", of(None));
    let own = of(Some(("cp1251", "cp1251_general_ci")));
    assert!(own.starts_with("select if(convert(`name` using binary) = convert(convert("), "{own}");
    assert!(
        own.contains(" as `beds: marked` from ") && own.contains(" where `name` > ? and not locate("),
        "{own}"
    );
    assert!(own.contains("(`name` > convert(? using cp1251) collate cp1251_general_ci)"), "{own}");
}

/// Columns that do not compare as they are shown.
#[test]
fn columns_of_other_kinds() {
    let mut kept: [Column; 15] = std::array::from_fn(|_| Column::default());
    let kinds = [
        ("id", Kept::Binary16),
        ("version", Kept::Year),
        ("ratio", Kept::Float),
        ("price", Kept::Double),
        ("name", Kept::Expression),
        ("state", Kept::Position(Empty::NoValue)),
    ];
    for (name, kind) in kinds {
        kept[THING.field(name).unwrap().0].kept = kind;
    }
    let mut text = String::new();
    for filter in [
        json!({ "id": ID }),
        json!({ "version": 2 }),
        json!({ "version": { "in": [95, 2002, 0] } }),
        json!({ "version": { "in": [95] } }),
        json!({ "version": { "gt": 69, "lte": 1995, "ne": 5 } }),
        json!({ "version": { "lt": -1, "gte": 3000 } }),
        json!({ "version": { "gt": -1, "lt": 3000 } }),
        json!({ "ratio": { "in": [0.1, 0.25, 1e300] } }),
        json!({ "ratio": { "gt": 0.100_000_001, "lt": 0.099_999_999 } }),
        json!({ "price": { "gte": "0.1" } }),
        json!({ "name": "x" }),
        json!({ "name": { "prefix": "x" } }),
        json!({ "name": { "ne": "x" } }),
        json!({ "state": "new" }),
        json!({ "flag": { "in": [true, false] } }),
        json!({ "flag": { "in": [false] } }),
    ] {
        let filters = selection(&THING, &json!({ "where": filter })).filter;
        let _ = write!(text, "{filter}\n{}", shown(&count(&THING, source(&THING), &kept, &filters)));
    }
    let decimal = |text: &str| Value::Decimal(text.parse().unwrap());
    for (order, last) in [
        (json!(["version"]), vec![Value::UInt(0), Value::Bytes(Bytes(vec![1; 16]))]),
        (json!(["-ratio"]), vec![Value::Float(0.1), Value::Bytes(Bytes(vec![1; 16]))]),
        (json!(["-name", "state"]), vec![Value::Text("x".into()), Value::Text(String::new()), id()]),
        (json!(["-flag", "natural"]), vec![Value::Int(5), decimal("1.23456789"), id()]),
        (
            json!(["day", "hour"]),
            vec![Value::Text("1987-00-00".into()), Value::Text("-10:00:00".into()), id()],
        ),
    ] {
        let mut selection = selection(&THING, &json!({ "sort": order, "fields": ["id"], "limit": 500 }));
        selection.after = Some(last);
        let sql = page(&THING, source(&THING), &kept, &selection, &[0]);
        let _ = write!(text, "{order}\n{}", shown(&sql));
    }
    check("columns.txt", &text);
}

/// Texts that are sorted by their beginning. For the key, the digest that distinguishes equal beginnings comes after
/// it.
#[test]
fn pages_of_long_texts() {
    let long = |end: &str| Value::Text("x".repeat(699) + end);
    let mut text = String::new();
    let mut show = |kept: &[Column], order: Json, last: Vec<Value>| {
        let mut selection = selection(&PATHS, &json!({ "sort": order, "fields": ["part"], "limit": 500 }));
        selection.after = Some(last);
        let sql = shown(&page(&PATHS, source(&PATHS), kept, &selection, &[1]));
        let _ =
            write!(text, "{order}\n{}", sql.replace(&"x".repeat(500), "…").replace(&"x".repeat(199), "…"));
    };
    show(&[], json!(["path"]), vec![long("y"), Value::Int(1)]);
    show(&[], json!(["-path"]), vec![long("y"), Value::Int(1)]);
    show(&[], json!(["-part", "path"]), vec![Value::Int(1), long("y")]);
    show(&[], json!(["label"]), vec![long("y"), long("z"), Value::Int(1)]);
    let mut kept: [Column; 3] = std::array::from_fn(|_| Column::default());
    kept[2].kept = Kept::NoPad;
    show(&kept, json!(["-label"]), vec![long("y"), long("z"), Value::Int(1)]);
    // The room of the column counts, whatever the template says of it.
    kept[0].room = Some(500);
    kept[2].room = Some(500);
    show(&kept, json!(["label"]), vec![long("y"), long("z"), Value::Int(1)]);
    check("pages_long.txt", &text);
}

/// A key belongs to one record: the empty text is not the invalid value of an ENUM.
#[test]
fn an_empty_key_is_no_error_value() {
    let (field, _) = THING.field("sku").unwrap();
    let of = |empty, value: &str| {
        let mut kept: [Column; 15] = std::array::from_fn(|_| Column::default());
        kept[field].kept = Kept::Position(empty);
        let domain = Domain::new(THING.name, "", "").fields(THING.fields).key(&[7]);
        by_key(&domain, source(&THING), &kept, &[0], &[Value::Text(value.to_owned())]).text
    };
    assert_eq!(field, 7);
    assert!(of(Empty::Either, "").ends_with(" = ? and `sku` <> 0"), "{}", of(Empty::Either, ""));
    assert!(of(Empty::Either, "a").ends_with(" = ?") && of(Empty::Members, "").ends_with(" = ?"));
}

#[test]
fn projections() {
    let mut text = String::new();
    for request in [json!({}), json!({ "fields": ["price"] }), json!({ "fields": ["note", "id", "blob"] })] {
        let _ = write!(text, "{request}\n{}", page_of(&THING, &selection(&THING, &request)));
    }
    check("projections.txt", &text);
}

#[test]
fn keys() {
    let mut text = String::new();
    let cases: [(&'static Domain, Json); 4] = [
        (&THING, json!({ "key": ID })),
        (&THING, json!({ "key": { "id": ID }, "fields": ["sku"] })),
        (&PAIR, json!({ "key": { "right": 2, "left": 1 } })),
        (&PAIR, json!({ "key": { "right": u64::MAX, "left": i64::MIN }, "fields": ["secret"] })),
    ];
    for (domain, request) in cases {
        let Read::One { key, fields } = read(domain, &request) else { panic!("{request}") };
        let sql = || by_key(domain, source(domain), &[], &fields.indices(domain), &key);
        let _ = write!(text, "{request}\n{}", shown(&sql()));
        let _ = write!(text, "{request} to change it\n{}", shown(&sql().for_update()));
    }
    check("keys.txt", &text);
}

/// Look-ups that wait together make few distinct statements, whatever their number.
#[test]
fn keys_asked_for_together() {
    let mut text = String::new();
    for length in [1, 2, 3, 4, 5, 8, 9] {
        let keys: Vec<Value> = (0..length).map(Value::Int).collect();
        let keys: Vec<&Value> = keys.iter().collect();
        let sql = by_keys(&THING, source(&THING), &[], &[0, 6], 1, &keys);
        let _ = write!(text, "{length} keys\n{}", shown(&sql));
    }
    let price = Value::Decimal("1.00".parse().unwrap());
    let sql =
        by_keys(&THING, source(&THING), &[], &Fields::All.indices(&THING), 5, &[&price, &price, &price]);
    let _ = write!(text, "3 decimal keys\n{}", shown(&sql));
    check("keys_together.txt", &text);
    let texts = |longest: i64| {
        let keys: Vec<Value> = (0..longest).map(Value::Int).collect();
        let texts = (1..=keys.len()).map(|length| {
            let keys: Vec<&Value> = keys[..length].iter().collect();
            by_keys(&THING, source(&THING), &[], &[0], 1, &keys).text
        });
        texts.collect::<std::collections::HashSet<_>>().len()
    };
    assert_eq!(texts(128), 8, "one statement a power of two");
}

/// The reach of a caller: texts compare letter by letter, whatever the column's collation; nothing is reached if no
/// role fits.
#[test]
fn rows_of_a_caller() {
    let (name, _) = THING.field("name").unwrap();
    let (flag, _) = THING.field("flag").unwrap();
    let text = |text: &str| Value::Text(text.to_owned());
    let own = Condition { field: name, test: Test::Compare(Comparison::Eq, text("bob")) };
    let either = Condition { field: name, test: Test::In(vec![text("bob"), text("public")]) };
    let flagged = Condition { field: flag, test: Test::Compare(Comparison::Eq, Value::Bool(true)) };
    let rows = |alternatives| [Condition { field: 0, test: Test::AnyOf(alternatives) }];
    let shown = |alternatives| {
        let sql = by_key(&THING, source(&THING), &[], &[0], &[id()]).within(&rows(alternatives));
        assert_eq!(sql.text.matches('?').count(), sql.values.len(), "{}", sql.text);
        sql.text.split_once("= ? and ").unwrap().1.to_owned()
    };
    let exactly = "convert(`name` using utf8mb4) collate utf8mb4_nopad_bin in";
    assert_eq!(shown(vec![vec![own]]), format!("(`name` = ? and {exactly} (?))"));
    let both = shown(vec![vec![either, flagged.clone()], vec![flagged]]);
    assert!(both.contains(&format!("{exactly} (?, ?) and `flag`")) && both.contains(" or `flag`"), "{both}");
    assert_eq!(shown(vec![vec![]]), "(true)");
    assert_eq!(shown(Vec::new()), "false");
}
