//! The fields that a template declares for a fetch, for a client that named another field.

use crate::{access::Allowed, spec::Domain};

/// The end of a sentence about an undeclared field: the declared fields, called `plural`.
pub(super) fn declared(domain: &Domain, allowed: &Allowed, plural: &str, fields: &[usize]) -> String {
    let shown = fields.iter().filter(|&&index| allowed.shows(index));
    let names: Vec<_> = shown.map(|&index| domain.fields[index].name).collect();
    if names.is_empty() {
        return "the template has none".to_owned();
    }
    format!("the {plural} are {}", names.join(", "))
}
