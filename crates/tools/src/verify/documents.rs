//! What a domain writes to a collection, against the collection's validator.

use super::{
    Findings,
    types::{Against, Fit, fit},
};
use beds_core::{
    inspect::{Evidence, Relation},
    spec::{Domain, Engine, Object, Type, Usage},
};
use beds_protocol::shown;

/// Holds what is written against the collection and its validator.
pub(super) fn check(object: &Object, relation: &Relation, findings: &mut Findings<'_>) {
    let is_recorded = findings.domain.once || !findings.domain.events.publish.is_empty();
    if let Some(storage) = relation.storage.as_ref().filter(|storage| is_recorded && !storage.transactional) {
        let message = format!(
            "{} is {}, into which no transaction writes: such a request is refused",
            shown(&relation.name),
            storage.name
        );
        findings
            .error(super::place(object.usage), message)
            .hint("say `once = false` in the template, and publish none of its events");
    }
    let Evidence::Validator { strict } = relation.evidence else { return };
    let domain = findings.domain;
    if object.usage == Usage::Delete {
        return;
    }
    let place = super::place(object.usage);
    let is_whole = matches!(object.usage, Usage::Create | Usage::Upsert);
    if is_whole {
        for column in relation.columns.iter().filter(|column| !column.nullable && column.name != "_id") {
            let field = domain.fields.iter().position(|field| field.column == column.name);
            let message = match field {
                None => format!("the validator requires {}, which no field has", shown(&column.name)),
                Some(index) if !is_always_given(domain, index) => {
                    format!("the validator requires {}, which a client may leave out", shown(&column.name))
                }
                Some(_) => continue,
            };
            findings
                .push(severity(strict), &place, message)
                .hint("make the field required, or give it a default");
        }
    }
    let is_read_too =
        domain.database_objects().iter().any(|other| other.usage == Usage::Read && other.name == object.name);
    for (index, field) in domain.fields.iter().enumerate() {
        let place = format!("field {}", field.name);
        let Some(column) = relation.columns.iter().find(|column| column.name == field.column) else {
            if relation.closed && !is_read_too && is_whole {
                findings.push(
                    severity(strict),
                    place,
                    format!("the validator forbids {}", shown(field.column)),
                );
            }
            continue;
        };
        let writes = findings.is_written(index) || field.generated.is_some() || domain.version == Some(index);
        if !is_whole || !writes {
            continue;
        }
        if matches!(field.ty, Type::Int { .. } | Type::UInt { .. }) && !column.takes_long() {
            findings
                .push(
                    severity(strict),
                    &place,
                    format!(
                        "the validator accepts {} as {} only, but the node writes `long`",
                        shown(&column.name),
                        shown(&column.written)
                    ),
                )
                .hint("let the validator accept [\"int\", \"long\"]");
        }
        // What is read from the same collection has been judged there.
        if is_read_too {
            continue;
        }
        let fit = match fit(
            &column.kind,
            &field.ty,
            Against { engine: Engine::MongoDb, written: true, shown: true },
        ) {
            Fit::Wrong(why) if !strict => Fit::Doubt(why),
            fit => fit,
        };
        findings.fit(fit, &place, &format!("the member {}", shown(&column.name)), &column.written);
    }
}

/// A validator that only warns refuses nothing.
const fn severity(strict: bool) -> super::Severity {
    if strict { super::Severity::Error } else { super::Severity::Warning }
}

fn is_always_given(domain: &Domain, index: usize) -> bool {
    let field = &domain.fields[index];
    let is_generated = field.generated.is_some_and(|by| by != beds_core::spec::Generated::Database);
    field.required
        || field.default.is_some()
        || is_generated
        || domain.version == Some(index)
        || domain.key.contains(&index)
}
