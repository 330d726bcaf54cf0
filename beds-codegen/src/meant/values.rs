//! The meaning of a foreign key's value, if its kind differs from that of the key here.

use super::Meant;
use crate::{
    names,
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
