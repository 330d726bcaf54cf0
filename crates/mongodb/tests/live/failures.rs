//! What a server refuses, in the client's terms; and that nothing of it stays.

use beds_core::{
    operation,
    settings::Limits,
    spec::{Domain, Field, Type, mongodb as objects},
};
use beds_protocol::ErrorCode;
use futures_util::TryStreamExt as _;
use mongodb::{
    IndexModel,
    bson::{Document, doc},
    options::IndexOptions,
};
use serde_json::{Value as Json, json};

use crate::site::{Site, context};

static MEMBERS: [Field; 1] = [Field::new("street", "st", Type::string(0, 40)).nullable()];

static FIELDS: [Field; 5] = [
    Field::new("id", "_id", Type::INT),
    Field::new("order_id", "ord", Type::INT).nullable(),
    Field::new("line", "line", Type::string(0, 80)).nullable(),
    Field::new("stock", "stock", Type::INT).nullable(),
    Field::new("place", "place", Type::object(&MEMBERS)).nullable(),
];

static LINE: Domain = Domain::new("line", "", "0000000000000000").fields(&FIELDS).key(&[0]).mongodb(
    "line",
    objects::Objects {
        read: Some(objects::Source::collection("line")),
        create: Some("line"),
        update: Some("line"),
        upsert: None,
        delete: None,
    },
);

/// A collection with a validator and unique indexes whose names tell nothing.
async fn site(name: &str) -> Site {
    let site = Site::new(name).await;
    let validator = doc! { "$jsonSchema": { "bsonType": "object", "properties": {
        "stock": { "bsonType": ["int", "long"], "minimum": 0 },
        "place": { "bsonType": "object", "required": ["st"] },
    } } };
    site.mongo.create_collection("line").validator(validator).await.unwrap();
    for (name, keys) in [("uq", doc! { "ord": 1, "line": 1 }), ("other_line", doc! { "place.st": 1 })] {
        // An index on what most records lack would take them for duplicates.
        let only: Document = keys.keys().map(|key| (key.clone(), doc! { "$exists": true }.into())).collect();
        let options = IndexOptions::builder()
            .unique(true)
            .name(name.to_owned())
            .partial_filter_expression(only)
            .build();
        let index = IndexModel::builder().keys(keys).options(options).build();
        site.mongo.collection::<Document>("line").create_index(index).await.unwrap();
    }
    site
}

async fn count(site: &Site) -> u64 {
    site.mongo.collection::<Document>("line").count_documents(doc! {}).await.unwrap()
}

/// Code and fields of an error.
fn told(error: &beds_core::Error) -> (ErrorCode, Vec<&str>) {
    (error.code, error.details.iter().map(|detail| detail.field.as_str()).collect())
}

#[tokio::test]
async fn a_conflict_names_all_fields_of_the_index() {
    let site = site("conflicts").await;
    let record = |id: i64, order: i64, line: &str| json!({ "id": id, "order_id": order, "line": line });
    site.create(&LINE, record(1, 1, "a")).await.unwrap();
    site.create(&LINE, record(2, 2, "a, ord: 1")).await.unwrap();
    let refused = async |data: Json| site.create(&LINE, data).await.unwrap_err();
    assert_eq!(told(&refused(record(3, 1, "a")).await), (ErrorCode::Conflict, vec!["order_id", "line"]));
    assert_eq!(
        told(&refused(record(3, 2, "a, ord: 1")).await),
        (ErrorCode::Conflict, vec!["order_id", "line"])
    );
    assert_eq!(told(&refused(record(1, 9, "x")).await), (ErrorCode::Conflict, vec!["id"]));
    let several = refused(json!([record(3, 3, "c"), record(4, 1, "a")])).await;
    assert_eq!(told(&several), (ErrorCode::Conflict, vec!["data[1].order_id", "data[1].line"]));
    let update = site.update(&LINE, json!({ "key": 2, "data": { "order_id": 1, "line": "a" } })).await;
    assert_eq!(told(&update.unwrap_err()), (ErrorCode::Conflict, vec!["order_id", "line"]));
    let in_street = |id: i64| json!({ "id": id, "place": { "street": "x" } });
    site.create(&LINE, in_street(5)).await.unwrap();
    assert_eq!(refused(in_street(6)).await.code, ErrorCode::Conflict);
    assert_eq!(count(&site).await, 3);
}

#[tokio::test]
async fn a_validator_tells_which_field_and_what_it_asks_for() {
    let site = site("validated").await;
    let refused = site.create(&LINE, json!({ "id": 1, "stock": -1, "place": {} })).await.unwrap_err();
    assert_eq!(told(&refused), (ErrorCode::RejectedByDatabase, vec!["stock", "place.street"]), "{refused:?}");
    assert!(refused.details[0].reason.contains("minimum"), "{:?}", refused.details);
    assert!(!refused.details[0].reason.contains("-1"), "{:?}", refused.details);
    site.create(&LINE, json!({ "id": 1, "stock": 1 })).await.unwrap();
    let refused = site.update(&LINE, json!({ "key": 1, "data": { "stock": -1 } })).await.unwrap_err();
    assert_eq!(told(&refused), (ErrorCode::RejectedByDatabase, vec!["stock"]));
    let several = json!([{ "id": 2 }, { "id": 3, "stock": -1 }]);
    let refused = site.create(&LINE, several).await.unwrap_err();
    assert_eq!(told(&refused), (ErrorCode::RejectedByDatabase, vec!["data[1].stock"]));
    assert_eq!(count(&site).await, 1, "all or nothing");
}

#[tokio::test]
async fn nothing_of_a_refused_transaction_stays() {
    let site = site("refused").await;
    for round in 0..5 {
        let several = json!([{ "id": 10 + round }, { "id": 20, "stock": -1 }]);
        site.create(&LINE, several).await.unwrap_err();
        site.create(&LINE, json!([{ "id": 100 + round }, { "id": 200 + round }])).await.unwrap();
    }
    let found = site.mongo.collection::<Document>("line").find(doc! { "_id": { "$lt": 100 } }).await.unwrap();
    assert_eq!(found.try_collect::<Vec<_>>().await.unwrap(), []);
    assert_eq!(count(&site).await, 10);
}

/// The first request of a node whose database has never been there.
#[tokio::test]
async fn a_database_that_was_never_seen_is_unavailable() {
    for data in [json!({ "id": 1 }), json!([{ "id": 1 }, { "id": 2 }])] {
        // Nothing listens on the discard port.
        let cx = context("absent", "mongodb://127.0.0.1:9/?directConnection=true", Limits::default());
        let body = serde_json::from_value(json!({ "data": data })).unwrap();
        let error = cx.run(operation::create(&cx, &LINE, body)).await.unwrap_err();
        assert_eq!((error.code, error.retryable), (ErrorCode::Unavailable, true), "{error}");
    }
}
