//! Proposals for the DBA, made from valid domains: the objects that a template names, the rights they need, the
//! shapes that clients send and get, and a template to start from.
//!
//! Whatever is proposed here is text to be read, edited and owned by a person. Nothing of it is ever run by BEDS.

mod grants;
mod mariadb;
mod mongodb;
mod schema;
mod template;

pub use grants::grants;
pub use schema::schema;
pub use template::{NewTemplate, template};

use crate::model::{Domain, Objects};

/// Proposes the objects that a domain names: SQL for MariaDB, for MongoDB a JSON document with the commands that
/// create collections with validators, indexes and views.
#[must_use]
pub fn ddl(domain: &Domain) -> String {
    match &domain.objects {
        Objects::MariaDb { read, create, update, delete } => {
            let procedures = [("create", create), ("update", update), ("delete", delete)];
            mariadb::ddl(
                domain,
                read.as_ref(),
                &procedures.map(|(name, procedure)| (name, procedure.as_ref())),
            )
        }
        Objects::MongoDb { read, create, update, delete } => {
            let written = [create, update, delete].map(Option::as_deref);
            mongodb::ddl(domain, read.as_ref(), &written)
        }
    }
}
