//! A filter and a key find what is shown, and nothing else: no elements of arrays where the template has one value, and
//! also what the template would not let in.

use beds_core::spec::{Domain, Field, Type, mongodb as objects};
use beds_protocol::ErrorCode;
use futures_util::future::join_all;
use mongodb::bson::{Binary, Bson, DateTime, Document, doc, spec::BinarySubtype};
use serde_json::{Value as Json, json};

use crate::site::Site;

static FIELDS: [Field; 11] = [
    Field::new("id", "_id", Type::INT),
    Field::new("n", "n", Type::int(1901, 2155)).nullable(),
    Field::new("f", "f", Type::FLOAT).nullable(),
    Field::new("b", "b", Type::Bool).nullable(),
    Field::new("d", "d", Type::Date).nullable(),
    Field::new("tm", "tm", Type::Time).nullable(),
    Field::new("u", "u", Type::Uuid).nullable(),
    Field::new("s", "s", Type::string(2, 3)).nullable(),
    Field::new("amount", "amount", Type::decimal(20, 5, None, None)).nullable(),
    Field::new("state", "state", Type::one_of(&["old"])).nullable(),
    Field::new("revision", "revision", Type::INT),
];

const FILTERS: &[usize] = &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

const OBJECTS: objects::Objects = objects::Objects {
    read: Some(objects::Source::collection("mix")),
    create: Some("mix"),
    update: Some("mix"),
    upsert: None,
    delete: Some("mix"),
};

static MIX: Domain = Domain::new("mix", "", "0000000000000000")
    .fields(&FIELDS)
    .key(&[0])
    .version(10)
    .fetch(FILTERS, &[0], 50, 500)
    .mongodb("mix", OBJECTS);
static BY_N: Domain =
    Domain::new("mix", "", "0000000000000000").fields(&FIELDS).key(&[1]).mongodb("mix", OBJECTS);

async fn insert(site: &Site, documents: Vec<Document>) {
    site.mongo.collection("mix").insert_many(documents).await.unwrap();
}

/// The ids of the records that match, which are as many as are counted.
async fn found(site: &Site, filter: &Json) -> Vec<i64> {
    let page = site.fetch(&MIX, json!({ "where": filter, "fields": ["id"], "count": true })).await;
    let ids: Vec<i64> =
        page["data"].as_array().unwrap().iter().map(|record| record["id"].as_i64().unwrap()).collect();
    assert_eq!(page["count"], ids.len(), "{filter}");
    ids
}

const UUID: &str = "00010203-0405-0607-0809-0a0b0c0d0e0f";

#[tokio::test]
async fn an_element_of_an_array_is_no_value_of_a_field() {
    let site = Site::new("arrays").await;
    let uuid = || Bson::Binary(Binary { subtype: BinarySubtype::Uuid, bytes: (0..16).collect() });
    let noon = || DateTime::from_millis(1_704_196_800_000);
    insert(
        &site,
        vec![
            doc! { "_id": 7, "n": [1, 5], "f": [1.5], "b": [true], "d": ["2024-01-02", noon()], "tm": ["08:30:00"], "u": [uuid()], "s": ["abc"], "amount": [1.5, Bson::Null] },
            doc! { "_id": 8, "n": 5, "f": 1.5, "b": true, "d": "2024-01-02", "tm": "08:30:00", "u": uuid(), "s": "abc", "amount": 1.5 },
            doc! { "_id": 9 },
        ],
    )
    .await;
    for (name, value) in [
        ("n", json!(5)),
        ("f", json!(1.5)),
        ("b", json!(true)),
        ("d", json!("2024-01-02")),
        ("tm", json!("08:30:00")),
        ("u", json!(UUID)),
        ("s", json!("abc")),
        ("amount", json!("1.5")),
    ] {
        for operator in ["eq", "lte", "gte", "in"] {
            let operand = if operator == "in" { json!([value]) } else { value.clone() };
            if name != "b" || operator == "eq" || operator == "in" {
                assert_eq!(found(&site, &json!({ name: { operator: operand } })).await, [8], "{name}");
            }
        }
        assert_eq!(found(&site, &json!({ name: { "ne": value } })).await, [7, 9], "{name}");
        assert_eq!(found(&site, &json!({ name: null })).await, [9], "{name}");
        assert_eq!(found(&site, &json!({ name: { "null": false } })).await, [7, 8], "{name}");
    }
    assert_eq!(found(&site, &json!({ "s": { "prefix": "ab" } })).await, [8]);
    assert_eq!(found(&site, &json!({ "n": { "gt": 0, "lt": 6 } })).await, [8]);
}

