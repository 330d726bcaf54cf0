//! Writes that wait together share transactions and statements, and none is harmed by another.

use std::{sync::Arc, time::Duration};

use beds_core::{
    plan::{self, Action},
    value::Value,
};
use beds_protocol::ErrorCode;
use futures_util::future::join_all;
use sqlx::Executor as _;

use crate::{
    ledger::{claim, entry, text},
    odd::{CHILD, ENTRY, Odd},
};

impl Odd {
    /// What the server counts.
    fn status(&self, name: &str) -> i64 {
        let sql = format!(
            "select variable_value from information_schema.global_status where variable_name = '{name}'"
        );
        self.stack.mariadb_query(Some("odd"), &sql).unwrap().trim().parse().unwrap()
    }
}

/// Writes that share transactions: every third is refused, and none of the others is harmed.
#[tokio::test(flavor = "multi_thread")]
async fn a_refused_write_harms_none_that_waited_with_it() {
    let odd = Arc::new(Odd::open());
    odd.create(&[[1_000, 1, 1_000]]).await.unwrap();
    let requests = (0..120_i64).map(|number| {
        let odd = Arc::clone(&odd);
        tokio::spawn(async move {
            let u = if number % 3 == 0 { 1_000 } else { number };
            let record = [number, 1, u].map(Value::Int).to_vec();
            let action = Action::Write(plan::Write::Create { records: vec![record], many: false });
            odd.run_once(&CHILD, action, Some(claim(&number.to_string(), 1))).await
        })
    });
    for (number, outcome) in join_all(requests).await.into_iter().enumerate() {
        match outcome.unwrap() {
            Ok(_) => assert_ne!(number % 3, 0),
            Err(error) => assert_eq!((number % 3, error.code), (0, ErrorCode::Conflict), "{error}"),
        }
    }
    assert_eq!((odd.count("child"), odd.count("beds_ledger")), (81, 80));
}

