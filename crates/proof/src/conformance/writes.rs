//! Records that are created, refused, changed and deleted.

use beds_codegen::model::{Field, Supply, Type};
use beds_design::model::{OnDelete, Operation};
use beds_protocol::Engine;
use serde_json::{Map, Value, json};

use super::{
    Bus, Lost, Made, Told,
    bus::{error, ok, refused, short},
    data, is_changeable,
};
use crate::{
    value::{Extreme, is_same},
    world::{Keys, Kind, World},
};

/// A number for which no record is made.
const NOBODY: u64 = 9_999_991;

/// Creates records, each by itself and one of them twice with one id, and collects their keys.
pub(super) async fn create(
    world: &World<'_>,
    kind: &Kind<'_>,
    keys: &mut Keys,
    bus: &Bus,
    told: &mut Told,
) -> Result<Vec<Made>, Lost> {
    let offered = kind.domain.offered();
    let is_granted = |operation: Operation| world.reach(kind, operation.as_str()).is_granted;
    let operation = if offered.create && is_granted(Operation::Create) {
        Operation::Create
    } else if offered.upsert && is_granted(Operation::Upsert) {
        Operation::Upsert
    } else {
        // Records that no client creates are created by others.
        told.right(format!("{}: no client creates records", kind.name()));
        return Ok(Vec::new());
    };
    let key = format!("{}.{}", kind.name(), operation.as_str());
    let (mut made, before): (Vec<Made>, usize) = (Vec::new(), told.wrong.len());
    for (number, one) in data(world, kind, keys, operation).into_iter().enumerate() {
        let data = match one {
            Ok(data) => data,
            Err(reason) => {
                told.wrong(format!("{key}: {reason}"));
                break;
            }
        };
        let body = json!({ "data": data });
        let reply = if number == 2 {
            let (first, second) = bus.twice(&key, &body).await?;
            if first != second {
                told.wrong(format!(
                    "{key}: the same message_id is answered with {} and then {}",
                    short(&first),
                    short(&second)
                ));
            }
            first
        } else {
            bus.ask(&key, &body).await?
        };
        let Some(Value::Object(shown)) = ok(&key, &body, &reply, told) else { continue };
        if let Some(wrong) = differing(&data, &shown) {
            told.wrong(format!("{key}: {wrong}"));
        }
        // A field that the reply does not show to the client exists all the same.
        let mut whole = data;
        whole.extend(shown);
        let Some(key) = kind.key_of(&whole) else { continue };
        keys.entry(kind.name().to_owned()).or_default().push(key.clone());
        made.push(Made { key, shown: whole });
    }
    if let (Some(version), Some(one)) = (kind.version(), made.first())
        && one.shown.get(&version.name) != Some(&json!(1))
    {
        told.wrong(format!("{key}: a new record is at another version than 1"));
    }
    if told.wrong.len() == before {
        told.right(format!(
            "{key}: {} records are kept as they were given; one that was sent twice is there once",
            made.len()
        ));
    }
    Ok(made)
}

/// How a reply differs from what was sent.
fn differing(sent: &Map<String, Value>, shown: &Map<String, Value>) -> Option<String> {
    let differs =
        |(name, value): &(&String, &Value)| shown.get(*name).is_some_and(|shown| !is_same(value, shown));
    let (name, value) = sent.iter().find(differs)?;
    Some(format!("{name} was {}, and is {}", short(value), short(&shown[name])))
}

/// Sends records that the node must refuse.
pub(super) async fn refuse(
    world: &World<'_>,
    kind: &Kind<'_>,
    (made, keys): (&[Made], &Keys),
    bus: &Bus,
    told: &mut Told,
) -> Result<(), Lost> {
    if !kind.domain.offered().create || !world.reach(kind, "create").is_granted || made.is_empty() {
        return Ok(());
    }
    let key = format!("{}.create", kind.name());
    let Ok(good) = world.data(kind, (NOBODY, Extreme::Some), keys, Operation::Create) else { return Ok(()) };
    let before = told.wrong.len();
    let mut tried = 0;
    let with = |name: &str, value: Value| {
        let mut data = good.clone();
        data.insert(name.to_owned(), value);
        json!({ "data": data })
    };
    let mut bad = vec![with("no_such_field", json!(1))];
    for field in kind.domain.fields.iter().filter(|field| good.contains_key(&field.name)) {
        if field.supply == Supply::Required {
            let mut data = good.clone();
            data.remove(&field.name);
            bad.push(json!({ "data": data }));
        }
        bad.extend(beyond(field).into_iter().map(|value| with(&field.name, value)));
    }
    for body in &bad {
        tried += 1;
        let reply = bus.ask(&key, body).await?;
        refused(&key, body, &reply, &["validation_failed", "bad_request"], told);
    }
    for body in twice(kind, &good, made) {
        tried += 1;
        let reply = bus.ask(&key, &body).await?;
        refused(&key, &body, &reply, &["conflict"], told);
    }
    if kind.domain.offered().read && world.reach(kind, "fetch").is_granted {
        let body = json!({ "where": {} });
        let reply = bus.ask(&format!("{}.count", kind.name()), &body).await?;
        if reply["ok"] == json!(true) && reply["count"] != json!(made.len()) {
            told.wrong(format!(
                "{key}: after refusals there are {} records in place of {}",
                reply["count"],
                made.len()
            ));
        }
    }
    if told.wrong.len() == before {
        told.right(format!("{key}: {tried} records that must not be are refused, and leave nothing behind"));
    }
    Ok(())
}

