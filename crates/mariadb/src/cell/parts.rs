//! Lists and objects, which MariaDB keeps as JSON of any shape. A part whose type differs from the template's becomes
//! null, and each such part is noted, as for MongoDB's documents.

use std::fmt::{self, Display};

use beds_core::{
    error::shortened,
    mask,
    spec::{Field, Type},
    unshown::Unshown,
    value::Value,
};
use beds_protocol::{Json, json::Number};

use super::raw;

/// How much of a text a description repeats. A note cuts it further.
const TEXT_CHARS_MAX: usize = 60;

/// A value's place, and whether a note may show the value.
#[derive(Clone, Copy)]
pub(super) struct Part<'a> {
    pub(super) place: &'a dyn Display,
    pub(super) is_hidden: bool,
}

impl<'a> Part<'a> {
    pub(super) fn of(place: &'a dyn Display, field: &Field) -> Self {
        Self { place, is_hidden: field.sensitive }
    }

    /// The parts of a hidden value are hidden too.
    fn within(self, place: &'a dyn Display, field: &Field) -> Self {
        Self { place, is_hidden: self.is_hidden || field.sensitive }
    }
}

/// The JSON as a value of this type.
pub(super) fn typed(json: Json, ty: &Type, part: Part<'_>, unshown: &mut Unshown) -> Value {
    match (ty, json) {
        (_, Json::Null) => Value::Null,
        (Type::Json, json) => Value::Json(json),
        (Type::List { item, .. }, Json::Array(elements)) => {
            let elements = elements.into_iter().enumerate().map(|(index, element)| {
                let place = format_args!("{}[{index}]", part.place);
                typed(element, &item.ty, part.within(&place, item), unshown)
            });
            Value::List(elements.collect())
        }
        (Type::Object { fields }, Json::Object(mut members)) => {
            let mut shown = Vec::with_capacity(fields.len());
            for field in *fields {
                // A member that was left out stays out.
                let Some(at) = members.0.iter().position(|(name, _)| name == field.name) else { continue };
                let (_, member) = members.0.swap_remove(at);
                let place = format_args!("{}.{}", part.place, field.name);
                shown.push((field, typed(member, &field.ty, part.within(&place, field), unshown)));
            }
            for (name, _) in &members.0 {
                unshown.add_unnamed(format_args!("{}.{name}", part.place));
            }
            Value::Object(shown)
        }
        (ty, json) => scalar(ty, &json).unwrap_or_else(|| {
            let reason = format!("is no `{}` that can be shown", ty.name());
            if part.is_hidden || mask::has_sensitive_parts(ty) {
                unshown.add_hidden(part.place, &reason);
            } else {
                unshown.add_undeclared(part.place, Described(&json), &reason);
            }
            Value::Null
        }),
    }
}

/// A value of a type without parts; `None` if the JSON is not of that type.
fn scalar(ty: &Type, json: &Json) -> Option<Value> {
    Some(match (ty, json) {
        (Type::Bool, Json::Bool(value)) => Value::Bool(*value),
        (Type::Int { .. }, Json::Number(number)) => Value::Int(integer(number)?.try_into().ok()?),
        (Type::UInt { .. }, Json::Number(number)) => Value::UInt(integer(number)?.try_into().ok()?),
        // With all its stored digits.
        (Type::Float { .. }, Json::Number(_)) => Value::Json(json.clone()),
        (Type::Decimal { .. }, Json::Number(number)) => Value::Decimal(raw::decimal(&plain(number)?).ok()?),
        (Type::Decimal { .. }, Json::String(text)) => Value::Decimal(raw::decimal(text).ok()?),
        (
            Type::String { .. }
            | Type::Text { .. }
            | Type::Enum { .. }
            | Type::Bytes { .. }
            | Type::Uuid
            | Type::Date
            | Type::Time
            | Type::DateTime
            | Type::ObjectId,
            Json::String(text),
        ) => Value::from_text(ty, text)?,
        _ => return None,
    })
}

/// A whole number, also with a fraction of zeros or an exponent.
fn integer(number: &Number) -> Option<i128> {
    let text = plain(number)?;
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    if fraction.bytes().all(|digit| digit == b'0') { whole.parse().ok() } else { None }
}

/// All digits of a number, without an exponent.
fn plain(number: &Number) -> Option<String> {
    let text = number.to_string();
    if text.contains(['e', 'E']) { Some(number.as_exact_f64()?.to_string()) } else { Some(text) }
}

/// A stored value, in words for a note.
struct Described<'j>(&'j Json);

impl Display for Described<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Json::Array(_) => f.write_str("an array"),
            Json::Object(_) => f.write_str("an object"),
            Json::String(text) => {
                let start = text.chars().take(TEXT_CHARS_MAX + 1).collect();
                write!(f, "\"{}\"", shortened(start, TEXT_CHARS_MAX).escape_debug())
            }
            json @ (Json::Null | Json::Bool(_) | Json::Number(_)) => write!(f, "{json}"),
        }
    }
}
