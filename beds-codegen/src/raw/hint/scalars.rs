//! Flags, numbers and texts, and the values that people write in their place.

use super::{Hint, fix, say, text};
use crate::{
    names::{self, quoted},
    tree::{Scalar, Value},
};

pub(super) fn limit(value: &Value) -> Hint {
    let number = match value {
        Value::Scalar(Scalar::Int(number)) => Some(*number),
        Value::Scalar(Scalar::Text(text)) => text.trim().parse().ok(),
        _ => None,
    };
    match number.filter(|number| (1..=10_000).contains(number)) {
        Some(number) => fix(format!("{{ default = {}, max = {} }}", number.min(50), number)),
        None => say("write `{ default = 50, max = 500 }`"),
    }
}

pub(super) fn flag(key: &str, value: &Value) -> Hint {
    let word = match value {
        Value::Scalar(Scalar::Text(text)) => text.to_ascii_lowercase(),
        Value::Scalar(Scalar::Int(number)) => number.to_string(),
        _ => String::new(),
    };
    match word.as_str() {
        "true" | "yes" | "on" | "y" | "1" => fix("true".to_owned()),
        "false" | "no" | "off" | "n" | "0" => fix("false".to_owned()),
        _ if key == "version" && matches!(value, Value::Scalar(Scalar::Int(4 | 7))) => say(format!(
            "write `generated = \"uuid_v{word}\"` for UUIDs of this kind; a version counts the changes of a record"
        )),
        _ if matches!(value, Value::List(_)) => say(format!("write `{key} = true` in each field")),
        // `once` is true by default.
        _ if key == "once" => say("write `once = false`, or remove it"),
        _ => say(format!("write `{key} = true`, or remove it")),
    }
}

/// The correct form of digits and scale in one value: `"10,2"`, `[10, 2]`, `10.2`.
fn digits(value: &Value) -> Option<Hint> {
    let written = match value {
        Value::Scalar(scalar) => text(scalar),
        Value::List(items) => {
            let numbers = items.iter().map(|item| item.value.written());
            numbers.collect::<Vec<_>>().join(",")
        }
        Value::Table(_) | Value::Broken => return None,
    };
    let (precision, scale) = written.split_once([',', '.', ';', ' '])?;
    let is_number = |digits: &str| digits.trim().parse::<u8>().is_ok();
    (is_number(precision) && is_number(scale)).then(|| {
        say(format!(
            "write each as its own key: `precision = {}, scale = {}`",
            precision.trim(),
            scale.trim()
        ))
    })
}

pub(super) fn number(key: &str, value: &Value) -> Hint {
    if let Some(hint) = Some(value).filter(|_| key == "precision").and_then(digits) {
        return hint;
    }
    let example = match key {
        "many" => 1_000,
        "precision" => 10,
        "scale" => 2,
        "max" => 500,
        _ => 50,
    };
    match value {
        Value::Scalar(Scalar::Text(text)) => match text.trim().parse::<i128>() {
            Ok(number) => fix(number.to_string()),
            Err(_) => say(format!("write a whole number without quotes, such as `{key} = {example}`")),
        },
        _ => say(format!("write a whole number, such as `{key} = {example}`")),
    }
}

pub(super) fn string(key: &str, value: &Value) -> Hint {
    match (key, value) {
        ("generated", _) => say(
            "write `generated = \"database\"` if the database fills the field, such as by auto-increment, and remove the field from `args` of `create`; the other generators are `uuid_v7`, `uuid_v4` and `now`",
        ),
        ("type", Value::List(_)) => say("write one type; if a value may be null, add `nullable = true`"),
        ("type", Value::Table(_)) => {
            say("write the name of the type, and its keys beside it, `type = \"string\", max = 40`")
        }
        ("pipeline", Value::List(items)) if matches!(items.as_slice(), [one] if one.value.as_text().is_some()) => {
            fix(quoted(items.first().and_then(|one| one.value.as_text()).unwrap_or_default()))
        }
        ("pipeline", Value::List(_) | Value::Table(_)) => say(
            "write the stages into a JSON file in the folder of the pipelines, and its name here, `pipeline = \"NAME.json\"`",
        ),
        ("name", Value::Scalar(scalar)) => match names::to_lower_snake(&text(scalar)) {
            Some(name) => fix(quoted(&name)),
            None => say("write a name in letters, `name = \"product\"`"),
        },
        ("service", _) => say("write the name of a service, `service = \"app_server\"`"),
        ("engine", _) => say("write `engine = \"mariadb\"` or `engine = \"mongodb\"`"),
        ("broker", _) => say("write the name of a broker of the service, or remove it"),
        ("mode", _) => say("write `mode = \"in\"`, `mode = \"out\"` or `mode = \"inout\"`"),
        ("type", Value::Scalar(_)) => say("write the name of a type, such as `\"string\"`"),
        ("lane", Value::Scalar(_)) => say("write `lane = \"read\"` or `lane = \"write\"`"),
        // A boolean says that there is one, but not which.
        (_, Value::Scalar(Scalar::Bool(_))) => say(format!("write which one, `{key} = \"…\"`")),
        (_, Value::Scalar(scalar)) => fix(quoted(&text(scalar))),
        (_, Value::List(items)) => match items.as_slice() {
            [one] if one.value.as_text().is_some() => fix(quoted(one.value.as_text().unwrap_or_default())),
            _ => say(format!("write one string, `{key} = \"…\"`")),
        },
        (_, Value::Table(_) | Value::Broken) => say(format!("write a string, `{key} = \"…\"`")),
    }
}
