//! Fields: what clients send in them and get of them.

use std::collections::BTreeMap;

use super::{Seen, sent, types};
use crate::model::{Domain, Field, Supply};

pub(super) fn by_name<'f>(fields: impl Iterator<Item = &'f Field>) -> BTreeMap<&'f str, &'f Field> {
    fields.map(|field| (field.name.as_str(), field)).collect()
}

/// What clients do with a field.
#[derive(Clone, Copy)]
pub(super) struct Use {
    /// They read it in replies.
    pub(super) read: bool,
    /// They send it when they create.
    pub(super) create: bool,
    /// They send it at all.
    pub(super) sent: bool,
}

pub(super) fn changes(old: &Domain, new: &Domain, seen: &mut Seen<'_>) {
    let (before, after) = (by_name(old.fields.iter()), by_name(new.fields.iter()));
    let offered = old.offered();
    for (name, field) in &before {
        let place = format!("field `{name}`");
        let Some(now) = after.get(name) else {
            seen.breaking(&place, "removed", "replies lack it, and a request that names it is refused");
            continue;
        };
        let is_sent = field.is_sent() || now.is_sent();
        let used = Use {
            read: offered.read,
            create: (offered.create || offered.upsert) && is_sent,
            sent: (offered.create || offered.update || offered.upsert) && is_sent,
        };
        self::field(field, now, used, &place, seen);
        sent::changes((old, field), (new, now), &place, seen);
        if field.is_key == now.is_key && field.immutable != now.immutable && offered.update {
            if now.immutable {
                seen.breaking(&place, "immutable", "an update of it is refused");
            } else {
                seen.widening(&place, "no longer immutable", "clients may update it");
            }
        }
    }
    for (name, field) in after.iter().filter(|(name, _)| !before.contains_key(*name)) {
        let place = format!("field `{name}`");
        if field.supply == Supply::Required && (offered.create || offered.upsert) {
            seen.breaking(&place, "added, and required", "a create without it is refused");
        } else if offered.update && sent::is_required_by_update(new, name) {
            seen.breaking(&place, "added, and passed by `update`", sent::ALL_REQUIRED);
        } else {
            seen.widening(&place, "added", "replies have one member more");
        }
    }
}

pub(super) fn field(old: &Field, new: &Field, used: Use, place: &str, seen: &mut Seen<'_>) {
    types::ty(&old.ty, &new.ty, used, place, seen);
    match (old.nullable, new.nullable) {
        (false, true) if used.read => {
            seen.breaking(place, "may be null", "replies have null where they never had");
        }
        (false, true) => seen.widening(place, "may be null", "clients may send null"),
        (true, false) if used.sent => seen.breaking(place, "never null", "a request with null is refused"),
        (true, false) => seen.widening(place, "never null", "replies have a value always"),
        _ => {}
    }
    if used.create || old.is_sent() != new.is_sent() {
        supply(&old.supply, &new.supply, place, seen);
    }
    if old.unique != new.unique {
        if new.unique {
            seen.breaking(place, "unique", "a second record with the same value is refused with `conflict`");
        } else {
            seen.widening(place, "no longer unique", "several records may have the same value");
        }
    }
    if old.sensitive != new.sensitive {
        seen.invisible(place, if new.sensitive { "masked in logs" } else { "no longer masked in logs" });
    }
    if old.column != new.column {
        seen.invisible(place, format!("column `{}` instead of `{}`", new.column, old.column));
    }
}

fn supply(old: &Supply, new: &Supply, place: &str, seen: &mut Seen<'_>) {
    use Supply::{Default, Generated, Optional, Required, Version};
    match (old, new) {
        (Default(old), Default(new)) if old != new => {
            let why = "a request without it means another value than before";
            seen.breaking(place, "another default", why);
        }
        (Optional | Default(_), Required) => {
            seen.breaking(place, "required", "a request without it is refused");
        }
        (Required, Optional | Default(_)) => {
            seen.widening(place, "no longer required", "clients may leave it out");
        }
        (Optional, Default(_)) => {
            seen.breaking(
                place,
                "has a default",
                "a request without it gives that value, and no longer null",
            );
        }
        (Default(_), Optional) => {
            seen.breaking(place, "no longer has a default", "a request without it gives null");
        }
        (Required | Optional | Default(_), Generated(_) | Version) => {
            seen.breaking(place, "generated", "a request that sends it is refused");
        }
        (Generated(_) | Version, Required) => {
            seen.breaking(place, "required, and no longer generated", "a create without it is refused");
        }
        (Generated(_) | Version, Optional | Default(_)) => {
            seen.breaking(place, "no longer generated", "a create without it stores no generated value");
        }
        _ => {}
    }
}
