//! Whether a procedure finds the record of the key alone, where its text is one plain statement.

use super::{Findings, base::Base, place};
use crate::import;
use beds_core::{
    inspect::{Catalogue, Index, Routine, same_word},
    spec::{Object, Usage},
};
use beds_protocol::shown;

/// Warns of an update or a delete whose text plainly finds other records than that of the key. What cannot be read is
/// believed.
pub(super) fn check(object: &Object, routine: &Routine, catalogue: &Catalogue, findings: &mut Findings<'_>) {
    let does = match object.usage {
        Usage::Update => "changes",
        Usage::Delete => "deletes",
        Usage::Read | Usage::Create | Usage::Upsert | Usage::Call(_) => return,
    };
    let domain = findings.domain;
    let objects = domain.database_objects();
    let read = objects.iter().find(|object| object.usage == Usage::Read);
    let Some(relation) = read.and_then(|read| catalogue.relation_named(read.name)) else { return };
    let Some(base) = Base::of(relation, catalogue) else { return };
    let Some(reach) = import::reach(routine, catalogue) else { return };
    let is_named = |names: &[String], column: &str| names.iter().any(|name| same_word(name, column));
    // No two records have these values.
    let is_one = |index: &Index| {
        index.unique && index.whole && index.columns.iter().all(|column| is_named(&reach.equal, column))
    };
    if !catalogue.is_one_name(&reach.table, &base.table.name) || base.table.indexes.iter().any(is_one) {
        return;
    }
    let key: Vec<_> =
        domain.key.iter().filter_map(|index| base.column(domain.fields[*index].column)).collect();
    let open = key.iter().find(|column| !is_named(&reach.equal, &column.name));
    let Some(open) = open.filter(|_| key.len() == domain.key.len()) else { return };
    let (routine, column) = (&routine.name, &open.name);
    let message = if !reach.is_bound {
        format!("{routine} {does} all records: its statement has no condition", routine = shown(routine))
    } else if let Some(parameter) = reach.hidden.iter().find(|name| same_word(name, column)) {
        format!(
            "{routine} {does} other records than that of the key: its {parameter} is the parameter on both sides",
            routine = shown(routine),
            parameter = shown(parameter)
        )
    } else if is_named(&reach.compared, column) {
        format!(
            "{routine} {does} other records than that of the key: it compares {column} by something else than `=`",
            routine = shown(routine),
            column = shown(column)
        )
    } else {
        format!(
            "{routine} {does} other records than that of the key: it does not compare {column}",
            routine = shown(routine),
            column = shown(column)
        )
    };
    let names: Vec<String> = key.iter().map(|column| shown(&column.name).clone()).collect();
    findings.warning(place(object.usage), message).hint(format!(
        "let it find the record by `=` with a parameter for each column of the key: {}; what is meant for several records is \
         a call",
        names.join(", ")
    ));
}
