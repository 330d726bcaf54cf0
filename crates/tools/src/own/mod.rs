//! Compares the node's own tables in a database with the node's use of them: what is wrong, and what mends it.
//! `beds verify` reports the faults, and `beds ddl` writes the repair.

mod documents;
mod rows;

use std::collections::BTreeSet;

use beds_core::inspect::{Asks, Catalogue, Relation, RelationKind};
use beds_protocol::{shown, tables::Table};

/// A fault of one of the node's own tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The fault, as the end of a sentence about the table.
    pub(crate) what: String,
    /// The repair: clauses of an `alter table`, or commands of MongoDB as JSON. It is empty if no statement can mend
    /// the fault.
    mends: Vec<String>,
}

impl Fault {
    fn new(what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { what: what.into(), mends: vec![mend.into()] }
    }

    /// A fault that only the DBA can mend.
    fn beyond(what: impl Into<String>) -> Self {
        Self { what: what.into(), mends: Vec::new() }
    }
}

/// The faults of one of the node's own tables.
pub(crate) fn faults(table: &Table, relation: &Relation, catalogue: &Catalogue) -> Vec<Fault> {
    let wanted = if catalogue.documents { RelationKind::Collection } else { RelationKind::Table };
    if relation.kind != wanted {
        let (is, wanted) = (relation.kind.as_str(), wanted.as_str());
        return vec![Fault::beyond(format!("it is a {is}, and must be a {wanted}"))];
    }
    if catalogue.documents { documents::faults(table, relation) } else { rows::faults(table, relation) }
}

/// Properties of one of the node's own tables that may refuse the node's rows, which only a try can show. Each is the
/// end of a sentence about the table, with what to do.
pub(crate) fn doubts(relation: &Relation) -> Vec<(String, &'static str)> {
    let triggers = relation.triggers.iter().map(|trigger| {
        let (name, moment) = (shown(&trigger.routine.name), &trigger.moment);
        (
            format!("its trigger {name} runs {moment}, and may refuse or change what the node writes"),
            "drop the trigger, unless it leaves the node's rows alone",
        )
    });
    let unknown = relation.rules.iter().filter_map(|rule| match &rule.asks {
        Asks::Other(condition) => Some(condition.as_str()),
        Asks::OneOf { .. } => Some("enum"),
        Asks::Matches(_) => Some("pattern"),
        Asks::LengthMin(1..) => Some("minLength"),
        Asks::MembersMin(_) => Some("minProperties"),
        Asks::MembersMax(_) => Some("maxProperties"),
        _ => None,
    });
    let unknown: BTreeSet<&str> = unknown.collect();
    let validator = (!unknown.is_empty()).then(|| {
        let conditions = unknown.into_iter().map(shown).collect::<Vec<_>>().join(", ");
        (
            format!("its validator has conditions that may refuse all that the node writes: {conditions}"),
            "give it the validator that `bedsc ddl --ledger` prints",
        )
    });
    triggers.chain(validator).collect()
}

/// The repair of one of the node's own tables: statements of SQL without their end, or commands of MongoDB as JSON. The
/// second list has the faults that no statement mends, each as the end of a sentence about the table.
#[must_use]
pub fn mends(table: &Table, relation: &Relation, catalogue: &Catalogue) -> (Vec<String>, Vec<String>) {
    let (mended, beyond): (Vec<Fault>, Vec<Fault>) =
        faults(table, relation, catalogue).into_iter().partition(|fault| !fault.mends.is_empty());
    let mut mends: Vec<String> = Vec::new();
    for mend in mended.into_iter().flat_map(|fault| fault.mends) {
        if !mends.contains(&mend) {
            mends.push(mend);
        }
    }
    // One statement for all: an auto-increment column must be a key, and the columns of a key must exist.
    if !catalogue.documents && !mends.is_empty() {
        mends = vec![format!("alter table `{}`\n    {}", relation.name, mends.join(",\n    "))];
    }
    (mends, beyond.into_iter().map(|fault| fault.what).collect())
}
