//! The keys of records that are carried over: each record is recognized, stays apart from all others, and is found by
//! those that refer to it.

use beds_codegen::model::{Domain, Field, Supply, Type};
use beds_protocol::{Engine, Generated, shown};
use serde_json::{Map, Value};

use super::{Migration, Plan};
use crate::{
    fault::Faults,
    model::{Model, Relation},
};

/// Makes sure that a record which is there already can be recognized, and that no two old records become one.
pub(super) fn identity(
    map: &Map<String, Value>,
    (old, new): (&Domain, &Domain),
    index: usize,
    (notes, faults): (&mut Vec<String>, &mut Faults),
) {
    let path = format!("entities[{index}].fields");
    if faults.touches(&path) {
        return;
    }
    let given = |places: &[usize]| -> Vec<&Field> {
        let fields = places.iter().filter_map(|place| new.fields.get(*place));
        fields.filter(|field| map.contains_key(&field.name)).collect()
    };
    let key = given(&new.key);
    if key.len() == new.key.len() {
        if !keeps_apart(map, &key, (old, new)) {
            let message = format!("several old records may get one key, {}, and become one", listed(&key));
            let help = format!(
                "let the key get the old key, {}, or a unique old field, unchanged or by a \"join\" \"with\" a separator",
                listed(&of_key(old))
            );
            faults.add(path, message, help);
        }
        return;
    }
    let mut unique = given(&new.fetch.filter);
    unique.retain(|field| field.unique);
    if unique.is_empty() {
        let names = listed(&of_key(new));
        faults.add(
            path,
            format!("old records give neither the key, {names}, nor a unique field among `filters`: none is recognized"),
            "give the key a \"before\", or let a unique field that old records have be among `filters`",
        );
    } else if !unique.iter().any(|field| keeps_apart(map, &[field], (old, new))) {
        notes.push(format!(
            "old records of {} are told apart by {}, and the old template does not say that no two have the same: those \
             that do become one, or stop the migration",
            new.name.value,
            listed(&unique)
        ));
    }
}

fn of_key(domain: &Domain) -> Vec<&Field> {
    domain.key.iter().filter_map(|place| domain.fields.get(*place)).collect()
}

fn listed(fields: &[&Field]) -> String {
    fields.iter().map(|field| shown(&field.name)).collect::<Vec<_>>().join(", ")
}

/// Whether old records that differ also differ in these fields.
fn keeps_apart(map: &Map<String, Value>, fields: &[&Field], (old, new): (&Domain, &Domain)) -> bool {
    // MongoDB stores moments in milliseconds, so moments within one millisecond become equal.
    let cuts = (old.engine(), new.engine()) == (Engine::MariaDb, Engine::MongoDb);
    let names: Vec<&str> =
        fields.iter().filter_map(|field| map.get(&field.name)).flat_map(distinguishing).collect();
    let is_kept = |field: &&Field| {
        names.contains(&field.name.as_str()) && !(cuts && matches!(field.ty, Type::DateTime))
    };
    of_key(old).iter().all(is_kept) || old.fields.iter().any(|field| field.unique && is_kept(&field))
}

/// The old fields whose different values give different results.
fn distinguishing(entry: &Value) -> Vec<&str> {
    if let Some(name) = entry.as_str() {
        return vec![name];
    }
    let names: Vec<&str> = entry["join"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let is_separated = entry["with"].as_str().is_some_and(|with| !with.is_empty());
    if is_separated || names.len() == 1 { names } else { Vec::new() }
}

/// Makes sure that what refers to a record finds it by its new key.
pub(super) fn relations(model: &Model, plan: &Plan, domains: &[Domain], faults: &mut Faults) {
    let of = |name: &str| plan.migrations.iter().find(|migration| migration.to == name);
    for (index, relation) in model.relations.iter().enumerate() {
        let Some(holds) = of(&relation.from) else { continue };
        let Some(entry) = holds.map.get(&relation.field) else { continue };
        let dangles = match of(&relation.to) {
            None => Some(stays(relation)),
            Some(held) => {
                let old = plan.domains.iter().find(|domain| domain.name.value == held.from);
                let new = domains.iter().find(|domain| domain.name.value == relation.to);
                old.zip(new).and_then(|of| becomes_another(relation, entry, held, of))
            }
        };
        if let Some((message, help)) = dangles {
            faults.add(format!("relations[{index}]"), message, help);
        }
    }
}

fn stays(Relation { from, field, to, .. }: &Relation) -> (String, String) {
    let [from, field, to] = [from, field, to].map(shown);
    (
        format!(
            "{field} of an old {from} would be the key of a {to} that is not there: no migration carries these over"
        ),
        format!(
            "hand in the old template of {to} too, with a fetch, and let {to} offer fetch and create; or give {field} \
             another name, and let it be \"nullable\" and not \"required\""
        ),
    )
}

/// Why a carried reference would be the key of another record or of none, and the remedy.
fn becomes_another(
    relation: &Relation,
    entry: &Value,
    parent: &Migration,
    (old, new): (&Domain, &Domain),
) -> Option<(String, String)> {
    let [from, field, to] = [&relation.from, &relation.field, &relation.to].map(shown);
    let key = of_key(new);
    let key = key.first()?;
    if key.supply == Supply::Generated(Generated::Database) {
        return Some((
            format!(
                "the database counts the keys of {to} anew, so that {field} of an old {from} would be the key of another \
                 record"
            ),
            format!(
                "let the key of {to} be given: without \"generated\", or with \"uuid_v7\" if it is a uuid"
            ),
        ));
    }
    let names = of_key(old);
    let is_old_key = |entry: &Value| matches!(names.as_slice(), [one] if entry.as_str() == Some(&one.name));
    if !parent.map.get(&key.name).is_some_and(is_old_key) {
        let message = format!(
            "the key of {to} is not the old key, {}, unchanged, so that {field} of an old {from} would be the key of \
             another record or of none",
            listed(&names)
        );
        let help = match names.as_slice() {
            [one] => {
                format!("write \"before\": {{ \"from\": \"{}\" }} at {} of {to}", one.name, shown(&key.name))
            }
            _ => format!("give {field} another name, and let it be \"nullable\" and not \"required\""),
        };
        return Some((message, help));
    }
    (!entry.is_string()).then(|| {
        (
            format!("{field} of an old {from} comes over changed, and the key of {to} does not"),
            format!("write \"before\": {{ \"from\": … }} at {field} with the old field that holds the key, and nothing else"),
        )
    })
}
