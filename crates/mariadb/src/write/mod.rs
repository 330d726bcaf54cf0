//! Jobs of the write lane: each is one transaction around DBA-owned procedures.
//!
//! The lane's connections have autocommit off, so a transaction begins with its first statement and costs one
//! round trip more than its objects: the commit. [`Write::apply`] runs the objects; around it are the claim and the stored
//! reply, in [`Write::once`] for one write and in [`group`] for several that share a transaction.

mod change;
mod create;
mod group;
mod kept;
mod ledger;
mod many;
mod outbox;
mod procedure;
mod together;

use std::{sync::Arc, time::Duration};

use beds_core::{
    Error, Outcome,
    event::{Event, Publication},
    ledger::{AT_LEAST_ONCE, NO_LEDGER},
    plan::{self, Origin},
    spec::{Domain, mariadb},
    value::Value,
};
use beds_lane::{Fate, Gate, Job, Member};
use beds_protocol::ErrorCode;
use sqlx::{Connection as _, MySqlConnection};
use tokio::{sync::Notify, time::timeout};

use self::{change::Change, create::Create, ledger::Claimed, many::Many};
pub(crate) use self::{ledger::Ledger, together::check as check_together};
use crate::{
    columns::Columns,
    fault::{Fault, classify},
    routine,
    session::{End, Session},
};

/// Why a transaction that lost a deadlock is run again elsewhere.
const SPOILT: &str = "a temporary table remains of a transaction that lost a deadlock";

/// A write.
#[derive(Debug)]
pub(crate) struct Write {
    pub(crate) domain: &'static Domain,
    pub(crate) objects: &'static mariadb::Objects,
    pub(crate) write: plan::Write,
    /// What makes it happen once.
    pub(crate) claim: Option<plan::Claim>,
    /// Where it comes from, as its events tell.
    pub(crate) origin: Origin,
    /// Hears when events are stored.
    pub(crate) stored: Arc<Notify>,
    /// Where claims are written down.
    pub(crate) ledger: Arc<Ledger>,
    /// How long the reply may get.
    pub(crate) reply_bytes_max: usize,
    /// How many times a transaction that lost a deadlock is run again.
    pub(crate) deadlock_retries_max: u8,
    /// How long a commit may take.
    pub(crate) commit_timeout: Duration,
    /// What is known of the columns that replies are read back from.
    pub(crate) known: Arc<Columns>,
}

impl Job for Write {
    type Connection = Session;
    type Output = Outcome;

    const CAN_BE_CUT: bool = true;

    fn is_touched(session: &Session) -> bool {
        session.is_touched()
    }

    async fn renew(session: &mut Session) -> bool {
        session.renew().await
    }

    /// All writes of a database by key may share a transaction. A call, a batch and a write by filter may take long, and
    /// what commits by itself would commit the others.
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
        (is_short && !self.commits()).then_some(0)
    }

    async fn run_group(
        jobs: &[Member<'_, Self>],
        session: &mut Session,
    ) -> Result<Vec<Fate<Outcome>>, beds_lane::Fault> {
        group::run(jobs, session).await
    }

    async fn run(&self, session: &mut Session, gate: &Gate) -> Result<Outcome, beds_lane::Fault> {
        // From its first statement on, nobody can take back what commits by itself.
        let commits = self.commits();
        if commits {
            // A connection that has gone meanwhile must not leave it open whether anything happened.
            let ping = session.connection.ping().await;
            ping.map_err(|error| beds_lane::Fault::Lost(error.to_string()))?;
            gate.pass()?;
        }
        if commits || self.may_do_anything() {
            session.runs_routine();
        } else {
            session.begins_transaction();
        }
        let mut retries = 0;
        loop {
            match self.attempt(session, gate).await? {
                Err(Fault::Deadlock) if retries < self.deadlock_retries_max && !commits => {
                    if session.is_spoilt() {
                        return Err(beds_lane::Fault::Lost(SPOILT.to_owned()));
                    }
                    retries += 1;
                }
                Err(fault) if commits => return Err(remaining(fault).into()),
                outcome => return outcome.map_err(beds_lane::Fault::from),
            }
        }
    }
}

