//! A write with a claim happens once, alone and in company.

use std::{sync::Arc, time::Duration};

use beds_core::{
    Error, Outcome,
    plan::{self, Action, Claim, Invocation},
    value::Value,
};
use beds_protocol::ErrorCode;
use futures_util::future::join_all;
use sqlx::Executor as _;

use crate::odd::{CHILD, ENTRY, ODD, Odd, PLAIN_CALL};

pub(crate) fn claim(id: &str, digest: u8) -> Claim {
    Claim { user: "guest".into(), message_id: id.into(), step: 0, digest: [digest; 32] }
}

/// A record in a table without a unique key.
pub(crate) fn entry(number: i64) -> Action {
    Action::Write(plan::Write::Create { records: vec![vec![Value::Null, Value::Int(number)]], many: false })
}

pub(crate) fn text(outcome: Result<Outcome, Error>) -> String {
    String::from_utf8(outcome.unwrap().encode()).unwrap()
}

impl Odd {
    /// How many deadlocks the server has ended.
    pub(crate) fn deadlocks(&self) -> i64 {
        let sql = "select count from information_schema.innodb_metrics where name = 'lock_deadlocks'";
        self.stack.mariadb_query(Some("odd"), sql).unwrap().trim().parse().unwrap()
    }

    pub(crate) fn count(&self, what: &str) -> i64 {
        let sql = format!("select count(*) from {what}");
        self.stack.mariadb_query(Some("odd"), &sql).unwrap().trim().parse().unwrap()
    }

