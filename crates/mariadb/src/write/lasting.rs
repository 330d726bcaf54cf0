//! Effects that no rollback takes back: of objects that commit by themselves, and of tables without transactions (Aria,
//! `MyISAM`, MEMORY).
//!
//! Templates declare the objects. Nobody tells the node of the tables: it learns of them from the server's answer at
//! the end of a transaction, and remembers it for the object.

use std::{
    borrow::Cow,
    collections::HashMap,
    sync::{PoisonError, RwLock},
    time::{Duration, Instant},
};

use beds_core::{
    Error,
    ledger::{WITHOUT_TRANSACTIONS, own_without_transactions},
    plan::{self, Action, Item, Plan},
    spec::{Domain, Routine, mariadb},
};
use beds_protocol::ErrorCode;

use crate::{fault::Fault, known::NowAndThen, objects};

/// How long an object that wrote into a table without transactions is still treated so after it no longer does.
const REMEMBERED: Duration = Duration::from_mins(1);

/// What is known of an object.
#[derive(Debug, Clone, Copy)]
enum Known {
    /// Everything that it wrote could be rolled back.
    Plain,
    /// It shared a transaction with an object that wrote into a table without transactions.
    Suspect,
    /// It wrote into such a table. The moment is that of its last such write.
    Lasting(Instant),
    /// It wrote into such a table at this moment. Its later writes could be rolled back.
    Doubtful(Instant),
    /// It ended a transaction by itself, and with it the writes of others.
    Ending,
}

/// The knowledge of a database's objects, by their calls: at most one entry for each object of a template.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    known: RwLock<HashMap<&'static str, Known>>,
    /// The message that one of the node's own tables has no transactions.
    told: NowAndThen,
}