/// A failure of an object that commits by itself, which may have left something behind: it is never an invitation to
/// send the write again.
fn remaining(fault: Fault) -> Fault {
    let remains = |mut error: Error| {
        if error.retryable {
            return Error::unknown_effect(&error.message);
        }
        if error.hint.is_none() || error.code == ErrorCode::TooLarge {
            error.hint =
                Some("the object commits by itself, so what it did before the error remains".to_owned());
        }
        error
    };
    match fault {
        Fault::Refused(error) => Fault::Refused(remains(error)),
        Fault::Abandoned(error) => Fault::Abandoned(remains(error)),
        Fault::Deadlock => {
            Fault::Refused(Error::unknown_effect("lock conflict: other requests changed the same records"))
        }
        // The lane knows that it was past its gate.
        Fault::Lost(reason) => Fault::Lost(reason),
    }
}

/// What a transaction has come to.
enum Done {
    /// The objects ran; it is to be committed. Whether there are events of it.
    Now(Outcome, bool),
    /// An earlier one did the same; it is to be rolled back.
    Before(Outcome),
}

/// What the objects of a write did.
struct Applied {
    outcome: Outcome,
    /// What is published of it.
    events: Vec<Event>,
}

impl Write {
    /// Whether it is a call, or may have one in it: a call may take long, and leave anything behind in the session.
    const fn may_do_anything(&self) -> bool {
        matches!(self.write, plan::Write::Call(_) | plan::Write::All(_))
    }

    /// Whether the object commits by itself, so that running it again may repeat its effect.
    fn commits(&self) -> bool {
        commits(self.objects, &self.write)
    }

    /// What makes it happen once. An object that commits by itself would commit the claim before there is a reply.
    pub(crate) fn claim(&self) -> Option<&plan::Claim> {
        self.claim.as_ref().filter(|_| !self.commits())
    }

    /// The transaction, once. The outer error is the gate's: nobody waits for the write any more.
    async fn attempt(
        &self,
        session: &mut Session,
        gate: &Gate,
    ) -> Result<Result<Outcome, Fault>, beds_lane::Fault> {
        let end = match self.once(&mut session.connection).await {
            Ok(Done::Now(outcome, has_events)) => match gate.pass() {
                Ok(()) => return Ok(self.commit(session, has_events).await.map(|()| outcome)),
                Err(given_up) => Err(given_up),
            },
            Ok(Done::Before(outcome)) => Ok(Ok(outcome)),
            Err(fault @ (Fault::Refused(_) | Fault::Deadlock)) => Ok(Err(fault)),
            // The connection goes, and the transaction with it.
            Err(fault) => return Ok(Err(fault)),
        };
        if let Err(error) = session.end(End::Rollback).await {
            return Ok(Err(Fault::Lost(error.to_string())));
        }
        end
    }

    /// Runs the objects, unless they ran before under the same claim.
    async fn once(&self, connection: &mut MySqlConnection) -> Result<Done, Fault> {
        let domain = self.domain;
        let Some(claim) = self.claim() else {
            let (outcome, has_events) = self.effect(connection, None).await?;
            return Ok(Done::Now(outcome, has_events));
        };
        match self.ledger.claim(connection, &[claim], domain).await? {
            Claimed::New => {
                let (outcome, has_events) = self.effect(connection, None).await?;
                let kept = together::kept(&self.write, &outcome);
                ledger::store(connection, &[(claim, &kept)], domain).await?;
                Ok(Done::Now(outcome, has_events))
            }
            Claimed::Taken => {
                let outcome = ledger::outcome(connection, claim, domain).await?;
                // Whoever held the claim has taken it back since.
                let outcome = outcome.ok_or(Fault::Deadlock)?;
                self.ledger.duplicates.count();
                Ok(Done::Before(outcome))
            }
            Claimed::Absent => {
                let (outcome, has_events) = self.effect(connection, Some(NO_LEDGER)).await?;
                Ok(Done::Now(outcome, has_events))
            }
        }
    }

    /// Runs the objects, stores the events of what they did, and tells whether there are any.
    async fn effect(
        &self,
        connection: &mut MySqlConnection,
        note: Option<&'static str>,
    ) -> Result<(Outcome, bool), Fault> {
        let Applied { outcome, events } = self.apply(connection).await?;
        outbox::store(connection, &events, self.domain).await?;
        Ok((self.finished(outcome, note)?, !events.is_empty()))
    }

