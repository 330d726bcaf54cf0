//! `[fetch]`: the options of a fetch.

use super::{Cx, fields::Fields};
use crate::{
    code::Code,
    diagnostic::objects as diagnostics,
    model::{Fetch, Operations},
    raw::{Given, Names, RawFetch, RawLimit, RawObjects},
};

const LIMIT_DEFAULT: u32 = 50;
const LIMIT_MAX_DEFAULT: u32 = 500;
/// The most records that a template may let one fetch return.
const LIMIT_MAX: u32 = 10_000;

/// The options of a fetch.
pub(super) fn validate(
    raw: &Given<RawFetch>,
    objects: &Given<RawObjects>,
    (by_hand, offers_nothing): (Operations, bool),
    fields: &Fields,
    cx: &mut Cx<'_>,
) -> Fetch {
    let none = RawFetch::default();
    let raw_fetch = raw.get().map_or(&none, |fetch| &fetch.value);
    let reads = match objects {
        _ if by_hand.read => true,
        Given::Absent => offers_nothing,
        Given::Broken => true,
        // A template that offers nothing at all is reported as such.
        Given::Is(objects) => !objects.value.value.read.is_absent() || offers_nothing,
    };
    if let Some(key) = raw.key().filter(|_| !reads) {
        cx.errors.push(diagnostics::fetch_without_read(key, cx.front));
        cx.unread_is_told = true;
    }
    let RawFetch { filter, sort, limit } = raw_fetch;
    let (limit_default, limit_max) = limits(limit, cx);
    Fetch {
        filter: indexable(filter, "filter", Code::NotFilterable, fields, cx),
        sort: indexable(sort, "sort", Code::NotSortable, fields, cx),
        limit_default,
        limit_max,
    }
}

fn indexable(names: &Given<Names>, list: &str, code: Code, fields: &Fields, cx: &mut Cx<'_>) -> Vec<usize> {
    let Some(names) = names.get() else { return Vec::new() };
    for name in &names.value {
        let slot = fields.slots().find(|(_, slot)| slot.name.value == name.value);
        if let Some((_, slot)) = slot
            && let Some(field) = &slot.field
            && !field.ty.is_indexable()
        {
            cx.errors.push(diagnostics::not_indexable(
                code,
                name.span,
                &field.name,
                field.ty.name(),
                slot.name.span,
            ));
        }
    }
    fields.indices(&names.value, list, &mut cx.errors)
}

fn limits(raw: &Given<RawLimit>, cx: &mut Cx<'_>) -> (u32, u32) {
    let Some(RawLimit { default, max }) = raw.get().map(|limit| &limit.value) else {
        return (LIMIT_DEFAULT, LIMIT_MAX_DEFAULT);
    };
    let mut limit = |given: &Given<i128>, key: &str| {
        let value = given.get()?;
        let limit = u32::try_from(value.value).ok().filter(|limit| (1..=LIMIT_MAX).contains(limit));
        if limit.is_none() {
            cx.errors.push(diagnostics::limit_range(value.span, key, LIMIT_MAX));
        }
        limit
    };
    let (default_given, max_given) = (limit(default, "default"), limit(max, "max"));
    let max_is = max_given.unwrap_or(LIMIT_MAX_DEFAULT);
    // A written default is checked as it is. The usual default is lowered to a smaller maximum.
    let default_is = default_given.unwrap_or(LIMIT_DEFAULT.min(max_is));
    if let Some(span) =
        default.get().filter(|_| default_is > max_is && !max.is_broken()).map(|value| value.span)
    {
        cx.errors.push(diagnostics::limit_crossed(span, default_is, max.get().map(|max| max.span), max_is));
    }
    (default_is, max_is)
}
