//! A collection that holds values of every type: each page goes on where the one before it ended, in the database's
//! own order.

use beds_core::spec::{Domain, Field, Type, mongodb as objects};
use futures_util::TryStreamExt as _;
use mongodb::bson::{
    Binary, Bson, DateTime, Document, Regex, Timestamp, doc, oid::ObjectId, spec::BinarySubtype,
};
use serde_json::{Value as Json, json};

use crate::site::Site;

static FIELDS: [Field; 4] = [
    Field::new("id", "_id", Type::INT),
    Field::new("n", "n", Type::INT).nullable(),
    Field::new("s", "s", Type::string(0, 40)).nullable(),
    Field::new("place", "place", Type::INT),
];

/// Its key is `_id`.
static MIXED: Domain = domain("mixed", &[0]);
/// Its key is a member that may hold anything, and an array too.
static KEYED: Domain = domain("keyed", &[2]);

const fn domain(name: &'static str, key: &'static [usize]) -> Domain {
    Domain::new(name, "", "0000000000000000")
        .fields(&FIELDS)
        .key(key)
        .fetch(&[1], &[0, 1, 2], 50, 500)
        .mongodb(
            "mixed",
            objects::Objects {
                read: Some(objects::Source::collection("mixed")),
                create: None,
                update: None,
                upsert: None,
                delete: None,
            },
        )
}

fn regex(pattern: &str) -> Bson {
    Bson::RegularExpression(Regex { pattern: pattern.try_into().unwrap(), options: "i".try_into().unwrap() })
}

fn binary(length: usize) -> Bson {
    Bson::Binary(Binary { subtype: BinarySubtype::Generic, bytes: vec![7; length] })
}

fn decimal(text: &str) -> Bson {
    Bson::Decimal128(text.parse().unwrap())
}

/// Values of every type, and several of each that are equal, in an order that is none.
fn values() -> Vec<Bson> {
    vec![
        5.into(),
        "abc".into(),
        Bson::MaxKey,
        5.0.into(),
        Bson::Array(vec![1.into(), 10.into()]),
        Bson::Null,
        f64::NAN.into(),
        Bson::Array(Vec::new()),
        regex("a"),
        2.5.into(),
        true.into(),
        decimal("NaN"),
        Bson::Timestamp(Timestamp { time: 1, increment: 2 }),
        i64::MAX.into(),
        "5".into(),
        f64::NEG_INFINITY.into(),
        Bson::Array(vec!["x".into(), 3.into()]),
        doc! { "a": 1 }.into(),
        decimal("1E+6144"),
        Bson::MinKey,
        decimal("2.5"),
        doc! {}.into(),
        ObjectId::from_bytes([3; 12]).into(),
        DateTime::from_millis(1_000).into(),
        false.into(),
        Bson::Array(vec![5.into()]),
        regex("b"),
        binary(3),
        Bson::Array(vec![Bson::Null]),
        f64::INFINITY.into(),
        "".into(),
        doc! { "$x": 1 }.into(),
        Bson::JavaScriptCode("x()".to_owned()),
        Bson::Array(vec![Bson::Array(vec![1.into()])]),
        binary(16),
        DateTime::from_millis(-1).into(),
        Bson::Array(vec![Bson::MaxKey]),
        9_007_199_254_740_993_i64.into(),
        9_007_199_254_740_992.0.into(),
        "abc".into(),
    ]
}

/// Of these, an `_id` may be any but an array, a regular expression or an object like an operator; each is there once.
fn ids() -> Vec<Bson> {
    let mut ids: Vec<Bson> = (0..20).map(Bson::from).collect();
    for value in values() {
        let is_number =
            matches!(value, Bson::Int32(_) | Bson::Int64(_) | Bson::Double(_) | Bson::Decimal128(_));
        let is_possible = match &value {
            Bson::Array(_) | Bson::RegularExpression(_) => false,
            Bson::Document(document) => !document.contains_key("$x"),
            _ => true,
        };
        if is_possible && !is_number && !ids.contains(&value) {
            ids.push(value);
        }
    }
    ids
}

async fn fill(site: &Site) -> usize {
    let (values, ids) = (values(), ids());
    let documents = ids.iter().enumerate().map(|(place, id)| {
        let place = i32::try_from(place).unwrap();
        let of = |step: usize| values[(usize::try_from(place).unwrap() * step) % values.len()].clone();
        let mut document = doc! { "_id": id.clone(), "place": place, "n": of(1), "s": of(7) };
        // No server sorts by two arrays of one document.
        if let (Some(Bson::Array(_)), Some(Bson::Array(_))) = (document.get("n"), document.get("s")) {
            document.insert("s", place);
        }
        // Absent is another way to be null.
        if place % 11 == 0 {
            document.remove("n");
        }
        document
    });
    let documents: Vec<Document> = documents.collect();
    site.mongo.collection::<Document>("mixed").insert_many(&documents).await.unwrap();
    documents.len()
}

