//! Values that the database holds in several forms: each is found by what it is shown as, and of several records that are
//! shown with one key none is changed.

use std::cmp::Ordering;

use beds_core::{
    Error,
    spec::{Domain, Field, Type, mongodb as objects},
};
use beds_protocol::{ErrorCode, value::Decimal};
use mongodb::bson::{Bson, DateTime, Document, doc};
use serde_json::{Value as Json, json};

use crate::site::Site;

static FIELDS: [Field; 4] = [
    Field::new("id", "_id", Type::decimal(34, 4, None, None)),
    Field::new("rev", "rev", Type::INT),
    Field::new("n", "n", Type::INT).nullable(),
    Field::new("v", "v", Type::decimal(34, 4, None, None)).nullable(),
];
static DAYS: [Field; 3] = [
    Field::new("id", "_id", Type::Date),
    Field::new("rev", "rev", Type::INT),
    Field::new("n", "n", Type::INT).nullable(),
];
static VALUES: [Field; 3] = [
    Field::new("id", "v", Type::decimal(34, 4, None, None)),
    Field::new("rev", "rev", Type::INT),
    Field::new("n", "n", Type::INT).nullable(),
];
static TWICE: [Field; 2] =
    [Field::new("name", "name", Type::string(0, 40)), Field::new("n", "n", Type::INT).nullable()];

const OBJECTS: objects::Objects = objects::Objects {
    read: Some(objects::Source::collection("form")),
    create: Some("form"),
    update: Some("form"),
    upsert: Some("form"),
    delete: Some("form"),
};

const fn domain(fields: &'static [Field]) -> Domain {
    Domain::new("form", "", "0000000000000000")
        .fields(fields)
        .key(&[0])
        .updates_many(100)
        .mongodb("form", OBJECTS)
}

static NUMBER: Domain = domain(&FIELDS).version(1).fetch(&[0, 2, 3], &[0], 50, 500);
/// Its key is not `_id`, of which not every server tells a double from a decimal number.
static VALUED: Domain = domain(&VALUES).version(1).fetch(&[0, 2], &[0], 50, 500);
static DAY: Domain = domain(&DAYS).version(1).fetch(&[0, 2], &[0], 50, 500);
/// Its key is a member that no index keeps apart.
static NAMED: Domain = domain(&TWICE).fetch(&[0, 1], &[0], 50, 500);

const TWO_TO_THE_53RD: f64 = 9_007_199_254_740_992.0;
const TWO_TO_THE_60TH: f64 = 1_152_921_504_606_846_976.0;
const TWO_TO_THE_63RD: f64 = 9_223_372_036_854_775_808.0;

/// Whether an operator holds of how a shown value compares with the one that is asked for.
type Holds = fn(Ordering) -> bool;

fn decimal(text: &str) -> Bson {
    Bson::Decimal128(text.parse().unwrap())
}

async fn insert(site: &Site, documents: Vec<Document>) {
    site.mongo.collection("form").insert_many(documents).await.unwrap();
}

async fn count(site: &Site) -> u64 {
    site.mongo.collection::<Document>("form").count_documents(doc! {}).await.unwrap()
}

fn is_conflict(reply: &Result<Json, Error>) -> bool {
    reply.as_ref().is_err_and(|error| error.code == ErrorCode::Conflict)
}

