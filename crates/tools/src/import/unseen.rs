//! What the importing user may not see or read.

use beds_core::inspect::{Catalogue, Relation, RelationKind};
use beds_protocol::shown;

use super::{Options, is_selected};
use crate::routine::{lacks_on, reads, sees_routines};

/// Triggers that this user may not see: their effect is then unknown.
pub(super) fn triggers(catalogue: &Catalogue, options: &Options) -> Option<(String, String)> {
    let is_unseen = |relation: &&Relation| {
        relation.kind == RelationKind::Table
            && is_selected(&relation.name, options, catalogue.folds_names)
            && lacks_on(&relation.name, "TRIGGER", catalogue)
    };
    catalogue.relations.iter().find(is_unseen).map(|table| {
        let why = format!(
            "{} may not see those of {}: it lacks the privilege TRIGGER; import as a user who has it, or look whether one \
             sets a key, or writes into a table without transactions (once = false)",
            shown(&catalogue.grants.user),
            shown(&table.name)
        );
        ("triggers".to_owned(), why)
    })
}

/// Routines that this user may not see: the server lists only the routines on which the user has a right.
pub(super) fn routines(catalogue: &Catalogue) -> Option<(String, String)> {
    (!sees_routines(catalogue)).then(|| {
        let why = format!(
            "{} may not see those that it has no right on: it lacks the privilege EXECUTE on the database; import as a user who \
             has it; otherwise none of them becomes an operation or a call, and a procedure that --ddl proposes may \
             have the name of one of them",
            shown(&catalogue.grants.user)
        );
        ("routines".to_owned(), why)
    })
}

/// The columns of a relation that this user may not read, although a fetch shows them.
pub(super) fn unread(relation: &Relation, catalogue: &Catalogue) -> Option<String> {
    let name = &relation.name;
    if catalogue.documents || reads(name, catalogue) {
        return None;
    }
    let user = shown(&catalogue.grants.user);
    Some(if lacks_on(name, "SELECT", catalogue) {
        format!(
            "fetch: {user} has no SELECT on it, so that the fields are those of columns that it cannot read"
        )
    } else {
        format!(
            "fetch: {user} has SELECT on some columns only: it may not see others and their indexes, or see what it \
             cannot read; import as a user who has SELECT on all of them"
        )
    })
}
