//! Writes with claims that wait together share a transaction: one statement for their claims, one for the new records
//! of a collection, one for their replies, one commit. New records that may be there twice do the same, without claims
//! and replies.
//!
//! An obstacle to one write costs the others little. A duplicate is answered with the stored reply and left out. If a
//! write is refused, the transaction is rolled back and tried without it, or by halves if nobody knows which write it
//! was. A refused write then runs alone, elsewhere. So few transactions at a time are enough, and none of them waits
//! for anything but the server. Each write has a claim, or may be done twice. So running it again is right even if
//! nobody knows how the commit ended.

use std::{collections::HashSet, sync::Arc, time::Duration};

use beds_core::Outcome;
use beds_lane::{Fate, Fault, Gate, Job, Member};
use tokio::time::Instant;

use super::{
    Write,
    transaction::{self, Done},
};
use crate::{
    fault::Failure,
    own::Standing,
    server::{Connection, left},
};

/// How long the statements of a shared transaction may take together, as estimated in advance.
const SHARED: Duration = Duration::from_millis(30);

/// How long a group looks for the write in its way. If the server is far away, the rest is then done sooner side by
/// side.
const SEARCH: Duration = Duration::from_millis(250);

/// How many records share a transaction at most, if it has more than one write: the server keeps all of it in memory.
const RECORDS_MAX: u32 = 5_000;

/// A write that shares a transaction with those that wait with it.
#[derive(Debug)]
pub(crate) struct Shared(pub(crate) Arc<Write>);

/// The result of a write.
#[derive(Debug)]
pub(crate) enum Ended {
    /// The write is done.
    Done(Outcome),
    /// The write is not done, and is to run by itself.
    Alone,
    /// The result is unknown until the write runs by itself.
    Unknown,
}

impl Job for Shared {
    type Connection = Connection;
    type Output = Ended;

    const CAN_BE_CUT: bool = false;

    fn kind(&self) -> usize {
        self.0.kind()
    }

    fn size(&self) -> u32 {
        self.0.deed.size()
    }

    /// The driver keeps the material of its client, so a client whose servers refuse it may be old.
    fn is_touched(connection: &Connection) -> bool {
        connection.is_doubtful()
    }

    async fn renew(connection: &mut Connection) -> bool {
        connection.is_current().await
    }

    fn group(&self) -> Option<usize> {
        Some(usize::from(self.0.is_ingest()))
    }

    async fn run(&self, connection: &mut Connection, gate: &Gate) -> Result<Ended, Fault> {
        // A single write has nothing to share, and a single record is one statement.
        if self.0.is_ingest() {
            let done = self.0.run(connection, gate).await;
            return done
                .map(Ended::Done)
                .map_err(|failure| failure.into_fault(self.0.domain, &connection.name));
        }
        match together(std::slice::from_ref(&self.0), &[gate], connection).await {
            Ok(Shares::Done(mut outcomes)) => Ok(outcomes.pop().map_or(Ended::Alone, Ended::Done)),
            Ok(Shares::Before | Shares::Refused(_) | Shares::Not) => Ok(Ended::Alone),
            // No other write can be to blame.
            Err(failure) if failure.is_definite() => Err(failure.into_fault(self.0.domain, &connection.name)),
            Err(failure) => Ok(in_the_way(&failure, connection)),
        }
    }

