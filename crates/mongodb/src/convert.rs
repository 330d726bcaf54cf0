//! Values to BSON; `shown` is the way back.
//!
//! A `uuid` is a Binary of subtype 4, a `decimal` a Decimal128, a `datetime` a date (whole milliseconds), a
//! `date` or `time` a string; lists, objects and JSON are native.

use beds_core::{
    spec::{Field, Generated, Type},
    value::Value,
};
use beds_protocol::value::DateTime;
use mongodb::bson::{
    self, Binary, Bson, Decimal128, Document, RawBsonRef, oid::ObjectId, spec::BinarySubtype,
};
use serde_json::Value as Json;

use crate::shown::number;

/// A value as BSON; an error is what is wrong with it, as the end of the sentence "the field …".
pub(crate) fn to_bson(value: &Value) -> Result<Bson, String> {
    Ok(match value {
        Value::Null => Bson::Null,
        Value::Bool(value) => Bson::Boolean(*value),
        Value::Int(value) => Bson::Int64(*value),
        Value::UInt(value) => Bson::Int64(
            i64::try_from(*value).map_err(|_| "exceeds the largest integer of MongoDB".to_owned())?,
        ),
        Value::Float(value) => Bson::Double(*value),
        Value::Decimal(value) => Bson::Decimal128(
            decimal128(value.as_str())
                .ok_or_else(|| "has more than the 34 digits of a Decimal128".to_owned())?,
        ),
        Value::Text(value) => Bson::String(value.clone()),
        Value::Bytes(value) => binary(BinarySubtype::Generic, value.0.clone()),
        Value::Uuid(value) => binary(BinarySubtype::Uuid, value.as_bytes().to_vec()),
        Value::Date(value) => Bson::String(value.to_string()),
        Value::Time(value) => Bson::String(value.to_string()),
        Value::DateTime(value) => Bson::DateTime(bson::DateTime::from_millis(unix_ms(*value))),
        Value::Json(value) => match unkept(value) {
            Some(what) => return Err(format!("has {what}, which MongoDB cannot store")),
            None => json_to_bson(value),
        },
        Value::ObjectId(value) => Bson::ObjectId(ObjectId::from_bytes(*value)),
        Value::List(values) => Bson::Array(values.iter().map(to_bson).collect::<Result<_, _>>()?),
        Value::Object(members) => {
            let mut document = Document::new();
            for (field, value) in members {
                document.insert(field.column, to_bson(value)?);
            }
            Bson::Document(document)
        }
    })
}

/// A decimal number; zeros at the end of a long one become its exponent, as digits are few in a Decimal128.
fn decimal128(text: &str) -> Option<Decimal128> {
    text.parse().ok().or_else(|| {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        if fraction.bytes().any(|digit| digit != b'0') {
            return text.trim_end_matches('0').parse().ok();
        }
        let digits = whole.trim_end_matches('0');
        format!("{digits}E+{}", whole.len() - digits.len()).parse().ok()
    })
}

fn binary(subtype: BinarySubtype, bytes: Vec<u8>) -> Bson {
    Bson::Binary(Binary { subtype, bytes })
}

/// Whole milliseconds, rounded down: before 1970 too.
fn unix_ms(value: DateTime) -> i64 {
    i64::try_from(value.0.unix_timestamp_nanos().div_euclid(1_000_000)).unwrap_or_default()
}

/// Whether no date of MongoDB is this moment: it has a fraction of a millisecond.
pub(crate) fn is_between_dates(value: &Value) -> bool {
    matches!(value, Value::DateTime(DateTime(moment)) if moment.nanosecond() % 1_000_000 != 0)
}

/// The value that the database will give back. An `ObjectId` that the database is to generate is generated here, as
/// every driver does, so that the reply can tell it.
pub(crate) fn stored(value: Value, field: &Field) -> Value {
    match (value, &field.ty, field.generated) {
        (Value::Null, Type::ObjectId, Some(Generated::Database)) => Value::ObjectId(ObjectId::new().bytes()),
        (value, ..) => kept(value),
    }
}

/// The value with what MongoDB keeps of it: whole milliseconds, and of a long decimal number no zeros at its end.
fn kept(value: Value) -> Value {
    match value {
        Value::Decimal(decimal) => {
            let stored = decimal.as_str().parse().ok().map(RawBsonRef::Decimal128);
            Value::Decimal(stored.and_then(number::decimal).unwrap_or(decimal))
        }
        Value::DateTime(DateTime(moment)) => {
            let stored = moment.replace_nanosecond(u32::from(moment.millisecond()) * 1_000_000);
            Value::DateTime(DateTime(stored.unwrap_or(moment)))
        }
        Value::List(items) => Value::List(items.into_iter().map(kept).collect()),
        Value::Object(members) => {
            let members = members.into_iter().map(|(field, value)| (field, kept(value)));
            Value::Object(members.collect())
        }
        other => other,
    }
}

/// What BSON has no room for, in JSON of any shape.
fn unkept(json: &Json) -> Option<&'static str> {
    match json {
        Json::Object(members) if members.keys().any(|name| name.contains('\0')) => {
            Some("a member with a NUL character in its name")
        }
        Json::Object(members) => members.values().find_map(unkept),
        Json::Array(items) => items.iter().find_map(unkept),
        Json::Number(number) if number.is_u64() && !number.is_i64() => Some("an integer above 2⁶³−1"),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => None,
    }
}

pub(crate) fn json_to_bson(json: &Json) -> Bson {
    match json {
        Json::Null => Bson::Null,
        Json::Bool(value) => Bson::Boolean(*value),
        Json::Number(number) => match number.as_i64() {
            Some(value) => Bson::Int64(value),
            None => Bson::Double(number.as_f64().unwrap_or_default()),
        },
        Json::String(value) => Bson::String(value.clone()),
        Json::Array(items) => Bson::Array(items.iter().map(json_to_bson).collect()),
        Json::Object(members) => {
            Bson::Document(members.iter().map(|(name, value)| (name.clone(), json_to_bson(value))).collect())
        }
    }
}
