//! JSON Schema of the data that clients send and receive.

use serde_json::{Map, Value, json};

use crate::model::{Arg, ArgMode, Call, Domain, Field, Returns, Supply, Type};

/// The JSON Schema (draft 2020-12) of a domain: `record` as a fetch returns it, `create`, `update` and `upsert` as
/// their `data` is sent, and for each call its arguments and its result.
#[must_use]
pub fn schema(domain: &Domain) -> Value {
    let operations = domain.offered();
    let mut definitions = Map::new();
    let mut define = |name: String, schema: Value| drop(definitions.insert(name, schema));
    if !domain.fields.is_empty() {
        define("record".to_owned(), object(domain.fields.iter(), |_| true));
    }
    if operations.create {
        let fields = domain.created().into_iter();
        define("create".to_owned(), object(fields, |field| field.supply == Supply::Required));
    }
    if operations.update {
        define("update".to_owned(), object(domain.updated().into_iter(), |_| false));
    }
    if operations.upsert {
        let is_required = |field: &Field| field.is_key || field.supply == Supply::Required;
        define("upsert".to_owned(), object(domain.upserted().into_iter(), is_required));
    }
    for call in &domain.calls {
        let Call { name, returns, .. } = call;
        let given = call.told().filter(|arg| arg.mode != ArgMode::Out).map(|arg| &arg.field);
        define(format!("call.{name}.args"), object(given, |field| field.supply == Supply::Required));
        let out: Vec<&Field> =
            call.told().filter(|arg| arg.mode != ArgMode::In).map(|Arg { field, .. }| field).collect();
        if !out.is_empty() {
            define(format!("call.{name}.out"), object(out.into_iter(), |_| true));
        }
        match returns {
            Returns::Nothing | Returns::AsItComes => {}
            Returns::Scalar(scalar) => define(format!("call.{name}.data"), or_null(ty(scalar))),
            Returns::Rows(rows) => {
                let row = object(rows.iter(), |_| true);
                define(format!("call.{name}.data"), json!({ "type": "array", "items": row }));
            }
        }
    }
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": format!("beds:{}", domain.name.value),
        "title": domain.name.value,
        "$defs": definitions,
    });
    if !domain.description.is_empty() {
        schema["description"] = json!(domain.description);
    }
    schema
}

fn object<'f>(fields: impl Iterator<Item = &'f Field>, is_required: impl Fn(&Field) -> bool) -> Value {
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for field in fields {
        properties.insert(field.name.clone(), property(field));
        if is_required(field) {
            required.push(field.name.as_str());
        }
    }
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

fn property(field: &Field) -> Value {
    let mut schema = ty(&field.ty);
    if let Type::Object { fields } = &field.ty {
        schema = object(fields.iter(), |member| member.supply == Supply::Required);
    }
    if field.nullable {
        schema = or_null(schema);
    }
    if !field.description.is_empty() {
        schema["description"] = json!(field.description);
    }
    schema
}

fn or_null(mut schema: Value) -> Value {
    match schema.get_mut("type") {
        Some(one) => {
            *one = json!([one, "null"]);
            if let Some(values) = schema.get_mut("enum").and_then(Value::as_array_mut) {
                values.push(Value::Null);
            }
            schema
        }
        None => schema,
    }
}

fn ty(ty: &Type) -> Value {
    match ty {
        Type::Bool => json!({ "type": "boolean" }),
        Type::Int { min, max } => json!({ "type": "integer", "minimum": min, "maximum": max }),
        Type::UInt { min, max } => json!({ "type": "integer", "minimum": min, "maximum": max }),
        Type::Float { min, max } => json!({ "type": "number", "minimum": min, "maximum": max }),
        Type::Decimal { precision, scale, .. } => {
            let whole = u16::from(*precision) - u16::from(*scale);
            let fraction = if *scale == 0 { String::new() } else { format!("(\\.[0-9]{{1,{scale}}})?") };
            json!({ "type": "string", "pattern": format!("^-?0*[0-9]{{1,{}}}{fraction}$", whole.max(1)) })
        }
        Type::String { min, max, pattern } => {
            let mut schema = json!({ "type": "string", "minLength": min, "maxLength": max });
            if let Some(pattern) = pattern {
                schema["pattern"] = json!(format!("^(?:{pattern})$"));
            }
            schema
        }
        Type::Text { min, max } => json!({ "type": "string", "minLength": min, "maxLength": max }),
        Type::Bytes { max } => {
            // Four characters of base64 stand for three bytes.
            let characters = u64::from(*max).div_ceil(3) * 4;
            json!({ "type": "string", "contentEncoding": "base64", "maxLength": characters })
        }
        Type::Uuid => json!({ "type": "string", "format": "uuid" }),
        Type::Date => json!({ "type": "string", "format": "date" }),
        Type::Time => json!({ "type": "string", "pattern": "^[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,6})?$" }),
        Type::DateTime => json!({ "type": "string", "format": "date-time" }),
        Type::Enum { values } => json!({ "type": "string", "enum": values }),
        Type::Json => json!({}),
        Type::List { item, max } => json!({ "type": "array", "items": property(item), "maxItems": max }),
        Type::Object { fields } => object(fields.iter(), |member| member.supply == Supply::Required),
        Type::ObjectId => json!({ "type": "string", "pattern": "^[0-9a-f]{24}$" }),
    }
}
