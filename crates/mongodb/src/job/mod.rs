//! Plans as jobs: one type for each kind of read; writes are in [`write`](crate::write).
//!
//! Making a job checks the restrictions that only MongoDB has, and builds the statements. Running it sends them.

mod by_key;
mod call;
mod count;
mod page;
mod purge;

use std::{sync::Arc, time::SystemTime};

use self::{by_key::ByKey, call::Call, count::Count, page::Page, purge::Purge};
use crate::{
    ledger,
    server::Connection,
    unnamed::Finder,
    write::{self, Deed, Shared, Together, Write, objects},
};
use beds_core::{
    Error, Outcome, Result,
    event::Publication,
    lookup::Found,
    plan::{self, Action, Plan, Read},
    query::Fields,
    spec::Domain,
    value::Value,
};
use beds_lane::{Fate, Fault, Gate, Member};
use beds_protocol::Operation;

/// A job in a MongoDB database.
#[derive(Debug)]
pub(crate) struct Job {
    domain: &'static Domain,
    work: Work,
}

#[derive(Debug)]
enum Work {
    ByKey(ByKey),
    /// Several look-ups. Keys that no document can have are already refused.
    ByKeys(Vec<Result<ByKey>>),
    Page(Box<Page>),
    Count(Count),
    Call(Call),
    Write(Arc<Write>),
    Purge(Purge),
}

impl Job {
    /// The job of a plan.
    ///
    /// # Errors
    /// Like [`crate::Database::run`], for errors that are known before the database is asked.
    pub(crate) fn new(Plan { domain, action, claim, origin, scope }: Plan, bytes_max: usize) -> Result<Self> {
        let objects = objects(domain)?;
        let source = || objects.read.ok_or_else(|| Error::not_offered(domain, Operation::Fetch));
        let write =
            |deed, publication| Work::Write(Arc::new(Write { domain, deed, claim, bytes_max, publication }));
        let finder = |source| scope.carried.then(|| Finder::new(domain, source, objects.delete));
        let work = match action {
            Action::Read(Read::One { key, fields }) => {
                let source = source()?;
                let asked = (&fields, &scope.rows[..], finder(source));
                Work::ByKey(ByKey::new(domain, source, key, asked, bytes_max)?)
            }
            Action::Read(Read::Many(selection)) => {
                let source = source()?;
                Work::Page(Box::new(Page::new(domain, source, (selection, finder(source)), bytes_max)?))
            }
            Action::Read(Read::Count { filter, most, changes }) => {
                write::check(domain, &changes)?;
                Work::Count(Count::new(domain, source()?, &filter, most)?)
            }
            Action::Read(Read::Call(call)) => Work::Call(Call::new(domain, &call, None, bytes_max)?),
            Action::Write(plan::Write::All(items)) => {
                write(Deed::All(Together::new(items, &origin, bytes_max)?), None)
            }
            Action::Write(one) => {
                // A pipeline that writes cannot be part of a transaction, so a claim is of no use to it.
                if let plan::Write::Call(call) = &one {
                    let publication = Publication::of(domain, &one, &origin);
                    Work::Call(Call::new(domain, call, publication, bytes_max)?)
                } else {
                    let (deed, publication) = Deed::new(domain, (one, &scope), &origin, bytes_max)?;
                    write(deed, publication)
                }
            }
        };
        Ok(Self { domain, work })
    }

    /// The job of several look-ups of whole records, by a key of one field.
    ///
    /// # Errors
    /// `unknown_operation` if the domain has nothing to read.
    pub(crate) fn of_keys(domain: &'static Domain, keys: Vec<Value>, bytes_max: usize) -> Result<Self> {
        let source = objects(domain)?.read.ok_or_else(|| Error::not_offered(domain, Operation::Fetch))?;
        let by_key = |key| ByKey::new(domain, source, vec![key], (&Fields::All, &[], None), bytes_max);
        Ok(Self { domain, work: Work::ByKeys(keys.into_iter().map(by_key).collect()) })
    }