impl Tables {
    /// Whether the objects of a write may share a transaction with others, as far as is known.
    pub(crate) fn may_share(&self, calls: &[&'static str]) -> bool {
        calls.iter().all(|call| matches!(self.of(call), None | Some(Known::Plain)))
    }

    /// Whether one of them writes into a table without transactions, as far as is known.
    pub(super) fn are_lasting(&self, calls: &[&'static str]) -> bool {
        calls.iter().any(|call| matches!(self.of(call), Some(Known::Lasting(_) | Known::Doubtful(_))))
    }

    /// Whether everything that they write can be rolled back.
    pub(super) fn are_plain(&self, calls: &[&'static str]) -> bool {
        calls.iter().all(|call| matches!(self.of(call), Some(Known::Plain)))
    }

    /// Notes that everything that these wrote could be rolled back.
    pub(super) fn could_be_taken_back(&self, calls: &[&'static str]) {
        for &call in calls {
            match self.of(call) {
                Some(Known::Plain | Known::Ending) => {}
                Some(Known::Lasting(at) | Known::Doubtful(at)) if at.elapsed() < REMEMBERED => {
                    self.set(call, Known::Doubtful(at));
                }
                Some(_) | None => self.set(call, Known::Plain),
            }
        }
    }

    /// Notes that one of these, which shared a transaction, wrote into a table without transactions, or the node into
    /// one of its `own`.
    pub(super) fn kept_rows(&self, calls: &[&'static str], own: Option<&'static str>, domain: &Domain) {
        let (database, template) = (domain.database, domain.name);
        if let Some(own) = own {
            self.suspect(calls);
            return self.tell(own, domain);
        }
        match calls {
            &[call] => {
                if !self.are_lasting(calls) {
                    tracing::error!(
                        database,
                        template,
                        "{call} writes into a table without transactions: its effect is at least once, and what it \
                         writes before an error remains; the DBA changes the table's engine to InnoDB"
                    );
                }
                self.set(call, Known::Lasting(Instant::now()));
            }
            calls => {
                self.suspect(calls);
                for call in calls.iter().filter(|&&call| self.are_lasting(&[call])) {
                    self.set(call, Known::Lasting(Instant::now()));
                }
            }
        }
    }

    /// Reports in the log, now and then, that one of the node's own tables has no transactions.
    fn tell(&self, own: &'static str, domain: &Domain) {
        if self.told.is_due() {
            tracing::error!(
                database = domain.database,
                "the table `{own}` is without transactions: writes are done at least once, and a write that failed \
                 leaves a row in it; the DBA changes its engine to InnoDB"
            );
        }
    }

    /// Notes that one of these may write into a table without transactions: each runs alone until it is known which.
    pub(super) fn suspect(&self, calls: &[&'static str]) {
        for &call in calls {
            if !self.are_lasting(&[call]) {
                self.set(call, Known::Suspect);
            }
        }
    }

    /// Refuses items of an atomic batch that cannot be rolled back with the others. The knowledge of a table expires
    /// after a while, since only the server can tell that the table has changed.
    ///
    /// # Errors
    /// `bad_request`, naming the item.
    pub(super) fn check(&self, items: &[Item]) -> Result<(), Error> {
        for (index, item) in items.iter().enumerate() {
            let Item::Plan(Plan { domain, action: Action::Write(write), .. }) = item else { continue };
            let is_lasting =
                |call: &&str| matches!(self.of(call), Some(Known::Lasting(at)) if at.elapsed() < REMEMBERED);
            if calls(objects(domain)?, write).iter().any(is_lasting) {
                let message = "its object writes into a table without transactions, so it cannot be part of an atomic batch";
                return Err(Error::new(ErrorCode::BadRequest, message)
                    .hint("send the batch as \"ordered\", or without this item")
                    .of_item(index));
            }
        }
        Ok(())
    }

    fn of(&self, call: &str) -> Option<Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).get(call).copied()
    }

    /// Notes that these have ended the transaction that they shared with others: from now on each of them runs alone.
    pub(super) fn have_ended(&self, calls: &[&'static str], domain: &Domain) {
        for &call in calls {
            if !matches!(self.of(call), Some(Known::Ending)) {
                tracing::error!(
                    database = domain.database,
                    template = domain.name,
                    "{call} ends the node's transaction by itself, by a commit, a rollback, or a deadlock that it \
                     hides: writes that share the transaction without a message_id may be done twice. It runs alone \
                     until the node starts again; remove the cause from the procedure, or declare `commits = true`"
                );
                self.set(call, Known::Ending);
            }
        }
    }

    fn set(&self, call: &'static str, known: Known) {
        let mut all = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if !matches!(all.get(call), Some(Known::Ending)) {
            all.insert(call, known);
        }
    }
}

/// The calls of the objects of a write.
pub(super) fn calls(own: &'static mariadb::Objects, write: &plan::Write) -> Vec<&'static str> {
    match write {
        plan::Write::Call(invocation) => match invocation.call.routine {
            Routine::Procedure { sql, .. } | Routine::Function { sql, .. } => vec![sql],
            Routine::Pipeline { .. } | Routine::Method => Vec::new(),
        },
        plan::Write::All(items) => {
            let of_item = |item: &Item| match item {
                Item::Plan(Plan { domain, action: Action::Write(write), .. }) => {
                    objects(domain).map(|own| calls(own, write)).unwrap_or_default()
                }
                Item::Plan(_) | Item::Known(_) => Vec::new(),
            };
            let mut calls: Vec<_> = items.iter().flat_map(of_item).collect();
            calls.sort_unstable();
            calls.dedup();
            calls
        }
        write => procedure(own, write).map(|procedure| procedure.call).into_iter().collect(),
    }
}

/// The procedure of a write by key or filter.
fn procedure(own: &'static mariadb::Objects, write: &plan::Write) -> Option<&'static mariadb::Procedure> {
    match write {
        plan::Write::Create { .. } => own.create.as_ref(),
        plan::Write::Update { .. } | plan::Write::UpdateMany { .. } => own.update.as_ref(),
        plan::Write::Upsert { .. } => own.upsert.as_ref(),
        plan::Write::Delete { .. } | plan::Write::DeleteMany(_) => own.delete.as_ref(),
        plan::Write::Call(_) | plan::Write::All(_) => None,
    }
}

/// Whether the object of a write commits by itself. A batch has no such writes.
pub(super) fn commits(own: &'static mariadb::Objects, write: &plan::Write) -> bool {
    match write {
        plan::Write::Call(invocation) => invocation.call.routine.commits(),
        write => procedure(own, write).is_some_and(|procedure| procedure.commits),
    }
}

/// Why the effect of a failed write remains.
#[derive(Debug, Clone, Copy)]
pub(super) enum Remains {
    /// The object commits by itself.
    Committed,
    /// A table has no transactions: the named one of the node's own, or one that the object writes into.
    Kept(Option<&'static str>),
}

impl Remains {
    pub(super) fn why(self) -> Cow<'static, str> {
        match self {
            Self::Committed => "the object commits by itself, so what it did before the error remains".into(),
            Self::Kept(None) => {
                "the object writes into a table without transactions, which keeps what was written before the error"
                    .into()
            }
            Self::Kept(Some(own)) => {
                format!("the table `{own}` is without transactions: it keeps what was written before the error")
                    .into()
            }
        }
    }

    /// The note of a reply to a write that is done.
    pub(super) fn note(self) -> Cow<'static, str> {
        match self {
            Self::Committed => beds_core::ledger::AT_LEAST_ONCE.into(),
            Self::Kept(None) => WITHOUT_TRANSACTIONS.into(),
            Self::Kept(Some(own)) => own_without_transactions(own).into(),
        }
    }
}

/// The failure of a write that may have left something behind. It never invites the client to send the write again.
pub(super) fn remaining(fault: Fault, remains: Remains) -> Fault {
    let told = |mut error: Error| {
        if error.retryable {
            return Error { details: error.details, ..Error::unknown_effect(&error.message) };
        }
        let why = remains.why();
        error.hint = Some(match error.hint {
            // A smaller request does not help.
            None => why.into_owned(),
            Some(_) if error.code == ErrorCode::TooLarge => why.into_owned(),
            Some(hint) if hint.contains(&*why) => hint,
            Some(hint) => format!("{hint}; {why}"),
        });
        error
    };
    match fault {
        Fault::Refused(error) => Fault::Refused(told(error)),
        Fault::Abandoned(error) => Fault::Abandoned(told(error)),
        Fault::Deadlock => Fault::Refused(Error::unknown_effect(CONFLICT)),
        // The lane knows that the job was past its gate.
        Fault::Lost(reason) => Fault::Lost(reason),
    }
}

/// The message of a conflict that may have left something behind.
pub(super) const CONFLICT: &str = "lock conflict: other requests changed the same records";

/// The hint of an error of an object that had ended the transaction before, by a commit or a rollback.
pub(super) const MAY_REMAIN: &str = "the object ended the node's transaction by itself before it failed: unless it rolled \
    back, the earlier writes of this request remain";

/// The error if an object ended a transaction in which others had run, or which has events.
pub(super) fn ended(domain: &Domain) -> Error {
    ended_so(domain, "")
}

/// The same, if the object failed after that with this error.
pub(super) fn ended_and_failed(domain: &Domain, failed: &Error) -> Error {
    ended_so(domain, &format!("; then it failed: {}", failed.message))
}

fn ended_so(domain: &Domain, failed: &str) -> Error {
    let message = format!(
        "an object of `{}` ended the node's transaction by itself, so the earlier writes of this request may or may \
         not have happened{failed}",
        domain.name
    );
    Error::unknown_effect(&message).hint(
        "the node begins and ends transactions: remove `commit`, `rollback` and handlers that hide a deadlock from \
         the procedure, or declare `commits = true`",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_remains_is_never_sent_again() {
        let told = |fault| match remaining(fault, Remains::Committed) {
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
            Fault::Refused(Error::new(ErrorCode::Internal, "no").hint("grant it")),
            Fault::Abandoned(Error::reply_too_large(1)),
        ] {
            let error = told(fault);
            assert!(!error.retryable && error.hint.is_some_and(|hint| hint.contains("remains")));
        }
    }

    #[test]
    fn an_object_is_known_by_what_it_did() {
        static DOMAIN: Domain = Domain::new("thing", "", "");
        let tables = Tables::default();
        assert!(tables.may_share(&["a"]) && !tables.are_plain(&["a"]), "nothing is known");
        tables.could_be_taken_back(&["a", "b"]);
        assert!(tables.are_plain(&["a", "b"]));
        tables.kept_rows(&["a", "b"], None, &DOMAIN);
        assert!(!tables.may_share(&["a"]) && !tables.are_lasting(&["a", "b"]), "one of them did it");
        tables.kept_rows(&["a"], None, &DOMAIN);
        tables.could_be_taken_back(&["a", "b"]);
        assert!(tables.are_lasting(&["a"]) && tables.are_plain(&["b"]));
        tables.set("a", Known::Doubtful(Instant::now().checked_sub(REMEMBERED).unwrap()));
        tables.could_be_taken_back(&["a"]);
        assert!(tables.are_plain(&["a"]), "it is forgotten");
        tables.kept_rows(&["a"], Some("beds_ledger"), &DOMAIN);
        assert!(!tables.may_share(&["a"]) && !tables.are_lasting(&["a"]), "it is not the object's doing");
    }
}
