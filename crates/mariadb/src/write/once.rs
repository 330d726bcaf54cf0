//! The transaction of one write: its claim, its objects, its events and audit entries, its stored reply, and the commit
//! or rollback.

use beds_core::{Error, Outcome, event::Told, ledger::NO_LEDGER, plan};
use beds_lane::Gate;
use beds_protocol::{
    ErrorCode,
    tables::{AUDIT, EVENTS, LEDGER},
};
use sqlx::{Executor as _, MySqlConnection};
use tokio::time::timeout;

use super::{
    Applied, Write, amiss,
    lasting::{MAY_REMAIN, Remains, ended, ended_and_failed, remaining},
    ledger::{self, Claimed, Earlier},
    together, told,
};
use crate::{
    fault::{Fault, classify, classify_commit, without_transactions},
    session::{Course, End, Session},
};

/// The state of a transaction before its end.
enum Done {
    /// The objects ran, and the transaction is to be committed. The flag says whether it has events.
    Now(Outcome, bool),
    /// An earlier write did the same; the transaction is to be rolled back.
    Before(Outcome),
}

impl Write {
    /// One try of the transaction. The outer error is the gate's: nobody waits for the write any more. `is_last` says
    /// that it does not run again after a conflict.
    pub(super) async fn attempt(
        &self,
        session: &mut Session,
        gate: &Gate,
        is_last: bool,
    ) -> Result<Result<Outcome, Fault>, beds_lane::Fault> {
        let end = match self.once(session, is_last).await {
            Ok(Done::Now(outcome, has_events)) => match gate.pass() {
                Ok(()) => {
                    return Ok(match self.commit(session, has_events).await {
                        Ok(keeps_rows) if !keeps_rows || self.commits() => Ok(outcome),
                        Ok(_) => Ok(self.said_late(session, outcome).await),
                        Err(fault) => Err(fault),
                    });
                }
                Err(given_up) => Err(given_up),
            },
            Ok(Done::Before(outcome)) => Ok(Ok(outcome)),
            Err(fault @ (Fault::Refused(_) | Fault::Deadlock)) => Ok(Err(fault)),
            // The connection is discarded, and the transaction with it.
            Err(fault) => return Ok(Err(fault)),
        };
        match session.end(End::Rollback).await {
            Ok(false) => match end {
                Ok(Err(fault @ Fault::Refused(_))) if self.has_committed(session).await => {
                    Ok(Err(remaining(fault, Remains::Committed)))
                }
                end => end,
            },
            Ok(true) => {
                let remains = self.kept_rows(session).await;
                forget(session).await;
                end.map(|outcome| outcome.map_err(|fault| remaining(fault, remains)))
            }
            Err(error) => Ok(Err(Fault::Lost(error.to_string()))),
        }
    }

    /// Whether an object has committed although the template does not say so: after a full rollback the claim is still
    /// there. Without a claim nobody can tell.
    async fn has_committed(&self, session: &mut Session) -> bool {
        let Some(claim) = self.claim().filter(|_| self.ledger.is_known()) else {
            return false;
        };
        let earlier = ledger::earlier(&mut session.connection, &[claim], self.domain).await;
        forget(session).await;
        matches!(earlier.as_deref(), Ok([Earlier::Unanswered]))
    }

    /// Runs the objects, unless they ran before under the same claim.
    async fn once(&self, session: &mut Session, is_last: bool) -> Result<Done, Fault> {
        let domain = self.domain;
        let Some(claim) = self.claim() else {
            let (outcome, has_events) = self.effect(session, false).await?;
            return Ok(Done::Now(self.finished(outcome)?, has_events));
        };
        match self.ledger.claim(&mut session.connection, &[claim], false, domain).await? {
            Claimed::New => {
                let (outcome, has_events) = self.effect(session, true).await?;
                let outcome = self.finished(outcome)?;
                let kept = together::kept(&self.write, &outcome);
                ledger::store(&mut session.connection, &[(claim, &kept)], domain).await?;
                Ok(Done::Now(outcome, has_events))
            }
            Claimed::Taken => {
                let earlier = ledger::earlier(&mut session.connection, &[claim], domain).await?.pop();
                match earlier.unwrap_or(Earlier::Nothing) {
                    Earlier::Done(outcome) => {
                        self.ledger.duplicates.count();
                        Ok(Done::Before(outcome))
                    }
                    Earlier::Another => Err(Fault::Refused(beds_core::ledger::taken())),
                    Earlier::Unreadable => {
                        Err(Fault::Refused(beds_core::ledger::unreadable(claim, domain.database)))
                    }
                    // An object that committed the claim by itself may be about to store its reply.
                    Earlier::Unanswered if is_last => Err(Fault::Refused(ledger::unanswered(claim, domain))),
                    Earlier::Nothing => {
                        let amiss = amiss::refuses(&mut session.connection, domain, is_last).await;
                        Err(amiss.map_or(Fault::Deadlock, Fault::Refused))
                    }
                    Earlier::Unanswered => Err(Fault::Deadlock),
                }
            }
            Claimed::Absent => {
                let (outcome, has_events) = self.effect(session, false).await?;
                Ok(Done::Now(self.finished(outcome.noted(NO_LEDGER))?, has_events))
            }
        }
    }

