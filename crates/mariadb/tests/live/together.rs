//! Atomic batches: all items happen, or none; and once.

use std::sync::Arc;

use beds_core::{
    Error,
    plan::{self, Action, Invocation},
    query::Fields,
    value::Value,
};
use beds_protocol::ErrorCode;
use futures_util::future::join_all;
use serde_json::{Value as Json, json};

use crate::{
    ledger::{claim, entry, text},
    odd::{CHILD, ENTRY, ODD, Odd},
};

fn child(id: i64, parent: i64, u: i64) -> Action {
    let record = [id, parent, u].map(Value::Int).to_vec();
    Action::Write(plan::Write::Create { records: vec![record], many: false })
}

fn fetch(id: i64) -> Action {
    Action::Read(plan::Read::One { key: vec![Value::Int(id)], fields: Fields::All })
}

fn call(name: &str) -> Action {
    let call = ODD.iter().find(|call| call.name == name).unwrap();
    Action::Write(plan::Write::Call(Invocation { call, args: Vec::new() }))
}

fn refused(error: &Error, code: ErrorCode, begin: &str) {
    assert!(error.code == code && error.message.starts_with(begin), "{error}");
}

/// A call may do anything to its session: what follows it in the same batch sees none of it, as later requests never do.
#[tokio::test(flavor = "multi_thread")]
async fn no_item_sees_what_a_call_before_it_has_left() {
    let odd = Odd::open();
    for name in ["who", "rep", "rep_hidden", "loosen", "locked", "relaxed", "clock", "executed"] {
        let batch = vec![(&CHILD, child(1, 1, 1)), (&CHILD, call(name)), (&CHILD, fetch(1))];
        let error = odd.run_all(batch, None).await.unwrap_err();
        refused(&error, ErrorCode::BadRequest, "items[1]: the call left something");
        assert_eq!(odd.count("child"), 0, "{name}: all or none");
    }
    // Nothing follows the last one, and another leaves nothing.
    text(odd.run_all(vec![(&CHILD, child(1, 1, 1)), (&CHILD, call("who"))], None).await);
    text(
        odd.run_all(vec![(&CHILD, call("plain")), (&CHILD, fetch(1)), (&CHILD, child(2, 1, 2))], None).await,
    );
    assert_eq!(odd.count("child"), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_items_happen_once() {
    let odd = Odd::open();
    let batch = || vec![(&CHILD, child(1, 1, 1)), (&CHILD, fetch(1)), (&ENTRY, entry(7)), (&ENTRY, entry(7))];
    let first = text(odd.run_all(batch(), Some(claim("a", 1))).await);
    let reply: Json = serde_json::from_str(&first).unwrap();
    assert_eq!(reply["items"][0], reply["items"][1], "a read sees what was written before it");
    assert_eq!(reply["items"][1]["data"], json!({"id": 1, "parent_id": 1, "u": 1}));
    assert_ne!(reply["items"][2], reply["items"][3]);
    assert_eq!(text(odd.run_all(batch(), Some(claim("a", 1))).await), first);
    assert_eq!((odd.count("child"), odd.count("entry"), odd.count("beds_ledger")), (1, 2, 1));
    let error = odd.run_all(batch(), Some(claim("a", 2))).await.unwrap_err();
    refused(&error, ErrorCode::Conflict, "another request");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_fails_takes_all_back_and_is_named() {
    let odd = Odd::open();
    let batch = vec![(&ENTRY, entry(1)), (&CHILD, child(1, 1, 1)), (&CHILD, child(2, 99, 2))];
    let error = odd.run_all(batch, Some(claim("a", 1))).await.unwrap_err();
    refused(&error, ErrorCode::Conflict, "items[2]: ");
    let error =
        odd.run_all(vec![(&ENTRY, entry(1)), (&CHILD, fetch(9))], Some(claim("a", 1))).await.unwrap_err();
    refused(&error, ErrorCode::NotFound, "items[1]: ");
    assert_eq!((odd.count("child"), odd.count("entry"), odd.count("beds_ledger")), (0, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_taken_back_is_refused_before_anything_runs() {
    let odd = Odd::open();
    let error = odd.run_all(vec![(&ENTRY, entry(1)), (&CHILD, call("old_style"))], None).await.unwrap_err();
    refused(&error, ErrorCode::BadRequest, "items[1]: its object commits by itself");
    let state = Invocation { call: &crate::odd::STATE, args: Vec::new() };
    let read = Action::Read(plan::Read::Call(state));
    let error = odd.run_all(vec![(&CHILD, read)], None).await.unwrap_err();
    refused(&error, ErrorCode::BadRequest, "items[0]: a call that reads");
    // A call that writes is part of the transaction like any other write.
    odd.run_all(vec![(&ENTRY, entry(1)), (&CHILD, call("plain"))], Some(claim("a", 1))).await.unwrap();
    assert_eq!(odd.count("entry"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn duplicates_at_the_same_time_are_done_once() {
    let odd = Arc::new(Odd::with_connections(4));
    let requests = (0..200_i64).map(|turn| {
        let (odd, number) = (Arc::clone(&odd), turn % 20);
        tokio::spawn(async move {
            loop {
                let batch = (0..5).map(|_| (&ENTRY, entry(number))).collect();
                match odd.run_all(batch, Some(claim(&number.to_string(), 1))).await {
                    Err(error) if error.retryable => {}
                    outcome => return text(outcome),
                }
            }
        })
    });
    let mut replies: Vec<_> = join_all(requests).await.into_iter().map(Result::unwrap).collect();
    replies.sort();
    replies.dedup();
    assert_eq!(replies.len(), 20);
    assert_eq!((odd.count("entry"), odd.count("beds_ledger")), (100, 20));
}

/// A reply that is too long for the ledger is kept as the keys of its items.
#[tokio::test(flavor = "multi_thread")]
async fn a_long_batch_is_kept_by_its_keys() {
    let odd = Odd::open();
    let batch = || (0..2_000).map(|number| (&ENTRY, entry(number))).collect::<Vec<_>>();
    let first: Json = serde_json::from_str(&text(odd.run_all(batch(), Some(claim("a", 1))).await)).unwrap();
    let again: Json = serde_json::from_str(&text(odd.run_all(batch(), Some(claim("a", 1))).await)).unwrap();
    // It says so once, not once an item.
    assert!(again["note"].as_str().unwrap().contains("was done before"), "{}", again["note"]);
    let (first, again) = (first["items"].as_array().unwrap(), again["items"].as_array().unwrap());
    assert_eq!((first.len(), again.len(), odd.count("entry")), (2_000, 2_000, 2_000));
    for (first, again) in first.iter().zip(again) {
        assert_eq!(*again, json!({"ok": true, "data": {"id": first["data"]["id"]}}));
    }
}
