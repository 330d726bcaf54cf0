//! The value of one field, with its type's bounds.

use beds_protocol::{
    Json, Record,
    value::{Bytes, Decimal, ParseValueError},
};
use uuid::Uuid;

use super::Errors;
use crate::{
    spec::{Field, Type},
    value::{Value, microseconds},
};

/// The value of JSON in a field. Mistakes are added under `path`.
pub(crate) fn value(field: &'static Field, json: &Json, path: &str, errors: &mut Errors) -> Option<Value> {
    if json.is_null() {
        if field.nullable {
            return Some(Value::Null);
        }
        errors.push(path, "must not be null");
        return None;
    }
    of_type(&field.ty, json, path, errors)
}

/// The value of JSON that is not null. Mistakes are added under `path`.
pub(crate) fn of_type(ty: &'static Type, json: &Json, path: &str, errors: &mut Errors) -> Option<Value> {
    match ty {
        Type::List { item, max } => list(item, *max, json, path, errors),
        Type::Object { fields } => object(fields, json, path, errors),
        ty => match scalar(ty, json) {
            Ok(value) => Some(value),
            Err(reason) => {
                errors.push(path, reason);
                None
            }
        },
    }
}

fn list(item: &'static Field, max: u32, json: &Json, path: &str, errors: &mut Errors) -> Option<Value> {
    let Json::Array(items) = json else {
        errors.push(path, "must be an array");
        return None;
    };
    if items.len() > max as usize {
        errors.push(path, format!("must have at most {max} items, not {}", items.len()));
        return None;
    }
    let values: Vec<Option<Value>> = items
        .iter()
        .enumerate()
        .map(|(i, json)| value(item, json, &format!("{path}[{i}]"), errors))
        .collect();
    values.into_iter().collect::<Option<Vec<_>>>().map(Value::List)
}

fn object(fields: &'static [Field], json: &Json, path: &str, errors: &mut Errors) -> Option<Value> {
    let Json::Object(members) = json else {
        errors.push(path, "must be an object");
        return None;
    };
    let before = errors.count();
    for name in members.keys() {
        if !fields.iter().any(|field| field.name == name) {
            errors.push(format!("{path}.{name}"), "is not a member of this object");
        }
    }
    let mut values = Vec::with_capacity(fields.len());
    for field in fields {
        let path = format!("{path}.{}", field.name);
        let given = members.get(field.name);
        match member(field, given, &path, errors) {
            // A member that is left out stays out.
            Some(Value::Null) if given.is_none() => {}
            Some(value) => values.push((field, value)),
            None => {}
        }
    }
    (errors.count() == before).then_some(Value::Object(values))
}

/// The value of a member that is left out: its default, or null if it may be left out.
pub(crate) fn member(
    field: &'static Field,
    given: Option<&Json>,
    path: &str,
    errors: &mut Errors,
) -> Option<Value> {
    match given {
        Some(json) => value(field, json, path, errors),
        None => absent(field).or_else(|| {
            errors.push(path, "is required");
            None
        }),
    }
}

/// The value of a field that a client leaves out; `None` if it must be given.
pub(crate) fn absent(field: &Field) -> Option<Value> {
    match field.default {
        Some(literal) => Value::from_literal(&field.ty, literal),
        None if field.required => None,
        None => field.nullable.then_some(Value::Null),
    }
}

