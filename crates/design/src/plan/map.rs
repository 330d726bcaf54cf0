//! The map of a migration: what each field of an entity gets from old records.

use beds_codegen::model::{Domain, Field, Supply, Type};
use beds_protocol::{Generated, nearest, shown};
use serde_json::{Map, Value, json};

use super::{Plan, fits};
use crate::{
    fault::Faults,
    model::{self, Before, Entity, Model},
};

/// The map for an entity, and the old fields that nothing takes over.
pub(super) fn map(
    model: &Model,
    entity: &Entity,
    (old, new): (&Domain, &Domain),
    faults: &mut Faults,
) -> (Map<String, Value>, Vec<String>) {
    let index = model.entity(&entity.name).map_or(0, |(index, _)| index);
    let mut map = Map::new();
    let mut taken: Vec<&str> = Vec::new();
    for (place, field) in new.fields.iter().enumerate() {
        let path = format!("entities[{index}].fields[{place}]");
        let said = entity.fields.iter().find(|said| said.name == field.name);
        let counts = matches!(field.supply, Supply::Version | Supply::Generated(Generated::Database));
        match said.and_then(|said| said.before.as_ref()) {
            Some(_) if counts => {
                let help = "leave `before` out";
                faults.add(format!("{path}.before"), "the database counts this field itself", help);
            }
            None if counts => taken.extend(is_there(old, &field.name).filter(|_| new.version == Some(place))),
            Some(before) => {
                judge(before, field, old, &format!("{path}.before"), faults);
                taken.extend(before.sources().map(String::as_str));
                map.insert(field.name.clone(), before.entry());
            }
            None => {
                if let Some(name) = of_same_name(field, (old, new), &path, faults) {
                    taken.push(name);
                    map.insert(field.name.clone(), json!(name));
                }
            }
        }
    }
    identity(&map, new, index, faults);
    let names = old.fields.iter().map(|field| &field.name);
    let lost = names.filter(|name| !taken.contains(&name.as_str())).cloned().collect();
    (map, lost)
}

/// The name of an old field, if there is such a field.
fn is_there<'d>(old: &'d Domain, name: &str) -> Option<&'d str> {
    old.fields.iter().map(|field| field.name.as_str()).find(|known| *known == name)
}

/// The old field with the name of a new one, if its values fit. A field that needs a value and gets none is a fault.
fn of_same_name<'d>(
    field: &Field,
    (old, new): (&'d Domain, &Domain),
    path: &str,
    faults: &mut Faults,
) -> Option<&'d str> {
    let name = &field.name;
    let Some(source) = old.fields.iter().find(|source| source.name == *name) else {
        if field.supply == Supply::Required || (field.is_key && !matches!(field.supply, Supply::Generated(_)))
        {
            let message = format!("old records give {} no value, and it needs one", shown(name));
            let is_free = |source: &&Field| is_there(new, &source.name).is_none();
            let free: Vec<&str> =
                old.fields.iter().filter(is_free).map(|source| source.name.as_str()).collect();
            let free = if free.is_empty() { "…".to_owned() } else { free.join(" or ") };
            let help = format!(
                "write \"before\": {{ \"from\": {free} }} or {{ \"const\": … }}, or give the field a \"default\", or let it be \
                 \"nullable\" and not \"required\""
            );
            faults.add(path, message, help);
        }
        return None;
    };
    if let Some(reason) = fits::bars(&source.ty, &field.ty) {
        let message = format!("{} of old records does not fit: {reason}", shown(name));
        faults.add(path, message, fits::remedy(source, &field.ty));
        return None;
    }
    Some(&source.name)
}

