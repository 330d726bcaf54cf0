//! Checks of a model's meaning that the template compiler cannot make: names that refer to each other, names of
//! objects, what an index can hold, and what belongs to which engine.

use std::collections::{BTreeMap, BTreeSet};

use beds_protocol::{ArgMode, Engine, TypeName, nearest, shown};

use super::{Call, Constant, Entity, Model, OnDelete, Operation, Relation};
use crate::{fault::Faults, names};

/// The longest text that an index can order. Longer texts are sorted by their beginning, without an index.
const INDEXED_CHARACTERS_MAX: u64 = 500;

pub(super) fn check(model: &Model, faults: &mut Faults) {
    let entities = model.entities.iter().map(|entity| entity.name.as_str());
    twice(entities, "entities", "entity", faults);
    objects(model, faults);
    for (index, entity) in model.entities.iter().enumerate() {
        self::entity(model, entity, &format!("entities[{index}]"), faults);
    }
    for (index, relation) in model.relations.iter().enumerate() {
        self::relation(model, relation, &format!("relations[{index}]"), faults);
    }
    let fields = model.relations.iter().map(|relation| (&relation.from, &relation.field));
    let mut seen = BTreeSet::new();
    for (index, field) in fields.enumerate() {
        if !seen.insert(field) {
            let message = format!("the field {} of {} has two relations", shown(field.1), shown(field.0));
            faults.add(format!("relations[{index}]"), message, "a field holds the key of one entity");
        }
    }
}

/// Names that occur twice in a list.
fn twice<'n>(names: impl Iterator<Item = &'n str>, path: &str, what: &str, faults: &mut Faults) {
    let mut seen = BTreeSet::new();
    for (index, name) in names.enumerate() {
        if !seen.insert(name) {
            let message = format!("there are two of the {what} {}", shown(name));
            faults.add(
                format!("{path}[{index}].name"),
                message,
                "give one of them another name, or remove it",
            );
        }
    }
}

/// A list of names that refer to fields.
fn refer(names: &[String], entity: &Entity, path: &str, faults: &mut Faults) {
    let mut seen = BTreeSet::new();
    for (index, name) in names.iter().enumerate() {
        let path = format!("{path}[{index}]");
        if !seen.insert(name) {
            faults.add(path, format!("{} is written twice", shown(name)), "name it once");
        } else if !entity.fields.iter().any(|field| field.name == *name) {
            no_field(name, entity, &path, faults);
        }
    }
}

fn no_field(name: &str, entity: &Entity, path: &str, faults: &mut Faults) {
    let fields = || entity.fields.iter().map(|field| field.name.as_str());
    let help = match nearest(name, fields()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("its fields are {}", fields().map(shown).collect::<Vec<_>>().join(", ")),
    };
    faults.add(path, format!("{} has no field {}", shown(&entity.name), shown(name)), help);
}

fn no_entity(name: &str, model: &Model, path: &str, faults: &mut Faults) {
    let entities = || model.entities.iter().map(|entity| entity.name.as_str());
    let help = match nearest(name, entities()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("the entities are {}", entities().map(shown).collect::<Vec<_>>().join(", ")),
    };
    faults.add(path, format!("there is no entity {}", shown(name)), help);
}

/// No two objects may have the same name, whatever their kind is.
fn objects(model: &Model, faults: &mut Faults) {
    let mut seen: BTreeMap<(bool, String), String> = BTreeMap::new();
    for (index, entity) in model.entities.iter().enumerate() {
        let path = format!("entities[{index}]");
        // Two entities with the same name are reported already.
        if model.entities[..index].iter().any(|other| other.name == entity.name) {
            continue;
        }
        let mut add = |is_routine: bool, name: String, path: &str| {
            if let Some(other) = seen.get(&(is_routine, name.clone())) {
                let message =
                    format!("the object {} would be made twice: {other} has it already", shown(&name));
                faults.add(path, message, "give one of the two another name");
            } else {
                seen.insert((is_routine, name), path.to_owned());
            }
        };
        add(false, entity.name.clone(), &format!("{path}.name"));
        add(false, names::view(&entity.name), &format!("{path}.name"));
        for operation in entity.operations.iter().filter(|operation| **operation != Operation::Fetch) {
            add(true, names::procedure(&entity.name, operation.as_str()), &format!("{path}.operations"));
        }
        for (call, place) in entity.calls.iter().zip(0..) {
            if entity.calls.iter().position(|other| other.name == call.name) == Some(place) {
                add(true, names::procedure(&entity.name, &call.name), &format!("{path}.calls[{place}].name"));
            }
        }
    }
}

