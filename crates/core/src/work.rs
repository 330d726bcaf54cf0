//! [`Work`]: what an operation gives.

use futures_util::future::BoxFuture;

use crate::{error::Result, outcome::Outcome, plan::Plan};

/// What is to be done for a request.
pub enum Work {
    /// Nothing is left to do.
    Done(Outcome),
    /// The domain's objects do it.
    Plan(Plan),
    /// A hand-written method does it.
    Method(BoxFuture<'static, Result>),
}

impl Work {
    /// The work of a hand-written method.
    pub fn method(running: impl Future<Output = Result> + Send + 'static) -> Self {
        Self::Method(Box::pin(running))
    }
}

impl std::fmt::Debug for Work {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Done(outcome) => f.debug_tuple("Done").field(outcome).finish(),
            Self::Plan(plan) => f.debug_tuple("Plan").field(plan).finish(),
            Self::Method(_) => f.write_str("Method"),
        }
    }
}
