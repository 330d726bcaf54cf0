//! Each change of a record that is audited has one entry, in the transaction of its write.

use std::sync::Arc;

use beds_core::{
    plan::{self, Action, Invocation, Matching},
    query::{Condition, Test},
    spec::Domain,
    value::Value,
};
use beds_protocol::{ErrorCode, Operation};
use futures_util::future::join_all;

use crate::{
    events::{CALLS, OBJECTS, create, record, text, update},
    ledger::claim,
    odd::{ITEM_FIELDS, Odd},
};

static AUDITED: Domain = Domain::new("item", "", "")
    .fields(&ITEM_FIELDS)
    .key(&[0])
    .version(2)
    .reads()
    .calls(&CALLS)
    .audits(&[
        Operation::Create,
        Operation::Update,
        Operation::Upsert,
        Operation::Delete,
        Operation::Call("add"),
        Operation::Call("reset"),
    ])
    .mariadb("odd", OBJECTS);

impl Odd {
    /// The audit: operation, key and version of each entry.
    fn entries(&self) -> Vec<String> {
        let sql = "select concat_ws(' ', template, operation, coalesce(record, '-'), coalesce(version, '-')) \
                   from beds_audit order by id";
        let listed = self.stack.mariadb_query(Some("odd"), sql).unwrap();
        listed.lines().map(str::to_owned).collect()
    }

    fn audited(&self) -> i64 {
        self.count("beds_audit")
    }
}

fn of(write: plan::Write) -> Action {
    Action::Write(write)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_change_of_a_record_has_an_entry_and_what_is_refused_has_none() {
    let odd = Odd::open();
    let run = |action| odd.run(&AUDITED, action);
    run(create("a", 1)).await.unwrap();
    run(of(plan::Write::Create { records: vec![record("b", 2), record("c", 3)], many: true })).await.unwrap();
    run(update("A", 5)).await.unwrap();
    assert_eq!(run(update("nosuch", 5)).await.unwrap_err().code, ErrorCode::NotFound);
    assert_eq!(run(create("a", 9)).await.unwrap_err().code, ErrorCode::Conflict);
    let half = plan::Write::Create { records: vec![record("d", 2), record("c", 3)], many: true };
    run(of(half)).await.unwrap_err();
    let call = |index: usize, args| of(plan::Write::Call(Invocation { call: &CALLS[index], args }));
    run(call(0, vec![text("b"), Value::Int(40), Value::Null])).await.unwrap();
    run(call(1, vec![text("psst"), Value::Int(4)])).await.unwrap();
    run(of(plan::Write::Upsert { records: vec![record("b", 7)], many: false })).await.unwrap();
    let all = || Matching { filter: vec![Condition { field: 0, test: Test::Null(false) }], most: 10 };
    let changes = vec![(1, Value::Int(9))];
    run(of(plan::Write::UpdateMany { matching: all(), changes })).await.unwrap();
    odd.run_all(vec![(&AUDITED, create("e", 4)), (&AUDITED, update("e", 5))], None).await.unwrap();
    odd.run_all(vec![(&AUDITED, create("f", 4)), (&AUDITED, create("e", 5))], None).await.unwrap_err();
    run(of(plan::Write::Delete { key: vec![text("A")], if_version: None })).await.unwrap();
    run(of(plan::Write::DeleteMany(all()))).await.unwrap();
    assert_eq!(
        odd.entries(),
        [
            r#"item create {"id":"a"} 1"#,
            r#"item create {"id":"b"} 1"#,
            r#"item create {"id":"c"} 1"#,
            r#"item update {"id":"a"} 2"#,
            r#"item call.add {"id":"b"} -"#,
            "item call.reset - -",
            r#"item upsert {"id":"b"} 3"#,
            r#"item update {"id":"a"} 3"#,
            r#"item update {"id":"b"} 4"#,
            r#"item update {"id":"c"} 2"#,
            r#"item create {"id":"e"} 1"#,
            r#"item update {"id":"e"} 2"#,
            r#"item delete {"id":"a"} -"#,
            r#"item delete {"id":"b"} -"#,
            r#"item delete {"id":"c"} -"#,
            r#"item delete {"id":"e"} -"#,
        ]
    );
    let kept = odd.stack.mariadb_query(Some("odd"), "select * from beds_audit").unwrap();
    assert!(!kept.contains("psst"), "{kept}");
}

/// Writes that share a transaction, two of which are of one request and one of which is refused.
#[tokio::test(flavor = "multi_thread")]
async fn of_writes_together_each_that_is_done_has_one_entry() {
    const COUNT: usize = 60;
    let odd = Arc::new(Odd::with_connections(1));
    odd.run(&AUDITED, create("taken", 0)).await.unwrap();
    let writes = (0..COUNT).flat_map(|n| [n, n]).map(|n| {
        let odd = Arc::clone(&odd);
        tokio::spawn(async move {
            let id = if n % 10 == 0 { "taken".to_owned() } else { format!("i{n}") };
            loop {
                match odd.run_once(&AUDITED, create(&id, 1), Some(claim(&n.to_string(), 1))).await {
                    Err(error) if error.retryable => {}
                    done => return done.is_ok(),
                }
            }
        })
    });
    let done = join_all(writes).await.into_iter().filter(|done| *done.as_ref().unwrap()).count();
    assert_eq!(done, 2 * (COUNT - COUNT / 10));
    let distinct = odd.count("(select distinct record from beds_audit) as one");
    assert_eq!((odd.audited(), distinct), (odd.count("item"), odd.count("item")));
    // A duplicate by itself.
    odd.run_once(&AUDITED, create("i1", 1), Some(claim("1", 1))).await.unwrap();
    assert_eq!(odd.audited(), odd.count("item"));
}

/// A node that is broken into can add to what it has written there, and nothing else.
#[tokio::test(flavor = "multi_thread")]
async fn the_right_to_add_entries_is_all_that_is_needed() {
    let odd = Odd::as_user("few");
    let sql = |sql: &str| odd.stack.mariadb_query(Some("odd"), sql).unwrap();
    let error = odd.run(&AUDITED, create("a", 1)).await.unwrap_err();
    assert!(error.message.contains("lacks a right on the table `beds_audit`"), "{error}");
    assert!(
        error.hint.as_deref().is_some_and(|hint| hint.contains("grant insert on `beds_audit`")),
        "{error}"
    );
    assert_eq!(odd.count("item"), 0);
    sql("grant insert on beds_audit to few");
    odd.run(&AUDITED, create("a", 1)).await.unwrap();
    odd.run(&AUDITED, update("a", 2)).await.unwrap();
    assert_eq!(odd.audited(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_whose_entry_cannot_be_stored_is_refused() {
    let odd = Odd::open();
    odd.run(&AUDITED, create("a", 1)).await.unwrap();
    odd.execute("rename table beds_audit to kept");
    let error = odd.run(&AUDITED, update("a", 2)).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Internal, "{error}");
    assert!(error.hint.as_deref().is_some_and(|hint| hint.contains("bedsc ddl --ledger")), "{error}");
    assert_eq!((odd.count("item where n = 1"), odd.count("kept")), (1, 1));
}
