//! The common interface of the three kinds of server, so that [`crate::Server`] can run each of them.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Result, ServerTls};

/// The kinds of server that a stack has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerKind {
    /// The message broker.
    RabbitMq,
    /// The SQL database.
    MariaDb,
    /// The document database: `mongod`, or a server that speaks its protocol.
    MongoDb,
}

impl ServerKind {
    pub(crate) const ALL: [Self; 3] = [Self::RabbitMq, Self::MariaDb, Self::MongoDb];

    /// The name of its folder and its log.
    pub(crate) fn folder(self) -> &'static str {
        match self {
            Self::RabbitMq => "rabbitmq",
            Self::MariaDb => "mariadb",
            Self::MongoDb => "mongodb",
        }
    }

    /// The environment variable that names a server to use instead of a private one.
    pub(crate) fn variable(self) -> &'static str {
        match self {
            Self::RabbitMq => "AMQP_URL",
            Self::MariaDb => "MARIADB_URL",
            Self::MongoDb => "MONGODB_URL",
        }
    }
}

impl fmt::Display for ServerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RabbitMq => "RabbitMQ",
            Self::MariaDb => "MariaDB",
            Self::MongoDb => "MongoDB",
        })
    }
}

/// How one kind of server is prepared, started and asked whether it answers.
pub(crate) trait Program: fmt::Debug + Send + Sync {
    fn kind(&self) -> ServerKind;

    /// Makes folders, configuration and, the first time, the database files.
    fn prepare(&self) -> Result<()>;

    /// A helper process that must start before the server and run beside it, and that survives the server's kill.
    fn companion(&self) -> Option<Command> {
        None
    }

    fn command(&self) -> Result<Command>;

    /// The program with which an operator gives commands to the running server.
    fn control(&self) -> Option<Command> {
        None
    }

    /// One probe, bounded in time. `Err` says what is still missing.
    fn probe(&self) -> std::result::Result<(), String>;

    /// Sets or removes TLS, from the next start on.
    fn use_tls(&self, tls: Option<ServerTls>);

    fn url(&self) -> String;

    fn log(&self) -> &Path;

    /// All ports of the server, the one for clients first.
    fn ports(&self) -> Vec<u16>;
}

/// The full path of a program on the PATH.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    // Daemons are in sbin, which is not on the PATH of ordinary users.
    std::env::split_paths(&path)
        .chain(["/usr/sbin", "/sbin", "/usr/local/sbin"].map(PathBuf::from))
        .map(|dir| dir.join(name))
        .find(|file| file.is_file())
}