/// The value of a type without parts, or the end of the sentence "the field …".
pub(crate) fn scalar(ty: &Type, json: &Json) -> Result<Value, String> {
    match ty {
        Type::Bool => json.as_bool().map(Value::Bool).ok_or_else(|| "must be true or false".into()),
        Type::Int { min, max } => match integer(json) {
            Some(value) if value < *min => Err(format!("must be at least {min}")),
            Some(value) if value > *max => Err(format!("must be at most {max}")),
            Some(value) => Ok(Value::Int(value)),
            None => Err("must be a 64-bit integer, a JSON number without a fraction".into()),
        },
        Type::UInt { min, max } => match json.as_u64().or_else(|| is_negative_zero(json).then_some(0)) {
            Some(value) if value < *min => Err(format!("must be at least {min}")),
            Some(value) if value > *max => Err(format!("must be at most {max}")),
            Some(value) => Ok(Value::UInt(value)),
            None => Err(format!("must be an integer from {min} to {max}")),
        },
        Type::Float { min, max } => match json.as_f64() {
            Some(value) if value < *min => Err(format!("must be at least {min}")),
            Some(value) if value > *max => Err(format!("must be at most {max}")),
            Some(value) => Ok(Value::Float(value)),
            None => Err("must be a number".into()),
        },
        Type::Json if depth(json) > JSON_DEPTH_MAX => {
            Err(format!("must not be nested deeper than {JSON_DEPTH_MAX} levels"))
        }
        Type::Json => Ok(Value::Json(json.clone())),
        Type::List { .. } | Type::Object { .. } => Err("cannot be used here".into()),
        _ => match json {
            Json::String(text) => text_value(ty, text),
            _ => Err(format!("must be a string{}", example(ty))),
        },
    }
}

fn integer(json: &Json) -> Option<i64> {
    json.as_i64().or_else(|| is_negative_zero(json).then_some(0))
}

/// JSON has a negative zero, which is read as a float.
fn is_negative_zero(json: &Json) -> bool {
    json.as_f64().is_some_and(|value| value == 0.0 && value.is_sign_negative())
}

/// How deep JSON may be nested: MariaDB takes no more than 32 levels.
const JSON_DEPTH_MAX: usize = 31;

/// How deeply arrays and objects are nested. The parser's limit is 128.
fn depth(json: &Json) -> usize {
    match json {
        Json::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Json::Object(Record(members)) => 1 + members.iter().map(|(_, value)| depth(value)).max().unwrap_or(0),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => 0,
    }
}

fn example(ty: &Type) -> &'static str {
    match ty {
        Type::Decimal { .. } => " with a decimal number, such as \"12.50\"",
        Type::Date => ", such as \"2026-01-31\"",
        Type::Time => ", such as \"08:30:00\"",
        Type::DateTime => ", such as \"2026-01-31T08:30:00Z\"",
        Type::Bytes { .. } => " with base64",
        Type::Uuid => " with a UUID",
        _ => "",
    }
}

fn text_value(ty: &Type, text: &str) -> Result<Value, String> {
    match ty {
        Type::Decimal { precision, scale, min, max } => {
            decimal(text, *precision, *scale, *min, *max).map(Value::Decimal)
        }
        Type::String { min, max, pattern } => {
            length(text, *min, *max)?;
            match pattern {
                Some(pattern) if !pattern.matches(text) => {
                    Err(format!("must match the pattern {}", pattern.source()))
                }
                _ => Ok(Value::Text(text.to_owned())),
            }
        }
        Type::Text { min, max } => length(text, *min, *max).map(|()| Value::Text(text.to_owned())),
        Type::Enum { values } => {
            if values.contains(&text) {
                return Ok(Value::Text(text.to_owned()));
            }
            let shown = values.iter().take(12).map(|value| format!("\"{value}\"")).collect::<Vec<_>>();
            let more = if values.len() > 12 { ", …" } else { "" };
            Err(format!("must be one of {}{more}", shown.join(", ")))
        }
        Type::Bytes { max } => match text.parse::<Bytes>() {
            Ok(bytes) if bytes.0.len() > *max as usize => Err(format!("must be at most {max} bytes long")),
            Ok(bytes) => Ok(Value::Bytes(bytes)),
            Err(error) => Err(error.to_string()),
        },
        // Only the hyphenated form is accepted: one value has one spelling, so that it also compares as text.
        Type::Uuid => match Uuid::try_parse(text) {
            Ok(uuid) if text.len() == 36 => Ok(Value::Uuid(uuid)),
            _ => Err("must be a UUID such as \"018f2b6e-0000-7000-8000-000000000000\"".into()),
        },
        Type::Date => text.parse().map(Value::Date).map_err(|error| parse_error(&error)),
        Type::Time => text.parse().map(Value::Time).map_err(|error| parse_error(&error)),
        Type::DateTime => text
            .parse()
            .map(|value| Value::DateTime(microseconds(value)))
            .map_err(|error| parse_error(&error)),
        Type::ObjectId => {
            Value::from_text(ty, text).ok_or_else(|| "must be 24 hexadecimal digits".to_owned())
        }
        Type::Bool
        | Type::Int { .. }
        | Type::UInt { .. }
        | Type::Float { .. }
        | Type::Json
        | Type::List { .. }
        | Type::Object { .. } => Err("must not be a string".into()),
    }
}

