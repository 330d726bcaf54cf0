//! What no rollback takes back: tables without transactions, and objects that commit by themselves. What is written is said
//! to be written, and nothing is repeated in silence.

use std::sync::Arc;

use beds_core::{
    Error, Outcome,
    plan::{self, Action, Invocation, Matching},
    query::{Condition, Test},
    spec::{Arg, Call, Domain, Field, Returns, Routine, Type, mariadb},
    value::Value,
};
use beds_protocol::{ErrorCode, Lane, Operation};
use futures_util::future::join_all;
use serde_json::{Value as Json, json};
use sqlx::Executor as _;

use crate::{
    events::ITEM,
    ledger::{claim, entry, text},
    odd::{CHILD, ENTRY, ITEM_FIELDS, ITEMS, ODD, Odd},
};

static FIELDS: [Field; 1] = [Field::new("n", "n", Type::INT)];

const fn keep(call: &'static str) -> Domain {
    let create = mariadb::Procedure::new("keep", call, &[0]);
    Domain::new("keep", "", "")
        .fields(&FIELDS)
        .mariadb("odd", mariadb::Objects { create: Some(create), ..mariadb::Objects::NONE })
}
static ARIA: Domain = keep("call `keep_aria`(?)");
static UNSAFE: Domain = keep("call `keep_unsafe`(?)");
static MYISAM: Domain = keep("call `keep_myisam`(?)");
static MEMORY: Domain = keep("call `keep_memory`(?)");
static MIXED: Domain = keep("call `keep_mixed`(?)");
/// Each with a table that has its rows.
static ALL: [(&Domain, &str); 5] = [
    (&ARIA, "keep_aria"),
    (&UNSAFE, "keep_unsafe"),
    (&MYISAM, "keep_myisam"),
    (&MEMORY, "keep_memory"),
    (&MIXED, "keep_mixed"),
];

fn create(n: i64) -> Action {
    Action::Write(plan::Write::Create { records: vec![vec![Value::Int(n)]], many: false })
}

fn is_unknown(error: &Error) -> bool {
    !error.retryable && error.message.contains("may or may not have happened")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_table_without_transactions_keeps_is_said_to_be_written() {
    let odd = Odd::open();
    for (domain, table) in ALL {
        let id = |id: &str| Some(claim(&format!("{table} {id}"), 1));
        let first = text(odd.run_once(domain, create(1), id("a")).await);
        assert!(
            first.contains("without transactions") && first.contains("at least once"),
            "{table}: {first}"
        );
        for _ in 0..2 {
            assert_eq!(text(odd.run_once(domain, create(1), id("a")).await), first);
        }
        assert_eq!(odd.count(table), 1, "{table}: one id is written once");
        let other = text(odd.run_once(domain, create(2), id("b")).await);
        assert_eq!(other.matches("at least once").count(), 1, "{other}");
        assert_eq!(odd.count(table), 2);
        // Others are as they were.
        let plain = text(odd.run_once(&ENTRY, entry(1), id("c")).await);
        assert!(!plain.contains("note"), "{plain}");
    }
}

/// What failed after it wrote says that it remains, the first time and later, and does not ask to be sent again.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_failed_write_leaves_in_such_a_table_is_told() {
    let odd = Odd::open();
    for (domain, table) in ALL {
        for turn in 1..=3 {
            let error = odd.run_once(domain, create(-1), Some(claim("a", 1))).await.unwrap_err();
            assert_eq!((error.code, error.retryable), (ErrorCode::RejectedByDatabase, false), "{error}");
            let hint = error.hint.unwrap_or_default();
            assert!(hint.contains("keeps what was written before the error"), "{table}: {hint}");
            assert_eq!(odd.count(table), turn, "{table}");
        }
    }
    assert_eq!((odd.count("entry"), odd.count("beds_ledger")), (0, 0));
}

