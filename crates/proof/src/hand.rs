//! Access to a database: its place, and a connection on which whole statements run.

use std::time::Duration;

use beds_core::{
    inspect::{Catalogue, Scope, Unseen},
    settings::{MARIADB, MONGODB, SecretUrl},
};
use beds_protocol::Engine;

/// How long a statement may take. An index over many records takes its time.
pub(crate) const PATIENCE: Duration = Duration::from_mins(5);

/// A database on a server.
#[derive(Debug, Clone)]
pub enum Place {
    /// In MariaDB. The URL names the database.
    MariaDb(SecretUrl),
    /// In MongoDB, with its name.
    MongoDb(SecretUrl, String),
}

impl Place {
    /// The database that a URL names. Drivers of MongoDB take the database in the URL for the one with the users. So
    /// for MongoDB the name may be given separately.
    ///
    /// # Errors
    /// What is wrong with the URL, without its secrets.
    pub fn read(engine: Engine, url: SecretUrl, database: Option<&str>) -> Result<Self, String> {
        match engine {
            Engine::MariaDb => {
                MARIADB.check(&url)?;
                let named = named(&url);
                match (named, database) {
                    (Some(_), None) => Ok(Self::MariaDb(url)),
                    (Some(named), Some(database)) if named == database => Ok(Self::MariaDb(url)),
                    (None, _) => Err("the URL names no database: mysql://user@host:3306/database".to_owned()),
                    (Some(named), Some(_)) => Err(format!("the URL names the database `{named}`")),
                }
            }
            Engine::MongoDb => {
                MONGODB.check(&url)?;
                let named = database.map(str::to_owned).or_else(|| named(&url));
                let named = named.ok_or("the name of the database is missing")?;
                Ok(Self::MongoDb(url, named))
            }
        }
    }

    /// Connects.
    pub(crate) async fn connect(&self) -> Result<Hand, String> {
        match self {
            Self::MariaDb(url) => beds_mariadb::Dba::connect(url, PATIENCE)
                .await
                .map(Hand::MariaDb)
                .map_err(|unseen| told(&unseen)),
            Self::MongoDb(url, database) => {
                let hand = beds_mongodb::Dba::connect(url, database, PATIENCE).await;
                hand.map(Hand::MongoDb).map_err(|unseen| told(&unseen))
            }
        }
    }

    /// The catalogue, with details of these names.
    pub(crate) async fn look(&self, names: Vec<String>) -> Result<Catalogue, Unseen> {
        let scope = Scope { only: Some(names.clone()), sample: 0, timeout: PATIENCE };
        match self {
            Self::MariaDb(url) => beds_mariadb::inspect(std::slice::from_ref(url), &scope).await,
            Self::MongoDb(url, database) => {
                let wanted = |name: &str| names.iter().any(|wanted| wanted == name);
                beds_mongodb::inspect(url, database, &scope, &wanted, &|_, _, _| {}).await
            }
        }
    }

    /// The place, without secrets.
    #[must_use]
    pub fn shown(&self) -> String {
        match self {
            Self::MariaDb(url) => url.redacted(),
            Self::MongoDb(url, database) => format!("{} database {database}", url.redacted()),
        }
    }
}

/// The database that a URL names.
fn named(url: &SecretUrl) -> Option<String> {
    let (_, rest) = url.expose().split_once("://")?;
    let (_, path) = rest.split_once('/')?;
    let path = path.split(['?', '#']).next().unwrap_or_default();
    (!path.is_empty()).then(|| path.to_owned())
}

/// Why a database cannot be inspected, and what to do.
pub(crate) fn told(unseen: &Unseen) -> String {
    format!("{}; {}", unseen.reason, unseen.hint)
}

/// A connection.
#[derive(Debug)]
pub(crate) enum Hand {
    MariaDb(beds_mariadb::Dba),
    MongoDb(beds_mongodb::Dba),
}

impl Hand {
    /// Runs a statement of SQL, or a command of MongoDB as JSON.
    pub(crate) async fn run(&mut self, statement: &str) -> Result<(), String> {
        match self {
            Self::MariaDb(dba) => dba.run(statement).await,
            Self::MongoDb(dba) => dba.run(statement).await.map(drop),
        }
    }

    /// Runs a statement of a script that may find its object there.
    pub(crate) async fn run_again(&mut self, statement: &str) -> Result<(), String> {
        match self {
            Self::MariaDb(dba) => dba.rows(statement).await.map(drop),
            Self::MongoDb(dba) => dba.run(statement).await.map(drop),
        }
    }

    pub(crate) async fn close(self) {
        match self {
            Self::MariaDb(dba) => dba.close().await,
            Self::MongoDb(dba) => dba.close().await,
        }
    }
}

/// A text of SQL whose characters cannot end it.
pub(crate) fn literal(text: &str) -> String {
    format!("convert(x'{}' using utf8mb4)", hex::encode(text))
}
