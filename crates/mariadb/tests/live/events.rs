//! Events are stored in the transaction of their write, in the order of each record, until the relay has published them.

use std::{sync::Arc, time::Duration};

use beds_core::{
    Error, Outcome,
    outbox::{Page, Pending, Stored},
    plan::{self, Action, Invocation, Matching},
    query::{Condition, Test},
    spec::{Arg, Call, Domain, Field, Type, mariadb},
    value::Value,
};
use beds_protocol::{ErrorCode, Operation};
use futures_util::future::join_all;
use serde_json::{Value as Json, json};

use crate::odd::{ITEM_FIELDS, ITEMS, Odd, write_call};

static ADD_ARGS: [Arg; 3] = [
    Arg::given(Field::new("id", "id", Type::string(0, 20))),
    Arg::given(Field::new("by", "by", Type::INT)),
    Arg::returned(Field::new("n", "n", Type::INT)),
];
static RESET_ARGS: [Arg; 2] = [
    Arg::given(Field::new("secret", "secret", Type::string(0, 20)).sensitive()),
    Arg::given(Field::new("below", "below", Type::INT)),
];
pub(crate) static CALLS: [Call; 2] = [
    write_call("add", "call `item_add`(?, ?, ?)", &ADD_ARGS),
    write_call("reset", "call `item_reset`(?, ?)", &RESET_ARGS),
];
pub(crate) const OBJECTS: mariadb::Objects = mariadb::Objects {
    read: Some(ITEMS),
    create: Some(mariadb::Procedure::new("item_create", "call `item_create`(?, ?)", &[0, 1])),
    update: Some(mariadb::Procedure::new("item_update", "call `item_update`(?, ?, ?)", &[0, 1, 2])),
    upsert: Some(mariadb::Procedure::new("item_upsert", "call `item_upsert`(?, ?)", &[0, 1])),
    delete: Some(mariadb::Procedure::new("item_delete", "call `item_delete`(?)", &[0])),
};
pub(crate) static ITEM: Domain = Domain::new("item", "", "00112233aabbccdd")
    .fields(&ITEM_FIELDS)
    .key(&[0])
    .version(2)
    .reads()
    .calls(&CALLS)
    .publishes(
        &[
            Operation::Create,
            Operation::Update,
            Operation::Upsert,
            Operation::Delete,
            Operation::Call("add"),
            Operation::Call("reset"),
        ],
        &[1],
    )
    .mariadb("odd", OBJECTS);
/// What commits by itself.
static LASTING: Domain = Domain::new("lasting", "", "")
    .fields(&ITEM_FIELDS)
    .key(&[0])
    .reads()
    .publishes(&[Operation::Create], &[])
    .mariadb(
        "odd",
        mariadb::Objects {
            create: Some(
                mariadb::Procedure::new("item_lasting", "call `item_lasting`(?, ?)", &[0, 1]).committing(),
            ),
            ..OBJECTS
        },
    );

pub(crate) fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

pub(crate) fn record(id: &str, n: i64) -> Vec<Value> {
    vec![text(id), Value::Int(n), Value::Null]
}

pub(crate) fn create(id: &str, n: i64) -> Action {
    Action::Write(plan::Write::Create { records: vec![record(id, n)], many: false })
}

pub(crate) fn update(id: &str, n: i64) -> Action {
    let changes = vec![(1, Value::Int(n))];
    Action::Write(plan::Write::Update { key: vec![text(id)], changes, if_version: None })
}

impl Odd {
    async fn item(&self, action: Action) -> Result<Outcome, Error> {
        self.run(&ITEM, action).await
    }

    async fn delete_item(&self, id: &str) -> Result<Outcome, Error> {
        self.item(Action::Write(plan::Write::Delete { key: vec![text(id)], if_version: None })).await
    }

    async fn call_item(&self, call: &'static Call, args: Vec<Value>) -> Result<Outcome, Error> {
        self.item(Action::Write(plan::Write::Call(Invocation { call, args }))).await
    }

    async fn relay(&self) -> Box<dyn Pending> {
        self.outbox().take().await.unwrap().unwrap()
    }
}

