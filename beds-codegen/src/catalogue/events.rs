//! Events in the `AsyncAPI` document: a channel for each published operation, on the exchange `beds.events`.

use beds_protocol::topology;
use serde_json::{Map, Value, json};

use crate::model::{ArgMode, Change, Domain, Field};

/// The headers of an event.
pub(super) fn headers() -> Value {
    use topology::header;
    json!({
        "type": "object",
        "properties": {
            header::TEMPLATE_HASH: { "type": "string", "description": "the fingerprint of the template" },
            header::TRACEPARENT: { "type": "string", "description": "the W3C trace context of the request" },
        },
    })
}

/// The body of an event; `prefix` is where the domain's definitions are.
pub(super) fn payload(domain: &Domain, operation: &Change, prefix: &str) -> Value {
    let fields = |indices: &[usize]| -> Map<String, Value> {
        let fields = indices.iter().filter_map(|index| domain.fields.get(*index));
        fields.map(|field| (field.name.clone(), of_record(field, prefix))).collect()
    };
    let (key, data) = match operation {
        Change::Call(name) => {
            (json!(["object", "null"]), of_call(domain, name, fields(&domain.events.fields)))
        }
        Change::Delete => (json!("object"), Map::new()),
        Change::Create | Change::Update | Change::Upsert => (json!("object"), fields(&domain.events.fields)),
    };
    let version = match domain.version.and_then(|index| domain.fields.get(index)) {
        Some(field) => json!({ "anyOf": [of_record(field, prefix), { "type": "null" }] }),
        None => json!({ "type": "null" }),
    };
    let required = ["template", "operation", "key", "version", "at", "request_id"];
    json!({
        "type": "object",
        "required": required,
        "properties": {
            "template": { "const": domain.name.value },
            "operation": { "const": operation.name() },
            "key": { "type": key, "properties": fields(&domain.key) },
            "version": version,
            "data": { "type": "object", "properties": data },
            "cut": { "const": true, "description": "`data` is left out, since it is too long" },
            "at": { "type": "string", "format": "date-time", "description": "when the change was made" },
            "request_id": { "type": ["string", "null"], "description": "the id of the request" },
        },
    })
}

fn of_record(field: &Field, prefix: &str) -> Value {
    json!({ "$ref": format!("{prefix}record/properties/{}", field.name) })
}

/// The fields, and the data of a call whose arguments do not name the key.
fn of_call(domain: &Domain, name: &str, mut data: Map<String, Value>) -> Map<String, Value> {
    let Some(call) = domain.calls.iter().find(|call| call.name == name) else { return data };
    let is_named = |index: &usize| {
        domain.fields.get(*index).is_some_and(|key| call.args.iter().any(|arg| arg.field.name == key.name))
    };
    if domain.key.is_empty() || !domain.key.iter().all(is_named) {
        let told = call.args.iter().filter(|arg| !arg.field.sensitive);
        data = told
            .map(|arg| {
                let way = if arg.mode == ArgMode::Out { "OUT parameter" } else { "argument" };
                (arg.field.name.clone(), json!({ "description": format!("the {way} of this name") }))
            })
            .collect();
    }
    data
}
