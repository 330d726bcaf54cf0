//! Writes that share a transaction with one that ends it, or that waits: none of the others is lost, done twice, or late.

use beds_core::{
    Error, Outcome,
    plan::{self, Action},
    value::Value,
};
use beds_protocol::ErrorCode;
use futures_util::future::join_all;
use sqlx::Executor as _;

use crate::{
    ledger::claim,
    odd::{CHILD, FICKLE, Odd},
};

const ALL: i64 = 90;

fn create(id: i64, how: &str) -> Action {
    let record = vec![Value::Int(id), Value::Text(how.into())];
    Action::Write(plan::Write::Create { records: vec![record], many: false })
}

/// Creates at one time, of which each ninth does something of its own; with a `message_id` or without.
async fn creates(odd: &Odd, how: &str, is_claimed: bool) -> Vec<Result<Outcome, Error>> {
    let writes = (0..ALL).map(|id| {
        let how = if id % 9 == 4 { how } else { "plain" };
        let claim = is_claimed.then(|| claim(&format!("f{id}"), 1));
        odd.run_once(&FICKLE, create(id, how), claim)
    });
    join_all(writes).await
}

/// How many records there are of each.
fn rows(odd: &Odd) -> Vec<i64> {
    let sql = "select count(f.id) from seq_0_to_89 s left join fickle f on f.id = s.seq group by s.seq order by s.seq";
    odd.stack.mariadb_query(Some("odd"), sql).unwrap().lines().map(|line| line.parse().unwrap()).collect()
}

const fn is_plain(id: usize) -> bool {
    id % 9 != 4
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_takes_no_other_write_along() {
    for is_claimed in [false, true] {
        let odd = Odd::with_connections(2);
        let outcomes = creates(&odd, "rollback", is_claimed).await;
        for (id, (outcome, rows)) in outcomes.iter().zip(rows(&odd)).enumerate() {
            match outcome {
                Ok(_) => assert_eq!(rows, 1, "{id}"),
                Err(error) => {
                    assert!(is_claimed && !is_plain(id), "{id}: {error}");
                    assert_eq!((error.code, rows), (ErrorCode::Internal, 0), "{id}: {error}");
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_does_no_other_write_twice() {
    let odd = Odd::with_connections(2);
    let outcomes = creates(&odd, "commit", true).await;
    for (id, outcome) in outcomes.iter().enumerate() {
        assert!(outcome.is_ok(), "{id}: {outcome:?}");
    }
    assert_eq!(rows(&odd), vec![1; 90]);
    assert_eq!(odd.count("beds_ledger where reply is not null"), ALL);
    // Once it is known, none of them shares a transaction any more.
    odd.execute("truncate fickle; truncate beds_ledger");
    assert!(creates(&odd, "commit", false).await.iter().all(Result::is_ok));
    assert_eq!(rows(&odd), vec![1; 90]);
}

/// What was refused after a commit remains: it is told so, or that nobody knows; the writes of another template are done.
#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_after_a_commit_leaves_the_claims_of_no_others() {
    let odd = Odd::with_connections(2);
    let writes = (0..ALL).map(|id| {
        let claim = Some(claim(&format!("f{id}"), 1));
        let child = [id, 1, id].map(Value::Int).to_vec();
        let child = Action::Write(plan::Write::Create { records: vec![child], many: false });
        let odd = &odd;
        async move {
            if is_plain(usize::try_from(id).unwrap()) {
                odd.run_once(&CHILD, child, claim).await
            } else {
                odd.run_once(&FICKLE, create(id, "too late"), claim).await
            }
        }
    });
    for (id, outcome) in join_all(writes).await.into_iter().enumerate() {
        match outcome {
            Ok(_) => assert!(is_plain(id), "{id}"),
            Err(error) => assert!(!is_plain(id) && !error.retryable, "{id}: {error}"),
        }
    }
    assert_eq!((odd.count("child"), odd.count("fickle")), (80, 10));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_temporary_table_is_not_taken_for_rows_that_remain() {
    let odd = Odd::with_connections(2);
    for round in 0..4 {
        let writes = (0..ALL).map(|id| {
            let how = ["plain", "plain", "temporary", "refused"][usize::try_from(id % 4).unwrap()];
            odd.run_once(&FICKLE, create(id, how), Some(claim(&format!("{round}-{id}"), 1)))
        });
        for (id, outcome) in join_all(writes).await.into_iter().enumerate() {
            match outcome {
                Ok(_) => assert_ne!(id % 4, 3, "{id}"),
                Err(error) => {
                    assert_eq!((id % 4, error.code), (3, ErrorCode::RejectedByDatabase), "{id}: {error}");
                }
            }
        }
    }
}

/// A list or batch without a `message_id` in which something is rolled back is no success.
#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_within_a_list_or_a_batch_is_told() {
    let odd = Odd::open();
    let record = |id: i64, how: &str| vec![Value::Int(id), Value::Text(how.into())];
    let records = vec![record(1, "plain"), record(2, "rollback"), record(3, "plain")];
    let list = Action::Write(plan::Write::Create { records, many: true });
    let items = [(1, "plain"), (2, "rollback"), (3, "plain")].map(|(id, how)| (&FICKLE, create(id, how)));
    for error in
        [odd.run(&FICKLE, list).await.unwrap_err(), odd.run_all(items.into(), None).await.unwrap_err()]
    {
        assert_eq!((error.code, error.retryable), (ErrorCode::Unavailable, false), "{error}");
        assert!(error.message.contains("ended the node's transaction"), "{error}");
    }
    assert_eq!(odd.count("fickle"), 0);
}

/// A write that waits for what somebody holds keeps none of those waiting that came with it.
#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_waits_for_a_lock_delays_no_others() {
    let odd = Odd::with_connections(4);
    let mut other = odd.connect().await;
    other.execute("start transaction").await.unwrap();
    let held =
        "insert into beds_ledger (user, message_id, step, digest) values ('', 'f13', 0, repeat('x', 32))";
    other.execute(held).await.unwrap();
    let write = |id: i64| odd.run_once(&FICKLE, create(id, "plain"), Some(claim(&format!("f{id}"), 1)));
    let waiting = write(13);
    let others = async {
        let outcomes = join_all((0..60).filter(|id| *id != 13).map(write)).await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 59);
        // It is only now that the one which waits can be done.
        other.execute("rollback").await.unwrap();
    };
    let (waited, ()) = tokio::join!(waiting, others);
    waited.unwrap();
    assert_eq!(odd.count("fickle"), 60);
}
