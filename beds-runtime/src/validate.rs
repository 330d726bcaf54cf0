//! What a client sent, against what the template says: JSON becomes [`Value`]s, or errors that name each field.
//!
//! This runs before any database is touched, and collects every error of a request.

use beds_protocol::{
    FieldError, Record,
    value::{DateTime, Decimal},
};
use serde_json::Value as Json;
use uuid::Uuid;

use crate::{
    error::shortened,
    spec::{Domain, Field, Generated, Type},
    value::Value,
};

/// Collects what is wrong with the fields of one request: a bounded number of bounded texts, since a client may have
/// sent any number of pages as names.
#[derive(Debug, Default)]
pub(crate) struct Errors {
    details: Vec<FieldError>,
    count: usize,
}

/// How many mistakes an error names; it counts all.
const DETAILS_MAX: usize = 100;
/// Of a field's path and of a reason.
const DETAIL_CHARACTERS_MAX: usize = 400;

impl Errors {
    pub(crate) fn push(&mut self, field: impl Into<String>, reason: impl Into<String>) {
        self.count += 1;
        if self.details.len() < DETAILS_MAX {
            let short = |text: String| shortened(text, DETAIL_CHARACTERS_MAX);
            self.details.push(FieldError { field: short(field.into()), reason: short(reason.into()) });
        }
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// Whether one is about this field.
    pub(crate) fn names(&self, field: &str) -> bool {
        self.details.iter().any(|detail| detail.field == field)
    }

    /// The result of a validation that gave `value`.
    pub(crate) fn or<T>(self, domain: &Domain, value: T) -> crate::core::Result<T> {
        match self.count {
            0 => Ok(value),
            count => Err(crate::error::Error::validation(domain, self.details, count)),
        }
    }
}

/// The value that JSON stands for in a field, or what is wrong with it, under `path`.
pub(crate) fn value(field: &'static Field, json: &Json, path: &str, errors: &mut Errors) -> Option<Value> {
    if json.is_null() {
        if field.nullable {
            return Some(Value::Null);
        }
        errors.push(path, "must not be null");
        return None;
    }
    match &field.ty {
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

/// The value of a member that may be left out: its default, or null where it may be.
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

/// What a field is when a client does not give it; `None` where it must.
fn absent(field: &Field) -> Option<Value> {
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
            None => Err("must be an integer of 64 bits, as a JSON number without a fraction".into()),
        },
        Type::UInt { min, max } => match json.as_u64() {
            Some(value) if value < *min => Err(format!("must be at least {min}")),
            Some(value) if value > *max => Err(format!("must be at most {max}")),
            Some(value) => Ok(Value::UInt(value)),
            None => Err("must be an integer from 0 to 18446744073709551615".into()),
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

/// A signed integer. JSON has a zero with a sign, which is read as a float.
fn integer(json: &Json) -> Option<i64> {
    json.as_i64().or_else(|| json.as_f64().filter(|value| *value == 0.0).map(|_| 0))
}

/// How deep JSON may be nested: MariaDB takes no more than 32 levels.
const JSON_DEPTH_MAX: usize = 31;

/// How many arrays and objects stand within each other. The parser bounds it at 128.
fn depth(json: &Json) -> usize {
    match json {
        Json::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Json::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
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
                Some(pattern) if !pattern.matches(text) => Err(format!("must match {}", pattern.source())),
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
        Type::Bytes { max } => match text.parse::<beds_protocol::value::Bytes>() {
            Ok(bytes) if bytes.0.len() > *max as usize => Err(format!("must be at most {max} bytes long")),
            Ok(bytes) => Ok(Value::Bytes(bytes)),
            Err(error) => Err(error.to_string()),
        },
        // Only the hyphenated form: one value has one spelling, so that it compares as text too.
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

fn parse_error(error: &beds_protocol::value::ParseValueError) -> String {
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
    let value: Decimal =
        text.parse().map_err(|error: beds_protocol::value::ParseValueError| error.to_string())?;
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
    // One value has one spelling, so that a reply shows what the database will give back.
    Ok(value.canonical(scale.into()))
}

/// The values of a new record, one a field of the domain, in its order.
pub(crate) fn new_record(
    domain: &'static Domain,
    record: &Record,
    path: &str,
    errors: &mut Errors,
) -> Vec<Value> {
    unknown_fields(domain, record, path, errors);
    let mut values = Vec::with_capacity(domain.fields.len());
    for (index, field) in domain.fields.iter().enumerate() {
        let given = record.get(field.name);
        let path = || format!("{path}{}", field.name);
        let value = match (given, field.generated) {
            (Some(_), Some(_)) => {
                errors.push(path(), "is generated: leave it out");
                Value::Null
            }
            (Some(_), None) if domain.version == Some(index) => {
                errors.push(path(), "counts the changes of a record: leave it out");
                Value::Null
            }
            (Some(json), None) => value(field, json, &path(), errors).unwrap_or(Value::Null),
            (None, Some(generated)) => generate(generated),
            // A record begins at version 1; every change counts one up.
            (None, None) if domain.version == Some(index) => Value::Int(1),
            (None, None) => absent(field).unwrap_or_else(|| {
                errors.push(path(), "is required");
                Value::Null
            }),
        };
        values.push(value);
    }
    values
}

/// A value that the node generates; null where the database does.
pub(crate) fn generate(generated: Generated) -> Value {
    match generated {
        Generated::UuidV4 => Value::Uuid(Uuid::new_v4()),
        Generated::UuidV7 => Value::Uuid(Uuid::now_v7()),
        Generated::Now => Value::DateTime(microseconds(DateTime::now())),
        Generated::Database => Value::Null,
    }
}

/// A moment in the microseconds that MariaDB keeps, so that a reply shows what is stored.
fn microseconds(DateTime(moment): DateTime) -> DateTime {
    DateTime(moment.replace_nanosecond(moment.microsecond() * 1000).unwrap_or(moment))
}

/// The changes that an update makes, by field index.
pub(crate) fn changes(domain: &'static Domain, record: &Record, errors: &mut Errors) -> Vec<(usize, Value)> {
    unknown_fields(domain, record, "", errors);
    if record.0.is_empty() {
        errors.push("data", "must name at least one field to change");
    }
    let mut changes = Vec::with_capacity(record.0.len());
    for (name, json) in &record.0 {
        let Some((index, field)) = domain.field(name) else { continue };
        let path = name.clone();
        if domain.key.contains(&index) {
            errors.push(path, "is part of the key and cannot be changed");
        } else if domain.version == Some(index) {
            errors.push(path, "counts the changes of a record: send it as `if_version`");
        } else if field.generated.is_some() {
            errors.push(path, "is generated: leave it out");
        } else if field.immutable {
            errors.push(path, "cannot be changed");
        } else if let Some(value) = value(field, json, &path, errors) {
            changes.push((index, value));
        }
    }
    changes
}

fn unknown_fields(domain: &'static Domain, record: &Record, path: &str, errors: &mut Errors) {
    for (name, _) in &record.0 {
        if domain.field(name).is_none() {
            errors.push(format!("{path}{name}"), format!("is not a field of `{}`", domain.name));
        }
    }
}

/// The values of a key, in the key's order.
pub(crate) fn key(domain: &'static Domain, json: &Json, errors: &mut Errors) -> Vec<Value> {
    let part = |index: usize, json: &Json, path: &str, errors: &mut Errors| {
        value(&domain.fields[index], json, path, errors).unwrap_or(Value::Null)
    };
    match domain.key {
        [] => {
            errors.push("key", format!("cannot be used: `{}` has no key", domain.name));
            Vec::new()
        }
        [index] => match json {
            // A key of one field may be written as an object too, so that generic clients need no special case.
            Json::Object(members) if members.contains_key(domain.fields[*index].name) => {
                let name = domain.fields[*index].name;
                for other in members.keys().filter(|other| *other != name) {
                    errors.push(format!("key.{other}"), format!("is not part of the key: {name}"));
                }
                vec![part(*index, &members[name], "key", errors)]
            }
            _ => vec![part(*index, json, "key", errors)],
        },
        several => {
            let names = || several.iter().map(|&i| domain.fields[i].name).collect::<Vec<_>>().join(", ");
            let Json::Object(members) = json else {
                errors.push("key", format!("must be an object with {}", names()));
                return Vec::new();
            };
            for name in members.keys() {
                if !several.iter().any(|&i| domain.fields[i].name == name) {
                    errors.push(format!("key.{name}"), format!("is not part of the key: {}", names()));
                }
            }
            let mut values = Vec::with_capacity(several.len());
            for &index in several {
                let name = domain.fields[index].name;
                match members.get(name) {
                    Some(json) => values.push(part(index, json, &format!("key.{name}"), errors)),
                    None => errors.push(format!("key.{name}"), "is required"),
                }
            }
            values
        }
    }
}

/// Refuses `if_version` where the template has no version field.
pub(crate) fn if_version(domain: &Domain, if_version: Option<i64>, errors: &mut Errors) {
    if if_version.is_some() && domain.version.is_none() {
        errors.push("if_version", format!("cannot be used: `{}` has no version field", domain.name));
    }
}
