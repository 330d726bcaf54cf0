//! A necessary key that is missing while an unknown key has a value that suits it: the two are one mistake.

use beds_protocol::{Engine, Service, TypeName};

use super::stray::{self, RUNS};
use crate::{
    meant::{self, Meant},
    names,
    part::Part,
    tree::{Entry, Node, Scalar, Value},
};

/// The unknown keys that stand for a missing one, each with it. An unknown key that could stand for two is left out, and
/// so is a missing key for which two could stand.
pub(super) fn found(
    entries: &[Entry],
    part: Part,
    ty: Option<TypeName>,
    misspelt: &[&'static str],
) -> Vec<(String, &'static str)> {
    let is_there = |key: &str| entries.iter().any(|entry| entry.key.value == key) || misspelt.contains(&key);
    let missing: Vec<&'static str> =
        needed(part, ty, is_there).into_iter().filter(|key| !is_there(key)).collect();
    let is_unknown = |entry: &&Entry| {
        let key = entry.key.value.as_str();
        !part.known().contains(&key)
            && meant::meant(key, part).is_none()
            && meant::stands_for(key, part).is_empty()
    };
    let unknown: Vec<&Entry> = entries.iter().filter(is_unknown).collect();
    let pair = |key: &&'static str| {
        let mut suiting = unknown.iter().filter(|entry| suits(key, &entry.value.value));
        let entry = suiting.next().filter(|_| suiting.next().is_none())?;
        let is_one = missing.iter().filter(|other| suits(other, &entry.value.value)).count() == 1;
        is_one.then(|| (entry.key.value.clone(), *key))
    };
    let digits = entries.iter().find(|entry| ty == Some(TypeName::Decimal) && are_digits(entry, part));
    match digits.filter(|_| missing.len() == 2) {
        Some(entry) => missing.iter().map(|key| (entry.key.value.clone(), *key)).collect(),
        None => missing.iter().filter_map(pair).collect(),
    }
}

/// Whether an entry has the digits of a decimal, in all and behind the point: `size = [10, 2]`.
fn are_digits(entry: &Entry, part: Part) -> bool {
    let is_size = meant::meant(&entry.key.value, part) == Some(Meant::Key("max"));
    let is_number = |item: &Node| matches!(item.value, Value::Scalar(Scalar::Int(_)));
    is_size
        && matches!(&entry.value.value, Value::List(items) if items.len() == 2 && items.iter().all(is_number))
}

/// The keys that a part must have.
fn needed(part: Part, ty: Option<TypeName>, is_there: impl Fn(&str) -> bool) -> Vec<&'static str> {
    match part {
        Part::Sections => vec!["template", "fields"],
        Part::Header => vec!["name", "service", "engine", "database"],
        Part::Field(_) => match ty {
            None => vec!["type"],
            Some(TypeName::Enum) => vec!["values"],
            Some(TypeName::List) => vec!["items"],
            Some(TypeName::Object) => vec!["fields"],
            Some(TypeName::Decimal) => vec!["precision", "scale"],
            Some(_) => Vec::new(),
        },
        Part::Lifecycle if !is_there("warehouse") && !is_there("cool") => vec!["ttl"],
        Part::Warehouse => vec!["after", "to"],
        Part::Cool => vec!["after"],
        Part::Write if is_there("procedure") => vec!["args"],
        Part::Write if !is_there("collection") => vec!["procedure"],
        Part::Call if !RUNS.iter().any(|run| is_there(run)) => vec!["procedure"],
        _ => Vec::new(),
    }
}

/// Whether a value can be the value of a key.
fn suits(key: &str, value: &Value) -> bool {
    let text = value.as_text();
    match key {
        "type" => text.is_some_and(super::hint::names_type),
        "engine" => text.is_some_and(|name| Engine::from_name(name).is_some()),
        "service" => text.is_some_and(|name| Service::from_name(name).is_some()),
        "database" => text.is_some_and(names::is_word),
        "name" => text.is_some_and(names::is_lower_snake),
        "ttl" | "after" => text.is_some_and(|time| time.starts_with(|letter: char| letter.is_ascii_digit())),
        "values" | "args" => {
            matches!(value, Value::List(items) if items.iter().all(|item| item.value.as_text().is_some()))
        }
        "items" => stray::is_field(value),
        "fields" => stray::holds_fields(value),
        "template" => {
            matches!(value, Value::Table(table) if table.get("service").or(table.get("engine")).is_some())
        }
        "precision" | "scale" => matches!(value, Value::Scalar(Scalar::Int(_))),
        _ => text.is_some(),
    }
}