    async fn run_group(
        jobs: &[Member<'_, Self>],
        connection: &mut Connection,
    ) -> Result<Vec<Fate<Ended>>, Fault> {
        let writes: Vec<_> = jobs.iter().map(|member| Arc::clone(&member.job.0)).collect();
        let gates: Vec<_> = jobs.iter().map(|member| member.gate).collect();
        let count = in_time(&writes, connection.pace.statement());
        let (shared, rest) = writes.split_at(count);
        let ended = in_parts(shared, &gates[..count], connection).await;
        let rest = rest.iter().map(|_| Ended::Alone);
        Ok(ended.into_iter().chain(rest).map(Fate::Done).collect())
    }
}

/// The result of a write whose transaction failed for another reason than a refusal.
fn in_the_way(failure: &Failure, connection: &Connection) -> Ended {
    doubt(failure, connection);
    if failure.leaves_effect_unknown() { Ended::Unknown } else { Ended::Alone }
}

/// If no server could be asked, an old password may be the reason.
fn doubt(failure: &Failure, connection: &Connection) {
    if failure.is_unanswered() {
        connection.doubt();
    }
}

/// How many of the writes share a transaction, if a statement takes this long.
fn in_time(writes: &[Arc<Write>], statement: Duration) -> usize {
    let mut taken = Duration::ZERO;
    let mut count = 0;
    for run in writes.chunk_by(transaction::is_one_statement) {
        taken += statement;
        if count > 0 && taken > SHARED {
            break;
        }
        count += run.len();
    }
    count
}

/// Runs the writes in one transaction, or in several if one of them is in the way.
async fn in_parts(writes: &[Arc<Write>], gates: &[&Gate], connection: &Connection) -> Vec<Ended> {
    let mut ended: Vec<Option<Ended>> = writes.iter().map(|_| None).collect();
    let mut parts = in_size(writes, firsts(writes));
    let since = Instant::now();
    while since.elapsed() < SEARCH
        && let Some(mut part) = parts.pop()
    {
        let some: Vec<_> = part.iter().map(|&index| Arc::clone(&writes[index])).collect();
        let their: Vec<_> = part.iter().map(|&index| gates[index]).collect();
        match together(&some, &their, connection).await {
            Ok(Shares::Done(outcomes)) => {
                for (index, outcome) in part.into_iter().zip(outcomes) {
                    ended[index] = Some(Ended::Done(outcome));
                }
            }
            Ok(Shares::Before) => {
                let Some(known) = known(&some, &their, connection).await else { continue };
                for (&index, known) in part.iter().zip(known) {
                    ended[index] = known;
                }
                let count = part.len();
                part.retain(|&index| ended[index].is_none());
                // If none is known, another write is under way under a claim.
                if part.len() < count && !part.is_empty() {
                    parts.push(part);
                }
            }
            Ok(Shares::Refused(place)) => {
                part.remove(place);
                parts.push(part);
            }
            Ok(Shares::Not) => break,
            Err(failure) if failure.has_no_transactions() => break,
            Err(failure) if failure.is_definite() => {
                let second = part.split_off(part.len().div_ceil(2));
                // A part of a single write has found the culprit: it runs alone and is refused there.
                if !second.is_empty() {
                    parts.extend([second, part]);
                }
            }
            Err(Failure::Late(_)) if their.iter().any(|gate| !gate.is_wanted()) => {
                // A write that nobody waits for any more is no obstacle.
                part.retain(|&index| gates[index].is_wanted());
                if !part.is_empty() {
                    parts.push(part);
                }
            }
            Err(failure) => {
                for index in part {
                    ended[index] = Some(in_the_way(&failure, connection));
                }
                break;
            }
        }
    }
    ended.into_iter().map(|ended| ended.unwrap_or(Ended::Alone)).collect()
}

/// The places of the writes whose claim no earlier one makes. The others run alone, and find the result of these.
fn firsts(writes: &[Arc<Write>]) -> Vec<usize> {
    let mut claims = HashSet::with_capacity(writes.len());
    let is_first = |index: &usize| {
        let claim = writes[*index].claim.as_ref();
        claim.is_none_or(|claim| claims.insert(claim.key()))
    };
    (0..writes.len()).filter(is_first).collect()
}

/// The same in parts that are not too large for a transaction; the first part comes last.
fn in_size(writes: &[Arc<Write>], places: Vec<usize>) -> Vec<Vec<usize>> {
    let (mut parts, mut records) = (Vec::<Vec<usize>>::new(), 0_u32);
    for place in places {
        let size = writes[place].deed.size();
        records = records.saturating_add(size);
        match parts.last_mut() {
            Some(part) if records <= RECORDS_MAX => part.push(place),
            Some(_) | None => {
                parts.push(vec![place]);
                records = size;
            }
        }
    }
    parts.reverse();
    parts
}

/// The results of the writes that were done before; `None` if they cannot be asked for.
async fn known(
    writes: &[Arc<Write>],
    gates: &[&Gate],
    connection: &Connection,
) -> Option<Vec<Option<Ended>>> {
    let limit = left(gates.iter().map(|gate| connection.limit(gate)).max()?);
    let claims: Vec<_> = writes.iter().filter_map(|write| write.claim.as_ref()).collect();
    let mut outcomes = connection.ledger.outcomes(&claims, limit).await.ok()?.into_iter();
    let ended = |write: &Arc<Write>| match write.claim.as_ref().and_then(|_| outcomes.next())?? {
        Ok(outcome) => Some(Ended::Done(outcome)),
        // When it runs alone, it gets the reason.
        Err(_) => Some(Ended::Alone),
    };
    Some(writes.iter().map(ended).collect())
}

/// The result of a transaction.
enum Shares {
    /// All of it is done.
    Done(Vec<Outcome>),
    /// Nothing is done: a claim of it is taken.
    Before,
    /// Nothing is done: the write at this place is refused.
    Refused(usize),
    /// Nothing can be done: there is no ledger to claim in.
    Not,
}

/// Runs the writes in one transaction.
async fn together(
    writes: &[Arc<Write>],
    gates: &[&Gate],
    connection: &Connection,
) -> Result<Shares, Failure> {
    // In one group either all writes have claims, or none has.
    let once = writes.iter().any(|write| write.claim.is_some());
    if once && connection.ledger.standing().await? != Standing::There {
        return Ok(Shares::Not);
    }
    Ok(match transaction::run(writes, once, gates, connection).await? {
        Done::Now(outcomes, _) => Shares::Done(outcomes),
        Done::Before => Shares::Before,
        Done::Refused(place) => Shares::Refused(place),
    })
}

#[cfg(test)]
mod tests {
    use beds_core::value::Value;