#[tokio::test]
async fn a_double_is_found_by_what_it_is_shown_as() {
    let site = Site::new("doubles").await;
    let values = [
        TWO_TO_THE_53RD.into(),
        9_007_199_254_740_993_i64.into(),
        TWO_TO_THE_60TH.into(),
        1_152_921_504_606_846_976_i64.into(),
        decimal("1152921504606847000"),
        TWO_TO_THE_63RD.into(),
        i64::MAX.into(),
        (-TWO_TO_THE_63RD).into(),
        0.1.into(),
        decimal("0.1"),
        decimal("0.1000000000000000055511151231257827"),
        12.5.into(),
        decimal("12.50"),
    ];
    insert(&site, (1..).zip(values).map(|(id, v): (i32, Bson)| doc! { "_id": id, "v": v }).collect()).await;
    let page = site.fetch(&NUMBER, json!({ "fields": ["id", "v"] })).await;
    let shown: Vec<(Json, Decimal)> = page["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|record| (record["id"].clone(), record["v"].as_str().unwrap().parse().unwrap()))
        .collect();
    let mut asked: Vec<String> = shown.iter().map(|(_, value)| value.to_string()).collect();
    asked.extend(
        [
            "0.10000000000000000001",
            "0.09999999999999999999",
            "9007199254740992.5",
            "9007199254740994",
            "1152921504606846990",
            "1152921504606847001",
            "9223372036854775808",
            "9223372036854775900",
            "-9223372036854775808",
            "12.500000000000000001",
        ]
        .map(str::to_owned),
    );
    let operators: [(&str, Holds); 6] = [
        ("eq", Ordering::is_eq),
        ("ne", Ordering::is_ne),
        ("lt", Ordering::is_lt),
        ("lte", Ordering::is_le),
        ("gt", Ordering::is_gt),
        ("gte", Ordering::is_ge),
    ];
    for text in &asked {
        let value: Decimal = text.parse().unwrap();
        let like = |holds: Holds| {
            let alike = shown.iter().filter(|(_, shown)| holds(shown.partial_cmp(&value).unwrap()));
            alike.map(|(id, _)| id.clone()).collect::<Vec<_>>()
        };
        let found = async |filter: Json| {
            let page = site.fetch(&NUMBER, json!({ "where": { "v": filter }, "fields": ["id"] })).await;
            let records = page["data"].as_array().unwrap().iter();
            records.map(|record| record["id"].clone()).collect::<Vec<_>>()
        };
        for (operator, holds) in operators {
            assert_eq!(found(json!({ operator: text })).await, like(holds), "{operator} {text}");
        }
        assert_eq!(found(json!({ "in": [text] })).await, like(Ordering::is_eq), "in {text}");
    }
    let filter = json!({ "v": { "in": asked } });
    let page = site.fetch(&NUMBER, json!({ "where": filter, "fields": ["id"] })).await;
    assert_eq!(page["data"].as_array().unwrap().len(), shown.len());
}

#[tokio::test]
async fn a_key_finds_no_double_that_is_shown_otherwise() {
    let site = Site::new("double_keys").await;
    insert(
        &site,
        vec![doc! { "_id": 0.1 }, doc! { "_id": TWO_TO_THE_53RD }, doc! { "_id": TWO_TO_THE_63RD }],
    )
    .await;
    for key in ["0.10000000000000000001", "9007199254740993", "9223372036854775808"] {
        let change = json!({ "key": key, "data": { "n": 1 } });
        for reply in [
            site.try_fetch(&NUMBER, json!({ "key": key })).await,
            site.update(&NUMBER, change).await,
            site.delete(&NUMBER, json!({ "key": key })).await,
        ] {
            assert_eq!(reply.unwrap_err().code, ErrorCode::NotFound, "{key}");
        }
    }
    for key in ["0.1", "9007199254740992", "9223372036854776000"] {
        site.fetch(&NUMBER, json!({ "key": key })).await;
        site.update(&NUMBER, json!({ "key": key, "data": { "n": 1 } })).await.unwrap();
        site.upsert(&NUMBER, json!({ "id": key, "n": 2 })).await.unwrap();
    }
    assert_eq!(count(&site).await, 3);
    site.upsert(&NUMBER, json!({ "id": "9007199254740993", "n": 2 })).await.unwrap();
    assert_eq!(count(&site).await, 4);
    for key in ["0.1", "9007199254740993", "9007199254740992", "9223372036854776000"] {
        site.delete(&NUMBER, json!({ "key": key })).await.unwrap();
    }
    assert_eq!(count(&site).await, 0);
}

#[tokio::test]
async fn of_records_that_are_shown_with_one_key_none_is_changed() {
    let site = Site::new("shared_keys").await;
    let midnight = DateTime::from_millis(1_577_836_800_000);
    let morning = DateTime::from_millis(1_577_836_800_000 + 5 * 3_600_000);
    insert(
        &site,
        vec![
            doc! { "v": 0.1, "n": 1 },
            doc! { "v": decimal("0.1000"), "n": 1 },
            doc! { "_id": midnight, "n": 1 },
            doc! { "_id": morning, "n": 1 },
            doc! { "_id": "2020-01-01", "n": 1 },
            doc! { "v": 2.7 },
            doc! { "_id": DateTime::from_millis(0) },
        ],
    )
    .await;
    for (domain, shared, taken) in [(&VALUED, "0.1", "2.7"), (&DAY, "2020-01-01", "1970-01-01")] {
        for body in [
            json!({ "key": shared, "data": { "n": 2 } }),
            json!({ "key": shared, "data": { "n": 2 }, "if_version": 1 }),
        ] {
            assert!(is_conflict(&site.update(domain, body).await));
        }
        assert!(is_conflict(&site.upsert(domain, json!({ "id": shared, "n": 2 })).await));
        assert!(is_conflict(&site.upsert(domain, json!([{ "id": shared, "n": 2 }])).await));
        assert!(is_conflict(&site.delete(domain, json!({ "key": shared })).await));
        let error = site.create(domain, json!({ "id": taken, "n": 2 })).await.unwrap_err();
        assert_eq!((error.code, &*error.details[0].field), (ErrorCode::Conflict, "id"));
        let free = if taken == "2.7" { "2.8" } else { "1970-01-02" };
        let both = json!([{ "id": free, "n": 2 }, { "id": taken, "n": 2 }]);
        let error = site.create(domain, both).await.unwrap_err();
        assert_eq!((error.code, &*error.details[0].field), (ErrorCode::Conflict, "data[1].id"));
        // One alone is changed, in whatever form it is.
        site.update(domain, json!({ "key": taken, "data": { "n": 3 } })).await.unwrap();
        site.upsert(domain, json!({ "id": taken, "n": 4 })).await.unwrap();
        let reply = site.update(domain, json!({ "key": taken, "data": { "n": 5 }, "if_version": 1 })).await;
        assert_eq!(reply.unwrap_err().code, ErrorCode::VersionMismatch);
        let reply = site.update(domain, json!({ "key": "1", "data": { "n": 5 } })).await;
        assert!(reply.is_err());
        site.delete(domain, json!({ "key": taken })).await.unwrap();
    }
    assert_eq!(count(&site).await, 5);
    let unchanged = site.mongo.collection::<Document>("form").count_documents(doc! { "n": 1 }).await.unwrap();
    assert_eq!(unchanged, 5);
}

#[tokio::test]
async fn a_write_by_filter_changes_nothing_that_does_not_match() {
    let site = Site::new("shared_names").await;
    insert(
        &site,
        vec![doc! { "name": "a", "n": 1 }, doc! { "name": "a", "n": 2 }, doc! { "name": "b", "n": 1 }],
    )
    .await;
    let filter = json!({ "n": 1 });
    assert!(is_conflict(&site.update(&NAMED, json!({ "where": filter, "data": { "n": 3 } })).await));
    let all = json!({ "name": { "in": ["a", "b"] } });
    let reply = site.update(&NAMED, json!({ "where": all, "data": { "n": 3 } })).await.unwrap();
    assert_eq!(reply["count"], 3);
}

#[tokio::test]
async fn an_upsert_counts_from_1_where_the_version_is_none() {
    let site = Site::new("upserted_versions").await;
    let versions = [Bson::Null, "x".into(), Bson::Array(vec![7.into()]), 7.into()];
    let documents = (1..).zip(versions).map(|(id, rev): (i32, Bson)| doc! { "_id": id, "rev": rev });
    insert(&site, documents.chain([doc! { "_id": 5 }]).collect()).await;
    for (id, rev) in [(1, 1), (2, 1), (3, 1), (4, 8), (5, 1), (6, 1)] {
        let reply = site.upsert(&NUMBER, json!({ "id": id.to_string(), "n": 2 })).await.unwrap();
        assert_eq!(reply["data"]["rev"], rev, "{id}");
    }
    insert(&site, vec![doc! { "_id": 7, "rev": Bson::Null }, doc! { "_id": 8, "rev": 2 }]).await;
    let records = json!([{ "id": "7", "n": 1 }, { "id": "8", "n": 1 }, { "id": "9", "n": 1 }]);
    let reply = site.upsert(&NUMBER, records).await.unwrap();
    let revs: Vec<_> = reply["data"].as_array().unwrap().iter().map(|record| record["rev"].clone()).collect();
    assert_eq!(revs, [json!(1), json!(3), json!(1)]);
}
