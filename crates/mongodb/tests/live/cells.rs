//! What is shown is what is compared, kept and stored; what cannot be shown harms nothing else.

use beds_core::spec::{Domain, Field, Generated, Type, mongodb as objects};
use beds_protocol::ErrorCode;
use futures_util::future::join_all;
use mongodb::bson::{Binary, Bson, DateTime, Document, Regex, doc, spec::BinarySubtype};
use serde_json::{Value as Json, json};

use crate::site::Site;

static MEMBERS: [Field; 1] = [Field::new("at", "at", Type::DateTime).nullable()];
static TAG: Field = Field::new("tag", "tag", Type::string(0, 40));

static FIELDS: [Field; 12] = [
    Field::new("id", "_id", Type::INT),
    Field::new("revision", "rev", Type::INT),
    Field::new("n", "n", Type::INT).nullable(),
    Field::new("natural", "natural", Type::uint(0, u64::MAX)).nullable(),
    Field::new("ratio", "ratio", Type::FLOAT).nullable(),
    Field::new("amount", "amount", Type::decimal(40, 2, None, None)).nullable(),
    Field::new("reference", "reference", Type::Uuid).nullable(),
    Field::new("day", "day", Type::Date).nullable(),
    Field::new("at", "at", Type::DateTime).nullable(),
    Field::new("tags", "tags", Type::list(&TAG, 5)).nullable(),
    Field::new("place", "place", Type::object(&MEMBERS)).nullable(),
    Field::new("any", "any", Type::Json).nullable(),
];

static CELL: Domain = Domain::new("cell", "", "0000000000000000")
    .fields(&FIELDS)
    .key(&[0])
    .version(1)
    .fetch(&[2, 3, 4, 5, 6, 7, 8], &[0, 2, 4, 5, 7, 8], 50, 500)
    .updates_many(100)
    .mongodb("cell", OBJECTS);

/// Keys by amount, which MongoDB may hold as a double, and by day, which it may hold as a date.
static BY_AMOUNT: Domain =
    Domain::new("cell", "", "0000000000000000").fields(&FIELDS).key(&[5]).mongodb("cell", OBJECTS);
static BY_DAY: Domain =
    Domain::new("cell", "", "0000000000000000").fields(&FIELDS).key(&[7]).mongodb("cell", OBJECTS);

const OBJECTS: objects::Objects = objects::Objects {
    read: Some(objects::Source::collection("cell")),
    create: Some("cell"),
    update: Some("cell"),
    upsert: None,
    delete: Some("cell"),
};

fn decimal(text: &str) -> Bson {
    Bson::Decimal128(text.parse().unwrap())
}

fn regex() -> Bson {
    Bson::RegularExpression(Regex { pattern: "a".try_into().unwrap(), options: "".try_into().unwrap() })
}

async fn insert(site: &Site, documents: Vec<Document>) {
    site.mongo.collection("cell").insert_many(documents).await.unwrap();
}

