//! The JSON Schema of complete request and reply bodies: the schemas of records and arguments from `propose::schema`,
//! inside the envelope of the wire. Definitions are referred to as `PREFIX.record` and so on.

use beds_protocol::ErrorCode;
use serde_json::{Map, Value, json};

use super::Kind;
use crate::{
    model::{ArgMode, Domain, Field, Returns},
    propose,
};

/// The definitions of a domain, by the name after its prefix: `record`, `create`, `call.restock.args` and so on.
pub(super) fn definitions(domain: &Domain) -> Map<String, Value> {
    match propose::schema(domain).get_mut("$defs").map(Value::take) {
        Some(Value::Object(definitions)) => definitions,
        _ => Map::new(),
    }
}

/// The body of a request; `prefix` is where definitions are.
pub(super) fn request(domain: &Domain, kind: Kind<'_>, prefix: &str) -> Value {
    let refer = |name: &str| json!({ "$ref": format!("{prefix}{name}") });
    match kind {
        Kind::Fetch => {
            let mut properties = json!({
                "where": filter(domain),
                "sort": sort(domain),
                "limit": { "type": "integer", "minimum": 1, "maximum": domain.fetch.limit_max },
                "after": { "type": "string", "description": "the `next` of an earlier reply" },
                "fields": { "type": "array", "items": { "enum": names(domain.fields.iter()) } },
                "count": { "type": "boolean" },
            });
            if !domain.key.is_empty() {
                properties["key"] = key(domain, prefix);
            }
            closed(&properties, &[])
        }
        Kind::Count => closed(&json!({ "where": filter(domain) }), &[]),
        Kind::Create => {
            let one = refer("create");
            closed(&json!({ "data": { "anyOf": [one, { "type": "array", "items": one }] } }), &["data"])
        }
        Kind::Upsert => {
            let one = refer("upsert");
            closed(&json!({ "data": { "anyOf": [one, { "type": "array", "items": one }] } }), &["data"])
        }
        Kind::Update => {
            let properties =
                json!({ "key": key(domain, prefix), "data": refer("update"), "if_version": version() });
            let one = closed(&properties, &["key", "data"]);
            or_many(one, domain, domain.bulk.update, Some(refer("update")))
        }
        Kind::Delete => {
            let one = closed(&json!({ "key": key(domain, prefix), "if_version": version() }), &["key"]);
            or_many(one, domain, domain.bulk.delete, None)
        }
        Kind::Describe => closed(&json!({}), &[]),
        Kind::Call(call) => closed(&json!({ "args": refer(&format!("call.{}.args", call.name)) }), &[]),
    }
}

/// The body of a reply that is not an error.
pub(super) fn reply(kind: Kind<'_>, prefix: &str) -> Value {
    let refer = |name: &str| json!({ "$ref": format!("{prefix}{name}") });
    let mut properties = json!({ "ok": { "const": true } });
    match kind {
        Kind::Fetch => {
            let record = refer("record");
            properties["data"] = json!({ "anyOf": [record, { "type": "array", "items": record }] });
            properties["next"] = json!({ "type": "string", "description": "cursor of the next page" });
            properties["count"] = json!({ "type": "integer", "minimum": 0 });
        }
        Kind::Count => properties["count"] = json!({ "type": "integer", "minimum": 0 }),
        // The content of the record depends on its database object.
        Kind::Create | Kind::Upsert => properties["data"] = json!({ "type": ["object", "array"] }),
        // By filter, the data is the count.
        Kind::Update | Kind::Delete => {
            properties["data"] = json!({ "type": "object" });
            properties["count"] = json!({ "type": "integer", "minimum": 0 });
        }
        Kind::Describe => properties["data"] = json!({ "type": "object" }),
        Kind::Call(call) => {
            match &call.returns {
                Returns::Nothing => {}
                Returns::AsItComes => properties["sets"] = json!({ "type": "array" }),
                Returns::Scalar(_) | Returns::Rows(_) => {
                    properties["data"] = refer(&format!("call.{}.data", call.name));
                }
            }
            if call.args.iter().any(|arg| arg.mode != ArgMode::In) {
                properties["out"] = refer(&format!("call.{}.out", call.name));
            }
        }
    }
    json!({ "type": "object", "properties": properties, "required": ["ok"] })
}

/// The body of an error reply.
pub(super) fn error() -> Value {
    let codes: Vec<&str> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
    let detail = closed(
        &json!({ "field": { "type": "string" }, "reason": { "type": "string" } }),
        &["field", "reason"],
    );
    json!({
        "type": "object",
        "properties": {
            "ok": { "const": false },
            "error": {
                "type": "object",
                "properties": {
                    "code": { "type": "string", "enum": codes },
                    "message": { "type": "string" },
                    "hint": { "type": "string" },
                    "retryable": { "type": "boolean" },
                    "details": { "type": "array", "items": detail },
                    "sqlstate": { "type": "string" },
                    "request_id": { "type": "string" },
                },
                "required": ["code", "message", "retryable"],
            },
        },
        "required": ["ok", "error"],
    })
}

fn closed(properties: &Value, required: &[&str]) -> Value {
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

/// The body of a change by key, or also by filter if the template offers that.
fn or_many(one: Value, domain: &Domain, most: Option<u32>, data: Option<Value>) -> Value {
    if most.is_none() {
        return one;
    }
    let mut filter = filter(domain);
    filter["minProperties"] = json!(1);
    let mut properties = json!({ "where": filter, "dry_run": { "type": "boolean" } });
    let mut required = vec!["where"];
    if let Some(data) = data {
        properties["data"] = data;
        required.push("data");
    }
    json!({ "oneOf": [one, closed(&properties, &required)] })
}

fn version() -> Value {
    json!({ "type": "integer", "description": "change it only while its version is this one" })
}

/// A scalar, or an object if the key has several fields.
fn key(domain: &Domain, prefix: &str) -> Value {
    let one = |name: &str| json!({ "$ref": format!("{prefix}record/properties/{name}") });
    let names = names(domain.key.iter().filter_map(|index| domain.fields.get(*index)));
    match names.as_slice() {
        [name] => one(name),
        names => {
            let properties: Map<String, Value> =
                names.iter().map(|name| ((*name).to_owned(), one(name))).collect();
            closed(&Value::Object(properties), names)
        }
    }
}

/// For each field that can be filtered, a value or an object of operators.
fn filter(domain: &Domain) -> Value {
    let fields = domain.fetch.filter.iter().chain(&domain.key).filter_map(|index| domain.fields.get(*index));
    let properties: Map<String, Value> = fields.map(|field| (field.name.clone(), json!({}))).collect();
    closed(&Value::Object(properties), &[])
}

/// The allowed orders. If there are none, only an empty list is valid: JSON Schema has no `enum` without a value.
fn sort(domain: &Domain) -> Value {
    let fields = domain.fetch.sort.iter().filter_map(|index| domain.fields.get(*index));
    let orders: Vec<String> =
        fields.flat_map(|field| [field.name.clone(), format!("-{}", field.name)]).collect();
    match orders.as_slice() {
        [] => json!({ "type": "array", "maxItems": 0 }),
        orders => json!({ "type": "array", "items": { "enum": orders } }),
    }
}

fn names<'d>(fields: impl Iterator<Item = &'d Field>) -> Vec<&'d str> {
    fields.map(|field| field.name.as_str()).collect()
}
