//! Entries in a wrong section because a header above them is missing. Each is reported once, and moved to its section,
//! so that the rest of the template is checked as if the header were there. Attributes have no headers.

mod access;
mod below;
mod headers;
mod quoted;

use beds_protocol::TypeName;

use crate::{
    diagnostic::{ErrorSink, places, shape},
    meant::{self, Meant},
    part::Part,
    span::Spanned,
    tree::{Entry, Table, Value},
};

const HEADER: &[&str] = Part::Header.known();
const OBJECTS: &[&str] = Part::Objects.known();
const FETCH: &[&str] = Part::Fetch.known();
/// The key that only `[events]` has.
const PUBLISH: &str = "publish";
/// A call runs one of these.
pub(super) const RUNS: [&str; 4] = ["procedure", "function", "pipeline", "method"];

/// Moves entries out of wrong sections, and reports each section without its header. Returns the reported sections.
pub(super) fn lift(template: &mut Table, errors: &mut ErrorSink<'_>) -> Vec<&'static str> {
    quoted::headers(template, errors);
    misnamed(template, errors);
    let listed = fields_in_lists(template, errors);
    field_for_section(template, errors);
    below::headers(template, errors);
    access::by_role(template, errors);
    access::calls(template, errors);
    access::turned(template, errors);
    let inside = sections_inside(template, errors);
    let mut strays: Vec<(&'static str, Entry)> = Vec::new();
    headers::missing(template, &mut strays, errors);
    let is_header = |key: &str, value: &Value| HEADER.contains(&key) && value.as_text().is_some();
    take(template, |key, value| is_header(key, value).then_some("template"), &mut strays);
    if let Some(header) = template.table_mut("template") {
        let is_stray = |key: &str, value: &Value| !HEADER.contains(&key) && is_field(value);
        take(header, |key, value| is_stray(key, value).then_some("fields"), &mut strays);
    }
    // A header of one field, `[fields.place]`, also captures the following lines.
    let of_fields = |key: &str, value: &Value| match value {
        _ if OBJECTS.contains(&key) && is_object(value) => Some("objects"),
        Value::List(_) if FETCH.contains(&key) => Some("fetch"),
        Value::List(_) if key == PUBLISH => Some("events"),
        _ => None,
    };
    for name in ["template", "fields"] {
        if let Some(fields) = template.table_mut(name) {
            for field in &mut fields.entries {
                if let Value::Table(field) = &mut field.value.value {
                    take(field, of_fields, &mut strays);
                }
            }
            take(fields, of_fields, &mut strays);
        }
    }
    if let Some(objects) = template.table_mut("objects") {
        take(objects, |key, _| FETCH.contains(&key).then_some("fetch"), &mut strays);
    }
    for name in ["objects", "fetch"] {
        if let Some(section) = template.table_mut(name) {
            take(section, |key, _| (key == PUBLISH).then_some("events"), &mut strays);
        }
    }
    below::fields(template, &listed, errors);
    strays.sort_by_key(|(_, entry)| entry.key.span.start);
    let mut told: Vec<&str> = Vec::new();
    for (home, entry) in strays {
        if !told.contains(&home) {
            told.push(home);
            errors.push(places::missing_header(entry.key.span, &entry.key.value, home));
        }
        let is_there = template.table_mut(home).is_some_and(|home| home.get(&entry.key.value).is_some());
        if !is_there {
            put(template, home, entry);
        }
    }
    inside
}

/// Puts an entry into a table of another table, in the order of the text. The table is created if it does not exist.
fn put(table: &mut Table, home: &str, entry: Entry) {
    if table.get(home).is_none() {
        let place = entry.key.span;
        table.entries.push(Entry {
            key: Spanned::new(home.to_owned(), place),
            value: Spanned::new(Value::Table(Table::default()), place),
        });
    }
    if let Some(home) = table.table_mut(home) {
        home.entries.push(entry);
        home.entries.sort_by_key(|entry| entry.key.span.start);
    }
}

/// Treats a section under a wrong name as part of the existing one: `[call.rent]` above `[calls.rent.args]`.
fn misnamed(template: &mut Table, errors: &mut ErrorSink<'_>) {
    let known = Part::Sections.known();
    let mut found: Vec<(&'static str, Entry)> = Vec::new();
    let mut at = 0;
    while let Some(entry) = template.entries.get(at) {
        let key = entry.key.value.as_str();
        let home = match meant::meant(key, Part::Sections) {
            _ if known.contains(&key) => None,
            _ if is_calls(&entry.value.value) => Some("calls"),
            Some(Meant::Key(home)) => Some(home),
            Some(_) => None,
            None => beds_protocol::nearest(key, known.iter().copied())
                .or_else(|| is_access(&entry.value.value).then_some("access")),
        };
        let is_call = home.is_none() && !known.contains(&key) && runs(&entry.value.value);
        match (home, &entry.value.value) {
            _ if is_call => {
                let call = template.entries.remove(at);
                errors.push(shape::call_as_section(call.key.span, &call.key.value));
                put(template, "calls", call);
            }
            // An existing section with that name decides. Without one, the content decides.
            (Some(home @ "calls"), Value::Table(_))
                if template.get(home).is_none() && is_calls(&entry.value.value) =>
            {
                errors.push(shape::unknown_section_of(entry.key.span, key, home));
                home.clone_into(&mut template.entries[at].key.value);
            }
            (Some(home), Value::Table(section))
                if matches!(template.get(home).map(|home| &home.value), Some(Value::Table(_)))
                    && section.entries.iter().all(|entry| is_part_of(home, entry)) =>
            {
                found.push((home, template.entries.remove(at)));
            }
            _ => at += 1,
        }
    }
    for (home, entry) in found {
        errors.push(shape::unknown_section_of(entry.key.span, &entry.key.value, home));
        if let (Some(home), Value::Table(section)) = (template.table_mut(home), entry.value.value) {
            merge(home, section);
        }
    }
}

/// Whether a value is a call: it runs something.
fn runs(value: &Value) -> bool {
    matches!(value, Value::Table(call) if RUNS.iter().any(|key| call.get(key).is_some_and(|node| node.value.as_text().is_some())))
}

/// Whether a value has calls in it, and nothing else.
fn is_calls(value: &Value) -> bool {
    matches!(value, Value::Table(calls)
    if !calls.entries.is_empty() && calls.entries.iter().all(|entry| {
        runs(&entry.value.value) && !OBJECTS.contains(&entry.key.value.as_str())
    }))
}

/// Whether a value lists roles of operations, and nothing else.
fn is_access(value: &Value) -> bool {
    matches!(value, Value::Table(access)
    if !access.entries.is_empty() && access.entries.iter().all(|entry| {
        Part::Access.known().contains(&entry.key.value.as_str()) && matches!(entry.value.value, Value::List(_))
    }))
}

/// Whether an entry can belong to this section.
fn is_part_of(section: &str, entry: &Entry) -> bool {
    let key = entry.key.value.as_str();
    match section {
        "calls" => matches!(&entry.value.value, Value::Table(_)) && !matches!(key, "args" | "returns"),
        "fields" => is_field(&entry.value.value),
        "template" => HEADER.contains(&key),
        "objects" => OBJECTS.contains(&key),
        "fetch" => FETCH.contains(&key),
        "lifecycle" => Part::Lifecycle.known().contains(&key),
        "audit" => Part::Audit.known().contains(&key),
        // The keys of `[access]` have reports of their own. Without these entries, its other parts would lack the roles.
        "access" => true,
        _ => Part::Events.known().contains(&key),
    }
}

/// Adds the entries that a table lacks. Tables in both are merged.
fn merge(table: &mut Table, more: Table) {
    for entry in more.entries {
        if table.get(&entry.key.value).is_none() {
            table.entries.push(entry);
        } else if let (Some(inner), Value::Table(more)) =
            (table.table_mut(&entry.key.value), entry.value.value)
        {
            merge(inner, more);
        }
    }
}

/// Treats `[[fields.note]]` as `[fields.note]`, and reports only the first: an author who writes one this way writes
/// all this way.
fn fields_in_lists(template: &mut Table, errors: &mut ErrorSink<'_>) -> Vec<String> {
    let mut listed: Vec<String> = Vec::new();
    let Some(fields) = template.table_mut("fields") else { return listed };
    for field in &mut fields.entries {
        // The header, and so the value, begins before the name. A list in brackets comes after the name.
        let is_header = field.value.span.start < field.key.span.start;
        let Value::List(items) = &mut field.value.value else { continue };
        if !is_header || items.is_empty() {
            continue;
        }
        let first = items.swap_remove(0);
        if listed.is_empty() {
            errors.push(places::field_in_list(field.key.span, &field.key.value));
        }
        listed.push(field.key.value.clone());
        field.value.value = first.value;
    }
    listed
}

/// Treats the header `[fields.note]` as `[fields]`, if only fields of a record follow below it and there is no other
/// field: an object without a type has no key.
fn field_for_section(template: &mut Table, errors: &mut ErrorSink<'_>) {
    const OF_FIELDS: [&str; 5] = ["key", "generated", "unique", "immutable", "version"];
    let Some(fields) = template.table_mut("fields") else { return };
    let [field] = fields.entries.as_mut_slice() else { return };
    let Value::Table(inner) = &mut field.value.value else { return };
    let is_of_record = |entry: &Entry| match &entry.value.value {
        Value::Table(keys) => OF_FIELDS.iter().any(|key| keys.get(key).is_some()),
        _ => false,
    };
    let is_section = inner.get("type").is_none()
        && inner.entries.iter().all(|entry| is_field(&entry.value.value))
        && inner.entries.iter().any(is_of_record)
        // In `note = { … }` and `note.id = …` no line is captured by accident.
        && inner.entries.iter().all(|entry| entry.key.span.start > field.value.span.end);
    if is_section {
        errors.push(places::field_for_section(field.key.span, &field.key.value));
        fields.entries = std::mem::take(&mut inner.entries);
    }
}

/// Moves sections out of other sections: `[template.fields]`, or `fields = …` below `[template]`.
fn sections_inside(template: &mut Table, errors: &mut ErrorSink<'_>) -> Vec<&'static str> {
    let mut found: Vec<(&'static str, &'static str, Entry)> = Vec::new();
    for outer in ["template", "fields", "objects", "fetch", "events", "audit"] {
        let Some(table) = template.table_mut(outer) else { continue };
        let sections = Part::Sections.known().iter().copied();
        for name in sections.filter(|name| *name != outer) {
            let is_section = |entry: &Entry| {
                entry.key.value == name
                    && entry.value.value.as_text().is_none()
                    && (outer != "fields" || is_section_of(name, &entry.value.value))
                    // A key that names a view is `read` under another name.
                    && !(outer == "objects" && is_object(&entry.value.value))
                    // These are roles of an operation; the header of `[access]` is missing.
                    && !(name == "fetch" && matches!(outer, "events" | "audit") && matches!(entry.value.value, Value::List(_)))
                    // An event's `fields` are names. Names below a fetch are the fields to fetch.
                    && (name != "fields" || !matches!(outer, "events" | "fetch") || holds_fields(&entry.value.value))
            };
            if let Some(at) = table.entries.iter().position(is_section) {
                found.push((name, outer, table.entries.remove(at)));
            }
        }
    }
    let mut told = Vec::new();
    for (name, outer, mut entry) in found {
        told.push(name);
        let is_table = matches!(entry.value.value, Value::Table(_));
        errors.push(shape::section_inside(entry.key.span, name, outer, &entry.value.value));
        if !is_table {
            entry.value.value = Value::Broken;
        }
        if template.get(name).is_none() {
            template.entries.push(entry);
        } else if let (Some(known), Value::Table(more)) = (template.table_mut(name), entry.value.value) {
            merge(known, more);
        }
    }
    told
}

/// Whether a value is a table of fields.
pub(super) fn holds_fields(value: &Value) -> bool {
    matches!(value, Value::Table(table) if table.entries.iter().any(|entry| is_field(&entry.value.value)))
}

/// The entry that is most likely `rows` of a call's `returns`.
pub(super) fn rows(returns: &Table) -> Option<&Entry> {
    const WORDS: &[&str] =
        &["row", "columns", "cols", "record", "records", "set", "sets", "table", "result", "results", "list"];
    returns.entries.iter().find(|entry| {
        let key = entry.key.value.as_str();
        let is_near = WORDS.contains(&key) || beds_protocol::nearest(key, ["rows"]).is_some();
        let is_rows = |value: &Value| matches!(value, Value::Table(table) if table.get("type").is_none());
        is_near
            && match &entry.value.value {
                Value::List(sets) => !sets.is_empty() && sets.iter().all(|set| is_rows(&set.value)),
                value => is_rows(value),
            }
    })
}

/// Whether a value belongs to a section, where a field of the same name would also be possible.
fn is_section_of(name: &str, value: &Value) -> bool {
    let Value::Table(table) = value else { return false };
    let part = match name {
        "objects" => Part::Objects,
        "fetch" => Part::Fetch,
        "events" => return table.get(PUBLISH).is_some(),
        _ => return false,
    };
    table.entries.iter().any(|entry| part.known().contains(&entry.key.value.as_str()))
}

/// Removes the keys of a call that stand in `[calls]` itself, and reports them once. Returns whether there are none.
pub(super) fn name_calls(calls: &mut Table, errors: &mut ErrorSink<'_>) -> bool {
    let is_key = |entry: &Entry| {
        let is_known = Part::Call.known().contains(&entry.key.value.as_str());
        let looks_like_call = matches!(&entry.value.value, Value::Table(table)
            if table.entries.iter().any(|entry| Part::Call.known().contains(&entry.key.value.as_str())));
        is_known && !looks_like_call
    };
    let Some(first) = calls.entries.iter().find(|entry| is_key(entry)) else { return true };
    errors.push(places::call_without_name(first.key.span, &first.key.value));
    calls.entries.retain(|entry| !is_key(entry));
    false
}

/// Turns calls whose name has two parts, `[calls.book.restock]`, into calls with one name, and reports each. Returns
/// whether there are such calls.
pub(super) fn join_calls(calls: &mut Table, errors: &mut ErrorSink<'_>) -> bool {
    let mut are_joined = false;
    let is_call = |entry: &Entry| runs(&entry.value.value);
    for Entry { key, value } in std::mem::take(&mut calls.entries) {
        match value.value {
            Value::Table(inner) if !inner.entries.is_empty() && inner.entries.iter().all(is_call) => {
                are_joined = true;
                for Entry { key: part, value } in inner.entries {
                    errors.push(places::call_of_two_parts(part.span, &key.value, &part.value));
                    let joined = format!("{}_{}", key.value, part.value);
                    calls.entries.push(Entry { key: Spanned::new(joined, part.span), value });
                }
            }
            other => calls.entries.push(Entry { key, value: Spanned::new(other, value.span) }),
        }
    }
    are_joined
}

/// Takes out the entries of a table that belong elsewhere.
fn take(
    table: &mut Table,
    home: impl Fn(&str, &Value) -> Option<&'static str>,
    strays: &mut Vec<(&'static str, Entry)>,
) {
    for entry in std::mem::take(&mut table.entries) {
        match home(&entry.key.value, &entry.value.value) {
            Some(home) => strays.push((home, entry)),
            None => table.entries.push(entry),
        }
    }
}

pub(super) fn is_field(value: &Value) -> bool {
    match value {
        Value::Table(keys) => keys.get("type").is_some(),
        Value::Scalar(_) => value.as_text().is_some_and(|ty| TypeName::from_name(ty).is_some()),
        Value::List(_) | Value::Broken => false,
    }
}

fn is_object(value: &Value) -> bool {
    let Value::Table(keys) = value else { return false };
    keys.get("type").is_none()
        && ["view", "table", "collection", "procedure"].iter().any(|kind| keys.get(kind).is_some())
}
