//! Collections with validators, indexes and views for MongoDB, as commands in JSON.

use serde_json::{Map, Value, json};

use super::{Proposed, Thing};
use crate::model::{Domain, Field, Relation, Supply, Type};

pub(super) fn proposed(domain: &Domain, read: Option<&Relation>, written: &[Option<&str>]) -> Vec<Proposed> {
    let view = read.filter(|relation| relation.is_view);
    let mut collections: Vec<String> = written.iter().copied().flatten().map(str::to_owned).collect();
    collections.extend(read.filter(|relation| !relation.is_view).map(|relation| relation.name.clone()));
    // If a domain only reads a view, it describes only the documents of the collection behind it.
    if let (true, Some(view)) = (collections.is_empty(), view) {
        collections.push(super::behind(&view.name, domain));
    }
    collections.sort_unstable();
    collections.dedup();
    let is_written = |name: &String| written.iter().flatten().any(|written| written == name);
    let mut all: Vec<Proposed> =
        collections.iter().map(|name| collection(domain, name, is_written(name))).collect();
    if let (Some(view), Some(on)) = (view, collections.first()) {
        let project: Map<String, Value> =
            domain.fields.iter().map(|field| (field.column.clone(), json!(1))).collect();
        let create = format!(
            "{{ \"create\": {}, \"viewOn\": {}, \"pipeline\": {} }}",
            text(&view.name),
            text(on),
            json!([{ "$project": project }])
        );
        let name = view.name.clone();
        all.push(Proposed {
            thing: Thing::View,
            name,
            create,
            parts: Vec::new(),
            more: Vec::new(),
            validator: None,
        });
    }
    all
}

/// A collection. If it exists and the template only reads it, others write it: it gets no validator.
fn collection(domain: &Domain, name: &str, is_written: bool) -> Proposed {
    let mut schema = object(&domain.fields);
    // MongoDB gives every document an `_id`, even if the key is another member.
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        properties.entry("_id").or_insert_with(|| json!({}));
    }
    let validator = json!({ "$jsonSchema": schema });
    let add = |Index { name: index, definition, .. }: &Index| {
        let command = format!("{{ \"createIndexes\": {}, \"indexes\": [{definition}] }}", text(name));
        (index.clone(), command)
    };
    let (unique, others): (Vec<Index>, Vec<Index>) =
        indexes(domain).into_iter().partition(|index| index.is_unique);
    Proposed {
        thing: Thing::Collection,
        name: name.to_owned(),
        create: format!("{{ \"create\": {}, \"validator\": {validator:#} }}", text(name)),
        parts: unique.iter().map(add).collect(),
        more: others.iter().map(|index| add(index).1).collect(),
        validator: is_written
            .then(|| format!("{{ \"collMod\": {}, \"validator\": {validator:#} }}", text(name))),
    }
}

fn text(text: &str) -> Value {
    Value::from(text)
}

/// An index.
struct Index {
    name: String,
    definition: String,
    is_unique: bool,
}

/// The index by which MongoDB deletes old records. Only an index on a single member can do that.
fn expiry(domain: &Domain) -> Option<Index> {
    let lifecycle = domain.lifecycle.as_ref()?;
    let column = &domain.fields.get(lifecycle.by)?.column;
    let name = format!("{column}_ttl");
    let definition = format!(
        "{{ \"name\": {}, \"key\": {{ {}: 1 }}, \"expireAfterSeconds\": {} }}",
        text(&name),
        text(column),
        lifecycle.ttl_s
    );
    Some(Index { name, definition, is_unique: false })
}

/// The options of a unique index. For MongoDB a missing value is also a value, which only one record may have. If a
/// value may be missing, the index omits the records without it, as MariaDB's indexes do. A filter for a value still
/// uses the index.
fn unique(fields: &[&Field]) -> String {
    let present: Vec<String> = fields
        .iter()
        .filter(|field| field.nullable)
        .map(|field| format!("{}: {{ \"$exists\": true }}", text(&field.column)))
        .collect();
    if present.is_empty() {
        return ", \"unique\": true".to_owned();
    }
    format!(", \"unique\": true, \"partialFilterExpression\": {{ {} }}", present.join(", "))
}

