//! Writes that wait together share a transaction: one statement for their claims, one for their replies, one commit.
//!
//! It succeeds as a whole or not at all: where anything is in the way of one of them, all is taken back and each runs
//! alone. Each has a claim, so that running alone is right even where nobody knows how the commit ended.

use std::sync::Arc;

use beds_core::Outcome;
use beds_lane::{Fate, Gate};

use super::{
    Write,
    transaction::{self, Done},
};
use crate::{ledger::Standing, server::Connection};

/// Runs writes with claims in one transaction.
pub(crate) async fn run(
    writes: &[Arc<Write>],
    gates: &[&Gate],
    connection: &Connection,
) -> Vec<Fate<Outcome>> {
    let is_there = matches!(connection.ledger.standing().await, Ok(Standing::There));
    if is_there && let Ok(Done::Now(outcomes)) = transaction::run(writes, true, gates, connection).await {
        return outcomes.into_iter().map(Fate::Done).collect();
    }
    writes.iter().map(|_| Fate::Alone).collect()
}
