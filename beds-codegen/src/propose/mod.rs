//! Proposals for the DBA, made from valid domains: the objects that a template names, the rights they need, the
//! shapes that clients send and get, and a template to start from.
//!
//! Whatever is proposed here is text to be read, edited and owned by a person. Nothing of it is ever run by BEDS.

mod grants;
mod mariadb;
mod merge;
mod mongodb;
mod schema;
mod script;
mod sql;
mod tables;
mod template;
mod upsert;

pub use grants::grants;
pub use merge::merged;
pub use schema::schema;
pub use script::{Proposed, Script, Thing, file_name, head, scripts};
pub use tables::tables;
pub use template::{NewTemplate, template};

use crate::model::{Domain, Objects};

/// Proposes the objects that a domain names, for its engine.
#[must_use]
pub fn ddl(domain: &Domain) -> Script {
    let proposed = match &domain.objects {
        Objects::MariaDb { read, create, update, upsert, delete } => {
            let procedures = [("create", create), ("update", update), ("upsert", upsert), ("delete", delete)];
            mariadb::proposed(
                domain,
                read.as_ref(),
                &procedures.map(|(name, procedure)| (name, procedure.as_ref())),
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

/// The table or the collection that a view of this name reads: never of the view's own name.
fn behind(view: &str, domain: &Domain) -> String {
    let name = view.strip_prefix("v_").unwrap_or(&domain.name.value);
    if name.eq_ignore_ascii_case(view) { format!("t_{name}") } else { name.to_owned() }
}