    /// Runs the objects, stores their events and audit entries, and tells whether there are events. For a single write
    /// with a claim, the claim itself shows whether the object has rolled it back.
    async fn effect(&self, session: &mut Session, is_claimed: bool) -> Result<(Outcome, bool), Fault> {
        let is_watched = !self.commits() && (self.is_several() || (!is_claimed && self.domain.is_told()));
        // A transaction that wrote into a table without transactions may have no mark.
        let is_marked = is_watched
            && session.mark().await.map_err(|error| classify(&error, self.domain))? == Course::Good;
        let done = if let plan::Write::All(items) = &self.write {
            together::run(self, items, session).await.map(|done| (done, Told::default()))
        } else {
            let applied = self.apply(&mut session.connection).await;
            applied.map(|Applied { outcome, told }| ((outcome, !told.events.is_empty()), told))
        };
        // An object may end the transaction and fail afterwards.
        let may_have_ended = matches!(done, Ok(_) | Err(Fault::Refused(_)));
        if is_marked && may_have_ended {
            let course = session.goes_on().await.map_err(|error| classify(&error, self.domain))?;
            if course == Course::Ended {
                let is_taken_back = is_claimed && self.is_taken_back(session).await?;
                return Err(match done {
                    Ok(((_, has_events), told)) => {
                        self.ended(session, (&told, has_events), is_taken_back).await?
                    }
                    Err(fault) => self.ended_and_failed(fault, is_claimed, is_taken_back),
                });
            }
        }
        let ((outcome, has_events), told) = done?;
        told::store(&mut session.connection, &told, self.domain).await?;
        if self.commits() {
            let outcome = outcome.noted(Remains::Committed.note());
            return Ok((together::fitting(self, outcome), has_events));
        }
        let calls = self.calls();
        if self.tables.are_plain(&calls) {
            return Ok((outcome, has_events));
        }
        let keeps_rows = session.keeps_rows().await.map_err(|error| classify(&error, self.domain))?;
        if keeps_rows {
            let remains = self.kept_rows(session).await;
            return Ok((together::fitting(self, noted(outcome, remains)), has_events));
        }
        self.tables.could_be_taken_back(&calls);
        Ok((outcome, has_events))
    }

    /// Whether the claim of this transaction is gone, and everything that it had done until then.
    async fn is_taken_back(&self, session: &mut Session) -> Result<bool, Fault> {
        let Some(claim) = self.claim() else { return Ok(false) };
        let earlier = ledger::earlier(&mut session.connection, &[claim], self.domain).await?;
        Ok(matches!(earlier.as_slice(), [Earlier::Nothing]))
    }

    /// An object ended a transaction in which others had run, or which has events or audit entries: it is unknown what
    /// remains. Unless the claim shows a rollback, the events and entries are stored, and committed together with the
    /// transaction that is open now. So each remaining change is reported.
    async fn ended(
        &self,
        session: &mut Session,
        (told, has_events): (&Told, bool),
        is_taken_back: bool,
    ) -> Result<Fault, Fault> {
        let (domain, connection) = (self.domain, &mut session.connection);
        self.have_ended();
        if (has_events || !told.is_empty()) && !is_taken_back {
            told::store(connection, told, domain).await?;
            connection.execute("commit").await.map_err(|error| classify(&error, domain))?;
            self.stored.notify_one();
        }
        Ok(Fault::Refused(ended(domain)))
    }

    /// An object ended such a transaction, and failed. Most often, a handler in it rolls back and passes on the error
    /// of the server: then nothing remains, and the error is what the client has to know. An error that the object
    /// itself signals may come after a commit.
    fn ended_and_failed(&self, fault: Fault, is_claimed: bool, is_taken_back: bool) -> Fault {
        let Fault::Refused(error) = fault else { return fault };
        if is_taken_back {
            return Fault::Refused(error);
        }
        if is_claimed {
            self.have_ended();
        }
        if is_claimed || error.code == ErrorCode::RejectedByDatabase {
            return Fault::Refused(ended_and_failed(self.domain, &error));
        }
        Fault::Refused(Error { retryable: false, ..error }.hint(MAY_REMAIN))
    }

