//! Jobs of the write lane: each is one transaction around DBA-owned procedures.
//!
//! The lane's connections have autocommit off. So a transaction begins with its first statement and costs one round
//! trip more than its objects: the commit. [`Write::apply`] runs the objects. Around it are the claim and the stored
//! reply, in [`once`] for one write and in [`group`] for several that share a transaction.

mod amiss;
mod apart;
mod audit;
mod broken;
mod change;
mod create;
mod current;
mod group;
mod kept;
mod lasting;
mod ledger;
mod left;
mod many;
mod once;
mod outbox;
mod part;
mod procedure;
mod reach;
mod together;
mod told;

use std::{sync::Arc, time::Duration};

use beds_core::{
    Error, Outcome,
    backoff::Backoff,
    event::{Publication, Told},
    operation::refuse_same_key,
    plan::{self, Origin, Scope},
    position::Positions,
    spec::{Domain, mariadb},
};
use beds_lane::{Fate, Gate, Job, Member};
use beds_protocol::ErrorCode;
use sqlx::{Connection as _, MySqlConnection};
use tokio::{
    sync::Notify,
    time::{Instant, sleep_until},
};

use self::{
    change::Change,
    create::Create,
    lasting::{Remains, commits, remaining},
    many::Many,
};
pub(crate) use self::{lasting::Tables, ledger::Ledger, together::check as check_together};
use crate::{
    columns::Columns,
    fault::Fault,
    position::Position,
    routine::{self, Room},
    session::{Fence, Session},
};

/// How long a transaction that lost a deadlock waits before it is run again. The pauses double, with jitter.
const RETRY_PAUSE_MIN: Duration = Duration::from_millis(25);
const RETRY_PAUSE_MAX: Duration = Duration::from_millis(400);

/// Why a transaction that lost a deadlock is run again elsewhere.
const SPOILT: &str = "a transaction that lost a deadlock left a temporary table";

/// How long writes that share a transaction may take together, since each waits for all of them.
const GROUP_TIME: Duration = Duration::from_millis(100);

/// A write.
#[derive(Debug)]
pub(crate) struct Write {
    pub(crate) domain: &'static Domain,
    pub(crate) objects: &'static mariadb::Objects,
    pub(crate) write: plan::Write,
    /// The claim by which it happens once.
    pub(crate) claim: Option<plan::Claim>,
    /// The reach of its caller, and the parts of the request that its procedure takes.
    pub(crate) scope: Scope,
    /// Its origin, as its events report it.
    pub(crate) origin: Origin,
    /// Is notified when events are stored.
    pub(crate) stored: Arc<Notify>,
    /// The ledger for claims.
    pub(crate) ledger: Arc<Ledger>,
    /// The knowledge of the tables that objects write into.
    pub(crate) tables: Arc<Tables>,
    /// Gets the database's position after the write, if somebody may read from replicas.
    pub(crate) positions: Option<Arc<Positions>>,
    /// How long the reply may get.
    pub(crate) reply_bytes_max: usize,
    /// How many times a transaction that lost a deadlock is run again.
    pub(crate) deadlock_retries_max: u8,
    /// How long a commit may take.
    pub(crate) commit_timeout: Duration,
    /// The knowledge of the columns from which replies are read back.
    pub(crate) known: Arc<Columns>,
}

impl Job for Write {
    type Connection = Session;
    type Output = Outcome;

    const CAN_BE_CUT: bool = true;

    const GROUP_TIME: Option<Duration> = Some(GROUP_TIME);

    fn kind(&self) -> usize {
        let operation = match &self.write {
            plan::Write::Create { .. } => 0,
            plan::Write::Update { .. } => 1,
            plan::Write::Upsert { .. } => 2,
            plan::Write::Delete { .. } => 3,
            plan::Write::UpdateMany { .. } => 4,
            plan::Write::DeleteMany(_) => 5,
            plan::Write::All(_) => 6,
            plan::Write::Call(invocation) => return std::ptr::from_ref(invocation.call).addr(),
        };
        // A domain is larger in bytes than its number of operations, so these numbers are unique.
        std::ptr::from_ref(self.domain).addr() + operation
    }

