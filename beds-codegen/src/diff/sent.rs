//! Changes of what clients may send in a field, and of what comes back: a procedure takes some fields and not others.

use super::Seen;
use crate::model::{Domain, Field, Objects};

/// Why a field that `update` takes must be sent.
pub(super) const ALL_REQUIRED: &str =
    "an update without it is refused, since no `read` tells the fields that are left out";

/// Compares a field that both domains have.
pub(super) fn changes(old: (&Domain, &Field), new: (&Domain, &Field), place: &str, seen: &mut Seen<'_>) {
    let ((before, old), (after, new)) = (old, new);
    // A change between generated and not generated is reported as such.
    if !old.is_sent() || !new.is_sent() {
        return reply(before, after, &new.name, place, seen);
    }
    let (had, has) = (before.offered(), after.offered());
    let name = &new.name;
    let mut is_told = false;
    if had.create && has.create {
        match (names(&before.created(), name), names(&after.created(), name)) {
            (true, false) => {
                seen.breaking(place, "no longer passed by `create`", "a create that sends it is refused");
                is_told = true;
            }
            (false, true) => {
                seen.widening(place, "passed by `create`", "clients may set it");
                is_told = true;
            }
            _ => {}
        }
    }
    if had.upsert && has.upsert {
        match (names(&before.upserted(), name), names(&after.upserted(), name)) {
            (true, false) => {
                seen.breaking(place, "no longer passed by `upsert`", "an upsert that sends it is refused");
            }
            (false, true) => seen.widening(place, "passed by `upsert`", "clients may set it"),
            _ => {}
        }
    }
    if !is_told {
        reply(before, after, name, place, seen);
    }
    // An update of an immutable field is refused earlier, and reported as such.
    if had.update && has.update && !old.immutable && !new.immutable {
        match (names(&before.updated(), name), names(&after.updated(), name)) {
            (true, false) => {
                seen.breaking(place, "no longer passed by `update`", "an update that sends it is refused");
            }
            (false, true) if is_required_by_update(after, name) => {
                seen.breaking(place, "passed by `update`", ALL_REQUIRED);
            }
            (false, true) => seen.widening(place, "passed by `update`", "clients may change it"),
            _ => {}
        }
    }
}

/// Whether an update must send the field: without `read`, the node knows no other value to pass.
pub(super) fn is_required_by_update(domain: &Domain, name: &str) -> bool {
    matches!(&domain.objects, Objects::MariaDb { read: None, update: Some(_), .. })
        && names(&domain.updated(), name)
}

/// The change of the field in the reply to a `create`.
fn reply(old: &Domain, new: &Domain, name: &str, place: &str, seen: &mut Seen<'_>) {
    if !old.offered().create || !new.offered().create {
        return;
    }
    match (names(&old.shown_of_created(), name), names(&new.shown_of_created(), name)) {
        (true, false) => {
            seen.breaking(place, "no longer returned by `create`", "replies to a create lack it");
        }
        (false, true) => {
            seen.widening(place, "returned by `create`", "replies to a create have one member more");
        }
        _ => {}
    }
}

fn names(fields: &[&Field], name: &str) -> bool {
    fields.iter().any(|field| field.name == name)
}
