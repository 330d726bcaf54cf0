//! Writes that wait together share a transaction: one statement for their claims, one for their replies, one commit.
//!
//! An obstacle to one write costs the others little. A duplicate is answered with the stored reply and left out. A
//! refused write is rolled back to a savepoint, and runs alone afterwards, so no other write sees its effect. For any
//! other obstacle, all is rolled back and each write runs alone.

use std::collections::HashMap;

use beds_core::{Outcome, event::Told, ledger::NO_LEDGER};
use beds_lane::{Fate, Fault, Member};
use sqlx::{Executor as _, MySqlConnection};

use super::{
    Write,
    broken::Broken,
    ledger::{self, Claimed, Earlier},
    part::{self, Part},
    told,
};
use crate::{
    fault::classify,
    session::{Course, End, Session},
};

/// How many transactions are tried at most. Others may claim meanwhile, and requesters may leave.
const TRIES_MAX: u8 = 4;

/// How many writes may be refused while fewer are done. If there are more, most are refused, and each write does as
/// well alone.
const REFUSED_MAX: usize = 8;

/// The end of a transaction.
enum Ended {
    /// The transaction is committed. A write without a fate is to run alone.
    Done(Vec<Option<Fate<Outcome>>>),
    /// A claim is taken, and nothing is done.
    Taken,
    /// Nothing is done.
    Nothing,
    /// A table without transactions keeps what was written.
    InPart,
}

