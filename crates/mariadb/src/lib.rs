//! The MariaDB adapter: the only module that names `sqlx`.
//!
//! `spec` is what the compiler emits, `ops` what generated code calls. An operation validates, builds a
//! *job* (`read`, `write`) out of the template's SQL fragments and bound values, and hands it to a `lane` of
//! connections, which run jobs one after another and own the transaction around a write.

mod call;
mod cell;
mod fault;
mod inspect;
mod lane;
mod lookup;
mod ops;
mod read;
mod spec;
mod sql;
mod write;

use std::time::Duration;

pub use inspect::inspect;
pub use ops::{call, count, create, delete, fetch, update};
pub use spec::{Procedure, Routine, Source};

use self::{lane::Lane, read::Read, write::Write};
use crate::config::{MariaDb, SecretUrl};

/// One MariaDB database: its connections for reads and for writes.
#[derive(Debug)]
pub struct Database {
    reads: Lane<Read>,
    writes: Lane<Write>,
}

impl Database {
    /// Opens the lanes of a database. Connecting goes on in the background for as long as the database lives.
    #[must_use]
    pub fn open(name: &str, config: &MariaDb) -> Self {
        let primary: Vec<SecretUrl> = config.url.iter().cloned().collect();
        let replicas = if config.read_urls.0.is_empty() { &primary } else { &config.read_urls.0 };
        Self {
            reads: Lane::open(name, replicas, config.read_connections, config),
            writes: Lane::open(name, &primary, config.write_connections, config),
        }
    }
}

/// Connects to a server, asks it something, and says which version it is.
///
/// # Errors
/// What went wrong, in a sentence.
pub async fn ping(url: &SecretUrl, timeout: Duration) -> Result<String, String> {
    use sqlx::{ConnectOptions as _, Connection as _, Row as _};

    let attempt = async {
        let options: sqlx::mysql::MySqlConnectOptions = url.expose().parse()?;
        let mut connection = options.disable_statement_logging().connect().await?;
        let row = sqlx::query("select version()").fetch_one(&mut connection).await?;
        let version: String = row.try_get_unchecked(0)?;
        connection.close().await?;
        Ok::<_, sqlx::Error>(version)
    };
    // The connection belongs to this attempt alone: dropping it midway leaves nothing out of step.
    match tokio::time::timeout(timeout, attempt).await {
        Ok(Ok(version)) => Ok(version),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("no answer within {} ms", timeout.as_millis())),
    }
}
