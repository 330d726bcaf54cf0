//! Records that a view leaves out, and that a write by key may change all the same.

use beds_core::{
    inspect::Relation,
    spec::{Engine, Usage},
};
use beds_protocol::shown;

use super::Findings;

/// Reports a view that does not bind the procedures which write by key.
pub(super) fn check(place: &str, relation: &Relation, findings: &mut Findings<'_>) {
    let objects = findings.domain.database_objects();
    let writes = |usage: Usage| matches!(usage, Usage::Update | Usage::Upsert | Usage::Delete);
    let is_written = objects.iter().any(|object| writes(object.usage));
    if relation.is_filtered && is_written && findings.domain.engine() == Engine::MariaDb {
        let view = shown(&relation.name);
        let message = format!(
            "{view} leaves records out, and a write by key changes them too where its procedure does"
        );
        findings.note(place, message).hint("name the view's condition in the procedures as well");
    }
}
