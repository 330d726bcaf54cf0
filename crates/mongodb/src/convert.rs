//! Values to BSON. `shown` is the way back.
//!
//! A `uuid` is a Binary of subtype 4, a `decimal` a Decimal128, a `datetime` a date (whole milliseconds), a
//! `date` or `time` a string; lists, objects and JSON are native.

use std::fmt::Display;

use beds_core::{
    spec::{Field, Generated, Type},
    validate::Errors,
    value::Value,
};
use beds_protocol::{Json, Record, json::Number, value::DateTime};
use mongodb::bson::{
    self, Binary, Bson, Decimal128, Document, RawBsonRef, oid::ObjectId, spec::BinarySubtype,
};

use crate::shown::number;

/// Why MongoDB cannot store a value, or the part of it with this path.
#[derive(Debug)]
pub(crate) struct Unkept {
    path: String,
    reason: &'static str,
}

impl Unkept {
    const fn new(reason: &'static str) -> Self {
        Self { path: String::new(), reason }
    }

    /// The same of a value that has this value as a part.
    fn within(self, part: impl Display) -> Self {
        Self { path: format!("{part}{}", self.path), ..self }
    }

    /// Reports this for the value of a field.
    pub(crate) fn tell(self, field: &str, errors: &mut Errors) {
        errors.push(format!("{field}{}", self.path), self.reason);
    }
}

/// A Decimal128 would hold more numbers, but is shown as a string, as decimals are.
const INEXACT: &str = "is a number that MongoDB cannot store exactly, neither as a 64-bit integer nor as a double: \
    send fewer digits, or a string";
const NUL_IN_NAME: &str = "has a member with a NUL character in its name, which MongoDB cannot store";

/// A value as BSON.
pub(crate) fn to_bson(value: &Value) -> Result<Bson, Unkept> {
    Ok(match value {
        Value::Null => Bson::Null,
        Value::Bool(value) => Bson::Boolean(*value),
        Value::Int(value) => Bson::Int64(*value),
        Value::UInt(value) => Bson::Int64(
            i64::try_from(*value).map_err(|_| Unkept::new("exceeds the largest integer of MongoDB"))?,
        ),
        Value::Float(value) => Bson::Double(*value),
        Value::Decimal(value) => Bson::Decimal128(
            decimal128(value.as_str()).ok_or(Unkept::new("has more than the 34 digits of a Decimal128"))?,
        ),
        Value::Text(value) => Bson::String(value.clone()),
        Value::Bytes(value) => binary(BinarySubtype::Generic, value.0.clone()),
        Value::Uuid(value) => binary(BinarySubtype::Uuid, value.as_bytes().to_vec()),
        Value::Date(value) => Bson::String(value.to_string()),
        Value::Time(value) => Bson::String(value.to_string()),
        Value::DateTime(value) => Bson::DateTime(bson::DateTime::from_millis(unix_ms(*value))),
        Value::Json(value) => json_to_bson(value)?,
        Value::ObjectId(value) => Bson::ObjectId(ObjectId::from_bytes(*value)),
        Value::List(values) => array(values, to_bson)?,
        Value::Object(members) => {
            let mut document = Document::new();
            for (field, value) in members {
                let bson = to_bson(value).map_err(|unkept| unkept.within(format_args!(".{}", field.name)))?;
                document.insert(field.column, bson);
            }
            Bson::Document(document)
        }
    })
}

/// JSON as BSON.
pub(crate) fn json_to_bson(json: &Json) -> Result<Bson, Unkept> {
    Ok(match json {
        Json::Null => Bson::Null,
        Json::Bool(value) => Bson::Boolean(*value),
        Json::Number(number) => match number.as_i64() {
            Some(value) => Bson::Int64(value),
            None => Bson::Double(number.as_exact_f64().ok_or(Unkept::new(INEXACT))?),
        },
        Json::String(value) => Bson::String(value.clone()),
        Json::Array(items) => array(items, json_to_bson)?,
        Json::Object(Record(members)) => {
            let mut document = Document::new();
            for (name, value) in members {
                if name.contains('\0') {
                    return Err(Unkept::new(NUL_IN_NAME));
                }
                let bson = json_to_bson(value).map_err(|unkept| unkept.within(format_args!(".{name}")))?;
                document.insert(name, bson);
            }
            Bson::Document(document)
        }
    })
}

fn array<T>(items: &[T], to_bson: impl Fn(&T) -> Result<Bson, Unkept>) -> Result<Bson, Unkept> {
    let items = items
        .iter()
        .enumerate()
        .map(|(index, item)| to_bson(item).map_err(|unkept| unkept.within(format_args!("[{index}]"))));
    items.collect::<Result<_, _>>().map(Bson::Array)
}

/// A decimal number. Trailing zeros of a long one become its exponent, as a Decimal128 has few digits.
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

/// Whole milliseconds, rounded down, also before 1970.
fn unix_ms(value: DateTime) -> i64 {
    i64::try_from(value.0.unix_timestamp_nanos().div_euclid(1_000_000)).unwrap_or_default()
}

/// Whether no date of MongoDB equals this moment, since it has a fraction of a millisecond.
pub(crate) fn is_between_dates(value: &Value) -> bool {
    matches!(value, Value::DateTime(DateTime(moment)) if moment.nanosecond() % 1_000_000 != 0)
}

/// The value that the database will return. An `ObjectId` that the database is to generate is generated here, as every
/// driver does, so that the reply can show it.
pub(crate) fn stored(value: Value, field: &Field) -> Value {
    match (value, &field.ty, field.generated) {
        (Value::Null, Type::ObjectId, Some(Generated::Database)) => Value::ObjectId(ObjectId::new().bytes()),
        (value, ..) => kept(value),
    }
}

/// The part of the value that MongoDB keeps: whole milliseconds, a long decimal number without trailing zeros, and a
/// number in JSON as a double.
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
        Value::Json(json) => Value::Json(kept_json(json)),
        Value::List(items) => Value::List(items.into_iter().map(kept).collect()),
        Value::Object(members) => {
            let members = members.into_iter().map(|(field, value)| (field, kept(value)));
            Value::Object(members.collect())
        }
        other => other,
    }
}

fn kept_json(json: Json) -> Json {
    match json {
        Json::Number(number) if number.as_i64().is_none() => {
            let double = number.as_exact_f64().and_then(serde_json::Number::from_f64);
            Json::Number(double.map_or(number, Number::from))
        }
        Json::Array(items) => Json::Array(items.into_iter().map(kept_json).collect()),
        Json::Object(Record(members)) => {
            let members = members.into_iter().map(|(name, value)| (name, kept_json(value)));
            Json::Object(Record(members.collect()))
        }
        other => other,
    }
}
