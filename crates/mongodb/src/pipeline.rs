//! Named pipelines: the DBA's stages with a client's arguments bound into them as values.
//!
//! `{"$arg": "name"}` stands for a value, never for a part of the pipeline. Where MongoDB would read a string
//! as a field path or an object as an expression, the value is wrapped in `$literal`; in a query an object is wrapped
//! in `$eq`, and what cannot be wrapped there is refused.

use beds_core::{Error, Result, spec::Call, validate::Errors, value::Value};
use mongodb::bson::{Bson, Document, doc};

use crate::convert::{json_to_bson, to_bson};

/// What stands at a place of a pipeline.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Conditions of a query, by field.
    Conditions,
    /// What a query asks of one field.
    Field,
    /// A value in a query, which is taken as it is.
    Literal,
    /// What an operator of a query takes, or an item of its list.
    Operand,
    /// Everything outside of queries.
    Expression,
}

/// The stages with their arguments bound.
///
/// # Errors
/// `validation_failed` where MongoDB cannot store an argument, or search for it.
pub(crate) fn bind(stages: &str, call: &Call, args: &[Value]) -> Result<Vec<Document>> {
    // The compiler has read it before.
    let broken = || Error::internal(format!("the pipeline of `{}` is invalid", call.name));
    let stages: Vec<serde_json::Map<String, serde_json::Value>> =
        serde_json::from_str(stages).map_err(|_| broken())?;
    let mut binding = Binding { call, args, errors: Errors::default() };
    let stages = stages.into_iter().map(|stage| {
        let stage = json_to_bson(&serde_json::Value::Object(stage));
        match binding.fill(stage, Place::Expression, "") {
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
    errors: Errors,
}

impl Binding<'_> {
    /// The same with its arguments bound; `None` where one stands in no value's place, or is not the call's.
    fn fill(&mut self, bson: Bson, place: Place, parent: &str) -> Option<Bson> {
        match bson {
            Bson::Document(document) => {
                if let (1, Some(name)) = (document.len(), document.get("$arg").and_then(Bson::as_str)) {
                    return self.argument(name, place);
                }
                let members = document.into_iter().map(|(name, value)| {
                    let value = self.fill(value, below(place, parent, &name), &name)?;
                    Some((name, value))
                });
                members.collect::<Option<Document>>().map(Bson::Document)
            }
            Bson::Array(items) => {
                let place = if place == Place::Field { Place::Literal } else { place };
                let items = items.into_iter().map(|item| self.fill(item, place, parent));
                items.collect::<Option<Vec<_>>>().map(Bson::Array)
            }
            other => Some(other),
        }
    }

    fn argument(&mut self, name: &str, place: Place) -> Option<Bson> {
        let position = self.call.args.iter().position(|arg| arg.field.name == name)?;
        let value = to_bson(self.args.get(position)?).unwrap_or_else(|reason| {
            self.errors.push(format!("args.{name}"), reason);
            Bson::Null
        });
        if is_unsearchable(&value, place) {
            let reason = "has an object with a member that begins with `$`, which cannot be searched for";
            self.errors.push(format!("args.{name}"), reason);
        }
        Some(match (&value, place) {
            // Conditions are the DBA's alone; the compiler refuses this too.
            (_, Place::Conditions) => return None,
            (Bson::Document(_), Place::Field) => Bson::Document(doc! { "$eq": value }),
            (Bson::Document(_) | Bson::Array(_), Place::Expression) => {
                Bson::Document(doc! { "$literal": value })
            }
            (Bson::String(text), Place::Expression) if text.starts_with('$') => {
                Bson::Document(doc! { "$literal": value })
            }
            _ => value,
        })
    }
}

/// The place of a member, given the place of the object, and what the object is a member of.
fn below(place: Place, parent: &str, name: &str) -> Place {
    match (place, parent, name) {
        (Place::Expression, _, "$match")
        | (Place::Expression, "$geoNear", "query")
        | (Place::Expression, "$graphLookup", "restrictSearchWithMatch")
        | (Place::Conditions | Place::Field, _, "$and" | "$or" | "$nor" | "$elemMatch") => Place::Conditions,
        (Place::Conditions, _, "$expr") => Place::Expression,
        (Place::Conditions | Place::Field, _, "$not") => Place::Field,
        (Place::Conditions | Place::Field, _, "$eq" | "$ne" | "$gt" | "$gte" | "$lt" | "$lte") => {
            Place::Literal
        }
        (Place::Conditions | Place::Field, _, name) if name.starts_with('$') => Place::Operand,
        (Place::Conditions, ..) => Place::Field,
        // A document that a field is to be equal to.
        (Place::Field, ..) => Place::Literal,
        (place @ (Place::Literal | Place::Operand | Place::Expression), ..) => place,
    }
}

/// Whether MongoDB would take a part of a value for an operator even if the value is wrapped.
fn is_unsearchable(value: &Bson, place: Place) -> bool {
    let has_operator = |value: &Bson| {
        value.as_document().is_some_and(|document| document.keys().any(|name| name.starts_with('$')))
    };
    match (value, place) {
        (_, Place::Expression) => false,
        (Bson::Array(items), _) => items.iter().any(has_operator),
        (value, Place::Operand) => has_operator(value),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