    fn size(&self) -> u32 {
        let count = match &self.write {
            plan::Write::Create { records, .. } | plan::Write::Upsert { records, .. } => records.len(),
            plan::Write::All(items) => items.len(),
            _ => 1,
        };
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    fn is_touched(session: &Session) -> bool {
        session.is_touched()
    }

    async fn renew(session: &mut Session) -> bool {
        session.renew().await
    }

    /// All writes of a database by key may share a transaction. A call, a batch and a write by filter may take long. An
    /// object that commits by itself would commit the others. Rows in a table without transactions cannot be rolled
    /// back with the others.
    fn group(&self) -> Option<usize> {
        let is_short = match &self.write {
            plan::Write::Create { .. }
            | plan::Write::Update { .. }
            | plan::Write::Upsert { .. }
            | plan::Write::Delete { .. } => true,
            plan::Write::UpdateMany { .. }
            | plan::Write::DeleteMany(_)
            | plan::Write::Call(_)
            | plan::Write::All(_) => false,
        };
        (is_short && !self.commits() && self.tables.may_share(&self.calls())).then_some(0)
    }

    async fn run_group(
        jobs: &[Member<'_, Self>],
        session: &mut Session,
    ) -> Result<Vec<Fate<Outcome>>, beds_lane::Fault> {
        let fates = group::run(jobs, session).await?;
        let done = jobs.iter().zip(&fates).filter(|(_, fate)| matches!(fate, Fate::Done(_)));
        let heard = done.filter_map(|(member, _)| member.job.hears()).collect();
        tell_position(heard, session).await;
        Ok(fates)
    }

    async fn run(&self, session: &mut Session, gate: &Gate) -> Result<Outcome, beds_lane::Fault> {
        let outcome = self.run_alone(session, gate).await?;
        tell_position(self.hears().into_iter().collect(), session).await;
        Ok(outcome)
    }
}

/// Gives the server's position after their writes to those who may read from replicas.
async fn tell_position(heard: Vec<(&'static str, Arc<Positions>)>, session: &mut Session) {
    if heard.is_empty() {
        return;
    }
    // The write is done. If the connection breaks now, its next user finds out.
    let Some(position) = session.position().await else { return };
    for (database, positions) in heard {
        positions.reach(database, |before| {
            let mut farthest = position.clone();
            if let Some(before) = before.and_then(Position::parse) {
                farthest.advance(&before);
            }
            farthest.to_string()
        });
    }
}

impl Write {
    /// The receiver of the database's position afterwards, with the database's name.
    fn hears(&self) -> Option<(&'static str, Arc<Positions>)> {
        Some((self.domain.database, Arc::clone(self.positions.as_ref()?)))
    }

    async fn run_alone(&self, session: &mut Session, gate: &Gate) -> Result<Outcome, beds_lane::Fault> {
        let remains = self.remains();
        // From its first statement on, the write cannot be taken back.
        if remains.is_some() {
            // If the connection is already gone, the error must not leave the effect unknown.
            let ping = session.connection.ping().await;
            ping.map_err(|error| beds_lane::Fault::Lost(error.to_string()))?;
            gate.pass()?;
        }
        if self.commits() || self.may_do_anything() {
            session.runs_routine();
        } else {
            session.begins_transaction();
        }
        // A write that is only known to write into a table without transactions keeps its claim, which identifies
        // duplicates.
        if self.commits() && apart::is_list(&self.write) {
            let outcome = apart::run(self, session).await;
            let outcome = outcome.map(|outcome| together::fitting(self, outcome));
            return outcome.map_err(|fault| remaining(fault, Remains::Committed).into());
        }
        let mut retries = 0;
        let mut pauses = Backoff::new(RETRY_PAUSE_MIN, RETRY_PAUSE_MAX);
        loop {
            let is_last = retries >= self.deadlock_retries_max;
            match (self.attempt(session, gate, is_last).await?, remains) {
                (Err(Fault::Deadlock), None | Some(Remains::Kept(_))) if !is_last => {
                    if session.is_spoilt() {
                        return Err(beds_lane::Fault::Lost(SPOILT.to_owned()));
                    }
                    // Writes that lost a deadlock together would meet again.
                    sleep_until((Instant::now() + pauses.pause()).min(gate.deadline())).await;
                    retries += 1;
                }
                (Err(fault), Some(Remains::Committed)) => {
                    return Err(remaining(fault, Remains::Committed).into());
                }
                (Err(fault @ Fault::Abandoned(_)), Some(remains)) => {
                    return Err(remaining(fault, remains).into());
                }
                (outcome, _) => return outcome.map_err(beds_lane::Fault::from),
            }
        }
    }
}

/// The effect of a write's objects.
struct Applied {
    outcome: Outcome,
    /// Its events and audit entries.
    told: Told,
}

impl Write {
    /// Whether it is a call, or may contain one. A call may take long, and may leave anything behind in the session.
    const fn may_do_anything(&self) -> bool {
        matches!(self.write, plan::Write::Call(_) | plan::Write::All(_))
    }

    /// Whether its objects run more than once.
    fn is_several(&self) -> bool {
        match &self.write {
            plan::Write::Create { records, .. } | plan::Write::Upsert { records, .. } => records.len() > 1,
            plan::Write::UpdateMany { .. } | plan::Write::DeleteMany(_) | plan::Write::All(_) => true,
            plan::Write::Update { .. } | plan::Write::Delete { .. } | plan::Write::Call(_) => false,
        }
    }

    /// Whether the object commits by itself, so that a second run may repeat its effect.
    fn commits(&self) -> bool {
        commits(self.objects, &self.write)
    }

    /// The calls of its objects.
    pub(crate) fn calls(&self) -> Vec<&'static str> {
        lasting::calls(self.objects, &self.write)
    }

    /// Why its effect is known to remain, however it ends.
    fn remains(&self) -> Option<Remains> {
        if self.commits() {
            return Some(Remains::Committed);
        }
        self.tables.are_lasting(&self.calls()).then_some(Remains::Kept(None))
    }

    /// The claim by which it happens once. An object that commits by itself would commit the claim before there is a
    /// reply.
    pub(crate) fn claim(&self) -> Option<&plan::Claim> {
        self.claim.as_ref().filter(|_| !self.commits())
    }

    /// Whether both create records in one domain. Upserts do not run together: two may be of one record.
    fn is_create_as(&self, other: &Self) -> bool {
        let is_create = |write: &Self| matches!(write.write, plan::Write::Create { .. });
        // The parts of a request that a procedure takes are not the same for all.
        let takes =
            |write: &Self| write.objects.create.as_ref().is_some_and(|create| !create.asked.is_empty());
        std::ptr::eq(self.domain, other.domain) && is_create(self) && is_create(other) && !takes(self)
    }

    /// Runs the objects inside the transaction that is open on the connection.
    async fn apply(&self, connection: &mut MySqlConnection) -> Result<Applied, Fault> {
        let of = (self.domain, self.objects, &self.scope);
        self.apply_one(of, &self.write, connection, None).await
    }

    /// The same, up to the record whose object ends the transaction.
    async fn apply_fenced(&self, session: &mut Session) -> Result<Applied, Fault> {
        let (connection, fence) = session.fenced();
        let of = (self.domain, self.objects, &self.scope);
        self.apply_one(of, &self.write, connection, Some(fence)).await
    }

    /// Runs the objects of one write, which may be an item of this one.
    async fn apply_one(
        &self,
        (domain, objects, scope): (&'static Domain, &'static mariadb::Objects, &Scope),
        write: &plan::Write,
        connection: &mut MySqlConnection,
        fence: Option<&Fence>,
    ) -> Result<Applied, Fault> {
        let known = &*self.known;
        let source = objects.read.as_ref();
        let publication = Publication::of(domain, write, &self.origin);
        let is_told = publication.is_some();
        // The keys of the records that a write by filter wrote.
        let mut keys = Vec::new();
        let outcome = match write {
            plan::Write::Create { records, many } => {
                let procedure = declared(objects.create.as_ref())?;
                Create { domain, source, procedure, scope, is_upsert: false, known, fence }
                    .reply(connection, records, *many)
                    .await
            }
            plan::Write::Upsert { records, many } => {
                let procedure = declared(objects.upsert.as_ref())?;
                let create = Create { domain, source, procedure, scope, is_upsert: true, known, fence };
                let outcome = create.reply(connection, records, *many).await?;
                if *many {
                    refuse_same_key(domain, &outcome).map_err(Fault::Refused)?;
                }
                Ok(outcome)
            }
            plan::Write::Update { key, changes, if_version } => {
                let procedure = declared(objects.update.as_ref())?;
                let change =
                    Change { domain, source, procedure, key, if_version: *if_version, scope, known, is_told };
                change.update(connection, changes).await
            }
            plan::Write::Delete { key, if_version } => {
                let procedure = declared(objects.delete.as_ref())?;
                let change =
                    Change { domain, source, procedure, key, if_version: *if_version, scope, known, is_told };
                change.delete(connection).await
            }
            plan::Write::UpdateMany { matching, changes } => {
                let (source, procedure) = (declared(source)?, declared(objects.update.as_ref())?);
                let many = Many { domain, source, procedure, matching, scope, known };
                let (outcome, written) = many.update(connection, changes).await?;
                keys = written;
                Ok(outcome)
            }
            plan::Write::DeleteMany(matching) => {
                let (source, procedure) = (declared(source)?, declared(objects.delete.as_ref())?);
                let many = Many { domain, source, procedure, matching, scope, known };
                let (outcome, written) = many.delete(connection).await?;
                keys = written;
                Ok(outcome)
            }
            plan::Write::Call(invocation) => {
                let calls = lasting::calls(objects, write);
                let room = if commits(objects, write) || self.tables.are_lasting(&calls) {
                    Room::Cut(self.reply_bytes_max)
                } else {
                    Room::Most(self.reply_bytes_max)
                };
                routine::run(connection, domain, invocation, room, known).await
            }
            plan::Write::All(_) => Err(Fault::Refused(Error::internal("a batch has a batch in it"))),
        }?;
        let told = match &publication {
            Some(publication) => {
                let place = told::Place { objects, write, known, keys };
                told::told(publication, place, &outcome, connection).await?
            }
            None => Told::default(),
        };
        Ok(Applied { outcome, told })
    }
}

/// The object of an operation. A plan for the operation implies that it exists.
fn declared<T>(object: Option<&'static T>) -> Result<&'static T, Fault> {
    object.ok_or_else(|| {
        Fault::Refused(Error::new(ErrorCode::Internal, "the domain has no object for this operation"))
    })
}
