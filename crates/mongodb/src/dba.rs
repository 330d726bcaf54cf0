//! The runner of a DBA's commands: whole commands as they are, on a client of their own. No node uses it.

use std::{sync::Arc, time::Duration};

use beds_core::{inspect::Unseen, settings::SecretUrl};
use mongodb::{
    Client, Database,
    bson::{Bson, Document, doc},
};
use serde_json::Value;
use tokio::time::timeout;

use crate::{
    client::{Heard, Material},
    inspect::unseen,
};

/// How long the driver looks for a server.
const SELECTION: Duration = Duration::from_secs(10);

/// A client for commands of a DBA in one database.
#[derive(Debug)]
pub struct Dba {
    client: Client,
    database: Database,
    patience: Duration,
}

impl Dba {
    /// Connects to a server, for one of its databases. A command may take as long as `patience`.
    ///
    /// # Errors
    /// When the server cannot be reached, or refuses.
    pub async fn connect(url: &SecretUrl, database: &str, patience: Duration) -> Result<Self, Unseen> {
        let of = Material::read(url)
            .map_err(|reason| Unseen::new(reason, "correct the files of `pass_file` and of [tls]"))?;
        let client = of
            .client(SELECTION.min(patience), 2, Arc::<Heard>::default())
            .await
            .map_err(|error| unseen(&error))?;
        let database = client.database(database);
        database.run_command(doc! { "ping": 1 }).await.map_err(|error| unseen(&error))?;
        Ok(Self { client, database, patience })
    }

    /// Runs a command: JSON, extended where JSON lacks a type.
    ///
    /// # Errors
    /// The server's message, also for a part of the command.
    pub async fn run(&mut self, command: &str) -> Result<Value, String> {
        let command: Document =
            serde_json::from_str(command).map_err(|error| format!("this is not a command: {error}"))?;
        let database = self.database.clone();
        // No future of the driver is dropped midway: a late one ends by itself.
        let running = tokio::spawn(async move { database.run_command(command).await });
        let reply = match timeout(self.patience, running).await {
            Ok(Ok(reply)) => reply.map_err(|error| unseen(&error).reason)?,
            Ok(Err(error)) => return Err(error.to_string()),
            Err(_) => {
                let seconds = self.patience.as_secs();
                return Err(format!("it takes longer than {seconds} s; it is not known whether it is done"));
            }
        };
        if let Some(Bson::Array(errors)) = reply.get("writeErrors")
            && let Some(first) = errors.first()
        {
            return Err(first.to_string());
        }
        serde_json::to_value(reply).map_err(|error| error.to_string())
    }

    /// Ends the client.
    pub async fn close(self) {
        self.client.shutdown().await;
    }
}
