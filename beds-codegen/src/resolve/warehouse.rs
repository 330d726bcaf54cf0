//! Checks that the template named by `warehouse` of `[lifecycle]` can take the records.

use std::mem::discriminant;

use crate::{
    diagnostic::{ErrorSink, lifecycle as diagnostics},
    model::{Domain, Field, Generated, Objects, Supply, Type},
};

/// Reports warehouses that cannot take the records of the templates that name them. `is_whole` is whether all templates
/// are valid.
pub(super) fn check(domains: &[&Domain], is_whole: bool, errors: &mut ErrorSink<'_>) {
    for domain in domains {
        let Some((_, to)) = &domain.aging.warehouse else { continue };
        if to.value == domain.name.value {
            errors.push(diagnostics::odd_target(to.span, &to.value, "it is this template"));
            continue;
        }
        let others = domains.iter().filter(|other| other.name.value != domain.name.value);
        let mut names: Vec<&str> = others.clone().map(|other| other.name.value.as_str()).collect();
        match others.clone().find(|other| other.name.value == to.value) {
            Some(other) => {
                if let Some(lacks) = lacks(domain, other) {
                    errors.push(diagnostics::odd_target(to.span, &to.value, &lacks));
                }
            }
            // A template that is compiled alone cannot be compared with others.
            None if names.is_empty() || !is_whole => {}
            None => {
                names.sort_unstable();
                errors.push(diagnostics::unknown_target(to.span, &to.value, names));
            }
        }
    }
}

/// The feature that a template lacks to hold the records of another.
fn lacks(from: &Domain, to: &Domain) -> Option<String> {
    let offered = to.offered();
    let missing = [
        ("fetch", offered.read),
        ("create", offered.create),
        ("update", offered.update),
        ("delete", offered.delete),
    ];
    if let Some((name, _)) = missing.iter().find(|(_, is_offered)| !is_offered) {
        return Some(format!("it offers no `{name}`"));
    }
    let is_same = (from.engine(), &from.database) == (to.engine(), &to.database)
        && from.relation().map(|relation| &relation.name) == to.relation().map(|relation| &relation.name);
    if is_same {
        return Some(format!("it has the same records as `{}`", from.name.value));
    }
    let keys = |domain: &Domain| -> Vec<String> {
        domain.key.iter().map(|&index| domain.fields[index].name.clone()).collect()
    };
    if keys(from) != keys(to) {
        return Some(format!("its key differs from the key of `{}`", from.name.value));
    }
    let by_database = |field: &Field| field.supply == Supply::Generated(Generated::Database);
    if let Some(&index) = to.key.iter().find(|&&index| by_database(&to.fields[index])) {
        return Some(format!(
            "its database generates `{0}`, but a moved record must keep its `{0}`",
            to.fields[index].name
        ));
    }
    for (index, field) in from.fields.iter().enumerate() {
        let Some(place) = to.fields.iter().position(|other| other.name == field.name) else {
            return Some(format!("it has no field `{}`", field.name));
        };
        let there = &to.fields[place];
        if from.version == Some(index) && to.version == Some(place) {
            continue;
        }
        if !fits(&field.ty, &there.ty) {
            return Some(format!("its field `{}` has another type", field.name));
        }
        if to.version == Some(place) || by_database(there) || !is_given(to, place) {
            return Some(format!("a `create` does not take its field `{}`", field.name));
        }
    }
    None
}

/// Whether every value of one type fits the other, by their bounds.
fn fits(from: &Type, to: &Type) -> bool {
    match (from, to) {
        (Type::Enum { values }, Type::Enum { values: others }) => {
            values.iter().all(|value| others.contains(value))
        }
        (from, to) => discriminant(from) == discriminant(to),
    }
}

/// Whether a `create` can set a field.
fn is_given(domain: &Domain, index: usize) -> bool {
    match &domain.objects {
        Objects::MariaDb { create: Some(procedure), .. } => procedure.args.contains(&index),
        Objects::MariaDb { create: None, .. } | Objects::MongoDb { .. } => true,
    }
}