    /// Notes that the object ends transactions, if it is known which object did.
    fn have_ended(&self) {
        if let &[call] = &*self.calls() {
            self.tables.have_ended(&[call], self.domain);
        }
    }

    /// Notes that a table without transactions keeps rows, and which table it is, if that can be known.
    async fn kept_rows(&self, session: &mut Session) -> Remains {
        let own: &[_] = if self.claim().is_some() { &[&LEDGER, &EVENTS, &AUDIT] } else { &[&EVENTS, &AUDIT] };
        let own = without_transactions(&mut session.connection, own).await;
        self.tables.kept_rows(&self.calls(), own, self.domain);
        Remains::Kept(own)
    }

    /// The outcome of a write whose commit is the first to show that a table without transactions keeps rows. A
    /// duplicate must get the same reply, so the reply is stored once more.
    async fn said_late(&self, session: &mut Session, outcome: Outcome) -> Outcome {
        let remains = self.kept_rows(session).await;
        let outcome = noted(outcome, remains);
        let connection = &mut session.connection;
        let stored = match self.claim().filter(|_| self.ledger.is_known()) {
            Some(claim) => {
                let kept = together::kept(&self.write, &outcome);
                ledger::store(connection, &[(claim, &kept)], self.domain).await
            }
            None => Ok(()),
        };
        let committed = connection.execute(sqlx::raw_sql("commit")).await;
        if stored.is_err() || committed.is_err() {
            tracing::warn!(template = self.domain.name, "a duplicate is not told what remains of this write");
        }
        outcome
    }

    /// One record of a list whose object commits by itself, up to its commit. The flag says whether it has events.
    pub(super) async fn one_of_list(
        &self,
        one: &plan::Write,
        connection: &mut MySqlConnection,
    ) -> Result<(Outcome, bool), Fault> {
        let of = (self.domain, self.objects, &self.scope);
        let Applied { outcome, told } = self.apply_one(of, one, connection, None).await?;
        told::store(connection, &told, self.domain).await?;
        Ok((outcome, !told.events.is_empty()))
    }

    /// Refuses a reply that is too long, while the write can still be rolled back.
    pub(super) fn finished(&self, outcome: Outcome) -> Result<Outcome, Fault> {
        if outcome.size() <= self.reply_bytes_max {
            return Ok(outcome);
        }
        Err(Fault::Refused(Error::reply_too_large(self.reply_bytes_max)))
    }

    /// The error of a write that shared a transaction in which one wrote into a table without transactions, after the
    /// rollback: a second run might repeat its effect.
    pub(super) fn in_part(&self) -> Error {
        self.tables.suspect(&self.calls());
        Error::unknown_effect("a table without transactions keeps the rows of a write that was rolled back")
    }

    /// Commits. From here on the write may have happened even if its confirmation does not arrive. Tells whether a
    /// table without transactions keeps rows.
    pub(super) async fn commit(&self, session: &mut Session, has_events: bool) -> Result<bool, Fault> {
        match timeout(self.commit_timeout, session.end(End::Commit)).await {
            Ok(Ok(keeps_rows)) => {
                if has_events {
                    self.stored.notify_one();
                }
                Ok(keeps_rows)
            }
            // The server says so before it commits, and rolls back when the connection ends.
            Ok(Err(error)) if is_distributed(&error) => {
                let message =
                    format!("an object of `{}` began a distributed transaction (XA)", self.domain.name);
                Err(Fault::Abandoned(
                    Error::internal(message).hint("the node begins and ends transactions: remove `xa start`"),
                ))
            }
            Ok(Err(error)) => Err(classify_commit(&error, self.domain)),
            Err(_) => Err(Fault::Abandoned(Error::unknown_effect("the commit was not confirmed in time"))),
        }
    }
}

/// The outcome of a write that is done, with a note of the effects that remain in any case.
fn noted(outcome: Outcome, remains: Remains) -> Outcome {
    let note = remains.note();
    let is_noted = outcome.note.as_ref().is_some_and(|known| known.contains(&*note));
    if is_noted { outcome } else { outcome.noted(note) }
}

/// Ends the transaction of the questions that came after the write's own. If that fails, the next request finds out.
async fn forget(session: &mut Session) {
    if let Err(error) = session.connection.execute(sqlx::raw_sql("rollback")).await {
        tracing::debug!("a session could not be rolled back: {error}");
    }
}

/// Whether the server refuses to commit because the transaction is of another kind.
fn is_distributed(error: &sqlx::Error) -> bool {
    let state = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    state.is_some_and(|state| state.starts_with("XA"))
}
