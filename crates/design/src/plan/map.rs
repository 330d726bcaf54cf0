//! The map of a migration: what each field of an entity gets from old records.

use beds_codegen::model::{Domain, Field, Supply};
use beds_protocol::{Generated, shown};
use serde_json::{Map, Value, json};

use super::{fits, judge::judge};
use crate::{fault::Faults, model::Entity};

/// The map for an entity, and the old fields that nothing takes over.
pub(super) fn map(
    (index, entity): (usize, &Entity),
    (old, new): (&Domain, &Domain),
    faults: &mut Faults,
) -> (Map<String, Value>, Vec<String>) {
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
            let is_free = |source: &&Field| {
                is_there(new, &source.name).is_none() && fits::bars(&source.ty, &field.ty).is_none()
            };
            let free: Vec<String> =
                old.fields.iter().filter(is_free).map(|source| shown(&source.name)).collect();
            let free = if free.is_empty() { String::new() } else { format!(" (of {})", free.join(", ")) };
            let help = format!(
                "write \"before\": {{ \"from\": \"…\" }} with an old field{free}, or {{ \"const\": … }}, or give the field a \
                 \"default\", or let it be \"nullable\" and not \"required\""
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