    /// The same job in a form that may share a transaction with others; `None` if it may not.
    pub(crate) fn shared(&self) -> Option<Shared> {
        match &self.work {
            Work::Write(write) if write.may_share() => Some(Shared(Arc::clone(write))),
            _ => None,
        }
    }

    /// Whether it may be done twice. Such a job runs again if nobody knows how it ended.
    pub(crate) fn is_ingest(&self) -> bool {
        match &self.work {
            Work::Write(write) => write.is_ingest(),
            _ => false,
        }
    }

    /// A step of the purge of the ledger; its count says how many documents it deleted.
    pub(crate) fn purge(before: SystemTime) -> Self {
        Self { domain: &ledger::DOMAIN, work: Work::Purge(Purge { before }) }
    }
}

impl beds_lane::Job for Job {
    type Connection = Connection;
    type Output = Found;

    /// The driver's futures must not be dropped midway.
    const CAN_BE_CUT: bool = false;

    fn kind(&self) -> usize {
        let operation = match &self.work {
            Work::Write(write) => return write.kind(),
            Work::Call(call) => return call.kind(),
            Work::ByKey(job) => usize::from(!job.is_shared()),
            // They share a statement, like those of a group.
            Work::ByKeys(_) => 0,
            Work::Page(_) => 2,
            Work::Count(_) => 3,
            Work::Purge(_) => 4,
        };
        // These numbers follow those of the writes.
        std::ptr::from_ref(self.domain).addr() + write::OPERATIONS + operation
    }

    fn size(&self) -> u32 {
        match &self.work {
            Work::Write(write) => write.deed.size(),
            Work::ByKeys(jobs) => u32::try_from(jobs.len()).unwrap_or(u32::MAX),
            _ => 1,
        }
    }

    async fn run(&self, connection: &mut Connection, gate: &Gate) -> std::result::Result<Found, Fault> {
        let done = match &self.work {
            Work::ByKey(job) => job.run(connection, gate).await,
            Work::ByKeys(jobs) => return by_key::each(jobs, gate, connection).await.map(Found::Each),
            Work::Page(job) => job.run(connection, gate).await,
            Work::Count(job) => job.run(connection, gate).await,
            Work::Call(job) => job.run(connection, gate).await,
            Work::Write(job) => job.run(connection, gate).await,
            Work::Purge(job) => job.run(connection, gate).await,
        };
        done.map(Found::One).map_err(|failure| failure.into_fault(self.domain, &connection.name))
    }

    /// Fetches of whole records by a key of one field. The driver keeps the material of its client, so a client whose
    /// servers refuse it may be old.
    fn is_touched(connection: &Connection) -> bool {
        connection.is_doubtful()
    }

    async fn renew(connection: &mut Connection) -> bool {
        connection.is_current().await
    }

    fn group(&self) -> Option<usize> {
        match &self.work {
            Work::ByKey(job) if job.is_shared() => Some(std::ptr::from_ref(self.domain).addr()),
            _ => None,
        }
    }

    async fn run_group(
        jobs: &[Member<'_, Self>],
        connection: &mut Connection,
    ) -> std::result::Result<Vec<Fate<Found>>, Fault> {
        let keys = jobs.iter().filter_map(|Member { job, gate }| match &job.work {
            Work::ByKey(by_key) => Some((by_key, *gate)),
            _ => None,
        });
        let keys: Vec<_> = keys.collect();
        by_key::together(&keys, connection).await.map(|found| found.into_iter().map(fate).collect())
    }
}

/// The fate of a look-up that shares its statement with others.
fn fate(found: Result<Outcome>) -> Fate<Found> {
    match found {
        Ok(outcome) => Fate::Done(Found::One(outcome)),
        Err(error) => Fate::Refused(error),
    }
}

#[cfg(test)]
mod tests;
