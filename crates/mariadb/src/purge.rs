//! The purge of the ledger: it deletes rows that are older than any expected duplicate, in small steps.
//!
//! It has a connection of its own, so that no write waits for one. A lock of the server ensures that one node at a time
//! purges.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use beds_core::{Error, Result};
use sqlx::{Connection as _, Executor as _, MySqlConnection, Row as _};
use tokio::time::{Instant, sleep, timeout};

use crate::{fault::number, primary::Primary};

/// How many rows a step deletes: few enough that nothing has to wait for long.
const STEP_ROWS: u64 = 500;
/// The least pause after a step. A step that took longer is followed by as long a pause.
const PAUSE_MIN: Duration = Duration::from_millis(10);
/// How long a run may take. The remaining rows are for the next run.
const RUN_MAX: Duration = Duration::from_mins(10);

/// Row locks and no gap locks: only the rows that are deleted are locked, and a write that waits for one of them goes
/// first.
const PREPARE: &str =
    "set session transaction isolation level read committed; set session innodb_lock_wait_timeout = 1";
const LOCK: &str = "select get_lock(concat('beds_purge.', md5(database())), 0)";
const UNLOCK: &str = "do release_all_locks()";
const STEP: &str = "delete from `beds_ledger` where `at` < current_timestamp(3) - interval ? second \
    order by `at` limit 500";

/// A deadlock, and a lock that was not given in time.
const DEADLOCK: u16 = 1213;
const LOCKED: u16 = 1205;

/// The properties of a database that a purge needs.
#[derive(Debug)]
pub(crate) struct Purge {
    pub(crate) name: String,
    pub(crate) primary: Arc<Primary>,
    /// How long connecting, or one statement, may take.
    pub(crate) patience: Duration,
}

impl Purge {
    /// Deletes the rows that are older than a moment, and gives their number.
    pub(crate) async fn run(&self, before: SystemTime) -> Result<usize> {
        // The ages are compared by the server's clock, which wrote them.
        let age = SystemTime::now().duration_since(before).unwrap_or_default();
        let failed = |why: String| {
            Error::internal(format!("the ledger of the database `{}` cannot be purged: {why}", self.name))
        };
        // When this future is dropped, the lock and an open statement end with the connection.
        match timeout(RUN_MAX + self.patience, self.purge(age)).await {
            Ok(deleted) => deleted.map_err(failed),
            Err(_) => Err(failed("the server does not answer".to_owned())),
        }
    }

    async fn purge(&self, age: Duration) -> std::result::Result<usize, String> {
        let connect = async {
            let mut connection = self.primary.connect().await?.connection;
            connection.execute(PREPARE).await.map_err(|error| error.to_string())?;
            Ok::<_, String>(connection)
        };
        let mut connection = timeout(self.patience, connect).await.map_err(|_| late().to_string())??;
        let deleted = match self.lock(&mut connection).await {
            Ok(true) => self.steps(&mut connection, age.as_secs()).await,
            Ok(false) => Ok(0),
            Err(error) => Err(error),
        };
        // The connection ends whether this succeeds or not. The server may take its time to end the session, and the
        // lock with it.
        let end = async {
            connection.execute(UNLOCK).await?;
            connection.close().await
        };
        let _ = timeout(self.patience, end).await;
        deleted.map_err(|error| error.to_string())
    }

    /// Takes the lock; false if another node purges. The lock ends with the connection.
    async fn lock(&self, connection: &mut MySqlConnection) -> std::result::Result<bool, sqlx::Error> {
        let row = timeout(self.patience, connection.fetch_one(LOCK)).await.map_err(|_| late())??;
        Ok(row.try_get_unchecked::<Option<i64>, _>(0)? == Some(1))
    }

    async fn steps(
        &self,
        connection: &mut MySqlConnection,
        seconds: u64,
    ) -> std::result::Result<usize, sqlx::Error> {
        let begun = Instant::now();
        let mut deleted = 0_usize;
        loop {
            let step_begun = Instant::now();
            let step = connection.execute(sqlx::query(STEP).bind(seconds));
            let rows = match timeout(self.patience, step).await.map_err(|_| late())? {
                Ok(done) => done.rows_affected(),
                Err(error) => match number(&error) {
                    // The writer in the way goes first. If the ledger is missing, writes report it.
                    Some(DEADLOCK | LOCKED | crate::fault::NO_TABLE) => return Ok(deleted),
                    _ => return Err(error),
                },
            };
            deleted = deleted.saturating_add(usize::try_from(rows).unwrap_or(usize::MAX));
            if rows < STEP_ROWS || begun.elapsed() >= RUN_MAX {
                return Ok(deleted);
            }
            sleep(step_begun.elapsed().max(PAUSE_MIN)).await;
        }
    }
}

fn late() -> sqlx::Error {
    sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())
}
