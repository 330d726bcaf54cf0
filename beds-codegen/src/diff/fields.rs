//! Fields: what clients send and receive in them.

use std::collections::BTreeMap;

use super::{
    Seen, sent,
    types::{self, Use},
};
use crate::model::{Domain, Field, Supply};

pub(super) fn by_name<'f>(fields: impl Iterator<Item = &'f Field>) -> BTreeMap<&'f str, &'f Field> {
    fields.map(|field| (field.name.as_str(), field)).collect()
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
        types::field(field, now, used, &place, seen);
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
