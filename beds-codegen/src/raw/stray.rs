//! What stands in the wrong section because a header above it is missing: it is reported once, and moved to where it
//! belongs, so that the rest of the template is judged as if the header were there.

use toml::{
    Spanned as TomlSpanned,
    de::{DeString, DeTable, DeValue},
};

use super::{
    keys,
    read::{FETCH, HEADER, OBJECTS},
};
use crate::{
    diagnostic::{Errors, shape},
    model::Type,
    span::FileId,
};

type Entry<'s> = (TomlSpanned<DeString<'s>>, TomlSpanned<DeValue<'s>>);

/// Moves what is in the wrong section, and reports each section that is missing its header.
pub(super) fn lift<'s>(table: &mut DeTable<'s>, file: FileId, errors: &mut Errors) {
    let mut strays: Vec<(&'static str, Entry<'s>)> = Vec::new();
    take(table, |key, value| (HEADER.contains(&key) && value.is_str()).then_some("template"), &mut strays);
    if let Some(header) = section(table, "template") {
        take(
            header,
            |key, value| (!HEADER.contains(&key) && is_field(value)).then_some("fields"),
            &mut strays,
        );
    }
    // A header of one field, `[fields.place]`, takes what follows as well.
    let of_fields = |key: &str, value: &DeValue<'_>| match value {
        _ if OBJECTS.contains(&key) && is_object(value) => Some("objects"),
        DeValue::Array(_) if FETCH.contains(&key) => Some("fetch"),
        _ => None,
    };
    for name in ["template", "fields"] {
        if let Some(fields) = section(table, name) {
            for (_, field) in fields.iter_mut() {
                if let DeValue::Table(field) = field.get_mut() {
                    take(field, of_fields, &mut strays);
                }
            }
            take(fields, of_fields, &mut strays);
        }
    }
    if let Some(objects) = section(table, "objects") {
        take(objects, |key, _| FETCH.contains(&key).then_some("fetch"), &mut strays);
    }
    strays.sort_by_key(|(_, (key, _))| key.span().start);
    let mut told: Vec<&str> = Vec::new();
    for (home, (key, value)) in strays {
        if !told.contains(&home) {
            told.push(home);
            errors.push(shape::missing_header(keys::span(file, key.span()), key.get_ref(), home));
        }
        if section(table, home).is_none() {
            let place = key.span();
            table.insert(
                TomlSpanned::new(place.clone(), home.into()),
                TomlSpanned::new(place, DeValue::Table(DeTable::new())),
            );
        }
        if let Some(home) = section(table, home) {
            home.insert(key, value);
        }
    }
}

/// Takes the entries out of a table that belong elsewhere.
fn take<'s>(
    table: &mut DeTable<'s>,
    home: impl Fn(&str, &DeValue<'_>) -> Option<&'static str>,
    strays: &mut Vec<(&'static str, Entry<'s>)>,
) {
    let is_stray = |key: &TomlSpanned<DeString<'s>>, value: &TomlSpanned<DeValue<'s>>| {
        home(key.get_ref(), value.get_ref())
    };
    let found: Vec<_> =
        table.iter().filter_map(|(key, value)| Some((is_stray(key, value)?, key.clone()))).collect();
    for (home, key) in found {
        strays.extend(table.remove_entry(&key).map(|entry| (home, entry)));
    }
}

fn section<'t, 's>(table: &'t mut DeTable<'s>, name: &str) -> Option<&'t mut DeTable<'s>> {
    match table.get_mut(name)?.get_mut() {
        DeValue::Table(section) => Some(section),
        _ => None,
    }
}

fn is_field(value: &DeValue<'_>) -> bool {
    match value {
        DeValue::Table(keys) => keys.contains_key("type"),
        DeValue::String(ty) => Type::NAMES.contains(&ty.as_ref()),
        _ => false,
    }
}

fn is_object(value: &DeValue<'_>) -> bool {
    let DeValue::Table(keys) = value else { return false };
    !keys.contains_key("type")
        && ["view", "table", "collection", "procedure"].iter().any(|kind| keys.contains_key(*kind))
}