    /// The outcome with a note. A reply that is too long is refused, while the write can still be taken back.
    fn finished(&self, outcome: Outcome, note: Option<&'static str>) -> Result<Outcome, Fault> {
        let outcome = match note {
            Some(note) => outcome.noted(note),
            None => outcome,
        };
        if outcome.size() <= self.reply_bytes_max {
            return Ok(outcome);
        }
        Err(Fault::Refused(Error::reply_too_large(self.reply_bytes_max)))
    }

    /// Commits. From here on the write may have happened though its confirmation does not arrive.
    async fn commit(&self, session: &mut Session, has_events: bool) -> Result<(), Fault> {
        let unknown = |why: &str| Err(Fault::Abandoned(Error::unknown_effect(why)));
        match timeout(self.commit_timeout, session.end(End::Commit)).await {
            Ok(Ok(())) => {
                if has_events {
                    self.stored.notify_one();
                }
                Ok(())
            }
            // The server says so before it commits, and ends it with the connection.
            Ok(Err(error)) if is_distributed(&error) => {
                let message =
                    format!("an object of `{}` began a distributed transaction (XA)", self.domain.name);
                Err(Fault::Abandoned(
                    Error::internal(message)
                        .hint("it is the node that begins and ends transactions: take `xa start` out"),
                ))
            }
            Ok(Err(error)) => match classify(&error, self.domain) {
                // A cluster refuses at the commit what another node has changed: nothing is left of it.
                Fault::Deadlock => Err(Fault::Deadlock),
                Fault::Refused(_) | Fault::Lost(_) | Fault::Abandoned(_) => {
                    unknown("the connection broke while the commit was under way")
                }
            },
            Err(_) => unknown("the commit was not confirmed in time"),
        }
    }

    /// Whether both create records in one domain. Upserts are not run as one: two may be of one record.
    fn is_create_as(&self, other: &Self) -> bool {
        let is_create = |write: &Self| matches!(write.write, plan::Write::Create { .. });
        std::ptr::eq(self.domain, other.domain) && is_create(self) && is_create(other)
    }

    /// Runs creates in one domain as one of all their records, and gives the outcome of each.
    async fn create_all(jobs: &[&Self], connection: &mut MySqlConnection) -> Result<Vec<Applied>, Fault> {
        let Some(Self { domain, objects, known, .. }) = jobs.first() else { return Ok(Vec::new()) };
        let procedure = declared(objects.create.as_ref())?;
        let create = Create { domain, source: objects.read.as_ref(), procedure, is_upsert: false, known };
        let parts: Vec<(&[Vec<Value>], bool)> = jobs
            .iter()
            .filter_map(|job| match &job.write {
                plan::Write::Create { records, many } => Some((records.as_slice(), *many)),
                _ => None,
            })
            .collect();
        let records: Vec<&[Value]> =
            parts.iter().flat_map(|(records, _)| records.iter().map(Vec::as_slice)).collect();
        let mut created = create.run(connection, &records, false).await?.into_iter();
        let mut all = Vec::with_capacity(jobs.len());
        for (job, (records, many)) in jobs.iter().zip(parts) {
            let outcome = create::outcome(created.by_ref().take(records.len()).collect(), many);
            let publication = Publication::of(domain, &job.write, job.origin.clone());
            // A record that was created needs no second look.
            let events = publication.map(|publication| publication.events(&outcome, None)).transpose();
            all.push(Applied { outcome, events: events.map_err(Fault::Refused)?.unwrap_or_default() });
        }
        Ok(all)
    }

    /// Runs the objects inside the transaction that is open on the connection.
    async fn apply(&self, connection: &mut MySqlConnection) -> Result<Applied, Fault> {
        match &self.write {
            plan::Write::All(items) => together::run(self, items, connection).await,
            write => self.apply_one(self.domain, self.objects, write, connection).await,
        }
    }

