//! How calls changed.

use std::collections::BTreeMap;

use super::{
    Seen,
    fields::by_name,
    objects,
    types::{self, Use, field},
};
use crate::model::{ArgMode, Call, Domain, Returns, Supply};

pub(super) fn changes(old: &Domain, new: &Domain, seen: &mut Seen<'_>) {
    let named = |domain: &Domain| -> BTreeMap<String, Call> {
        domain.calls.iter().map(|call| (call.name.clone(), call.clone())).collect()
    };
    let (before, after) = (named(old), named(new));
    for (name, call) in &before {
        match after.get(name) {
            Some(now) => self::call(call, now, seen),
            None => seen.breaking(
                &format!("call `{name}`"),
                "removed",
                "such requests are refused with `unknown_operation`",
            ),
        }
    }
    for name in after.keys().filter(|name| !before.contains_key(*name)) {
        seen.widening(&format!("call `{name}`"), "added", "clients may use it");
    }
}

fn call(old: &Call, new: &Call, seen: &mut Seen<'_>) {
    let name = &old.name;
    let place = format!("call `{name}`");
    if old.lane != new.lane {
        seen.invisible(&place, format!("on the {} lane", new.lane));
    }
    for arg in old.told() {
        let place = format!("argument `{}` of `{name}`", arg.field.name);
        let Some(now) = new.told().find(|now| now.field.name == arg.field.name) else {
            seen.breaking(
                &place,
                "removed",
                "a call that passes it is refused, or its value is not returned",
            );
            continue;
        };
        if arg.mode != now.mode {
            seen.breaking(
                &place,
                format!("mode `{}` instead of `{}`", now.mode, arg.mode),
                "it is passed or returned in another place",
            );
            continue;
        }
        let used = Use {
            read: arg.mode != ArgMode::In,
            create: arg.mode != ArgMode::Out,
            sent: arg.mode != ArgMode::Out,
        };
        field(&arg.field, &now.field, used, &place, seen);
    }
    for arg in new.told().filter(|arg| !old.told().any(|old| old.field.name == arg.field.name)) {
        let place = format!("argument `{}` of `{name}`", arg.field.name);
        if arg.mode != ArgMode::Out && arg.field.supply == Supply::Required {
            seen.breaking(&place, "added, and required", "a call without it is refused");
        } else {
            seen.widening(&place, "added", "calls go on without it");
        }
    }
    returns(&old.returns, &new.returns, &place, seen);
    objects::call(old, new, &place, seen);
}

fn returns(old: &Returns, new: &Returns, place: &str, seen: &mut Seen<'_>) {
    let read = Use { read: true, create: false, sent: false };
    match (old, new) {
        (Returns::Nothing, Returns::Nothing) | (Returns::AsItComes, Returns::AsItComes) => {}
        (Returns::Scalar(old), Returns::Scalar(new)) => types::ty(old, new, read, place, seen),
        (Returns::Rows(old), Returns::Rows(new)) => {
            let (before, after) = (by_name(old.iter()), by_name(new.iter()));
            for (name, field) in &before {
                let place = format!("column `{name}` of {place}");
                match after.get(name) {
                    Some(now) => self::field(field, now, read, &place, seen),
                    None => seen.breaking(&place, "removed", "rows lack it"),
                }
            }
            for name in after.keys().filter(|name| !before.contains_key(*name)) {
                seen.widening(&format!("column `{name}` of {place}"), "added", "rows have one member more");
            }
        }
        (Returns::Nothing, new) => {
            let why = format!("replies have `{}`", member(new));
            seen.widening(place, "returns something", why);
        }
        (old, Returns::Nothing) => {
            seen.breaking(place, "returns nothing", format!("replies have no `{}`", member(old)));
        }
        (old, new) if member(old) == member(new) => {
            seen.breaking(place, "returns something else", "`data` has another shape");
        }
        (old, new) => {
            let why = format!("replies have `{}` instead of `{}`", member(new), member(old));
            seen.breaking(place, "returns something else", why);
        }
    }
}

/// The member of a reply that holds the returned value.
const fn member(returns: &Returns) -> &'static str {
    match returns {
        Returns::AsItComes => "sets",
        Returns::Nothing | Returns::Scalar(_) | Returns::Rows(_) => "data",
    }
}
