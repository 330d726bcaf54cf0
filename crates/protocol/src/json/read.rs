//! From a text to JSON.

use std::{collections::HashSet, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{Error as _, MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{Json, Number, Record};
use crate::shown;

/// An object that is being parsed.
#[derive(Default)]
struct Members {
    record: Record,
    /// The keys, if there are more than [`FEW`].
    keys: HashSet<String>,
}

/// Up to this number, keys are compared one by one.
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

/// Parses a text that serde has checked: it is known to be JSON, except for the values of its escapes.
struct Reader<'a> {
    text: &'a str,
    at: usize,
}

/// How deep arrays and objects may be nested: the limit of `serde_json`.
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

    /// Skips the space between values.
    fn skip_between(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r' | b',' | b':')) {
            self.at += 1;
        }
    }

    fn word(&mut self, word: &str, value: Json) -> Json {
        self.at += word.len();
        value
    }

    /// Whether this bracket ends the values.
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
        let rest = self.text.get(start + 1..).unwrap_or_default();
        let mut length = 0;
        while let Some(at) = rest.get(length..).and_then(|rest| rest.find('"')) {
            length += at;
            let before = rest.as_bytes().get(..length).unwrap_or_default();
            // An odd number of backslashes escapes the quote.
            if before.iter().rev().take_while(|byte| **byte == b'\\').count().is_multiple_of(2) {
                break;
            }
            length += 1;
        }
        let inner = rest.get(..length).unwrap_or_default();
        self.at = start + length + 2;
        if inner.contains('\\') {
            let quoted = self.text.get(start..self.at).unwrap_or_default();
            return serde_json::from_str(quoted).map_err(|error| without_place(&error));
        }
        Ok(inner.to_owned())
    }

    fn number(&mut self) -> Result<Json, String> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E')) {
            self.at += 1;
        }
        Number::read(self.text.get(start..self.at).unwrap_or_default()).map(Json::Number)
    }
}

/// The error of a part of a text, without its place: that refers to the part, not to the whole.
fn without_place(error: &serde_json::Error) -> String {
    let message = error.to_string();
    message.split_once(" at line ").map(|(reason, _)| reason.to_owned()).unwrap_or(message)
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // serde does not give the digits of a number, so they are taken from the text.
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
