//! JSON as it was written: no key of an object stands twice, and a number has all its digits.
//!
//! `serde_json::Value` would keep one of two values for a key, and round a number that is neither a 64-bit integer nor a
//! double, both in silence.

use std::{collections::HashSet, fmt};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error as _, MapAccess, Visitor},
    ser::{Error as _, SerializeMap},
};
use serde_json::value::RawValue;

use crate::shown;

/// A JSON value. It is read from a text, and is refused where an object in it has a key twice.
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

/// A JSON object as it was written: in order, and without a key that stands twice.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Record(pub Vec<(String, Json)>);

impl Json {
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

    /// The double that is next to the number, if it is one.
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

    /// The double that is next to it.
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        match &self.0 {
            Digits::Text(text) => text.parse().ok(),
            Digits::Int(_) | Digits::UInt(_) => self.to_string().parse().ok(),
        }
    }

    /// The double that is written as the same number, if there is one.
    #[must_use]
    pub fn as_exact_f64(&self) -> Option<f64> {
        let value = self.as_f64()?;
        (significant(&self.to_string())? == significant(&format!("{value:e}"))?).then_some(value)
    }

    /// A number of a text that is known to be JSON.
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
        // Most who read JSON take no greater ones.
        if text.parse().is_ok_and(f64::is_finite) {
            Ok(Self(Digits::Text(text.into())))
        } else {
            Err("number out of range".to_owned())
        }
    }
}

/// Sign, digits without the zeros around them, and the power of ten that the first of them follows. Zero has no digits.
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

/// An object that is being read.
#[derive(Default)]
struct Members {
    record: Record,
    /// The keys, where they are more than [`FEW`].
    keys: HashSet<String>,
}

/// So many keys are compared one by one.
const FEW: usize = 16;

impl Members {
    fn add(&mut self, key: String, value: Json) -> Result<(), String> {
        let members = &mut self.record.0;
        let is_twice = if members.len() < FEW {
            members.iter().any(|(known, _)| *known == key)
        } else {
            if self.keys.is_empty() {
                self.keys.extend(members.iter().map(|(known, _)| known.clone()));
            }
            !self.keys.insert(key.clone())
        };
        if is_twice {
            return Err(format!("duplicate key {}", shown(key)));
        }
        members.push((key, value));
        Ok(())
    }
}

/// Reads a text that serde has gone over: it is known to be JSON, but for what its escapes stand for.
struct Reader<'a> {
    text: &'a str,
    at: usize,
}

/// How many arrays and objects may stand within each other: as many as serde_json takes.
const DEPTH_MAX: usize = 128;

impl Reader<'_> {
    fn value(&mut self, depth: usize) -> Result<Json, String> {
        self.skip_between();
        match self.peek() {
            Some(b'n') => Ok(self.word("null", Json::Null)),
            Some(b't') => Ok(self.word("true", Json::Bool(true))),
            Some(b'f') => Ok(self.word("false", Json::Bool(false))),
            Some(b'"') => self.string().map(Json::String),
            Some(b'[' | b'{') if depth == DEPTH_MAX => Err("recursion limit exceeded".to_owned()),
            Some(b'[') => self.array(depth + 1),
            Some(b'{') => self.object(depth + 1),
            _ => self.number(),
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Passes over what stands between values.
    fn skip_between(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r' | b',' | b':')) {
            self.at += 1;
        }
    }

    fn word(&mut self, word: &str, value: Json) -> Json {
        self.at += word.len();
        value
    }

    /// Whether no more value follows before this bracket.
    fn ends(&mut self, bracket: u8) -> bool {
        self.skip_between();
        let ends = self.peek().is_none_or(|next| next == bracket);
        self.at += usize::from(ends);
        ends
    }

    fn array(&mut self, depth: usize) -> Result<Json, String> {
        self.at += 1;
        let mut items = Vec::new();
        while !self.ends(b']') {
            items.push(self.value(depth)?);
        }
        Ok(Json::Array(items))
    }

    fn object(&mut self, depth: usize) -> Result<Json, String> {
        self.at += 1;
        let mut members = Members::default();
        while !self.ends(b'}') {
            let key = self.string()?;
            let value = self.value(depth)?;
            members.add(key, value)?;
        }
        Ok(Json::Object(members.record))
    }

    fn string(&mut self) -> Result<String, String> {
        let start = self.at;
        let mut has_escapes = false;
        self.at += 1;
        while let Some(next) = self.peek().filter(|next| *next != b'"') {
            has_escapes |= next == b'\\';
            self.at += if next == b'\\' { 2 } else { 1 };
        }
        self.at += 1;
        let quoted = self.text.get(start..self.at).unwrap_or_default();
        if has_escapes {
            return serde_json::from_str(quoted).map_err(|error| without_place(&error));
        }
        Ok(quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default().to_owned())
    }

    fn number(&mut self) -> Result<Json, String> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E')) {
            self.at += 1;
        }
        Number::read(self.text.get(start..self.at).unwrap_or_default()).map(Json::Number)
    }
}

/// What is wrong with a part of a text, whose place in the whole is another.
fn without_place(error: &serde_json::Error) -> String {
    let message = error.to_string();
    message.split_once(" at line ").map(|(reason, _)| reason.to_owned()).unwrap_or(message)
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Of a number serde tells no digits, so they are taken from the text.
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Reader { text: raw.get(), at: 0 }.value(0).map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Record {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Record;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Record, A::Error> {
                let mut members = Members::default();
                while let Some((key, value)) = map.next_entry::<String, Json>()? {
                    members.add(key, value).map_err(A::Error::custom)?;
                }
                Ok(members.record)
            }
        }
        deserializer.deserialize_map(Entries)
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
        let text = if f.alternate() { serde_json::to_string_pretty(self) } else { serde_json::to_string(self) };
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