fn entity(model: &Model, entity: &Entity, path: &str, faults: &mut Faults) {
    let fields = entity.fields.iter().map(|field| field.name.as_str());
    twice(fields, &format!("{path}.fields"), "field", faults);
    twice(entity.calls.iter().map(|call| call.name.as_str()), &format!("{path}.calls"), "call", faults);
    refer(&entity.filters, entity, &format!("{path}.filters"), faults);
    refer(&entity.sorts, entity, &format!("{path}.sorts"), faults);
    let distinct: BTreeSet<_> = entity.operations.iter().collect();
    if distinct.len() < entity.operations.len() {
        faults.add(format!("{path}.operations"), "an operation is written twice", "name each once");
    }
    if entity.key().count() == 0 {
        let help = "add { \"name\": \"id\", \"type\": \"uuid\", \"key\": true, \"generated\": \"uuid_v7\" }, or say which field is the key";
        faults.add(format!("{path}.fields"), format!("{} has no key", shown(&entity.name)), help);
    }
    if model.engine == Engine::MongoDb && entity.key().count() > 1 {
        let help = "make one field the key; the others may have a filter";
        faults.add(format!("{path}.fields"), "a document's key is one field", help);
    }
    let is_written = entity.offers(Operation::Update) || entity.offers(Operation::Delete);
    if entity.many.is_some() && !is_written {
        faults.add(format!("{path}.many"), "there is neither update nor delete", "leave `many` out");
    }
    for (index, field) in entity.fields.iter().enumerate() {
        let path = format!("{path}.fields[{index}]");
        if field.name.starts_with("p_") {
            let help = "parameters of procedures begin with `p_`: leave it out";
            faults.add(
                format!("{path}.name"),
                format!("the name {} begins with `p_`", shown(&field.name)),
                help,
            );
        }
        let is_indexed = field.key
            || field.unique
            || entity.filters.contains(&field.name)
            || entity.sorts.contains(&field.name);
        if field.kind.ty == TypeName::String
            && is_indexed
            && length_max(field.kind.max.as_ref()) > INDEXED_CHARACTERS_MAX
        {
            let message = format!("{} is longer than an index serves", shown(&field.name));
            let help = format!(
                "let its `max` be at most {INDEXED_CHARACTERS_MAX}, or neither filter nor sort by it"
            );
            faults.add(format!("{path}.max"), message, help);
        }
        // A column of MariaDB for a bool may hold any small number, and each would be another record of one key.
        if field.key && field.kind.ty == TypeName::Bool && model.engine == Engine::MariaDb {
            let help = "make it an enum of two values, such as [\"no\", \"yes\"]";
            faults.add(format!("{path}.type"), "a key of MariaDB has no `bool`", help);
        }
        if field.key && field.kind.nullable {
            faults.add(format!("{path}.nullable"), "a key is never null", "leave `nullable` out");
        }
        if let Some(before) = &field.before {
            super::before::check(before, &format!("{path}.before"), faults);
        }
    }
    for (index, call) in entity.calls.iter().enumerate() {
        self::call(model, call, &format!("{path}.calls[{index}]"), faults);
    }
    if let Some(access) = &entity.access {
        let mut seen = BTreeSet::new();
        for (index, grant) in access.grants.iter().enumerate() {
            if !seen.insert(&grant.operation) {
                let message = format!("{} is written twice", shown(&grant.operation));
                faults.add(
                    format!("{path}.access.grants[{index}]"),
                    message,
                    "list all its roles in one place",
                );
            }
        }
        let (mut rows, mut roles) = (BTreeSet::new(), BTreeSet::new());
        for (index, one) in access.rows.iter().enumerate() {
            if !rows.insert((&one.role, &one.field)) {
                let message = format!("{} has two conditions on {}", shown(&one.role), shown(&one.field));
                faults.add(format!("{path}.access.rows[{index}]"), message, "list all values in one place");
            }
        }
        for (index, one) in access.fields.iter().enumerate() {
            if !roles.insert(&one.role) {
                let message = format!("the role {} is written twice", shown(&one.role));
                faults.add(
                    format!("{path}.access.fields[{index}]"),
                    message,
                    "list all its fields in one place",
                );
            }
        }
    }
}

