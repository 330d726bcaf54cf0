//! What a template declares for a fetch, for a client that asked for something else.

use crate::spec::Domain;

/// The end of a sentence about a field that is not one of those: the others, called `plural`.
pub(super) fn declared(domain: &Domain, plural: &str, fields: &[usize]) -> String {
    if fields.is_empty() {
        return "the template has none".to_owned();
    }
    let names: Vec<_> = fields.iter().map(|&index| domain.fields[index].name).collect();
    format!("the {plural} are {}", names.join(", "))
}
