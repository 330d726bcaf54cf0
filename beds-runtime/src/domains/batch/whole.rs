//! The claim of a whole batch. Before any item runs, the batch's `message_id` is claimed in each database that the
//! items write to. So a batch with the id of another request is refused before it does anything.

use std::sync::Arc;

use super::{super::perform, Asked, Batch};
use beds_core::{
    Context, Error, Factory, Result, Work,
    plan::{Action, Plan, Write},
    spec::{Domain, Engine},
};
use beds_protocol::{ErrorCode, Lane};
use futures_util::future::join_all;

/// The databases in which the batch could not be claimed, and why. Writes to those databases fail with that error.
#[derive(Debug, Default)]
pub(super) struct Unclaimed(Vec<((Engine, &'static str), Error)>);

impl Unclaimed {
    /// Refuses a write to a database in which the batch has no claim.
    pub(super) fn check(&self, domain: &Domain, lane: Lane) -> Result<()> {
        let found = self.0.iter().find(|(of, _)| is_claimed(domain, lane) && *of == domain.home());
        found.map_or(Ok(()), |(_, error)| Err(error.clone()))
    }
}

const fn is_claimed(domain: &Domain, lane: Lane) -> bool {
    domain.once && matches!(lane, Lane::Write)
}

/// Claims the batch in each database that its items write to, in parallel. A batch without a `message_id` has nothing
/// to claim.
///
/// # Errors
/// `conflict` if another request has used the id before. Then no item runs.
pub(super) async fn claim<F: Factory>(
    batch: &Batch<'_, F>,
    items: &[Asked<'_, F::Template>],
) -> Result<Unclaimed> {
    let Some(claims) = &batch.cx.claims else { return Ok(Unclaimed::default()) };
    let mut domains: Vec<&'static Domain> = Vec::new();
    // An item that cannot be read is reported in its own reply.
    for address in items.iter().filter_map(|item| item.address.as_ref().ok()) {
        let domain = address.domain;
        let is_new = domains.iter().all(|known| known.home() != domain.home());
        if is_claimed(domain, address.lane) && is_new {
            domains.push(domain);
        }
    }
    let claimed = join_all(domains.into_iter().map(async |domain| {
        let cx = Context { claims: Some(Arc::new(claims.of_batch())), ..batch.cx.clone() };
        // A transaction without writes: it leaves only its claim.
        let nothing = Plan::new(domain, Action::Write(Write::All(Vec::new())));
        (domain.home(), perform(&cx, Lane::Write, Ok(Work::Plan(nothing))).await)
    }));
    let mut unclaimed = Unclaimed::default();
    for (home, result) in claimed.await {
        match result {
            Ok(_) => {}
            Err(error) if error.code == ErrorCode::Conflict => return Err(error),
            Err(error) => unclaimed.0.push((home, error)),
        }
    }
    Ok(unclaimed)
}
