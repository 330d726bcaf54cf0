//! Writes that wait together share a transaction: one statement for their claims, one for their replies, one commit.
//!
//! It succeeds as a whole or not at all: where anything is in the way of one of them, all is rolled back and each runs
//! alone. So none sees what a refused one did.

use beds_core::{Outcome, event::Event, ledger::NO_LEDGER};
use beds_lane::{Fate, Fault, Member};
use sqlx::{Executor as _, MySqlConnection};

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
    // It may have become known since they began to wait.
    if !jobs.iter().all(|member| member.job.tables.may_share(&member.job.calls())) {
        return Ok(jobs.iter().map(|_| Fate::Alone).collect());
    }
    session.begins_transaction();
    match all(jobs, session).await {
        // From here on a reply tells the truth, whatever the commit does.
        Ok(Some((outcomes, has_events))) if jobs.iter().all(|job| job.gate.pass().is_ok()) => {
            let Some(Member { job, .. }) = jobs.first() else { return Ok(Vec::new()) };
            job.commit(session, has_events).await?;
            for member in jobs {
                member.job.tables.could_be_taken_back(&member.job.calls());
            }
            Ok(outcomes.into_iter().map(Fate::Done).collect())
        }
        Ok(_) | Err(Fault::Refused(_)) => {
            let keeps_rows =
                session.end(End::Rollback).await.map_err(|error| Fault::Lost(error.to_string()))?;
            if keeps_rows {
                return Ok(jobs.iter().map(|member| Fate::Refused(member.job.in_part())).collect());
            }
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
    let Some(Member { job: Write { domain, ledger, .. }, .. }) = jobs.first() else { return Ok(None) };
    let connection = &mut session.connection;
    let claims: Vec<_> = jobs.iter().filter_map(|member| member.job.claim()).collect();
    let mut has_ledger = !claims.is_empty();
    if has_ledger {
        match ledger.claim(connection, &claims, domain).await? {
            Claimed::New => {}
            Claimed::Taken => return Ok(None),
            Claimed::Absent => has_ledger = false,
        }
    }
    let note = (!has_ledger).then_some(NO_LEDGER);
    let (outcomes, events) = apply(jobs, note, connection).await?;
    outbox::store(connection, &events, domain).await?;
    if has_ledger {
        let done: Vec<_> = jobs
            .iter()
            .zip(&outcomes)
            .filter_map(|(member, outcome)| member.job.claim().map(|claim| (claim, outcome)))
            .collect();
        ledger::store(connection, &done, domain).await?;
    }
    // One of them may have changed what the next one saw.
    let is_as_new = session.is_as_new().await.map_err(|error| classify(&error, domain))?;
    Ok((is_as_new && jobs.iter().all(|member| member.gate.is_wanted()))
        .then_some((outcomes, !events.is_empty())))
}

/// Runs the objects of all, each once; replies to those that claim something get the note. Creates in one domain run
/// together, where the first of them stands. The events are in the order in which the objects ran.
async fn apply(
    jobs: &[Member<'_, Write>],
    note: Option<&'static str>,
    connection: &mut MySqlConnection,
) -> Result<(Vec<Outcome>, Vec<Event>), crate::fault::Fault> {
    let mut outcomes: Vec<Option<Outcome>> = vec![None; jobs.len()];
    let mut events = Vec::new();
    for (index, Member { job, .. }) in jobs.iter().enumerate() {
        if outcomes[index].is_some() {
            continue;
        }
        let alike: Vec<usize> =
            (index..jobs.len()).filter(|&other| jobs[other].job.is_create_as(job)).collect();
        if alike.len() < 2 {
            // Calls that are made together forget by themselves.
            if index > 0 {
                connection.execute(FORGET).await.map_err(|error| classify(&error, job.domain))?;
            }
            let applied = job.apply(connection).await?;
            events.extend(applied.events);
            outcomes[index] = Some(applied.outcome);
            continue;
        }
        let creates: Vec<&Write> = alike.iter().map(|&other| jobs[other].job).collect();
        for (index, applied) in alike.into_iter().zip(Write::create_all(&creates, connection).await?) {
            events.extend(applied.events);
            outcomes[index] = Some(applied.outcome);
        }
    }
    let outcomes = jobs.iter().zip(outcomes.into_iter().flatten());
    let finished = |(Member { job, .. }, outcome): (&Member<'_, Write>, Outcome)| {
        job.finished(match note.filter(|_| job.claim().is_some()) {
            Some(note) => outcome.noted(note),
            None => outcome,
        })
    };
    Ok((outcomes.map(finished).collect::<Result<_, _>>()?, events))
}