/// Of many at once none is repeated: each is written once, and answered or said to be unknown.
#[tokio::test(flavor = "multi_thread")]
async fn many_writes_into_such_a_table_are_not_repeated() {
    const MANY: i64 = 60;
    let odd = Arc::new(Odd::with_connections(2));
    for (domain, table) in ALL {
        let writes = (0..MANY).map(|number| {
            let odd = Arc::clone(&odd);
            tokio::spawn(async move {
                let id = format!("{table} {number}");
                odd.run_once(domain, create(number), Some(claim(&id, 1))).await
            })
        });
        let outcomes: Vec<Result<Outcome, Error>> =
            join_all(writes).await.into_iter().map(Result::unwrap).collect();
        let mut done = 0;
        for outcome in outcomes {
            match outcome {
                Ok(outcome) => {
                    assert!(text(Ok(outcome)).contains("at least once"), "{table}");
                    done += 1;
                }
                Err(error) => assert!(is_unknown(&error), "{table}: {error}"),
            }
        }
        let twice = format!("(select n from {table} group by n having count(*) > 1) as twice");
        assert_eq!(odd.count(&twice), 0, "{table}");
        assert!((done..=MANY).contains(&odd.count(table)), "{table}");
    }
}

/// A group that is taken back, and leaves rows in such a table, tells that of nobody whose tables are known to keep nothing.
#[tokio::test(flavor = "multi_thread")]
async fn those_whose_tables_keep_nothing_are_done_beside_one_that_fails() {
    let odd = Odd::with_connections(1);
    for number in -2..0 {
        odd.run_once(&ENTRY, entry(number), Some(claim(&format!("known {number}"), 1))).await.unwrap();
    }
    let mut innocents = 2;
    for (domain, table) in ALL {
        let writes = (1..=30_i64).map(|number| {
            let id = Some(claim(&format!("{table} {number}"), 1));
            if number % 10 == 5 {
                odd.run_once(domain, create(-number), id)
            } else {
                odd.run_once(&ENTRY, entry(number), id)
            }
        });
        for (number, outcome) in (1..).zip(join_all(writes).await) {
            if number % 10 != 5 {
                outcome.unwrap_or_else(|error| panic!("{table}, {number}: {error}"));
                innocents += 1;
            }
        }
        assert_eq!(odd.count("entry"), innocents, "{table}");
    }
}

/// Of many at once some fail after they wrote: what was written remains, and nobody's is written twice.
#[tokio::test(flavor = "multi_thread")]
async fn one_that_fails_among_many_repeats_none() {
    let odd = Odd::with_connections(2);
    for (domain, table) in ALL {
        let writes = (1..=40_i64).map(|number| {
            let n = if number % 10 == 5 { -number } else { number };
            odd.run_once(domain, create(n), Some(claim(&format!("{table} {number}"), 1)))
        });
        for error in join_all(writes).await.into_iter().filter_map(Result::err) {
            assert!(!error.retryable, "{table}: {error}");
        }
        let twice = format!("(select n from {table} group by n having count(*) > 1) as twice");
        assert_eq!(odd.count(&twice), 0, "{table}");
        assert!(odd.count(table) > 0, "{table}");
    }
}

