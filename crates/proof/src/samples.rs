//! Sample data: the node creates each record, or the report says why it does not.

use std::fmt::Write as _;

use beds_codegen::model::{Field, Type};
use beds_design::model::Operation;
use serde_json::{Map, Value, json};

use crate::{
    conformance::{Bus, Lost, Told, error},
    value::Extreme,
    world::{Keys, Kind, World},
};

/// The most records of a file that are tried: each is a request.
const RECORDS_MAX: usize = 10_000;
/// How many explanations the report has for one file.
const SHOWN_MAX: usize = 20;

/// Records of one file.
#[derive(Debug, Clone)]
pub struct Sample {
    /// The name of the file.
    pub name: String,
    /// The records, as they are written.
    pub records: Vec<Map<String, Value>>,
}

/// Loads samples. Entities whose keys others hold come first.
pub(crate) async fn load(world: &World<'_>, samples: &[Sample], bus: &Bus) -> Result<Told, Lost> {
    let mut told = Told::default();
    let mut placed: Vec<(usize, &Kind<'_>, &Sample)> = Vec::new();
    for sample in samples {
        match entity(world, sample) {
            Some((place, kind)) => placed.push((place, kind, sample)),
            None => told.wrong(format!("{}: no entity has fields like its records", sample.name)),
        }
    }
    placed.sort_by_key(|(place, _, _)| *place);
    for (_, kind, sample) in placed {
        if kind.domain.offered().create && world.reach(kind, "create").is_granted {
            one(world, kind, sample, bus, &mut told).await?;
        } else {
            told.wrong(format!("{}: no client creates a {}", sample.name, kind.name()));
        }
    }
    Ok(told)
}

/// The entity that has the most fields of a sample, and at least half of them.
pub(crate) fn entity<'w, 'r>(world: &'w World<'r>, sample: &Sample) -> Option<(usize, &'w Kind<'r>)> {
    let names: Vec<&String> = sample.records.first()?.keys().collect();
    let fitting = |kind: &Kind<'_>| names.iter().filter(|name| field(kind, name).is_some()).count();
    let stem = sample.name.split('.').next().unwrap_or_default();
    let is_named =
        |kind: &Kind<'_>| plain(stem).trim_end_matches('s') == plain(kind.name()).trim_end_matches('s');
    let kinds = world.kinds.iter().enumerate();
    let best = kinds.max_by_key(|(_, kind)| (fitting(kind), is_named(kind)))?;
    (2 * fitting(best.1) >= names.len()).then_some(best)
}

/// A name without the differences in people's spelling.
fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The field of an entity with the name of a sample's field.
pub(crate) fn field<'k>(kind: &'k Kind<'_>, name: &str) -> Option<&'k Field> {
    kind.domain.fields.iter().find(|field| plain(&field.name) == plain(name))
}

async fn one(
    world: &World<'_>,
    kind: &Kind<'_>,
    sample: &Sample,
    bus: &Bus,
    told: &mut Told,
) -> Result<(), Lost> {
    // Which fields a client gives does not depend on their values.
    let given = world.data(kind, (0, Extreme::Some), &Keys::new(), Operation::Create);
    let is_given = |field: &Field| match &given {
        Ok(given) => given.contains_key(&field.name),
        // If the entity holds a key of which there is none, the generated fields are known all the same.
        Err(_) => !matches!(
            field.supply,
            beds_codegen::model::Supply::Version | beds_codegen::model::Supply::Generated(_)
        ),
    };
    let left: Vec<&String> = sample
        .records
        .first()
        .into_iter()
        .flat_map(Map::keys)
        .filter(|name| !field(kind, name).is_some_and(is_given))
        .collect();
    // Faults may go to a language model, which must see no value of a sample. The texts of the reply are only for
    // people.
    let (mut loaded, mut explained, mut first) = (0, Vec::new(), String::new());
    for (number, record) in sample.records.iter().take(RECORDS_MAX).enumerate() {
        let member = |(name, value): (&String, &Value)| {
            let field = field(kind, name).filter(|field| is_given(field))?;
            // An empty cell of a file is no value.
            if value.is_null() && !field.nullable {
                return None;
            }
            Some((field.name.clone(), read(&field.ty, value)))
        };
        let data: Map<String, Value> = record.iter().filter_map(member).collect();
        let reply = bus.ask(&format!("{}.create", kind.name()), &json!({ "data": data })).await?;
        match reply["error"]["code"].as_str() {
            None => loaded += 1,
            Some("internal" | "unavailable" | "unknown_template" | "unknown_operation") => {
                told.wrong(format!("{}: record {}: {}", sample.name, number + 1, without_values(&reply)));
                told.right(format!(
                    "{}: record {} is answered with {}",
                    sample.name,
                    number + 1,
                    error(&reply)
                ));
            }
            Some(_) => {
                if explained.is_empty() {
                    first = format!("record {} is not taken: {}", number + 1, without_values(&reply));
                }
                let line = format!("{}: record {} is not taken: {}", sample.name, number + 1, error(&reply));
                explained.push(line);
            }
        }
    }
    let count = explained.len();
    if loaded == 0 {
        told.wrong(format!("{}: none of its records is taken as a {}; {first}", sample.name, kind.name()));
    } else {
        told.right(format!(
            "{}: {loaded} records are taken as {}, {count} are not",
            sample.name,
            kind.name()
        ));
    }
    let all = sample.records.len();
    if all > RECORDS_MAX {
        told.right(format!("{}: of its {all} records, the first {RECORDS_MAX} were tried", sample.name));
    }
    if !left.is_empty() {
        let left = left.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ");
        told.right(format!("{}: no client gives {left}", sample.name));
    }
    for line in explained.into_iter().take(SHOWN_MAX) {
        told.right(line);
    }
    Ok(())
}

/// An error without the client's values: the invalid fields and the reasons quote only the template.
fn without_values(reply: &Value) -> String {
    let code = reply["error"]["code"].as_str().unwrap_or_default();
    let mut text = code.to_owned();
    if code == "validation_failed" {
        for detail in reply["error"]["details"].as_array().into_iter().flatten() {
            let part = |name: &str| detail[name].as_str().unwrap_or_default();
            let _ = write!(text, "; {} {}", part("field"), part("reason"));
        }
    }
    text
}

/// A value as a client would send it: files without types have only texts.
pub(crate) fn read(ty: &Type, value: &Value) -> Value {
    let Value::String(text) = value else {
        return match (ty, value) {
            (Type::Decimal { .. }, Value::Number(number)) => json!(number.to_string()),
            (_, value) => value.clone(),
        };
    };
    let text = text.trim();
    match ty {
        Type::Int { .. } => text.parse::<i64>().map_or_else(|_| value.clone(), |number| json!(number)),
        Type::UInt { .. } => text.parse::<u64>().map_or_else(|_| value.clone(), |number| json!(number)),
        Type::Float { .. } => text.parse::<f64>().map_or_else(|_| value.clone(), |number| json!(number)),
        Type::Bool => match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "1" => json!(true),
            "false" | "no" | "0" => json!(false),
            _ => value.clone(),
        },
        // A time without a zone is taken as UTC.
        Type::DateTime if !has_zone(text) => json!(format!("{}Z", text.replacen(' ', "T", 1))),
        Type::Json | Type::List { .. } | Type::Object { .. } => {
            serde_json::from_str(text).unwrap_or_else(|_| value.clone())
        }
        _ => value.clone(),
    }
}

