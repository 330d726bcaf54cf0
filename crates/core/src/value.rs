//! [`Value`]: a validated value, independent of wire and engine.

use beds_protocol::{
    Json,
    value::{Bytes, Date, DateTime, Decimal, Time},
};
use serde::{Serialize, Serializer, ser::SerializeMap};
use uuid::Uuid;

use crate::spec::{Field, Literal, Type};

/// A value that its field's type allows. It serializes to its wire form.
#[derive(Debug, Clone)]
pub enum Value {
    /// No value.
    Null,
    /// A truth value.
    Bool(bool),
    /// A signed integer.
    Int(i64),
    /// An unsigned integer.
    UInt(u64),
    /// A finite number.
    Float(f64),
    /// An exact number.
    Decimal(Decimal),
    /// Text, of a string, text or enum field.
    Text(String),
    /// Bytes.
    Bytes(Bytes),
    /// A UUID.
    Uuid(Uuid),
    /// A calendar date.
    Date(Date),
    /// A time of day.
    Time(Time),
    /// A moment.
    DateTime(DateTime),
    /// Any JSON.
    Json(Json),
    /// A MongoDB `ObjectId`.
    ObjectId([u8; 12]),
    /// Several values.
    List(Vec<Value>),
    /// Members by field.
    Object(Vec<(&'static Field, Value)>),
}

impl Value {
    /// Whether it is null.
    #[must_use]
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The value of a template's literal.
    #[must_use]
    pub fn from_literal(ty: &Type, literal: Literal) -> Option<Self> {
        Some(match (ty, literal) {
            (Type::Bool, Literal::Bool(value)) => Self::Bool(value),
            (Type::Int { .. }, Literal::Int(value)) => Self::Int(value),
            (Type::UInt { .. }, Literal::Int(value)) => Self::UInt(u64::try_from(value).ok()?),
            (Type::Float { .. }, Literal::Float(value)) => Self::Float(value),
            (_, Literal::Text(text)) => Self::from_text(ty, text)?,
            _ => return None,
        })
    }

    /// The value of a wire string; `None` if the type has no strings or the text is invalid.
    #[must_use]
    pub fn from_text(ty: &Type, text: &str) -> Option<Self> {
        Some(match ty {
            Type::Decimal { scale, .. } => {
                Self::Decimal(text.parse::<Decimal>().ok()?.canonical((*scale).into()))
            }
            Type::String { .. } | Type::Text { .. } | Type::Enum { .. } => Self::Text(text.to_owned()),
            Type::Bytes { .. } => Self::Bytes(text.parse().ok()?),
            Type::Uuid => Self::Uuid(Uuid::try_parse(text).ok()?),
            Type::Date => Self::Date(text.parse().ok()?),
            Type::Time => Self::Time(text.parse().ok()?),
            Type::DateTime => Self::DateTime(text.parse().ok()?),
            Type::ObjectId => Self::ObjectId(object_id(text)?),
            Type::Json | Type::List { .. } | Type::Object { .. } => {
                Self::Json(serde_json::from_str(text).ok()?)
            }
            Type::Bool | Type::Int { .. } | Type::UInt { .. } | Type::Float { .. } => return None,
        })
    }

    /// Appends the wire form.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        // Writing to a Vec cannot fail, and every value has a JSON form.
        let _ = serde_json::to_writer(out, self);
    }
}

/// Appends a JSON object with these fields.
pub fn write_record<'a>(out: &mut Vec<u8>, members: impl IntoIterator<Item = (&'static str, &'a Value)>) {
    out.push(b'{');
    for (index, (name, value)) in members.into_iter().enumerate() {
        write_name(out, index == 0, name);
        value.write_json(out);
    }
    out.push(b'}');
}

/// Appends a member's name and colon, after a comma unless it is the first.
pub fn write_name(out: &mut Vec<u8>, first: bool, name: &str) {
    if !first {
        out.push(b',');
    }
    write_text(out, name);
    out.push(b':');
}

/// Appends a JSON string.
pub fn write_text(out: &mut Vec<u8>, text: &str) {
    // Writing to a Vec cannot fail.
    let _ = serde_json::to_writer(out, text);
}

fn object_id(text: &str) -> Option<[u8; 12]> {
    if text.len() != 24 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; 12];
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Int(value) => serializer.serialize_i64(*value),
            Self::UInt(value) => serializer.serialize_u64(*value),
            Self::Float(value) => serializer.serialize_f64(*value),
            Self::Decimal(value) => value.serialize(serializer),
            Self::Text(value) => serializer.serialize_str(value),
            Self::Bytes(value) => value.serialize(serializer),
            Self::Uuid(value) => value.serialize(serializer),
            Self::Date(value) => value.serialize(serializer),
            Self::Time(value) => value.serialize(serializer),
            Self::DateTime(value) => value.serialize(serializer),
            Self::Json(value) => value.serialize(serializer),
            Self::ObjectId(bytes) => {
                let mut text = String::with_capacity(24);
                for byte in bytes {
                    use std::fmt::Write as _;
                    let _ = write!(text, "{byte:02x}");
                }
                serializer.serialize_str(&text)
            }
            Self::List(values) => values.serialize(serializer),
            Self::Object(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (field, value) in members {
                    map.serialize_entry(field.name, value)?;
                }
                map.end()
            }
        }
    }
}

/// A moment in microseconds, which MariaDB keeps, so that a reply shows the stored value.
#[must_use]
pub fn microseconds(DateTime(moment): DateTime) -> DateTime {
    DateTime(moment.replace_nanosecond(moment.microsecond() * 1000).unwrap_or(moment))
}