#[tokio::test]
async fn a_key_finds_no_element_of_an_array() {
    let site = Site::new("array_keys").await;
    insert(&site, vec![doc! { "_id": 1, "n": [1, 5] }, doc! { "_id": 2, "n": 6, "revision": [1, 7] }]).await;
    let keys = [1, 5, 6].repeat(4);
    let answers = join_all(keys.iter().map(|key| site.try_fetch(&BY_N, json!({ "key": key })))).await;
    for (key, answer) in keys.iter().zip(answers) {
        match answer {
            Ok(reply) => assert_eq!((*key, &reply["data"]["id"]), (6, &json!(2))),
            Err(error) => assert!(*key != 6 && error.code == ErrorCode::NotFound, "{key}: {error}"),
        }
    }
    let error = site.update(&BY_N, json!({ "key": 5, "data": { "f": 0.5 } })).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::NotFound);
    let change = json!({ "key": 2, "data": { "f": 0.5 }, "if_version": 7 });
    let error = site.update(&MIX, change).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::VersionMismatch);
    assert!(!site.stored("mix", 1).await.contains_key("f") && !site.stored("mix", 2).await.contains_key("f"));
}

#[tokio::test]
async fn the_last_day_has_an_end() {
    let site = Site::new("last_day").await;
    let last = DateTime::from_millis(253_402_300_799_999);
    insert(&site, vec![doc! { "_id": 1, "d": last }, doc! { "_id": 2, "d": "9999-12-31" }]).await;
    for operator in ["eq", "lte", "gte"] {
        assert_eq!(found(&site, &json!({ "d": { operator: "9999-12-31" } })).await, [1, 2], "{operator}");
    }
    for operator in ["ne", "lt", "gt"] {
        assert_eq!(
            found(&site, &json!({ "d": { operator: "9999-12-31" } })).await,
            Vec::<i64>::new(),
            "{operator}"
        );
    }
    assert_eq!(found(&site, &json!({ "d": { "in": ["9999-12-31"] } })).await, [1, 2]);
}

/// The template's bounds bind what is written; the database may hold more.
#[tokio::test]
async fn what_is_beyond_the_bounds_is_found() {
    let site = Site::new("beyond").await;
    insert(
        &site,
        vec![
            doc! { "_id": 1, "n": 0, "amount": 4_611_686_018_427_387_904_i64, "s": "longer", "state": "new" },
            doc! { "_id": 2, "n": 3000, "amount": 1e40, "s": "", "state": "" },
            doc! { "_id": 3, "amount": Bson::Decimal128("1E+64".parse().unwrap()) },
            doc! { "_id": 4, "amount": Bson::Decimal128("-5E-40".parse().unwrap()) },
        ],
    )
    .await;
    let page = site.fetch(&MIX, json!({ "fields": ["id", "n", "amount", "s", "state"] })).await;
    for record in page["data"].as_array().unwrap() {
        for (name, value) in record.as_object().unwrap().iter().filter(|(_, value)| !value.is_null()) {
            let id = record["id"].as_i64().unwrap();
            assert_eq!(found(&site, &json!({ name: value })).await, [id], "{name} {value}");
            assert_eq!(found(&site, &json!({ name: { "in": [value] } })).await, [id], "{name} {value}");
        }
    }
    assert_eq!(site.fetch(&BY_N, json!({ "key": 0 })).await["data"]["id"], 1);
    site.update(&BY_N, json!({ "key": 3000, "data": { "f": 0.5 } })).await.unwrap();
    assert_eq!(site.stored("mix", 2).await.get("f"), Some(&Bson::Double(0.5)));
}
