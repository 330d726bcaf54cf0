//! Plans as jobs: one type for each kind of read and of write.
//!
//! Making a job checks what only MongoDB asks of a request, and builds what will be sent; running it sends.

mod by_key;
mod call;
mod count;
mod delete;
mod insert;
mod page;
mod reply;
mod target;
mod update;

use self::{
    by_key::ByKey, call::Call, count::Count, delete::Delete, insert::Insert, page::Page, target::Target,
    update::Update,
};
use crate::server::Connection;
use beds_core::{
    Error, Outcome, Result,
    plan::{Action, Plan, Read, Write},
    spec::{Domain, Objects},
};
use beds_lane::{Fate, Fault, Gate, Member};
use beds_protocol::Operation;

/// What is to be done in a MongoDB database.
#[derive(Debug)]
pub(crate) struct Job {
    domain: &'static Domain,
    work: Work,
}

#[derive(Debug)]
enum Work {
    ByKey(ByKey),
    Page(Page),
    Count(Count),
    Insert(Insert),
    Update(Update),
    Delete(Delete),
    Call(Call),
}

impl Job {
    /// The job of a plan.
    ///
    /// # Errors
    /// As [`crate::Database::run`], for what is known before the database is asked.
    pub(crate) fn new(Plan { domain, action, .. }: Plan, bytes_max: usize) -> Result<Self> {
        let Objects::MongoDb(objects) = domain.objects else {
            return Err(Error::internal(format!(
                "the domain `{}` is not in a MongoDB database",
                domain.name
            )));
        };
        let source = || objects.read.ok_or_else(|| Error::not_offered(domain, Operation::Fetch));
        let collection =
            |name: Option<&'static str>, operation| name.ok_or_else(|| Error::not_offered(domain, operation));
        let work = match action {
            Action::Read(Read::One { key, fields }) => {
                Work::ByKey(ByKey::new(domain, source()?, key, &fields, bytes_max)?)
            }
            Action::Read(Read::Many(selection)) => {
                Work::Page(Page::new(domain, source()?, selection, bytes_max)?)
            }
            Action::Read(Read::Count { filter, most }) => {
                Work::Count(Count::new(domain, source()?, &filter, most)?)
            }
            Action::Write(Write::Create { records, many }) => {
                let collection = collection(objects.create, Operation::Create)?;
                Work::Insert(Insert::new(domain, collection, records, many, bytes_max)?)
            }
            Action::Write(Write::Update { key, changes, if_version }) => {
                let collection = collection(objects.update, Operation::Update)?;
                let target = Target::new(domain, collection, key, if_version)?;
                Work::Update(Update::new(target, &changes, bytes_max)?)
            }
            Action::Write(Write::Delete { key, if_version }) => {
                let collection = collection(objects.delete, Operation::Delete)?;
                Work::Delete(Delete::new(Target::new(domain, collection, key, if_version)?, bytes_max)?)
            }
            Action::Write(Write::Upsert { .. } | Write::UpdateMany { .. } | Write::DeleteMany(_)) => {
                return Err(Error::internal("this is not written yet"));
            }
            Action::Read(Read::Call(call)) | Action::Write(Write::Call(call)) => {
                Work::Call(Call::new(domain, &call, bytes_max)?)
            }
        };
        Ok(Self { domain, work })
    }
}

impl beds_lane::Job for Job {
    type Connection = Connection;
    type Output = Outcome;

    /// The driver's futures must not be dropped midway.
    const CAN_BE_CUT: bool = false;

    async fn run(&self, connection: &mut Connection, gate: &Gate) -> std::result::Result<Outcome, Fault> {
        let done = match &self.work {
            Work::ByKey(job) => job.run(connection, gate).await,
            Work::Page(job) => job.run(connection, gate).await,
            Work::Count(job) => job.run(connection, gate).await,
            Work::Insert(job) => job.run(connection, gate).await,
            Work::Update(job) => job.run(connection, gate).await,
            Work::Delete(job) => job.run(connection, gate).await,
            Work::Call(job) => job.run(connection, gate).await,
        };
        done.map_err(|failure| failure.into_fault(self.domain, &connection.name))
    }

    /// Fetches of whole records by a key of one field.
    fn group(&self) -> Option<usize> {
        match &self.work {
            Work::ByKey(job) if job.is_shared() => Some(std::ptr::from_ref(self.domain).addr()),
            _ => None,
        }
    }

    async fn run_group(
        jobs: &[Member<'_, Self>],
        connection: &mut Connection,
    ) -> std::result::Result<Vec<Fate<Outcome>>, Fault> {
        let keys = jobs.iter().filter_map(|Member { job, gate }| match &job.work {
            Work::ByKey(by_key) => Some((by_key, *gate)),
            _ => None,
        });
        let keys: Vec<_> = keys.collect();
        by_key::together(&keys, connection).await
    }
}

#[cfg(test)]
mod tests;