/// The ids of the records that match.
async fn found(site: &Site, filter: Json) -> Vec<i64> {
    let page = site.fetch(&CELL, json!({ "where": filter, "fields": ["id"] })).await;
    page["data"].as_array().unwrap().iter().map(|record| record["id"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn a_page_goes_on_where_one_cell_cannot_be_shown() {
    let site = Site::new("page").await;
    insert(
        &site,
        vec![
            doc! { "_id": 1, "amount": decimal("1.50"), "n": 1 },
            doc! { "_id": 2, "amount": decimal("NaN") },
            doc! { "_id": 3, "n": 2.5 },
            doc! { "_id": 4, "amount": decimal("1E+6144") },
            doc! { "_id": 5, "amount": f64::INFINITY, "n": 1e19, "any": { "a": [1, regex()] } },
        ],
    )
    .await;
    let page = site.fetch(&CELL, json!({ "fields": ["id", "amount", "n", "any"] })).await;
    assert_eq!(
        page["data"],
        json!([
            { "id": 1, "amount": "1.50", "n": 1, "any": null },
            { "id": 2, "amount": null, "n": null, "any": null },
            { "id": 3, "amount": null, "n": null, "any": null },
            { "id": 4, "amount": null, "n": null, "any": null },
            { "id": 5, "amount": null, "n": null, "any": { "a": [1, null] } },
        ])
    );
    let note = page["note"].as_str().unwrap();
    assert!(note.starts_with("6 values that cannot be shown are null: data[1].amount holds NaN"), "{note}");
    let first = site.fetch(&CELL, json!({ "sort": ["amount"], "limit": 1, "fields": ["id"] })).await;
    assert!(first["next"].is_string(), "{first}");
}

#[tokio::test]
async fn a_lookup_that_cannot_be_shown_takes_no_other_along() {
    let site = Site::new("lookups").await;
    insert(
        &site,
        vec![doc! { "_id": 1, "n": 1 }, doc! { "_id": 2, "n": regex() }, doc! { "_id": 3.0, "n": 3 }],
    )
    .await;
    let keys = [1, 2, 3, 4].repeat(5);
    let answers = join_all(keys.iter().map(|key| site.try_fetch(&CELL, json!({ "key": key })))).await;
    for (key, answer) in keys.iter().zip(answers) {
        match (key, answer) {
            (4, Err(error)) => assert_eq!(error.code, ErrorCode::NotFound),
            (2, Ok(reply)) => {
                assert_eq!((&reply["data"]["id"], &reply["data"]["n"]), (&json!(2), &Json::Null));
                assert!(reply["note"].as_str().unwrap().contains("data.n holds the regular expression"));
            }
            (key, Ok(reply)) => {
                assert_eq!((&reply["data"]["id"], &reply["data"]["n"]), (&json!(key), &json!(key)));
                assert!(reply.get("note").is_none(), "{reply}");
            }
            (key, Err(error)) => panic!("{key}: {error}"),
        }
    }
}

#[tokio::test]
async fn a_version_that_is_null_is_none() {
    let site = Site::new("null_version").await;
    insert(
        &site,
        vec![
            doc! { "_id": 1, "rev": Bson::Null, "n": 7, "day": "2024-02-29" },
            doc! { "_id": 2, "rev": "x" },
        ],
    )
    .await;
    let reply = site.update(&CELL, json!({ "key": 1, "data": { "n": null } })).await.unwrap();
    assert_eq!(reply["data"], json!({ "id": 1, "revision": 1 }));
    let reply = site.update(&CELL, json!({ "key": 1, "data": { "ratio": 0.5 } })).await.unwrap();
    assert_eq!(reply["data"], json!({ "id": 1, "revision": 2 }));
    // So is one of another type, and an array that holds a number.
    insert(&site, vec![doc! { "_id": 3, "rev": [7] }, doc! { "_id": 4, "rev": 7 }, doc! { "_id": 5 }]).await;
    let reply = site.update(&CELL, json!({ "key": 2, "data": { "n": 1 } })).await.unwrap();
    assert_eq!(reply["data"], json!({ "id": 2, "revision": 1 }));
    let reply = site.update(&CELL, json!({ "key": 3, "data": { "n": 1 } })).await.unwrap();
    assert_eq!(reply["data"], json!({ "id": 3, "revision": 1 }));
}

#[tokio::test]
async fn a_version_that_is_none_is_in_no_others_way() {
    let site = Site::new("odd_versions").await;
    let versions = [Bson::Null, "x".into(), Bson::Array(vec![7.into()]), 7.into(), 2.5.into()];
    let documents = (1..).zip(versions).map(|(id, rev): (i32, Bson)| doc! { "_id": id, "rev": rev, "n": 1 });
    insert(&site, documents.collect()).await;
    insert(&site, vec![doc! { "_id": 6, "n": 1 }]).await;
    let reply = site.update(&CELL, json!({ "where": { "n": 1 }, "data": { "n": 2 } })).await.unwrap();
    assert_eq!(reply["count"], 6, "{reply}");
    for (id, rev) in
        [(1, Bson::Int64(1)), (2, 1_i64.into()), (3, 1_i64.into()), (4, 8_i64.into()), (6, 1_i64.into())]
    {
        assert_eq!(site.stored("cell", id).await.get("rev"), Some(&rev), "{id}");
    }
}

#[tokio::test]
async fn the_reply_to_an_update_has_the_key_as_a_fetch_shows_it() {
    let site = Site::new("shown_key").await;
    insert(&site, vec![doc! { "_id": 1, "amount": 3 }]).await;
    let fetched = site.fetch(&BY_AMOUNT, json!({ "key": "3.00" })).await;
    let reply = site.update(&BY_AMOUNT, json!({ "key": "3.00", "data": { "n": 1 } })).await.unwrap();
    assert_eq!(reply["data"]["amount"], fetched["data"]["amount"]);
}

#[tokio::test]
async fn an_update_keeps_what_it_does_not_name() {
    let site = Site::new("kept").await;
    let odd =
        doc! { "_id": 1, "rev": 3, "n": regex(), "any": { "a": Bson::MaxKey }, "tags": ["a", 5], "day": 7 };
    insert(&site, vec![odd.clone(), doc! { "_id": 2, "rev": 2.5 }]).await;
    let reply =
        site.update(&CELL, json!({ "key": 1, "data": { "ratio": 0.5 }, "if_version": 3 })).await.unwrap();
    assert_eq!(reply["data"], json!({ "id": 1, "revision": 4 }));
    let mut expected = odd;
    expected.insert("rev", 4_i64);
    expected.insert("ratio", 0.5);
    assert_eq!(site.stored("cell", 1).await, expected);
    // The change is done, and its reply says what it cannot show.
    let reply = site.update(&CELL, json!({ "key": 2, "data": { "ratio": 0.5 } })).await.unwrap();
    assert_eq!(reply["data"], json!({ "id": 2, "revision": null }));
    assert!(reply["note"].as_str().unwrap().contains("data.revision holds 3.5"), "{reply}");
    assert_eq!(site.stored("cell", 2).await.get("ratio"), Some(&Bson::Double(0.5)));
}

#[tokio::test]
async fn a_short_reply_is_no_reason_to_refuse_a_write() {
    let site = Site::new("short").await;
    insert(&site, vec![doc! { "_id": 1, "rev": 41 }]).await;
    let reply = r#"{"ok":true,"data":{"id":1,"revision":42}}"#.len();
    let body = json!({ "key": 1, "data": { "n": 1 }, "if_version": 41 });
    let error = site.with_replies_of(reply - 1).update(&CELL, body.clone()).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::TooLarge);
    site.with_replies_of(reply).update(&CELL, body).await.unwrap();
}

#[tokio::test]
async fn a_reply_to_create_is_what_a_fetch_gives() {
    let site = Site::new("created").await;
    let values = [
        json!({ "at": "2024-05-06T07:08:09.123456Z", "ratio": 5.0, "amount": "12.5" }),
        json!({ "at": "1969-12-31T23:59:59.9999Z", "ratio": -0.0, "amount": "-0" }),
        json!({ "ratio": 5e-324, "amount": "10000000000000000000000000000000000000.00", "natural": i64::MAX }),
        json!({ "ratio": 1e300, "amount": "0.01", "any": { "$a": 5.0, "b.c": -0.0, "d": [1e300] } }),
        json!({ "reference": "018f2b6e-0000-7000-8000-00000000000a", "day": "0001-01-01" }),
        json!({ "place": { "at": "2024-05-06T07:08:09.1239Z" }, "tags": ["$a", ""] }),
    ];
    for (id, mut record) in values.into_iter().enumerate() {
        record["id"] = json!(id);
        let created = site.create(&CELL, record).await.unwrap();
        let fetched = site.fetch(&CELL, json!({ "key": id })).await;
        assert_eq!(created["data"].to_string(), fetched["data"].to_string());
    }
    for (record, field, reason) in [
        (json!({ "natural": u64::MAX }), "natural", "exceeds the largest integer of MongoDB"),
        (
            json!({ "amount": "12345678901234567890123456789012345.00" }),
            "amount",
            "has more than the 34 digits of a Decimal128",
        ),
    ] {
        let mut record = record;
        record["id"] = json!(100);
        let error = site.create(&CELL, record).await.unwrap_err();
        assert_eq!((&*error.details[0].field, &*error.details[0].reason), (field, reason));
    }
}

#[tokio::test]
async fn what_is_shown_is_found() {
    let site = Site::new("found").await;
    let uuid = |subtype| Bson::Binary(Binary { subtype, bytes: (0..16).collect() });
    let noon = DateTime::from_millis(1_769_860_800_000);
    insert(
        &site,
        vec![
            doc! { "_id": 1, "n": 5.0, "amount": 0.1, "day": "2026-01-31", "at": noon },
            doc! { "_id": 2, "n": 5_i64, "amount": decimal("0.1"), "day": noon, "reference": uuid(BinarySubtype::Uuid) },
            doc! { "_id": 3, "n": decimal("5"), "amount": decimal("0.10"), "day": "2026-02-01", "reference": uuid(BinarySubtype::UuidOld) },
            doc! { "_id": 4, "n": 6, "amount": 19.99, "day": 5, "reference": "00010203-0405-0607-0809-0a0b0c0d0e0f" },
        ],
    )
    .await;
    let page = site.fetch(&CELL, json!({ "fields": ["n", "amount", "day", "reference"] })).await;
    let uuid = "00010203-0405-0607-0809-0a0b0c0d0e0f";
    assert_eq!(
        page["data"],
        json!([
            { "n": 5, "amount": "0.1", "day": "2026-01-31", "reference": null },
            { "n": 5, "amount": "0.1", "day": "2026-01-31", "reference": uuid },
            { "n": 5, "amount": "0.10", "day": "2026-02-01", "reference": null },
            { "n": 6, "amount": "19.99", "day": null, "reference": null },
        ])
    );
    for (filter, expected) in [
        (json!({ "n": 5 }), vec![1, 2, 3]),
        (json!({ "n": { "in": [5, 7] } }), vec![1, 2, 3]),
        (json!({ "n": { "gt": 5 } }), vec![4]),
        (json!({ "amount": "0.1" }), vec![1, 2, 3]),
        (json!({ "amount": { "in": ["0.1", "5"] } }), vec![1, 2, 3]),
        (json!({ "amount": { "ne": "0.1" } }), vec![4]),
        (json!({ "amount": { "gt": "0.1" } }), vec![4]),
        (json!({ "amount": { "lte": "0.1" } }), vec![1, 2, 3]),
        (json!({ "amount": { "lt": "0.1" } }), vec![]),
        (json!({ "amount": { "gte": "19.99" } }), vec![4]),
        (json!({ "amount": { "lt": "19.99" } }), vec![1, 2, 3]),
        (json!({ "day": "2026-01-31" }), vec![1, 2]),
        (json!({ "day": { "in": ["2026-01-31", "2026-02-02"] } }), vec![1, 2]),
        (json!({ "day": { "ne": "2026-01-31" } }), vec![3, 4]),
        (json!({ "day": { "gt": "2026-01-31" } }), vec![3]),
        (json!({ "day": { "gte": "2026-01-31" } }), vec![1, 2, 3]),
        (json!({ "day": { "lt": "2026-01-31" } }), vec![]),
        (json!({ "day": { "lte": "2026-01-31" } }), vec![1, 2]),
        (json!({ "reference": uuid }), vec![2]),
        (json!({ "at": { "gt": "2026-01-31T11:59:59.9999Z" } }), vec![1]),
        (json!({ "at": { "lt": "2026-01-31T12:00:00.0001Z" } }), vec![1]),
        (json!({ "at": { "gt": "2026-01-31T12:00:00.0001Z" } }), vec![]),
        (json!({ "at": { "in": ["2026-01-31T12:00:00.0001Z", "2026-01-31T12:00:00Z"] } }), vec![1]),
        (json!({ "at": "2026-01-31T12:00:00.0001Z" }), vec![]),
        (json!({ "natural": { "lt": u64::MAX } }), vec![]),
        (json!({ "natural": { "null": true } }), vec![1, 2, 3, 4]),
    ] {
        assert_eq!(found(&site, filter.clone()).await, expected, "{filter}");
    }
    let amounts = ["0.1", "19.99", "19.99", "7"];
    let answers = join_all(amounts.map(|key| site.try_fetch(&BY_AMOUNT, json!({ "key": key })))).await;
    let ids: Vec<_> =
        answers.into_iter().map(|answer| answer.map(|reply| reply["data"]["id"].clone()).ok()).collect();
    assert_eq!(ids[1..], [Some(json!(4)), Some(json!(4)), None]);
    assert!(ids[0].is_some());
    let days = ["2026-02-01", "2026-02-02"];
    let answers = join_all(days.map(|key| site.try_fetch(&BY_DAY, json!({ "key": key })))).await;
    assert_eq!(answers[0].as_ref().unwrap()["data"]["id"], 3);
    assert_eq!(answers[1].as_ref().unwrap_err().code, ErrorCode::NotFound);
}

/// A key that the database generates, and nothing else.
#[tokio::test]
async fn a_generated_object_id_is_told() {
    static FIELDS: [Field; 1] = [Field::new("id", "_id", Type::ObjectId).generated(Generated::Database)];
    static MADE: Domain =
        Domain::new("made", "", "0000000000000000").fields(&FIELDS).key(&[0]).mongodb("cell", OBJECTS);
    let site = Site::new("made").await;
    let created = site.create(&MADE, json!({})).await.unwrap();
    let fetched = site.fetch(&MADE, json!({ "key": created["data"]["id"] })).await;
    assert_eq!(created["data"], fetched["data"]);
}

#[tokio::test]
async fn a_range_finds_nothing_that_is_shown_as_null() {
    let site = Site::new("ranges").await;
    let at = |millis| DateTime::from_millis(millis);
    insert(
        &site,
        vec![
            doc! { "_id": 1, "n": 1, "ratio": 1.5, "amount": decimal("1.50"), "day": "2024-02-29", "at": at(0) },
            doc! { "_id": 2, "n": 2.0, "ratio": 2, "amount": 2.5, "day": at(0), "at": at(1) },
            doc! { "_id": 3, "n": 1.5, "ratio": f64::INFINITY, "amount": f64::INFINITY, "day": "2023-02-29" },
            doc! { "_id": 4, "n": f64::INFINITY, "ratio": f64::NEG_INFINITY, "amount": decimal("1E+6144") },
            doc! { "_id": 5, "n": 1e19, "natural": -1 },
            doc! { "_id": 6, "n": "text", "day": "2024-2-1" },
            doc! { "_id": 7, "n": decimal("7.00"), "natural": 7, "day": "9999-12-31", "at": at(253_402_300_799_999) },
            doc! { "_id": 8, "n": decimal("7.01"), "natural": 7.5, "day": "0000-01-01" },
        ],
    )
    .await;
    for (filter, expected) in [
        (json!({ "n": { "gte": 1 } }), vec![1, 2, 7]),
        (json!({ "n": { "gt": 1, "lt": 7 } }), vec![2]),
        (json!({ "natural": { "lte": 100 } }), vec![7]),
        (json!({ "ratio": { "gt": -1e308 } }), vec![1, 2]),
        (json!({ "ratio": { "lt": 1e308 } }), vec![1, 2]),
        (json!({ "amount": { "gt": "0" } }), vec![1, 2]),
        (json!({ "day": { "gte": "0001-01-01" } }), vec![1, 2, 7]),
        (json!({ "day": { "lt": "9999-12-31" } }), vec![1, 2]),
        (json!({ "at": { "gte": "1970-01-01T00:00:00Z" } }), vec![1, 2, 7]),
        (json!({ "at": { "lte": "1970-01-01T00:00:00Z" } }), vec![1]),
    ] {
        assert_eq!(found(&site, filter.clone()).await, expected, "{filter}");
    }
}