/// The places of all records, in the database's own order. The key goes the way of the last that is sorted by.
async fn own_order(site: &Site, domain: &Domain, sort: &[&str]) -> Vec<i64> {
    let mut order = Document::new();
    let mut last = 1;
    for name in sort {
        let (name, direction) = name.strip_prefix('-').map_or((*name, 1), |name| (name, -1));
        order.insert(domain.field(name).unwrap().1.column, direction);
        last = direction;
    }
    for key in domain.key {
        order.entry(domain.fields[*key].column.to_owned()).or_insert(Bson::Int32(last));
    }
    let found = site.mongo.collection::<Document>("mixed").find(doc! {}).sort(order).await.unwrap();
    let documents: Vec<Document> = found.try_collect().await.unwrap();
    documents.iter().map(|document| document.get_i32("place").unwrap().into()).collect()
}

/// The places of all records, page by page.
async fn walk(site: &Site, domain: &'static Domain, sort: &[&str], limit: usize) -> Vec<i64> {
    let (mut places, mut after) = (Vec::new(), None::<Json>);
    loop {
        let mut body = json!({ "sort": sort, "limit": limit, "fields": ["place", "id", "n", "s"] });
        if let Some(after) = after {
            body["after"] = after;
        }
        let page = site.fetch(domain, body).await;
        let records = page["data"].as_array().unwrap();
        places.extend(records.iter().map(|record| record["place"].as_i64().unwrap()));
        assert!(places.len() < 1_000, "{sort:?} by {limit} has no end");
        match page.get("next") {
            Some(next) => after = Some(next.clone()),
            None => return places,
        }
    }
}

#[tokio::test]
async fn every_sort_with_every_limit_gives_each_record_once_in_the_databases_order() {
    let site = Site::new("mixed").await;
    let count = fill(&site).await;
    let sorts: [&[&str]; 10] = [
        &[],
        &["-id"],
        &["n"],
        &["-n"],
        &["s", "n"],
        &["s", "-n"],
        &["-s", "n"],
        &["-s", "-n"],
        &["n", "-id"],
        &["-n", "-id"],
    ];
    for sort in sorts {
        let expected = own_order(&site, &MIXED, sort).await;
        assert_eq!(expected.len(), count);
        for limit in [1, 2, 3, 7, 50] {
            assert_eq!(walk(&site, &MIXED, sort, limit).await, expected, "{sort:?} by {limit}");
        }
    }
}

/// A key that is not `_id` may repeat in a database without a unique index; what is asked here is that no page stops.
#[tokio::test]
async fn keys_that_cannot_be_shown_do_not_stop_pages() {
    let site = Site::new("keyed").await;
    let values = values();
    let mut distinct: Vec<Bson> = Vec::new();
    for value in values {
        let is_scalar = !matches!(value, Bson::Array(_) | Bson::Null);
        let is_number =
            matches!(value, Bson::Int32(_) | Bson::Int64(_) | Bson::Double(_) | Bson::Decimal128(_));
        if is_scalar && !is_number && !distinct.contains(&value) {
            distinct.push(value);
        }
    }
    let documents = distinct.iter().enumerate().map(|(place, value)| {
        doc! { "_id": i32::try_from(place).unwrap(), "place": i32::try_from(place).unwrap(), "s": value.clone() }
    });
    site.mongo
        .collection::<Document>("mixed")
        .insert_many(documents.collect::<Vec<Document>>())
        .await
        .unwrap();
    for sort in [&[][..], &["-s"]] {
        let expected = own_order(&site, &KEYED, sort).await;
        for limit in [1, 4, 50] {
            assert_eq!(walk(&site, &KEYED, sort, limit).await, expected, "{sort:?} by {limit}");
        }
    }
}

#[tokio::test]
async fn a_cursor_that_no_reply_gave_is_refused() {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let site = Site::new("forged").await;
    // An array in an array, and so on, byte by byte: the driver's own writer does not go so deep.
    let mut bytes = b"\x05\0\0\0\0".to_vec();
    for level in 0..5_000 {
        let name = if level == 4_999 { b"\x04v\0" } else { b"\x040\0" };
        let length = i32::try_from(4 + name.len() + bytes.len() + 1).unwrap();
        bytes = [&length.to_le_bytes(), name.as_slice(), &bytes, b"\0"].concat();
    }
    for stored in [
        json!("no base64"),
        json!(""),
        json!("AAAA"),
        json!(base64::engine::general_purpose::STANDARD.encode(bytes)),
    ] {
        let cursor = URL_SAFE_NO_PAD.encode(json!(["id", [{ "bytes": stored }]]).to_string());
        let error = site.try_fetch(&MIXED, json!({ "after": cursor })).await.unwrap_err();
        assert_eq!(error.details[0].field, "after", "{stored}");
    }
}
