//! New records, changes and keys.

use beds_protocol::{Json, Record, value::DateTime};
use uuid::Uuid;

use super::{
    Errors,
    scalar::{absent, operand, value},
};
use crate::{
    access::Allowed,
    spec::{Domain, Generated},
    value::{Value, microseconds},
};

/// The purpose of a whole record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A new record.
    Create,
    /// A new record, carried from elsewhere. Values that a node otherwise generates may be given.
    Carry,
    /// A new record, or a change of the record with its key. It must have its key, even one that is otherwise
    /// generated.
    Upsert,
}

/// The values of a whole record, one for each field of the domain, in its order.
pub(crate) fn new_record(
    domain: &'static Domain,
    kind: Kind,
    allowed: &Allowed,
    record: &Record,
    path: &str,
    errors: &mut Errors,
) -> Vec<Value> {
    unknown_fields(domain, allowed, record, path, errors);
    let mut values = Vec::with_capacity(domain.fields.len());
    for (index, field) in domain.fields.iter().enumerate() {
        // A field that the caller does not see counts as missing.
        let given = record.get(field.name).filter(|_| allowed.shows(index));
        let path = || format!("{path}{}", field.name);
        let generated = match kind {
            Kind::Upsert if domain.key.contains(&index) => None,
            Kind::Carry => field.generated.filter(|by| given.is_none() || *by == Generated::Database),
            Kind::Create | Kind::Upsert => field.generated,
        };
        let value = match (given, generated) {
            (Some(_), Some(_)) => {
                errors.push(path(), "is generated: leave it out");
                Value::Null
            }
            (Some(_), None) if domain.version == Some(index) => {
                errors.push(path(), "is the version, which the node sets: leave it out");
                Value::Null
            }
            (Some(json), None) => value(field, json, &path(), errors).unwrap_or(Value::Null),
            (None, Some(generated)) => generate(generated),
            // A record begins at version 1; every change adds one.
            (None, None) if domain.version == Some(index) => Value::Int(1),
            (None, None) if field.generated.is_some() => {
                errors.push(path(), "is required: an upsert finds the record by its key");
                Value::Null
            }
            (None, None) => absent(field).unwrap_or_else(|| {
                errors.push(path(), "is required");
                Value::Null
            }),
        };
        values.push(value);
    }
    values
}

/// A value that the node generates; null if the database generates it.
pub(crate) fn generate(generated: Generated) -> Value {
    match generated {
        Generated::UuidV4 => Value::Uuid(Uuid::new_v4()),
        Generated::UuidV7 => Value::Uuid(Uuid::now_v7()),
        Generated::Now => Value::DateTime(microseconds(DateTime::now())),
        Generated::Database => Value::Null,
    }
}

/// The changes that an update makes, by field index.
pub(crate) fn changes(
    domain: &'static Domain,
    allowed: &Allowed,
    record: &Record,
    errors: &mut Errors,
) -> Vec<(usize, Value)> {
    unknown_fields(domain, allowed, record, "", errors);
    if record.0.is_empty() {
        errors.push("data", "must name at least one field to change");
    }
    let mut changes = Vec::with_capacity(record.0.len());
    for (name, json) in &record.0 {
        let Some((index, field)) = allowed.field(name) else { continue };
        let path = name.clone();
        if domain.key.contains(&index) {
            errors.push(path, "is part of the key and cannot be changed");
        } else if domain.version == Some(index) {
            errors.push(path, "is the version: send it as `if_version`");
        } else if field.generated.is_some() {
            errors.push(path, "is generated: leave it out");
        } else if field.immutable {
            errors.push(path, "cannot be changed");
        } else if let Some(value) = value(field, json, &path, errors) {
            changes.push((index, value));
        }
    }
    changes
}

fn unknown_fields(
    domain: &'static Domain,
    allowed: &Allowed,
    record: &Record,
    path: &str,
    errors: &mut Errors,
) {
    for (name, _) in &record.0 {
        if allowed.field(name).is_none() {
            errors.push(format!("{path}{name}"), format!("is not a field of `{}`", domain.name));
        }
    }
}

/// The values of a key, in the key's order.
pub(crate) fn key(domain: &'static Domain, json: &Json, errors: &mut Errors) -> Vec<Value> {
    let part = |index: usize, json: &Json, path: &str, errors: &mut Errors| {
        let field = &domain.fields[index];
        // A key is searched for, but the field's bounds apply to stored values.
        let part = match json {
            Json::Null if field.nullable => Ok(Value::Null),
            Json::Null => Err("must not be null".to_owned()),
            json => operand(&field.ty, json),
        };
        part.unwrap_or_else(|reason| {
            errors.push(path, reason);
            Value::Null
        })
    };
    match domain.key {
        [] => {
            errors.push("key", format!("cannot be used: `{}` has no key", domain.name));
            Vec::new()
        }
        [index] => {
            let name = domain.fields[*index].name;
            // A key of one field may be written as an object too, so that generic clients need no special case.
            let (Json::Object(members), Some(value)) = (json, json.get(name)) else {
                return vec![part(*index, json, "key", errors)];
            };
            for other in members.keys().filter(|other| *other != name) {
                errors.push(format!("key.{other}"), format!("is not part of the key; the key is {name}"));
            }
            vec![part(*index, value, "key", errors)]
        }
        several => {
            let names = || several.iter().map(|&i| domain.fields[i].name).collect::<Vec<_>>().join(", ");
            let Json::Object(members) = json else {
                errors.push("key", format!("must be an object with {}", names()));
                return Vec::new();
            };
            for name in members.keys() {
                if !several.iter().any(|&i| domain.fields[i].name == name) {
                    errors.push(
                        format!("key.{name}"),
                        format!("is not part of the key; the key is {}", names()),
                    );
                }
            }
            let mut values = Vec::with_capacity(several.len());
            for &index in several {
                let name = domain.fields[index].name;
                match members.get(name) {
                    Some(json) => values.push(part(index, json, &format!("key.{name}"), errors)),
                    None => errors.push(format!("key.{name}"), "is required"),
                }
            }
            values
        }
    }
}

/// Refuses `if_version` if the template has no version field.
pub(crate) fn if_version(domain: &Domain, if_version: Option<i64>, errors: &mut Errors) {
    if if_version.is_some() && domain.version.is_none() {
        errors.push("if_version", format!("cannot be used: `{}` has no version field", domain.name));
    }
}
