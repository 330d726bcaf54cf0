//! Objects that several templates name: each is proposed once, in a form that serves all of them.

use std::collections::BTreeMap;

use beds_protocol::Engine;
use serde_json::{Map, Value, json};

use super::{Proposed, Script, Thing};

/// The same proposals, with each object once, in the part of the first template that names it. Conflicts that cannot be
/// merged are reported in the notes of the other template's part.
#[must_use]
pub fn merged(scripts: Vec<Script>) -> Vec<Script> {
    let mut first: BTreeMap<(Engine, String, &str, String), (usize, usize)> = BTreeMap::new();
    let mut merged: Vec<Script> = Vec::with_capacity(scripts.len());
    for Script { engine, database, template, proposed, mut notes } in scripts {
        let at = merged.len();
        let mut kept: Vec<Proposed> = Vec::new();
        for proposed in proposed {
            // For both engines, a view and a table share one namespace.
            let space = match proposed.thing {
                Thing::Table | Thing::View | Thing::Collection => "relation",
                thing => thing.as_str(),
            };
            let key = (engine, database.clone(), space, proposed.name.clone());
            match first.get(&key) {
                Some((script, index)) if *script < at => {
                    let before = &mut merged[*script];
                    let name = before.template.clone();
                    notes.extend(before.proposed[*index].join(proposed, &name, &template));
                }
                _ => {
                    first.insert(key, (at, kept.len()));
                    kept.push(proposed);
                }
            }
        }
        merged.push(Script { engine, database, template, proposed: kept, notes });
    }
    merged.retain(|script| !(script.proposed.is_empty() && script.notes.is_empty()));
    merged
}

impl Proposed {
    /// Merges the proposal of another template, `theirs`, into this object of `ours`. Returns the conflicts.
    fn join(&mut self, other: Self, ours: &str, theirs: &str) -> Vec<String> {
        if *self == other {
            return Vec::new();
        }
        let mut notes = Vec::new();
        let is_new = |parts: &[(String, String)], name: &str| !parts.iter().any(|(known, _)| known == name);
        match (self.thing, other.thing) {
            (Thing::Table, Thing::Table) => {
                for (column, add) in other.parts {
                    if is_new(&self.parts, &column) {
                        self.more.push(add.clone());
                        self.parts.push((column, add));
                    }
                }
            }
            (Thing::Collection, Thing::Collection) => {
                let mut conflicts = Vec::new();
                self.create = joined(&self.create, &other.create, &mut conflicts);
                self.validator = match (self.validator.take(), other.validator) {
                    (Some(mine), Some(other)) => Some(joined(&mine, &other, &mut Vec::new())),
                    (mine, other) => mine.or(other),
                };
                for (index, add) in other.parts {
                    if is_new(&self.parts, &index) {
                        self.parts.push((index, add));
                    }
                }
                let more = other.more.into_iter().filter(|add| !self.more.contains(add));
                self.more.extend(more.collect::<Vec<_>>());
                let name = &self.name;
                notes.extend(conflicts.into_iter().map(|member| {
                    format!("The member `{member}` of `{name}` is another thing in `{ours}` and in `{theirs}`: the validator has no rule for it.")
                }));
            }
            (mine, other) => {
                let (name, mine, other) = (&self.name, mine.as_str(), other.as_str());
                notes.push(format!(
                    "`{name}` is a {mine} for `{ours}`, as proposed there, and another {other} for `{theirs}`: change it by hand, or give one of them another name."
                ));
            }
        }
        notes
    }
}

/// Merges two commands with a validator: the members of both, with those required that both require. `conflicts`
/// collects members that contradict each other.
fn joined(mine: &str, other: &str, conflicts: &mut Vec<String>) -> String {
    let parse = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
    let (mut command, other) = (parse(mine), parse(other));
    let schema = &mut command["validator"]["$jsonSchema"];
    let other = &other["validator"]["$jsonSchema"];
    let empty = Map::new();
    let theirs = other["properties"].as_object().unwrap_or(&empty);
    if let Some(properties) = schema["properties"].as_object_mut() {
        for (name, rule) in theirs {
            match properties.get(name) {
                Some(known) if known == rule => {}
                // For a template with another key, the `_id` may be anything. So the rule of the other template's key
                // applies.
                Some(known) if name == "_id" && *known == json!({}) => {
                    properties.insert(name.clone(), rule.clone());
                }
                Some(_) if name == "_id" && *rule == json!({}) => {}
                Some(known) if bare(known) == bare(rule) => {}
                Some(_) => {
                    conflicts.push(name.clone());
                    properties.insert(name.clone(), json!({}));
                }
                None => {
                    properties.insert(name.clone(), rule.clone());
                }
            }
        }
    }
    let required = |schema: &Value| schema["required"].as_array().cloned().unwrap_or_default();
    let both: Vec<Value> =
        required(schema).into_iter().filter(|name| required(other).contains(name)).collect();
    if let Some(schema) = schema.as_object_mut() {
        schema.remove("required");
        if !both.is_empty() {
            schema.insert("required".to_owned(), Value::Array(both));
        }
    }
    let verb =
        command.as_object().and_then(|members| members.keys().find(|key| *key != "validator")).cloned();
    let verb = verb.unwrap_or_default();
    format!("{{ {}: {}, \"validator\": {:#} }}", json!(verb), command[&verb], command["validator"])
}

/// A rule without its descriptions.
fn bare(rule: &Value) -> Value {
    let mut rule = rule.clone();
    if let Some(rule) = rule.as_object_mut() {
        rule.remove("description");
    }
    rule
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collection(template: &str, create: &str) -> Script {
        let proposed = Proposed {
            thing: Thing::Collection,
            name: "c".to_owned(),
            create: create.to_owned(),
            parts: Vec::new(),
            more: Vec::new(),
            validator: None,
        };
        Script {
            engine: Engine::MongoDb,
            database: "d".to_owned(),
            template: template.to_owned(),
            proposed: vec![proposed],
            notes: Vec::new(),
        }
    }

    #[test]
    fn a_collection_of_two_templates_is_created_once_for_both() {
        let schema = |required: &str, members: &str| {
            format!(
                r#"{{ "create": "c", "validator": {{ "$jsonSchema": {{ "required": {required}, "properties": {members} }} }} }}"#
            )
        };
        let first =
            schema(r#"["_id", "a"]"#, r#"{ "_id": { "bsonType": "int" }, "a": { "bsonType": "int" } }"#);
        let other = schema(r#"["_id", "b"]"#, r#"{ "_id": {}, "a": { "bsonType": "string" }, "b": {} }"#);
        let merged = merged(vec![collection("x", &first), collection("y", &other)]);
        let all: Vec<&Proposed> = merged.iter().flat_map(|script| &script.proposed).collect();
        assert_eq!(all.len(), 1, "{merged:#?}");
        let create: Value = serde_json::from_str(&all[0].create).unwrap();
        let schema = &create["validator"]["$jsonSchema"];
        assert_eq!(create["create"], "c");
        assert_eq!(schema["required"], json!(["_id"]));
        assert_eq!(schema["properties"], json!({ "_id": { "bsonType": "int" }, "a": {}, "b": {} }));
        let notes: Vec<&String> = merged.iter().flat_map(|script| &script.notes).collect();
        assert!(
            notes.len() == 1 && notes[0].contains("`a` of `c` is another thing in `x` and in `y`"),
            "{notes:?}"
        );
    }
}
