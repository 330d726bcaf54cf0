//! The node's configuration: `config/beds.toml`, then `config/env_{BEDS_ENV}.toml`, then environment variables
//! `BEDS__SECTION__KEY`, deep-merged and typed.
//!
//! Each subsystem has its own struct and gets nothing else. Every key has a default, except the servers' addresses. An
//! unknown key is an error with its position, also in the query of a URL. Secrets are never printed.

mod differing;
mod exposed;
mod finish;
pub(crate) mod level;
mod of_services;
mod ranges;
mod secrets;
mod sections;
mod variables;
mod words;

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    path::Path,
};

use beds_bus::{Amqp, BrokerService, Endpoint, Pool, Server};
use beds_core::{
    access::Rules,
    settings::{Limits, SecretUrl, Servers, Tls},
};
use beds_mariadb::MariaDb;
use beds_mongodb::MongoDb;
use beds_protocol::{Broker, Service, Undeclared};
use beds_services::{SharedFilesystem, Tercero, graph::Graph, jobs::Jobs, syslog::Syslog};
use serde::Deserialize;

use variables::Variables;

pub use sections::{Access, Design, Logging, Node, Roles, Telemetry};

/// The folder of the configuration if none is given.
pub const FOLDER: &str = "config";

/// The environment of a node, which decides how the node handles a failed start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Environment {
    /// A failed step is a warning, and the parts that need it stay off.
    Dev,
    /// As `prod`.
    Qa,
    /// A failed step ends the process.
    Prod,
}

impl Environment {
    /// The environment that `BEDS_ENV` names; `dev` if it is not set.
    ///
    /// # Errors
    /// If it does not name an environment.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::named(std::env::var_os("BEDS_ENV").as_deref())
    }

    fn named(given: Option<&OsStr>) -> Result<Self, ConfigError> {
        let Some(given) = given else { return Ok(Self::Dev) };
        match given.to_str() {
            Some("dev") => Ok(Self::Dev),
            Some("qa") => Ok(Self::Qa),
            Some("prod") => Ok(Self::Prod),
            Some("") => {
                let reason = "it must be dev, qa or prod, or be unset for dev";
                Err(ConfigError::new(format!("BEDS_ENV is empty: {reason}")))
            }
            _ => {
                let given = given.display();
                Err(ConfigError::new(format!("BEDS_ENV is `{given}`: it must be dev, qa or prod")))
            }
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
        Self(words::masked(&message.into()))
    }
}

/// All of a node's configuration, by subsystem.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The node itself.
    pub node: Node,
    /// Who may do what.
    pub access: Access,
    /// What all encrypted links are encrypted with; a server's own section comes before it.
    pub tls: Tls,
    /// RabbitMQ.
    pub amqp: Amqp,
    /// Pools, by service and broker: `[brokers.app_server.r]`.
    pub brokers: BTreeMap<Service, BTreeMap<String, Pool>>,
    /// RabbitMQ servers of single services: `[broker_services.tercero]`.
    pub broker_services: BTreeMap<Service, BrokerService>,
    /// The sections `[amqp]` of those services.
    #[serde(skip)]
    own_amqp: BTreeMap<Service, Amqp>,
    /// What one request may ask.
    pub limits: Limits,
    /// MariaDB servers, by the name that templates use as `database`.
    pub mariadb: Servers<MariaDb>,
    /// MongoDB servers, by the name that templates use as `database`.
    pub mongodb: Servers<MongoDb>,
    /// Users and sessions.
    pub tercero: Tercero,
    /// Listeners of syslog.
    pub syslog: Syslog,
    /// Metrics.
    pub graph: Graph,
    /// Jobs.
    pub jobs: Jobs,
    /// Where archives are kept.
    pub shared_filesystem: SharedFilesystem,
    /// Logs.
    pub logging: Logging,
    /// Traces.
    pub telemetry: Telemetry,
    /// Objects by description.
    pub design: Design,
}

impl Config {
    /// Reads the configuration of a folder and of the process's environment variables.
    ///
    /// # Errors
    /// If a file cannot be read or parsed, a key is unknown or a value is out of range. The message names the file and
    /// the position.
    pub fn load(folder: &Path, environment: Environment) -> Result<Self, ConfigError> {
        is_there(folder)?;
        Self::load_with(folder, environment, std::env::vars_os())
    }

