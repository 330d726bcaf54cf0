//! Cursors: the order of a page and the sort values of its last record, as text that a client gives back.
//!
//! A cursor is a client's input like any other when it comes back.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value as Json, json};

use crate::{
    query::Order,
    spec::{Domain, Type},
    validate::scalar,
    value::Value,
};

/// A date of zero in a cursor. MariaDB may hold one; on the wire it is null, but it does not sort as null does.
pub const ZERO_DATE: &str = "0000-00-00";

/// The cursor of the page after the record with these sort values; `None` without a total order.
#[must_use]
pub fn encode(domain: &Domain, sort: &[Order], last: Vec<Value>) -> Option<String> {
    if domain.key.is_empty() {
        return None;
    }
    let values: Vec<Json> = last.iter().map(to_json).collect();
    let json = serde_json::to_vec(&(order_text(domain, sort), values)).ok()?;
    Some(URL_SAFE_NO_PAD.encode(json))
}

/// The sort values in a cursor; `None` where it is none of this order.
#[must_use]
pub fn decode(domain: &'static Domain, sort: &[Order], cursor: &str) -> Option<Vec<Value>> {
    let json = URL_SAFE_NO_PAD.decode(cursor).ok()?;
    let (order, values): (String, Vec<Json>) = serde_json::from_slice(&json).ok()?;
    if order != order_text(domain, sort) || values.len() != sort.len() {
        return None;
    }
    let parsed = sort.iter().zip(&values).map(|(order, json)| match json {
        Json::Null => Some(Value::Null),
        Json::Object(members) => match members.get(BYTES) {
            Some(Json::String(text)) if members.len() == 1 => text.parse().ok().map(Value::Bytes),
            _ => None,
        },
        json => cursor_value(&domain.fields[order.field].ty, json),
    });
    parsed.collect()
}

/// The order as a client would write it: a cursor is good for one order only.
fn order_text(domain: &Domain, sort: &[Order]) -> String {
    let names = sort.iter().map(|order| {
        format!("{}{}", if order.descending { "-" } else { "" }, domain.fields[order.field].name)
    });
    names.collect::<Vec<_>>().join(",")
}

/// The name of what is not of its field's type: what an engine stores, in a form that its adapter knows.
const BYTES: &str = "bytes";

/// A value in its wire form.
fn to_json(value: &Value) -> Json {
    match value {
        Value::Bytes(bytes) => json!({ BYTES: bytes }),
        value => json!(value),
    }
}

/// A value in a cursor: one that is stored, also where it is not what the template would let in.
fn cursor_value(ty: &Type, json: &Json) -> Option<Value> {
    match ty {
        Type::Enum { .. } | Type::String { .. } => json.as_str().map(|text| Value::Text(text.to_owned())),
        Type::Date | Type::DateTime if json == ZERO_DATE => Some(Value::Text(ZERO_DATE.to_owned())),
        ty => scalar::operand(ty, json).ok(),
    }
}
