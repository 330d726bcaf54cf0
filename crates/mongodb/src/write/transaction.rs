//! The transaction of one write, or of several that share it: all is done, or nothing.

use std::{sync::Arc, time::Duration};

use beds_core::{
    Outcome,
    backoff::Backoff,
    event::{Publication, Told},
    stages::statement_span,
};
use beds_lane::Gate;
use mongodb::{ClientSession, error::UNKNOWN_TRANSACTION_COMMIT_RESULT};
use tokio::time::{Instant, sleep};

use super::{Applied, Deed, PAUSE_MAX, PAUSE_MIN, Write, insert};
use crate::{
    fault::Failure,
    ledger::Claimed,
    server::{Connection, done_by, left},
};

/// The result of a transaction.
#[derive(Debug)]
pub(super) enum Done {
    /// All of it is done. The flag says whether it has events.
    Now(Vec<Outcome>, bool),
    /// Nothing is done: a claim of it is taken.
    Before,
    /// Nothing is done: of several writes, the one at this place is refused.
    Refused(usize),
}

/// Runs the writes in one transaction; `once` if their claims are part of it. Each transaction has a session of its
/// own, so that nothing remains of a failed one.
pub(super) async fn run(
    writes: &[Arc<Write>],
    once: bool,
    gates: &[&Gate],
    connection: &Connection,
) -> Result<Done, Failure> {
    let latest = |moment: &dyn Fn(&Gate) -> Instant| {
        gates.iter().map(|gate| moment(gate)).max().unwrap_or_else(Instant::now)
    };
    let limit = latest(&|gate| connection.limit(gate));
    if writes.iter().any(|write| write.tells(Publication::is_published)) {
        connection.outbox.check().await?;
    }
    if writes.iter().any(|write| write.tells(Publication::is_audited)) {
        connection.audit.check().await?;
    }
    let mut session = connection.transaction(left(limit)).await?;
    let (writes, handle) = (writes.to_vec(), connection.clone());
    let running = async move {
        let done = inside(&writes, once, &handle, &mut session, left(limit)).await;
        (session, done)
    };
    // A late transaction is rolled back at its end, together with its session.
    let (mut session, done) = done_by(limit, running).await.ok_or_else(Failure::late)?;
    let passed = done.and_then(|done| {
        if let Done::Now(..) = done {
            gates.iter().try_for_each(|gate| gate.pass())?;
        }
        Ok(done)
    });
    let end = latest(&|gate| connection.end(gate));
    match passed {
        Ok(Done::Now(outcomes, has_events)) => {
            commit(session, end).await?;
            if has_events {
                connection.outbox.tell();
            }
            Ok(Done::Now(outcomes, has_events))
        }
        nothing => {
            // The server may have ended the transaction already; an error here says so.
            let _ = done_by(end, async move { session.abort_transaction().await }).await;
            nothing
        }
    }
}

/// The part inside: the claims, the objects, the replies. Nothing of it lasts before the commit.
async fn inside(
    writes: &[Arc<Write>],
    once: bool,
    connection: &Connection,
    session: &mut ClientSession,
    limit: Duration,
) -> Result<Done, Failure> {
    let ledger = &connection.ledger;
    if once && ledger.claim(writes.iter().filter_map(claimed), session).await? == Claimed::Taken {
        return Ok(Done::Before);
    }
    let (outcomes, told) = match apply(writes, connection, session, limit).await {
        Ok(applied) => applied,
        Err((Some(place), failure)) if writes.len() > 1 && failure.is_definite() => {
            return Ok(Done::Refused(place));
        }
        Err((_, failure)) => return Err(failure),
    };
    connection.outbox.store(&told.events, Some(&mut *session)).await?;
    connection.audit.store(&told.entries, Some(session)).await?;
    if once {
        let unknown = writes.iter().zip(&outcomes).filter(|(write, _)| write.deed.outcome().is_none());
        let done = unknown.filter_map(|(write, outcome)| {
            Some((write.claim.as_ref()?, write.deed.kept(outcome), write.domain))
        });
        ledger.store(done, session).await?;
    }
    Ok(Done::Now(outcomes, !told.events.is_empty()))
}

/// A claim, with the outcome if it is known already: then the reply needs no statement of its own.
fn claimed(write: &Arc<Write>) -> Option<crate::ledger::Claiming<'_>> {
    let outcome = write.deed.outcome().map(|outcome| beds_core::ledger::kept(outcome, write.domain));
    Some((write.claim.as_ref()?, outcome))
}

/// Whether one statement does both.
pub(super) fn is_one_statement(one: &Arc<Write>, next: &Arc<Write>) -> bool {
    match (&one.deed, &next.deed) {
        (Deed::Insert(one), Deed::Insert(next)) => one.is_into_same(next),
        _ => false,
    }
}

/// Runs the objects. New records of one collection are one statement. Events and audit entries are in the order in
/// which the objects ran. A failure has the place of the write that failed, if that is known.
async fn apply(
    writes: &[Arc<Write>],
    connection: &Connection,
    session: &mut ClientSession,
    limit: Duration,
) -> Result<(Vec<Outcome>, Told), (Option<usize>, Failure)> {
    let (mut outcomes, mut told) = (Vec::with_capacity(writes.len()), Told::default());
    for run in writes.chunk_by(is_one_statement) {
        let since = Instant::now();
        let first = outcomes.len();
        if let [write] = run {
            let applied = write.deed.apply(connection, Some(&mut *session), limit).await;
            let mut applied = applied.map_err(|failure| (Some(first), failure))?;
            told.extend(write.told(&mut applied).map_err(|failure| (Some(first), failure))?);
            outcomes.push(applied.outcome);
            connection.pace.tell(since.elapsed());
            continue;
        }
        let inserts: Vec<_> = run
            .iter()
            .filter_map(|write| if let Deed::Insert(insert) = &write.deed { Some(insert) } else { None })
            .collect();
        let inserted = insert::together(&inserts, connection, session, limit).await;
        let inserted = inserted.map_err(|(place, failure)| (place.map(|place| first + place), failure))?;
        for (write, outcome) in run.iter().zip(inserted) {
            let mut applied = Applied::from(outcome);
            let place = outcomes.len();
            told.extend(write.told(&mut applied).map_err(|failure| (Some(place), failure))?);
            outcomes.push(applied.outcome);
        }
    }
    Ok((outcomes, told))
}

/// Commits, and asks again while nobody knows how the commit ended: the server remembers.
async fn commit(mut session: ClientSession, end: Instant) -> Result<(), Failure> {
    let mut pauses = Backoff::new(PAUSE_MIN, PAUSE_MAX);
    let _traced = statement_span("commit");
    loop {
        let committing = async move {
            let committed = session.commit_transaction().await;
            (session, committed)
        };
        let (again, committed) = done_by(end, committing).await.ok_or(Failure::Unanswered)?;
        let Err(error) = committed else { return Ok(()) };
        let pause = pauses.pause();
        if !error.contains_label(UNKNOWN_TRANSACTION_COMMIT_RESULT) || Instant::now() + pause >= end {
            return Err(Failure::After(error));
        }
        session = again;
        sleep(pause).await;
    }
}
