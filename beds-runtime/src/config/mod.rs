//! The node's configuration: `config/beds.toml`, then `config/env_{BEDS_ENV}.toml`, then environment variables
//! `BEDS__SECTION__KEY`, deep-merged and typed.
//!
//! Each subsystem has its own struct and takes nothing else. Every key has a default but the servers'
//! addresses; an unknown key is an error at its place. Secrets are never printed.

mod finish;
mod sections;

use std::{collections::BTreeMap, path::Path};

use beds_bus::{Amqp, Pool};
use beds_core::settings::{Limits, Servers};
use beds_mariadb::MariaDb;
use beds_mongodb::MongoDb;
use beds_protocol::{Broker, Service};
use serde::Deserialize;

pub use sections::{Logging, Node};

/// Where a node runs, which decides how it takes a failed start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Environment {
    /// A failed step is a warning, and what needs it stays off.
    Dev,
    /// As `prod`.
    Qa,
    /// A failed step ends the process.
    Prod,
}

impl Environment {
    /// The environment that `BEDS_ENV` names; `dev` where it is not set.
    ///
    /// # Errors
    /// When it names none.
    pub fn from_env() -> Result<Self, ConfigError> {
        match std::env::var("BEDS_ENV").as_deref() {
            Err(_) | Ok("" | "dev") => Ok(Self::Dev),
            Ok("qa") => Ok(Self::Qa),
            Ok("prod") => Ok(Self::Prod),
            Ok(other) => Err(ConfigError::new(format!("BEDS_ENV is `{other}`: it must be dev, qa or prod"))),
        }
    }

    /// Its name, as in `BEDS_ENV`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Qa => "qa",
            Self::Prod => "prod",
        }
    }
}

/// A configuration that cannot be used; the text says where and why.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

impl ConfigError {
    fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

/// All of a node's configuration, by subsystem.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The node itself.
    pub node: Node,
    /// RabbitMQ.
    pub amqp: Amqp,
    /// Pools, by service and broker: `[brokers.app_server.r]`.
    pub brokers: BTreeMap<Service, BTreeMap<String, Pool>>,
    /// What one request may ask.
    pub limits: Limits,
    /// MariaDB servers, by the name that templates use as `database`.
    pub mariadb: Servers<MariaDb>,
    /// MongoDB servers, by the name that templates use as `database`.
    pub mongodb: Servers<MongoDb>,
    /// Logs.
    pub logging: Logging,
}

impl Config {
    /// Reads the configuration of a folder and of the process's environment variables.
    ///
    /// # Errors
    /// When a file cannot be read or parsed, a key is unknown or a value is out of its range; the message names
    /// the file and the place.
    pub fn load(folder: &Path, environment: Environment) -> Result<Self, ConfigError> {
        Self::load_with(folder, environment, &std::env::vars().collect())
    }

    /// As [`Config::load`], with these environment variables.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn load_with(
        folder: &Path,
        environment: Environment,
        variables: &std::collections::HashMap<String, String>,
    ) -> Result<Self, ConfigError> {
        let mut builder = config::Config::builder();
        let files = ["beds.toml".to_owned(), format!("env_{}.toml", environment.as_str())];
        for path in files.map(|file| folder.join(file)) {
            let text = match std::fs::read_to_string(&path) {
                Ok(text) => text,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                Err(error) => return Err(ConfigError::new(format!("{}: {error}", path.display()))),
            };
            // Every key has a default, so each file is a whole configuration by itself: parsed alone, it gives
            // errors with line and column, which the merged one cannot.
            let unreadable =
                |error: toml::de::Error| ConfigError::new(format!("{}: {error}", path.display()));
            toml::from_str::<Self>(&text).map_err(unreadable)?;
            let table = with_lowercase_databases(toml::from_str(&text).map_err(unreadable)?);
            // As text again: the crate's own way from a value leaves empty lists and tables out.
            let text = table.to_string();
            builder = builder.add_source(config::File::from_str(&text, config::FileFormat::Toml));
        }
        let source: config::Map<String, String> = variables
            .iter()
            .filter(|(name, _)| name.starts_with("BEDS__"))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        let variables = config::Environment::with_prefix("BEDS")
            .prefix_separator("__")
            .separator("__")
            .try_parsing(true)
            .list_separator(",")
            .with_list_parse_key("node.services")
            .with_list_parse_key("amqp.reply_to_prefixes")
            .source(Some(source));
        let merged = builder
            .add_source(variables)
            .build()
            .map_err(|error| ConfigError::new(format!("the configuration cannot be merged: {error}")))?;
        let config: Self = serde_path_to_error::deserialize(merged).map_err(|error| {
            let path = error.path().to_string();
            ConfigError::new(format!(
                "environment variable BEDS__{}: {}",
                path.to_uppercase().replace('.', "__"),
                error.into_inner()
            ))
        })?;
        config.finish()
    }

    /// Reads password files and checks what the types cannot.
    fn finish(mut self) -> Result<Self, ConfigError> {
        finish::amqp(&mut self.amqp)?;
        for (name, server) in self.mariadb.iter_mut() {
            finish::mariadb(name, server)?;
        }
        for (name, server) in self.mongodb.iter_mut() {
            finish::mongodb(name, server)?;
        }
        for (service, pools) in &self.brokers {
            for (name, pool) in pools {
                finish::pool(*service, name, pool)?;
            }
        }
        if self.node.services.is_empty() {
            return Err(ConfigError::new("node.services is empty: name at least one service"));
        }
        Ok(self)
    }

    /// The pool of a broker.
    #[must_use]
    pub fn pool(&self, broker: Broker) -> Pool {
        let service = broker.service();
        let name = broker.as_str().trim_start_matches(service.as_str()).trim_start_matches('.');
        self.brokers.get(&service).and_then(|pools| pools.get(name)).cloned().unwrap_or_default()
    }
}

/// As [`Servers`] has them.
fn with_lowercase_databases(mut table: toml::Table) -> toml::Table {
    for engine in ["mariadb", "mongodb"] {
        if let Some(toml::Value::Table(servers)) = table.get_mut(engine) {
            let named = std::mem::take(servers).into_iter();
            servers.extend(named.map(|(name, server)| (name.to_ascii_lowercase(), server)));
        }
    }
    table
}
