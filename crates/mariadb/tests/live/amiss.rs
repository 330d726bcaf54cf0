//! A ledger that is there and is not as the node needs it is named, with what is wrong with it.

use beds_core::{Error, Outcome, plan::Claim};
use beds_protocol::ErrorCode;
use futures_util::future::join_all;

use crate::{
    ledger::{claim, entry},
    odd::{ENTRY, Odd},
};

/// A change of the ledger, the claims of the writes that are not done then, and what is said of them.
type Amiss = (&'static str, [(&'static str, &'static str); 2], &'static str);

const AMISS: &[Amiss] = &[
    (
        "alter table beds_ledger drop primary key, add primary key (message_id, step)",
        [("a", "1"), ("b", "1")],
        "its primary key is over `message_id, step`",
    ),
    (
        "alter table beds_ledger add unique index of_others (digest)",
        [("a", "1"), ("a", "2")],
        "its unique index `of_others` over `digest` refuses",
    ),
    (
        "alter table beds_ledger modify message_id varchar(128) collate utf8mb4_general_ci not null",
        [("a", "x"), ("a", "X")],
        "its column `message_id` compares by `utf8mb4_general_ci`",
    ),
    (
        "alter table beds_ledger modify user varchar(255) character set utf8mb4 collate utf8mb4_bin not null",
        [("a", "1"), ("a ", "1")],
        "its column `user` compares by `utf8mb4_bin`",
    ),
    (
        "create trigger of_others before insert on beds_ledger for each row set new.message_id = uuid()",
        [("", ""), ("a", "1")],
        "its trigger `of_others`",
    ),
    (
        "create trigger of_others before insert on beds_ledger for each row set new.message_id = upper(new.message_id)",
        [("a", "x"), ("a", "x")],
        "its trigger `of_others`",
    ),
    (
        "rename table beds_ledger to kept; create view beds_ledger as select distinct * from kept",
        [("", ""), ("a", "1")],
        "it is a view",
    ),
    (
        "rename table beds_ledger to kept; create view beds_ledger as select user, message_id, step, digest from kept",
        [("", ""), ("a", "1")],
        "has no column `reply`",
    ),
];

fn of((user, id): (&str, &str)) -> Claim {
    Claim { user: user.into(), ..claim(id, 1) }
}

#[track_caller]
fn is_told(change: &str, outcome: Result<Outcome, Error>, said: &str) {
    let error = outcome.unwrap_err();
    assert_eq!((error.code, error.retryable), (ErrorCode::Internal, false), "{change}: {error}");
    assert!(error.message.contains(said) && error.message.contains("beds_ledger"), "{change}: {error}");
    let hint = error.hint.unwrap_or_default();
    assert!(hint.contains("bedsc ddl --ledger") && hint.contains("beds verify"), "{change}: {hint}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_is_amiss_is_told_with_what_is_wrong() {
    for &(change, [first, second], said) in AMISS {
        let odd = Odd::open();
        odd.execute(change);
        let mut done = 0;
        if !first.1.is_empty() {
            odd.run_once(&ENTRY, entry(1), Some(of(first))).await.unwrap();
            done = 1;
        }
        is_told(change, odd.run_once(&ENTRY, entry(2), Some(of(second))).await, said);
        let together = (3..6).map(|number| odd.run_once(&ENTRY, entry(number), Some(of(second))));
        for outcome in join_all(together).await {
            is_told(change, outcome, said);
        }
        assert_eq!(odd.count("entry"), done, "{change}");
        odd.run(&ENTRY, entry(9)).await.unwrap();
    }
}

/// A claim that was widened with its column is no claim of another request: a new `message_id` would do the write twice.
#[tokio::test(flavor = "multi_thread")]
async fn a_digest_of_another_length_is_told() {
    let odd = Odd::open();
    odd.run_once(&ENTRY, entry(1), Some(of(("a", "1")))).await.unwrap();
    odd.execute("alter table beds_ledger modify digest binary(64) not null");
    let error = odd.run_once(&ENTRY, entry(1), Some(of(("a", "1")))).await.unwrap_err();
    assert_eq!((error.code, error.retryable), (ErrorCode::Internal, false), "{error}");
    assert!(error.hint.unwrap_or_default().contains("do not send the request again with a new `message_id`"));
    assert_eq!(odd.count("entry"), 1);
}