/// Runs writes in few transactions; most often one.
pub(super) async fn run(
    jobs: &[Member<'_, Write>],
    session: &mut Session,
) -> Result<Vec<Fate<Outcome>>, Fault> {
    // The node may have learned it since they began to wait.
    if !jobs.iter().all(|member| member.job.tables.may_share(&member.job.calls())) {
        return Ok(jobs.iter().map(|_| Fate::Alone).collect());
    }
    let mut fates: Vec<Option<Fate<Outcome>>> = jobs.iter().map(|_| None).collect();
    let first = firsts(jobs);
    let mut rest: Vec<usize> = (0..jobs.len()).filter(|&index| first[index] == index).collect();
    for _ in 0..TRIES_MAX {
        let members: Vec<&Member<'_, Write>> = rest.iter().map(|&index| &jobs[index]).collect();
        match transaction(&members, session).await? {
            Ended::Done(done) => {
                for (index, fate) in rest.drain(..).zip(done) {
                    fates[index] = fate;
                }
            }
            Ended::Taken => {
                for (index, fate) in rest.iter().zip(known(&members, session).await?) {
                    fates[*index] = fate;
                }
                rest.retain(|&index| fates[index].is_none());
            }
            Ended::Nothing => {
                // A write that nobody waits for any more is no obstacle.
                rest.retain(|&index| jobs[index].gate.is_wanted());
                if rest.len() == members.len() {
                    break;
                }
            }
            Ended::InPart => {
                // Writes whose tables are known to keep nothing have left nothing, as long as another write may have.
                let (innocent, doubtful): (Vec<_>, Vec<_>) = rest
                    .drain(..)
                    .partition(|&index| jobs[index].job.tables.are_plain(&jobs[index].job.calls()));
                let of_whom = if doubtful.is_empty() { innocent } else { doubtful };
                for index in of_whom {
                    fates[index] = Some(Fate::Refused(jobs[index].job.in_part()));
                }
            }
        }
        if rest.is_empty() {
            break;
        }
    }
    for index in 0..jobs.len() {
        if first[index] != index {
            fates[index] = same(jobs[index].job, jobs[first[index]].job, fates[first[index]].as_ref());
        }
    }
    Ok(fates.into_iter().map(|fate| fate.unwrap_or(Fate::Alone)).collect())
}

/// For each write, the first of them that makes the same claim.
fn firsts(jobs: &[Member<'_, Write>]) -> Vec<usize> {
    let mut claims = HashMap::with_capacity(jobs.len());
    let first = |index: usize| {
        let Some(claim) = jobs[index].job.claim.as_ref() else { return index };
        *claims.entry(claim.key()).or_insert(index)
    };
    (0..jobs.len()).map(first).collect()
}

/// The fate of a write that makes the same claim as another of the group.
fn same(write: &Write, first: &Write, fate: Option<&Fate<Outcome>>) -> Option<Fate<Outcome>> {
    let digest = |write: &Write| write.claim.as_ref().map(|claim| claim.digest);
    match fate? {
        Fate::Done(outcome) if digest(write) == digest(first) => {
            write.ledger.duplicates.count();
            Some(Fate::Done(outcome.clone()))
        }
        Fate::Done(_) => Some(Fate::Refused(beds_core::ledger::taken())),
        Fate::Refused(error) if digest(write) == digest(first) => Some(Fate::Refused(error.clone())),
        Fate::Refused(_) | Fate::Alone => None,
    }
}

/// The fates of the writes that were done before, read outside of a transaction.
async fn known(
    members: &[&Member<'_, Write>],
    session: &mut Session,
) -> Result<Vec<Option<Fate<Outcome>>>, Fault> {
    let Some(Member { job: Write { domain, .. }, .. }) = members.first() else { return Ok(Vec::new()) };
    let claims: Vec<_> = members.iter().filter_map(|member| member.job.claim()).collect();
    let mut earlier = ledger::earlier(&mut session.connection, &claims, domain).await?.into_iter();
    // Its snapshot would be too old for the next transaction.
    session.connection.execute("rollback").await.map_err(|error| classify(&error, domain))?;
    let fate = |member: &&Member<'_, Write>| match member.job.claim().and_then(|_| earlier.next())? {
        Earlier::Done(outcome) => {
            member.job.ledger.duplicates.count();
            Some(Fate::Done(outcome))
        }
        Earlier::Another => Some(Fate::Refused(beds_core::ledger::taken())),
        Earlier::Unanswered | Earlier::Unreadable => Some(Fate::Alone),
        Earlier::Nothing => None,
    };
    Ok(members.iter().map(fate).collect())
}

/// Runs writes in one transaction.
async fn transaction(members: &[&Member<'_, Write>], session: &mut Session) -> Result<Ended, Fault> {
    session.begins_transaction();
    let ended = match all(members, session).await {
        Ok(All::Ran(outcomes, has_events)) => {
            let mut done = members.iter().zip(&outcomes).filter(|(_, outcome)| outcome.is_some());
            // From here on the reply is true, however the commit ends.
            if done.all(|(member, _)| member.gate.pass().is_ok()) {
                let Some(Member { job, .. }) = members.first() else { return Ok(Ended::Nothing) };
                job.commit(session, has_events).await?;
                for member in members {
                    member.job.tables.could_be_taken_back(&member.job.calls());
                }
                return Ok(Ended::Done(
                    outcomes.into_iter().map(|outcome| outcome.map(Fate::Done)).collect(),
                ));
            }
            Ended::Nothing
        }
        Ok(All::Taken) => Ended::Taken,
        Ok(All::Broken(broken)) => match broken.committed(members, session).await? {
            Some(fates) => return Ok(Ended::Done(fates)),
            None => Ended::Nothing,
        },
        Ok(All::Hindered) | Err(crate::fault::Fault::Refused(_) | crate::fault::Fault::Deadlock) => {
            Ended::Nothing
        }
        // The connection is discarded, and the transaction with it.
        Err(fault) => return Err(fault.into()),
    };
    let keeps_rows = session.end(End::Rollback).await.map_err(|error| Fault::Lost(error.to_string()))?;
    Ok(if keeps_rows { Ended::InPart } else { ended })
}

/// The state of the writes, before the commit.
enum All {
    /// They ran. A write without an outcome was refused, and left nothing behind. The flag says whether there are
    /// events.
    Ran(Vec<Option<Outcome>>, bool),
    /// A claim is taken.
    Taken,
    /// An object has ended the transaction by itself.
    Broken(Broken),
    /// Something else is in the way.
    Hindered,
}

/// Runs all writes up to the commit.
async fn all(members: &[&Member<'_, Write>], session: &mut Session) -> Result<All, crate::fault::Fault> {
    let Some(Member { job: Write { domain, ledger, .. }, .. }) = members.first() else {
        return Ok(All::Hindered);
    };
    let claims: Vec<_> = members.iter().filter_map(|member| member.job.claim()).collect();
    let mut has_ledger = !claims.is_empty();
    if has_ledger {
        match ledger.claim(&mut session.connection, &claims, true, domain).await? {
            Claimed::New => {}
            Claimed::Taken => return Ok(All::Taken),
            Claimed::Absent => has_ledger = false,
        }
    }
    let Applied { outcomes, told, last, doubtful, end } = apply(members, session).await?;
    let outcomes = finished(members, outcomes, has_ledger)?;
    let broken = |outcomes, told, is_stored| {
        All::Broken(Broken { outcomes, told, by: last, doubtful: doubtful.clone(), has_ledger, is_stored })
    };
    match end {
        Course::Good if outcomes.iter().any(Option::is_some) => {}
        Course::Good | Course::Bad => return Ok(All::Hindered),
        Course::Ended => return Ok(broken(outcomes, told, false)),
    }
    let fault = |error| classify(&error, domain);
    told::store(&mut session.connection, &told, domain).await?;
    if has_ledger && let Err(lost) = keep(members, &outcomes, &mut session.connection).await {
        return match session.goes_on().await.map_err(fault)? {
            Course::Ended => Ok(broken(Vec::new(), Told::default(), false)),
            Course::Good | Course::Bad => Err(lost),
        };
    }
    // One of them may have changed what the next one saw.
    let is_as_new = session.is_as_new().await.map_err(fault)?;
    let is_wanted = members.iter().all(|member| member.gate.is_wanted());
    Ok(match is_as_new {
        Course::Good if is_wanted => All::Ran(outcomes, !told.events.is_empty()),
        Course::Good | Course::Bad => All::Hindered,
        Course::Ended => broken(outcomes, told, true),
    })
}

/// Stores the replies of the writes that ran, and removes the claims of the others.
async fn keep(
    members: &[&Member<'_, Write>],
    outcomes: &[Option<Outcome>],
    connection: &mut MySqlConnection,
) -> Result<(), crate::fault::Fault> {
    let (mut done, mut refused) = (Vec::new(), Vec::new());
    for (member, outcome) in members.iter().zip(outcomes) {
        match (member.job.claim(), outcome) {
            (Some(claim), Some(outcome)) => done.push((claim, outcome)),
            (Some(claim), None) => refused.push(claim),
            (None, _) => {}
        }
    }
    let Some(Member { job, .. }) = members.first() else { return Ok(()) };
    ledger::store(connection, &done, job.domain).await?;
    ledger::take_back(connection, &refused, job.domain).await
}

/// The effects of the objects of writes.
struct Applied {
    /// A write without an outcome was refused, or did not run.
    outcomes: Vec<Option<Outcome>>,
    /// In the order in which the objects ran.
    told: Told,
    /// The write that ran last.
    last: Option<usize>,
    /// Writes that ran with an unknown effect.
    doubtful: Vec<usize>,
    /// Whether all ran in the transaction. Bad if a refused write could not be rolled back, or if most are refused.
    end: Course,
}

/// Runs the objects of all writes, each once. Creates in one domain run together, at the place of the first of them.
async fn apply(
    members: &[&Member<'_, Write>],
    session: &mut Session,
) -> Result<Applied, crate::fault::Fault> {
    let mut applied = Applied {
        outcomes: vec![None; members.len()],
        told: Told::default(),
        last: None,
        doubtful: Vec::new(),
        end: Course::Good,
    };
    let mut is_run = vec![false; members.len()];
    let mut refused = 0;
    for index in 0..members.len() {
        if is_run[index] {
            continue;
        }
        let is_alike = |&other: &usize| other == index || members[other].job.is_create_as(members[index].job);
        let alike: Vec<usize> = (index..members.len()).filter(is_alike).collect();
        for &index in &alike {
            is_run[index] = true;
        }
        let mut parts = vec![alike.as_slice()];
        while let Some(part) = parts.pop() {
            let marked = session.mark_in_haste().await;
            applied.end = marked.map_err(|error| classify(&error, members[index].job.domain))?;
            if applied.end != Course::Good {
                return Ok(applied);
            }
            let writes: Vec<&Write> = part.iter().map(|&index| members[index].job).collect();
            match part::run(&writes, session).await? {
                Part::Ran(did) => applied.add(part, did.into_iter().map(Some)),
                Part::Refused(failed) => {
                    refused += 1;
                    if refused > REFUSED_MAX.max(applied.outcomes.iter().flatten().count()) {
                        applied.end = Course::Bad;
                        return Ok(applied);
                    }
                    parts.extend(without(part, failed));
                }
                Part::Stuck => {
                    applied.end = Course::Bad;
                    return Ok(applied);
                }
                Part::Ended(did) => {
                    applied.add(part, did.into_iter());
                    applied.end = Course::Ended;
                    return Ok(applied);
                }
            }
        }
    }
    Ok(applied)
}

impl Applied {
    /// Adds the effects of the first writes of a part.
    fn add(&mut self, part: &[usize], did: impl Iterator<Item = Option<super::Applied>>) {
        for (&index, did) in part.iter().zip(did) {
            self.last = Some(index);
            match did {
                Some(did) => {
                    self.outcomes[index] = Some(did.outcome);
                    self.told.extend(did.told);
                }
                None => self.doubtful.push(index),
            }
        }
    }
}

/// The writes of a part that still have to run after one of them was refused, the last first. A part of a single write
/// has none.
fn without(part: &[usize], refused: Option<usize>) -> Vec<&[usize]> {
    let (before, after) = match refused {
        _ if part.len() < 2 => return Vec::new(),
        Some(refused) => (&part[..refused], &part[refused + 1..]),
        None => part.split_at(part.len() / 2),
    };
    [after, before].into_iter().filter(|part| !part.is_empty()).collect()
}

/// The replies. If there is no ledger, the replies to writes with a claim say so.
fn finished(
    members: &[&Member<'_, Write>],
    outcomes: Vec<Option<Outcome>>,
    has_ledger: bool,
) -> Result<Vec<Option<Outcome>>, crate::fault::Fault> {
    let finished = |(Member { job, .. }, outcome): (&&Member<'_, Write>, Option<Outcome>)| {
        let is_noted = !has_ledger && job.claim().is_some();
        outcome
            .map(|outcome| job.finished(if is_noted { outcome.noted(NO_LEDGER) } else { outcome }))
            .transpose()
    };
    members.iter().zip(outcomes).map(finished).collect()
}
