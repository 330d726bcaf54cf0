//! The engines behind the domains. Each adapter is the only place that names its driver.
//!
//! An adapter has four parts: `spec`, the constant data that the compiler emits; `ops`, the operations that
//! generated code calls; the engine's own language (`sql`, `filter`), built from the template's fragments and
//! bound values; and the connections. Operations hand *jobs* to the connections and never hold one: that is
//! where reads are coalesced and where writes share a transaction.

pub mod inspect;
mod lookup;
pub mod mariadb;
pub mod mongodb;
mod ops;

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    config::Config,
    core::Result,
    error::Error,
    spec::{Domain, Engine},
};

/// The databases of a node, by engine and name.
#[derive(Debug, Default)]
pub struct Engines {
    mariadb: BTreeMap<String, mariadb::Database>,
    mongodb: BTreeMap<String, Arc<mongodb::Database>>,
}

impl Engines {
    /// Opens the databases that these domains use. Connections are made in the background, for as long as the
    /// engines live.
    #[must_use]
    pub fn open(config: &Config, domains: &[&'static Domain]) -> Self {
        let mut engines = Self::default();
        for domain in domains {
            let name = domain.database;
            match domain.engine {
                Engine::MariaDb => {
                    if let (false, Some(server)) =
                        (engines.mariadb.contains_key(name), config.mariadb.get(name))
                    {
                        engines.mariadb.insert(name.to_owned(), mariadb::Database::open(name, server));
                    }
                }
                Engine::MongoDb => {
                    if let (false, Some(server)) =
                        (engines.mongodb.contains_key(name), config.mongodb.get(name))
                    {
                        let database = Arc::new(mongodb::Database::open(name, server));
                        engines.mongodb.insert(name.to_owned(), database);
                    }
                }
            }
        }
        engines
    }

    fn mariadb(&self, domain: &Domain) -> Result<&mariadb::Database> {
        self.mariadb.get(domain.database).ok_or_else(|| not_configured(domain, "mariadb"))
    }

    fn mongodb(&self, domain: &Domain) -> Result<&Arc<mongodb::Database>> {
        self.mongodb.get(domain.database).ok_or_else(|| not_configured(domain, "mongodb"))
    }
}

fn not_configured(domain: &Domain, section: &str) -> Error {
    let name = domain.database;
    Error::internal(format!("the node has no server for the database `{name}` of `{}`", domain.name))
        .hint(format!("configure [{section}.{name}]"))
}
