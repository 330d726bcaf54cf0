//! The node's configuration: `config/beds.toml`, then `config/env_{BEDS_ENV}.toml`, then environment variables
//! `BEDS__SECTION__KEY`, deep-merged and typed.
//!
//! Each subsystem has its own struct here and takes nothing else. Every key has a default but the servers'
//! addresses; an unknown key is an error at its place. Secrets are never printed.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
    time::Duration,
};

use beds_protocol::{Broker, Service};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

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

macro_rules! section {
    ($(#[$doc:meta])* $name:ident { $($(#[$fdoc:meta])* $field:ident: $type:ty = $default:expr,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct $name { $($(#[$fdoc])* pub $field: $type,)* }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $default,)* }
            }
        }
    };
}

section! {
    /// `[node]`
    Node {
        /// Name in logs and dead letters; the host's name and the process id where it is empty.
        name: String = String::new(),
        /// The services that this node hosts.
        services: Vec<Service> = vec![Service::AppServer],
        /// Address of the readiness endpoint (`GET /ready`); none where it is absent.
        health: Option<std::net::SocketAddr> = None,
        /// How long a node that stops waits for the requests it has taken.
        drain_timeout_ms: Millis = Millis(30_000),
        /// How long each check of the initial program load may take.
        ipl_timeout_ms: Millis = Millis(10_000),
        /// Whether templates that contradict their database are served nevertheless.
        serve_unverified: bool = false,
    }
}

section! {
    /// `[amqp]`
    Amqp {
        /// `amqp://user:password@host:port/vhost`, or `amqps://`; or a list of them, the endpoints of a cluster, which
        /// are tried in turn.
        url: Urls = Urls::default(),
        /// A file with the password, instead of one in the URL.
        pass_file: Option<PathBuf> = None,
        /// How long connecting may take.
        connect_timeout_ms: Millis = Millis(10_000),
        /// How long RabbitMQ may take to answer a declaration or to confirm a message.
        confirm_timeout_ms: Millis = Millis(30_000),
        /// AMQP heartbeat; a dead broker is noticed after two.
        heartbeat_s: u16 = 10,
        /// First and longest wait between attempts to connect.
        backoff_min_ms: Millis = Millis(100),
        /// Longest wait between attempts to connect.
        backoff_max_ms: Millis = Millis(10_000),
        /// Queues that a `reply_to` may name, besides `amq.gen-*` and `amq.rabbitmq.reply-to.*`: prefixes.
        reply_to_prefixes: Vec<String> = Vec::new(),
        /// How many messages a queue holds before RabbitMQ refuses more.
        queue_length_max: u32 = 1_000_000,
        /// How many times RabbitMQ delivers a write before it becomes a dead letter.
        delivery_attempts_max: u32 = 20,
    }
}

section! {
    /// `[brokers.<service>.<broker>]`
    Pool {
        /// Consumers on the queue, each with a channel of its own.
        instances: u16 = 4,
        /// Requests that one instance works on at a time; at most 2,000, which is a quorum queue's bound.
        prefetch: u16 = 256,
    }
}

section! {
    /// `[limits]`
    Limits {
        /// Longest request body.
        request_bytes_max: usize = 4 << 20,
        /// Longest reply body.
        reply_bytes_max: usize = 16 << 20,
        /// Records in one `create`.
        create_records_max: usize = 1_000,
        /// Items of one `in`.
        in_items_max: usize = 500,
        /// How long a request without a deadline of its own may take.
        request_timeout_ms: Millis = Millis(10_000),
        /// The most that a request may ask for.
        request_timeout_max_ms: Millis = Millis(120_000),
    }
}

section! {
    /// `[mariadb.<database>]`
    MariaDb {
        /// `mysql://user:password@host:port/schema`
        url: Option<SecretUrl> = None,
        /// Replicas that serve reads; the server of `url` does where there are none.
        read_urls: Vec<SecretUrl> = Vec::new(),
        /// A file with the password, instead of one in the URL.
        pass_file: Option<PathBuf> = None,
        /// Connections for reads.
        read_connections: u16 = 8,
        /// Connections for writes.
        write_connections: u16 = 8,
        /// Requests that wait for a connection, before further ones are refused as `overloaded`.
        queue_max: usize = 4_096,
        /// How long connecting may take.
        connect_timeout_ms: Millis = Millis(5_000),
        /// How long the server may work on one statement.
        statement_timeout_ms: Millis = Millis(30_000),
        /// How many times a transaction that lost a deadlock is run again.
        deadlock_retries_max: u8 = 3,
    }
}

section! {
    /// `[mongodb.<database>]`
    MongoDb {
        /// `mongodb://user:password@host:port/?replicaSet=…`
        url: Option<SecretUrl> = None,
        /// The database on the server; the section's name where it is absent.
        database: Option<String> = None,
        /// A file with the password, instead of one in the URL.
        pass_file: Option<PathBuf> = None,
        /// Operations at a time, and connections of the driver's pool.
        connections: u32 = 16,
        /// Operations that wait for a connection, before further ones are refused as `overloaded`.
        queue_max: usize = 4_096,
        /// How long connecting and choosing a server may take.
        connect_timeout_ms: Millis = Millis(5_000),
    }
}

section! {
    /// `[logging]`
    Logging {
        /// What is logged, in the syntax of `tracing_subscriber::EnvFilter`.
        level: String = "info,lapin=off,io_loop=off".into(),
        /// Whether events go to journald; only where its socket exists.
        journald: bool = true,
        /// Whether the console shows JSON lines instead of text.
        json: bool = false,
        /// Whether events go to the template `logger`, where the node has it.
        bus: bool = true,
        /// Events that wait for the bus, before further ones are counted and dropped.
        bus_queue_max: usize = 10_000,
    }
}

