//! Writes with claims that wait together share a transaction: one statement for their claims, one for the new records of
//! a collection, one for their replies, one commit.
//!
//! It succeeds as a whole or not at all: where anything is in the way of one of them, all is taken back and each is to run
//! alone, elsewhere. So few transactions at a time are enough, and none of them waits for anything but the server. Each
//! write has a claim, so that running it again is right even where nobody knows how the commit ended.

use std::{sync::Arc, time::Duration};

use beds_core::Outcome;
use beds_lane::{Fate, Fault, Gate, Job, Member};

use super::{
    Write,
    transaction::{self, Done},
};
use crate::{fault::Failure, own::Standing, server::Connection};

/// How long the statements of a transaction that is shared may take together, as far as is known before.
const SHARED: Duration = Duration::from_millis(30);

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
        Some(0)
    }

    async fn run(&self, connection: &mut Connection, gate: &Gate) -> Result<Ended, Fault> {
        let done = together(std::slice::from_ref(&self.0), &[gate], connection).await;
        match done.inspect_err(|failure| doubt(failure, connection)) {
            // Nobody else can be to blame.
            Err(failure) if failure.is_definite() => Err(failure.into_fault(self.0.domain, &connection.name)),
            done => Ok(ended(done, 1).pop().unwrap_or(Ended::Alone)),
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
        let done = together(shared, &gates[..count], connection).await;
        let done = done.inspect_err(|failure| doubt(failure, connection));
        let rest = rest.iter().map(|_| Ended::Alone);
        Ok(ended(done, count).into_iter().chain(rest).map(Fate::Done).collect())
    }
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

/// Does them in one transaction; `None` where they are to run alone.
async fn together(
    writes: &[Arc<Write>],
    gates: &[&Gate],
    connection: &Connection,
) -> Result<Option<Vec<Outcome>>, Failure> {
    if connection.ledger.standing().await? != Standing::There {
        return Ok(None);
    }
    match transaction::run(writes, true, gates, connection).await? {
        Done::Now(outcomes, _) => Ok(Some(outcomes)),
        Done::Before => Ok(None),
    }
}

/// What became of each.
fn ended(done: Result<Option<Vec<Outcome>>, Failure>, count: usize) -> Vec<Ended> {
    let each = |ended: fn() -> Ended| std::iter::repeat_with(ended).take(count).collect();
    match done {
        Ok(Some(outcomes)) => outcomes.into_iter().map(Ended::Done).collect(),
        Err(failure) if failure.leaves_effect_unknown() => each(|| Ended::Unknown),
        Ok(None) | Err(_) => each(|| Ended::Alone),
    }
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
        let target = Target::new(&THING, "thing", vec![Value::ObjectId([1; 12])], None).unwrap();
        write(Deed::Update(Update::new(target, &[(2, Value::Null)], &[], 10_000).unwrap()))
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
