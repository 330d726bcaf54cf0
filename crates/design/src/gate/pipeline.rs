//! Pipelines of MongoDB. The compiler judges where each operator and each client value may stand. This module checks
//! only the stages, the collections that they reach, and that none of it is code.

use beds_protocol::{Lane, nearest, shown};
use serde_json::{Map, Value};

use super::{Objects, Refused};
use crate::{json, model::Call};

/// The stages that only read documents and pass them on.
const STAGES: &[&str] = &[
    "$addFields",
    "$bucket",
    "$bucketAuto",
    "$count",
    "$facet",
    "$group",
    "$limit",
    "$lookup",
    "$match",
    "$merge",
    "$project",
    "$replaceRoot",
    "$replaceWith",
    "$sample",
    "$set",
    "$skip",
    "$sort",
    "$sortByCount",
    "$unionWith",
    "$unset",
    "$unwind",
];
/// Operators that run code in the server, or reach into its memory.
const CODE: &[&str] =
    &["$where", "$function", "$accumulator", "$jsonSchema", "$queryStats", "$_internalInhibitOptimization"];
/// Variables that tell about the server.
const OF_THE_SERVER: &[&str] = &["$$USER_ROLES", "$$CLUSTER_TIME"];
/// How deep pipelines may nest.
const DEPTH_MAX: usize = 30;
/// The most stages of one pipeline.
const STAGES_MAX: usize = 50;

/// Judges the pipeline of a call.
///
/// # Errors
/// The first thing that the pipeline may not contain.
pub fn pipeline(text: &str, call: &Call, objects: &Objects) -> Result<(), Refused> {
    let value = json::value(text.as_bytes()).map_err(|error| {
        Refused::new(format!("this is not JSON: {error}"), "write a JSON array of stages")
    })?;
    let mut gate = Gate { objects, writes: false };
    gate.stages(&value, true, 0)?;
    if gate.writes && call.lane == Lane::Read {
        let help = "write `\"lane\": \"write\"`";
        return Err(Refused::new("the pipeline writes, but the call is in the read lane", help));
    }
    Ok(())
}

struct Gate<'o> {
    objects: &'o Objects,
    writes: bool,
}

impl Gate<'_> {
    fn stages(&mut self, value: &Value, is_outermost: bool, depth: usize) -> Result<(), Refused> {
        let Value::Array(stages) = value else {
            return Err(Refused::new("a pipeline is not a list", "write `[ … ]` around its stages"));
        };
        if depth > DEPTH_MAX || stages.len() > STAGES_MAX {
            let help = format!("it may have {STAGES_MAX} stages, and nest {DEPTH_MAX} levels");
            return Err(Refused::new("a pipeline is too long, or nests too deep", help));
        }
        for (index, stage) in stages.iter().enumerate() {
            let one =
                stage.as_object().filter(|stage| stage.len() == 1).and_then(|stage| stage.iter().next());
            let Some((name, operand)) = one else {
                return Err(Refused::new(
                    "a stage is not an object with one member",
                    "write one `{ \"$stage\": … }` for each stage",
                ));
            };
            if !STAGES.contains(&name.as_str()) {
                let help = match nearest(name, STAGES.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("these may be: {}", STAGES.join(", ")),
                };
                return Err(Refused::new(format!("no pipeline may have the stage {}", shown(name)), help));
            }
            let is_last = is_outermost && index + 1 == stages.len();
            self.stage(name, operand, is_last, depth)?;
        }
        Ok(())
    }

    fn stage(&mut self, name: &str, operand: &Value, is_last: bool, depth: usize) -> Result<(), Refused> {
        match name {
            "$lookup" | "$unionWith" => {
                let key = if name == "$lookup" { "from" } else { "coll" };
                let collection = operand.get(key).or((name == "$unionWith").then_some(operand));
                self.known(collection)?;
                operand.get("pipeline").map_or(Ok(()), |stages| self.stages(stages, false, depth + 1))?;
            }
            "$facet" => {
                for stages in operand.as_object().into_iter().flat_map(serde_json::Map::values) {
                    self.stages(stages, false, depth + 1)?;
                }
            }
            "$merge" => {
                if !is_last {
                    return Err(Refused::new(
                        "`$merge` is before the end",
                        "move it to the end of the pipeline itself",
                    ));
                }
                self.writes = true;
                let into = operand.get("into").unwrap_or(operand);
                self.known(Some(into))?;
                if into.as_str().is_some_and(|name| self.objects.read_only.contains(name)) {
                    return Err(Refused::new(
                        "`$merge` writes into a view",
                        "write the collection of an entity",
                    ));
                }
                self.counted(operand, into.as_str().unwrap_or_default())?;
            }
            _ => {}
        }
        plain(operand, depth)
    }

    /// Makes sure that `$merge` counts the version of each document up that it changes: a client that changes the
    /// record by its version must notice the change.
    fn counted(&self, operand: &Value, collection: &str) -> Result<(), Refused> {
        let Some(version) = self.objects.versions.get(collection) else { return Ok(()) };
        let is_counted = match operand.get("whenMatched") {
            Some(Value::String(word)) => matches!(word.as_str(), "keepExisting" | "fail"),
            // Another stage could set the version to another value, before the count or after it.
            Some(Value::Array(stages)) => {
                let counts = stages.iter().filter(|stage| counts(stage, version)).count();
                counts == 1 && stages.iter().all(|stage| counts_or_leaves(stage, version))
            }
            _ => false,
        };
        if is_counted {
            return Ok(());
        }
        let help = format!(
            "write `\"whenMatched\": [{{\"$set\": {{…, \"{version}\": {{\"$add\": [\"${version}\", 1]}}}}}}]`, \
             or `\"whenMatched\": \"keepExisting\"`; other stages in this list may only be `$set`, `$addFields` and \
             `$unset` of other fields"
        );
        let message =
            format!("{} is changed, but its {} is not counted up", shown(collection), shown(version));
        Err(Refused::new(message, help))
    }

    /// A collection of the proposal, by its bare name.
    fn known(&self, collection: Option<&Value>) -> Result<(), Refused> {
        let known = || self.objects.relations.keys().map(String::as_str);
        let all = || format!("there are {}", known().map(shown).collect::<Vec<_>>().join(", "));
        match collection {
            Some(Value::String(name)) if self.objects.relations.contains_key(name) => Ok(()),
            Some(Value::String(name)) => {
                let help = nearest(name, known()).map_or_else(all, |near| format!("did you mean `{near}`?"));
                Err(Refused::new(format!("there is no collection {}", shown(name)), help))
            }
            Some(_) => Err(Refused::new("a collection must be a plain name", "there is only one database")),
            None => Err(Refused::new("a stage names no collection", all())),
        }
    }
}

