//! Example requests and their replies.

use serde_json::{Map, Value, json};

use super::{Kind, value};
use crate::model::{ArgMode, Call, Domain, Field, Returns, Type};

/// An example request body of an operation; `None` if the generator cannot match a pattern.
#[must_use]
pub fn request(domain: &Domain, kind: Kind<'_>) -> Option<Value> {
    requests(domain, kind).into_iter().next()
}

/// All example request bodies of an operation. A fetch has one by key and one by filter, and so has a change if the
/// template offers both.
#[must_use]
pub fn requests(domain: &Domain, kind: Kind<'_>) -> Vec<Value> {
    let one = match kind {
        Kind::Fetch => {
            let by_key =
                (!domain.key.is_empty()).then(|| key(domain)).flatten().map(|key| json!({ "key": key }));
            return by_key.into_iter().chain(search(domain)).collect();
        }
        Kind::Count => filter(domain).map(|filter| json!({ "where": filter })),
        Kind::Create => created(domain).map(|data| json!({ "data": data })),
        Kind::Upsert => value::object(domain.upserted()).map(|data| json!({ "data": data })),
        Kind::Update => {
            let one = changed(domain)
                .and_then(|data| Some(versioned(domain, json!({ "key": key(domain)?, "data": data }))));
            let many = domain.bulk.update.and_then(|_| {
                let mut body = many(domain)?;
                body["data"] = json!(changed(domain)?);
                Some(body)
            });
            return one.into_iter().chain(many).collect();
        }
        Kind::Delete => {
            let one = key(domain).map(|key| versioned(domain, json!({ "key": key })));
            return one.into_iter().chain(domain.bulk.delete.and_then(|_| many(domain))).collect();
        }
        Kind::Describe => Some(json!({})),
        Kind::Call(call) => {
            let given = call.args.iter().filter(|arg| arg.mode != ArgMode::Out).map(|arg| &arg.field);
            value::object(given).map(|args| json!({ "args": args }))
        }
    };
    one.into_iter().collect()
}

/// The reply to a request like [`request`], as far as it can be derived from the template.
pub(super) fn reply(domain: &Domain, kind: Kind<'_>) -> Option<Value> {
    Some(match kind {
        Kind::Fetch if domain.key.is_empty() => {
            json!({ "ok": true, "data": [value::object(&domain.fields)?] })
        }
        Kind::Fetch => json!({ "ok": true, "data": value::object(&domain.fields)? }),
        Kind::Count => json!({ "ok": true, "count": 12 }),
        Kind::Create => json!({ "ok": true, "data": value::object(domain.shown_of_created())? }),
        Kind::Upsert => {
            let mut data = value::object(domain.upserted())?;
            data.extend(version(domain).map(|version| (version.name.clone(), json!(2))));
            json!({ "ok": true, "data": data })
        }
        Kind::Update | Kind::Delete => {
            let mut data: Map<String, Value> = value::object(keys(domain))?;
            if let (Kind::Update, Some(version)) = (kind, version(domain)) {
                data.insert(version.name.clone(), json!(2));
            }
            json!({ "ok": true, "data": data })
        }
        // Its reply would repeat the page.
        Kind::Describe => return None,
        Kind::Call(call) => call_reply(call)?,
    })
}

fn call_reply(call: &Call) -> Option<Value> {
    let mut reply = json!({ "ok": true });
    match &call.returns {
        Returns::Nothing => {}
        Returns::Scalar(ty) => reply["data"] = value::of_type(ty, &call.name)?,
        Returns::Rows(rows) => reply["data"] = json!([value::object(rows)?]),
        Returns::AsItComes => reply["sets"] = json!([[]]),
    }
    let out = call.args.iter().filter(|arg| arg.mode != ArgMode::In).map(|arg| &arg.field);
    let out = value::object(out)?;
    if !out.is_empty() {
        reply["out"] = json!(out);
    }
    Some(reply)
}

fn keys(domain: &Domain) -> impl Iterator<Item = &Field> {
    domain.key.iter().filter_map(|index| domain.fields.get(*index))
}

fn version(domain: &Domain) -> Option<&Field> {
    domain.version.and_then(|index| domain.fields.get(index))
}

/// A scalar, or an object if the key has several fields.
fn key(domain: &Domain) -> Option<Value> {
    let object = value::object(keys(domain))?;
    if domain.key.len() == 1 {
        object.into_iter().next().map(|(_, value)| value)
    } else {
        Some(json!(object))
    }
}

/// The records of a change by filter.
fn many(domain: &Domain) -> Option<Value> {
    let filter = filter(domain).filter(|filter| !filter.is_empty())?;
    Some(json!({ "where": filter, "dry_run": true }))
}

fn versioned(domain: &Domain, mut body: Value) -> Value {
    if domain.version.is_some() {
        body["if_version"] = json!(1);
    }
    body
}

/// The data of a create. On MariaDB, the arguments of its procedure.
fn created(domain: &Domain) -> Option<Map<String, Value>> {
    value::object(domain.created())
}

/// Two fields that an update may change.
fn changed(domain: &Domain) -> Option<Map<String, Value>> {
    value::object(domain.updated().into_iter().take(2))
}

fn filterable(domain: &Domain) -> impl Iterator<Item = &Field> {
    domain.fetch.filter.iter().filter_map(|index| domain.fields.get(*index))
}

/// The first filter with a value, and a second one, if it has an order, with its least value.
fn filter(domain: &Domain) -> Option<Map<String, Value>> {
    let mut filter = value::object(filterable(domain).take(1))?;
    let ordered = |field: &&Field| {
        matches!(
            field.ty,
            Type::Int { .. }
                | Type::UInt { .. }
                | Type::Float { .. }
                | Type::Decimal { .. }
                | Type::Date
                | Type::Time
                | Type::DateTime
        )
    };
    if let Some(field) = filterable(domain).skip(1).find(ordered) {
        filter.insert(field.name.clone(), json!({ "gte": value::of_field(field)? }));
    }
    Some(filter)
}

fn search(domain: &Domain) -> Option<Value> {
    let filter = filter(domain)?;
    let mut body = json!({ "limit": domain.fetch.limit_default.min(10) });
    if !filter.is_empty() {
        body["where"] = json!(filter);
    }
    if let Some(field) = domain.fetch.sort.first().and_then(|index| domain.fields.get(*index)) {
        body["sort"] = json!([format!("-{}", field.name)]);
    }
    Some(body)
}
