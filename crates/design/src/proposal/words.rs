//! What a model does, in words for a person: what the program found, besides what the author says.

use beds_protocol::{Engine, TypeName};

use crate::model::{Constant, Entity, Field, Kind, Model, OnDelete, Operation, Part};

/// The operations that clients have on an entity, as a sentence.
pub(super) fn operations(entity: &Entity) -> String {
    let word = |operation: &Operation| match operation {
        Operation::Fetch => "read records",
        Operation::Create => "create them",
        Operation::Update => "change them",
        Operation::Upsert => "create or change them by key",
        Operation::Delete => "delete them",
    };
    let words: Vec<&str> = entity.operations.iter().map(word).collect();
    let many = entity.many.map(|many| format!(", up to {many} at once by a filter")).unwrap_or_default();
    format!("Clients may {}{many}.", words.join(", "))
}

/// A type for a person to read.
pub(super) fn kind(kind: &Kind) -> String {
    let bound = |constant: &Constant| match constant {
        Constant::Bool(value) => value.to_string(),
        Constant::Number(value) => value.to_string(),
        Constant::Text(value) => value.clone(),
    };
    let mut parts = vec![kind.ty.as_str().to_owned()];
    if let (Some(precision), Some(scale)) = (kind.precision, kind.scale) {
        parts.push(format!("with {precision} digits, {scale} of them after the point"));
    }
    match (kind.min.as_ref().map(bound), kind.max.as_ref().map(bound)) {
        (Some(min), Some(max)) => parts.push(format!("{min} … {max}")),
        (Some(min), None) => parts.push(format!("from {min}")),
        (None, Some(max)) => parts.push(format!("up to {max}")),
        (None, None) => {}
    }
    parts.extend(kind.values.as_ref().map(|values| format!("of {}", values.join(", "))));
    parts.extend(kind.pattern.as_ref().map(|pattern| format!("like {pattern}")));
    parts.extend(kind.items.as_ref().map(|item| format!("of {}", self::kind(item))));
    parts.extend(kind.members.as_ref().map(|members| {
        let member = |part: &Part| format!("{}: {}", part.name, self::kind(&part.kind));
        format!("{{ {} }}", members.iter().map(member).collect::<Vec<_>>().join("; "))
    }));
    parts.join(" ")
}

/// Other properties of a field.
pub(super) fn flags(field: &Field) -> String {
    let mut words = Vec::new();
    for (word, is_so) in [
        ("key", field.key),
        ("required", field.required),
        ("unique", field.unique),
        ("never changed", field.immutable),
        ("counts changes", field.version),
        ("sensitive", field.sensitive),
        ("may be null", field.kind.nullable),
    ] {
        if is_so {
            words.push(word.to_owned());
        }
    }
    words.extend(field.generated.map(|by| format!("filled by {by}")));
    words.join(", ")
}

/// What a DBA should check twice.
pub(super) fn risks(model: &Model) -> Vec<String> {
    let mut risks = model.risks.clone();
    for entity in &model.entities {
        let name = &entity.name;
        let sensitive: Vec<&str> =
            entity.fields.iter().filter(|field| field.sensitive).map(|field| field.name.as_str()).collect();
        if !sensitive.is_empty() {
            risks.push(format!("{name} holds sensitive fields: {}.", sensitive.join(", ")));
        }
        let is_changed = entity.offers(Operation::Update) || entity.offers(Operation::Delete);
        if is_changed && !entity.fields.iter().any(|field| field.version) {
            risks.push(format!("{name} has no field that counts changes: of two clients that change a record at once, the last one wins."));
        }
        match &entity.access {
            None => risks.push(format!(
                "{name} has no access rules: the node's configuration says whether it is open to all."
            )),
            Some(access) => {
                let writes = access
                    .grants
                    .iter()
                    .filter(|grant| !matches!(grant.operation.as_str(), "fetch" | "count"));
                for grant in writes.filter(|grant| grant.roles.iter().any(|role| role == "anyone")) {
                    risks.push(format!("Anyone at all may do {} of {name}.", grant.operation));
                }
            }
        }
        if model.engine == Engine::MariaDb {
            let is_enum = |wanted: &&String| {
                entity.fields.iter().any(|field| field.name == **wanted && field.kind.ty == TypeName::Enum)
            };
            for filter in entity.filters.iter().chain(&entity.sorts).filter(is_enum) {
                risks.push(format!(
                    "{name} is filtered or sorted by the enum {filter}, which MariaDB does without an index."
                ));
            }
        }
    }
    for relation in &model.relations {
        match (model.engine, relation.on_delete) {
            (Engine::MongoDb, _) => risks.push(format!(
                "Nothing enforces that {}.{} is the key of a {}: MongoDB has no foreign keys.",
                relation.from, relation.field, relation.to
            )),
            (Engine::MariaDb, Some(OnDelete::Cascade)) => risks.push(format!(
                "Who deletes a {} deletes its records of {} with it, without an event.",
                relation.to, relation.from
            )),
            (Engine::MariaDb, Some(OnDelete::Restrict | OnDelete::SetNull) | None) => {}
        }
    }
    risks
}
