//! The tables of the node's own as they are in a database, against what the node does with them: what is wrong, and
//! what mends it. `beds verify` says the one, `beds ddl` writes the other.

mod documents;
mod rows;

use beds_core::inspect::{Catalogue, Relation, RelationKind};
use beds_protocol::tables::Table;

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
