//! Jobs of the read lane: one statement each, in a connection that cannot write.

mod asked;
mod by_key;
mod call;
mod count;
mod page;

use std::sync::Arc;

use beds_core::{
    Error, Result,
    lookup::Found,
    plan,
    spec::{Domain, mariadb},
    value::Value,
};
use sqlx::MySqlConnection;

use crate::columns::Columns;

pub(crate) use self::{
    asked::Asked,
    by_key::{ByKey, ByKeys, Place, Record, Shown, find, find_all, find_parts},
    count::count,
};
use self::{
    call::Call,
    count::{Count, Would},
    page::Page,
};

/// A read.
#[derive(Debug, Clone)]
pub(crate) enum Read {
    /// One record by key.
    ByKey(ByKey),
    /// Several records by key.
    ByKeys(ByKeys),
    /// Some records in order.
    Page(Page),
    /// How many records match.
    Count(Count),
    /// A call.
    Call(Call),
}

impl Read {
    /// The job of a read, and a second one where the client wants a count as well.
    pub(crate) fn of(
        domain: &'static Domain,
        objects: &'static mariadb::Objects,
        (read, scope): (plan::Read, &plan::Reach),
        bytes_max: usize,
        known: &Arc<Columns>,
    ) -> Result<(Self, Option<Self>)> {
        let known = || Arc::clone(known);
        let source = || source(objects);
        Ok(match read {
            plan::Read::One { key, fields } => {
                let (rows, carried, source) = (scope.rows.clone(), scope.carried, source()?);
                (Self::ByKey(ByKey { domain, source, key, fields, rows, carried, known: known() }), None)
            }
            plan::Read::Many(selection) => {
                let source = source()?;
                let count = selection.count.then(|| {
                    Self::Count(Count::new(domain, source, selection.filter.clone(), None, known()))
                });
                (Self::Page(Page::new(domain, source, (selection, scope.carried), bytes_max, known())), count)
            }
            plan::Read::Count { filter, most, changes } => {
                let would = objects.update.as_ref().filter(|_| !changes.is_empty());
                let would = would.map(|procedure| Would { procedure, changes });
                (Self::Count(Count::new(domain, source()?, filter, most, known()).of(would)), None)
            }
            plan::Read::Call(invocation) => {
                (Self::Call(Call { domain, invocation, bytes_max, known: known() }), None)
            }
        })
    }
}

/// The source from which the records of a domain are read.
fn source(objects: &'static mariadb::Objects) -> Result<&'static mariadb::Source> {
    objects.read.as_ref().ok_or_else(|| Error::internal("the domain has nothing to read"))
}

impl Read {
    /// The job of several look-ups.
    pub(crate) fn of_keys(
        domain: &'static Domain,
        objects: &'static mariadb::Objects,
        keys: Vec<Value>,
        known: &Arc<Columns>,
    ) -> Result<Self> {
        Ok(Self::ByKeys(ByKeys { domain, source: source(objects)?, keys, known: Arc::clone(known) }))
    }

    /// Reads, in the transaction that is open on the connection.
    pub(crate) async fn apply(
        &self,
        connection: &mut MySqlConnection,
    ) -> std::result::Result<Found, crate::fault::Fault> {
        let outcome = match self {
            Self::ByKey(job) => job.run(connection).await?,
            Self::ByKeys(job) => return job.run(connection).await.map(Found::Each),
            Self::Page(job) => job.run(connection).await?,
            Self::Count(job) => job.run(connection).await?,
            Self::Call(job) => job.run(connection).await?,
        };
        Ok(Found::One(outcome))
    }
}

impl Read {
    fn kind(&self) -> usize {
        let (domain, operation) = match self {
            Self::ByKey(job) => (job.domain, usize::from(job.group().is_none())),
            // They share a statement, like those of a group.
            Self::ByKeys(job) => (job.domain, 0),
            Self::Page(job) => (job.domain, 2),
            Self::Count(job) => (job.domain, 3),
            Self::Call(job) => return std::ptr::from_ref(job.invocation.call).addr(),
        };
        // A domain is larger in bytes than its number of operations, so these numbers are unique.
        std::ptr::from_ref(domain).addr() + operation
    }

    const fn domain(&self) -> &'static Domain {
        match self {
            Self::ByKey(job) => job.domain,
            Self::ByKeys(job) => job.domain,
            Self::Page(job) => job.domain,
            Self::Count(job) => job.domain,
            Self::Call(job) => job.domain,
        }
    }

    /// The source that it reads; `None` if a routine reads.
    const fn source(&self) -> Option<&'static mariadb::Source> {
        match self {
            Self::ByKey(job) => Some(job.source),
            Self::ByKeys(job) => Some(job.source),
            Self::Page(job) => Some(job.source),
            Self::Count(job) => Some(job.source),
            Self::Call(_) => None,
        }
    }

    fn size(&self) -> u32 {
        match self {
            Self::ByKeys(job) => u32::try_from(job.keys.len()).unwrap_or(u32::MAX),
            Self::ByKey(_) | Self::Page(_) | Self::Count(_) | Self::Call(_) => 1,
        }
    }
}