/// The server rolls back by itself what lost a deadlock, and says then what it could not.
#[tokio::test(flavor = "multi_thread")]
async fn what_lost_a_deadlock_after_it_wrote_is_not_run_again() {
    static ARGS: [Arg; 1] = [Arg::given(Field::new("id", "id", Type::string(0, 20)))];
    static BUMP: Call = Call {
        name: "bump",
        description: "",
        lane: Lane::Write,
        args: &ARGS,
        returns: Returns::Nothing,
        routine: Routine::Procedure { name: "bump", sql: "call keep_bump(?)", commits: false },
    };
    let odd = Arc::new(Odd::with_connections(4));
    odd.stack.mariadb_query(Some("odd"), "insert into item (id, n) values ('a', 0)").unwrap();
    let deadlocks = odd.deadlocks();
    let calls = (0..30).map(|_| {
        let odd = Arc::clone(&odd);
        let args = vec![Value::Text("a".into())];
        let call = plan::Write::Call(Invocation { call: &BUMP, args });
        tokio::spawn(async move { odd.run(&CHILD, Action::Write(call)).await })
    });
    let mut done = 0;
    for outcome in join_all(calls).await {
        match outcome.unwrap() {
            Ok(_) => done += 1,
            Err(error) => assert!(is_unknown(&error), "{error}"),
        }
    }
    assert!(odd.deadlocks() > deadlocks, "nothing was tried");
    assert_eq!(odd.count("keep_myisam"), 30, "each wrote once");
    assert_eq!(odd.count(&format!("item where n = {done}")), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_atomic_batch_does_not_take_what_is_known_to_remain() {
    let odd = Odd::open();
    let batch = || vec![(&ENTRY, entry(1)), (&ARIA, create(1))];
    let first = text(odd.run_all(batch(), None).await);
    assert!(first.contains("at least once"), "{first}");
    let known = text(odd.run_all(batch(), Some(claim("known", 1))).await);
    odd.run(&ARIA, create(2)).await.unwrap();
    // One that was done before has its reply, whatever has become known since.
    assert_eq!(text(odd.run_all(batch(), Some(claim("known", 1))).await), known);
    odd.run_all(batch(), Some(claim("new", 1))).await.unwrap_err();
    let error = odd.run_all(batch(), None).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::BadRequest, "{error}");
    assert!(error.message.starts_with("items[1]: its object writes into a table without"), "{error}");
    assert_eq!((odd.count("entry"), odd.count("keep_aria")), (2, 3));
}

/// Nobody has written into the table yet: the server says what it is, before anything runs.
#[tokio::test(flavor = "multi_thread")]
async fn an_atomic_batch_asks_what_a_table_is_that_nothing_was_written_into() {
    let odd = Odd::open();
    odd.execute("alter table item engine = aria");
    let create = |id: &str| {
        let record = vec![Value::Text(id.to_owned()), Value::Int(1), Value::Null];
        Action::Write(plan::Write::Create { records: vec![record], many: false })
    };
    // The second of them fails.
    for _ in 0..2 {
        let error = odd.run_all(vec![(&ITEM, create("a")), (&ITEM, create("a"))], None).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::BadRequest, "{error}");
        assert!(error.message.starts_with("items[0]: its object writes into a table without"), "{error}");
        assert_eq!(odd.count("item"), 0);
    }
}

/// What was learned of a table takes no claim away: neither while it is one without transactions nor when it is another again.
/// The note names the table where it is the node's own.
#[tokio::test(flavor = "multi_thread")]
async fn a_list_and_a_write_by_filter_are_done_once_whatever_is_known_of_the_tables() {
    let record =
        |id: &str, turn: i64| vec![Value::Text(format!("{id}{turn}")), Value::Int(turn), Value::Null];
    let create = |ids: &[&str], turn| {
        let records = ids.iter().map(|id| record(id, turn)).collect();
        Action::Write(plan::Write::Create { records, many: ids.len() > 1 })
    };
    let update = |_| {
        let matching = Matching { filter: vec![Condition { field: 0, test: Test::Null(false) }], most: 100 };
        Action::Write(plan::Write::UpdateMany { matching, changes: vec![(1, Value::Int(9))] })
    };
    for (table, blamed) in [
        ("beds_ledger", "the table `beds_ledger`"),
        ("beds_events", "the table `beds_events`"),
        ("item", "this object"),
    ] {
        let odd = Odd::open();
        for (turn, engine) in (1..).zip(["aria", "innodb"]) {
            odd.execute(&format!("alter table {table} engine = {engine}"));
            let writes: [(&str, &dyn Fn(i64) -> Action); 3] = [
                ("one", &|turn| create(&["s"], turn)),
                ("list", &|turn| create(&["a", "b", "c"], turn)),
                ("filter", &update),
            ];
            for (name, write) in writes {
                let once = async || {
                    text(odd.run_once(&ITEM, write(turn), Some(claim(&format!("{name}{turn}"), 1))).await)
                };
                let first = once().await;
                assert_eq!(
                    first.contains(&format!("{blamed} ")),
                    engine == "aria",
                    "{table}, {name}: {first}"
                );
                for _ in 0..5 {
                    assert_eq!(once().await, first, "{table}");
                }
            }
            assert_eq!((odd.count("item"), odd.count("beds_ledger")), (4 * turn, 3 * turn), "{table}");
        }
        // Once by each filter.
        assert_eq!(odd.count("item where revision = 3"), 4, "{table}");
        let batch = || {
            odd.run_all(vec![(&ITEM, create(&["d"], 3)), (&ITEM, create(&["e"], 3))], Some(claim("batch", 1)))
        };
        let first = text(batch().await);
        assert!(!first.contains("note"), "{table}: {first}");
        assert_eq!(text(batch().await), first);
    }
}