    /// Runs the objects of one write, which may be an item of this one.
    async fn apply_one(
        &self,
        domain: &'static Domain,
        objects: &'static mariadb::Objects,
        write: &plan::Write,
        connection: &mut MySqlConnection,
    ) -> Result<Applied, Fault> {
        let known = &*self.known;
        let source = objects.read.as_ref();
        let publication = Publication::of(domain, write, self.origin.clone());
        let is_published = publication.is_some();
        // Of the records that a write by filter wrote.
        let mut keys = is_published.then(Vec::new);
        let outcome = match write {
            plan::Write::Create { records, many } => {
                let procedure = declared(objects.create.as_ref())?;
                Create { domain, source, procedure, is_upsert: false, known }
                    .reply(connection, records, *many)
                    .await
            }
            plan::Write::Upsert { records, many } => {
                let procedure = declared(objects.upsert.as_ref())?;
                Create { domain, source, procedure, is_upsert: true, known }
                    .reply(connection, records, *many)
                    .await
            }
            plan::Write::Update { key, changes, if_version } => {
                let procedure = declared(objects.update.as_ref())?;
                let change =
                    Change { domain, source, procedure, key, if_version: *if_version, known, is_published };
                change.update(connection, changes).await
            }
            plan::Write::Delete { key, if_version } => {
                let procedure = declared(objects.delete.as_ref())?;
                let change =
                    Change { domain, source, procedure, key, if_version: *if_version, known, is_published };
                change.delete(connection).await
            }
            plan::Write::UpdateMany { matching, changes } => {
                let (source, procedure) = (declared(source)?, declared(objects.update.as_ref())?);
                let many = Many { domain, source, procedure, matching, known };
                many.run(connection, changes, &mut keys).await
            }
            plan::Write::DeleteMany(matching) => {
                let (source, procedure) = (declared(source)?, declared(objects.delete.as_ref())?);
                let many = Many { domain, source, procedure, matching, known };
                many.run(connection, &[], &mut keys).await
            }
            plan::Write::Call(invocation) => {
                routine::run(connection, domain, invocation, self.reply_bytes_max).await
            }
            plan::Write::All(_) => Err(Fault::Refused(Error::internal("a batch has a batch in it"))),
        }?;
        let events = match &publication {
            Some(publication) => {
                let place = outbox::Place { objects, write, known, keys: keys.as_deref() };
                outbox::events(publication, place, &outcome, connection).await?
            }
            None => Vec::new(),
        };
        let outcome = if commits(objects, write) { outcome.noted(AT_LEAST_ONCE) } else { outcome };
        Ok(Applied { outcome, events })
    }
}

/// Whether the object of a write commits by itself. A batch has no such writes.
fn commits(objects: &mariadb::Objects, write: &plan::Write) -> bool {
    let procedure = match write {
        plan::Write::Create { .. } => &objects.create,
        plan::Write::Update { .. } | plan::Write::UpdateMany { .. } => &objects.update,
        plan::Write::Upsert { .. } => &objects.upsert,
        plan::Write::Delete { .. } | plan::Write::DeleteMany(_) => &objects.delete,
        plan::Write::Call(invocation) => return invocation.call.routine.commits(),
        plan::Write::All(_) => return false,
    };
    procedure.is_some_and(|procedure| procedure.commits)
}

/// Whether the server refuses to commit since the transaction is of another kind.
fn is_distributed(error: &sqlx::Error) -> bool {
    let state = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    state.is_some_and(|state| state.starts_with("XA"))
}

/// The object of an operation, which a plan for it implies.
fn declared<T>(object: Option<&'static T>) -> Result<&'static T, Fault> {
    object.ok_or_else(|| {
        Fault::Refused(Error::new(ErrorCode::Internal, "the domain has no object for this operation"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_that_commits_by_itself_is_never_sent_again() {
        let told = |fault| match remaining(fault) {
            Fault::Refused(error) | Fault::Abandoned(error) => error,
            other => panic!("{other:?}"),
        };
        for fault in [
            Fault::Deadlock,
            Fault::Refused(Error::deadline()),
            Fault::Abandoned(Error::unavailable("the database `catalog`")),
        ] {
            let error = told(fault);
            assert_eq!((error.code, error.retryable), (ErrorCode::Unavailable, false), "{error}");
            assert!(error.message.contains("may or may not have happened"), "{error}");
        }
        for fault in [
            Fault::Refused(Error::new(ErrorCode::RejectedByDatabase, "no")),
            Fault::Abandoned(Error::reply_too_large(1)),
        ] {
            let error = told(fault);
            assert!(!error.retryable && error.hint.is_some_and(|hint| hint.contains("remains")));
        }
    }
}
