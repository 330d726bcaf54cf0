//! The content of a section whose own header is missing: the lists of `[audit]`, the times of `[lifecycle]`, the roles
//! of `[access]`, the keys of a call.

use super::{RUNS, put};
use crate::{
    diagnostic::{ErrorSink, places},
    part::Part,
    tree::{Entry, Node, Table, Value},
};

/// The sections that seem to hold the content of another, if that one's header is missing.
const HOSTS: [&str; 5] = ["fetch", "events", "audit", "lifecycle", "access"];
/// The operations that `[access]` lists.
const OPERATIONS: [&str; 6] = ["fetch", "count", "create", "update", "upsert", "delete"];
/// The keys that say how long records are kept. `[lifecycle]` has at least one of them.
const AGES: [&str; 3] = ["ttl", "warehouse", "cool"];

/// Removes the content of a section whose header is missing.
pub(super) fn missing(
    template: &mut Table,
    strays: &mut Vec<(&'static str, Entry)>,
    errors: &mut ErrorSink<'_>,
) {
    calls(template, errors);
    parts_of_access(template, errors);
    let has_lifecycle = template.get("lifecycle").is_some();
    for host in HOSTS {
        let Some(table) = template.table_mut(host) else { continue };
        let has = |key: &str| table.get(key).is_some();
        let (has_publish, has_operations) = (has("publish"), has("operations"));
        let ages = AGES.iter().filter(|key| has(key)).count();
        let is_aging = !has_lifecycle && ages > 0 && (ages > 1 || has("by") || has("purge"));
        let home = |key: &str, value: &Value| match value {
            _ if host != "lifecycle"
                && is_aging
                && (AGES.contains(&key) || matches!(key, "by" | "purge")) =>
            {
                Some("lifecycle")
            }
            // Alone, `operations` is another word for `publish`.
            Value::List(_) if key == "operations" && host != "audit" && (host != "events" || has_publish) => {
                Some("audit")
            }
            Value::List(_) if OPERATIONS.contains(&key) && host != "access" => Some("access"),
            Value::List(_) if key == "fields" && host == "fetch" && has_publish => Some("events"),
            // Alone, `publish` is another word for `operations`.
            Value::List(_) if key == "publish" && host != "events" && (host != "audit" || has_operations) => {
                Some("events")
            }
            _ => None,
        };
        super::take(table, home, strays);
    }
}

/// Removes the keys of a call from another section. Nothing else is known of the call.
fn calls(template: &mut Table, errors: &mut ErrorSink<'_>) {
    let mut is_found = false;
    let mut look = |table: &mut Table| {
        let keys = Part::Call.known();
        let is_call = RUNS.iter().any(|key| is_text(table.get(key)))
            && ["lane", "returns", "args", "on"].iter().any(|key| table.get(key).is_some());
        if !is_call {
            return;
        }
        let (of_call, kept): (Vec<Entry>, Vec<Entry>) = std::mem::take(&mut table.entries)
            .into_iter()
            .partition(|entry| keys.contains(&entry.key.value.as_str()));
        table.entries = kept;
        if let Some(first) = of_call.first() {
            errors.push(places::missing_header(first.key.span, &first.key.value, "calls.NAME"));
        }
        is_found = true;
    };
    for host in HOSTS {
        let Some(table) = template.table_mut(host) else { continue };
        look(table);
        if host == "access" {
            for part in ["calls", "rows", "fields"] {
                table.table_mut(part).into_iter().for_each(&mut look);
            }
        }
    }
    if !is_found {
        return;
    }
    if template.get("calls").is_none()
        && let Some(place) = template.entries.first().map(|entry| entry.key.clone())
    {
        let value = Node::new(Value::Broken, place.span);
        template
            .entries
            .push(Entry { key: crate::span::Spanned::new("calls".to_owned(), place.span), value });
    }
    for entry in template.entries.iter_mut().filter(|entry| entry.key.value == "calls") {
        entry.value.value = Value::Broken;
    }
}

fn is_text(node: Option<&Node>) -> bool {
    node.is_some_and(|node| node.value.as_text().is_some())
}

/// Moves the rows and fields of roles that stand below `[access.calls]`, and the fields below `[access.rows]`.
fn parts_of_access(template: &mut Table, errors: &mut ErrorSink<'_>) {
    let Some(access) = template.table_mut("access") else { return };
    for (host, homes) in [("calls", ["rows", "fields"]), ("rows", ["fields", "fields"])] {
        for home in homes {
            let rules = ["hidden", "readonly"];
            let mut found = Vec::new();
            let Some(table) = access.table_mut(host) else { continue };
            let is_of_home = |_: &str, value: &Value| {
                let Value::Table(keys) = value else { return None };
                let has_rules = rules.iter().any(|rule| keys.get(rule).is_some());
                (has_rules == (home == "fields")).then_some(home)
            };
            super::take(table, is_of_home, &mut found);
            if let Some((_, first)) = found.first() {
                let section = format!("access.{home}");
                errors.push(places::missing_header(first.key.span, &first.key.value, &section));
            }
            for (home, entry) in found {
                put(access, home, entry);
            }
        }
    }
}