fn parse_error(error: &ParseValueError) -> String {
    error.to_string()
}

fn length(text: &str, min: u32, max: u32) -> Result<(), String> {
    let length = text.chars().count();
    if length < min as usize {
        Err(format!("must be at least {min} characters long"))
    } else if length > max as usize {
        Err(format!("must be at most {max} characters long, not {length}"))
    } else {
        Ok(())
    }
}

fn decimal(
    text: &str,
    precision: u8,
    scale: u8,
    min: Option<&str>,
    max: Option<&str>,
) -> Result<Decimal, String> {
    let value: Decimal = text.parse().map_err(|error: ParseValueError| error.to_string())?;
    let (whole, fraction) = value.digits();
    if fraction > scale as usize {
        return Err(format!("must have at most {scale} digits after the point"));
    }
    let whole_max = usize::from(precision.saturating_sub(scale));
    if whole > whole_max {
        return Err(format!("must have at most {whole_max} digits before the point"));
    }
    let bound = |bound: Option<&str>| bound.and_then(|bound| bound.parse::<Decimal>().ok());
    if let Some(min) = bound(min).filter(|min| value < *min) {
        return Err(format!("must be at least {min}"));
    }
    if let Some(max) = bound(max).filter(|max| value > *max) {
        return Err(format!("must be at most {max}"));
    }
    // One value has one spelling, so that a reply shows what the database will return.
    Ok(value.canonical(scale.into()))
}

/// The digits of a decimal in a comparison: as many as any database has.
const DIGITS_MAX: usize = 65;

/// A value for a comparison. Bounds, lengths and patterns of a template apply to stored values, not to search values: a
/// database may hold others, and a value that a reply shows must be found. Only the type counts.
pub(crate) fn operand(ty: &Type, json: &Json) -> Result<Value, String> {
    match (ty, json) {
        (Type::Int { .. }, _) => scalar(&Type::INT, json),
        (Type::UInt { .. }, _) => scalar(&Type::uint(0, u64::MAX), json),
        (Type::Float { .. }, _) => scalar(&Type::FLOAT, json),
        (Type::Bytes { .. }, _) => scalar(&Type::bytes(u32::MAX), json),
        (Type::Decimal { scale, .. }, Json::String(text)) => long_decimal(text, *scale).map(Value::Decimal),
        (Type::String { .. } | Type::Text { .. } | Type::Enum { .. }, Json::String(text)) => {
            Ok(Value::Text(text.clone()))
        }
        (ty, json) => scalar(ty, json),
    }
}

fn long_decimal(text: &str, scale: u8) -> Result<Decimal, String> {
    let value: Decimal = text.parse().map_err(|error| parse_error(&error))?;
    let (whole, fraction) = value.digits();
    if whole + fraction > DIGITS_MAX {
        return Err(format!("must have at most {DIGITS_MAX} digits"));
    }
    // No more zeros than the digits have room for.
    Ok(value.canonical(usize::from(scale).min(DIGITS_MAX - whole)))
}
