//! Named pipelines: the DBA's stages with a client's arguments bound into them as values.
//!
//! The compiler has decided where a value may stand. It has put `$literal` or `$eq` around it wherever MongoDB would
//! read a string as a path or an object as operators. So a value is inserted as it is, and nothing is decided here.

mod geometry;

use beds_core::{Error, Result, spec::Call, validate::Errors, value::Value};
use beds_protocol::Json;
use mongodb::bson::{Bson, Document};

use crate::convert::{json_to_bson, to_bson};

/// Operators that would read an object in their list as an operator.
const LISTS: [&str; 3] = ["$in", "$nin", "$all"];

/// The stages with their arguments bound.
///
/// # Errors
/// `validation_failed` if MongoDB cannot store an argument, or search for it.
pub(crate) fn bind(stages: &str, call: &Call, args: &[Value]) -> Result<Vec<Document>> {
    // The compiler has already read it.
    let broken = || Error::internal(format!("the pipeline of `{}` is invalid", call.name));
    let stages: Vec<Json> = serde_json::from_str(stages).map_err(|_| broken())?;
    let mut binding = Binding { call, args, used: Vec::new(), errors: Errors::default() };
    let stages = stages.iter().map(|stage| {
        let stage = json_to_bson(stage).map_err(|_| broken())?;
        match binding.fill(stage, "") {
            Some(Bson::Document(stage)) => Ok(stage),
            _ => Err(broken()),
        }
    });
    let stages = stages.collect::<Result<_>>()?;
    binding.errors.or(stages)
}

struct Binding<'a> {
    call: &'a Call,
    args: &'a [Value],
    /// The arguments that were bound so far, each as often as it occurs.
    used: Vec<String>,
    errors: Errors,
}

impl Binding<'_> {
    /// The same with its arguments bound; `None` if an argument is not one of the call's. `parent` is the member in
    /// which it stands.
    fn fill(&mut self, bson: Bson, parent: &str) -> Option<Bson> {
        match bson {
            Bson::Document(document) => {
                if let (1, Some(name)) = (document.len(), document.get("$arg").and_then(Bson::as_str)) {
                    return self.argument(name, parent);
                }
                let members = document.into_iter().map(|(name, value)| {
                    let before = self.used.len();
                    let value = self.fill(value, &name)?;
                    let refusal = match (parent, name.as_str()) {
                        (_, "$geometry") => geometry::refusal(&value),
                        ("$geoNear", "near") => geometry::place_refusal(&value),
                        _ => None,
                    };
                    // A geometry in the pipeline itself is not the client's.
                    if let (Some(reason), Some(name)) = (refusal, self.used.get(before)) {
                        self.errors.push(format!("args.{name}"), reason);
                    }
                    Some((name, value))
                });
                members.collect::<Option<Document>>().map(Bson::Document)
            }
            Bson::Array(items) => {
                let items = items.into_iter().map(|item| self.fill(item, parent));
                items.collect::<Option<Vec<_>>>().map(Bson::Array)
            }
            other => Some(other),
        }
    }

    fn argument(&mut self, name: &str, parent: &str) -> Option<Bson> {
        self.used.push(name.to_owned());
        let position = self.call.args.iter().position(|arg| arg.field.name == name)?;
        let value = to_bson(self.args.get(position)?).unwrap_or_else(|unkept| {
            unkept.tell(&format!("args.{name}"), &mut self.errors);
            Bson::Null
        });
        if LISTS.contains(&parent) && is_unsearchable(&value) {
            let reason = "has an object with a member that begins with `$`, which cannot be searched for";
            self.errors.push(format!("args.{name}"), reason);
        }
        Some(value)
    }
}

/// Whether MongoDB would read a value in a list of values, or one of the value's own items, as an operator.
fn is_unsearchable(value: &Bson) -> bool {
    let has_operator = |value: &Bson| {
        value.as_document().is_some_and(|document| document.keys().any(|name| name.starts_with('$')))
    };
    has_operator(value) || value.as_array().is_some_and(|items| items.iter().any(has_operator))
}

#[cfg(test)]
mod server_tests;
#[cfg(test)]
mod tests;
