//! Cursors: the order of a page and the sort values of its last record, as text that a client gives back.
//!
//! A cursor holds the stored values, which the template's types may be unable to express: a date of 1987-00-00, a
//! number beyond the field's bounds. When it comes back, it is input of a client like any other.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use beds_protocol::Json;
use serde_json::json;

use crate::{
    query::Order,
    spec::{Domain, Type},
    validate::scalar,
    value::Value,
};

/// The cursor of the page after the record with these sort values; `None` without a total order.
#[must_use]
pub fn encode(domain: &Domain, sort: &[Order], last: Vec<Value>) -> Option<String> {
    if domain.key.is_empty() {
        return None;
    }
    let values = sort.iter().zip(last).map(|(order, value)| to_json(&domain.fields[order.field].ty, &value));
    let json = serde_json::to_vec(&(order_text(domain, sort), values.collect::<Vec<_>>())).ok()?;
    Some(URL_SAFE_NO_PAD.encode(json))
}

/// The sort values in a cursor; `None` if it is not a cursor of this order.
#[must_use]
pub fn decode(domain: &'static Domain, sort: &[Order], cursor: &str) -> Option<Vec<Value>> {
    let json = URL_SAFE_NO_PAD.decode(cursor).ok()?;
    let (order, values): (String, Vec<Json>) = serde_json::from_slice(&json).ok()?;
    if order != order_text(domain, sort) || values.len() != sort.len() {
        return None;
    }
    let parsed =
        sort.iter().zip(&values).map(|(order, json)| from_json(&domain.fields[order.field].ty, json));
    parsed.collect()
}

/// The order as a client would write it: a cursor is valid for one order only.
fn order_text(domain: &Domain, sort: &[Order]) -> String {
    let names = sort.iter().map(|order| {
        format!("{}{}", if order.descending { "-" } else { "" }, domain.fields[order.field].name)
    });
    names.collect::<Vec<_>>().join(",")
}

/// The type names of values that do not have their field's type.
const INT: &str = "int";
const UINT: &str = "uint";
const BOOL: &str = "bool";
const FLOAT: &str = "float";
const DECIMAL: &str = "decimal";
const TEXT: &str = "text";
const BYTES: &str = "bytes";
const UUID: &str = "uuid";
const DATE: &str = "date";
const TIME: &str = "time";
const DATETIME: &str = "datetime";
const OBJECT_ID: &str = "object_id";

/// A value in its wire form. A value of another type than its field's is an object that names the type.
fn to_json(ty: &Type, value: &Value) -> serde_json::Value {
    let name = match (value, ty) {
        (Value::Null, _)
        | (Value::Int(_), Type::Int { .. })
        | (Value::UInt(_), Type::UInt { .. })
        | (Value::Bool(_), Type::Bool)
        | (Value::Float(_), Type::Float { .. })
        | (Value::Decimal(_), Type::Decimal { .. })
        | (Value::Text(_), Type::String { .. } | Type::Text { .. } | Type::Enum { .. })
        | (Value::Bytes(_), Type::Bytes { .. })
        | (Value::Uuid(_), Type::Uuid)
        | (Value::Date(_), Type::Date)
        | (Value::Time(_), Type::Time)
        | (Value::DateTime(_), Type::DateTime)
        | (Value::ObjectId(_), Type::ObjectId) => return json!(value),
        (Value::Int(_), _) => INT,
        (Value::UInt(_), _) => UINT,
        (Value::Bool(_), _) => BOOL,
        (Value::Float(_), _) => FLOAT,
        (Value::Decimal(_), _) => DECIMAL,
        (Value::Text(_), _) => TEXT,
        (Value::Bytes(_), _) => BYTES,
        (Value::Uuid(_), _) => UUID,
        (Value::Date(_), _) => DATE,
        (Value::Time(_), _) => TIME,
        (Value::DateTime(_), _) => DATETIME,
        (Value::ObjectId(_), _) => OBJECT_ID,
        // A value with parts has no place in an order.
        (Value::Json(_) | Value::List(_) | Value::Object(_), _) => return serde_json::Value::Null,
    };
    json!({ name: value })
}

/// A value in a cursor: a stored value, even if the template would not accept it.
fn from_json(ty: &Type, json: &Json) -> Option<Value> {
    if json.is_null() {
        return Some(Value::Null);
    }
    let Json::Object(members) = json else { return value(ty, json) };
    let [(name, json)] = members.0.as_slice() else { return None };
    let ty = match name.as_str() {
        INT => Type::INT,
        UINT => Type::uint(0, u64::MAX),
        BOOL => Type::Bool,
        FLOAT => Type::FLOAT,
        DECIMAL => Type::decimal(0, 0, None, None),
        TEXT => Type::text(0, u32::MAX),
        BYTES => Type::bytes(u32::MAX),
        UUID => Type::Uuid,
        DATE => Type::Date,
        TIME => Type::Time,
        DATETIME => Type::DateTime,
        OBJECT_ID => Type::ObjectId,
        _ => return None,
    };
    value(&ty, json)
}

/// A value of a type, without regard to its bounds.
fn value(ty: &Type, json: &Json) -> Option<Value> {
    match ty {
        Type::Enum { .. } | Type::String { .. } | Type::Text { .. } => {
            json.as_str().map(|text| Value::Text(text.to_owned()))
        }
        Type::Decimal { .. } => json.as_str()?.parse().ok().map(Value::Decimal),
        Type::Bytes { .. } => json.as_str()?.parse().ok().map(Value::Bytes),
        Type::Json | Type::List { .. } | Type::Object { .. } => None,
        ty => scalar::operand(ty, json).ok(),
    }
}
