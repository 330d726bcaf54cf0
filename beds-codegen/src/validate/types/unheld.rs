//! Flags with `false` for a property that the rest of the field implies: the author relies on the flag.

use crate::{
    diagnostic::flags as diagnostics,
    model::Supply,
    part::Place,
    raw::{Entry, Given, RawField},
    span::Span,
    validate::Cx,
};

/// Reports flags that deny how a value is supplied.
pub(super) fn check(raw: &RawField, place: Place, supply: &Supply, cx: &mut Cx<'_>) {
    if !place.may_be_required() {
        return;
    }
    if let (Some(nullable), Supply::Optional) = (denied(&raw.nullable), supply) {
        let is_optional = denied(&raw.required).is_some();
        let whole = whole(nullable).filter(|_| !is_optional);
        cx.errors.push(diagnostics::null_by_absence(nullable.key, whole, place, (cx.front, is_optional)));
    }
    if let (Some(key), Some(required), Supply::Required) = (raw.key.key(), denied(&raw.required), supply) {
        cx.errors.push(diagnostics::key_left_out(required.key, key, cx.front));
    }
}

/// Reports `immutable = false` for a key.
pub(super) fn check_key(raw: &RawField, key: Span, cx: &mut Cx<'_>) {
    if let Some(immutable) = denied(&raw.immutable) {
        cx.errors.push(diagnostics::key_changed(immutable.key, key));
    }
}

fn denied(flag: &Given<bool>) -> Option<&Entry<bool>> {
    flag.entry().filter(|entry| !entry.value.value)
}

/// The range of the key with its value. An attribute may have no value.
fn whole(entry: &Entry<bool>) -> Option<Span> {
    let value = entry.value.span;
    (value.start >= entry.key.end).then_some(Span { end: value.end, ..entry.key })
}
