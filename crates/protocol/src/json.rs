//! JSON as it was written: no object has a duplicate key, and a number keeps all its digits.
//!
//! `serde_json::Value` would silently keep only one of two values for a key, and round a number that is neither a
//! 64-bit integer nor a double.

mod read;

use std::fmt;

use serde::{
    Serialize, Serializer,
    ser::{Error as _, SerializeMap},
};
use serde_json::value::RawValue;

/// A JSON value. Parsing refuses an object with a duplicate key, at any depth.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Json {
    /// `null`
    #[default]
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string.
    String(String),
    /// An array.
    Array(Vec<Json>),
    /// An object.
    Object(Record),
}

/// A number with all its digits.
#[derive(Debug, Clone, PartialEq)]
pub struct Number(Digits);

#[derive(Debug, Clone, PartialEq)]
enum Digits {
    Int(i64),
    /// Greater than any `i64`.
    UInt(u64),
    /// As it was written: with a fraction, an exponent or more than 64 bits.
    Text(Box<str>),
}

/// A JSON object as it was written: in order, and without duplicate keys.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Record(pub Vec<(String, Json)>);

impl Json {
    /// Parses JSON that a system without a check for duplicate keys has accepted. For a duplicate key, the last value
    /// counts.
    ///
    /// # Errors
    /// If the text is not JSON.
    pub fn of_any(text: &[u8]) -> serde_json::Result<Self> {
        serde_json::from_slice(text)
            .or_else(|_| serde_json::from_slice::<serde_json::Value>(text).map(Self::from))
    }

    /// Whether it is `null`.
    #[must_use]
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The truth value, if it is one.
    #[must_use]
    pub const fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(value) = self { Some(*value) } else { None }
    }

    /// The string, if it is one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        if let Self::String(text) = self { Some(text) } else { None }
    }

    /// The number, if it is an integer of this type.
    #[must_use]
    pub const fn as_i64(&self) -> Option<i64> {
        if let Self::Number(number) = self { number.as_i64() } else { None }
    }

    /// The number, if it is an integer of this type.
    #[must_use]
    pub const fn as_u64(&self) -> Option<u64> {
        if let Self::Number(number) = self { number.as_u64() } else { None }
    }

    /// The double nearest to the number, if the value is a number.
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        if let Self::Number(number) = self { number.as_f64() } else { None }
    }

    /// The value of a key, if it is an object that has it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        if let Self::Object(record) = self { record.get(key) } else { None }
    }
}

impl Number {
    /// The number, if it is an integer of this type.
    #[must_use]
    pub const fn as_i64(&self) -> Option<i64> {
        if let Digits::Int(value) = self.0 { Some(value) } else { None }
    }

    /// The number, if it is an integer of this type.
    #[must_use]
    pub const fn as_u64(&self) -> Option<u64> {
        match self.0 {
            Digits::Int(value) if value >= 0 => Some(value.cast_unsigned()),
            Digits::UInt(value) => Some(value),
            Digits::Int(_) | Digits::Text(_) => None,
        }
    }

    /// The double nearest to the number.
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        match &self.0 {
            Digits::Text(text) => text.parse().ok(),
            Digits::Int(_) | Digits::UInt(_) => self.to_string().parse().ok(),
        }
    }

    /// The double that is exactly this number, if there is one.
    #[must_use]
    pub fn as_exact_f64(&self) -> Option<f64> {
        let value = self.as_f64()?;
        let (own, shortest) = (significant(&self.to_string())?, significant(&format!("{value:e}"))?);
        // Between two shortest texts that are equally near, this library takes the greater one, and others the even one.
        let is_even = || {
            let after_point = shortest.1.len().saturating_sub(1);
            significant(&format!("{value:.after_point$e}")).as_ref() == Some(&own)
        };
        (own == shortest || is_even()).then_some(value)
    }

    /// The number of a text that is known to be JSON.
    fn read(text: &str) -> Result<Self, String> {
        // An integer has no negative zero.
        if text != "-0" {
            if let Ok(value) = text.parse() {
                return Ok(Self(Digits::Int(value)));
            }
            if let Ok(value) = text.parse() {
                return Ok(Self(Digits::UInt(value)));
            }
        }
        // Most JSON parsers accept no greater numbers.
        if text.parse().is_ok_and(f64::is_finite) {
            Ok(Self(Digits::Text(text.into())))
        } else {
            Err("number out of range".to_owned())
        }
    }
}

/// The sign, the digits without the zeros around them, and the power of ten for `0.DIGITS`. Zero has no digits.
fn significant(text: &str) -> Option<(bool, String, i64)> {
    let (mantissa, exponent) = text.split_once(['E', 'e']).unwrap_or((text, "0"));
    let exponent: i32 = exponent.parse().ok()?;
    let (is_negative, mantissa) = mantissa.strip_prefix('-').map_or((false, mantissa), |rest| (true, rest));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let without_lead = digits.trim_start_matches('0');
    let lead = digits.len() - without_lead.len();
    let point = i64::try_from(whole.len()).ok()? - i64::try_from(lead).ok()? + i64::from(exponent);
    let digits = without_lead.trim_end_matches('0').to_owned();
    let point = if digits.is_empty() { 0 } else { point };
    Some((is_negative, digits, point))
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Digits::Int(value) => write!(f, "{value}"),
            Digits::UInt(value) => write!(f, "{value}"),
            Digits::Text(text) => f.write_str(text),
        }
    }
}

impl Record {
    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Json> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// The keys, in order.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }
}

impl<K: Into<String>, V: Into<Json>, const N: usize> From<[(K, V); N]> for Record {
    fn from(members: [(K, V); N]) -> Self {
        Self(members.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(number) => number.serialize(serializer),
            Self::String(text) => serializer.serialize_str(text),
            Self::Array(items) => items.serialize(serializer),
            Self::Object(record) => record.serialize(serializer),
        }
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Digits::Int(value) => serializer.serialize_i64(*value),
            Digits::UInt(value) => serializer.serialize_u64(*value),
            Digits::Text(text) => {
                let digits: &RawValue = serde_json::from_str(text).map_err(S::Error::custom)?;
                digits.serialize(serializer)
            }
        }
    }
}

impl Serialize for Record {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in &self.0 {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

/// As text: compact, or over several lines with `{:#}`.
impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text =
            if f.alternate() { serde_json::to_string_pretty(self) } else { serde_json::to_string(self) };
        f.write_str(&text.map_err(|_| fmt::Error)?)
    }
}

impl From<serde_json::Value> for Json {
    fn from(value: serde_json::Value) -> Self {
        match value {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(value) => Self::Bool(value),
            serde_json::Value::Number(number) => Self::Number(number.into()),
            serde_json::Value::String(text) => Self::String(text),
            serde_json::Value::Array(items) => Self::Array(items.into_iter().map(Self::from).collect()),
            serde_json::Value::Object(members) => {
                Self::Object(Record(members.into_iter().map(|(key, value)| (key, value.into())).collect()))
            }
        }
    }
}

impl From<serde_json::Number> for Number {
    fn from(number: serde_json::Number) -> Self {
        Self(match (number.as_i64(), number.as_u64()) {
            (Some(value), _) => Digits::Int(value),
            (None, Some(value)) => Digits::UInt(value),
            (None, None) => Digits::Text(number.to_string().into()),
        })
    }
}

impl From<bool> for Json {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Json {
    fn from(value: i64) -> Self {
        Self::Number(Number(Digits::Int(value)))
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

#[cfg(test)]
mod tests;
