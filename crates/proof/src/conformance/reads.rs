//! Records by key, filters, counts, pages.

use std::{cmp::Ordering, collections::BTreeSet};

use beds_codegen::model::{Field, Type};
use serde_json::{Map, Value, json};

use super::{
    Bus, Lost, Made, Told,
    bus::{ok, short},
};
use crate::{
    value::{is_same, units},
    world::{Kind, Reach, World},
};

/// The size of a page: small enough for several pages, of which the last one is not full.
const PAGE: u32 = 7;
/// How many values of a field are tried as a filter.
const VALUES: usize = 4;

/// Checks the promises of reading.
pub(super) async fn ask(
    world: &World<'_>,
    kind: &Kind<'_>,
    made: &[Made],
    bus: &Bus,
    told: &mut Told,
) -> Result<(), Lost> {
    let name = kind.name();
    let described = bus.ask(&format!("{name}.describe"), &json!({})).await?;
    if ok(&format!("{name}.describe"), &json!({}), &described, told).is_some() {
        told.right(format!("{name}: describe answers"));
    }
    let reach = world.reach(kind, "fetch");
    if !kind.domain.offered().read || !reach.is_granted {
        return Ok(());
    }
    by_key(kind, &reach, made, bus, told).await?;
    for index in &kind.domain.fetch.filter {
        if let Some(field) =
            kind.domain.fields.get(*index).filter(|field| !reach.hidden.contains(&field.name))
        {
            filter(kind, field, made, bus, told).await?;
        }
    }
    pages(kind, None, made, bus, told).await?;
    for index in &kind.domain.fetch.sort {
        if let Some(field) =
            kind.domain.fields.get(*index).filter(|field| !reach.hidden.contains(&field.name))
        {
            for order in ["", "-"] {
                pages(kind, Some((field, order)), made, bus, told).await?;
            }
        }
    }
    Ok(())
}

async fn by_key(
    kind: &Kind<'_>,
    reach: &Reach,
    made: &[Made],
    bus: &Bus,
    told: &mut Told,
) -> Result<(), Lost> {
    let (key, before) = (format!("{}.fetch", kind.name()), told.wrong.len());
    for one in made {
        let body = json!({ "key": one.key });
        let reply = bus.ask(&key, &body).await?;
        let Some(Value::Object(found)) = ok(&key, &body, &reply, told) else { continue };
        for (name, value) in one.shown.iter().filter(|(name, _)| !reach.hidden.contains(*name)) {
            if !is_same(value, found.get(name).unwrap_or(&Value::Null)) {
                let found = found.get(name).map_or_else(|| "nothing".to_owned(), short);
                told.wrong(format!("{key}: {name} of {} is {found}, and was {}", one.key, short(value)));
            }
        }
        if let Some(name) = reach.hidden.iter().find(|name| found.contains_key(*name)) {
            told.wrong(format!("{key}: {name} is shown, which nobody may see"));
        }
    }
    if told.wrong.len() == before {
        told.right(format!("{key}: {} records are found by their keys, as they were made", made.len()));
    }
    Ok(())
}

/// Whether a record matches, judged by the values that it was made of.
type Matches<'m> = &'m dyn Fn(&Value) -> bool;

async fn filter(
    kind: &Kind<'_>,
    field: &Field,
    made: &[Made],
    bus: &Bus,
    told: &mut Told,
) -> Result<(), Lost> {
    let name = field.name.as_str();
    let mut values: Vec<&Value> = Vec::new();
    for value in made.iter().filter_map(|one| one.shown.get(name)).filter(|value| !value.is_null()) {
        if values.len() < VALUES && !values.iter().any(|known| is_same(known, value)) {
            values.push(value);
        }
    }
    let before = told.wrong.len();
    for value in &values {
        let is_it = |other: &Value| is_same(value, other);
        found(kind, name, &json!({ name: value }), made, &is_it, bus, told).await?;
        if is_ordered(&field.ty) {
            let is_at_least =
                |other: &Value| !other.is_null() && order(&field.ty, other, value) != Some(Ordering::Less);
            let is_less =
                |other: &Value| !other.is_null() && order(&field.ty, other, value) == Some(Ordering::Less);
            found(kind, name, &json!({ name: { "gte": value } }), made, &is_at_least, bus, told).await?;
            found(kind, name, &json!({ name: { "lt": value } }), made, &is_less, bus, told).await?;
        }
    }
    if field.nullable {
        found(kind, name, &json!({ name: { "null": true } }), made, &Value::is_null, bus, told).await?;
    }
    if told.wrong.len() == before {
        told.right(format!(
            "{}.fetch: the filter {name} finds what it has to, and count says how many",
            kind.name()
        ));
    }
    Ok(())
}