/// A table loses its transactions under a node that knows it with them: the first write that meets it is told the same when it
/// is asked again.
#[tokio::test(flavor = "multi_thread")]
async fn the_first_write_after_a_table_has_lost_its_transactions_has_one_reply() {
    for table in ["beds_ledger", "beds_events", "item"] {
        let odd = Odd::open();
        let write = async |id: &str| {
            let record = vec![Value::Text(id.to_owned()), Value::Int(1), Value::Null];
            let create = plan::Write::Create { records: vec![record], many: false };
            text(odd.run_once(&ITEM, Action::Write(create), Some(claim(id, 1))).await)
        };
        for id in ["a", "b"] {
            let reply = write(id).await;
            assert!(!reply.contains("note"), "{table}: {reply}");
        }
        odd.execute(&format!("alter table {table} engine = aria"));
        let first = write("c").await;
        assert_eq!(first.matches("at least once").count(), 1, "{table}: {first}");
        assert_eq!(write("c").await, first, "{table}");
        assert_eq!((odd.count("item"), odd.count("beds_ledger")), (3, 3), "{table}");
    }
}

static LASTING: Domain = Domain::new("lasting", "", "")
    .fields(&ITEM_FIELDS)
    .key(&[0])
    .version(2)
    .reads()
    .publishes(&[Operation::Create, Operation::Update, Operation::Delete], &[1])
    .mariadb(
        "odd",
        mariadb::Objects {
            read: Some(ITEMS),
            create: Some(
                mariadb::Procedure::new("item_lasting", "call `item_lasting`(?, ?)", &[0, 1]).committing(),
            ),
            update: Some(
                mariadb::Procedure::new(
                    "item_lasting_update",
                    "call `item_lasting_update`(?, ?, ?)",
                    &[0, 1, 2],
                )
                .committing(),
            ),
            delete: Some(
                mariadb::Procedure::new("item_lasting_delete", "call `item_lasting_delete`(?)", &[0])
                    .committing(),
            ),
            ..mariadb::Objects::NONE
        },
    );

impl Odd {
    /// The operations, keys and data of the events that are stored, in order.
    async fn told(&self) -> Vec<Json> {
        let mut relay = self.outbox().take().await.unwrap().unwrap();
        let stored = relay.next(0, 100).await.unwrap().events;
        let bodies = stored.iter().map(|stored| serde_json::from_str::<Json>(&stored.event.body).unwrap());
        bodies.map(|body| json!([body["operation"], body["key"]["id"], body["data"]])).collect()
    }
}

fn list(records: &[(&str, i64)]) -> Action {
    let record = |&(id, n): &(&str, i64)| vec![Value::Text(id.to_owned()), Value::Int(n), Value::Null];
    Action::Write(plan::Write::Create { records: records.iter().map(record).collect(), many: true })
}

fn details(error: &Error) -> Vec<(&str, &str)> {
    error.details.iter().map(|detail| (detail.field.as_str(), detail.reason.as_str())).collect()
}

