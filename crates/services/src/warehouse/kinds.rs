//! [`Moving`]: the kinds of jobs that move records into the warehouse and back.

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

/// A kind of jobs that move records.
#[derive(Debug)]
pub struct Moving {
    name: &'static str,
    catalogue: Arc<Catalogue>,
    fresh: Fresh,
}

impl Moving {
    /// The kind that moves due records of these domains into the warehouse.
    #[must_use]
    pub fn storing(catalogue: Arc<Catalogue>) -> Self {
        Self { name: STORING, catalogue, fresh: Fresh::default() }
    }

    /// The kind that moves records of these domains back.
    #[must_use]
    pub fn returning(catalogue: Arc<Catalogue>) -> Self {
        Self { name: RETURNING, catalogue, fresh: Fresh::default() }
    }
}

impl Kind for Moving {
    fn name(&self) -> &'static str {
        self.name
    }

    fn step<'a>(&'a self, cx: &'a Context, job: &'a Job) -> BoxFuture<'a, Result<Step>> {
        Box::pin(async move {
            let told: Told = read(&job.arguments)?;
            let domain = self.catalogue.domain(&told.template)?;
            let asked = if self.name == STORING { told.storing(domain)? } else { told.returning(domain)? };
            // A node that does not serve both domains leaves the job to another.
            self.catalogue.domain(&asked.from)?;
            self.catalogue.domain(&asked.to)?;
            let own;
            let cx = if told.is_due {
                own = cx.trusted();
                &own
            } else {
                cx
            };
            settle(cx, &self.catalogue, job, &asked, &self.fresh).await
        })
    }
}