/// Whether a moment says its zone, after its date.
fn has_zone(text: &str) -> bool {
    text.ends_with(['Z', 'z']) || text.get("2000-01-01".len()..).is_some_and(|rest| rest.contains(['+', '-']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read_as_their_types() {
        let unsigned = Type::UInt { min: 0, max: u64::MAX };
        for (ty, text, read_as) in [
            (&unsigned, "18446744073709551615", json!(u64::MAX)),
            (&unsigned, " 7 ", json!(7)),
            (&unsigned, "-1", json!("-1")),
            (&Type::DateTime, "2026-01-02 03:04:05", json!("2026-01-02T03:04:05Z")),
            (&Type::DateTime, "2026-01-02T03:04:05-05:00", json!("2026-01-02T03:04:05-05:00")),
            (&Type::DateTime, "2026-01-02T03:04:05+05:00", json!("2026-01-02T03:04:05+05:00")),
            (&Type::Bool, "Yes", json!(true)),
        ] {
            assert_eq!(read(ty, &json!(text)), read_as, "{text}");
        }
    }

    #[test]
    fn what_is_wrong_quotes_no_sample() {
        let reply = json!({ "error": {
            "code": "validation_failed",
            "message": "`email` must be at most 10 characters long",
            "details": [{ "field": "email", "reason": "must be at most 10 characters long" }],
        } });
        assert_eq!(without_values(&reply), "validation_failed; email must be at most 10 characters long");
        let reply = json!({ "error": { "code": "conflict", "message": "ada@example.org is there" } });
        assert_eq!(without_values(&reply), "conflict");
    }
}
