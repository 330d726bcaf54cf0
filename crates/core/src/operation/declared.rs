//! What a template declares for a fetch, for a client that asked for something else.

use crate::{access::Allowed, spec::Domain};

/// The end of a sentence about a field that is not one of those: the others, called `plural`.
pub(super) fn declared(domain: &Domain, allowed: &Allowed, plural: &str, fields: &[usize]) -> String {
    let shown = fields.iter().filter(|&&index| allowed.shows(index));
    let names: Vec<_> = shown.map(|&index| domain.fields[index].name).collect();
    if names.is_empty() {
        return "the template has none".to_owned();
    }
    format!("the {plural} are {}", names.join(", "))
}
