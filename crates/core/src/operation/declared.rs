//! What a template declares for a fetch, for a client that asked for something else.

use crate::spec::Domain;

/// Why a field cannot be used: the end of the sentence "the member …".
pub(super) fn not_declared(domain: &Domain, name: &str, declared: &[usize]) -> String {
    let names: Vec<_> = declared.iter().map(|&index| domain.fields[index].name).collect();
    if names.is_empty() {
        format!("cannot use `{name}`: the template declares none")
    } else {
        format!("cannot use `{name}`: the template declares {}", names.join(", "))
    }
}
