//! A server whose tables have no room left.

use beds_protocol::ErrorCode;

use crate::{
    ledger::{claim, entry, text},
    odd::{ENTRY, Odd},
};

/// How many small records fit into the pages that are there, at the very most.
const SMALL_MAX: i64 = 20_000;

#[tokio::test(flavor = "multi_thread")]
async fn what_has_no_room_is_unavailable_and_done_once_when_there_is_some() {
    let odd = Odd::with_room(48);
    let write =
        async |number: i64| odd.run_once(&ENTRY, entry(number), Some(claim(&number.to_string(), 1))).await;
    let first = text(write(0).await);
    odd.stack.leave_no_room("odd").unwrap();
    // Until the pages that are there are full as well.
    let mut done = 1;
    let error = loop {
        match write(done).await {
            Ok(_) => done += 1,
            Err(error) => break error,
        }
        assert!(done < SMALL_MAX, "there is room after all");
    };
    assert_eq!((error.code, error.retryable), (ErrorCode::Unavailable, true), "{error}");
    assert!(error.message.contains("at a limit of its own"), "{error}");
    assert_eq!((odd.count("entry"), odd.count("beds_ledger")), (done, done), "nothing of it stays");
    assert_eq!(text(write(0).await), first, "what was done is known");

    odd.stack.make_room("odd").unwrap();
    let reply = loop {
        // The room is given back in the background.
        match write(done).await {
            Err(error) => assert!(error.retryable, "{error}"),
            outcome => break text(outcome),
        }
    };
    assert_eq!(text(write(done).await), reply);
    assert_eq!((odd.count("entry"), odd.count("beds_ledger")), (done + 1, done + 1));
}