/// Values that a field must not have.
fn beyond(field: &Field) -> Vec<Value> {
    let mut values = vec![json!({ "$ne": null })];
    match &field.ty {
        Type::String { max, .. } | Type::Text { max, .. } if *max < 100_000 => {
            values.push(json!("x".repeat(*max as usize + 1)));
        }
        Type::Int { min, max } => {
            values.extend(min.checked_sub(1).map(|below| json!(below)));
            values.extend(max.checked_add(1).map(|above| json!(above)));
        }
        Type::Enum { .. } => values.push(json!("none of them")),
        Type::Uuid | Type::Date | Type::DateTime | Type::Time | Type::Decimal { .. } => {
            values.push(json!("none"));
        }
        Type::Json | Type::Object { .. } => values.clear(),
        Type::String { .. }
        | Type::Text { .. }
        | Type::Bool
        | Type::UInt { .. }
        | Type::Float { .. }
        | Type::Bytes { .. }
        | Type::List { .. }
        | Type::ObjectId => {}
    }
    if !field.nullable {
        values.push(Value::Null);
    }
    values
}

/// Records with a value that another record has and that must be unique.
fn twice(kind: &Kind<'_>, good: &Map<String, Value>, made: &[Made]) -> Vec<Value> {
    let Some(one) = made.get(2).or_else(|| made.first()) else { return Vec::new() };
    let mut bodies = Vec::new();
    let is_unique = |field: &&Field| field.unique && good.contains_key(&field.name);
    for field in kind.domain.fields.iter().filter(is_unique) {
        if let Some(value) = one.shown.get(&field.name).filter(|value| !value.is_null()) {
            let mut data = good.clone();
            data.insert(field.name.clone(), value.clone());
            bodies.push(json!({ "data": data }));
        }
    }
    let key = kind.key_fields();
    if key.iter().all(|field| good.contains_key(&field.name)) {
        let mut data = good.clone();
        for field in key {
            data.insert(field.name.clone(), one.shown.get(&field.name).cloned().unwrap_or_default());
        }
        bodies.push(json!({ "data": data }));
    }
    bodies
}

/// Changes records.
pub(super) async fn update(
    world: &World<'_>,
    kind: &Kind<'_>,
    (made, keys): (&mut [Made], &Keys),
    bus: &Bus,
    told: &mut Told,
) -> Result<(), Lost> {
    let key = format!("{}.update", kind.name());
    let reach = world.reach(kind, "update");
    if !kind.domain.offered().update || !reach.is_granted {
        return Ok(());
    }
    let before = told.wrong.len();
    // The fields that a client gives on creation, except those that may not change.
    let Ok(other) = world.data(kind, (NOBODY, Extreme::Some), keys, Operation::Update) else { return Ok(()) };
    let changed = |data: &Map<String, Value>| -> Map<String, Value> {
        let is_free = |field: &&Field| is_changeable(field) && data.contains_key(&field.name);
        let fields = kind.domain.fields.iter().filter(is_free);
        fields.map(|field| (field.name.clone(), data[&field.name].clone())).collect()
    };
    if changed(&other).is_empty() {
        return Ok(());
    }
    for (number, one) in made.iter_mut().enumerate().skip(2).take(4) {
        let Ok(data) = world.data(kind, (NOBODY + 1 + number as u64, Extreme::Some), keys, Operation::Update)
        else {
            break;
        };
        let data = changed(&data);
        let mut body = json!({ "key": one.key, "data": data });
        let version = kind.version().and_then(|field| one.shown.get(&field.name)?.as_i64());
        if let Some(version) = version {
            body["if_version"] = json!(version + 1);
            let reply = bus.ask(&key, &body).await?;
            refused(&key, &body, &reply, &["version_mismatch"], told);
            body["if_version"] = json!(version);
        }
        let reply = bus.ask(&key, &body).await?;
        let Some(Value::Object(shown)) = ok(&key, &body, &reply, told) else { continue };
        if let Some(wrong) = differing(&data, &shown) {
            told.wrong(format!("{key}: {wrong}"));
        }
        if let (Some(field), Some(version)) = (kind.version(), version)
            && shown.get(&field.name).is_some_and(|now| *now != json!(version + 1))
        {
            told.wrong(format!("{key}: the version after {version} is {}", shown[&field.name]));
        }
        one.shown.extend(data);
        one.shown.extend(shown);
        if !kind.domain.offered().read || !world.reach(kind, "fetch").is_granted {
            continue;
        }
        let reply = bus.ask(&format!("{}.fetch", kind.name()), &json!({ "key": one.key })).await?;
        match reply["data"].as_object().map(|found| differing(&one.shown, found)) {
            Some(None) => {}
            Some(Some(wrong)) => told.wrong(format!("{key}: afterwards {wrong}")),
            None => told.wrong(format!("{key}: afterwards the record is answered with {}", error(&reply))),
        }
    }
    if let Some(field) = kind.domain.fields.iter().find(|field| field.immutable && !field.is_key)
        && let (Some(one), Some(value)) = (made.first(), other.get(&field.name))
    {
        let body = json!({ "key": one.key, "data": { &field.name: value } });
        let reply = bus.ask(&key, &body).await?;
        refused(&key, &body, &reply, &["validation_failed"], told);
    }
    if let Some(nobody) = nobody(kind, made) {
        let body = json!({ "key": nobody, "data": changed(&other) });
        let reply = bus.ask(&key, &body).await?;
        refused(&key, &body, &reply, &["not_found"], told);
    }
    if told.wrong.len() == before {
        told.right(format!("{key}: records are changed at their version and at no other, and show it"));
    }
    Ok(())
}

