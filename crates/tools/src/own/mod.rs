//! The tables of the node's own as they are in a database, against what the node does with them: what is wrong, and
//! what mends it. `beds verify` says the one, `beds ddl` writes the other.

mod documents;
mod rows;

use std::collections::BTreeSet;

use beds_core::inspect::{Asks, Catalogue, Relation, RelationKind};
use beds_protocol::{shown, tables::Table};

/// What is wrong with a table of the node's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// What it is, as the end of a sentence about the table.
    pub(crate) what: String,
    /// What mends it: clauses of an `alter table`, or commands of MongoDB as JSON; nothing where nobody can.
    mends: Vec<String>,
}

impl Fault {
    fn new(what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { what: what.into(), mends: vec![mend.into()] }
    }

    /// What only the DBA can decide.
    fn beyond(what: impl Into<String>) -> Self {
        Self { what: what.into(), mends: Vec::new() }
    }
}

/// What is wrong with a table of the node's own.
pub(crate) fn faults(table: &Table, relation: &Relation, catalogue: &Catalogue) -> Vec<Fault> {
    let wanted = if catalogue.documents { RelationKind::Collection } else { RelationKind::Table };
    if relation.kind != wanted {
        let (is, wanted) = (relation.kind.as_str(), wanted.as_str());
        return vec![Fault::beyond(format!("it is a {is}, and must be a {wanted}"))];
    }
    if catalogue.documents { documents::faults(table, relation) } else { rows::faults(table, relation) }
}

/// What of a table of the node's own may be in the node's way, which nobody can tell without trying: as the end of a
/// sentence about the table, with what to do.
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

/// What makes a table of the node's own what the node needs: statements of SQL without their end, or commands of MongoDB
/// as JSON; and what no statement mends, as the end of a sentence about the table.
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
    // One statement, since a column that counts must be a key, and a key's columns must be there.
    if !catalogue.documents && !mends.is_empty() {
        mends = vec![format!("alter table `{}`\n    {}", relation.name, mends.join(",\n    "))];
    }
    (mends, beyond.into_iter().map(|fault| fault.what).collect())
}
