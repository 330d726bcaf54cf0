//! The effect of a change of `[access]` on clients. Access is not part of the fingerprint, because it depends on the
//! caller.

use beds_protocol::RequestValue;

use super::Seen;
use crate::model::{Access, Domain, Granted, Literal, Wanted};

const REFUSED: &str = "such callers are refused with `forbidden`";

/// The changes of access.
pub(super) fn changes(old: &Domain, new: &Domain, seen: &mut Seen<'_>) {
    match (&old.access, &new.access) {
        (None, None) => {}
        (None, Some(_)) => {
            let why = "callers whose roles it does not name are refused with `forbidden`";
            seen.breaking("access", "declared", why);
        }
        (Some(_), None) => {
            let why = "the node's configuration says whether the domain is open to all or closed";
            seen.breaking("access", "no longer declared", why);
        }
        (Some(before), Some(after)) => {
            grants(before, after, seen);
            rows((old, before), (new, after), seen);
            fields((old, before), (new, after), seen);
        }
    }
}

fn union<T: PartialEq + Clone>(before: &[T], after: &[T]) -> Vec<T> {
    let mut all = before.to_vec();
    all.extend(after.iter().filter(|one| !before.contains(one)).cloned());
    all
}

fn grants(before: &Access, after: &Access, seen: &mut Seen<'_>) {
    let operations = |access: &Access| -> Vec<Granted> {
        access.grants.iter().map(|(granted, _)| granted.clone()).collect()
    };
    for operation in union(&operations(before), &operations(after)) {
        let (was, is) = (before.roles(&operation), after.roles(&operation));
        for role in union(was, is) {
            let place = format!("access of `{role}` to `{}`", operation.name());
            match (was.contains(&role), is.contains(&role)) {
                (false, true) => seen.widening(&place, "added", "such callers may"),
                (had, has) => seen.has(&place, (had, has), REFUSED),
            }
        }
    }
}

fn rows((old, before): (&Domain, &Access), (new, after): (&Domain, &Access), seen: &mut Seen<'_>) {
    let of = |domain: &Domain, access: &Access, role: &str| {
        access.rows.iter().find(|rows| rows.role == role).map(|rows| {
            let mut conditions: Vec<String> =
                rows.rows.iter().map(|(field, wanted)| condition(domain, *field, wanted)).collect();
            conditions.sort_unstable();
            conditions.join(", ")
        })
    };
    let roles = |access: &Access| access.rows.iter().map(|rows| rows.role.clone()).collect::<Vec<_>>();
    for role in union(&roles(before), &roles(after)) {
        let place = format!("records of `{role}`");
        match (of(old, before, &role), of(new, after, &role)) {
            (None, Some(now)) => {
                seen.breaking(&place, format!("only with {now}"), "others are not found by such callers");
            }
            (Some(_), None) => seen.widening(&place, "all of them", "such callers reach more"),
            (Some(was), Some(now)) if was != now => {
                let what = format!("with {now} instead of {was}");
                seen.breaking(&place, what, "what such callers reach is another set of records");
            }
            _ => {}
        }
    }
}

fn fields((old, before): (&Domain, &Access), (new, after): (&Domain, &Access), seen: &mut Seen<'_>) {
    let names = |domain: &Domain, fields: &[usize]| -> Vec<String> {
        fields.iter().filter_map(|field| Some(domain.fields.get(*field)?.name.clone())).collect()
    };
    let of = |domain: &Domain, access: &Access, role: &str| {
        let rules = access.fields.iter().find(|rules| rules.role == role);
        rules.map_or_else(Default::default, |rules| {
            (names(domain, &rules.hidden), names(domain, &rules.readonly))
        })
    };
    let roles = |access: &Access| access.fields.iter().map(|rules| rules.role.clone()).collect::<Vec<_>>();
    for role in union(&roles(before), &roles(after)) {
        let ((hid, kept), (hides, keeps)) = (of(old, before, &role), of(new, after, &role));
        for (list, was, is, why) in [
            ("hidden from", hid, hides, "such callers no longer see it"),
            ("readonly for", kept, keeps, "such callers no longer set it"),
        ] {
            for name in union(&was, &is) {
                let place = format!("field `{name}`");
                match (was.contains(&name), is.contains(&name)) {
                    (false, true) => seen.breaking(&place, format!("{list} `{role}`"), why),
                    (true, false) => {
                        seen.widening(
                            &place,
                            format!("no longer {list} `{role}`"),
                            "such callers may use it",
                        );
                    }
                    _ => {}
                }
            }
        }
    }
}

/// A condition in the form of a template.
pub(crate) fn condition(domain: &Domain, field: usize, wanted: &[Wanted]) -> String {
    let name = domain.fields.get(field).map_or("", |field| field.name.as_str());
    let value = |wanted: &Wanted| match wanted {
        Wanted::Asked(asked) => RequestValue::as_str(*asked).to_owned(),
        Wanted::Is(Literal::Bool(value)) => value.to_string(),
        Wanted::Is(Literal::Int(value)) => value.to_string(),
        Wanted::Is(Literal::Float(value)) => value.to_string(),
        Wanted::Is(Literal::Text(value)) => format!("{value:?}"),
    };
    let values: Vec<String> = wanted.iter().map(value).collect();
    match values.as_slice() {
        [one] => format!("{name} = {one}"),
        many => format!("{name} in {}", many.join(" ")),
    }
}
