//! Carrying records elsewhere reports the members that the template does not name, and deletes no record with such
//! members.

use beds_core::{
    carry::only_while,
    operation,
    spec::{Domain, Field, Type, mongodb as objects},
    value::Value,
};
use beds_protocol::{DeleteRequest, ErrorCode, Json as Wire};
use mongodb::bson::{Document, doc};
use serde_json::{Value as Json, json};

use crate::site::Site;

static CITY: [Field; 1] = [Field::new("city", "c", Type::string(0, 40))];
static PLACE: Field = Field::new("item", "item", Type::object(&CITY));

static FIELDS: [Field; 4] = [
    Field::new("id", "_id", Type::INT),
    Field::new("name", "n", Type::string(0, 40)).nullable(),
    Field::new("place", "place", Type::object(&CITY)).nullable(),
    Field::new("places", "places", Type::list(&PLACE, 5)).nullable(),
];

const fn domain(name: &'static str, read: objects::Source) -> Domain {
    let objects = objects::Objects {
        read: Some(read),
        create: None,
        update: None,
        upsert: None,
        delete: Some("carried"),
    };
    Domain::new(name, "", "0000000000000000")
        .fields(&FIELDS)
        .key(&[0])
        .fetch(&[], &[0], 50, 500)
        .mongodb("carried", objects)
}

static PLAIN: Domain = domain("plain", objects::Source::collection("carried"));
/// The view shows less than the collection has.
static VIEWED: Domain = domain("viewed", objects::Source::view("v_carried"));

async fn filled(name: &str) -> Site {
    let site = Site::new(name).await;
    let documents = [
        doc! { "_id": 1, "n": "a", "place": { "c": "x" }, "places": [{ "c": "y" }] },
        doc! { "_id": 2, "n": "b", "secret": 1 },
        doc! { "_id": 3, "n": "c", "place": { "c": "x", "floor": 2 } },
        doc! { "_id": 4, "n": "d", "places": [{ "c": "x" }, { "c": "y", "zip": 1 }], "name": "e" },
    ];
    site.mongo.collection::<Document>("carried").insert_many(documents).await.unwrap();
    let pipeline = vec![doc! { "$project": { "n": 1, "place.c": 1 } }];
    let view = doc! { "create": "v_carried", "viewOn": "carried", "pipeline": pipeline };
    site.mongo.run_command(view).await.unwrap();
    site
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reading_that_carries_hears_what_the_template_does_not_name() {
    let site = filled("carried_reads").await;
    let wanted = [
        (2, "`secret`".to_owned()),
        (3, "`place.floor`".to_owned()),
        (4, "`places[1].zip`, `name`".to_owned()),
    ];
    for domain in [&PLAIN, &VIEWED] {
        let told = async |body: Json| {
            let outcome =
                site.carry(|cx| operation::fetch(cx, domain, serde_json::from_value(body).unwrap())).await;
            let outcome = outcome.unwrap();
            let told = outcome.unnamed.iter().map(|unnamed| {
                let key: Json = serde_json::from_slice(&unnamed.key).unwrap();
                (key["id"].as_i64().unwrap(), unnamed.members.listed())
            });
            (told.collect::<Vec<_>>(), String::from_utf8(outcome.encode()).unwrap())
        };
        assert_eq!(told(json!({})).await.0, wanted, "{}", domain.name);
        assert_eq!(told(json!({ "key": 4 })).await.0, wanted[2..], "{}", domain.name);
        let (none, reply) = told(json!({ "key": 1, "fields": ["name"] })).await;
        assert_eq!((none, &*reply), (Vec::new(), r#"{"ok":true,"data":{"name":"a"}}"#));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_with_a_member_that_the_template_does_not_name_is_not_taken_away() {
    let site = filled("carried_deletes").await;
    for id in 1..=4 {
        let request = DeleteRequest { key: Some(Wire::from(id)), ..DeleteRequest::default() };
        let taken = site
            .carry(|cx| only_while(operation::delete(cx, &PLAIN, request)?, &[(0, Value::Int(id))]))
            .await
            .map_err(|error| error.code);
        let is_whole = id == 1;
        assert_eq!(taken.map(drop), if is_whole { Ok(()) } else { Err(ErrorCode::NotFound) }, "{id}");
    }
    let left = site.mongo.collection::<Document>("carried").count_documents(doc! {}).await.unwrap();
    assert_eq!(left, 3);
}