    /// As [`Config::load`], with these environment variables.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn load_with(
        folder: &Path,
        environment: Environment,
        variables: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, ConfigError> {
        Self::merged(folder, environment, variables)?.finish(folder)
    }

    /// Only the section `[design]`. The settings that a node needs may be missing: a user who designs and signs has no
    /// password of RabbitMQ.
    ///
    /// # Errors
    /// As [`Config::load`], without the errors for settings that are missing in other sections.
    pub fn design(folder: &Path, environment: Environment) -> Result<Design, ConfigError> {
        is_there(folder)?;
        let design = Self::merged(folder, environment, std::env::vars_os())?.design;
        of_services::design(&design)?;
        Ok(design)
    }

    /// As [`Config::design`], with the addresses of the servers that nodes use: proofs must not run there.
    ///
    /// # Errors
    /// As [`Config::design`].
    pub fn design_and_real(
        folder: &Path,
        environment: Environment,
    ) -> Result<(Design, Vec<SecretUrl>), ConfigError> {
        is_there(folder)?;
        let merged = Self::merged(folder, environment, std::env::vars_os())?;
        of_services::design(&merged.design)?;
        let of_service =
            |own: &BrokerService| own.over(&merged.amqp).map(|amqp| amqp.url.0).unwrap_or_default();
        let mut real = merged.amqp.url.0.clone();
        real.extend(merged.broker_services.values().flat_map(of_service));
        for (_, server) in merged.mariadb.iter() {
            real.extend(server.url.0.iter().chain(&server.read_urls.0).cloned());
        }
        real.extend(merged.mongodb.iter().filter_map(|(_, server)| server.url.clone()));
        Ok((merged.design, real))
    }