/// The indexes of a collection. The order of an index's members matters, so these are texts and not maps. The names are
/// MongoDB's default names, from which a conflict error derives the fields.
fn indexes(domain: &Domain) -> Vec<Index> {
    let mut indexes = Vec::new();
    let keys: Vec<&Field> = domain.key.iter().filter_map(|index| domain.fields.get(*index)).collect();
    let mut index = |fields: &[&Field], is_unique: bool| {
        let names: Vec<_> = fields.iter().map(|field| field.column.as_str()).collect();
        let members: Vec<_> = names.iter().map(|name| format!("{}: 1", text(name))).collect();
        let unique = if is_unique { unique(fields) } else { String::new() };
        let name = names.iter().map(|name| format!("{name}_1")).collect::<Vec<_>>().join("_");
        let definition =
            format!("{{ \"name\": {}, \"key\": {{ {} }}{unique} }}", text(&name), members.join(", "));
        indexes.push(Index { name, definition, is_unique });
    };
    if !keys.iter().map(|field| field.column.as_str()).eq(["_id"]) && !keys.is_empty() {
        index(&keys, true);
    }
    for field in domain.fields.iter().filter(|field| field.unique) {
        index(&[field], true);
    }
    let mut wanted: Vec<usize> = domain.fetch.filter.iter().chain(&domain.fetch.sort).copied().collect();
    wanted.sort_unstable();
    wanted.dedup();
    // The index of the key serves its first field alone.
    wanted.retain(|index| domain.key.first() != Some(index));
    for field in wanted.into_iter().filter_map(|index| domain.fields.get(index)) {
        if !field.unique {
            // Pages continue after the last record: the key breaks ties.
            let others = keys.iter().filter(|key| key.column != field.column);
            index(&std::iter::once(field).chain(others.copied()).collect::<Vec<_>>(), false);
        }
    }
    // No unique index serves an order that ends with the key.
    for field in domain.sorts_beside_unique() {
        index(&[&[field], keys.as_slice()].concat(), false);
    }
    indexes.extend(expiry(domain));
    indexes
}

/// The validator of a document with these members.
fn object(fields: &[Field]) -> Value {
    let properties: Map<String, Value> =
        fields.iter().map(|field| (field.column.clone(), property(field))).collect();
    let required: Vec<&str> =
        fields.iter().filter(|field| !field.nullable).map(|field| field.column.as_str()).collect();
    let mut schema = json!({ "bsonType": "object", "additionalProperties": false, "properties": properties });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

fn property(field: &Field) -> Value {
    let mut schema = ty(&field.ty);
    if field.supply == Supply::Version {
        schema["minimum"] = json!(1);
    }
    if !field.description.is_empty() {
        schema["description"] = json!(field.description);
    }
    if !field.nullable {
        return schema;
    }
    if let Some(values) = schema.get_mut("enum").and_then(Value::as_array_mut) {
        values.push(Value::Null);
    }
    match schema.get_mut("bsonType") {
        Some(Value::Array(types)) => types.push(json!("null")),
        Some(one) => *one = json!([one, "null"]),
        None => {}
    }
    schema
}

fn ty(ty: &Type) -> Value {
    match ty {
        Type::Bool => json!({ "bsonType": "bool" }),
        Type::Int { min: i64::MIN, max: i64::MAX } => json!({ "bsonType": ["int", "long"] }),
        Type::Int { min, max } => json!({ "bsonType": ["int", "long"], "minimum": min, "maximum": max }),
        Type::UInt { min, max } => {
            json!({ "bsonType": ["int", "long"], "minimum": min, "maximum": (*max).min(i64::MAX.unsigned_abs()) })
        }
        Type::Float { .. } => json!({ "bsonType": ["double", "int", "long"] }),
        Type::Decimal { .. } => json!({ "bsonType": "decimal" }),
        Type::String { min, max, pattern } => {
            let mut schema = json!({ "bsonType": "string", "minLength": min, "maxLength": max });
            if let Some(pattern) = pattern {
                schema["pattern"] = json!(format!("^(?:{pattern})$"));
            }
            schema
        }
        Type::Text { min, max } => json!({ "bsonType": "string", "minLength": min, "maxLength": max }),
        Type::Bytes { .. } | Type::Uuid => json!({ "bsonType": "binData" }),
        // Dates and times of day are texts: MongoDB's dates are moments.
        Type::Date | Type::Time => json!({ "bsonType": "string" }),
        Type::DateTime => json!({ "bsonType": "date" }),
        Type::Enum { values } => json!({ "enum": values }),
        Type::Json => json!({}),
        Type::List { item, max } => json!({ "bsonType": "array", "maxItems": max, "items": property(item) }),
        Type::Object { fields } => object(fields),
        Type::ObjectId => json!({ "bsonType": "objectId" }),
    }
}