/// Of writes that wait together some were done before and some are refused: the others stay together, and each gets its own.
#[tokio::test(flavor = "multi_thread")]
async fn duplicates_and_refused_ones_leave_the_others_together() {
    let odd = Odd::open();
    let child = |id: i64, parent: i64| {
        let record = [id, parent, id].map(Value::Int).to_vec();
        let action = Action::Write(plan::Write::Create { records: vec![record], many: false });
        odd.run_once(&CHILD, action, Some(claim(&id.to_string(), u8::from(parent == 1))))
    };
    let mut first = Vec::new();
    for id in 0..10 {
        first.push(text(child(id * 20, 1).await));
    }
    let before = odd.status("Com_commit");
    let writes = (0..200).map(|id| child(id, if id % 20 == 7 { 99 } else { 1 }));
    for (id, outcome) in (0..).zip(join_all(writes).await) {
        match (id % 20, outcome) {
            (0, outcome) => assert_eq!(text(outcome), first[id / 20]),
            (7, Err(error)) => {
                assert_eq!((error.code, error.retryable), (ErrorCode::Conflict, false), "{error}");
            }
            (7, Ok(_)) => panic!("{id} is done"),
            (_, outcome) => assert!(text(outcome).contains(&format!(r#""id":{id},"#)), "{id}"),
        }
    }
    let commits = odd.status("Com_commit") - before;
    assert!((1..=12).contains(&commits), "{commits} commits for 180 new writes");
    assert_eq!((odd.count("child"), odd.count("beds_ledger where reply is not null")), (190, 190));
    assert_eq!(odd.count("beds_ledger"), 190, "a refused one leaves no claim");
}

/// Writes that wait together may claim the same.
#[tokio::test(flavor = "multi_thread")]
async fn of_writes_that_wait_together_each_claim_is_done_once() {
    let odd = Odd::open();
    let writes = (0..100_i64).map(|turn| {
        let digest = u8::from(turn >= 90);
        odd.run_once(&ENTRY, entry(turn % 10), Some(claim(&(turn % 10).to_string(), digest)))
    });
    let outcomes = join_all(writes).await;
    let first: Vec<String> = outcomes[..10].iter().map(|outcome| text(outcome.clone())).collect();
    for (turn, outcome) in outcomes.into_iter().enumerate() {
        if turn < 90 {
            assert_eq!(text(outcome), first[turn % 10]);
        } else {
            let error = outcome.unwrap_err();
            assert_eq!((error.code, error.retryable), (ErrorCode::Conflict, false), "{error}");
        }
    }
    assert_eq!((odd.count("entry"), odd.count("beds_ledger")), (10, 10));
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_that_wait_together_share_commits() {
    let odd = Arc::new(Odd::open());
    let before = odd.status("Com_commit");
    let requests =
        (0..200_i64).map(|number| odd.run_once(&ENTRY, entry(number), Some(claim(&number.to_string(), 1))));
    for outcome in join_all(requests).await {
        outcome.unwrap();
    }
    let commits = odd.status("Com_commit") - before;
    assert!((1..=30).contains(&commits), "{commits} commits for 200 writes");
    assert_eq!((odd.count("entry"), odd.count("beds_ledger")), (200, 200));
}

/// What a requester no longer waits for is taken back, and the others stay together.
#[tokio::test]
async fn one_that_nobody_waits_for_leaves_the_others_together() {
    let odd = Odd::open();
    odd.create(&[[1_000, 1, 1_000]]).await.unwrap();
    // A group takes what there is time for, as far as the last ones tell: the first had to learn of the columns.
    for _ in 0..8 {
        odd.create(&[[1_000, 1, 1_000]]).await.unwrap_err();
    }
    let mut other = odd.connect().await;
    other.execute("start transaction; select * from parent for update").await.unwrap();
    let before = odd.status("Com_commit");
    let write = |id: i64, time| {
        let record = [id, 1, id].map(Value::Int).to_vec();
        let action = Action::Write(plan::Write::Create { records: vec![record], many: false });
        odd.run_within(Duration::from_secs(time), &CHILD, action, Some(claim(&id.to_string(), 1)))
    };
    let short = async {
        let error = write(20, 1).await.unwrap_err();
        other.execute("rollback").await.unwrap();
        error
    };
    let (error, all) = tokio::join!(short, join_all((0..20).map(|id| write(id, 60))));
    assert_eq!((error.code, error.retryable), (ErrorCode::DeadlineExceeded, true), "{error}");
    for outcome in all {
        outcome.unwrap();
    }
    let commits = odd.status("Com_commit") - before;
    assert!((1..=5).contains(&commits), "{commits} commits for 20 writes");
    assert_eq!((odd.count("child"), odd.count("beds_ledger")), (21, 20));
}

/// Records of one request, and of requests that wait together, are created by few statements; each reply shows its own.
#[tokio::test(flavor = "multi_thread")]
async fn records_are_created_together_and_replies_are_not_mixed_up() {
    let odd = Arc::new(Odd::open());
    let records = (0..100_i64).map(|number| vec![Value::Null, Value::Int(number)]).collect();
    odd.create(&[[1, 1, 1]]).await.unwrap();
    // Nobody but the adapter prepares statements; its relay and its examinations do so now and then.
    let before = odd.status("Com_stmt_execute");
    let many = odd.run_once(&ENTRY, Action::Write(plan::Write::Create { records, many: true }), None).await;
    let reply: serde_json::Value = serde_json::from_str(&text(many)).unwrap();
    for (index, record) in reply["data"].as_array().unwrap().iter().enumerate() {
        assert_eq!(
            (record["id"].as_u64(), record["n"].as_u64()),
            (Some(index as u64 + 1), Some(index as u64))
        );
    }
    let statements = odd.status("Com_stmt_execute") - before;
    assert!(statements < 90, "{statements} statements for 100 records");
    let requests =
        (0..100_i64).map(|number| odd.run_once(&ENTRY, entry(number), Some(claim(&number.to_string(), 1))));
    for (number, reply) in join_all(requests).await.into_iter().enumerate() {
        let reply: serde_json::Value = serde_json::from_str(&text(reply)).unwrap();
        assert_eq!(reply["data"]["n"], number);
        let sql = format!("entry where id = {} and n = {number}", reply["data"]["id"]);
        assert_eq!(odd.count(&sql), 1);
    }
}

/// A statement is written for more calls, or replies, than there are: each number of them is done as it is.
#[tokio::test(flavor = "multi_thread")]
async fn any_number_of_writes_is_done_together() {
    let odd = Odd::open();
    let mut next = 0;
    for size in (1..=9).chain([31, 33, 65, 100]) {
        let numbers: Vec<i64> = (next..next + size).collect();
        next += size;
        let records = numbers.iter().map(|&id| [id, 1, id].map(Value::Int).to_vec());
        let create = plan::Write::Create { records: records.collect(), many: true };
        let reply = text(odd.run_once(&CHILD, Action::Write(create), None).await);
        let reply: serde_json::Value = serde_json::from_str(&reply).unwrap();
        let ids: Vec<i64> =
            reply["data"].as_array().unwrap().iter().map(|record| record["id"].as_i64().unwrap()).collect();
        assert_eq!((ids, odd.count("child")), (numbers.clone(), next));
        let once = numbers
            .iter()
            .map(|number| odd.run_once(&ENTRY, entry(*number), Some(claim(&format!("{size} {number}"), 1))));
        for outcome in join_all(once).await {
            outcome.unwrap();
        }
        assert_eq!(odd.count("beds_ledger where reply is not null"), next);
    }
}