fn bodies(stored: &[Stored]) -> Vec<Json> {
    stored.iter().map(|stored| serde_json::from_str(&stored.event.body).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_change_has_an_event_and_what_is_refused_has_none() {
    let odd = Odd::open();
    odd.item(create("a", 1)).await.unwrap();
    let records = vec![record("b", 2), record("c", 3)];
    odd.item(Action::Write(plan::Write::Create { records, many: true })).await.unwrap();
    odd.item(update("a", 5)).await.unwrap();
    assert_eq!(odd.item(update("nosuch", 5)).await.unwrap_err().code, ErrorCode::NotFound);
    assert_eq!(odd.item(create("a", 9)).await.unwrap_err().code, ErrorCode::Conflict);
    let records = vec![record("d", 2), record("c", 3)];
    odd.item(Action::Write(plan::Write::Create { records, many: true })).await.unwrap_err();
    // The key is that of the record, however it is written.
    odd.call_item(&CALLS[0], vec![text("B"), Value::Int(40), Value::Null]).await.unwrap();
    odd.call_item(&CALLS[1], vec![text("psst"), Value::Int(4)]).await.unwrap();
    odd.delete_item("A").await.unwrap();
    let stored = odd.relay().await.next(0, 100).await.unwrap().events;
    let told: Vec<(&str, Option<&str>)> = stored
        .iter()
        .map(|stored| (stored.event.routing_key.as_str(), stored.event.subject.as_deref()))
        .collect();
    let subjects = ["a", "b", "c"].map(|id| format!("item {{\"id\":\"{id}\"}}"));
    let [a, b, c] = subjects.each_ref().map(|subject| Some(subject.as_str()));
    assert_eq!(
        told,
        [
            ("item.create", a),
            ("item.create", b),
            ("item.create", c),
            ("item.update", a),
            ("item.call.add", b),
            ("item.call.reset", None),
            ("item.delete", a),
        ]
    );
    let bodies = bodies(&stored);
    let seen = |index: usize| {
        let body = &bodies[index];
        assert_eq!(body["template"], "item");
        [&body["key"], &body["version"], &body["data"]].map(Json::clone)
    };
    assert_eq!(seen(0), [json!({ "id": "a" }), json!(1), json!({ "n": 1 })]);
    assert_eq!(seen(2), [json!({ "id": "c" }), json!(1), json!({ "n": 3 })]);
    assert_eq!(seen(3), [json!({ "id": "a" }), json!(2), json!({ "n": 5 })]);
    assert_eq!(seen(4), [json!({ "id": "b" }), Json::Null, json!({ "n": 42 })]);
    assert_eq!(seen(5), [Json::Null, Json::Null, json!({ "below": 4 })]);
    assert_eq!(seen(6), [json!({ "id": "a" }), Json::Null, json!({})]);
    assert!(stored.iter().all(|stored| stored.event.template_hash == "00112233aabbccdd"));
}

#[tokio::test(flavor = "multi_thread")]
async fn upserts_writes_by_filter_and_the_items_of_a_batch_have_events() {
    let odd = Odd::open();
    let upsert = plan::Write::Upsert { records: vec![record("a", 1), record("b", 2)], many: true };
    odd.item(Action::Write(upsert)).await.unwrap();
    let upsert = plan::Write::Upsert { records: vec![record("a", 3)], many: false };
    odd.item(Action::Write(upsert)).await.unwrap();
    let all = || Matching { filter: vec![Condition { field: 0, test: Test::Null(false) }], most: 10 };
    let changes = vec![(1, Value::Int(9))];
    odd.item(Action::Write(plan::Write::UpdateMany { matching: all(), changes })).await.unwrap();
    odd.run_all(vec![(&ITEM, create("c", 4)), (&ITEM, update("c", 5))], None).await.unwrap();
    odd.run_all(vec![(&ITEM, create("d", 4)), (&ITEM, create("c", 5))], None).await.unwrap_err();
    odd.item(Action::Write(plan::Write::DeleteMany(all()))).await.unwrap();
    let stored = odd.relay().await.next(0, 100).await.unwrap().events;
    let told: Vec<Json> = bodies(&stored)
        .iter()
        .map(|body| json!([body["operation"], body["key"]["id"], body["version"], body["data"]]))
        .collect();
    assert_eq!(
        told,
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

/// To the database `a` and `A` are one key: neither is written, and there is no event.
#[tokio::test(flavor = "multi_thread")]
async fn a_list_has_each_record_once_as_the_database_compares_keys() {
    let odd = Odd::open();
    let upsert =
        plan::Write::Upsert { records: vec![record("a", 1), record("b", 2), record("A", 3)], many: true };
    let error = odd.item(Action::Write(upsert)).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::ValidationFailed, "{error}");
    assert!(error.message.starts_with("`data[2].id` is the key of `data[0]`"), "{error}");
    assert_eq!((odd.count("item"), odd.count("beds_events")), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_numbers_of_a_record_are_in_the_order_of_its_changes() {
    const ROUNDS: i64 = 60;
    let odd = Arc::new(Odd::with_connections(4));
    let ids = ["a", "b", "c", "d", "e"];
    for id in ids {
        odd.item(create(id, 0)).await.unwrap();
    }
    // Groups of updates and creates, and calls, which run alone, on all connections at once.
    let writes = (0..ROUNDS).flat_map(|round| ids.map(|id| (id, round))).map(|(id, round)| {
        let odd = Arc::clone(&odd);
        tokio::spawn(async move {
            loop {
                let done = match round % 3 {
                    0 => odd.item(update(id, round)).await,
                    1 => odd.call_item(&CALLS[0], vec![text(id), Value::Int(1), Value::Null]).await,
                    _ => odd.item(create(&format!("{id}{round}"), round)).await,
                };
                match done {
                    Err(error) if error.retryable => {}
                    done => return done.map(drop).unwrap(),
                }
            }
        })
    });
    for written in join_all(writes).await {
        written.unwrap();
    }
    let stored = odd.relay().await.next(0, 1_000).await.unwrap().events;
    assert_eq!(stored.len(), usize::try_from(ROUNDS).unwrap() * ids.len() + ids.len());
    assert!(stored.windows(2).all(|pair| pair[0].number < pair[1].number));
    for id in ids {
        // An update tells its version; between two there are as many calls as versions are missing.
        let mut version = 0;
        for body in bodies(&stored).iter().filter(|body| body["key"]["id"] == id) {
            version += 1;
            if body["operation"] != "call.add" {
                assert_eq!(body["version"], version, "{id}");
            }
        }
        assert_eq!(version, 1 + 40, "{id}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_event_overtakes_one_that_was_committed_behind_the_pass() {
    let odd = Odd::open();
    for n in 0..7 {
        odd.item(create(&n.to_string(), n)).await.unwrap();
    }
    let query = |sql: &str| odd.stack.mariadb_query(Some("odd"), sql).unwrap();
    query("create table aside as select * from beds_events order by seq limit 1");
    query("delete from beds_events where seq = (select seq from aside)");
    let mut relay = odd.relay().await;
    let first = relay.next(0, 4).await.unwrap();
    // It is committed now, and what was created by it is changed.
    query("insert into beds_events select * from aside");
    odd.item(update("0", 1)).await.unwrap();
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
    let odd = Odd::open();
    let outbox = odd.outbox();
    let mut relay = odd.relay().await;
    let query = |sql: &str| odd.stack.mariadb_query(Some("odd"), sql).unwrap().trim().to_owned();
    let aborted = || query("show global status like 'Aborted_clients'");
    let before = aborted();
    let waiting = async {
        loop {
            let id = query("select id from information_schema.processlist where state = 'User lock'");
            if !id.is_empty() {
                return id;
            }
            tokio::task::yield_now().await;
        }
    };
    let (taken, id) = tokio::join!(outbox.take(), waiting);
    assert!(taken.unwrap().is_none(), "one relay at a time");
    while odd.count(&format!("information_schema.processlist where id = {id}")) > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(aborted(), before, "who waited in vain says good-bye");
    for n in 0..10 {
        odd.item(create(&n.to_string(), n)).await.unwrap();
    }
    tokio::time::timeout(Duration::from_mins(1), outbox.stored()).await.expect("the relay is woken");
    let stored = relay.next(0, 4).await.unwrap().events;
    assert_eq!(stored.len(), 4);
    relay.done(&[&stored[0], &stored[2]]).await.unwrap();
    relay.keep().await.unwrap();
    let left = relay.next(0, 100).await.unwrap().events;
    assert_eq!((left.len(), &left[0], &left[1]), (8, &stored[1], &stored[3]));
    assert_eq!(relay.next(stored[3].number, 100).await.unwrap().events[..], left[2..]);
    // The lock ends with the connection, and whoever waits for it has it at once.
    let (taken, ()) = tokio::join!(outbox.take(), async { drop(relay) });
    let mut next = taken.unwrap().unwrap();
    assert_eq!(next.next(0, 100).await.unwrap().events, left);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_commits_by_itself_has_its_event_after_it() {
    let odd = Odd::open();
    odd.run(&LASTING, create("a", 1)).await.unwrap();
    let stored = odd.relay().await.next(0, 100).await.unwrap().events;
    assert_eq!(bodies(&stored)[0]["key"], json!({ "id": "a" }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_whose_event_cannot_be_stored_is_refused() {
    let odd = Odd::open();
    odd.item(create("a", 1)).await.unwrap();
    odd.stack.mariadb_query(Some("odd"), "drop table beds_events").unwrap();
    let error = odd.item(update("a", 2)).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Internal, "{error}");
    assert!(error.hint.as_deref().is_some_and(|hint| hint.contains("bedsc ddl --ledger")), "{error}");
    assert_eq!(
        odd.stack.mariadb_query(Some("odd"), "select n from item where id = 'a'").unwrap().trim(),
        "1"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_on_the_events_that_is_revoked_is_told() {
    let odd = Odd::as_user("few");
    let grant = "grant select, insert, update, delete on beds_events to few";
    odd.stack.mariadb_query(Some("odd"), grant).unwrap();
    odd.item(create("a", 1)).await.unwrap();
    odd.stack.mariadb_query(Some("odd"), "revoke insert on beds_events from few").unwrap();
    let error = odd.item(update("a", 2)).await.unwrap_err();
    assert!(error.message.contains("lacks a right on the table `beds_events`"), "{error}");
    assert!(error.message.ends_with("INSERT"), "{error}");
    assert_eq!(odd.count("item where n = 1"), 1);
    odd.stack.mariadb_query(Some("odd"), grant).unwrap();
    odd.item(update("a", 2)).await.unwrap();
}

/// A body that is too long is told without its data.
#[tokio::test(flavor = "multi_thread")]
async fn a_long_event_is_cut() {
    static WIDE: [Field; 2] = [Field::new("id", "id", Type::string(0, 20)), Field::new("n", "n", Type::INT)];
    static ARGS: [Arg; 2] = [
        Arg::given(Field::new("text", "text", Type::text(0, 100_000))),
        Arg::given(Field::new("below", "below", Type::INT)),
    ];
    static LONG: [Call; 1] = [write_call("reset", "call `item_reset`(left(?, 5), ?)", &ARGS)];
    static DOMAIN: Domain = Domain::new("item", "", "")
        .fields(&WIDE)
        .key(&[0])
        .calls(&LONG)
        .publishes(&[Operation::Call("reset")], &[])
        .mariadb("odd", mariadb::Objects::NONE);
    let odd = Odd::open();
    let args = vec![text(&"x".repeat(70_000)), Value::Int(1)];
    odd.run(&DOMAIN, Action::Write(plan::Write::Call(Invocation { call: &LONG[0], args }))).await.unwrap();
    let stored = odd.relay().await.next(0, 100).await.unwrap().events;
    let body = &bodies(&stored)[0];
    assert_eq!((&body["cut"], &body["data"]), (&json!(true), &Json::Null));
}
