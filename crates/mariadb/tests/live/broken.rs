//! Writes that share a transaction with one that ends it, or that waits: none of the others is lost, done twice, or late.

use std::time::Duration;

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
    odd::{CHILD, FICKLE, FICKLE_TOLD, Odd},
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
        let child = child(id);
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

/// Creates at one time, the first of which occupies the only connection until all wait; each with its outcome and rows.
async fn together(odd: &Odd, hows: &[&str], is_claimed: impl Fn(usize) -> bool) -> Vec<(bool, i64)> {
    let mut other = odd.connect().await;
    other.execute("lock tables child write").await.unwrap();
    let first = odd.create(&[[1, 1, 1]]);
    let writes = async {
        while odd.count("information_schema.processlist where state = 'Waiting for table metadata lock'") == 0
        {
            tokio::task::yield_now().await;
        }
        let writes = hows.iter().enumerate().map(|(id, how)| {
            let claim = is_claimed(id).then(|| claim(&format!("t{id}"), 1));
            odd.run_once(&FICKLE, create(i64::try_from(id).unwrap(), how), claim)
        });
        let release = async { other.execute("unlock tables").await.unwrap() };
        tokio::join!(join_all(writes), release).0
    };
    let (first, outcomes) = tokio::join!(first, writes);
    first.unwrap();
    let rows = rows(odd);
    outcomes.iter().zip(rows).map(|(outcome, rows)| (outcome.is_ok(), rows)).collect()
}

/// Of creates that are one statement, none runs after the one that ended the transaction: so a commit and a rollback among
/// them leave no doubt of the others.
#[tokio::test(flavor = "multi_thread")]
async fn two_that_end_a_transaction_leave_no_doubt_of_the_others() {
    for hows in [
        ["plain", "commit", "plain", "rollback", "plain"],
        ["plain", "rollback", "plain", "commit", "plain"],
        ["plain", "commit", "plain", "too late", "plain"],
        ["plain", "autocommit", "plain", "ddl", "plain"],
    ] {
        let odd = Odd::open();
        let is_claimed = |id| id != 2;
        let did = together(&odd, &hows, is_claimed).await;
        for id in [0, 2, 4] {
            assert_eq!(did[id], (true, 1), "{hows:?}: {id}, {did:?}");
        }
        // None has spoilt the `message_id` of another.
        for id in [0, 4] {
            odd.run_once(&FICKLE, create(id, "plain"), Some(claim(&format!("t{id}"), 1))).await.unwrap();
        }
        assert_eq!(odd.count("fickle where how = 'plain'"), 3, "{hows:?}");
    }
}

/// Those before a refusal after a commit keep their replies.
#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_after_a_commit_spoils_no_message_id() {
    let odd = Odd::open();
    let hows = ["plain", "plain", "too late", "plain"];
    let did = together(&odd, &hows, |_| true).await;
    assert_eq!(did, [(true, 1), (true, 1), (false, 1), (true, 1)]);
    assert_eq!(odd.count("beds_ledger where reply is null"), 1);
}

/// With a `message_id`, what is rolled back of a list or a batch is no success either.
#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_after_a_commit_within_a_list_or_a_batch_is_told() {
    let odd = Odd::open();
    let hows = ["plain", "commit", "plain", "rollback"];
    let record = |(id, how): (i64, &&str)| vec![Value::Int(id), Value::Text((*how).into())];
    let list = || {
        let records = (0..).zip(&hows).map(record).collect();
        Action::Write(plan::Write::Create { records, many: true })
    };
    let items = || (0..).zip(&hows).map(|(id, how)| (&FICKLE, create(id, how))).collect();
    for error in [
        odd.run_once(&FICKLE, list(), Some(claim("a", 1))).await.unwrap_err(),
        odd.run_once(&FICKLE, list(), Some(claim("a", 1))).await.unwrap_err(),
        odd.run_all(items(), Some(claim("b", 1))).await.unwrap_err(),
        odd.run_all(items(), Some(claim("b", 1))).await.unwrap_err(),
    ] {
        assert_eq!((error.code, error.retryable), (ErrorCode::Unavailable, false), "{error}");
    }
    // Neither was done again.
    assert_eq!(odd.count("fickle where how = 'commit'"), 2);
}

/// A change that was committed has its event, also where its reply says that its outcome is unknown.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_committed_by_itself_has_its_event() {
    let odd = Odd::open();
    let error = odd.run(&FICKLE_TOLD, create(1, "commit")).await.unwrap_err();
    assert!(error.message.contains("ended the node's transaction"), "{error}");
    assert_eq!((odd.count("fickle"), odd.count("beds_events")), (1, 1));
    odd.run_once(&FICKLE_TOLD, create(2, "commit"), Some(claim("a", 1))).await.unwrap();
    assert_eq!((odd.count("fickle"), odd.count("beds_events")), (2, 2));
    // What is known to be rolled back has none.
    odd.run_once(&FICKLE_TOLD, create(3, "rollback"), Some(claim("b", 1))).await.unwrap_err();
    assert_eq!((odd.count("fickle"), odd.count("beds_events")), (2, 2));
}

