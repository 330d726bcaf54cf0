//! Compares what a domain writes to a collection with each condition of the collection's validator.

use std::collections::BTreeSet;

use super::{Findings, Severity, place};
use beds_core::{
    inspect::{Asks, Evidence, ITEMS, Relation, Rule},
    spec::{Domain, Generated, Object, Type, Usage},
};
use beds_protocol::shown;

mod values;

/// The finding on a rule.
pub(super) struct Said {
    severity: Severity,
    message: String,
    hint: Option<String>,
}

impl Said {
    fn error(message: String) -> Self {
        Self { severity: Severity::Error, message, hint: None }
    }

    fn warning(message: String) -> Self {
        Self { severity: Severity::Warning, message, hint: None }
    }

    fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

/// Compares the written values with the rules of the validator.
pub(super) fn check(object: &Object, relation: &Relation, findings: &mut Findings<'_>) {
    let is_strict = relation.evidence == Evidence::Validator { strict: true };
    let domain = findings.domain;
    let is_whole = matches!(object.usage, Usage::Create | Usage::Upsert);
    // A member with the wrong type is judged no further.
    let mut mistyped = BTreeSet::new();
    let (types, others): (Vec<&Rule>, Vec<&Rule>) =
        relation.rules.iter().partition(|rule| matches!(rule.asks, Asks::Types(_)));
    for rule in types.into_iter().chain(others) {
        let Some((column, _)) = rule.path.split_first() else {
            for (place, said) in whole(object, rule, is_whole, findings) {
                tell(findings, is_strict, &place, None, said);
            }
            continue;
        };
        let Some(index) = domain.fields.iter().position(|field| field.column == column.as_str()) else {
            continue;
        };
        if !findings.is_stored(index) || mistyped.contains(&rule.path) {
            continue;
        }
        let field = &domain.fields[index];
        let place = format!("field {}", field.name);
        let name = shown(rule.path.join(".").replace(".[]", ITEMS));
        let said = match reached(&field.ty, &rule.path[1..]) {
            // The node counts the version from 1.
            Reached::Value(_) if domain.version == Some(index) => {
                values::judge(&name, &Type::int(1, i64::MAX), &rule.asks)
            }
            Reached::Value(ty) => values::judge(&name, ty, &rule.asks),
            Reached::AnyJson => Some(Said::warning(format!(
                "the validator has rules for {name}, but the template takes any JSON: the validator refuses some"
            ))),
            Reached::Nothing => None,
        };
        let Some(said) = said else { continue };
        let is_mistyped = matches!(rule.asks, Asks::Types(_)) && said.severity == Severity::Error;
        if is_mistyped {
            mistyped.insert(rule.path.clone());
        }
        // The type of the column may have been reported already.
        let read = is_mistyped.then(|| format!("the column {}", shown(column)));
        tell(findings, is_strict, &place, read.as_deref(), said);
    }
}

/// A validator that only warns does not refuse anything.
fn tell(findings: &mut Findings<'_>, is_strict: bool, place: &str, known_as: Option<&str>, said: Said) {
    let severity = if is_strict { said.severity } else { Severity::Warning };
    let is_told = findings.list.iter().any(|finding| {
        finding.place == place
            && (finding.message == said.message
                || (finding.severity <= severity
                    && known_as.is_some_and(|subject| finding.message.starts_with(subject))))
    });
    if !is_told {
        findings.push(severity, place, said.message).hint = said.hint;
    }
}

enum Reached<'t> {
    Value(&'t Type),
    AnyJson,
    Nothing,
}

/// The template's type at a path inside a field.
fn reached<'t>(ty: &'t Type, path: &[String]) -> Reached<'t> {
    let Some((step, rest)) = path.split_first() else { return Reached::Value(ty) };
    match ty {
        Type::List { item, .. } if step == ITEMS => reached(&item.ty, rest),
        Type::Object { fields } => match fields.iter().find(|member| member.column == step.as_str()) {
            Some(member) => reached(&member.ty, rest),
            None => Reached::Nothing,
        },
        Type::Json => Reached::AnyJson,
        _ => Reached::Nothing,
    }
}

