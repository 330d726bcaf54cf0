//! [`Context`]: what an operation knows of the request that it answers, besides the body.

use std::{fmt, sync::Arc, time::Instant};

use futures_util::future::BoxFuture;

use crate::{
    error::Result,
    outcome::Outcome,
    plan::{Bounds, Plan},
    settings::Limits,
    work::Work,
};

/// Runs plans on the databases of the node.
pub trait Runner: fmt::Debug + Send + Sync + 'static {
    /// Runs a plan within its bounds.
    fn run(&self, plan: Plan, bounds: Bounds) -> BoxFuture<'_, Result>;
}

/// The circumstances of one request. It is cheap to clone.
#[derive(Debug, Clone)]
pub struct Context {
    /// The databases of the node.
    pub runner: Arc<dyn Runner>,
    /// Bounds on what one request may ask.
    pub limits: Arc<Limits>,
    /// The moment after which no answer is wanted.
    pub deadline: Instant,
    /// Names the request in logs and error replies.
    pub request_id: Arc<str>,
}

impl Context {
    /// The bounds of what runs for the request.
    #[must_use]
    pub fn bounds(&self) -> Bounds {
        Bounds { deadline: self.deadline, reply_bytes_max: self.limits.reply_bytes_max }
    }

    /// Does the work of an operation: what a hand-written method uses to ask another domain, or the objects of its
    /// own, as in `cx.run(Country::fetch(cx, request)).await`.
    ///
    /// # Errors
    /// What the operation answers.
    pub async fn run(&self, work: Result<Work>) -> Result<Outcome> {
        match work? {
            Work::Done(outcome) => Ok(outcome),
            Work::Plan(plan) => self.runner.run(plan, self.bounds()).await,
            Work::Method(running) => running.await,
        }
    }
}
