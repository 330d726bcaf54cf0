//! One text per value, whichever engine shows the value. Records are compared, found and hashed by it.

use beds_core::{spec::Engine, value::Value};
use beds_protocol::{Json, value::DateTime};
use sha2::{Digest as _, Sha256};

/// All integers up to here are exact as doubles.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

/// Appends the text of a value: members in order of their names, without nulls, and numbers by their numeric value.
pub(super) fn write(json: &Json, out: &mut Vec<u8>) {
    match json {
        Json::Null => out.extend_from_slice(b"null"),
        Json::Bool(true) => out.extend_from_slice(b"true"),
        Json::Bool(false) => out.extend_from_slice(b"false"),
        Json::Number(number) => {
            let text = match (number.as_i64(), number.as_u64(), number.as_f64()) {
                (Some(value), ..) => value.to_string(),
                (None, Some(value), _) => value.to_string(),
                (None, None, Some(value)) if value.fract() == 0.0 && value.abs() < EXACT_MAX => {
                    format!("{value:.0}").trim_start_matches("-0").to_owned()
                }
                (None, None, Some(value)) => format!("{value:e}"),
                (None, None, None) => number.to_string(),
            };
            // A negative zero becomes `0`.
            out.extend_from_slice(if text.is_empty() { b"0" } else { text.as_bytes() });
        }
        // A text always has a JSON form.
        Json::String(text) => out.extend_from_slice(&serde_json::to_vec(text).unwrap_or_default()),
        Json::Array(items) => {
            out.push(b'[');
            for item in items {
                write(item, out);
                out.push(b',');
            }
            out.push(b']');
        }
        Json::Object(members) => {
            let mut members: Vec<_> = members.0.iter().filter(|(_, value)| !value.is_null()).collect();
            members.sort_unstable_by(|one, other| one.0.cmp(&other.0));
            out.push(b'{');
            for (name, value) in members {
                out.extend_from_slice(&serde_json::to_vec(name).unwrap_or_default());
                out.push(b':');
                write(value, out);
                out.push(b',');
            }
            out.push(b'}');
        }
    }
}

/// The text of a JSON value.
pub(crate) fn of_json(json: &Json) -> Vec<u8> {
    let mut text = Vec::new();
    write(json, &mut text);
    text
}

/// The text of a value.
pub(super) fn of_value(value: &Value) -> Vec<u8> {
    let mut text = Vec::new();
    value.write_json(&mut text);
    of_json(&Json::of_any(&text).unwrap_or_default())
}

/// A value as this engine stores it.
pub(super) fn kept(engine: Engine, value: Value) -> Value {
    match (engine, value) {
        // MongoDB stores moments in milliseconds.
        (Engine::MongoDb, Value::DateTime(DateTime(moment))) => {
            let whole = u32::from(moment.millisecond()) * 1_000_000;
            Value::DateTime(DateTime(moment.replace_nanosecond(whole).unwrap_or(moment)))
        }
        (Engine::MongoDb, Value::List(items)) => {
            Value::List(items.into_iter().map(|item| kept(engine, item)).collect())
        }
        (Engine::MongoDb, Value::Object(members)) => {
            Value::Object(members.into_iter().map(|(field, value)| (field, kept(engine, value))).collect())
        }
        (Engine::MariaDb | Engine::MongoDb, value) => value,
    }
}

/// The digest of a text of any length.
pub(crate) fn digest(text: &[u8]) -> String {
    hex::encode(Sha256::digest(text))
}

/// A hash over a sequence of records. The next value needs only the one before, so a checkpoint can hold it.
pub(super) fn chained(before: &str, record: &[u8]) -> String {
    let mut hash = Sha256::new();
    hash.update(before.as_bytes());
    hash.update(record);
    hex::encode(hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(json: &str) -> String {
        String::from_utf8(of_json(&Json::of_any(json.as_bytes()).unwrap())).unwrap()
    }

    #[test]
    fn one_value_has_one_text() {
        for (one, other) in [
            ("1", "1.0"),
            ("0", "-0.0"),
            ("1e3", "1000"),
            ("0.50", "5e-1"),
            (r#"{"a":1,"b":null,"c":[{"y":2,"x":1}]}"#, r#"{"c":[{"x":1.0,"y":2}],"a":1}"#),
        ] {
            assert_eq!(text(one), text(other));
        }
        for (one, other) in [
            ("1", "\"1\""),
            ("1", "1.5"),
            ("[1,2]", "[2,1]"),
            ("[1]", "[1,null]"),
            ("null", "\"null\""),
            ("12345678901234567890", "12345678901234567891"),
        ] {
            assert_ne!(text(one), text(other));
        }
    }
}
