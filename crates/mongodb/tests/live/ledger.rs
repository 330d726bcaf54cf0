//! A write with a claim happens once, alone and in company.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use beds_core::{
    Error, Outcome,
    plan::{self, Action, Bounds, Claim, Plan},
    spec::{Domain, Field, Generated, Type, mongodb as objects},
    value::Value,
};
use beds_devstack::Stack;
use beds_mongodb::{Database, MongoDb};
use beds_protocol::ErrorCode;
use futures_util::future::join_all;
use mongodb::{
    IndexModel,
    bson::{Binary, Bson, DateTime, Document, doc, spec::BinarySubtype},
    options::IndexOptions,
};
use serde_json::json;

use crate::site::Site;

static FIELDS: [Field; 3] = [
    Field::new("id", "_id", Type::ObjectId).generated(Generated::Database),
    Field::new("number", "n", Type::INT),
    Field::new("version", "v", Type::INT),
];

/// No value of its records is unique but their generated `_id`.
static ENTRY: Domain =
    Domain::new("entry", "", "0000000000000000").fields(&FIELDS).key(&[0]).version(2).mongodb(
        "entry",
        objects::Objects {
            read: Some(objects::Source::collection("entry")),
            create: Some("entry"),
            update: Some("entry"),
            upsert: None,
            delete: Some("entry"),
        },
    );

/// A database with a ledger, and the adapter on it.
pub(crate) struct Once {
    pub(crate) site: Site,
    database: Database,
}

impl Once {
    pub(crate) async fn new(name: &str, connections: u32) -> Self {
        let once = Self::bare(name, connections).await;
        once.create_ledger().await;
        once
    }

    /// The same without a ledger.
    async fn bare(name: &str, connections: u32) -> Self {
        Self::at(Site::new(name).await, name, connections).await
    }

    async fn at(site: Site, name: &str, connections: u32) -> Self {
        site.mongo.create_collection("entry").await.unwrap();
        let config = json!({
            "url": site.url, "connections": connections, "transactions": connections.min(2),
            "connect_timeout_ms": 5_000,
        });
        let config: MongoDb = serde_json::from_value(config).unwrap();
        Self { database: Database::open(name, &config, beds_core::settings::Room::default()), site }
    }

    async fn create_ledger(&self) {
        self.site.mongo.create_collection("beds_ledger").await.unwrap();
        self.index("beds_ledger", doc! { "at": 1 }, false).await;
    }

    pub(crate) async fn index(&self, collection: &str, keys: Document, unique: bool) {
        let options = IndexOptions::builder().unique(unique).build();
        let index = IndexModel::builder().keys(keys).options(options).build();
        self.site.mongo.collection::<Document>(collection).create_index(index).await.unwrap();
    }

    pub(crate) async fn run(&self, action: Action, claim: Claim) -> Result<Outcome, Error> {
        self.done(Plan { claim: Some(claim), ..Plan::new(&ENTRY, action) }).await
    }

    /// The same without a claim.
    pub(crate) async fn plain(&self, action: Action) -> Result<Outcome, Error> {
        self.done(Plan::new(&ENTRY, action)).await
    }

    async fn done(&self, plan: Plan) -> Result<Outcome, Error> {
        let bounds = Bounds::new(Instant::now() + Duration::from_mins(1), 1_000_000);
        self.database.run(plan, bounds).await
    }

    pub(crate) async fn count(&self, collection: &str) -> u64 {
        self.site.mongo.collection::<Document>(collection).count_documents(doc! {}).await.unwrap()
    }
}

pub(crate) fn claim(id: &str, digest: u8) -> Claim {
    Claim { user: "guest".into(), message_id: id.into(), step: 0, digest: [digest; 32] }
}

fn entries(numbers: &[i64]) -> Action {
    let record = |number: &i64| vec![Value::Null, Value::Int(*number), Value::Int(1)];
    let records = numbers.iter().map(record).collect();
    Action::Write(plan::Write::Create { records, many: numbers.len() > 1 })
}

pub(crate) fn entry(number: i64) -> Action {
    entries(&[number])
}

pub(crate) fn text(outcome: Result<Outcome, Error>) -> String {
    String::from_utf8(outcome.unwrap().encode()).unwrap()
}

/// The key in a reply to a `create`.
fn key(reply: &str) -> Vec<Value> {
    let reply: serde_json::Value = serde_json::from_str(reply).unwrap();
    let id: mongodb::bson::oid::ObjectId = reply["data"]["id"].as_str().unwrap().parse().unwrap();
    vec![Value::ObjectId(id.bytes())]
}

