//! Events are stored in the transaction of their write, in the order of each record, until the relay has published them.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use beds_core::{
    Error, Outcome,
    outbox::{Page, Pending, Stored},
    plan::{self, Action, Bounds, Claim, Invocation, Item, Matching, Plan},
    query::{Condition, Test},
    spec::{Arg, Call, Domain, Field, Returns, Routine, Type, mongodb as objects},
    value::Value,
};
use beds_devstack::Stack;
use beds_mongodb::{Database, MongoDb};
use beds_protocol::{ErrorCode, Lane, Operation};
use futures_util::future::join_all;
use mongodb::{
    IndexModel,
    bson::{Document, doc},
    options::IndexOptions,
};
use serde_json::{Value as Json, json};

use crate::site::Site;

pub(crate) static FIELDS: [Field; 3] = [
    Field::new("id", "_id", Type::string(0, 20)),
    Field::new("n", "number", Type::INT),
    Field::new("revision", "v", Type::INT),
];
static RESET_ARGS: [Arg; 2] = [
    Arg::given(Field::new("secret", "secret", Type::string(0, 20)).sensitive()),
    Arg::given(Field::new("below", "below", Type::INT)),
];
pub(crate) static CALLS: [Call; 1] = [Call {
    name: "reset",
    description: "",
    lane: Lane::Write,
    args: &RESET_ARGS,
    returns: Returns::Nothing,
    routine: Routine::Pipeline {
        on: "item",
        stages: r#"[{ "$match": { "number": { "$lt": { "$arg": "below" } } } }, { "$set": { "number": 0 } },
            { "$merge": { "into": "item" } }]"#,
    },
}];
static ITEM: Domain = Domain::new("item", "", "00112233aabbccdd")
    .fields(&FIELDS)
    .key(&[0])
    .version(2)
    .calls(&CALLS)
    .publishes(
        &[
            Operation::Create,
            Operation::Update,
            Operation::Upsert,
            Operation::Delete,
            Operation::Call("reset"),
        ],
        &[1],
    )
    .mongodb("item", OBJECTS);
pub(crate) const OBJECTS: objects::Objects = objects::Objects {
    read: Some(objects::Source::collection("item")),
    create: Some("item"),
    update: Some("item"),
    upsert: Some("item"),
    delete: Some("item"),
};

/// A database with a ledger and a place for events, and two adapters on it.
pub(crate) struct Shop {
    pub(crate) site: Site,
    databases: [Database; 2],
}

impl Shop {
    pub(crate) async fn new(name: &str) -> Self {
        Self::at(Site::new(name).await, name).await
    }

    async fn at(site: Site, name: &str) -> Self {
        for (collection, index) in [
            ("item", None),
            ("beds_ledger", Some(doc! { "at": 1 })),
            ("beds_events", Some(doc! { "subject": 1, "seq": -1 })),
            ("beds_audit", Some(doc! { "at": 1 })),
        ] {
            site.mongo.create_collection(collection).await.unwrap();
            if let Some(keys) = index {
                let index = IndexModel::builder().keys(keys).build();
                site.mongo.collection::<Document>(collection).create_index(index).await.unwrap();
            }
        }
        let config: MongoDb =
            serde_json::from_value(json!({ "url": site.url, "connect_timeout_ms": 5_000 })).unwrap();
        let databases =
            [(), ()].map(|()| Database::open(name, &config, beds_core::settings::Room::default()));
        Self { site, databases }
    }

    /// As the DBA does.
    async fn create_events(&self) {
        self.site.mongo.create_collection("beds_events").await.unwrap();
        let index = IndexModel::builder().keys(doc! { "subject": 1, "seq": -1 }).build();
        self.site.mongo.collection::<Document>("beds_events").create_index(index).await.unwrap();
    }

    async fn run(&self, node: usize, write: plan::Write, claim: Option<Claim>) -> Result<Outcome, Error> {
        self.run_in(&ITEM, node, write, claim).await
    }

    pub(crate) async fn run_in(
        &self,
        domain: &'static Domain,
        node: usize,
        write: plan::Write,
        claim: Option<Claim>,
    ) -> Result<Outcome, Error> {
        let bounds = Bounds::new(Instant::now() + Duration::from_mins(1), 1_000_000);
        self.databases[node].run(Plan { claim, ..Plan::new(domain, Action::Write(write)) }, bounds).await
    }

    /// Writes until it is done.
    async fn insist(&self, node: usize, id: &str, write: impl Fn() -> plan::Write) {
        loop {
            match self.run(node, write(), Some(claim(id))).await {
                Err(error) if error.retryable => {}
                done => return done.map(drop).unwrap(),
            }
        }
    }

    async fn relay(&self, node: usize) -> Box<dyn Pending> {
        self.databases[node].outbox().take().await.unwrap().unwrap()
    }
}