/// The servers of one engine, by database. A name's case is of no account, since environment variables lose it.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub struct Servers<T>(BTreeMap<String, T>);

impl<T> Default for Servers<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T> Servers<T> {
    /// The server of a template's `database`.
    #[must_use]
    pub fn get(&self, database: &str) -> Option<&T> {
        self.0.get(&database.to_ascii_lowercase())
    }
}

/// A duration in whole milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(transparent)]
pub struct Millis(pub u32);

impl Millis {
    /// As a duration.
    #[must_use]
    pub const fn duration(self) -> Duration {
        Duration::from_millis(self.0 as u64)
    }
}

/// One URL, or several.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(from = "OneOrManyUrls")]
pub struct Urls(pub Vec<SecretUrl>);

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrManyUrls {
    One(SecretUrl),
    Many(Vec<SecretUrl>),
}

impl From<OneOrManyUrls> for Urls {
    fn from(urls: OneOrManyUrls) -> Self {
        match urls {
            OneOrManyUrls::One(url) => Self(vec![url]),
            OneOrManyUrls::Many(urls) => Self(urls),
        }
    }
}

/// A URL whose password is shown to nobody.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct SecretUrl(SecretString);

impl SecretUrl {
    /// A URL from its text.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self(SecretString::from(url.into()))
    }

    /// The URL with its password: for the driver only.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// The URL as it may be shown.
    #[must_use]
    pub fn redacted(&self) -> String {
        match Url::parse(self.expose()) {
            Ok(mut url) => {
                if url.password().is_some() && url.set_password(Some("***")).is_err() {
                    return "***".to_owned();
                }
                url.set_query(None);
                url.to_string()
            }
            Err(_) => "(not a URL)".to_owned(),
        }
    }

    fn with_password(&self, password: &str) -> Result<Self, ConfigError> {
        let mut url = Url::parse(self.expose())
            .map_err(|error| ConfigError::new(format!("{}: {error}", self.redacted())))?;
        url.set_password(Some(password))
            .map_err(|()| ConfigError::new(format!("{} cannot have a password", self.redacted())))?;
        Ok(Self::new(String::from(url)))
    }
}

impl fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.redacted())
    }
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
            .with_list_parse_key("amqp.url")
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
        self.amqp.finish()?;
        for (name, server) in &mut self.mariadb.0 {
            let password = read_password(server.pass_file.as_deref())?;
            let urls = server.url.iter_mut().chain(&mut server.read_urls);
            apply_password(password.as_deref(), urls)?;
            if server.url.is_none() {
                return Err(ConfigError::new(format!("mariadb.{name}.url is missing")));
            }
            if server.read_connections == 0 || server.write_connections == 0 || server.queue_max == 0 {
                return Err(ConfigError::new(format!(
                    "mariadb.{name}: read_connections, write_connections and queue_max must be at least 1"
                )));
            }
        }
        for (name, server) in &mut self.mongodb.0 {
            let password = read_password(server.pass_file.as_deref())?;
            apply_password(password.as_deref(), server.url.iter_mut())?;
            if server.url.is_none() {
                return Err(ConfigError::new(format!("mongodb.{name}.url is missing")));
            }
            if server.connections == 0 || server.queue_max == 0 {
                return Err(ConfigError::new(format!(
                    "mongodb.{name}: connections and queue_max must be at least 1"
                )));
            }
        }
        for (service, pools) in &self.brokers {
            for (name, pool) in pools {
                let path = format!("brokers.{}.{name}", service.as_str());
                if Broker::from_name(&format!("{}.{name}", service.as_str())).is_none() {
                    let known: Vec<_> = Broker::ALL
                        .iter()
                        .filter(|broker| broker.service() == *service)
                        .map(|broker| broker.as_str().trim_start_matches(service.as_str()).trim_matches('.'))
                        .collect();
                    return Err(ConfigError::new(format!(
                        "{path}: this service has no such broker; it has {}",
                        known.join(", ")
                    )));
                }
                if pool.instances == 0 || !(1..=2_000).contains(&pool.prefetch) {
                    return Err(ConfigError::new(format!(
                        "{path}: instances must be at least 1, and prefetch from 1 to 2000"
                    )));
                }
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

impl Amqp {
    fn finish(&mut self) -> Result<(), ConfigError> {
        let password = read_password(self.pass_file.as_deref())?;
        apply_password(password.as_deref(), self.url.0.iter_mut())?;
        if self.url.0.is_empty() {
            return Err(ConfigError::new(
                "amqp.url is missing: set it in config/beds.toml, or as BEDS__AMQP__URL",
            ));
        }
        if self.heartbeat_s == 0 {
            return Err(ConfigError::new("amqp.heartbeat_s must be at least 1"));
        }
        Ok(())
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

fn read_password(path: Option<&Path>) -> Result<Option<String>, ConfigError> {
    let Some(path) = path else { return Ok(None) };
    let text = std::fs::read_to_string(path)
        .map_err(|error| ConfigError::new(format!("pass_file {}: {error}", path.display())))?;
    Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned()))
}

fn apply_password<'a>(
    password: Option<&str>,
    urls: impl Iterator<Item = &'a mut SecretUrl>,
) -> Result<(), ConfigError> {
    if let Some(password) = password {
        for url in urls {
            *url = url.with_password(password)?;
        }
    }
    Ok(())
}