/// The greatest length of a string: 255 if the model does not say.
fn length_max(max: Option<&Constant>) -> u64 {
    match max {
        Some(Constant::Number(number)) => number.as_u64().unwrap_or(u64::MAX),
        // The compiler refuses a value that is not a number.
        Some(Constant::Text(_) | Constant::Bool(_)) => 0,
        None => 255,
    }
}

fn call(model: &Model, call: &Call, path: &str, faults: &mut Faults) {
    twice(call.args.iter().map(|arg| arg.name.as_str()), &format!("{path}.args"), "argument", faults);
    let (has, wants, other) = match model.engine {
        Engine::MariaDb => (call.body.is_some(), "body", ("pipeline", call.pipeline.is_some())),
        Engine::MongoDb => (call.pipeline.is_some(), "pipeline", ("body", call.body.is_some())),
    };
    if !has {
        let help = format!("write it, or leave the call {} out", shown(&call.name));
        faults.add(path, format!("the call has no `{wants}`"), help);
    }
    if let (name, true) = other {
        let message = format!("a call of {} has no `{name}`", model.engine.title());
        faults.add(format!("{path}.{name}"), message, format!("write its `{wants}`"));
    }
    if model.engine == Engine::MongoDb {
        for (index, arg) in call.args.iter().enumerate() {
            if arg.mode.is_some_and(|mode| mode != ArgMode::In) {
                let help = "give the value back as a row";
                faults.add(format!("{path}.args[{index}].mode"), "a pipeline has no such argument", help);
            }
        }
    }
}

fn relation(model: &Model, relation: &Relation, path: &str, faults: &mut Faults) {
    let Some((_, from)) = model.entity(&relation.from) else {
        return no_entity(&relation.from, model, &format!("{path}.from"), faults);
    };
    let Some((_, to)) = model.entity(&relation.to) else {
        return no_entity(&relation.to, model, &format!("{path}.to"), faults);
    };
    let Some(field) = from.fields.iter().find(|field| field.name == relation.field) else {
        return no_field(&relation.field, from, &format!("{path}.field"), faults);
    };
    let keys: Vec<_> = to.key().collect();
    let [key] = keys.as_slice() else {
        let message = format!("{} has a key of {} fields", shown(&to.name), keys.len());
        return faults.add(format!("{path}.to"), message, "refer to an entity whose key is one field");
    };
    let is_alike = field.kind.ty == key.kind.ty
        && field.kind.unsigned == key.kind.unsigned
        && (field.kind.precision, field.kind.scale) == (key.kind.precision, key.kind.scale)
        && (field.kind.ty != TypeName::Int
            || (&field.kind.min, &field.kind.max) == (&key.kind.min, &key.kind.max))
        && (field.kind.ty != TypeName::String || field.kind.max == key.kind.max)
        && field.kind.values == key.kind.values;
    if !is_alike {
        let message = format!(
            "{} of {} is not of the type of the key {} of {}",
            shown(&field.name),
            shown(&from.name),
            shown(&key.name),
            shown(&to.name)
        );
        let help = format!("give it the type `{}` with the same bounds", key.kind.ty);
        faults.add(format!("{path}.field"), message, help);
    }
    let is_null =
        field.kind.nullable || !(field.required || field.key || field.default.is_some() || field.version);
    if relation.on_delete == Some(OnDelete::SetNull) && !is_null {
        let help = "make the field `nullable`, or choose `restrict`";
        faults.add(format!("{path}.on_delete"), format!("{} is never null", shown(&field.name)), help);
    }
}
