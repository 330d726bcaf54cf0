//! Changes of a field and its type. The members of a type are fields again.

use std::{cmp::Ordering, fmt::Display};

use super::{Effect, Seen};
use crate::model::{Field, Supply, Type};

/// The use that clients make of a field.
#[derive(Clone, Copy)]
pub(super) struct Use {
    /// Clients read it in replies.
    pub(super) read: bool,
    /// Clients send it in a create.
    pub(super) create: bool,
    /// Clients send it at all.
    pub(super) sent: bool,
}

pub(super) fn field(old: &Field, new: &Field, used: Use, place: &str, seen: &mut Seen<'_>) {
    ty(&old.ty, &new.ty, used, place, seen);
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

pub(super) fn ty(old: &Type, new: &Type, used: Use, place: &str, seen: &mut Seen<'_>) {
    let mut bounds = |name: &str, before: &dyn Display, after: &dyn Display, narrower: Ordering| {
        bound(name, (before, after), narrower, used, place, seen);
    };
    match (old, new) {
        (Type::Int { min, max }, Type::Int { min: new_min, max: new_max }) => {
            bounds("min", min, new_min, new_min.cmp(min));
            bounds("max", max, new_max, max.cmp(new_max));
        }
        (Type::UInt { min, max }, Type::UInt { min: new_min, max: new_max }) => {
            bounds("min", min, new_min, new_min.cmp(min));
            bounds("max", max, new_max, max.cmp(new_max));
        }
        // In JSON, signed and unsigned integers are both numbers.
        (Type::Int { min, max }, Type::UInt { min: new_min, max: new_max }) => {
            bounds("min", min, new_min, i128::from(*new_min).cmp(&i128::from(*min)));
            bounds("max", max, new_max, i128::from(*max).cmp(&i128::from(*new_max)));
        }
        (Type::UInt { min, max }, Type::Int { min: new_min, max: new_max }) => {
            bounds("min", min, new_min, i128::from(*new_min).cmp(&i128::from(*min)));
            bounds("max", max, new_max, i128::from(*max).cmp(&i128::from(*new_max)));
        }
        (Type::Float { min, max }, Type::Float { min: new_min, max: new_max }) => {
            bounds("min", min, new_min, new_min.total_cmp(min));
            bounds("max", max, new_max, max.total_cmp(new_max));
        }
        (
            Type::Decimal { precision, scale, min, max },
            Type::Decimal { precision: new_precision, scale: new_scale, min: new_min, max: new_max },
        ) => {
            bounds(
                "digits before the point",
                &(precision - scale),
                &(new_precision - new_scale),
                (precision - scale).cmp(&(new_precision - new_scale)),
            );
            bounds("scale", scale, new_scale, scale.cmp(new_scale));
            optional("min", min.as_deref(), new_min.as_deref(), true, used, place, seen);
            optional("max", max.as_deref(), new_max.as_deref(), false, used, place, seen);
        }
        (
            Type::String { min, max, pattern },
            Type::String { min: new_min, max: new_max, pattern: new_pattern },
        ) => {
            bounds("min", min, new_min, new_min.cmp(min));
            bounds("max", max, new_max, max.cmp(new_max));
            self::pattern(pattern.as_deref(), new_pattern.as_deref(), used, place, seen);
        }
        (Type::Text { min, max }, Type::Text { min: new_min, max: new_max }) => {
            bounds("min", min, new_min, new_min.cmp(min));
            bounds("max", max, new_max, max.cmp(new_max));
        }
        // In JSON, both are strings with a length.
        (Type::String { min, max, pattern }, Type::Text { min: new_min, max: new_max }) => {
            bounds("min", min, new_min, new_min.cmp(min));
            bounds("max", max, new_max, max.cmp(new_max));
            self::pattern(pattern.as_deref(), None, used, place, seen);
        }
        (Type::Bytes { max }, Type::Bytes { max: new_max }) => bounds("max", max, new_max, max.cmp(new_max)),
        (Type::List { item, max }, Type::List { item: new_item, max: new_max }) => {
            bounds("max", max, new_max, max.cmp(new_max));
            field(item, new_item, used, &format!("items of {place}"), seen);
        }
        (Type::Enum { values }, Type::Enum { values: new_values }) => {
            self::values(values, new_values, used, place, seen);
        }
        (Type::Object { fields }, Type::Object { fields: new_fields }) => {
            members(fields, new_fields, used, place, seen);
        }
        (old, new) if old.type_name() == new.type_name() => {}
        (old, new) => {
            let what = format!("`{}` instead of `{}`", new.name(), old.name());
            seen.breaking(place, what, "values are of another type, in requests and in replies");
        }
    }
}

/// A changed bound. `order` is greater if the bound became narrower.
fn bound(
    name: &str,
    (before, after): (&dyn Display, &dyn Display),
    order: Ordering,
    used: Use,
    place: &str,
    seen: &mut Seen<'_>,
) {
    // The limits of a type are not bounds that somebody wrote.
    let ends = [
        i64::MIN.to_string(),
        i64::MAX.to_string(),
        u64::MAX.to_string(),
        f64::MIN.to_string(),
        f64::MAX.to_string(),
    ];
    let shown = |bound: &dyn Display| {
        let text = bound.to_string();
        if ends.contains(&text) { "none".to_owned() } else { text }
    };
    let what = format!("{name} {} instead of {}", shown(after), shown(before));
    match order {
        Ordering::Equal => {}
        Ordering::Greater => narrower(what, used, place, seen),
        Ordering::Less => wider(what, used, place, seen),
    }
}

fn narrower(what: String, used: Use, place: &str, seen: &mut Seen<'_>) {
    if used.sent {
        seen.breaking(place, what, "values that were taken are refused");
    } else {
        seen.push(Effect::Invisible, place, what, "replies have fewer values than before");
    }
}

fn wider(what: String, used: Use, place: &str, seen: &mut Seen<'_>) {
    let why = match (used.sent, used.read) {
        (true, true) => "clients may send more, and replies may have values that never came before",
        (true, false) => "clients may send more",
        (false, _) => "replies may have values that never came before",
    };
    seen.widening(place, what, why);
}

/// A bound of decimals, which may be absent.
fn optional(
    name: &str,
    old: Option<&str>,
    new: Option<&str>,
    is_least: bool,
    used: Use,
    place: &str,
    seen: &mut Seen<'_>,
) {
    let number = |text: &str| text.parse::<beds_protocol::value::Decimal>().ok();
    match (old, new) {
        (None, Some(new)) => narrower(format!("{name} {new}"), used, place, seen),
        (Some(old), None) => wider(format!("no {name} instead of {old}"), used, place, seen),
        (Some(old), Some(new)) if old != new => {
            let order = number(new)
                .zip(number(old))
                .and_then(|(new, old)| new.partial_cmp(&old))
                .unwrap_or(Ordering::Greater);
            let order = if is_least { order } else { order.reverse() };
            bound(name, (&old, &new), order, used, place, seen);
        }
        _ => {}
    }
}

fn pattern(old: Option<&str>, new: Option<&str>, used: Use, place: &str, seen: &mut Seen<'_>) {
    match (old, new) {
        (old, new) if old == new => {}
        (Some(_), None) => wider("no pattern".to_owned(), used, place, seen),
        (_, Some(new)) => narrower(format!("pattern `{new}`"), used, place, seen),
        (None, None) => {}
    }
}

fn values(old: &[String], new: &[String], used: Use, place: &str, seen: &mut Seen<'_>) {
    for value in old.iter().filter(|value| !new.contains(value)) {
        narrower(format!("value `{value}` removed"), used, place, seen);
    }
    for value in new.iter().filter(|value| !old.contains(value)) {
        wider(format!("value `{value}` added"), used, place, seen);
    }
}

fn members(old: &[Field], new: &[Field], used: Use, place: &str, seen: &mut Seen<'_>) {
    for member in old {
        let place = format!("member `{}` of {place}", member.name);
        match new.iter().find(|now| now.name == member.name) {
            Some(now) => field(member, now, used, &place, seen),
            None => {
                seen.breaking(&place, "removed", "replies lack it, and a request that sends it is refused");
            }
        }
    }
    for member in new.iter().filter(|member| !old.iter().any(|old| old.name == member.name)) {
        let place = format!("member `{}` of {place}", member.name);
        if member.supply == Supply::Required && used.sent {
            seen.breaking(&place, "added, and required", "a request without it is refused");
        } else {
            seen.widening(&place, "added", "replies have one member more");
        }
    }
}
