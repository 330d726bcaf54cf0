//! `many`: how many records one request may write by filter.

use super::{
    Cx,
    objects::{Object, object},
};
use crate::{
    diagnostic::objects as diagnostics,
    model::Bulk,
    raw::{Given, RawObjects},
};

/// The most records that a template may let one request write.
const MANY_MAX: u32 = 10_000;

/// The limits of `update` and `delete` by filter.
pub(super) fn validate(raw: &Given<RawObjects>, cx: &mut Cx<'_>) -> Bulk {
    let Some(raw) = raw.get().map(|objects| &objects.value) else { return Bulk::default() };
    for (given, operation) in [(&raw.create, "create"), (&raw.upsert, "upsert")] {
        if let Some(span) = object(given, operation).and_then(|object| object.raw.many.key()) {
            let help = "remove it: its `data` may be a list, bounded by `create_records_max` of the node";
            cx.errors.push(diagnostics::many_not_here(span, operation, "has no filter", help));
        }
    }
    let reads = !raw.read.is_absent();
    let mut many = |given, operation| object(given, operation).and_then(|object| most(&object, reads, cx));
    Bulk { update: many(&raw.update, "update"), delete: many(&raw.delete, "delete") }
}

fn most(object: &Object<'_>, reads: bool, cx: &mut Cx<'_>) -> Option<u32> {
    let key = object.raw.many.key()?;
    let value = object.raw.many.get()?;
    if object.raw.commits.is_true() {
        let why = "commits by itself, so it cannot be all or nothing";
        let help = "remove `commits`, and the commit from the procedure; or remove `many`";
        cx.errors.push(diagnostics::many_not_here(key, object.operation, why, help));
    }
    if !reads && !cx.unread_is_told {
        cx.unread_is_told = true;
        let help = "add `read = { view = \"…\" }` to the objects, or remove `many`";
        cx.errors.push(diagnostics::many_not_here(key, object.operation, "has nothing to filter", help));
    }
    let most = u32::try_from(value.value).ok().filter(|most| (1..=MANY_MAX).contains(most));
    if most.is_none() {
        cx.errors.push(diagnostics::many_range(value.span, MANY_MAX));
    }
    most
}