/// What stands before the record that failed is committed, has its event, and is named.
#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_commits_by_itself_tells_what_is_done_before_one_fails() {
    let odd = Odd::open();
    let reply: Json =
        serde_json::from_str(&text(odd.run(&LASTING, list(&[("x", 1), ("y", 2)])).await)).unwrap();
    assert_eq!(
        reply["data"],
        json!([{"id": "x", "n": 1, "revision": 1}, {"id": "y", "n": 2, "revision": 1}])
    );
    assert_eq!(reply["note"].as_str().unwrap().matches("at least once").count(), 1, "{reply}");
    let error = odd.run(&LASTING, list(&[("a", 1), ("b", 2), ("X", 3), ("c", 4)])).await.unwrap_err();
    assert_eq!((error.code, error.retryable), (ErrorCode::Conflict, false), "{error}");
    assert!(error.message.starts_with("data[2]: "), "{error}");
    assert!(error.message.ends_with("; 2 records are written before it"), "{error}");
    assert!(error.hint.as_ref().is_some_and(|hint| hint.contains("commits by itself")), "{error:?}");
    let told = details(&error);
    assert!(told.contains(&("data[0]", r#"is written: {"id":"a"}"#)), "{told:?}");
    assert!(told.contains(&("data[1]", r#"is written: {"id":"b"}"#)), "{told:?}");
    let create = |id: &str, n: i64| json!(["create", id, { "n": n }]);
    assert_eq!(odd.told().await, [create("x", 1), create("y", 2), create("a", 1), create("b", 2)]);
    assert_eq!(odd.count("item"), 4);
}

/// What is committed is never told to be too large.
#[tokio::test(flavor = "multi_thread")]
async fn what_commits_by_itself_is_done_however_long_its_reply_is() {
    let odd = Odd::open();
    let list = list(&[("x", 1), ("y", 2)]);
    let outcome = odd.run_short(100, &LASTING, list).await.unwrap();
    assert!(outcome.size() <= 100 && outcome.note.unwrap().contains("is done"));
    assert_eq!(odd.count("item"), 2);
    let mut own = odd.connect().await;
    let longer = "create or replace procedure old_style() modifies sql data begin start transaction; insert into log (n) values (1); \
        commit; select repeat('x', 500) as a union all select repeat('y', 500); insert into log (n) values (2); commit; end";
    own.execute(longer).await.unwrap();
    let call = ODD.iter().find(|call| call.name == "old_style").unwrap();
    let call = || Action::Write(plan::Write::Call(Invocation { call, args: Vec::new() }));
    let outcome = odd.run_short(900, &CHILD, call()).await.unwrap();
    let note = outcome.note.unwrap();
    assert!(note.contains("only the first row") && note.contains("at least once"), "{note}");
    assert!(String::from_utf8(outcome.sets.unwrap()).unwrap().contains("xxx"));
    let outcome = odd.run_short(300, &CHILD, call()).await.unwrap();
    assert!(outcome.sets.is_none() && outcome.size() <= 300, "{outcome:?}");
    assert_eq!(odd.count("log"), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn so_does_a_write_by_filter() {
    let odd = Odd::open();
    odd.run(&LASTING, list(&[("a", 1), ("stuck", 2), ("z", 3)])).await.unwrap();
    let matching = || Matching { filter: vec![Condition { field: 0, test: Test::Null(false) }], most: 10 };
    let update = || plan::Write::UpdateMany { matching: matching(), changes: vec![(1, Value::Int(9))] };
    for write in [update(), plan::Write::DeleteMany(matching())] {
        let error = odd.run(&LASTING, Action::Write(write)).await.unwrap_err();
        assert_eq!(error.message, "it is stuck; one record is written before it");
        assert_eq!(details(&error), [("where", r#"is written: {"id":"a"}"#)]);
    }
    let told = odd.told().await.split_off(3);
    assert_eq!(told, [json!(["update", "a", { "n": 9 }]), json!(["delete", "a", {}])]);
    odd.stack.mariadb_query(Some("odd"), "delete from item where id = 'stuck'").unwrap();
    let reply: Json = serde_json::from_str(&text(odd.run(&LASTING, Action::Write(update())).await)).unwrap();
    assert_eq!(reply["count"], 1);
    assert_eq!(odd.count("item where n = 9"), 1);
}
