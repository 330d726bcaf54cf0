//! [`Primary`]: which of a database's servers takes the writes.
//!
//! A server that answers and is `read_only` is a replica. The DBA, or the DBA's failover tool, decides which server is
//! the primary; this module follows.

use std::{
    fmt,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use beds_core::{
    meter::{Family, Samples},
    settings::SecretUrl,
};
use futures_util::{StreamExt as _, stream::FuturesUnordered};
use sqlx::{ConnectOptions as _, Connection as _, MySqlConnection};
use tokio::time::timeout;

use crate::link::{cell, options};

/// How long the node waits for the last known primary before it asks the others as well.
const HEAD_START: Duration = Duration::from_secs(1);

static PRIMARY: Family = Family::gauge(
    "beds_primary",
    "1 of the server that takes the writes of a database, as far as the node knows, and 0 of the others.",
);

const READ_ONLY: &str = "select cast(@@global.read_only as char)";

/// The servers of one database, and which of them took writes last.
pub(crate) struct Primary {
    /// The name for people.
    name: String,
    servers: Vec<SecretUrl>,
    current: AtomicUsize,
}

/// A connection to the primary.
#[derive(Debug)]
pub(crate) struct Connected {
    pub(crate) connection: MySqlConnection,
    /// The number of its server.
    pub(crate) server: usize,
}

impl fmt::Debug for Primary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Primary").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Primary {
    pub(crate) const fn new(name: String, servers: Vec<SecretUrl>) -> Self {
        Self { name, servers, current: AtomicUsize::new(0) }
    }

    /// How many servers there are.
    pub(crate) const fn count(&self) -> usize {
        self.servers.len()
    }

    /// The servers, for messages.
    pub(crate) fn shown(&self) -> String {
        self.servers.iter().map(SecretUrl::redacted).collect::<Vec<_>>().join(", ")
    }

    /// The number of the server that is the primary, as far as is known.
    pub(crate) fn current(&self) -> usize {
        self.current.load(Ordering::Relaxed)
    }

    /// Reports which server it is.
    pub(crate) fn collect(&self, labels: &[(&'static str, &str); 2], samples: &mut Samples) {
        for (server, url) in self.servers.iter().enumerate() {
            let [engine, database] = *labels;
            let is_it = u64::from(server == self.current());
            samples.count(&PRIMARY, &[engine, database, ("server", url.host().as_str())], is_it);
        }
    }

    /// Connects to the primary: the last known one, or, if it does not answer soon or takes no writes, the first of the
    /// others that does. The only server of a database is accepted as it is: a proxy behind its address may choose.
    ///
    /// # Errors
    /// Why none of them can be used, in a sentence.
    pub(crate) async fn connect(&self) -> Result<Connected, String> {
        let last = self.current();
        let mut attempts = FuturesUnordered::new();
        attempts.push(self.attempt(last));
        let mut reasons = Vec::new();
        if self.servers.len() > 1 {
            match timeout(HEAD_START, attempts.next()).await {
                Ok(Some(Ok(connected))) => return Ok(connected),
                Ok(Some(Err(reason))) => reasons.push(reason),
                Ok(None) | Err(_) => {}
            }
            attempts.extend(
                (0..self.servers.len()).filter(|server| *server != last).map(|server| self.attempt(server)),
            );
        }
        // When one succeeds, the attempts under way are dropped, and with them their connections.
        while let Some(attempt) = attempts.next().await {
            match attempt {
                Ok(connected) => {
                    self.found(connected.server);
                    return Ok(connected);
                }
                Err(reason) => reasons.push(reason),
            }
        }
        Err(reasons.join("; "))
    }

    fn found(&self, server: usize) {
        if self.current.swap(server, Ordering::Relaxed) != server
            && let Some(url) = self.servers.get(server)
        {
            tracing::warn!(
                database = self.name,
                server = url.redacted(),
                "another server is the primary now"
            );
        }
    }

    async fn attempt(&self, server: usize) -> Result<Connected, String> {
        let Some(url) = self.servers.get(server) else { return Err("no server is configured".to_owned()) };
        let is_one_of_several = self.servers.len() > 1;
        let connecting = async {
            let mut connection = options(url)?.connect().await?;
            let is_replica = is_one_of_several && is_read_only(&mut connection).await?;
            Ok::<_, sqlx::Error>((connection, is_replica))
        };
        match connecting.await {
            Ok((connection, false)) => Ok(Connected { connection, server }),
            Ok((connection, true)) => {
                // The connection ends whether this succeeds or not.
                let _ = connection.close().await;
                Err(format!("{} is read-only", url.redacted()))
            }
            Err(error) if is_one_of_several => Err(format!("{}: {error}", url.redacted())),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// Whether a server is a replica.
async fn is_read_only(connection: &mut MySqlConnection) -> Result<bool, sqlx::Error> {
    cell(connection, READ_ONLY).await.map(|said| is_set(&said))
}

/// Whether this value of `read_only` means that the server takes no writes. From some version on the value is a word.
pub(crate) fn is_set(read_only: &str) -> bool {
    !["0", "OFF"].contains(&read_only)
}
