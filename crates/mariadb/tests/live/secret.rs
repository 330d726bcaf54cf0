//! Procedures that end the node's transaction, of which their templates say nothing.

use beds_core::{
    Error,
    plan::{self, Action, Invocation},
};
use beds_protocol::ErrorCode;
use sqlx::Executor as _;

use crate::{
    ledger::claim,
    odd::{CHILD, HIDDEN_COMMIT, HIDDEN_REFUSAL, HIDDEN_ROLLBACK, Odd},
};

/// A procedure that commits in secret keeps the claim where it is interrupted: nobody can say what became of the write.
#[tokio::test(flavor = "multi_thread")]
async fn a_claim_without_a_reply_is_said_to_be_unknown() {
    let odd = Odd::with_connections(4);
    let write = || {
        let call = plan::Write::Call(Invocation { call: &HIDDEN_COMMIT, args: Vec::new() });
        odd.run_once(&CHILD, Action::Write(call), Some(claim("a", 1)))
    };
    let mut other = odd.connect().await;
    other.execute("do get_lock('hidden', 0)").await.unwrap();
    let first = write();
    let kill = async {
        let waits = "information_schema.processlist where state = 'User lock'";
        while odd.count(waits) == 0 {
            tokio::task::yield_now().await;
        }
        let sql = format!("select id from {waits}");
        let id = odd.stack.mariadb_query(Some("odd"), &sql).unwrap();
        odd.execute(&format!("kill {}", id.trim()));
        other.execute("do release_lock('hidden')").await.unwrap();
    };
    let (first, ()) = tokio::join!(first, kill);
    let is_told = |error: &Error| {
        assert_eq!((error.code, error.retryable), (ErrorCode::Unavailable, false), "{error}");
        assert!(error.message.contains("a claim of this `message_id` without a reply"), "{error}");
    };
    is_told(&first.unwrap_err());
    for _ in 0..2 {
        is_told(&write().await.unwrap_err());
    }
    assert_eq!((odd.count("log"), odd.count("beds_ledger where reply is null")), (1, 1));
}

/// A procedure that rolls back in secret takes the claim with it: that is told, and not a fault of the ledger.
#[tokio::test(flavor = "multi_thread")]
async fn a_procedure_that_rolls_back_the_claim_is_told() {
    let odd = Odd::open();
    let call = plan::Write::Call(Invocation { call: &HIDDEN_ROLLBACK, args: Vec::new() });
    let error = odd.run_once(&CHILD, Action::Write(call), Some(claim("a", 1))).await.unwrap_err();
    assert_eq!((error.code, error.retryable), (ErrorCode::Internal, false), "{error}");
    assert!(error.message.contains("rolled back the node's transaction"), "{error}");
    assert!(error.hint.is_some_and(|hint| hint.contains("`commits = true`")));
    assert_eq!((odd.count("log"), odd.count("beds_ledger")), (0, 0));
}

/// What a refusal does not take back is told: by itself, and of the items of a batch before it.
#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_after_a_secret_commit_says_what_remains() {
    let odd = Odd::open();
    let call = || Action::Write(plan::Write::Call(Invocation { call: &HIDDEN_REFUSAL, args: Vec::new() }));
    let alone = odd.run_once(&CHILD, call(), Some(claim("a", 1))).await.unwrap_err();
    let batch = odd.run_all(vec![(&CHILD, call()), (&CHILD, call())], Some(claim("b", 1))).await.unwrap_err();
    // What a batch did before the commit is unknown.
    for (error, code) in [(alone, ErrorCode::RejectedByDatabase), (batch, ErrorCode::Unavailable)] {
        assert_eq!((error.code, error.retryable), (code, false), "{error}");
        assert!(error.message.contains("too late"), "{error}");
        assert!(error.hint.as_ref().is_some_and(|hint| hint.contains("remains")), "{error:?}");
    }
    assert_eq!(odd.count("log"), 2);
}
