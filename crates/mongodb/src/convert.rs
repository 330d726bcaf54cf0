//! Values to BSON, and BSON to values.
//!
//! A `uuid` is a Binary of subtype 4, a `decimal` a Decimal128, a `datetime` a date (whole milliseconds), a
//! `date` or `time` a string; lists, objects and JSON are native.

use beds_core::{
    spec::{Domain, Field, Generated, Type},
    value::{Value, write_name},
};
use beds_protocol::value::{Bytes, Date, DateTime};
use mongodb::bson::{
    self, Binary, Bson, Decimal128, Document, RawBsonRef, oid::ObjectId, raw::RawDocument,
    spec::BinarySubtype,
};
use serde_json::Value as Json;

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
            value
                .as_str()
                .parse::<Decimal128>()
                .map_err(|_| "has more than the 34 digits of a Decimal128".to_owned())?,
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
        (value, ..) => in_milliseconds(value),
    }
}

/// The value with the whole milliseconds that dates have.
fn in_milliseconds(value: Value) -> Value {
    match value {
        Value::DateTime(DateTime(moment)) => {
            let stored = moment.replace_nanosecond(u32::from(moment.millisecond()) * 1_000_000);
            Value::DateTime(DateTime(stored.unwrap_or(moment)))
        }
        Value::List(items) => Value::List(items.into_iter().map(in_milliseconds).collect()),
        Value::Object(members) => {
            let members = members.into_iter().map(|(field, value)| (field, in_milliseconds(value)));
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

/// Appends a document as a JSON object with these fields.
pub(crate) fn write_document(
    document: &RawDocument,
    domain: &Domain,
    fields: impl IntoIterator<Item = usize>,
    out: &mut Vec<u8>,
) -> Result<(), String> {
    out.push(b'{');
    for (position, field) in fields.into_iter().enumerate() {
        let field = &domain.fields[field];
        write_name(out, position == 0, field.name);
        field_value(document, field)?.write_json(out);
    }
    out.push(b'}');
    Ok(())
}

/// The value of a field in a document; null where it is absent.
pub(crate) fn field_value(document: &RawDocument, field: &Field) -> Result<Value, String> {
    match document.get(field.column) {
        Ok(Some(bson)) => typed(bson, &field.ty).map_err(|reason| format!("`{}` {reason}", field.column)),
        Ok(None) => Ok(Value::Null),
        Err(error) => Err(error.to_string()),
    }
}

/// BSON as a value of the type that the template declares, or what it is instead.
pub(crate) fn typed(bson: RawBsonRef<'_>, ty: &Type) -> Result<Value, String> {
    from_bson(bson, ty)
        .ok_or_else(|| format!("has the BSON type {:?}, not `{}`", bson.element_type(), ty.name()))
}

/// BSON as a value of the type that the template declares; `None` where it is of another.
fn from_bson(bson: RawBsonRef<'_>, ty: &Type) -> Option<Value> {
    if matches!(bson, RawBsonRef::Null | RawBsonRef::Undefined) {
        return Some(Value::Null);
    }
    Some(match (ty, bson) {
        (Type::Bool, RawBsonRef::Boolean(value)) => Value::Bool(value),
        (Type::Int { .. }, bson) => Value::Int(integer(bson)?),
        (Type::UInt { .. }, bson) => Value::UInt(u64::try_from(integer(bson)?).ok()?),
        (Type::Float { .. }, RawBsonRef::Double(value)) => Value::Float(value),
        (Type::Float { .. }, RawBsonRef::Int32(value)) => Value::Float(f64::from(value)),
        (Type::Float { .. }, RawBsonRef::Int64(value)) => Value::Float(value.to_string().parse().ok()?),
        (Type::Decimal { .. }, RawBsonRef::Decimal128(value)) => {
            Value::Decimal(plain_decimal(&value.to_string())?.parse().ok()?)
        }
        (Type::Decimal { .. }, RawBsonRef::Double(value)) => Value::Decimal(value.to_string().parse().ok()?),
        (Type::Decimal { .. }, bson) => Value::Decimal(integer(bson)?.to_string().parse().ok()?),
        (Type::Uuid, RawBsonRef::Binary(binary)) => Value::Uuid(uuid::Uuid::from_slice(binary.bytes).ok()?),
        (Type::Bytes { .. }, RawBsonRef::Binary(binary)) => Value::Bytes(Bytes(binary.bytes.to_vec())),
        (Type::DateTime | Type::Date, RawBsonRef::DateTime(value)) => {
            let nanoseconds = i128::from(value.timestamp_millis()) * 1_000_000;
            let moment = time::OffsetDateTime::from_unix_timestamp_nanos(nanoseconds).ok()?;
            match ty {
                Type::Date => Value::Date(Date(moment.date())),
                _ => Value::DateTime(DateTime(moment)),
            }
        }
        (Type::ObjectId, RawBsonRef::ObjectId(value)) => Value::ObjectId(value.bytes()),
        (Type::String { .. } | Type::Text { .. } | Type::Enum { .. }, RawBsonRef::String(text)) => {
            Value::Text(text.to_owned())
        }
        (
            Type::Uuid | Type::Date | Type::Time | Type::DateTime | Type::ObjectId,
            RawBsonRef::String(text),
        ) => Value::from_text(ty, text)?,
        (Type::List { item, .. }, RawBsonRef::Array(array)) => {
            let items = array.into_iter().map(|element| from_bson(element.ok()?, &item.ty));
            Value::List(items.collect::<Option<_>>()?)
        }
        (Type::Object { fields }, RawBsonRef::Document(document)) => {
            let mut members = Vec::with_capacity(fields.len());
            for field in *fields {
                // A member that was left out stays out, as in the JSON of other engines.
                if document.get(field.column).ok()?.is_some() {
                    members.push((field, field_value(document, field).ok()?));
                }
            }
            Value::Object(members)
        }
        (Type::Json, bson) => Value::Json(bson_to_json(bson)?),
        _ => return None,
    })
}

fn integer(bson: RawBsonRef<'_>) -> Option<i64> {
    match bson {
        RawBsonRef::Int32(value) => Some(i64::from(value)),
        RawBsonRef::Int64(value) => Some(value),
        // A shell writes 5 as a double.
        RawBsonRef::Double(value) if value.fract() == 0.0 => format!("{value:.0}").parse().ok(),
        _ => None,
    }
}

/// A Decimal128 prints exponents (`1E+2`, `5E-7`), which the wire's decimals do not have.
fn plain_decimal(text: &str) -> Option<String> {
    let Some((mantissa, exponent)) = text.split_once(['E', 'e']) else { return Some(text.to_owned()) };
    let exponent: i32 = exponent.parse().ok()?;
    let (sign, mantissa) = mantissa.strip_prefix('-').map_or(("", mantissa), |rest| ("-", rest));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let point = i32::try_from(whole.len()).ok()? + exponent;
    let plain = if point <= 0 {
        format!("0.{}{digits}", "0".repeat(usize::try_from(-point).ok()?))
    } else {
        let point = usize::try_from(point).ok()?;
        if point >= digits.len() {
            format!("{digits}{}", "0".repeat(point - digits.len()))
        } else {
            format!("{}.{}", &digits[..point], &digits[point..])
        }
    };
    Some(format!("{sign}{plain}"))
}

/// Any BSON as JSON; types that JSON lacks take their wire form. `None` where there is none.
pub(crate) fn bson_to_json(bson: RawBsonRef<'_>) -> Option<Json> {
    let text = |ty: &Type| from_bson(bson, ty).and_then(|value| serde_json::to_value(value).ok());
    match bson {
        RawBsonRef::Null | RawBsonRef::Undefined => Some(Json::Null),
        RawBsonRef::Boolean(value) => Some(value.into()),
        RawBsonRef::Int32(value) => Some(value.into()),
        RawBsonRef::Int64(value) => Some(value.into()),
        RawBsonRef::Double(value) => Some(value.into()),
        RawBsonRef::String(value) | RawBsonRef::Symbol(value) => Some(value.into()),
        RawBsonRef::Decimal128(_) => text(&Type::decimal(34, 34, None, None)),
        RawBsonRef::DateTime(_) => text(&Type::DateTime),
        RawBsonRef::ObjectId(_) => text(&Type::ObjectId),
        RawBsonRef::Binary(binary) if binary.subtype == BinarySubtype::Uuid => text(&Type::Uuid),
        RawBsonRef::Binary(_) => text(&Type::bytes(u32::MAX)),
        RawBsonRef::Array(array) => {
            let items = array.into_iter().map(|element| bson_to_json(element.ok()?));
            items.collect::<Option<Vec<_>>>().map(Json::Array)
        }
        RawBsonRef::Document(document) => {
            let members = document.iter().map(|element| {
                let (name, value) = element.ok()?;
                Some((name.to_string(), bson_to_json(value)?))
            });
            members.collect::<Option<serde_json::Map<_, _>>>().map(Json::Object)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponents_become_plain_digits() {
        let cases = [
            ("12.50", "12.50"),
            ("1E+2", "100"),
            ("5E-7", "0.0000005"),
            ("-1.5E+3", "-1500"),
            ("1.234E+1", "12.34"),
            ("1.2E-1", "0.12"),
        ];
        for (text, expected) in cases {
            assert_eq!(plain_decimal(text).as_deref(), Some(expected), "{text}");
        }
    }
}