pub(crate) fn claim(id: &str) -> Claim {
    Claim { user: "guest".into(), message_id: id.into(), step: 0, digest: [1; 32] }
}

pub(crate) fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

pub(crate) fn record(id: &str, n: i64) -> Vec<Value> {
    vec![text(id), Value::Int(n), Value::Int(1)]
}

pub(crate) fn create(id: &str, n: i64) -> plan::Write {
    plan::Write::Create { records: vec![record(id, n)], many: false }
}

pub(crate) fn update(id: &str, n: i64) -> plan::Write {
    plan::Write::Update { key: vec![text(id)], changes: vec![(1, Value::Int(n))], if_version: None }
}

fn bodies(stored: &[Stored]) -> Vec<Json> {
    stored.iter().map(|stored| serde_json::from_str(&stored.event.body).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_change_has_an_event_and_what_is_refused_has_none() {
    let shop = Shop::new("events_each").await;
    shop.run(0, create("a", 1), None).await.unwrap();
    let both = plan::Write::Create { records: vec![record("b", 2), record("c", 3)], many: true };
    shop.run(0, both, Some(claim("1"))).await.unwrap();
    shop.run(0, update("a", 5), Some(claim("2"))).await.unwrap();
    shop.run(0, update("a", 5), Some(claim("2"))).await.unwrap();
    assert_eq!(shop.run(0, update("nosuch", 5), None).await.unwrap_err().code, ErrorCode::NotFound);
    assert_eq!(shop.run(0, create("a", 9), Some(claim("3"))).await.unwrap_err().code, ErrorCode::Conflict);
    let args = vec![text("psst"), Value::Int(4)];
    shop.run(0, plan::Write::Call(Invocation { call: &CALLS[0], args }), None).await.unwrap();
    let gone = plan::Write::Delete { key: vec![text("a")], if_version: None };
    shop.run(0, gone, None).await.unwrap();
    let mut stored = shop.relay(0).await.next(0, 100).await.unwrap().events;
    // Events of different records may have the same number.
    stored.sort_by_key(|stored| stored.event.id);
    let seen: Vec<Json> = bodies(&stored)
        .iter()
        .map(|body| json!([body["operation"], body["key"]["id"], body["version"], body["data"]]))
        .collect();
    assert_eq!(
        seen,
        [
            json!(["create", "a", 1, { "n": 1 }]),
            json!(["create", "b", 1, { "n": 2 }]),
            json!(["create", "c", 1, { "n": 3 }]),
            json!(["update", "a", 2, { "n": 5 }]),
            json!(["call.reset", null, null, { "below": 4 }]),
            json!(["delete", "a", null, {}]),
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn upserts_writes_by_filter_and_the_items_of_a_batch_have_events() {
    let shop = Shop::new("events_many").await;
    let upsert = plan::Write::Upsert { records: vec![record("a", 1), record("b", 2)], many: true };
    shop.run(0, upsert, None).await.unwrap();
    let upsert = plan::Write::Upsert { records: vec![record("a", 3)], many: false };
    shop.run(0, upsert, Some(claim("1"))).await.unwrap();
    let all = || Matching { filter: vec![Condition { field: 0, test: Test::Null(false) }], most: 10 };
    let changes = vec![(1, Value::Int(9))];
    shop.run(0, plan::Write::UpdateMany { matching: all(), changes }, Some(claim("2"))).await.unwrap();
    let batch = |writes: [plan::Write; 2]| {
        plan::Write::All(writes.map(|write| Item::Plan(Plan::new(&ITEM, Action::Write(write)))).into())
    };
    shop.run(0, batch([create("c", 4), update("c", 5)]), Some(claim("3"))).await.unwrap();
    shop.run(0, batch([create("d", 4), create("c", 5)]), Some(claim("4"))).await.unwrap_err();
    shop.run(0, plan::Write::DeleteMany(all()), None).await.unwrap();
    let mut stored = shop.relay(0).await.next(0, 100).await.unwrap().events;
    // Events of different records may have the same number.
    stored.sort_by_key(|stored| stored.event.id);
    let seen: Vec<Json> = bodies(&stored)
        .iter()
        .map(|body| json!([body["operation"], body["key"]["id"], body["version"], body["data"]]))
        .collect();
    assert_eq!(
        seen,
        [
            json!(["upsert", "a", 1, { "n": 1 }]),
            json!(["upsert", "b", 1, { "n": 2 }]),
            json!(["upsert", "a", 2, { "n": 3 }]),
            json!(["update", "a", 3, { "n": 9 }]),
            json!(["update", "b", 2, { "n": 9 }]),
            json!(["create", "c", 1, { "n": 4 }]),
            json!(["update", "c", 2, { "n": 5 }]),
            json!(["delete", "a", null, {}]),
            json!(["delete", "b", null, {}]),
            json!(["delete", "c", null, {}]),
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_numbers_of_a_record_are_in_the_order_of_its_changes() {
    const ROUNDS: i64 = 12;
    let shop = Arc::new(Shop::new("events_order").await);
    let ids = ["a", "b", "c"];
    for id in ids {
        shop.insist(0, id, || create(id, 0)).await;
    }
    let writes = (0..ROUNDS).flat_map(|round| ids.map(|id| (id, round))).map(|(id, round)| {
        let shop = Arc::clone(&shop);
        tokio::spawn(async move {
            let node = usize::try_from(round % 2).unwrap();
            shop.insist(node, &format!("{id}{round}"), || update(id, round)).await;
        })
    });
    for written in join_all(writes).await {
        written.unwrap();
    }
    let stored = shop.relay(0).await.next(0, 1_000).await.unwrap().events;
    for id in ids {
        let of: Vec<_> =
            stored.iter().zip(bodies(&stored)).filter(|(_, body)| body["key"]["id"] == id).collect();
        let versions: Vec<i64> = of.iter().map(|(_, body)| body["version"].as_i64().unwrap()).collect();
        assert_eq!(versions, (1..=ROUNDS + 1).collect::<Vec<_>>(), "{id}");
        assert!(of.windows(2).all(|pair| pair[0].0.number < pair[1].0.number), "{id}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_follows_the_last_one_whatever_the_clock_says() {
    let shop = Shop::new("events_clock").await;
    shop.run(0, create("a", 1), None).await.unwrap();
    // The clock of whoever stored it is a day ahead.
    let later = i64::try_from(std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_micros()).unwrap()
        + 86_400_000_000;
    let events = shop.site.mongo.collection::<Document>("beds_events");
    events.update_one(doc! {}, doc! { "$set": { "seq": later } }).await.unwrap();
    shop.run(1, update("a", 2), None).await.unwrap();
    let stored = shop.relay(0).await.next(0, 100).await.unwrap().events;
    let numbers: Vec<u64> = stored.iter().map(|stored| stored.number).collect();
    let later = u64::try_from(later).unwrap();
    assert_eq!(numbers, [later, later + 1]);
    assert_eq!(bodies(&stored)[1]["operation"], "update");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_event_overtakes_one_that_was_committed_behind_the_pass() {
    let shop = Shop::new("events_behind").await;
    for n in 0..7 {
        shop.run(0, create(&n.to_string(), n), None).await.unwrap();
    }
    let events = shop.site.mongo.collection::<Document>("beds_events");
    let mut relay = shop.relay(0).await;
    let aside = events
        .find_one_and_delete(doc! { "seq": { "$gt": 0 } })
        .sort(doc! { "seq": 1 })
        .await
        .unwrap()
        .unwrap();
    let first = relay.next(0, 4).await.unwrap();
    // It is committed now, and what was created by it is changed.
    events.insert_one(aside).await.unwrap();
    shop.run(0, update("0", 1), None).await.unwrap();
    let second = relay.next(first.next.unwrap(), 4).await.unwrap();
    let keys =
        |page: &Page| bodies(&page.events).iter().map(|body| body["key"]["id"].clone()).collect::<Vec<_>>();
    assert_eq!(
        (keys(&first), keys(&second)),
        (vec![json!("1"), json!("2"), json!("3"), json!("4")], vec![json!("5"), json!("6")])
    );
    let all = relay.next(0, 100).await.unwrap();
    assert_eq!((keys(&all)[0].clone(), keys(&all)[7].clone(), all.next), (json!("0"), json!("0"), None));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_published_is_removed_and_another_relay_takes_over() {
    let shop = Shop::new("events_relay").await;
    let mut relay = shop.relay(0).await;
    let other = shop.databases[1].outbox();
    assert!(other.take().await.unwrap().is_none(), "one relay at a time");
    for n in 0..6 {
        shop.run(0, create(&n.to_string(), n), None).await.unwrap();
    }
    let woken = shop.databases[0].outbox();
    tokio::time::timeout(Duration::from_mins(1), woken.stored()).await.expect("the relay is woken");
    relay.keep().await.unwrap();
    let stored = relay.next(0, 100).await.unwrap().events;
    assert_eq!(stored.len(), 6);
    relay.done(&[&stored[0], &stored[2]]).await.unwrap();
    assert_eq!(relay.next(0, 100).await.unwrap().events.len(), 4);
    drop(relay);
    let mut next = other.take().await.unwrap().expect("the lease is given back");
    assert_eq!(next.next(0, 100).await.unwrap().events.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_whose_event_cannot_be_stored_is_refused() {
    let shop = Shop::new("events_missing").await;
    shop.site.mongo.collection::<Document>("beds_events").drop().await.unwrap();
    let error = shop.run(0, create("a", 1), None).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Internal, "{error}");
    assert!(error.hint.as_deref().is_some_and(|hint| hint.contains("bedsc ddl --ledger")), "{error}");
    assert_eq!(shop.site.mongo.collection::<Document>("item").count_documents(doc! {}).await.unwrap(), 0);
}

/// The names of the collections of a shop.
async fn collections(shop: &Shop) -> Vec<String> {
    shop.site.mongo.list_collection_names().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collection_that_is_gone_while_nodes_run_is_not_made_anew() {
    let shop = Shop::new("events_gone").await;
    shop.run(0, create("first", 1), None).await.unwrap();
    let mut relay = shop.relay(0).await;
    let events = shop.site.mongo.collection::<Document>("beds_events");
    events.drop().await.unwrap();
    let mut number = 0;
    let error = loop {
        number += 1;
        match shop.run(0, create(&format!("{number}"), 1), None).await {
            // Until it is looked for again. What MongoDB makes by itself has no index.
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    assert_eq!((error.code, error.retryable), (ErrorCode::Internal, false), "{error}");
    assert!(error.hint.as_deref().is_some_and(|hint| hint.contains("bedsc ddl --ledger")), "{error}");
    let item = shop.site.mongo.collection::<Document>("item");
    assert_eq!(item.count_documents(doc! {}).await.unwrap(), number, "the refused one is not written");
    events.drop().await.unwrap();
    shop.run(0, create("refused", 1), None).await.unwrap_err();
    let batch = plan::Write::All(vec![Item::Plan(Plan::new(&ITEM, Action::Write(create("x", 1))))]);
    shop.run(0, batch, Some(claim("1"))).await.unwrap_err();
    // The relay waits for it as well.
    let error = loop {
        match relay.keep().await {
            Ok(()) => tokio::task::yield_now().await,
            Err(error) => break error,
        }
    };
    assert!(error.contains("there is no collection `beds_events`"), "{error}");
    drop(relay);
    for node in [0, 1] {
        let error = shop.databases[node].outbox().take().await.err().unwrap();
        assert!(error.contains("there is no collection `beds_events`"), "{error}");
    }
    assert!(!collections(&shop).await.contains(&"beds_events".to_owned()));
    // The DBA makes it, and all goes on.
    shop.create_events().await;
    while shop.run(0, create("last", 1), None).await.is_err() {}
    assert_eq!(shop.relay(1).await.next(0, 100).await.unwrap().events.len(), 1);
}

#[tokio::test]
async fn without_transactions_no_write_with_events_is_done() {
    let stack = || Stack::builder().standalone_mongodb().ignore_environment().start().unwrap();
    let stack = tokio::task::spawn_blocking(stack).await.unwrap();
    let shop = Shop::at(Site::at("events_alone", &stack.mongodb_url()).await, "events_alone").await;
    for write in [create("a", 1), plan::Write::Upsert { records: vec![record("b", 2)], many: false }] {
        let error = shop.run(0, write, None).await.unwrap_err();
        assert_eq!((error.code, error.retryable), (ErrorCode::Internal, false), "{error}");
        assert!(error.hint.as_deref().is_some_and(|hint| hint.contains("replica set")), "{error:?}");
    }
    let item = shop.site.mongo.collection::<Document>("item");
    assert_eq!(item.count_documents(doc! {}).await.unwrap(), 0);
}

#[tokio::test]
async fn a_write_by_filter_that_meets_a_unique_index_names_the_field() {
    let shop = Shop::new("many_unique").await;
    let options = IndexOptions::builder().unique(true).build();
    let index = IndexModel::builder().keys(doc! { "number": 1 }).options(options).build();
    shop.site.mongo.collection::<Document>("item").create_index(index).await.unwrap();
    for (id, number) in [("a", 1), ("b", 2)] {
        shop.run(0, create(id, number), None).await.unwrap();
    }
    let matching = Matching { filter: vec![Condition { field: 0, test: Test::Null(false) }], most: 10 };
    let changes = vec![(1, Value::Int(9))];
    let error = shop.run(0, plan::Write::UpdateMany { matching, changes }, None).await.unwrap_err();
    let fields: Vec<&str> = error.details.iter().map(|detail| detail.field.as_str()).collect();
    assert_eq!((error.code, fields), (ErrorCode::Conflict, vec!["n"]), "{error}");
}

#[tokio::test]
async fn a_dry_run_cannot_be_part_of_an_atomic_batch() {
    let shop = Shop::new("dry").await;
    let dry = Action::Read(plan::Read::Count { filter: Vec::new(), most: Some(10), changes: Vec::new() });
    let batch = plan::Write::All(vec![Item::Plan(Plan::new(&ITEM, dry))]);
    let error = shop.run(0, batch, None).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::BadRequest);
    assert!(error.message.contains("a dry run"), "{error}");
}