/// An object that fails after a commit leaves what was done before it: the outcome is unknown, and what remains has its
/// events.
#[tokio::test(flavor = "multi_thread")]
async fn a_list_or_a_batch_in_which_one_fails_after_a_commit_is_unknown() {
    let odd = Odd::open();
    let items = |from: i64| {
        let told = |id| (&FICKLE_TOLD, create(id, "plain"));
        vec![told(from), told(from + 1), (&FICKLE, create(from + 2, "too late")), told(from + 3)]
    };
    let list = |from: i64| {
        let record = |(id, how): (i64, &str)| vec![Value::Int(id), Value::Text(how.into())];
        let records = (from..).zip(["plain", "too late", "plain"]).map(record).collect();
        Action::Write(plan::Write::Create { records, many: true })
    };
    for error in [
        odd.run_all(items(0), None).await.unwrap_err(),
        odd.run_all(items(10), Some(claim("a", 1))).await.unwrap_err(),
        odd.run(&FICKLE, list(20)).await.unwrap_err(),
        odd.run_once(&FICKLE, list(30), Some(claim("b", 1))).await.unwrap_err(),
    ] {
        assert_eq!((error.code, error.retryable), (ErrorCode::Unavailable, false), "{error}");
        assert!(error.message.contains("may or may not have happened"), "{error}");
        assert!(error.message.contains("; then it failed: "), "{error}");
    }
    assert_eq!((odd.count("fickle where id < 20 and how = 'plain'"), odd.count("beds_events")), (4, 4));
}

/// A procedure whose handler rolls back and passes on the error: nothing remains, no event either, and the error is the
/// server's.
#[tokio::test(flavor = "multi_thread")]
async fn a_list_or_a_batch_in_which_one_rolls_back_and_fails_has_its_error_and_no_event() {
    let odd = Odd::open();
    let items =
        |from: i64| vec![(&FICKLE_TOLD, create(from, "plain")), (&FICKLE, create(from + 1, "handled"))];
    let list = |from: i64| {
        let record = |(id, how): (i64, &str)| vec![Value::Int(id), Value::Text(how.into())];
        let records = (from..).zip(["plain", "handled"]).map(record).collect();
        Action::Write(plan::Write::Create { records, many: true })
    };
    for (error, is_doubtful) in [
        (odd.run_all(items(0), None).await.unwrap_err(), true),
        (odd.run_all(items(10), Some(claim("a", 1))).await.unwrap_err(), false),
        (odd.run(&FICKLE, list(20)).await.unwrap_err(), true),
        (odd.run_once(&FICKLE, list(30), Some(claim("b", 1))).await.unwrap_err(), false),
    ] {
        assert_eq!((error.code, error.retryable), (ErrorCode::Conflict, false), "{error}");
        let hint = error.hint.unwrap_or_default();
        assert_eq!(hint.contains("unless it rolled back"), is_doubtful, "{hint}");
    }
    assert_eq!((odd.count("fickle"), odd.count("beds_events")), (0, 0));
}

/// What is refused after a commit says what remains.
#[tokio::test(flavor = "multi_thread")]
async fn a_create_that_is_refused_after_a_commit_says_what_remains() {
    let odd = Odd::open();
    let error = odd.run_once(&FICKLE, create(1, "too late"), Some(claim("a", 1))).await.unwrap_err();
    assert!(error.hint.as_ref().is_some_and(|hint| hint.contains("remains")), "{error:?}");
}

/// Numbers that look random.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }
}

/// A request of a random kind, for these records.
struct Request {
    hows: Vec<(i64, &'static str)>,
    is_batch: bool,
    claim: Option<String>,
}

impl Request {
    async fn run(&self, odd: &Odd) -> Result<Outcome, Error> {
        let claim = self.claim.as_ref().map(|id| claim(id, 1));
        let record = |(id, how): &(i64, &str)| vec![Value::Int(*id), Value::Text((*how).into())];
        if self.is_batch {
            let items = self.hows.iter().map(|(id, how)| (&FICKLE, create(*id, how)));
            return odd.run_all(items.collect(), claim).await;
        }
        let records = self.hows.iter().map(record).collect();
        let many = self.hows.len() > 1;
        odd.run_once(&FICKLE, Action::Write(plan::Write::Create { records, many }), claim).await
    }