    /// The content of files and variables, checked by the types only.
    fn merged(
        folder: &Path,
        environment: Environment,
        variables: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, ConfigError> {
        let variables = Variables::of(variables)?;
        let mut builder = config::Config::builder();
        let files = ["beds.toml".to_owned(), format!("env_{}.toml", environment.as_str())];
        for path in files.map(|file| folder.join(file)) {
            let wrong = |reason: String| ConfigError::new(format!("{}: {reason}", path.display()));
            let text = match std::fs::read(&path) {
                Ok(bytes) => words::text(bytes).map_err(wrong)?,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                Err(error) => return Err(wrong(error.to_string())),
            };
            // Every key has a default, so each file is a complete configuration. Parsed alone, it gives errors with
            // line and column, which the merged one cannot give.
            words::read::<Self>(&text).map_err(wrong)?;
            let table = words::read(&text).and_then(with_lowercase_databases).map_err(wrong)?;
            // As text again: the crate's conversion from a value drops empty lists and tables.
            let text = table.to_string();
            builder = builder.add_source(config::File::from_str(&text, config::FileFormat::Toml));
        }
        let merged = builder
            .add_source(variables.clone())
            .build()
            .map_err(|error| ConfigError::new(format!("the configuration cannot be merged: {error}")))?;
        serde_path_to_error::deserialize(merged).map_err(|error| {
            // Each file is correct by itself, so the error comes from a variable.
            let place = error.path().to_string();
            let name = variables.at(&place).map_or(place.as_str(), |name| name);
            ConfigError::new(format!(
                "environment variable {name}: {}",
                words::ranged(&place, &words::of(&without_key(error.inner())))
            ))
        })
    }

    /// Reads password files and makes the checks that the types cannot.
    fn finish(mut self, folder: &Path) -> Result<Self, ConfigError> {
        finish::tls(&self.tls)?;
        self.own_amqp = finish::broker_services(&self.broker_services, &self.amqp, &self.tls)?;
        finish::amqp(folder, &mut self.amqp, &self.tls)?;
        finish::limits(&self.limits)?;
        for (name, server) in self.mariadb.iter_mut() {
            finish::mariadb(name, server, &self.tls)?;
        }
        for (name, server) in self.mongodb.iter_mut() {
            finish::mongodb(name, server, &self.tls)?;
        }
        for (service, pools) in &self.brokers {
            for (name, pool) in pools {
                finish::pool(*service, name, pool)?;
            }
        }
        of_services::tercero(&self.tercero)?;
        of_services::syslog(&self.syslog, &self.tls)?;
        of_services::graph(&self.graph)?;
        of_services::jobs(&self.jobs)?;
        of_services::shared_filesystem(&self.shared_filesystem)?;
        finish::logging(&self.logging)?;
        finish::telemetry(&self.telemetry)?;
        finish::node(&self.node)?;
        of_services::design(&self.design)?;
        finish::roles(&self.access)?;
        Ok(self)
    }

    /// The connection to the RabbitMQ of a service.
    #[must_use]
    pub fn amqp_of(&self, service: Service) -> &Amqp {
        self.own_amqp.get(&service).unwrap_or(&self.amqp)
    }

    /// The RabbitMQ servers of the services that the node hosts, without duplicates.
    #[must_use]
    pub fn rabbitmqs(&self) -> Vec<Server> {
        let mut servers: Vec<Server> = Vec::new();
        for &service in &self.node.services {
            let amqp = self.amqp_of(service);
            match servers.iter_mut().find(|server| server.amqp == *amqp) {
                Some(server) => server.services.push(service),
                None => servers.push(Server { amqp: amqp.clone(), services: vec![service] }),
            }
        }
        servers
    }

    /// The access rules of a node with this name.
    #[must_use]
    pub fn rules(&self, node: &str, environment: Environment) -> Rules {
        let servers = self.rabbitmqs();
        let urls = servers.iter().flat_map(|server| &server.amqp.url.0);
        let endpoints: Vec<Endpoint> = urls.filter_map(|url| Endpoint::parse(url.expose()).ok()).collect();
        Rules::new(node, self.opens_undeclared(environment), self.roles_of_users())
            .with_nodes(endpoints.iter().map(Endpoint::user))
    }

    /// The users of RabbitMQ that have roles.
    pub fn roles_of_users(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.access.users.iter().map(|(user, roles)| (user.as_str(), roles.0.as_slice()))
    }

    /// Whether domains whose templates have no `[access]` are open to all.
    #[must_use]
    pub fn opens_undeclared(&self, environment: Environment) -> bool {
        match (self.access.default, environment) {
            (Some(default), _) => default == Undeclared::Open,
            (None, Environment::Dev) => true,
            (None, Environment::Qa | Environment::Prod) => false,
        }
    }

    /// The pool of a broker.
    #[must_use]
    pub fn pool(&self, broker: Broker) -> Pool {
        let pools = self.brokers.get(&broker.service());
        pools.and_then(|pools| pools.get(broker.short_name())).cloned().unwrap_or_default()
    }

    /// The pools of the brokers that the node hosts.
    #[must_use]
    pub fn hosted_pools(&self) -> Vec<(Broker, Pool)> {
        let hosts = |broker: &&Broker| self.node.services.contains(&broker.service());
        Broker::ALL.iter().filter(hosts).map(|&broker| (broker, self.pool(broker))).collect()
    }
}

/// The default folder may be absent, because variables can set everything. A folder that somebody names must exist.
fn is_there(folder: &Path) -> Result<(), ConfigError> {
    if folder == Path::new(FOLDER) || folder.is_dir() {
        return Ok(());
    }
    let folder = folder.display();
    Err(ConfigError::new(format!("there is no folder `{folder}`, which --config or BEDS_CONFIG names")))
}

/// The error of a value, without its key: the name of the variable tells the key.
fn without_key(error: &config::ConfigError) -> String {
    match error {
        config::ConfigError::At { error, .. } => without_key(error),
        error => {
            let text = error.to_string();
            text.split_once(" for key `").map_or(text.as_str(), |(text, _)| text).to_owned()
        }
    }
}

/// With the names of databases in lower case, as in [`Servers`].
fn with_lowercase_databases(mut table: toml::Table) -> Result<toml::Table, String> {
    for engine in ["mariadb", "mongodb"] {
        if let Some(toml::Value::Table(servers)) = table.get_mut(engine) {
            for (name, server) in std::mem::take(servers) {
                let lower = name.to_ascii_lowercase();
                if servers.insert(lower, server).is_some() {
                    return Err(format!(
                        "[{engine}.{name}] is there twice: the case of a name does not matter"
                    ));
                }
            }
        }
    }
    Ok(table)
}

#[cfg(test)]
mod tests;
