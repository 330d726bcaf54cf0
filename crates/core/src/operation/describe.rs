//! `describe`.

use std::borrow::Cow;

use beds_protocol::Operation;

use crate::{
    context::Context, describe as description, error::Result, outcome::Outcome, spec::Domain, work::Work,
};

/// Tells what the domain offers to the caller.
///
/// # Errors
/// `forbidden` or `unauthenticated`, if the caller may do nothing.
pub fn describe(cx: &Context, domain: &'static Domain) -> Result<Work> {
    let allowed = cx.allowed(domain, Operation::Describe)?;
    let may = |operation| cx.allowed(domain, operation).is_ok();
    let may_all = domain.operations().all(|(operation, _)| may(operation));
    if may_all && allowed.sets_all() {
        return Ok(Work::Done(Outcome::description(domain)));
    }
    let view = description::View {
        may: &may,
        shows: &|field| allowed.shows(field),
        sets: &|field| allowed.sets(field),
    };
    let json = description::of_view(domain, &view);
    Ok(Work::Done(Outcome::data(Cow::Owned(json))))
}
