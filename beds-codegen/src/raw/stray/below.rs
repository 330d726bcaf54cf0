//! Entries that a header captures by accident: a header inside a section captures all lines below it.

use super::{FETCH, OBJECTS, is_field, is_object};
use crate::{
    diagnostic::{ErrorSink, places},
    foreign,
    part::{Part, Place},
    span::Span,
    tree::{Entry, Node, Table, Value},
};

/// Moves out keys that are below a header inside their section: `create = …` below `[objects.read]`.
pub(super) fn headers(template: &mut Table, errors: &mut ErrorSink<'_>) {
    let is_operation =
        |entry: &Entry| OBJECTS.contains(&entry.key.value.as_str()) && is_object(&entry.value.value);
    if let Some(objects) = template.table_mut("objects") {
        for name in OBJECTS {
            keys_below(objects, name, "objects", is_operation, errors);
        }
    }
    if let Some(fetch) = template.table_mut("fetch") {
        keys_below(fetch, "limit", "fetch", |entry| FETCH.contains(&entry.key.value.as_str()), errors);
    }
    let is_of_call = |entry: &Entry| {
        Part::Call.known().contains(&entry.key.value.as_str())
            && !is_field(&entry.value.value)
            && entry.value.value.as_text().is_none_or(|ty| foreign::translate(ty).is_none())
    };
    if let Some(calls) = template.table_mut("calls") {
        for call in &mut calls.entries {
            let section = format!("calls.{}", call.key.value);
            if let Value::Table(call) = &mut call.value.value {
                keys_below(call, "args", &section, is_of_call, errors);
            }
        }
    }
}

/// Moves the keys of `outer` out of its table `inner`, whose header captures all lines below it, and reports the first.
fn keys_below(
    outer: &mut Table,
    inner: &str,
    section: &str,
    is_of_outer: impl Fn(&Entry) -> bool,
    errors: &mut ErrorSink<'_>,
) {
    let Some(entry) = outer.entries.iter_mut().find(|entry| entry.key.value == inner) else { return };
    let (header, end) = (entry.key.span, entry.value.span.end);
    let Value::Table(keys) = &mut entry.value.value else { return };
    // In braces no line is captured by accident.
    let is_below = |entry: &Entry| entry.key.span.start > end && is_of_outer(entry);
    let (below, kept): (Vec<Entry>, Vec<Entry>) =
        std::mem::take(&mut keys.entries).into_iter().partition(is_below);
    keys.entries = kept;
    if let Some(first) = below.first() {
        errors.push(places::below_header(first.key.span, &first.key.value, header, (section, inner)));
    }
    outer.entries.extend(below);
}

/// Moves out fields below the header of another field or of its members, `[fields.note]`, which captures all following
/// lines.
pub(super) fn fields(template: &mut Table, listed: &[String], errors: &mut ErrorSink<'_>) {
    if let Some(fields) = template.table_mut("fields") {
        below_each(fields, "fields", Place::Field, listed, errors);
    }
    if let Some(calls) = template.table_mut("calls") {
        for call in &mut calls.entries {
            let section = format!("calls.{}.args", call.key.value);
            if let Value::Table(call) = &mut call.value.value
                && let Some(args) = call.table_mut("args")
            {
                below_each(args, &section, Place::Arg, &[], errors);
            }
        }
    }
}

fn below_each(
    fields: &mut Table,
    section: &str,
    place: Place,
    listed: &[String],
    errors: &mut ErrorSink<'_>,
) {
    let mut found: Vec<Entry> = Vec::new();
    for field in &mut fields.entries {
        let name = field.key.value.clone();
        let mut below = Vec::new();
        let path = format!("{section}.{name}");
        below_one(&mut field.value, (field.key.span, &path), place, &mut below);
        // For a header in double brackets, the correct form is reported already.
        if let Some(Below { entry, header, path }) = below.first().filter(|_| !listed.contains(&name)) {
            let headers = (path.as_str(), *header, section);
            errors.push(places::below_field(entry.key.span, &entry.key.value, headers, &name));
        }
        found.extend(below.into_iter().map(|below| below.entry));
    }
    fields.entries.extend(found);
}

/// A field below the header of another.
struct Below {
    entry: Entry,
    header: Span,
    path: String,
}

/// Takes out the entries below the header of one field, and below those of its members and items.
fn below_one(node: &mut Node, (header, path): (Span, &str), place: Place, found: &mut Vec<Below>) {
    let end = node.span.end;
    let Value::Table(keys) = &mut node.value else { return };
    if keys.get("type").is_none() {
        return;
    }
    let known = Part::Field(place).known();
    // In braces no line is captured by accident.
    let is_below = |entry: &Entry| {
        entry.key.span.start > end
            && !known.contains(&entry.key.value.as_str())
            && is_field(&entry.value.value)
    };
    let (below, kept): (Vec<Entry>, Vec<Entry>) =
        std::mem::take(&mut keys.entries).into_iter().partition(is_below);
    keys.entries = kept;
    found.extend(below.into_iter().map(|entry| Below { entry, header, path: path.to_owned() }));
    for inner in &mut keys.entries {
        let path = format!("{path}.{}", inner.key.value);
        match (inner.key.value.as_str(), &mut inner.value.value) {
            ("items", _) => below_one(&mut inner.value, (inner.key.span, &path), Place::Item, found),
            ("fields", Value::Table(members)) => {
                for member in &mut members.entries {
                    let path = format!("{path}.{}", member.key.value);
                    below_one(&mut member.value, (member.key.span, &path), Place::Member, found);
                }
            }
            _ => {}
        }
    }
}
