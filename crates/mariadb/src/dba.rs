//! The runner of a DBA's commands: whole statements as they are, on a connection of their own. No node uses it.

use std::time::Duration;

use beds_core::{inspect::Unseen, settings::SecretUrl};
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, MySqlConnection, Row as _};
use tokio::time::timeout;

use crate::{
    connection::OWN,
    inspect::{connects, option, unseen},
    link::version,
};

/// The server's notes when `if not exists` finds an existing object: a table or view, a key, a procedure or function, a
/// foreign key.
const IS_THERE: [&str; 4] = ["1050", "1061", "1304", "1826"];

/// A connection for statements of a DBA.
#[derive(Debug)]
pub struct Dba {
    connection: MySqlConnection,
    patience: Duration,
    /// Whether a statement did not end in time. Then the state of the connection is unknown.
    is_lost: bool,
}

impl Dba {
    /// Connects to the server and, where the URL names one, the database. A statement may take as long as `patience`.
    ///
    /// # Errors
    /// When the server cannot be reached, refuses, is no MariaDB, or has no such database.
    pub async fn connect(url: &SecretUrl, patience: Duration) -> Result<Self, Unseen> {
        let options = connects(url)?;
        let open = async {
            let mut connection = options.connect().await?;
            let is = version(&mut connection).await?;
            connection.execute(OWN).await?;
            Ok::<_, sqlx::Error>((connection, is))
        };
        let late =
            |_| Unseen::new("it does not answer", "check that the server runs and that its address is right");
        let opened = timeout(patience, open).await.map_err(late)?;
        let (connection, is) = opened.map_err(|error| unseen(&error))?;
        is.map_err(|another| Unseen::new(another, "name a MariaDB server in the URL"))?;
        Ok(Self { connection, patience, is_lost: false })
    }

    /// Runs a statement that gives no rows.
    ///
    /// # Errors
    /// The server's message. A statement that `if not exists` turns into no change counts as refused, since the
    /// existing object is not what the statement makes.
    pub async fn run(&mut self, statement: &str) -> Result<(), String> {
        self.within(async |connection: &mut MySqlConnection| {
            connection.execute(sqlx::raw_sql(statement)).await.map(drop)
        })
        .await?;
        let notes = self.rows("show warnings").await?;
        let there = notes.iter().find(|note| {
            note.get(1).and_then(Option::as_deref).is_some_and(|number| IS_THERE.contains(&number))
        });
        match there {
            Some(note) => Err(note.get(2).cloned().flatten().unwrap_or_default()),
            None => Ok(()),
        }
    }

    /// The rows of a statement, each cell as text.
    ///
    /// # Errors
    /// The server's message.
    pub async fn rows(&mut self, statement: &str) -> Result<Vec<Vec<Option<String>>>, String> {
        let rows = self
            .within(async |connection: &mut MySqlConnection| {
                connection.fetch_all(sqlx::raw_sql(statement)).await
            })
            .await?;
        let cells = |row: &sqlx::mysql::MySqlRow| (0..row.len()).map(|at| option(row, at)).collect();
        Ok(rows.iter().map(cells).collect())
    }

    /// Ends the connection.
    pub async fn close(self) {
        if !self.is_lost {
            // The connection ends whether this succeeds or not.
            let _ = timeout(self.patience, self.connection.close()).await;
        }
    }

    async fn within<T>(
        &mut self,
        work: impl AsyncFnOnce(&mut MySqlConnection) -> sqlx::Result<T>,
    ) -> Result<T, String> {
        if self.is_lost {
            return Err("the connection was given up".to_owned());
        }
        // A future that is dropped midway leaves the connection out of step, so the connection is not used again.
        let Ok(done) = timeout(self.patience, work(&mut self.connection)).await else {
            self.is_lost = true;
            return Err(format!(
                "it takes longer than {} s; it is not known whether it is done",
                self.patience.as_secs()
            ));
        };
        done.map_err(|error| {
            self.is_lost = error.as_database_error().is_none();
            unseen(&error).reason
        })
    }
}
