//! [`Context`]: what an operation knows of its request, besides the body.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Instant,
};

use beds_protocol::{Lane, Operation};
use futures_util::future::{BoxFuture, join_all};

use crate::{
    access::{Allowed, Caller, Standing, asked, conceal},
    error::{Error, Result},
    extensions::Extensions,
    outcome::Outcome,
    plan::{Action, Asker, Author, Bounds, Claim, Item, Origin, Plan, Read, Write},
    position::Positions,
    query::Fields,
    settings::Limits,
    spec::{Domain, RequestValue},
    stages::Stages,
    value::Value,
    work::Work,
};

/// Runs plans on the databases of the node.
pub trait Runner: fmt::Debug + Send + Sync + 'static {
    /// Runs a plan within its bounds.
    fn run(&self, plan: Plan, bounds: Bounds) -> BoxFuture<'_, Result>;

    /// Checks whether a plan can run, as far as that is known before the database is asked.
    ///
    /// # Errors
    /// The reason why it cannot run.
    fn check(&self, _plan: Plan) -> Result<()> {
        Ok(())
    }

    /// Looks up whole records of a domain whose key is one field, as [`Self::run`] would by a plan for each key. An
    /// error applies to all of the keys, even if only one of them is the cause.
    fn look_up(
        &self,
        domain: &'static Domain,
        keys: Vec<Value>,
        bounds: Bounds,
    ) -> BoxFuture<'_, Result<Vec<Result>>> {
        let each = keys.into_iter().map(move |key| {
            let read = Read::One { key: vec![key], fields: Fields::All };
            self.run(Plan::new(domain, Action::Read(read)), bounds.clone())
        });
        Box::pin(async move { Ok(join_all(each).await) })
    }
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
    /// The client, for a fair share of the databases.
    pub asker: Asker,
    /// The caller, and the rules by which the caller is judged.
    pub standing: Standing,
    /// Names the request in logs and error replies.
    pub request_id: Arc<str>,
    /// The W3C trace context of the request, where it has one.
    pub traceparent: Option<Arc<str>>,
    /// The claims by which the writes of the request happen once; `None` for a request without a `message_id`.
    pub claims: Option<Arc<Claims>>,
    /// The positions that databases must have reached for its reads, and those after its writes.
    pub positions: Arc<Positions>,
    /// Records where the time of the request goes.
    pub stages: Arc<Stages>,
    /// What the node offers to hand-written functions.
    pub extensions: Arc<Extensions>,
}

/// The claims of one request. Each of its writes has a claim of its own, by the write's place among them. So a method
/// that runs again after it was cut off finds what it has done, and continues where it stopped.
#[derive(Debug)]
pub struct Claims {
    user: String,
    message_id: String,
    digest: [u8; 32],
    /// The step of the first claim.
    first: u32,
    /// How many claims there are.
    count: AtomicU32,
}

/// How many writes one request, or one item of a batch, may make. Including the batch's own step, the steps of the
/// largest batch fit into their type.
const WRITES_MAX: u32 = (1 << 16) - 1;

impl Claims {
    /// The claims of a request by this user, with this `message_id`. The digest is of all that the request asks.
    #[must_use]
    pub const fn new(user: String, message_id: String, digest: [u8; 32]) -> Self {
        Self { user, message_id, digest, first: 0, count: AtomicU32::new(0) }
    }

    /// The claims of a request that is a batch, for the batch as a whole. The first claim is that of a request without
    /// a batch, so neither can take the other's `message_id`.
    #[must_use]
    pub fn of_batch(&self) -> Self {
        self.beginning_at(0)
    }

    /// The claims of an item of a batch. Whatever the other items do, the claims are the same when the batch comes
    /// again.
    #[must_use]
    pub fn of_item(&self, index: u16) -> Self {
        self.beginning_at(1 + u32::from(index) * WRITES_MAX)
    }

