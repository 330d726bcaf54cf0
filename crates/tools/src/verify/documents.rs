//! What a domain writes to a collection, against the collection's validator.

use super::{Findings, validator};
use beds_core::{
    inspect::Relation,
    spec::{Object, Usage},
};
use beds_protocol::shown;

/// Holds what is written against the collection and its validator.
pub(super) fn check(object: &Object, relation: &Relation, findings: &mut Findings<'_>) {
    let is_recorded = findings.domain.is_recorded();
    if let Some(storage) = relation.storage.as_ref().filter(|storage| is_recorded && !storage.transactional) {
        let message = format!(
            "{} is {}, into which no transaction writes: such a request is refused",
            shown(&relation.name),
            storage.name
        );
        findings
            .error(super::place(object.usage), message)
            .hint("say `once = false` in the template, and neither publish nor audit its changes");
    }
    if object.usage != Usage::Delete {
        validator::check(object, relation, findings);
    }
}