async fn found(
    kind: &Kind<'_>,
    field: &str,
    filter: &Value,
    made: &[Made],
    matches: Matches<'_>,
    bus: &Bus,
    told: &mut Told,
) -> Result<(), Lost> {
    let key = format!("{}.fetch", kind.name());
    let is_wanted = |one: &&Made| matches(one.shown.get(field).unwrap_or(&Value::Null));
    let wanted: BTreeSet<String> = made.iter().filter(is_wanted).map(|one| one.key.to_string()).collect();
    let body = json!({ "where": filter, "limit": kind.domain.fetch.limit_max.min(100), "count": true });
    let reply = bus.ask(&key, &body).await?;
    let Some(data) = ok(&key, &body, &reply, told) else { return Ok(()) };
    let there = keys(kind, &data);
    // If there are more records than a page has, the check of pages finds them.
    if reply["next"].is_null() && there.iter().cloned().collect::<BTreeSet<_>>() != wanted {
        told.wrong(format!(
            "{key}: {} finds {} records in place of {}",
            short(filter),
            there.len(),
            wanted.len()
        ));
    }
    if reply["count"] != json!(wanted.len()) {
        told.wrong(format!(
            "{key}: {} counts {} in place of {}",
            short(filter),
            reply["count"],
            wanted.len()
        ));
    }
    Ok(())
}

async fn pages(
    kind: &Kind<'_>,
    sort: Option<(&Field, &str)>,
    made: &[Made],
    bus: &Bus,
    told: &mut Told,
) -> Result<(), Lost> {
    let key = format!("{}.fetch", kind.name());
    let mut base = Map::new();
    base.insert("limit".to_owned(), json!(PAGE.min(kind.domain.fetch.limit_max)));
    let by = match sort {
        Some((field, order)) => {
            base.insert("sort".to_owned(), json!([format!("{order}{}", field.name)]));
            format!("in the order of {order}{}", field.name)
        }
        None => "in no order that was asked for".to_owned(),
    };
    let (mut records, mut after) = (Vec::new(), Value::Null);
    loop {
        let mut body = base.clone();
        if !after.is_null() {
            body.insert("after".to_owned(), after);
        }
        let body = Value::Object(body);
        let reply = bus.ask(&key, &body).await?;
        let Some(Value::Array(page)) = ok(&key, &body, &reply, told) else { return Ok(()) };
        records.extend(page);
        after = reply["next"].clone();
        if after.is_null() {
            break;
        }
        if records.len() > 10 * made.len() + 100 {
            told.wrong(format!("{key}: the pages {by} do not end"));
            return Ok(());
        }
    }
    let before = told.wrong.len();
    let there = keys(kind, &Value::Array(records.clone()));
    let distinct: BTreeSet<&String> = there.iter().collect();
    let wanted: BTreeSet<String> = made.iter().map(|one| one.key.to_string()).collect();
    if distinct.len() != there.len() {
        told.wrong(format!("{key}: the pages {by} show a record twice"));
    }
    if distinct != wanted.iter().collect() {
        told.wrong(format!("{key}: the pages {by} show {} records of {}", distinct.len(), wanted.len()));
    }
    if let Some((field, direction)) = sort.filter(|(field, _)| is_ordered(&field.ty)) {
        let values = records.iter().map(|record| &record[&field.name]).filter(|value| !value.is_null());
        let values: Vec<&Value> = values.collect();
        let wrong = if direction == "-" { Ordering::Less } else { Ordering::Greater };
        if values.windows(2).any(|pair| order(&field.ty, pair[0], pair[1]) == Some(wrong)) {
            told.wrong(format!("{key}: the pages {by} are not in it"));
        }
    }
    if told.wrong.len() == before {
        told.right(format!("{key}: pages {by} show each of {} records once", made.len()));
    }
    Ok(())
}

fn keys(kind: &Kind<'_>, records: &Value) -> Vec<String> {
    let records = records.as_array().map_or(&[][..], Vec::as_slice);
    let key = |record: &Value| kind.key_of(record.as_object()?).map(|key| key.to_string());
    records.iter().filter_map(key).collect()
}

/// Whether values of this type have the same order everywhere.
const fn is_ordered(ty: &Type) -> bool {
    matches!(
        ty,
        Type::Int { .. }
            | Type::UInt { .. }
            | Type::Float { .. }
            | Type::Decimal { .. }
            | Type::Date
            | Type::Time
            | Type::DateTime
    )
}

fn order(ty: &Type, a: &Value, b: &Value) -> Option<Ordering> {
    match ty {
        Type::Decimal { scale, .. } => Some(units(a.as_str()?, *scale)?.cmp(&units(b.as_str()?, *scale)?)),
        Type::Date | Type::Time | Type::DateTime => {
            Some(a.as_str()?.trim_end_matches('Z').cmp(b.as_str()?.trim_end_matches('Z')))
        }
        _ => match (a.as_i64(), b.as_i64(), a.as_u64(), b.as_u64()) {
            (Some(a), Some(b), _, _) => Some(a.cmp(&b)),
            (_, _, Some(a), Some(b)) => Some(a.cmp(&b)),
            _ => a.as_f64()?.partial_cmp(&b.as_f64()?),
        },
    }
}
