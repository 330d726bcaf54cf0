//! [`Storing`] and [`Returning`]: the kinds of jobs that move records into the warehouse, and back.

use std::sync::Arc;

use beds_core::{Result, context::Context};
use futures_util::future::BoxFuture;

use super::Told;
use crate::{
    jobs::{Catalogue, Job, Kind, Step, read},
    migration::{Fresh, settle},
};

/// The names of the kinds.
pub(super) const STORING: &str = "warehouse";
pub(super) const RETURNING: &str = "warehouse_restore";

/// The kind of jobs that move what is due into the warehouse.
#[derive(Debug)]
pub struct Storing {
    catalogue: Arc<Catalogue>,
    fresh: Fresh,
}

/// The kind of jobs that move records back.
#[derive(Debug)]
pub struct Returning {
    catalogue: Arc<Catalogue>,
    fresh: Fresh,
}

impl Storing {
    /// Of records of these domains.
    #[must_use]
    pub fn new(catalogue: Arc<Catalogue>) -> Self {
        Self { catalogue, fresh: Fresh::default() }
    }
}

impl Returning {
    /// Of records of these domains.
    #[must_use]
    pub fn new(catalogue: Arc<Catalogue>) -> Self {
        Self { catalogue, fresh: Fresh::default() }
    }
}

impl Kind for Storing {
    fn name(&self) -> &'static str {
        STORING
    }

    fn step<'a>(&'a self, cx: &'a Context, job: &'a Job) -> BoxFuture<'a, Result<Step>> {
        Box::pin(async move {
            let told: Told = read(&job.arguments)?;
            let asked = told.storing(self.catalogue.domain(&told.template)?)?;
            // A node that does not serve the warehouse leaves the job to another.
            self.catalogue.domain(&asked.to)?;
            if told.is_due {
                return settle(&cx.trusted(), &self.catalogue, job, &asked, &self.fresh).await;
            }
            settle(cx, &self.catalogue, job, &asked, &self.fresh).await
        })
    }
}

impl Kind for Returning {
    fn name(&self) -> &'static str {
        RETURNING
    }

    fn step<'a>(&'a self, cx: &'a Context, job: &'a Job) -> BoxFuture<'a, Result<Step>> {
        Box::pin(async move {
            let told: Told = read(&job.arguments)?;
            let asked = told.returning(self.catalogue.domain(&told.template)?)?;
            self.catalogue.domain(&asked.from)?;
            settle(cx, &self.catalogue, job, &asked, &self.fresh).await
        })
    }
}
