//! Proposals for the DBA, made from valid domains: the objects that a template names, the rights on them, the schemas
//! of clients' data, and a template to start from.
//!
//! Every proposal is text for a person to read, edit and own. BEDS itself never runs it.

mod grants;
mod mariadb;
mod merge;
mod mongodb;
mod references;
mod schema;
mod script;
mod sql;
mod table;
mod tables;
mod template;
mod upsert;

pub use grants::grants;
pub use merge::merged;
pub use references::{OnDelete, Reference, references};
pub use schema::schema;
pub use script::{Proposed, Script, Thing, file_name, head, note, scripts};
pub use tables::{table, tables};
pub use template::{NewTemplate, template};

use std::collections::BTreeMap;

use crate::model::{Domain, Objects};

/// The known statements of routines, by the name of the call.
pub type Bodies = BTreeMap<String, String>;

/// Proposes the objects that a domain names, for its engine. The bodies of its calls' routines are left to be written.
#[must_use]
pub fn ddl(domain: &Domain) -> Script {
    ddl_with(domain, &Bodies::new())
}

/// [`ddl`] with the statements of routines, each statement with its terminator. The routines' parameters are named
/// after the call's arguments, with `p_` before each name, unless a column begins with `p_`.
#[must_use]
pub fn ddl_with(domain: &Domain, bodies: &Bodies) -> Script {
    let proposed = match &domain.objects {
        Objects::MariaDb { read, create, update, upsert, delete } => {
            let procedures = [("create", create), ("update", update), ("upsert", upsert), ("delete", delete)];
            mariadb::proposed(
                domain,
                read.as_ref(),
                &procedures.map(|(name, procedure)| (name, procedure.as_ref())),
                bodies,
            )
        }
        Objects::MongoDb { read, create, update, upsert, delete } => {
            let written = [create, update, upsert, delete].map(Option::as_deref);
            mongodb::proposed(domain, read.as_ref(), &written)
        }
    };
    Script {
        engine: domain.engine(),
        database: domain.database.clone(),
        template: domain.name.value.clone(),
        proposed,
        notes: Vec::new(),
    }
}

/// The table or collection that a view of this name reads. It never has the view's own name.
fn behind(view: &str, domain: &Domain) -> String {
    let name = view.strip_prefix("v_").unwrap_or(&domain.name.value);
    if name.eq_ignore_ascii_case(view) { format!("t_{name}") } else { name.to_owned() }
}
