//! Writes with claims that wait together share a transaction: one statement for their claims, one for the new records of
//! a collection, one for their replies, one commit. So do new records that may be there twice, without claims and replies.
//!
//! What is in the way of one of them costs the others little. A duplicate is answered with the stored reply and left out.
//! Where one is refused, the transaction is taken back and tried without it, or by halves where nobody knows which it was.
//! What is found in the way so is to run alone, elsewhere. So few transactions at a time are enough, and none of them waits
//! for anything but the server. Each write has a claim, or may be done twice, so that running it again is right even where
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

/// How long the statements of a transaction that is shared may take together, as far as is known before.
const SHARED: Duration = Duration::from_millis(30);

/// How long a group looks for what is in the way of it. Where the server is far away, what is left then is done sooner side
/// by side.
const SEARCH: Duration = Duration::from_millis(250);

/// How many records share a transaction at most, where more than one write is in it: the server keeps all of it in memory.
const RECORDS_MAX: u32 = 5_000;

/// A write that shares a transaction with those that wait with it.
#[derive(Debug)]
pub(crate) struct Shared(pub(crate) Arc<Write>);

/// What became of it.
#[derive(Debug)]
pub(crate) enum Ended {
    /// It is done.
    Done(Outcome),
    /// It is not done, and is to be run by itself.
    Alone,
    /// Nobody knows, until it is run by itself.
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

    /// The driver keeps what it was made with, so a client whose servers do not let it in may be old.
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
        // Of one alone there is nothing to share, and a single record is one statement.
        if self.0.is_ingest() {
            let done = self.0.run(connection, gate).await;
            return done
                .map(Ended::Done)
                .map_err(|failure| failure.into_fault(self.0.domain, &connection.name));
        }
        match together(std::slice::from_ref(&self.0), &[gate], connection).await {
            Ok(Shares::Done(mut outcomes)) => Ok(outcomes.pop().map_or(Ended::Alone, Ended::Done)),
            Ok(Shares::Before | Shares::Refused(_) | Shares::Not) => Ok(Ended::Alone),
            // Nobody else can be to blame.
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

/// What becomes of a write whose transaction failed for another reason than a refusal.
fn in_the_way(failure: &Failure, connection: &Connection) -> Ended {
    doubt(failure, connection);
    if failure.leaves_effect_unknown() { Ended::Unknown } else { Ended::Alone }
}

/// What asked no server may have been kept from it by an old password.
fn doubt(failure: &Failure, connection: &Connection) {
    if failure.is_unanswered() {
        connection.doubt();
    }
}

/// How many of them share a transaction, where a statement takes that long.
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

/// Does them in one transaction, or in several where something is in the way of one of them.
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
                // Where none is known, another one is at work under a claim.
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
                // One by itself has found its end: it is to be refused alone.
                if !second.is_empty() {
                    parts.extend([second, part]);
                }
            }
            Err(Failure::Late(_)) if their.iter().any(|gate| !gate.is_wanted()) => {
                // What nobody waits for any more is in nobody's way.
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

/// The places of those that claim what none before them does. The others find alone what becomes of these.
fn firsts(writes: &[Arc<Write>]) -> Vec<usize> {
    let mut claims = HashSet::with_capacity(writes.len());
    let is_first = |index: &usize| {
        let claim = writes[*index].claim.as_ref();
        claim.is_none_or(|claim| claims.insert(claim.key()))
    };
    (0..writes.len()).filter(is_first).collect()
}

/// The same in parts that are not too large for a transaction; the first is the last.
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

/// What becomes of those that were done before; `None` where it cannot be asked for.
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
        // Alone, it is told why.
        Err(_) => Some(Ended::Alone),
    };
    Some(writes.iter().map(ended).collect())
}

/// What a transaction has come to.
enum Shares {
    /// All of it is done.
    Done(Vec<Outcome>),
    /// Nothing is done: a claim of it is taken.
    Before,
    /// Nothing is done: the one in this place is refused.
    Refused(usize),
    /// Nothing can be: there is no ledger to claim in.
    Not,
}

/// Does them in one transaction.
async fn together(
    writes: &[Arc<Write>],
    gates: &[&Gate],
    connection: &Connection,
) -> Result<Shares, Failure> {
    // Those of one group all have claims, or none has.
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
