//! Named pipelines: the DBA's stages with a client's arguments bound into them as values.
//!
//! `{"$arg": "name"}` stands for a value, never for a part of the pipeline. Where MongoDB would read a string
//! as a field path or an object as an expression, the value is wrapped in `$literal` (or `$eq` in a query).

use mongodb::bson::{Bson, Document, doc};

use super::{
    convert::{json_to_bson, to_bson},
    spec::Pipeline,
};
use crate::{spec::Call, value::Value};

/// What a value stands in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// A `$match`, outside of `$expr`.
    Query,
    /// Everything else.
    Expression,
}

/// The stages with their arguments bound; an error is what is wrong with the pipeline.
pub(super) fn bind(pipeline: &Pipeline, call: &Call, args: &[Value]) -> Result<Vec<Document>, String> {
    let stages: Vec<serde_json::Map<String, serde_json::Value>> =
        serde_json::from_str(pipeline.stages).map_err(|error| error.to_string())?;
    let stages = stages.into_iter().map(|stage| {
        let stage = json_to_bson(&serde_json::Value::Object(stage));
        match fill(stage, Place::Expression, call, args)? {
            Bson::Document(stage) => Ok(stage),
            _ => Err("a stage is not an object".to_owned()),
        }
    });
    stages.collect()
}

fn fill(bson: Bson, place: Place, call: &Call, args: &[Value]) -> Result<Bson, String> {
    match bson {
        Bson::Document(document) => {
            if let (1, Some(name)) = (document.len(), document.get("$arg").and_then(Bson::as_str)) {
                return argument(name, place, call, args);
            }
            let members = document.into_iter().map(|(name, value)| {
                let place = match name.as_str() {
                    "$match" => Place::Query,
                    "$expr" => Place::Expression,
                    _ => place,
                };
                Ok((name, fill(value, place, call, args)?))
            });
            members.collect::<Result<Document, String>>().map(Bson::Document)
        }
        Bson::Array(items) => {
            let items = items.into_iter().map(|item| fill(item, place, call, args));
            items.collect::<Result<_, _>>().map(Bson::Array)
        }
        other => Ok(other),
    }
}

fn argument(name: &str, place: Place, call: &Call, args: &[Value]) -> Result<Bson, String> {
    let position = call.args.iter().position(|arg| arg.field.name == name);
    let value = position.and_then(|position| args.get(position));
    let value = to_bson(value.ok_or_else(|| format!("`{name}` is not an argument"))?)?;
    Ok(match (&value, place) {
        (Bson::Document(_), Place::Query) => Bson::Document(doc! { "$eq": value }),
        (Bson::Document(_) | Bson::Array(_), Place::Expression) => Bson::Document(doc! { "$literal": value }),
        (Bson::String(text), Place::Expression) if text.starts_with('$') => {
            Bson::Document(doc! { "$literal": value })
        }
        _ => value,
    })
}
