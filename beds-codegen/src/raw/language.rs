//! A JSON Schema of the template language, for editors that complete and underline.
//!
//! The existing keys come from the compiler's own tables. Here are only the kind of value that each key takes, and its
//! purpose. A key without an entry here fails the tests, and so does an entry whose kind differs from the one that the
//! compiler takes.

use beds_protocol::{ArgMode, Engine, Generated, Lane, RequestValue, Service, TypeName};
use serde_json::{Map, Value, json};

use crate::part::{Part, Place};

/// The kind of value that a key takes.
#[derive(Clone, Copy)]
enum Takes {
    Text,
    Flag,
    Int,
    Constant,
    Names,
    Words(fn() -> Vec<&'static str>),
    /// A definition of this name.
    One(&'static str),
}

/// A key in a part of a template: the kind of its value, and its purpose.
type About = (&'static str, &'static str, Takes, &'static str);

const ABOUT: &[About] = &[
    ("section", "template", Takes::One("template"), "What the domain is called, and where it is served."),
    ("section", "fields", Takes::One("fields"), "The fields of a record, by name."),
    ("section", "objects", Takes::One("objects"), "The database objects behind the operations."),
    (
        "section",
        "fetch",
        Takes::One("fetch"),
        "What a fetch may filter and sort by, and how much it returns.",
    ),
    ("section", "events", Takes::One("events"), "The changes that are published as events."),
    (
        "section",
        "lifecycle",
        Takes::One("lifecycle"),
        "How long records are kept, and where old records move.",
    ),
    ("section", "audit", Takes::One("audit"), "The changes that the audit records: who made them, and when."),
    (
        "section",
        "access",
        Takes::One("access"),
        "The roles that may run each operation; an operation that is not listed is refused.",
    ),
    ("section", "calls", Takes::One("calls"), "Procedures, functions and pipelines, by name."),
    ("template", "name", Takes::Text, "The name on the wire: lower-case letters, digits and `_`."),
    ("template", "description", Takes::Text, "What it is, for people."),
    (
        "template",
        "service",
        Takes::Words(|| Service::ALL.iter().map(|one| one.as_str()).collect()),
        "The service that serves it.",
    ),
    ("template", "broker", Takes::Text, "The broker, if the service has several."),
    (
        "template",
        "engine",
        Takes::Words(|| Engine::ALL.iter().map(|one| one.as_str()).collect()),
        "The engine of its database.",
    ),
    ("template", "database", Takes::Text, "The database, by its name in the configuration."),
    (
        "template",
        "once",
        Takes::Flag,
        "Whether a write that is repeated with the same `message_id` runs only once; true by default.",
    ),
    (
        "template",
        "compatible_with",
        Takes::Names,
        "The fingerprints of earlier versions whose clients are still served; `bedsc diff --write` adds them.",
    ),
    (
        "template",
        "allow",
        Takes::Names,
        "The codes of warnings that this template suppresses, such as \"B0907\".",
    ),
    (
        "template",
        "module",
        Takes::Text,
        "The Rust file in `src/domains`, without `.rs`, of the functions behind its calls.",
    ),
    ("objects", "read", Takes::One("read"), "What is read."),
    ("objects", "create", Takes::One("write"), "What creates a record."),
    ("objects", "update", Takes::One("write"), "What changes a record."),
    ("objects", "upsert", Takes::One("write"), "What creates a record, or changes the one with its key."),
    ("objects", "delete", Takes::One("write"), "What deletes a record."),
    ("read", "view", Takes::Text, "A view."),
    ("read", "table", Takes::Text, "A table, on MariaDB."),
    ("read", "collection", Takes::Text, "A collection, on MongoDB."),
    ("write", "procedure", Takes::Text, "A stored procedure, on MariaDB."),
    ("write", "collection", Takes::Text, "A collection, on MongoDB."),
    ("write", "args", Takes::Names, "The fields that are passed, in the order of the parameters."),
    ("write", "returns", Takes::Names, "The fields that the first result set returns."),
    ("write", "commits", Takes::Flag, "The procedure commits by itself: it may run more than once."),
    ("write", "many", Takes::Int, "How many records an update or delete by filter may write."),
    ("fetch", "filter", Takes::Names, "The fields that clients may filter by."),
    ("fetch", "sort", Takes::Names, "The fields that clients may sort by."),
    ("fetch", "limit", Takes::One("limit"), "How many records a fetch returns."),
    ("limit", "default", Takes::Int, "How many if the client does not say."),
    ("limit", "max", Takes::Int, "How many a client may ask for."),
    ("events", "publish", Takes::Names, "The operations whose successes are published."),
    ("events", "fields", Takes::Names, "The fields that an event carries besides key and version."),
    ("audit", "operations", Takes::Names, "The operations whose successes the audit records."),
    (
        "lifecycle",
        "ttl",
        Takes::Text,
        "How long records are kept, such as `400d`: units are s, m, h, d and y.",
    ),
    ("lifecycle", "by", Takes::Text, "The field with the time from which the age of a record counts."),
    ("lifecycle", "purge", Takes::Text, "The call that deletes old records, on MariaDB."),
    (
        "lifecycle",
        "warehouse",
        Takes::One("warehouse"),
        "When records go into the warehouse: a template of the same shape, on another database.",
    ),
    ("lifecycle", "cool", Takes::One("cool"), "When records go into archives of the shared filesystem."),
    ("warehouse", "after", Takes::Text, "The age at which they move, such as `90d`."),
    ("warehouse", "by", Takes::Text, "The field with the time from which the age of a record counts."),
    ("warehouse", "to", Takes::Text, "The template that takes the records."),
    ("cool", "after", Takes::Text, "The age at which they move, such as `3y`."),
    ("cool", "by", Takes::Text, "The field with the time from which the age of a record counts."),
    (
        "access",
        "fetch",
        Takes::Names,
        "The roles that may fetch; `*` is every caller who is known, `anyone` every caller.",
    ),
    ("access", "count", Takes::Names, "The roles that may count; those of `fetch` by default."),
    ("access", "create", Takes::Names, "The roles that may create records."),
    ("access", "update", Takes::Names, "The roles that may change records."),
    ("access", "upsert", Takes::Names, "The roles that may create records or change those with their keys."),
    ("access", "delete", Takes::Names, "The roles that may delete records."),
    ("access", "calls", Takes::One("role_lists"), "The roles that may run a call, by its name."),
    (
        "access",
        "rows",
        Takes::One("role_rows"),
        "The records that a role reaches, by role: the values that fields must have.",
    ),
    ("access", "fields", Takes::One("role_fields"), "The fields that a role does not see or set, by role."),
    ("role_field", "hidden", Takes::Names, "The fields that it does not see, filter or sort by, or set."),
    ("role_field", "readonly", Takes::Names, "The fields that it sees but does not set."),
    ("call", "description", Takes::Text, "What it does, for people."),
    ("call", "procedure", Takes::Text, "A stored procedure, on MariaDB."),
    ("call", "function", Takes::Text, "A stored function, on MariaDB."),
    ("call", "pipeline", Takes::Text, "The file of a pipeline, on MongoDB."),
    ("call", "method", Takes::Text, "A Rust function of the template's `module`."),
    ("call", "on", Takes::Text, "The collection or view that the pipeline runs on."),
    (
        "call",
        "lane",
        Takes::Words(|| Lane::ALL.iter().map(|one| one.as_str()).collect()),
        "Whether it reads or writes.",
    ),
    ("call", "args", Takes::One("arguments"), "Its arguments, by name."),
    ("call", "returns", Takes::One("returns"), "What it returns."),
    ("call", "commits", Takes::Flag, "The procedure commits by itself: it may run more than once."),
    (
        "field",
        "type",
        Takes::Words(|| TypeName::ALL.iter().map(|one| one.as_str()).collect()),
        "The type of its values.",
    ),
    ("field", "description", Takes::Text, "What it is, for people."),
    ("field", "column", Takes::Text, "Its name in the database, if it differs."),
    ("field", "key", Takes::Flag, "A part of the key that finds the record."),
    (
        "field",
        "generated",
        Takes::Words(|| Generated::ALL.iter().map(|one| one.as_str()).collect()),
        "The generator of its value; clients do not send it.",
    ),
    ("field", "required", Takes::Flag, "A create must send it."),
    ("field", "nullable", Takes::Flag, "It may be null."),
    ("field", "default", Takes::Constant, "Its value if the client sends none."),
    ("field", "unique", Takes::Flag, "No two records share a value."),
    ("field", "immutable", Takes::Flag, "An update does not change it."),
    ("field", "version", Takes::Flag, "Counts the changes of the record, for optimistic locking."),
    ("field", "sensitive", Takes::Flag, "Masked in logs, errors and dead letters."),
    ("field", "min", Takes::Constant, "The least value, or the least length."),
    ("field", "max", Takes::Constant, "The greatest value, or the greatest length."),
    ("field", "pattern", Takes::Text, "A regular expression for the whole of a string."),
    ("field", "values", Takes::Names, "The values of an enum."),
    ("field", "precision", Takes::Int, "The digits of a decimal, in all."),
    ("field", "scale", Takes::Int, "The digits of a decimal after the point."),
    ("field", "unsigned", Takes::Flag, "An integer that is never negative."),
    ("field", "items", Takes::One("item"), "The type of the items of a list."),
    ("field", "fields", Takes::One("members"), "The members of an object."),
    (
        "field",
        "mode",
        Takes::Words(|| ArgMode::ALL.iter().map(|one| one.as_str()).collect()),
        "The direction in which a parameter of a procedure passes its value.",
    ),
];

/// The tables of a template with one kind of keys, and the names under which the keys are described.
const PARTS: &[(Part, &str)] = &[
    (Part::Sections, "section"),
    (Part::Header, "template"),
    (Part::Objects, "objects"),
    (Part::Read, "read"),
    (Part::Write, "write"),
    (Part::Fetch, "fetch"),
    (Part::Limit, "limit"),
    (Part::Events, "events"),
    (Part::Lifecycle, "lifecycle"),
    (Part::Warehouse, "warehouse"),
    (Part::Cool, "cool"),
    (Part::Audit, "audit"),
    (Part::Access, "access"),
    (Part::RoleFields, "role_field"),
    (Part::Call, "call"),
];

/// The parts with a type, by their place.
const PLACES: &[(Place, &str)] = &[
    (Place::Field, "field"),
    (Place::Member, "member"),
    (Place::Item, "item"),
    (Place::Arg, "argument"),
    (Place::Document, "column"),
    (Place::Scalar, "scalar"),
];

/// The JSON Schema (draft 2020-12) of a template's file.
#[must_use]
pub fn language() -> Value {
    let mut definitions = Map::new();
    for (part, name) in PARTS {
        definitions.insert((*name).to_owned(), keys(name, &part.listed(None)));
    }
    for (place, name) in PLACES {
        definitions.insert((*name).to_owned(), typed(*place));
        definitions.insert(format!("{name}s"), by_name(name));
    }
    definitions.insert("calls".to_owned(), by_name("call"));
    definitions.insert("role_fields".to_owned(), by_name("role_field"));
    let each = |of: &Value| json!({ "type": "object", "additionalProperties": of });
    definitions.insert("role_lists".to_owned(), each(&schema_of(Takes::Names)));
    let constant = schema_of(Takes::Constant);
    let wanted = json!({ "anyOf": [constant, { "type": "array", "items": constant }] });
    definitions.insert("role_rows".to_owned(), each(&each(&wanted)));
    // An argument that the request itself gives has no other keys.
    if let Some(ways) = definitions.get_mut("argument").and_then(|one| one["anyOf"].as_array_mut()) {
        let values: Vec<&str> = RequestValue::ALL.iter().map(|one| one.as_str()).collect();
        ways.push(json!({ "enum": values }));
    }
    let rows = json!({
        "type": "object", "properties": { "rows": of("columns") }, "required": ["rows"], "additionalProperties": false
    });
    definitions
        .insert("returns".to_owned(), json!({ "anyOf": [{ "const": "nothing" }, rows, of("scalar")] }));
    let mut schema = definitions.remove("section").unwrap_or_default();
    definitions["template"]["required"] = json!(["name", "service", "engine", "database"]);
    schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    schema["$id"] = json!("beds:template-language");
    schema["title"] = json!("BEDS template");
    schema["required"] = json!(["template"]);
    schema["$defs"] = Value::Object(definitions);
    schema
}

/// A part with a type: the type alone, or a table with the keys of the place and of the type.
fn typed(place: Place) -> Value {
    let part = Part::Field(place);
    let all: Vec<&str> = part.known().iter().copied().filter(|key| place.may_have(key)).collect();
    let mut table = keys("field", &all);
    let of_type = |ty: &TypeName| {
        json!({
            "if": { "properties": { "type": { "const": ty.as_str() } } },
            "then": { "propertyNames": { "enum": part.listed(Some(*ty)) } },
        })
    };
    table["allOf"] = TypeName::ALL.iter().map(of_type).collect();
    table["required"] = json!(["type"]);
    let name = about("field", "type").map_or(Value::Null, |(_, _, takes, _)| schema_of(*takes));
    json!({ "description": "A type, or a table with its keys.", "anyOf": [name, table] })
}

fn by_name(definition: &str) -> Value {
    json!({ "type": "object", "additionalProperties": of(definition) })
}

fn about(part: &str, key: &str) -> Option<&'static About> {
    ABOUT.iter().find(|(of, name, ..)| *of == part && *name == key)
}

/// A table with known keys.
fn keys(name: &str, known: &[&str]) -> Value {
    let property = |key: &&str| {
        let (_, _, takes, text) = about(name, key)?;
        let mut schema = schema_of(*takes);
        schema["description"] = json!(text);
        Some(((*key).to_owned(), schema))
    };
    let properties: Map<String, Value> = known.iter().filter_map(property).collect();
    json!({ "type": "object", "properties": properties, "additionalProperties": false })
}

fn of(definition: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{definition}") })
}

fn schema_of(takes: Takes) -> Value {
    match takes {
        Takes::Text => json!({ "type": "string" }),
        Takes::Flag => json!({ "type": "boolean" }),
        Takes::Int => json!({ "type": "integer" }),
        Takes::Constant => json!({ "type": ["string", "number", "boolean"] }),
        Takes::Names => json!({ "type": "array", "items": { "type": "string" } }),
        Takes::Words(words) => json!({ "enum": words() }),
        Takes::One(definition) => of(definition),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_are_those_of_the_compiler() {
        let field = Part::Field(Place::Field);
        let parts: Vec<(Part, &str)> = PARTS.iter().copied().chain([(field, "field")]).collect();
        for (part, name) in &parts {
            for key in part.known() {
                assert!(about(name, key).is_some(), "{name}: `{key}` has no word");
            }
        }
        let is_known = |(of, key, ..): &&About| {
            parts.iter().any(|(part, name)| name == of && part.known().contains(key))
        };
        assert!(ABOUT.iter().all(|about| is_known(&about)), "a word for a key that is gone");
    }
}