    fn beginning_at(&self, first: u32) -> Self {
        let count = AtomicU32::new(0);
        Self { user: self.user.clone(), message_id: self.message_id.clone(), first, count, ..*self }
    }

    /// The claim of the next write. A hand-written method can make too many writes.
    fn next(&self) -> Result<Claim> {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        if count >= WRITES_MAX {
            let message = format!("a request may make {WRITES_MAX} writes; this one makes more");
            return Err(Error::internal(message));
        }
        Ok(Claim {
            user: self.user.clone(),
            message_id: self.message_id.clone(),
            step: self.first + count,
            digest: self.digest,
        })
    }
}

impl Context {
    /// The bounds of the work for the request.
    #[must_use]
    pub fn bounds(&self) -> Bounds {
        Bounds {
            deadline: self.deadline,
            reply_bytes_max: self.limits.reply_bytes_max,
            asker: self.asker,
            positions: Arc::clone(&self.positions),
            stages: Arc::clone(&self.stages),
        }
    }

    /// The caller.
    #[must_use]
    pub fn caller(&self) -> &Caller {
        &self.standing.caller
    }

    /// The caller's rights in an operation.
    pub(crate) fn allowed(&self, domain: &'static Domain, operation: Operation<'_>) -> Result<Allowed> {
        Allowed::of(&self.standing, &self.request_id, domain, operation)
    }

    /// The operations of a domain that the caller may do, each with its lane.
    pub fn permitted(&self, domain: &'static Domain) -> impl Iterator<Item = (Operation<'static>, Lane)> {
        domain.operations().filter(move |(operation, _)| self.allowed(domain, *operation).is_ok())
    }

    /// A value of the request itself.
    pub(crate) fn asked(&self, wanted: RequestValue) -> Result<Value> {
        asked(wanted, &self.standing, &self.request_id)
    }

    /// The same for the calls that a hand-written method makes in its own name: `[access]` of the domains it asks does
    /// not apply to the caller. The method itself must not reveal what the caller may not see.
    #[must_use]
    pub fn trusted(&self) -> Self {
        let standing = Standing { is_trusted: true, ..self.standing.clone() };
        Self { standing, ..self.clone() }
    }

    /// The caller, in the form for the audit.
    fn author(&self) -> Author {
        let Standing { caller, vouched, .. } = &self.standing;
        let user = caller.user.as_deref().map(str::to_owned);
        let session = caller.session.as_deref().map(str::to_owned);
        let amqp_user = match session {
            Some(_) => vouched.as_deref().map(str::to_owned),
            None => user.clone(),
        };
        let message_id = self.claims.as_ref().map(|claims| claims.message_id.clone());
        Author { user, amqp_user, session, message_id }
    }

    /// The same context, to carry records from elsewhere. A `create` may give what a node generates otherwise, so that
    /// a record keeps its key and its time of creation. A `fetch` reports the members that the template does not name.
    #[must_use]
    pub fn carrying(&self) -> Self {
        let standing = Standing { carries: true, ..self.standing.clone() };
        Self { standing, ..self.clone() }
    }

    /// Checks whether the work of an operation would be refused before a database is asked. Hand-written work is not
    /// checked.
    ///
    /// # Errors
    /// The reason of the refusal.
    pub fn check(&self, work: Result<Work>) -> Result<()> {
        match work? {
            Work::Plan(plan) => self.runner.check(plan),
            Work::Done(_) | Work::Method(_) => Ok(()),
        }
    }