/// The fields that a stage sets, and their values.
fn set(stage: &Value) -> Option<&Map<String, Value>> {
    stage.get("$set").or_else(|| stage.get("$addFields"))?.as_object()
}

/// Whether a stage counts the version up by 1.
fn counts(stage: &Value, version: &str) -> bool {
    let (field, one) = (Value::from(format!("${version}")), Value::from(1));
    let terms = set(stage).and_then(|set| set.get(version)?.get("$add")?.as_array());
    terms.is_some_and(|terms| *terms == [field.clone(), one.clone()] || *terms == [one, field])
}

/// Whether a stage either counts the version up, or only changes other fields.
fn counts_or_leaves(stage: &Value, version: &str) -> bool {
    let is_other = |path: &str| path.split('.').next() != Some(version);
    let leaves = |removed: &Value| removed.as_str().is_some_and(is_other);
    match (set(stage), stage.get("$unset")) {
        (Some(set), None) => counts(stage, version) || set.keys().all(|path| is_other(path)),
        (None, Some(Value::Array(removed))) => removed.iter().all(leaves),
        (None, Some(removed)) => leaves(removed),
        (Some(_), Some(_)) | (None, None) => false,
    }
}

/// Makes sure that there is no code, and nothing that tells about the server, at any depth.
fn plain(value: &Value, depth: usize) -> Result<(), Refused> {
    if depth > DEPTH_MAX {
        return Err(Refused::new(format!("it nests deeper than {DEPTH_MAX} levels"), "flatten it"));
    }
    match value {
        Value::Object(members) => members.iter().try_for_each(|(name, value)| {
            if CODE.contains(&name.as_str()) || name.starts_with("$_") {
                let help = "use stages and expressions instead";
                return Err(Refused::new(format!("no pipeline may have {}", shown(name)), help));
            }
            plain(value, depth + 1)
        }),
        Value::Array(items) => items.iter().try_for_each(|item| plain(item, depth + 1)),
        Value::String(text) if OF_THE_SERVER.iter().any(|name| text.starts_with(name)) => {
            let help = "leave it out: a pipeline tells nothing about the server";
            Err(Refused::new(format!("no pipeline may have {}", shown(text)), help))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
    }
}
