//! Entries of `[access]` with roles and fields, or calls and operations, in each other's place.

use super::{put, take};
use crate::{
    diagnostic::{ErrorSink, access as diagnostics, places},
    meant,
    part::Part,
    span::Spanned,
    tree::{Entry, Node, Scalar, Table, Value},
};

/// Treats roles in the place of operations, `clerk = ["fetch", "create"]`, as exchanged. All of them have one report,
/// since an operation has one list for all its roles.
pub(super) fn by_role(template: &mut Table, errors: &mut ErrorSink<'_>) {
    let Some(access) = template.table_mut("access") else { return };
    let is_role = |entry: &Entry| {
        let key = entry.key.value.as_str();
        !Part::Access.known().contains(&key) && meant::granted(key, &entry.value.value).is_some()
    };
    let (roles, kept): (Vec<Entry>, Vec<Entry>) =
        std::mem::take(&mut access.entries).into_iter().partition(is_role);
    access.entries = kept;
    let Some(first) = roles.first() else { return };
    let mut changed: Vec<&str> = Vec::new();
    for Entry { key, value } in &roles {
        for operation in meant::granted(&key.value, &value.value).unwrap_or_default() {
            give(access, operation, key);
            if !changed.contains(&operation) {
                changed.push(operation);
            }
        }
    }
    let right: Vec<String> = changed
        .iter()
        .filter_map(|operation| Some(format!("`{operation} = {}`", access.get(operation)?.value.written())))
        .collect();
    errors.push(diagnostics::by_role(first.key.span, &first.key.value, "`[access]`", &right));
}

/// Adds a role to the list of an operation.
fn give(access: &mut Table, operation: &str, role: &Spanned<String>) {
    let item = Node::new(Value::Scalar(Scalar::Text(role.value.clone())), role.span);
    match access.entries.iter_mut().find(|entry| entry.key.value == operation) {
        Some(Entry { value: Node { value: Value::List(items), .. }, .. }) => items.push(item),
        Some(_) => {}
        None => access.entries.push(Entry {
            key: Spanned::new(operation.to_owned(), role.span),
            value: Node::new(Value::List(vec![item]), role.span),
        }),
    }
}

/// Treats a call among the operations of `[access]` as an entry of `[access.calls]`.
pub(super) fn calls(template: &mut Table, errors: &mut ErrorSink<'_>) {
    let calls: Vec<String> = match template.get("calls").map(|calls| &calls.value) {
        Some(Value::Table(calls)) => calls.entries.iter().map(|call| call.key.value.clone()).collect(),
        _ => return,
    };
    let Some(access) = template.table_mut("access") else { return };
    let mut found = Vec::new();
    let is_call = |key: &str, value: &Value| {
        let is_one = calls.iter().any(|call| call == key) && !Part::Access.known().contains(&key);
        (is_one && matches!(value, Value::List(_))).then_some("calls")
    };
    take(access, is_call, &mut found);
    for (home, entry) in found {
        errors.push(places::call_in_access(entry.key.span, &entry.key.value));
        put(access, home, entry);
    }
}

/// Treats a field in place of a role, and roles in place of fields, as exchanged: `price = { hidden = ["clerk"] }`.
/// Each is reported, without further checks.
pub(super) fn turned(template: &mut Table, errors: &mut ErrorSink<'_>) {
    let fields: Vec<String> = match template.get("fields").map(|fields| &fields.value) {
        Some(Value::Table(fields)) => fields.entries.iter().map(|field| field.key.value.clone()).collect(),
        _ => return,
    };
    let is_field = |name: &str| fields.iter().any(|field| field == name);
    let Some(access) = template.table_mut("access") else { return };
    // A role may have the name of a field.
    let roles: Vec<String> = access.entries.iter().flat_map(|entry| texts(&entry.value.value)).collect();
    for section in ["fields", "rows"] {
        let Some(by_role) = access.table_mut(section) else { continue };
        let read = if section == "fields" { listed } else { conditions };
        by_role.entries.retain(|entry| {
            let Some(said) = read(&entry.value.value) else { return true };
            let name = &entry.key.value;
            let is_turned = is_field(name)
                && !roles.contains(name)
                && !said.is_empty()
                && !said.iter().any(|(_, name)| is_field(name));
            if is_turned {
                errors.push(diagnostics::turned(entry.key.span, section, name, &said));
            }
            !is_turned
        });
    }
}

fn texts(value: &Value) -> Vec<String> {
    let Value::List(items) = value else { return Vec::new() };
    items.iter().filter_map(|item| item.value.as_text()).map(str::to_owned).collect()
}

/// The names in the lists of a role, each with its list.
fn listed(value: &Value) -> Option<Vec<(String, String)>> {
    match value {
        Value::Scalar(_) | Value::List(_) => names("hidden", value),
        Value::Table(table) => {
            let lists = table.entries.iter().map(|entry| {
                let key = entry.key.value.as_str();
                let list = if key.starts_with("read") { "readonly" } else { "hidden" };
                names(list, &entry.value.value)
            });
            Some(lists.collect::<Option<Vec<_>>>()?.concat())
        }
        Value::Broken => None,
    }
}

fn names(list: &str, value: &Value) -> Option<Vec<(String, String)>> {
    let name = |value: &Value| Some((list.to_owned(), value.as_text()?.to_owned()));
    match value {
        Value::List(items) => items.iter().map(|item| name(&item.value)).collect(),
        _ => Some(vec![name(value)?]),
    }
}

/// The names that have conditions on records, each with its written value.
fn conditions(value: &Value) -> Option<Vec<(String, String)>> {
    let Value::Table(table) = value else { return None };
    let condition = |Entry { key, value }: &Entry| (value.value.written(), key.value.clone());
    Some(table.entries.iter().map(condition).collect())
}
