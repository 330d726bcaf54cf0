//! One struct for each subsystem, with its defaults and with the checks that its types cannot make.

use std::{path::PathBuf, time::Duration};

use beds_protocol::Service;
use serde::Deserialize;

use super::{
    ConfigError,
    urls::{SecretUrl, Urls, apply_password, read_password},
};

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
        /// Replicas that serve reads, one or several as in `[amqp]`; the server of `url` does where there are none.
        read_urls: Urls = Urls::default(),
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

impl Amqp {
    /// Reads the password file and checks the rest.
    pub(super) fn finish(&mut self) -> Result<(), ConfigError> {
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

impl MariaDb {
    /// As [`Amqp::finish`]; `name` is the section's, for errors.
    pub(super) fn finish(&mut self, name: &str) -> Result<(), ConfigError> {
        let password = read_password(self.pass_file.as_deref())?;
        apply_password(password.as_deref(), self.url.iter_mut().chain(&mut self.read_urls.0))?;
        if self.url.is_none() {
            return Err(ConfigError::new(format!("mariadb.{name}.url is missing")));
        }
        if self.read_connections == 0 || self.write_connections == 0 || self.queue_max == 0 {
            return Err(ConfigError::new(format!(
                "mariadb.{name}: read_connections, write_connections and queue_max must be at least 1"
            )));
        }
        Ok(())
    }
}

impl MongoDb {
    /// As [`Amqp::finish`]; `name` is the section's, for errors.
    pub(super) fn finish(&mut self, name: &str) -> Result<(), ConfigError> {
        let password = read_password(self.pass_file.as_deref())?;
        apply_password(password.as_deref(), self.url.iter_mut())?;
        if self.url.is_none() {
            return Err(ConfigError::new(format!("mongodb.{name}.url is missing")));
        }
        if self.connections == 0 || self.queue_max == 0 {
            return Err(ConfigError::new(format!(
                "mongodb.{name}: connections and queue_max must be at least 1"
            )));
        }
        Ok(())
    }
}