/// Makes sure that a source which the model names is there, and that its values can be had in that way.
fn judge(before: &Before, field: &Field, old: &Domain, path: &str, faults: &mut Faults) {
    let known = || old.fields.iter().map(|field| field.name.as_str());
    for name in before.sources().filter(|name| is_there(old, name).is_none()) {
        let help = match nearest(name, known()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("its fields are {}", known().map(shown).collect::<Vec<_>>().join(", ")),
        };
        faults.add(path, format!("the old template has no field {}", shown(name)), help);
    }
    let source = |name: &str| old.fields.iter().find(|field| field.name == name);
    if let Some(source) = before.unchanged().and_then(source)
        && let Some(reason) = fits::bars(&source.ty, &field.ty)
    {
        let message = format!("{} of old records does not fit: {reason}", shown(&source.name));
        faults.add(path, message, fits::remedy(source, &field.ty));
    }
    let listed = before.values.as_ref().zip(before.from.as_deref().and_then(source));
    if let Some((said, Field { ty: Type::Enum { values }, name, .. })) = listed {
        every_value(said, before.other.is_some(), (name, values), path, faults);
    }
}

/// Makes sure that every value of an old enum becomes one, and no other is named.
fn every_value(
    said: &[model::Becomes],
    has_else: bool,
    (name, values): (&str, &[String]),
    path: &str,
    faults: &mut Faults,
) {
    for one in said.iter().filter(|one| !values.contains(&one.value)) {
        let help = match nearest(&one.value, values.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("its values are {}", values.join(", ")),
        };
        let message = format!("{} is not a value of {}", shown(&one.value), shown(name));
        faults.add(format!("{path}.enum"), message, help);
    }
    let is_said = |value: &&String| said.iter().any(|one| one.value == **value);
    let missing: Vec<_> = values.iter().filter(|value| !is_said(value)).map(shown).collect();
    if !has_else && !missing.is_empty() {
        let message = format!("it does not say what becomes of {}", missing.join(", "));
        faults.add(format!("{path}.enum"), message, "add them, or an \"else\"");
    }
}

/// Makes sure that a record which is there already can be recognized.
fn identity(map: &Map<String, Value>, new: &Domain, index: usize, faults: &mut Faults) {
    let is_given = |place: &usize| new.fields.get(*place).is_some_and(|field| map.contains_key(&field.name));
    let is_unique =
        |place: &&usize| new.fields.get(**place).is_some_and(|field| field.unique) && is_given(place);
    let path = format!("entities[{index}].fields");
    if new.key.iter().all(is_given)
        || new.fetch.filter.iter().any(|place| is_unique(&place))
        || faults.touches(&path)
    {
        return;
    }
    let keys: Vec<_> = new.key.iter().filter_map(|place| new.fields.get(*place)).collect();
    let names = keys.iter().map(|field| shown(&field.name)).collect::<Vec<_>>().join(", ");
    faults.add(
        path,
        format!("old records give neither the key, {names}, nor a unique field among `filters`: none is recognized"),
        "give the key a \"before\", or let a unique field that old records have be among `filters`",
    );
}

/// Makes sure that no record refers to a key which the database counts anew.
pub(super) fn keys(model: &Model, plan: &Plan, domains: &[Domain], faults: &mut Faults) {
    for (index, relation) in model.relations.iter().enumerate() {
        let of = |name: &str| plan.migrations.iter().find(|migration| migration.to == name);
        let (Some(holds), Some(_)) = (of(&relation.from), of(&relation.to)) else { continue };
        let to = domains.iter().find(|domain| domain.name.value == relation.to);
        let is_counted = |to: &Domain| {
            let mut keys = to.key.iter().filter_map(|place| to.fields.get(*place));
            keys.any(|key| key.supply == Supply::Generated(Generated::Database))
        };
        if holds.map.contains_key(&relation.field) && to.is_some_and(is_counted) {
            let message = format!(
                "the database counts the keys of {} anew, so that {} of an old {} would be the key of another record",
                shown(&relation.to),
                shown(&relation.field),
                shown(&relation.from)
            );
            let help = format!(
                "let the key of {} be given: without \"generated\", or with \"uuid_v7\" if it is a uuid",
                shown(&relation.to)
            );
            faults.add(format!("relations[{index}]"), message, help);
        }
    }
}
