//! The parts of a parallel batch: the look-ups in one domain, which share a statement, and every other item by itself.

use std::panic::{AssertUnwindSafe, catch_unwind};

use beds_core::{
    Factory, Result, Work,
    lookup::KEYS_MAX,
    plan::{Action, Plan, Read},
    query::Fields,
    spec::Domain,
    value::Value,
};
use beds_protocol::Operation;

use super::{super::failed, Asked, Batch, decoded};

/// Items that run together.
pub(super) enum Part {
    /// One item, by its place. For a fetch, its work is known.
    One(usize, Option<Result<Work>>),
    /// Several look-ups.
    LookUps(LookUps),
}

/// Look-ups of whole records of a domain whose key is one field.
pub(super) struct LookUps {
    pub(super) domain: &'static Domain,
    /// The place of each item.
    pub(super) places: Vec<usize>,
    /// The key that each asks for.
    pub(super) keys: Vec<Value>,
}

/// The parts of a batch, in the order of their first items. A part has at most as many look-ups as can share a
/// statement, or as may run at a time.
pub(super) fn of<F: Factory>(batch: &Batch<'_, F>, items: &[Asked<'_, F::Template>]) -> Vec<Part> {
    let most = usize::from(KEYS_MAX).min(batch.cx.limits.batch_items_at_once).max(1);
    let mut parts: Vec<Part> = Vec::with_capacity(items.len());
    // The last part with look-ups of each domain.
    let mut last: Vec<(&'static Domain, usize)> = Vec::new();
    for (place, item) in items.iter().enumerate() {
        let mut part = planned(batch, place, item);
        if let Part::LookUps(one) = &mut part {
            let known = last.iter_mut().find(|(domain, _)| std::ptr::eq(*domain, one.domain));
            if let Some((_, index)) = &known
                && let Some(Part::LookUps(others)) = parts.get_mut(*index)
                && others.keys.len() < most
            {
                others.places.push(place);
                others.keys.append(&mut one.keys);
                continue;
            }
            match known {
                Some((_, index)) => *index = parts.len(),
                None => last.push((one.domain, parts.len())),
            }
        }
        parts.push(part);
    }
    parts.into_iter().map(Part::or_one).collect()
}

/// An item as a part of its own.
fn planned<F: Factory>(batch: &Batch<'_, F>, place: usize, asked: &Asked<'_, F::Template>) -> Part {
    let fetch = asked.address.as_ref().ok().filter(|of| of.target.operation() == Operation::Fetch);
    let Some(address) = fetch else { return Part::One(place, None) };
    let plan = || F::dispatch(address.template, &batch.context(place), decoded(asked.item, address)?);
    match catch_unwind(AssertUnwindSafe(plan)).unwrap_or_else(|_| Err(failed())) {
        Ok(Work::Plan(Plan {
            domain,
            action: Action::Read(Read::One { key: keys, fields: Fields::All }),
            scope,
            ..
        })) if keys.len() == 1 && scope.is_whole() => {
            Part::LookUps(LookUps { domain, places: vec![place], keys })
        }
        work => Part::One(place, Some(work)),
    }
}

impl Part {
    /// A single look-up becomes an item by itself: it may share its statement with other requests.
    fn or_one(self) -> Self {
        match self {
            Self::LookUps(LookUps { domain, places, keys: key }) if key.len() == 1 => {
                let read = Action::Read(Read::One { key, fields: Fields::All });
                Self::One(places[0], Some(Ok(Work::Plan(Plan::new(domain, read)))))
            }
            part => part,
        }
    }
}
