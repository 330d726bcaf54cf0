//! The meaning of a foreign key's value, if its kind differs from that of the key here.

use super::{Meant, meant};
use crate::{
    names,
    part::Part,
    tree::{Scalar, Value},
};

/// The advice for a foreign key whose value means something else than the key of that name here.
pub(crate) fn instead(meant: Option<Meant>, value: &Value) -> Option<String> {
    match meant? {
        Meant::Key("immutable") => only_value(value),
        Meant::Key("max" | "min" | "precision") => bounds(value),
        _ => None,
    }
}

/// The advice for `const = "x"`. Only `const = true` means a flag.
fn only_value(value: &Value) -> Option<String> {
    let Value::Scalar(value) = value else { return None };
    let right = match value {
        Scalar::Text(text) if !matches!(text.as_str(), "true" | "false" | "yes" | "no") => {
            format!("`type = \"enum\", values = [{}]`", names::quoted(text))
        }
        Scalar::Int(number) => format!("`min = {number}, max = {number}`"),
        Scalar::Float(_) | Scalar::Moment(_) => {
            return Some(
                "a template has no key for it: let the procedure refuse all other values".to_owned(),
            );
        }
        Scalar::Text(_) | Scalar::Bool(_) => return None,
    };
    Some(format!(
        "write {right} for a field with this one value; a field that never changes has `immutable = true`"
    ))
}

/// The correct form of a value with both bounds: `[3, 20]`, `{ min = 3, max = 20 }`, `"3..20"`.
pub(crate) fn bounds(value: &Value) -> Option<String> {
    let number = |value: &Value| match value {
        Value::Scalar(Scalar::Int(number)) => Some(number.to_string()),
        Value::Scalar(Scalar::Float(number)) => Some(number.to_string()),
        Value::Scalar(Scalar::Text(text)) => {
            text.trim().parse::<f64>().is_ok().then(|| text.trim().to_owned())
        }
        _ => None,
    };
    let (least, most) = match value {
        Value::List(items) => match items.as_slice() {
            [least, most] => (number(&least.value)?, number(&most.value)?),
            _ => return None,
        },
        Value::Table(table) => {
            let of = |key: &str| table.get(key).and_then(|node| number(&node.value));
            (of("min")?, of("max")?)
        }
        Value::Scalar(Scalar::Text(text)) => {
            let (least, most) = ["..=", "..", "-", ","].iter().find_map(|sign| text.split_once(sign))?;
            let is_number = |text: &str| text.trim().parse::<f64>().is_ok();
            (is_number(least) && is_number(most))
                .then(|| (least.trim().to_owned(), most.trim().to_owned()))?
        }
        Value::Scalar(_) | Value::Broken => return None,
    };
    Some(format!("each bound has its own key: write `min = {least}, max = {most}`"))
}

/// The operations that an entry of `[access]` grants if its key is a role: those in its value, in any words, if the value
/// contains nothing else.
pub(crate) fn granted(key: &str, value: &Value) -> Option<Vec<&'static str>> {
    let operations = operations(value)?;
    // The lists `["create"]` and `["fetch"]` name no roles, so even `read` before them is one.
    let is_operation =
        |name: &str| matches!(name, "fetch" | "count" | "create" | "update" | "upsert" | "delete");
    let is_list = matches!(value, Value::List(items)
        if items.iter().all(|item| item.value.as_text().is_some_and(is_operation)));
    let means_operation = matches!(meant(key, Part::Access),
        Some(Meant::Key(known) | Meant::Perhaps(known)) if is_operation(known));
    (is_list || !means_operation).then_some(operations)
}

/// The operations that a value lists, in any words, if it contains nothing else.
fn operations(value: &Value) -> Option<Vec<&'static str>> {
    const ALL: [&str; 4] = ["fetch", "create", "update", "delete"];
    let words: Vec<&str> = match value {
        Value::Scalar(Scalar::Text(text)) => text.split([',', ' ']).filter(|word| !word.is_empty()).collect(),
        Value::List(items) => items.iter().map(|item| item.value.as_text()).collect::<Option<_>>()?,
        Value::Scalar(_) | Value::Table(_) | Value::Broken => return None,
    };
    let mut operations = Vec::new();
    for word in words {
        match word.to_ascii_lowercase().as_str() {
            "select" | "read" | "fetch" | "get" => operations.push("fetch"),
            "count" => operations.push("count"),
            "insert" | "create" | "add" => operations.push("create"),
            "update" | "edit" | "modify" => operations.push("update"),
            "upsert" | "merge" | "replace" => operations.push("upsert"),
            "delete" | "remove" => operations.push("delete"),
            "all" | "rw" => operations.extend(ALL),
            _ => return None,
        }
    }
    operations.dedup();
    (!operations.is_empty()).then_some(operations)
}