    /// Does the work of an operation. A hand-written method uses it to ask another domain, or the objects of its own,
    /// as in `cx.run(Country::fetch(cx, request)).await`.
    ///
    /// # Errors
    /// The errors of the operation.
    pub async fn run(&self, work: Result<Work>) -> Result<Outcome> {
        match work? {
            Work::Done(outcome) => Ok(outcome),
            Work::Plan(plan) => {
                let is_once = plan.domain.once && matches!(plan.action, Action::Write(_));
                let claims = self.claims.as_ref().filter(|_| is_once);
                let claim = claims.map(|claims| claims.next()).transpose()?;
                let origin = Origin {
                    request_id: Some(Arc::clone(&self.request_id)),
                    traceparent: self.traceparent.clone(),
                    author: plan.is_audited().then(|| Arc::new(self.author())),
                };
                let hidden = Hidden::of(&plan);
                let result = self.runner.run(Plan { claim, origin, ..plan }, self.bounds()).await;
                hidden.from(result)
            }
            Work::Method(running) => running.await,
        }
    }
}

/// The part of a plan's outcome that its caller does not see.
enum Hidden {
    Nothing,
    /// These fields of the domain's records.
    Fields(&'static Domain, Vec<usize>),
    /// The hidden fields of each item of a batch.
    OfItems(Vec<Option<(&'static Domain, Vec<usize>)>>),
}

impl Hidden {
    fn of(plan: &Plan) -> Self {
        let (Plan { domain, action, .. }, hidden) = (plan, &plan.scope.hidden);
        match action {
            Action::Write(Write::All(items)) => Self::OfItems(
                items
                    .iter()
                    .map(|item| match item {
                        Item::Plan(plan) => Some((plan.domain, plan.scope.hidden.clone())),
                        Item::Known(_) => None,
                    })
                    .collect(),
            ),
            _ if hidden.is_empty() => Self::Nothing,
            _ => Self::Fields(domain, hidden.clone()),
        }
    }

    fn from(self, result: Result) -> Result {
        match self {
            Self::Nothing => result,
            Self::Fields(domain, hidden) => conceal::result(result, domain, &hidden),
            Self::OfItems(items) => conceal::items(result, &items),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Mutex, time::Duration};

    use futures_util::FutureExt as _;

    use super::*;
    use crate::plan::Write;

    static ORDER: Domain = Domain::new("order", "", "");
    static EVENT: Domain = Domain::new("event", "", "").at_least_once();

    /// Remembers the plans that it was to run: the step of each plan's claim.
    #[derive(Debug, Default)]
    struct Steps(Mutex<Vec<Option<u32>>>);

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

    fn steps(claims: Option<Claims>) -> Vec<Option<u32>> {
        let steps = Arc::new(Steps::default());
        let cx = Context {
            runner: Arc::clone(&steps) as _,
            limits: Arc::default(),
            deadline: Instant::now() + Duration::from_secs(1),
            asker: Asker::default(),
            request_id: "r".into(),
            traceparent: None,
            claims: claims.map(Arc::new),
            positions: Arc::default(),
            extensions: Arc::default(),
            standing: beds_core::access::Standing::default(),
            stages: Arc::default(),
        };
        let write = || Action::Write(Write::Create { records: Vec::new(), many: false });
        let plans = [
            (&ORDER, write()),
            (&ORDER, Action::Read(Read::Count { filter: Vec::new(), most: None, changes: Vec::new() })),
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
        // Reads, and writes that may happen twice, have no claim and take no place among the claims.
        assert_eq!(steps(Some(claims)), [Some(0), None, None, Some(1)]);
        assert_eq!(steps(None), [None; 4]);
    }

    #[test]
    fn a_batch_and_each_of_its_items_have_claims_of_their_own() {
        let claims = Claims::new("u".into(), "m".into(), [7; 32]);
        for _ in 0..2 {
            assert_eq!(claims.of_batch().next().unwrap().step, 0, "as a request by itself");
        }
        let last = |index| {
            let item = claims.of_item(index);
            let steps: Vec<u32> = (0..WRITES_MAX).map(|_| item.next().unwrap().step).collect();
            assert!(item.next().is_err(), "{index}");
            (steps[0], steps[steps.len() - 1])
        };
        assert_eq!((last(0), last(1).0), ((1, WRITES_MAX), WRITES_MAX + 1));
        assert!(last(u16::MAX).1 > last(u16::MAX).0);
    }
}