    pub(crate) fn execute(&self, sql: &str) {
        self.stack.mariadb_query(Some("odd"), sql).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_duplicate_gets_the_first_reply() {
    let odd = Odd::with_connections(4);
    let first = text(odd.run_once(&ENTRY, entry(1), Some(claim("a", 1))).await);
    assert_eq!(text(odd.run_once(&ENTRY, entry(1), Some(claim("a", 1))).await), first);
    let error = odd.run_once(&ENTRY, entry(2), Some(claim("a", 2))).await.unwrap_err();
    assert_eq!((error.code, error.retryable), (ErrorCode::Conflict, false), "{error}");
    assert_ne!(text(odd.run_once(&ENTRY, entry(1), Some(claim("b", 1))).await), first);
    assert_eq!(odd.count("entry"), 2);
}

/// Whoever changes a stored reply does not have the write done again, nor told as done otherwise than it was.
#[tokio::test(flavor = "multi_thread")]
async fn a_reply_that_cannot_be_read_is_told() {
    let odd = Odd::with_connections(4);
    let write = || odd.run_once(&ENTRY, entry(1), Some(claim("a", 1)));
    write().await.unwrap();
    for reply in ["", "[1]", "{\"ok\":tr", "{\"ok\":false,\"error\":{}}", "{\"data\":1}"] {
        odd.execute(&format!("update beds_ledger set reply = '{reply}'"));
        let (one, other) = tokio::join!(write(), write());
        for error in [one.unwrap_err(), other.unwrap_err()] {
            assert_eq!((error.code, error.retryable), (ErrorCode::Internal, false), "{error}");
            assert!(error.message.contains("its stored reply cannot be read"), "{error}");
        }
    }
    assert_eq!(odd.count("entry"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_write_leaves_no_claim() {
    let odd = Odd::open();
    let child = |parent| {
        let record = [1, parent, 1].map(Value::Int).to_vec();
        Action::Write(plan::Write::Create { records: vec![record], many: false })
    };
    odd.run_once(&CHILD, child(99), Some(claim("a", 1))).await.unwrap_err();
    assert_eq!(odd.count("beds_ledger"), 0);
    odd.run_once(&CHILD, child(1), Some(claim("a", 1))).await.unwrap();
    odd.run_once(&CHILD, child(1), Some(claim("a", 1))).await.unwrap();
    assert_eq!(odd.count("child"), 1);
}

/// Ten duplicates of each of a hundred writes, all at the same time.
#[tokio::test(flavor = "multi_thread")]
async fn duplicates_at_the_same_time_are_done_once() {
    let odd = Arc::new(Odd::with_connections(4));
    let requests = (0..1_000_i64).map(|turn| {
        let (odd, number) = (Arc::clone(&odd), turn % 100);
        tokio::spawn(async move {
            // What asks again, as a client does that is told to.
            loop {
                match odd.run_once(&ENTRY, entry(number), Some(claim(&number.to_string(), 1))).await {
                    Err(error) if error.retryable => {}
                    outcome => return (number, text(outcome)),
                }
            }
        })
    });
    let mut replies: Vec<_> = join_all(requests).await.into_iter().map(Result::unwrap).collect();
    replies.sort();
    replies.dedup();
    assert_eq!(replies.len(), 100, "all duplicates of a write get the same reply");
    assert_eq!((odd.count("entry"), odd.count("beds_ledger")), (100, 100));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_record_is_named_by_its_place() {
    let odd = Odd::open();
    let records =
        (0..50_i64).map(|id| vec![Value::Int(id), Value::Int(if id == 37 { 99 } else { 1 }), Value::Int(id)]);
    let create = plan::Write::Create { records: records.collect(), many: true };
    let error = odd.run_once(&CHILD, Action::Write(create), None).await.unwrap_err();
    assert!(error.message.starts_with("data[37]: "), "{error}");
    assert_eq!(odd.count("child"), 0);
}

/// A write that is asked for twice is done twice where nothing can remember it, and its reply says so.
#[tokio::test(flavor = "multi_thread")]
async fn without_a_ledger_writes_are_at_least_once_and_say_so() {
    let odd = Odd::open();
    odd.execute("rename table beds_ledger to kept");
    for _ in 0..2 {
        let reply = text(odd.run_once(&ENTRY, entry(1), Some(claim("a", 1))).await);
        assert!(reply.contains("at least once"), "{reply}");
    }
    assert_eq!(odd.count("entry"), 2);
    let together =
        (0..20).map(|number| odd.run_once(&ENTRY, entry(number), Some(claim(&number.to_string(), 1))));
    for outcome in join_all(together).await {
        let reply = text(outcome);
        assert!(reply.contains("at least once"), "{reply}");
    }
    let plain = text(odd.run(&ENTRY, entry(1)).await);
    assert!(!plain.contains("note"), "it asked for nothing more: {plain}");
    assert_eq!(odd.count("entry"), 23);
    // From the moment that there is one it counts.
    odd.execute("rename table kept to beds_ledger");
    let first = text(odd.run_once(&ENTRY, entry(1), Some(claim("a", 1))).await);
    assert!(!first.contains("note"), "{first}");
    assert_eq!(text(odd.run_once(&ENTRY, entry(1), Some(claim("a", 1))).await), first);
    assert_eq!(odd.count("entry"), 24);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_ledger_is_gone_no_write_is_done() {
    let odd = Odd::open();
    let first = text(odd.run_once(&ENTRY, entry(1), Some(claim("a", 1))).await);
    odd.execute("rename table beds_ledger to kept");
    for id in ["a", "b"] {
        let error = odd.run_once(&ENTRY, entry(1), Some(claim(id, 1))).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::Internal, "{error}");
        assert!(error.hint.is_some_and(|hint| hint.contains("bedsc ddl --ledger")));
    }
    odd.run(&ENTRY, entry(2)).await.unwrap();
    odd.execute("rename table kept to beds_ledger");
    assert_eq!(text(odd.run_once(&ENTRY, entry(1), Some(claim("a", 1))).await), first);
    assert_eq!(odd.count("entry"), 2);
}

/// Without its key, the ledger would let each duplicate pass.
#[tokio::test(flavor = "multi_thread")]
async fn where_the_ledger_has_lost_its_key_no_write_is_done() {
    let odd = Odd::open();
    let first = text(odd.run_once(&ENTRY, entry(1), Some(claim("a", 1))).await);
    odd.execute("alter table beds_ledger drop primary key, add index (user, message_id, step)");
    let together =
        (0..20).map(|number| odd.run_once(&ENTRY, entry(1), Some(claim(&format!("b{number}"), 1))));
    let again = odd.run_once(&ENTRY, entry(1), Some(claim("a", 1))).await;
    for outcome in join_all(together).await.into_iter().chain([again]) {
        let error = outcome.unwrap_err();
        assert!(error.code == ErrorCode::Internal && error.message.contains("has lost its key"), "{error}");
    }
    assert_eq!((odd.count("entry"), odd.count("beds_ledger")), (1, 1));
    odd.execute("alter table beds_ledger add primary key (user, message_id, step)");
    assert_eq!(text(odd.run_once(&ENTRY, entry(1), Some(claim("a", 1))).await), first);
    assert_eq!(odd.count("entry"), 1);
}

/// Of a table that is not there the server says that a user with few rights may not write into it.
#[tokio::test(flavor = "multi_thread")]
async fn a_user_with_few_rights_and_no_ledger_writes_at_least_once() {
    let odd = Odd::as_user("few");
    odd.execute("rename table beds_ledger to kept");
    let reply = text(odd.run_once(&ENTRY, entry(1), Some(claim("a", 1))).await);
    assert!(reply.contains("at least once"), "{reply}");
    odd.execute("rename table kept to beds_ledger");
    odd.execute("grant select, insert, update, delete on beds_ledger to few");
    let first = text(odd.run_once(&ENTRY, entry(1), Some(claim("a", 1))).await);
    assert_eq!(text(odd.run_once(&ENTRY, entry(1), Some(claim("a", 1))).await), first);
    assert_eq!(odd.count("entry"), 2);
}

/// What one of its rights is taken away from says so, is refused, and goes on when it has it again.
#[tokio::test(flavor = "multi_thread")]
async fn a_right_that_is_revoked_is_told_and_nothing_is_done_without_it() {
    let odd = Odd::as_user("few");
    odd.execute("grant select, insert, update, delete on beds_ledger to few");
    let write = |id: &'static str| odd.run_once(&ENTRY, entry(1), Some(claim(id, 1)));
    let first = text(write("a").await);
    for right in ["insert", "update", "select", "select, insert, update, delete"] {
        odd.execute(&format!("revoke {right} on beds_ledger from few"));
        // Of several that wait together, each hears it.
        let (a, b, c) = tokio::join!(write("a"), write("b"), write("c"));
        for error in [a, b, c].into_iter().filter_map(Result::err) {
            assert_eq!(error.code, ErrorCode::Internal, "{right}: {error}");
            assert!(error.message.contains("lacks a right on the table `beds_ledger`"), "{right}: {error}");
            assert!(
                error.hint.as_deref().is_some_and(|hint| {
                    hint.contains("grant select, insert, update, delete on `beds_ledger`")
                }),
                "{right}: {error:?}"
            );
        }
        assert_eq!((odd.count("entry"), odd.count("beds_ledger")), (1, 1), "{right}");
        odd.execute("grant select, insert, update, delete on beds_ledger to few");
        assert_eq!(text(write("a").await), first, "{right}");
    }
    // Rights on the whole database are those that a connection began with.
    odd.execute("revoke select, insert, update, delete on beds_ledger from few");
    write("b").await.unwrap_err();
    odd.execute("grant select, insert, update, delete on odd.* to few");
    write("b").await.unwrap();
    assert_eq!(odd.count("entry"), 2);
}

/// A node that never could write into the ledger that is there does nothing without it.
#[tokio::test(flavor = "multi_thread")]
async fn a_right_that_was_never_granted_is_told() {
    let odd = Odd::as_user("few");
    odd.execute("grant select, delete on beds_ledger to few");
    let error = odd.run_once(&ENTRY, entry(1), Some(claim("a", 1))).await.unwrap_err();
    assert!(error.message.ends_with("INSERT"), "{error}");
    assert_eq!(odd.count("entry"), 0);
}

/// Users are told apart, and message ids letter by letter and space by space.
#[tokio::test(flavor = "multi_thread")]
async fn a_claim_is_its_user_and_its_id_byte_by_byte() {
    let odd = Odd::open();
    let mut replies = Vec::new();
    for (user, id) in
        [("u", "a"), ("u", "A"), ("U", "a"), ("", "a"), ("u", "a "), ("u", "ä"), ("u", "a\u{308}")]
    {
        let claim = Claim { user: user.into(), message_id: id.into(), step: 0, digest: [1; 32] };
        replies.push(text(odd.run_once(&ENTRY, entry(1), Some(claim)).await));
    }
    let long =
        Claim {
            user: "ü".repeat(127), message_id: "\u{1f6a2}".repeat(128), step: u32::MAX, digest: [1; 32]
        };
    replies.push(text(odd.run_once(&ENTRY, entry(1), Some(long)).await));
    assert_eq!(odd.count("entry"), 8);
    replies.sort();
    replies.dedup();
    assert_eq!(replies.len(), 8, "each is a write of its own");
}

const DAY: Duration = Duration::from_hours(24);

/// Old rows go, in more steps than one; younger ones stay, and are known.
#[tokio::test(flavor = "multi_thread")]
async fn the_purge_deletes_what_is_old_and_nothing_else() {
    let odd = Odd::open();
    odd.execute(
        "insert into beds_ledger (user, message_id, step, digest, at) \
         select 'u', seq, 0, repeat('x', 32), now(3) - interval 8 day from seq_1_to_1234",
    );
    let first = text(odd.run_once(&ENTRY, entry(1), Some(claim("a", 1))).await);
    odd.execute("update beds_ledger set at = now(3) - interval 6 day where message_id = 'a'");
    assert_eq!(odd.purge(7 * DAY).await.unwrap(), 1_234);
    assert_eq!(odd.purge(7 * DAY).await.unwrap(), 0);
    assert_eq!(text(odd.run_once(&ENTRY, entry(1), Some(claim("a", 1))).await), first);
    assert_eq!(odd.purge(5 * DAY).await.unwrap(), 1);
    odd.run_once(&ENTRY, entry(1), Some(claim("a", 1))).await.unwrap();
    assert_eq!(odd.count("entry"), 2, "what was purged is done again");
}

/// A write is done while old rows are locked by what deletes them, and what somebody else holds is left for later.
#[tokio::test(flavor = "multi_thread")]
async fn the_purge_is_in_nobodys_way() {
    let odd = Odd::open();
    odd.execute(
        "insert into beds_ledger (user, message_id, step, digest, at) \
         select 'u', seq, 0, repeat('x', 32), now(3) - interval 8 day from seq_1_to_700",
    );
    let mut other = odd.connect().await;
    other
        .execute("start transaction; select * from beds_ledger where user = 'u' and message_id = '3' and step = 0 for update")
        .await
        .unwrap();
    let purge = odd.purge(7 * DAY);
    let writes = join_all(
        (0..50).map(|number| odd.run_once(&ENTRY, entry(number), Some(claim(&format!("w{number}"), 1)))),
    );
    let (purged, written) = tokio::join!(purge, writes);
    assert_eq!(purged.unwrap(), 0, "a row that is held stops the step");
    assert!(written.iter().all(Result::is_ok), "{written:?}");
    other.execute("rollback").await.unwrap();
    // Another node's purge has the lock.
    other.execute("do get_lock(concat('beds_purge.', md5('odd')), 0)").await.unwrap();
    assert_eq!(odd.purge(7 * DAY).await.unwrap(), 0);
    other.execute("do release_all_locks()").await.unwrap();
    assert_eq!(odd.purge(7 * DAY).await.unwrap(), 700);
    assert_eq!(odd.count("beds_ledger"), 50);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_ledger_there_is_nothing_to_purge() {
    let odd = Odd::as_user("few");
    let error = odd.purge(DAY).await.unwrap_err();
    assert!(error.message.contains("DELETE command denied"), "{error}");
    let odd = Odd::open();
    odd.execute("drop table beds_ledger");
    assert_eq!(odd.purge(DAY).await.unwrap(), 0);
}

/// A call is once like any other write; one that commits by itself cannot be, claims nothing, and says so.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_once_unless_it_commits_by_itself() {
    let odd = Odd::open();
    let call = |call| Action::Write(plan::Write::Call(Invocation { call, args: Vec::new() }));
    let first = text(odd.run_once(&CHILD, call(&PLAIN_CALL), Some(claim("a", 1))).await);
    assert_eq!(text(odd.run_once(&CHILD, call(&PLAIN_CALL), Some(claim("a", 1))).await), first);
    assert_eq!((odd.count("log"), odd.count("beds_ledger")), (1, 1));
    let commits = ODD.iter().find(|call| call.name == "old_style").unwrap();
    for _ in 0..2 {
        let reply = text(odd.run_once(&CHILD, call(commits), Some(claim("b", 1))).await);
        assert!(reply.contains("at least once"), "{reply}");
    }
    assert_eq!((odd.count("log"), odd.count("beds_ledger")), (3, 1));
}

/// What the DBA has changed is told with the column's name, and with what to do.
#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_is_otherwise_is_told_with_its_column() {
    for (change, said) in [
        ("rename column digest to digests", "has no column `digest`"),
        ("drop column at", ""),
        ("add column tenant int not null", "has a column `tenant` that the node does not write"),
        ("rename column reply to answer", "has no column `reply`"),
    ] {
        let odd = Odd::open();
        odd.execute(&format!("alter table beds_ledger {change}"));
        let outcome = odd.run_once(&ENTRY, entry(1), Some(claim("a", 1))).await;
        if said.is_empty() {
            outcome.unwrap();
            continue;
        }
        let error = outcome.unwrap_err();
        assert_eq!((error.code, error.retryable), (ErrorCode::Internal, false), "{error}");
        assert!(error.message.contains(said), "{change}: {error}");
        assert!(error.hint.as_deref().is_some_and(|hint| hint.contains("bedsc ddl --ledger")), "{error:?}");
        assert_eq!(odd.count("entry"), 0, "{change}");
    }
}
