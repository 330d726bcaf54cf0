//! JSON input. It is bounded, and an object with a duplicate name is refused, since two readers could take different
//! values.

use std::fmt;

use beds_protocol::shown;
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value};

use crate::fault::Faults;

/// The value of a text.
pub(crate) fn value(bytes: &[u8]) -> serde_json::Result<Value> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = Once.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

/// The value of a text with at most this many bytes. If it has none, the reason is among the faults.
pub(crate) fn parse(bytes: &[u8], bytes_max: usize, faults: &mut Faults) -> Option<Value> {
    if bytes.len() > bytes_max {
        let message = format!("the text has {} bytes", bytes.len());
        faults.add("", message, format!("it may have {bytes_max}"));
        return None;
    }
    match value(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)) {
        Ok(value) => Some(value),
        Err(error) => {
            let help = if error.is_eof() {
                "the text ends before the value does: it was cut off"
            } else if error.is_data() {
                "write each member once"
            } else {
                "write one JSON object, with nothing before and behind it"
            };
            faults.add("", format!("this is not JSON: {error}"), help);
            None
        }
    }
}

/// Removes nulls: they stand for members that are left out.
pub(crate) fn without_nulls(value: &mut Value) {
    each(value, &|value| value.is_null());
}

/// Removes members without a meaning, so that the text is as short as possible.
pub(crate) fn without_empty(value: &mut Value) {
    each(value, &|value| match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Bool(true) | Value::Number(_) | Value::Object(_) => false,
    });
}

/// These have a meaning even if they are empty or false.
const KEPT: [&str; 7] = ["default", "args", "grants", "const", "else", "value", "becomes"];

fn each(value: &mut Value, is_gone: &impl Fn(&Value) -> bool) {
    match value {
        Value::Object(members) => {
            members.retain(|name, value| {
                let is_kept = KEPT.contains(&name.as_str()) && !value.is_null();
                is_kept || !is_gone(value)
            });
            members.values_mut().for_each(|value| each(value, is_gone));
        }
        Value::Array(items) => items.iter_mut().for_each(|value| each(value, is_gone)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// A value without duplicate names.
struct Once;

impl<'de> DeserializeSeed<'de> for Once {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Once {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Once)? {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(name) = members.next_key::<Name>()? {
            let value = members.next_value_seed(Once)?;
            if map.contains_key(&name.0) {
                return Err(A::Error::custom(format!("the member {} is written twice", shown(&name.0))));
            }
            map.insert(name.0, value);
        }
        Ok(map.into())
    }
}

#[derive(Deserialize)]
struct Name(String);
