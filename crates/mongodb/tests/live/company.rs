//! Writes with claims that wait together share transactions, and none is harmed by another.

use std::sync::Arc;

use beds_protocol::ErrorCode;
use futures_util::future::join_all;
use mongodb::bson::{Document, doc};

use crate::ledger::{Once, claim, entry, text};

/// Writes that share transactions: every third is refused, and none of the others is harmed.
#[tokio::test(flavor = "multi_thread")]
async fn a_refused_write_harms_none_that_waited_with_it() {
    let once = Arc::new(Once::new("in_company", 1).await);
    once.index("entry", doc! { "n": 1 }, true).await;
    once.plain(entry(1_000)).await.unwrap();
    let requests = (0..60_i64).map(|number| {
        let once = Arc::clone(&once);
        tokio::spawn(async move {
            let taken = if number % 3 == 0 { 1_000 } else { number };
            once.run(entry(taken), claim(&number.to_string(), 1)).await
        })
    });
    for (number, outcome) in join_all(requests).await.into_iter().enumerate() {
        match outcome.unwrap() {
            Ok(_) => assert_ne!(number % 3, 0),
            Err(error) => assert_eq!((number % 3, error.code), (0, ErrorCode::Conflict), "{error}"),
        }
    }
    assert_eq!((once.count("entry").await, once.count("beds_ledger").await), (41, 40));
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_that_wait_together_share_transactions() {
    let once = Arc::new(Once::new("shared", 1).await);
    let requests = (0..100_i64).map(|number| {
        let once = Arc::clone(&once);
        tokio::spawn(async move { once.run(entry(number), claim(&number.to_string(), 1)).await })
    });
    for outcome in join_all(requests).await {
        outcome.unwrap().unwrap();
    }
    assert_eq!((once.count("entry").await, once.count("beds_ledger").await), (100, 100));
    // The claims of a transaction are of one moment.
    let moments =
        once.site.mongo.collection::<Document>("beds_ledger").distinct("at", doc! {}).await.unwrap();
    assert!(moments.len() <= 20, "{} transactions for 100 writes", moments.len());
}

/// Of writes that wait together some were done before, some claim the same and some are refused: the others stay together,
/// and each gets its own.
#[tokio::test(flavor = "multi_thread")]
async fn duplicates_and_refused_ones_leave_the_others_together() {
    let once = Arc::new(Once::new("mixed_company", 1).await);
    once.index("entry", doc! { "n": 1 }, true).await;
    once.plain(entry(1_000)).await.unwrap();
    let mut first = Vec::new();
    for number in [0, 50] {
        first.push(text(once.run(entry(number), claim(&number.to_string(), 1)).await));
    }
    let requests = (0..100_i64).map(|number| {
        let once = Arc::clone(&once);
        tokio::spawn(async move {
            let (number, digest) = match number {
                7 => (1_000, 1),
                99 => (98, 2),
                number => (number, 1),
            };
            once.run(entry(number), claim(&number.to_string(), digest)).await
        })
    });
    let mut refused = Vec::new();
    for (number, outcome) in join_all(requests).await.into_iter().map(Result::unwrap).enumerate() {
        match outcome {
            Ok(outcome) if number % 50 == 0 => assert_eq!(text(Ok(outcome)), first[number / 50]),
            Ok(outcome) => assert!(text(Ok(outcome)).contains(&format!(r#""number":{},"#, number.min(98)))),
            Err(error) => refused.push((number, error.code)),
        }
    }
    // Of two that claim one id, one is done.
    assert_eq!(refused.len(), 2, "{refused:?}");
    assert!(refused[0] == (7, ErrorCode::Conflict) && refused[1].1 == ErrorCode::Conflict, "{refused:?}");
    assert_eq!((once.count("entry").await, once.count("beds_ledger").await), (99, 98));
    let moments =
        once.site.mongo.collection::<Document>("beds_ledger").distinct("at", doc! {}).await.unwrap();
    assert!(moments.len() <= 30, "{} transactions for 98 writes", moments.len());
}
