//! Writes that wait together share a transaction: one statement for their claims, one for their replies, one commit.
//!
//! It succeeds as a whole or not at all: where anything is in the way of one of them, all is rolled back and each runs
//! alone. So none sees what a refused one did.

use beds_core::Outcome;
use beds_lane::{Fate, Fault, Member};
use sqlx::Executor as _;

use super::{
    Write,
    ledger::{self, Claimed},
    outbox,
};
use crate::{
    fault::classify,
    session::{End, Session},
};

/// Makes `last_insert_id()` forget what the write before inserted.
const FORGET: &str = "set last_insert_id = 0";

/// Runs writes in one transaction.
pub(super) async fn run(
    jobs: &[Member<'_, Write>],
    session: &mut Session,
) -> Result<Vec<Fate<Outcome>>, Fault> {
    session.begins_transaction();
    match all(jobs, session).await {
        // From here on a reply tells the truth, whatever the commit does.
        Ok(Some((outcomes, has_events))) if jobs.iter().all(|job| job.gate.pass().is_ok()) => {
            let Some(Member { job, .. }) = jobs.first() else { return Ok(Vec::new()) };
            job.commit(session, has_events).await?;
            Ok(outcomes.into_iter().map(Fate::Done).collect())
        }
        Ok(_) | Err(Fault::Refused(_)) => {
            session.end(End::Rollback).await.map_err(|error| Fault::Lost(error.to_string()))?;
            Ok(jobs.iter().map(|_| Fate::Alone).collect())
        }
        // The connection goes, and the transaction with it.
        Err(fault) => Err(fault),
    }
}

/// Runs them all up to the commit, and tells whether there are events of them; `None` where something is in the way.
async fn all(
    jobs: &[Member<'_, Write>],
    session: &mut Session,
) -> Result<Option<(Vec<Outcome>, bool)>, Fault> {
    let Some(Member { job: Write { domain, .. }, .. }) = jobs.first() else { return Ok(None) };
    let connection = &mut session.connection;
    let claims: Vec<_> = jobs.iter().filter_map(|member| member.job.claim()).collect();
    if !claims.is_empty()
        && let Claimed::Taken = ledger::claim(connection, &claims, domain).await?
    {
        return Ok(None);
    }
    let (mut outcomes, mut events) = (Vec::with_capacity(jobs.len()), Vec::new());
    for (index, Member { job, .. }) in jobs.iter().enumerate() {
        if index > 0 {
            let forgotten = connection.execute(FORGET).await;
            forgotten.map_err(|error| classify(&error, domain))?;
        }
        let (outcome, its_events) = job.apply(connection).await?;
        outcomes.push(outcome);
        events.extend(its_events);
    }
    outbox::store(connection, &events, domain).await?;
    let done: Vec<_> = jobs
        .iter()
        .zip(&outcomes)
        .filter_map(|(member, outcome)| member.job.claim().map(|claim| (claim, outcome)))
        .collect();
    if !done.is_empty() {
        ledger::store(connection, &done, domain).await?;
    }
    // One of them may have changed what the next one saw.
    let is_as_new = session.is_as_new().await.map_err(|error| classify(&error, domain))?;
    Ok((is_as_new && jobs.iter().all(|member| member.gate.is_wanted())).then_some((outcomes, !events.is_empty())))
}