    use super::{
        super::{Deed, Insert, Target, Update},
        *,
    };
    use crate::golden::{THING, thing};

    fn write(deed: Deed) -> Arc<Write> {
        Arc::new(Write { domain: &THING, deed, claim: None, bytes_max: 10_000, publication: None })
    }

    fn insert(collection: &'static str) -> Arc<Write> {
        write(Deed::Insert(Insert::new(&THING, collection, vec![thing("x")], false, 10_000).unwrap()))
    }

    fn update() -> Arc<Write> {
        let target = Target::new(&THING, "thing", (vec![Value::ObjectId([1; 12])], &[]), None).unwrap();
        write(Deed::Update(Update::new(target, &[(2, Value::Null)], &[], 10_000).unwrap()))
    }

    #[test]
    fn a_transaction_takes_so_many_records_at_most() {
        let records = |count: usize| (0..count).map(|_| thing("x")).collect();
        let insert = |count| {
            write(Deed::Insert(Insert::new(&THING, "thing", records(count), true, 1_000_000).unwrap()))
        };
        let half = RECORDS_MAX as usize / 2;
        let writes: Vec<_> = [half, half, 1, half, RECORDS_MAX as usize, 1].into_iter().map(insert).collect();
        let parts = in_size(&writes, (0..writes.len()).collect());
        assert_eq!(parts, [vec![5], vec![4], vec![2, 3], vec![0, 1]]);
        assert!(in_size(&[], Vec::new()).is_empty());
    }

    #[test]
    fn a_transaction_takes_what_it_has_time_for() {
        let updates: Vec<_> = std::iter::repeat_with(update).take(100).collect();
        for (statement, count) in [(Duration::ZERO, 100), (SHARED / 10, 10), (SHARED / 2, 2), (SHARED * 5, 1)]
        {
            assert_eq!(in_time(&updates, statement), count, "{statement:?}");
        }
        // New records of one collection are one statement, however far away the server is.
        let mut inserts: Vec<_> = std::iter::repeat_with(|| insert("thing")).take(50).collect();
        inserts.push(insert("other"));
        assert_eq!(in_time(&inserts, SHARED * 5), 50);
        assert_eq!(in_time(&inserts, SHARED / 2), 51);
        assert_eq!(in_time(&[], SHARED), 0);
    }
}
