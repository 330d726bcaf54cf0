//! [`Context`]: what an operation knows of the request that it answers, besides the body.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU16, Ordering},
    },
    time::Instant,
};

use futures_util::future::BoxFuture;

use crate::{
    error::Result,
    outcome::Outcome,
    plan::{Action, Bounds, Claim, Plan},
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
    /// What makes the writes of the request happen once; none for a request without a `message_id`.
    pub claims: Option<Arc<Claims>>,
}

/// The claims of one request: each of its writes has one of its own, by its place among them. So a method that runs
/// again after it was cut off finds what it has done, and goes on where it stopped.
#[derive(Debug)]
pub struct Claims {
    user: String,
    message_id: String,
    digest: [u8; 32],
    next: AtomicU16,
}

impl Claims {
    /// The claims of a request by this user, with this `message_id`. The digest is of all that the request asks.
    #[must_use]
    pub const fn new(user: String, message_id: String, digest: [u8; 32]) -> Self {
        Self { user, message_id, digest, next: AtomicU16::new(0) }
    }

    fn next(&self) -> Claim {
        Claim {
            user: self.user.clone(),
            message_id: self.message_id.clone(),
            step: self.next.fetch_add(1, Ordering::Relaxed),
            digest: self.digest,
        }
    }
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
            Work::Plan(plan) => {
                let is_once = plan.domain.once && matches!(plan.action, Action::Write(_));
                let claims = self.claims.as_ref().filter(|_| is_once);
                let claim = claims.map(|claims| claims.next());
                self.runner.run(Plan { claim, ..plan }, self.bounds()).await
            }
            Work::Method(running) => running.await,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Mutex, time::Duration};

    use futures_util::FutureExt as _;

    use super::*;
    use crate::{
        plan::{Read, Write},
        spec::Domain,
    };

    static ORDER: Domain = Domain::new("order", "", "");
    static EVENT: Domain = Domain::new("event", "", "").at_least_once();

    /// Remembers what it was to run: the step of each plan's claim.
    #[derive(Debug, Default)]
    struct Steps(Mutex<Vec<Option<u16>>>);

    impl Runner for Steps {
        fn run(&self, plan: Plan, _: Bounds) -> BoxFuture<'_, Result> {
            let step = plan.claim.map(|claim| {
                assert_eq!((claim.user.as_str(), claim.message_id.as_str()), ("u", "m"));
                claim.step
            });
            self.0.lock().unwrap().push(step);
            Box::pin(async { Ok(Outcome::default()) })
        }
    }

    fn steps(claims: Option<Claims>) -> Vec<Option<u16>> {
        let steps = Arc::new(Steps::default());
        let cx = Context {
            runner: Arc::clone(&steps) as _,
            limits: Arc::default(),
            deadline: Instant::now() + Duration::from_secs(1),
            request_id: "r".into(),
            claims: claims.map(Arc::new),
        };
        let write = || Action::Write(Write::Create { records: Vec::new(), many: false });
        let plans = [
            (&ORDER, write()),
            (&ORDER, Action::Read(Read::Count { filter: Vec::new(), most: None })),
            (&EVENT, write()),
            (&ORDER, write()),
        ];
        for (domain, action) in plans {
            cx.run(Ok(Work::Plan(Plan::new(domain, action)))).now_or_never().unwrap().unwrap();
        }
        steps.0.lock().unwrap().clone()
    }

    #[test]
    fn each_write_of_a_request_has_a_claim_of_its_own() {
        let claims = Claims::new("u".into(), "m".into(), [7; 32]);
        // Neither what is read nor what may happen twice has one, or a place among them.
        assert_eq!(steps(Some(claims)), [Some(0), None, None, Some(1)]);
        assert_eq!(steps(None), [None; 4]);
    }
}
