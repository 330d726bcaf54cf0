//! The answer to `describe`: what a domain offers, as JSON, rendered once.

use beds_protocol::Lane;
use serde_json::{Map, Value, json};

use crate::spec::{Arg, Bulk, Call, Domain, Events, Field, Literal, Returns, Type};

/// The rendered description.
pub(crate) fn json(domain: &'static Domain) -> &'static [u8] {
    domain.description_json.get_or_init(|| render(domain).to_string().into_bytes())
}

fn render(domain: &Domain) -> Value {
    let names = |indices: &[usize]| -> Vec<&str> { indices.iter().map(|&i| domain.fields[i].name).collect() };
    let mut fields = Map::new();
    for (index, field) in domain.fields.iter().enumerate() {
        let mut described = describe_field(field);
        if domain.version == Some(index) {
            described.insert("version".into(), true.into());
        }
        fields.insert(field.name.into(), described.into());
    }
    let calls: Map<String, Value> =
        domain.calls.iter().map(|call| (call.name.to_owned(), describe_call(call))).collect();
    let mut description = json!({
        "template": domain.name,
        "description": domain.description,
        "hash": domain.hash,
        "operations": domain.operations().map(|(operation, _)| operation.to_string()).collect::<Vec<_>>(),
        "key": names(domain.key),
        "fields": fields,
        "fetch": {
            "filter": names(domain.fetch.filter),
            "sort": names(domain.fetch.sort),
            "limit": { "default": domain.fetch.limit_default, "max": domain.fetch.limit_max },
        },
        "calls": calls,
    });
    if !domain.compatible_with.is_empty() {
        description["compatible_with"] = json!(domain.compatible_with);
    }
    let Bulk { update, delete } = domain.bulk;
    for (operation, most) in [("update", update), ("delete", delete)] {
        if let Some(most) = most {
            description["many"][operation] = most.into();
        }
    }
    let Events { publish, fields } = domain.events;
    if !publish.is_empty() {
        let publish: Vec<String> = publish.iter().map(ToString::to_string).collect();
        description["events"] = json!({ "publish": publish, "fields": names(fields) });
    }
    if domain.operations().any(|(_, lane)| lane == Lane::Write) {
        description["once"] = domain.once.into();
        // What of it is at least once all the same.
        let commits: Vec<String> = domain.committing().map(|operation| operation.to_string()).collect();
        if domain.once && !commits.is_empty() {
            description["at_least_once"] = commits.into();
        }
    }
    description
}

fn describe_call(call: &Call) -> Value {
    let args: Map<String, Value> = call
        .args
        .iter()
        .map(|Arg { field, mode }| {
            let mut described = describe_field(field);
            described.insert("mode".into(), mode.as_str().into());
            (field.name.to_owned(), described.into())
        })
        .collect();
    let returns = match &call.returns {
        Returns::Nothing => json!("nothing"),
        Returns::Scalar(ty) => Value::Object(describe_type(ty)),
        Returns::Rows(fields) => json!({ "rows": describe_fields(fields) }),
        Returns::AsItComes => json!("as it comes"),
    };
    json!({ "description": call.description, "lane": call.lane, "args": args, "returns": returns })
}

fn describe_fields(fields: &[Field]) -> Map<String, Value> {
    fields.iter().map(|field| (field.name.to_owned(), describe_field(field).into())).collect()
}

fn describe_field(field: &Field) -> Map<String, Value> {
    let mut map = describe_type(&field.ty);
    if !field.description.is_empty() {
        map.insert("description".into(), field.description.into());
    }
    let flags = [
        ("required", field.required),
        ("nullable", field.nullable),
        ("immutable", field.immutable),
        ("unique", field.unique),
        ("sensitive", field.sensitive),
    ];
    map.extend(flags.iter().filter(|(_, set)| *set).map(|(name, _)| ((*name).to_owned(), true.into())));
    if let Some(default) = field.default {
        let value = match default {
            Literal::Bool(value) => value.into(),
            Literal::Int(value) => value.into(),
            Literal::Float(value) => value.into(),
            Literal::Text(value) => value.into(),
        };
        map.insert("default".into(), value);
    }
    if let Some(generated) = field.generated {
        map.insert("generated".into(), generated.as_str().into());
    }
    map
}

fn describe_type(ty: &Type) -> Map<String, Value> {
    let mut map = Map::new();
    map.insert("type".into(), ty.name().into());
    let mut bound = |name: &str, value: Value| {
        map.insert(name.to_owned(), value);
    };
    match ty {
        Type::Int { min, max } => {
            if *min != i64::MIN {
                bound("min", (*min).into());
            }
            if *max != i64::MAX {
                bound("max", (*max).into());
            }
        }
        Type::UInt { min, max } => {
            bound("min", (*min).into());
            if *max != u64::MAX {
                bound("max", (*max).into());
            }
        }
        Type::Float { min, max } => {
            if *min > f64::MIN {
                bound("min", (*min).into());
            }
            if *max < f64::MAX {
                bound("max", (*max).into());
            }
        }
        Type::Decimal { precision, scale, min, max } => {
            bound("precision", (*precision).into());
            bound("scale", (*scale).into());
            for (name, value) in [("min", min), ("max", max)] {
                if let Some(value) = value {
                    bound(name, (*value).into());
                }
            }
        }
        Type::String { min, max, pattern } => {
            bound("min", (*min).into());
            bound("max", (*max).into());
            if let Some(pattern) = pattern {
                bound("pattern", pattern.source().into());
            }
        }
        Type::Text { min, max } => {
            bound("min", (*min).into());
            bound("max", (*max).into());
        }
        Type::Bytes { max } => bound("max", (*max).into()),
        Type::Enum { values } => bound("values", json!(values)),
        Type::List { item, max } => {
            bound("items", describe_field(item).into());
            bound("max", (*max).into());
        }
        Type::Object { fields } => bound("fields", describe_fields(fields).into()),
        Type::Bool | Type::Uuid | Type::Date | Type::Time | Type::DateTime | Type::Json | Type::ObjectId => {}
    }
    map
}
