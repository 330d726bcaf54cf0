//! The rights of the user who inspected the database.

use beds_core::inspect::{Catalogue, Grant, Granted};

/// Whether the user lacks this privilege on a relation, on its database and on everything.
pub(crate) fn lacks_on(relation: &str, privilege: &str, catalogue: &Catalogue) -> bool {
    catalogue.grants.list.as_ref().is_some_and(|list| {
        !list.iter().any(|grant| {
            let is_on = match &grant.on {
                Granted::Server | Granted::Database => true,
                Granted::Relation(name) | Granted::Columns(name) => catalogue.is_one_name(name, relation),
                Granted::Procedure(_) | Granted::Function(_) | Granted::Elsewhere(_) => false,
            };
            is_on && gives(grant, privilege)
        })
    })
}

/// Whether the user sees a whole table, including its indexes. The server shows only the columns on which the user has
/// a right.
pub(crate) fn sees(table: &str, catalogue: &Catalogue) -> bool {
    catalogue.grants.list.as_ref().is_none_or(|list| {
        list.iter().any(|grant| match &grant.on {
            Granted::Server | Granted::Database => gives(grant, "SELECT"),
            Granted::Relation(name) => catalogue.is_one_name(name, table),
            Granted::Columns(_) | Granted::Procedure(_) | Granted::Function(_) | Granted::Elsewhere(_) => {
                false
            }
        })
    })
}

/// Whether the user may read all columns of a relation.
pub(crate) fn reads(relation: &str, catalogue: &Catalogue) -> bool {
    catalogue.grants.list.as_ref().is_none_or(|list| {
        list.iter().any(|grant| {
            let is_on = match &grant.on {
                Granted::Server | Granted::Database => true,
                Granted::Relation(name) => catalogue.is_one_name(name, relation),
                Granted::Columns(_)
                | Granted::Procedure(_)
                | Granted::Function(_)
                | Granted::Elsewhere(_) => false,
            };
            is_on && gives(grant, "SELECT")
        })
    })
}

/// Whether the user sees every routine. The server lists the routines on which the user has a right. It lists all
/// routines to a user who may read `mysql.proc`.
pub(crate) fn sees_routines(catalogue: &Catalogue) -> bool {
    const OF_ROUTINES: [&str; 4] = ["EXECUTE", "CREATE ROUTINE", "ALTER ROUTINE", "SHOW CREATE ROUTINE"];
    catalogue.grants.list.as_ref().is_none_or(|list| {
        list.iter().any(|grant| match &grant.on {
            Granted::Server if gives(grant, "SELECT") => true,
            Granted::Server | Granted::Database => OF_ROUTINES.iter().any(|right| gives(grant, right)),
            Granted::Elsewhere(what) => {
                matches!(what.as_str(), "mysql.*" | "mysql.proc") && gives(grant, "SELECT")
            }
            Granted::Relation(_) | Granted::Columns(_) | Granted::Procedure(_) | Granted::Function(_) => {
                false
            }
        })
    })
}

/// Whether the user has this privilege on every object, and so sees each of them.
pub(crate) fn sees_all(privilege: &str, catalogue: &Catalogue) -> bool {
    catalogue.grants.list.as_ref().is_none_or(|list| {
        list.iter().any(|grant| {
            matches!(grant.on, Granted::Server | Granted::Database)
                && (gives(grant, privilege) || (privilege != "EXECUTE" && gives(grant, "SELECT")))
        })
    })
}

pub(crate) fn gives(grant: &Grant, privilege: &str) -> bool {
    grant.privileges.iter().any(|given| {
        given.eq_ignore_ascii_case(privilege) || matches!(given.as_str(), "ALL PRIVILEGES" | "ALL")
    })
}