    fn is_plain(&self) -> bool {
        self.hows.iter().all(|(_, how)| *how == "plain")
    }
}

/// Whatever some procedures do: requests that do nothing of the kind are done, those with a `message_id` once, and each
/// success is one.
#[tokio::test(flavor = "multi_thread")]
async fn no_mixture_of_odd_writes_harms_the_others() {
    const HOWS: [&str; 9] =
        ["rollback", "commit", "too late", "ddl", "autocommit", "refused", "temporary", "up", "down"];
    let rounds = std::env::var("BEDS_ROUNDS").map_or(6, |rounds| rounds.parse().unwrap());
    let seed = std::env::var("BEDS_SEED").map_or(10, |seed| seed.parse().unwrap());
    let mut odd = Odd::open();
    for round in seed..seed + rounds {
        let mut random = Random(round);
        odd = odd.anew([1, 2, 4][random.below(3)]);
        odd.execute("truncate fickle; truncate beds_ledger");
        let mut id = 0;
        let mut request = |number: usize| {
            let (length, is_batch) = [(1, false), (1, false), (3, false), (3, true)][random.below(4)];
            let hows = (0..length).map(|_| {
                id += 1;
                (id, if random.below(8) == 0 { HOWS[random.below(HOWS.len())] } else { "plain" })
            });
            let hows = hows.collect();
            Request { hows, is_batch, claim: (random.below(3) > 0).then(|| number.to_string()) }
        };
        let requests: Vec<Request> = (0..60).map(&mut request).collect();
        let outcomes = join_all(requests.iter().map(|request| request.run(&odd))).await;
        let check = |outcomes: &[Result<Outcome, Error>]| {
            let sql = "select f.id, count(*) from fickle f where f.how <> 'again' group by f.id";
            let told = odd.stack.mariadb_query(Some("odd"), sql).unwrap();
            let rows: std::collections::HashMap<i64, i64> = told
                .lines()
                .filter_map(|line| line.split_once('\t'))
                .map(|(id, rows)| (id.parse().unwrap(), rows.parse().unwrap()))
                .collect();
            for (request, outcome) in requests.iter().zip(outcomes) {
                let Request { hows, claim, .. } = request;
                assert!(outcome.is_ok() || !request.is_plain(), "{round}: {hows:?} {claim:?}: {outcome:?}");
                for (id, _) in hows.iter().filter(|(_, how)| *how == "plain") {
                    let rows = rows.get(id).copied().unwrap_or_default();
                    match outcome {
                        Ok(_) if claim.is_some() => assert_eq!(rows, 1, "{round}: {id} {hows:?} {claim:?}"),
                        Ok(_) => assert!(rows >= 1, "{round}: {id} {hows:?}"),
                        Err(_) if claim.is_some() => assert!(rows <= 1, "{round}: {id} {hows:?}"),
                        Err(_) => {}
                    }
                }
            }
        };
        check(&outcomes);
        // Who asks again with a `message_id` gets the same, and nothing is done again.
        let again = join_all(requests.iter().zip(&outcomes).map(async |(request, outcome)| {
            if request.claim.is_none() || !request.is_plain() {
                return outcome.clone();
            }
            let again = request.run(&odd).await;
            assert_eq!(again.is_ok(), outcome.is_ok(), "{round}: {:?} {again:?}", request.hows);
            again
        }))
        .await;
        check(&again);
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

/// Nor does it say that others take as long.
#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_waited_for_a_lock_has_no_burst_refused() {
    let odd = Odd::with_connections(2);
    odd.create(&[[1, 1, 1]]).await.unwrap();
    odd.run(&CHILD, child(2)).await.unwrap();
    let mut other = odd.connect().await;
    other.execute("start transaction; select * from child where id = 1 for update").await.unwrap();
    let change = |id| {
        Action::Write(plan::Write::Update {
            key: vec![Value::Int(id)],
            changes: vec![(2, Value::Int(10 * id))],
            if_version: None,
        })
    };
    odd.run(&CHILD, change(2)).await.unwrap();
    let release = async {
        while odd.count("information_schema.processlist where command = 'Execute' and time_ms > 4000") == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        other.execute("rollback").await.unwrap();
    };
    tokio::join!(async { odd.run(&CHILD, change(1)).await.unwrap() }, release);
    let burst = (0..200).map(|_| odd.run_within(Duration::from_secs(20), &CHILD, change(2), None));
    for outcome in join_all(burst).await {
        outcome.unwrap();
    }
}

fn child(id: i64) -> Action {
    let record = [id, 1, id].map(Value::Int).to_vec();
    Action::Write(plan::Write::Create { records: vec![record], many: false })
}