#[tokio::test]
async fn a_duplicate_gets_the_first_reply() {
    let once = Once::new("duplicates", 4).await;
    let first = text(once.run(entry(1), claim("a", 1)).await);
    assert_eq!(text(once.run(entry(1), claim("a", 1)).await), first);
    let error = once.run(entry(2), claim("a", 2)).await.unwrap_err();
    assert_eq!((error.code, error.retryable), (ErrorCode::Conflict, false), "{error}");
    assert_ne!(text(once.run(entry(1), claim("b", 1)).await), first);
    assert_eq!(once.count("entry").await, 2);

    let update = || {
        let changes = vec![(1, Value::Int(7))];
        Action::Write(plan::Write::Update { key: key(&first), changes, if_version: Some(1) })
    };
    let changed = text(once.run(update(), claim("c", 1)).await);
    assert!(changed.contains(r#""version":2"#), "{changed}");
    assert_eq!(text(once.run(update(), claim("c", 1)).await), changed);
    let delete = || Action::Write(plan::Write::Delete { key: key(&first), if_version: Some(2) });
    let deleted = text(once.run(delete(), claim("d", 1)).await);
    assert_eq!(text(once.run(delete(), claim("d", 1)).await), deleted);
    assert_eq!(once.count("entry").await, 1);

    let several = text(once.run(entries(&[3, 4, 5]), claim("e", 1)).await);
    assert_eq!(text(once.run(entries(&[3, 4, 5]), claim("e", 1)).await), several);
    assert_eq!(once.count("entry").await, 4);
}

/// Whoever changes a stored reply does not have the write done again, nor told as done otherwise than it was.
#[tokio::test]
async fn a_reply_that_cannot_be_read_is_told() {
    let once = Once::new("unreadable", 4).await;
    once.run(entry(1), claim("a", 1)).await.unwrap();
    let ledger = once.site.mongo.collection::<Document>("beds_ledger");
    for reply in ["", "[1]", "{\"ok\":tr", "{\"ok\":false,\"error\":{}}", "{\"data\":1}"] {
        let reply = Binary { subtype: BinarySubtype::Generic, bytes: reply.into() };
        ledger.update_one(doc! {}, doc! { "$set": { "reply": reply } }).await.unwrap();
        let error = once.run(entry(1), claim("a", 1)).await.unwrap_err();
        assert_eq!((error.code, error.retryable), (ErrorCode::Internal, false), "{error}");
        assert!(error.message.contains("its stored reply cannot be read"), "{error}");
    }
    assert_eq!(once.count("entry").await, 1);
}

/// Each of them is another claim, whatever a client writes into it.
#[tokio::test]
async fn claims_are_told_apart_byte_by_byte() {
    let once = Once::new("apart", 4).await;
    let claims = [
        ("guest", "a", 0),
        ("guest", "A", 0),
        ("guest", "a ", 0),
        ("guest", "a", 1),
        ("Guest", "a", 0),
        ("", "a", 0),
        ("guest", "", 0),
        ("guest", "\u{e4}", 0),
        ("guest", "a\u{308}", 0),
        ("guest", "a\0", 0),
        ("guest", "$a", 0),
        ("guest", r#"{"$gt":""}"#, 0),
    ];
    let mut replies = Vec::new();
    for (number, (user, message_id, step)) in claims.into_iter().enumerate() {
        let claim = Claim { user: user.into(), message_id: message_id.into(), step, digest: [1; 32] };
        let reply = text(once.run(entry(number.try_into().unwrap()), claim.clone()).await);
        assert_eq!(text(once.run(entry(99), claim).await), reply);
        replies.push(reply);
    }
    replies.sort();
    replies.dedup();
    assert_eq!((replies.len(), once.count("beds_ledger").await), (claims.len(), 12));
}

#[tokio::test]
async fn a_refused_write_leaves_no_claim() {
    let once = Once::new("unclaimed", 4).await;
    once.index("entry", doc! { "n": 1 }, true).await;
    once.plain(entry(1)).await.unwrap();
    let error = once.run(entry(1), claim("a", 1)).await.unwrap_err();
    assert_eq!(error.details[0].field, "number", "{error}");
    let missing =
        Action::Write(plan::Write::Delete { key: vec![Value::ObjectId([1; 12])], if_version: None });
    let error = once.run(missing, claim("a", 1)).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::NotFound);
    assert_eq!(once.count("beds_ledger").await, 0);
    once.run(entry(2), claim("a", 1)).await.unwrap();
    once.run(entry(2), claim("a", 1)).await.unwrap();
    assert_eq!(once.count("entry").await, 2);
}

/// Ten duplicates of each of thirty writes, all at the same time.
#[tokio::test(flavor = "multi_thread")]
async fn duplicates_at_the_same_time_are_done_once() {
    let once = Arc::new(Once::new("at_once", 4).await);
    let requests = (0..300_i64).map(|turn| {
        let (once, number) = (Arc::clone(&once), turn % 30);
        tokio::spawn(async move {
            // What asks again, as a client does that is told to.
            loop {
                match once.run(entry(number), claim(&number.to_string(), 1)).await {
                    Err(error) if error.retryable => {}
                    outcome => return (number, text(outcome)),
                }
            }
        })
    });
    let mut replies: Vec<_> = join_all(requests).await.into_iter().map(Result::unwrap).collect();
    replies.sort();
    replies.dedup();
    assert_eq!(replies.len(), 30, "all duplicates of a write get the same reply");
    assert_eq!((once.count("entry").await, once.count("beds_ledger").await), (30, 30));
}

/// Changes of one record conflict with each other, in one transaction as in several.
#[tokio::test(flavor = "multi_thread")]
async fn changes_of_one_record_are_all_done() {
    let once = Arc::new(Once::new("hot", 4).await);
    let record = key(&text(once.run(entry(1), claim("first", 1)).await));
    let requests = (0..40).map(|number| {
        let (once, key) = (Arc::clone(&once), record.clone());
        tokio::spawn(async move {
            let changes = vec![(1, Value::Int(number))];
            let update = plan::Write::Update { key, changes, if_version: None };
            once.run(Action::Write(update), claim(&number.to_string(), 1)).await
        })
    });
    let mut versions: Vec<String> =
        join_all(requests).await.into_iter().map(|done| text(done.unwrap())).collect();
    versions.sort();
    versions.dedup();
    assert_eq!(versions.len(), 40, "each change has a version of its own");
}

#[tokio::test]
async fn a_database_that_never_had_a_ledger_does_writes_at_least_once_and_says_so() {
    let once = Once::bare("never", 1).await;
    for numbers in [[1].as_slice(), &[2, 3]] {
        let reply = text(once.run(entries(numbers), claim("a", 1)).await);
        assert!(reply.contains("at least once"), "{reply}");
    }
    assert!(!text(once.plain(entry(4)).await).contains("note"));
    assert_eq!(once.count("entry").await, 4);
    let names = once.site.mongo.list_collection_names().await.unwrap();
    assert!(!names.contains(&"beds_ledger".to_owned()), "{names:?}");
    once.create_ledger().await;
    // It is looked for now and then.
    let mut number = 5;
    while text(once.run(entry(number), claim(&number.to_string(), 1)).await).contains("note") {
        number += 1;
    }
    assert_eq!(once.count("beds_ledger").await, 1);
}

#[tokio::test]
async fn a_ledger_that_is_gone_is_not_made_anew() {
    let once = Once::new("gone", 1).await;
    once.run(entry(1), claim("1", 1)).await.unwrap();
    let ledger = once.site.mongo.collection::<Document>("beds_ledger");
    ledger.drop().await.unwrap();
    let mut number = 2;
    let error = loop {
        match once.run(entry(number), claim(&number.to_string(), 1)).await {
            // Until it is looked for again.
            Ok(_) => number += 1,
            Err(error) => break error,
        }
    };
    assert_eq!((error.code, error.retryable), (ErrorCode::Internal, false), "{error}");
    assert!(error.hint.unwrap().contains("bedsc ddl --ledger"));
    once.plain(entry(number)).await.unwrap();
    ledger.drop().await.unwrap();
    once.create_ledger().await;
    // It is served again as soon as it is seen.
    while once.run(entry(number), claim("last", 1)).await.is_err() {}
    assert_eq!(once.count("beds_ledger").await, 1);
}

/// What is wrong with a ledger that is there is told, whatever the server says of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_is_amiss_is_told_with_what_is_wrong() {
    let capped = doc! { "create": "beds_ledger", "capped": true, "size": 100_000 };
    let view = doc! { "create": "beds_ledger", "viewOn": "entry", "pipeline": [] };
    let collated = doc! { "create": "beds_ledger", "collation": { "locale": "en", "strength": 2 } };
    let plain = doc! { "create": "beds_ledger" };
    for (name, create, foreign, [first, second], said) in [
        ("amiss_capped", capped, false, ["", "1"], "it is a capped collection"),
        ("amiss_view", view, false, ["", "1"], "it is a view"),
        ("amiss_collated", collated, false, ["a", "A"], "the collation `en`"),
        ("amiss_unique", plain, true, ["1", "2"], "its unique index `digest_1` over `digest`"),
    ] {
        let once = Once::bare(name, 2).await;
        let is_view = create.contains_key("viewOn");
        once.site.mongo.run_command(create).await.unwrap();
        if !is_view {
            once.index("beds_ledger", doc! { "at": 1 }, false).await;
        }
        if foreign {
            once.index("beds_ledger", doc! { "digest": 1 }, true).await;
        }
        if !first.is_empty() {
            once.run(entry(1), claim(first, 1)).await.unwrap();
        }
        let done = once.count("entry").await;
        let mut told = 0;
        for number in 2..4 {
            // By itself, and in a transaction of several statements.
            let numbers: Vec<i64> = (0..number).collect();
            let error = match once.run(entries(&numbers[1..]), claim(second, 1)).await {
                // The stand-in keeps keys byte by byte in spite of a collation.
                Ok(_) if name == "amiss_collated" => break,
                outcome => outcome.expect_err(name),
            };
            assert_eq!((error.code, error.retryable), (ErrorCode::Internal, false), "{name}: {error}");
            assert!(error.message.contains(said) && error.message.contains("`beds_ledger`"), "{error}");
            let hint = error.hint.unwrap();
            assert!(hint.contains("bedsc ddl --ledger") && hint.contains("beds verify"), "{hint}");
            told += 1;
        }
        assert!(told == 0 || once.count("entry").await == done, "{name}");
    }
}

#[tokio::test]
async fn without_transactions_no_write_is_done_once() {
    let stack = || Stack::builder().standalone_mongodb().ignore_environment().start().unwrap();
    let stack = tokio::task::spawn_blocking(stack).await.unwrap();
    let once = Once::at(Site::at("alone", &stack.mongodb_url()).await, "alone", 2).await;
    // Whether there is a ledger makes no difference.
    for round in 0..2 {
        for numbers in [[1].as_slice(), &[2, 3]] {
            let error = once.run(entries(numbers), claim("a", 1)).await.unwrap_err();
            assert_eq!((error.code, error.retryable), (ErrorCode::Internal, false), "{error}");
            let hint = error.hint.unwrap();
            assert!(hint.contains("replica set") && hint.contains("once = false"), "{hint}");
        }
        once.plain(entry(round)).await.unwrap();
        if round == 0 {
            once.create_ledger().await;
        }
    }
    assert_eq!((once.count("entry").await, once.count("beds_ledger").await), (2, 0));
}

/// The server dies again and again in the middle of writes. As soon as it answers again, it tells what became of them.
#[tokio::test(flavor = "multi_thread")]
async fn what_became_of_a_write_is_found_out() {
    let start = || Stack::builder().mongodb().ignore_environment().start().unwrap();
    let stack = Arc::new(tokio::task::spawn_blocking(start).await.unwrap());
    let once = Once::at(Site::at("killed", &stack.mongodb_url()).await, "killed", 4).await;
    once.create_ledger().await;
    let once = Arc::new(once);
    let writers = (0..20).map(|writer| {
        let once = Arc::clone(&once);
        tokio::spawn(async move {
            for turn in 0..10 {
                let id = format!("{writer}-{turn}");
                loop {
                    match once.run(entry(turn), claim(&id, 1)).await {
                        Ok(_) => break,
                        Err(error) => assert!(error.retryable, "{error}"),
                    }
                }
            }
        })
    });
    let writers: Vec<_> = writers.collect();
    let is_going = || writers.iter().any(|writer| !writer.is_finished());
    let mut kills = 0;
    while is_going() && kills < 3 {
        // As soon as some more are done.
        let done = once.count("entry").await;
        while is_going() && once.count("entry").await < done + 20 {}
        let stack = Arc::clone(&stack);
        let again = move || {
            stack.mongodb().kill().unwrap();
            stack.mongodb().start().unwrap();
        };
        tokio::task::spawn_blocking(again).await.unwrap();
        kills += 1;
    }
    for writer in writers {
        writer.await.unwrap();
    }
    assert!(kills > 1, "it died {kills} times");
    assert_eq!((once.count("entry").await, once.count("beds_ledger").await), (200, 200));
}

#[tokio::test]
async fn a_purge_forgets_what_is_old() {
    let once = Once::new("purged", 2).await;
    let day = Duration::from_hours(24);
    let digest = Binary { subtype: BinarySubtype::Generic, bytes: vec![0; 32] };
    let old = DateTime::from_system_time(SystemTime::now() - 2 * day);
    let documents = (0..1_200).map(|number| {
        doc! { "_id": format!("5:guest:{number}:0"), "digest": Bson::Binary(digest.clone()), "at": old }
    });
    once.site.mongo.collection::<Document>("beds_ledger").insert_many(documents).await.unwrap();
    once.run(entry(1), claim("new", 1)).await.unwrap();
    assert_eq!(once.database.purge(SystemTime::now() - day).await.unwrap(), 1_200);
    assert_eq!(once.database.purge(SystemTime::now() - day).await.unwrap(), 0);
    let first = once.count("entry").await;
    once.run(entry(1), claim("new", 1)).await.unwrap();
    assert_eq!((once.count("entry").await, once.count("beds_ledger").await), (first, 1));
}