/// The findings on a condition for the whole document.
fn whole(object: &Object, rule: &Rule, is_whole: bool, findings: &Findings<'_>) -> Vec<(String, Said)> {
    let domain = findings.domain;
    let place = place(object.usage);
    let has_id = domain.fields.iter().any(|field| field.column == "_id");
    // Each document has an `_id`.
    let id = usize::from(!has_id);
    let said = match &rule.asks {
        Asks::Other(keyword) => Some(values::not_judged(keyword, "its documents")),
        Asks::Types(types) if !types.iter().any(|name| name == "object") => {
            Some(Said::error("the validator accepts no document".to_owned()))
        }
        Asks::Required(name) if is_whole && name != "_id" => required(domain, name),
        Asks::Only(names) => return only(domain, names, &place, findings),
        Asks::MembersMin(least) if is_whole => {
            let given =
                (0..domain.fields.len()).filter(|index| is_always_stored(domain, *index)).count() + id;
            (u64::try_from(given).is_ok_and(|given| given < *least)).then(|| {
                Said::warning(format!(
                    "the validator refuses documents of fewer than {least} members, and some have {given}"
                ))
            })
        }
        Asks::MembersMax(most) => {
            let all = (0..domain.fields.len()).filter(|index| findings.is_stored(*index)).count() + id;
            (u64::try_from(all).is_ok_and(|all| all > *most)).then(|| {
                Said::warning(format!(
                    "the validator refuses documents of more than {most} members, and some have {all}"
                ))
            })
        }
        Asks::OneOf { .. } => Some(values::not_judged("enum", "its documents")),
        _ => None,
    };
    said.map(|said| (place, said)).into_iter().collect()
}

fn required(domain: &Domain, name: &str) -> Option<Said> {
    let index = domain.fields.iter().position(|field| field.column == name);
    let why = match index {
        None => "which no field has",
        Some(index) if !is_always_given(domain, index) => "which a client may leave out",
        Some(index) if !is_always_stored(domain, index) => {
            "which may be null, and what is null is not stored"
        }
        Some(_) => return None,
    };
    let said = Said::error(format!("the validator requires {}, {why}", shown(name)));
    Some(match index {
        None => said.hint("add the field, or let the validator not require it"),
        Some(_) => said.hint("make the field required and not nullable, or give it a default"),
    })
}

/// Fields that the validator does not accept as members.
fn only(domain: &Domain, names: &[String], place: &str, findings: &Findings<'_>) -> Vec<(String, Said)> {
    let is_listed = |name: &str| names.iter().any(|listed| listed == name);
    let fields = domain.fields.iter().enumerate().filter(|(index, field)| {
        // The column may have been reported as missing already.
        let missing = format!("has no column {}", shown(field.column));
        let place = format!("field {}", field.name);
        findings.is_stored(*index) && !is_listed(field.column) && !findings.has(&place, &missing)
    });
    let mut found: Vec<_> = fields
        .map(|(_, field)| {
            let said = Said::error(format!("the validator forbids {}", shown(field.column)))
                .hint("add it to the validator's `properties`");
            (format!("field {}", field.name), said)
        })
        .collect();
    if !is_listed("_id") && !domain.fields.iter().any(|field| field.column == "_id") {
        let said = Said::error("the validator forbids `_id`, which each document has".to_owned())
            .hint("add it to the validator's `properties`");
        found.push((place.to_owned(), said));
    }
    found
}

fn is_always_given(domain: &Domain, index: usize) -> bool {
    let field = &domain.fields[index];
    let is_generated = field.generated.is_some_and(|by| by != Generated::Database);
    field.required
        || field.default.is_some()
        || is_generated
        || domain.version == Some(index)
        || domain.key.contains(&index)
}

/// Whether each record in a collection has a value of the field.
pub(super) fn is_always_stored(domain: &Domain, index: usize) -> bool {
    let field = &domain.fields[index];
    is_always_given(domain, index)
        && (!field.nullable || field.generated.is_some() || domain.version == Some(index))
}

/// The type in which MongoDB stores a value; `None` if it may be any type.
pub(super) const fn stored_as(ty: &Type) -> Option<&'static str> {
    Some(match ty {
        Type::Bool => "bool",
        Type::Int { .. } | Type::UInt { .. } => "long",
        Type::Float { .. } => "double",
        Type::Decimal { .. } => "decimal",
        Type::String { .. } | Type::Text { .. } | Type::Date | Type::Time | Type::Enum { .. } => "string",
        Type::Bytes { .. } | Type::Uuid => "binData",
        Type::DateTime => "date",
        Type::Json => return None,
        Type::List { .. } => "array",
        Type::Object { .. } => "object",
        Type::ObjectId => "objectId",
    })
}

/// Whether a validator or an index names this type.
pub(super) fn takes(types: &[String], stored: &str) -> bool {
    let is_number = matches!(stored, "long" | "double" | "decimal");
    types.iter().any(|name| name == stored || (is_number && name == "number"))
}

#[cfg(test)]
mod tests;
