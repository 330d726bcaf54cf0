//! Every mistake of a client has its exact answer, or becomes a dead letter with the reason, and changes nothing in
//! either database.
//!
//! The cases are the text files in this folder; `tests/script/mod.rs` describes their format. They are played one after
//! another, since the contents of the databases are compared around each request.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "clippy.toml allows it in test functions only"
)]

#[path = "../common/mod.rs"]
mod common;
mod hostile;
mod literal;
#[path = "../script/mod.rs"]
mod script;

use common::{
    Site, blocking, root,
    wire::{Wire, consume},
};
use lapin::{
    ExchangeKind,
    options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions},
    types::FieldTable,
};
use mongodb::bson::{Binary, Document, doc, spec::BinarySubtype};
use script::{Case, Guard, Player, finish};
use serde_json::{Value, json};

/// An exchange of the tests, through which any routing key reaches any queue.
const SIDE_DOOR: &str = "test.side_door";
/// A queue that belongs to somebody else.
const FOREIGN: &str = "test.foreign";
const NODE: &str = "bad-input";
const READS: &str = "beds.app_server.r";
const WRITES: &str = "beds.app_server.w";
const TWINS: [&str; 2] = ["sample_row", "sample_document"];
/// The key of a record, for the cases.
const KEY: &str = "00000000-0000-7000-8000-000000000001";

#[tokio::test]
async fn every_mistake_is_answered_and_changes_nothing() {
    let variables = [
        ("BEDS__NODE__NAME", NODE),
        ("BEDS__LIMITS__REQUEST_BYTES_MAX", "100000"),
        ("BEDS__LIMITS__CREATE_RECORDS_MAX", "20"),
        ("BEDS__LIMITS__BATCH_ITEMS_MAX", "20"),
    ];
    let site: &'static Site = blocking(move || &*Box::leak(Box::new(Site::with(&variables)))).await;
    let mongo = mongodb::Client::with_uri_str(site.stack.mongodb_url()).await.unwrap();
    let mut wire = Wire::connect(&site.stack.amqp_url()).await;
    prepare(site, &mut wire, &mongo).await;
    let dead = consume(&wire.channel, "beds.dead").await;
    let mut player = Player::guarded(site, Guard { dead, node: NODE, mongo }).await;
    let before = player.contents().await;

    let mut results = Vec::new();
    for case in Case::all(&root().join("tests/bad_input")) {
        results.push(case.check(&mut player).await);
    }
    for template in TWINS {
        for value in literal::VALUES {
            let stored = literal::stores(&mut player.wire, template, value).await;
            results.push(stored.map_err(|error| format!("{template}: {value:?} as a value: {error}")));
            assert_eq!(player.contents().await, before, "{template}: {value:?} leaves nothing behind");
        }
    }
    finish(&results, "bad_input");
    assert_eq!(player.contents().await, before);
    // No reply went to the wrong queue, and no message became a dead letter by mistake.
    for queue in [FOREIGN, "beds.dead", READS, WRITES] {
        assert_eq!(wire.waiting(queue).await, 0, "{queue}");
    }
    for template in TWINS {
        let count = json!({"where": {"series": "kept"}}).to_string();
        let properties = wire.properties("count");
        let reply = wire.request(&format!("{template}.count"), count.as_bytes(), properties).await;
        assert_eq!(reply.json()["count"], 5, "the node still serves");
    }
    blocking(|| assert!(site.node.is_ready())).await;
}

/// The side door, the foreign queue, and five records of each template.
async fn prepare(site: &'static Site, wire: &mut Wire, mongo: &mongodb::Client) {
    let none = FieldTable::default;
    let options = ExchangeDeclareOptions { auto_delete: true, ..Default::default() };
    wire.channel.exchange_declare(SIDE_DOOR.into(), ExchangeKind::Fanout, options, none()).await.unwrap();
    let bind = QueueBindOptions::default();
    wire.channel.queue_bind(READS.into(), SIDE_DOOR.into(), "".into(), bind, none()).await.unwrap();
    wire.channel.queue_declare(FOREIGN.into(), QueueDeclareOptions::default(), none()).await.unwrap();
    for template in TWINS {
        let record = |number| json!({"code": format!("row-{number}"), "series": "kept", "number": number, "name": "kept"});
        let body = json!({ "data": (0..5).map(record).collect::<Vec<Value>>() }).to_string();
        let properties = wire.properties("seed");
        let reply = wire.request(&format!("{template}.create"), body.as_bytes(), properties).await;
        assert_eq!(reply.json()["ok"], true, "{}", reply.json());
    }
    // One record of each template gets the key that the cases use.
    blocking(move || {
        let sql = format!("update sample set id = '{KEY}' where code = 'row-0'");
        site.stack.mariadb_query(Some("catalog"), &sql).unwrap();
    })
    .await;
    let samples = mongo.database("journal").collection::<Document>("samples");
    let mut document = samples.find_one_and_delete(doc! {"code": "row-0"}).await.unwrap().unwrap();
    let bytes = KEY.parse::<uuid::Uuid>().unwrap().as_bytes().to_vec();
    document.insert("_id", Binary { subtype: BinarySubtype::Uuid, bytes });
    samples.insert_one(document).await.unwrap();
}