/// The key of no record, unless each key has its record.
fn nobody(kind: &Kind<'_>, made: &[Made]) -> Option<Value> {
    let value = |field: &&Field| crate::value::value(field, NOBODY, Extreme::Some, true);
    let fields = kind.key_fields();
    let values: Map<String, Value> = fields.iter().map(|field| (field.name.clone(), value(field))).collect();
    kind.key_of(&values).filter(|key| made.iter().all(|one| one.key != *key))
}

/// Deletes records, and asks for them.
pub(super) async fn delete(
    world: &World<'_>,
    kind: &Kind<'_>,
    (made, all): (&[Made], &[(Kind<'_>, Vec<Made>)]),
    bus: &Bus,
    told: &mut Told,
) -> Result<(), Lost> {
    let key = format!("{}.delete", kind.name());
    if !kind.domain.offered().delete || !world.reach(kind, "delete").is_granted {
        return Ok(());
    }
    let (before, mut gone, mut held) = (told.wrong.len(), 0, 0);
    for one in made.iter().rev() {
        // Calls may have changed the record meanwhile, so it is fetched for its current state.
        let found = bus.ask(&format!("{}.fetch", kind.name()), &json!({ "key": one.key })).await?;
        if found["error"]["code"] == json!("not_found") {
            continue;
        }
        let version = kind.version().and_then(|field| found["data"][&field.name].as_i64());
        let mut body = json!({ "key": one.key });
        if let Some(version) = version {
            body["if_version"] = json!(version + 1);
            let reply = bus.ask(&key, &body).await?;
            refused(&key, &body, &reply, &["version_mismatch"], told);
            body["if_version"] = json!(version);
        }
        let reply = bus.ask(&key, &body).await?;
        if is_held(world, kind, one, all) {
            if refused(&key, &body, &reply, &["conflict", "rejected_by_database"], told) {
                held += 1;
            }
            continue;
        }
        if ok(&key, &body, &reply, told).is_none() {
            continue;
        }
        gone += 1;
        let body = json!({ "key": one.key });
        let reply = bus.ask(&key, &body).await?;
        refused(&key, &body, &reply, &["not_found"], told);
        if kind.domain.offered().read && world.reach(kind, "fetch").is_granted {
            let key = format!("{}.fetch", kind.name());
            let reply = bus.ask(&key, &body).await?;
            refused(&key, &body, &reply, &["not_found"], told);
        }
    }
    if told.wrong.len() == before {
        let held = if held == 0 { String::new() } else { format!("; {held} that others need stay") };
        told.right(format!("{key}: {gone} records are deleted at their version, once, and are gone{held}"));
    }
    Ok(())
}

/// Whether a record that still exists holds the key of this one.
fn is_held(world: &World<'_>, kind: &Kind<'_>, one: &Made, all: &[(Kind<'_>, Vec<Made>)]) -> bool {
    if world.model.engine == Engine::MongoDb {
        return false;
    }
    all.iter().any(|(other, made)| {
        let stays = !other.domain.offered().delete || !world.reach(other, "delete").is_granted;
        let holds = |(field, (to, on_delete)): (&&str, &(&str, OnDelete))| {
            *to == kind.name()
                && *on_delete == OnDelete::Restrict
                && stays
                && made.iter().any(|record| record.shown.get(*field) == Some(&one.key))
        };
        other.holds.iter().any(holds)
    })
}
