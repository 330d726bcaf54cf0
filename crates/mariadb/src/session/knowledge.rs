//! The common knowledge of the sessions of a server: the digest of a new session, and which views may run functions.
//! The node asks for it again every minute, since a DBA may change it at any time.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Instant,
};

use sqlx::{Column as _, Executor as _, MySqlConnection, Row as _, mysql::MySqlRow};

use super::{own::Own, sequences, views::Views};
use crate::known::KEPT;

/// The session variables of a server that can be changed and read. Variables that statements change by themselves are
/// left out; the session handles those.
const VARIABLES: &str = "select lower(variable_name) from information_schema.system_variables \
    where variable_scope like 'SESSION%' and read_only = 'NO' and variable_name not in \
    ('IDENTITY', 'INSERT_ID', 'LAST_INSERT_ID', 'GTID_SEQ_NO', 'RAND_SEED1', 'RAND_SEED2', 'TIMESTAMP') \
    order by variable_name";

/// A server, as its sessions know it.
#[derive(Debug, Default)]
pub(crate) struct Server {
    known: RwLock<Option<Known>>,
    /// Only one session at a time asks.
    asking: tokio::sync::Mutex<()>,
}

#[derive(Debug, Clone)]
struct Known {
    at: Instant,
    knowledge: Arc<Knowledge>,
}

/// What is known of a server.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Knowledge {
    pub(super) probe: Probe,
    pub(super) views: Views,
}

/// The column of the digest.
const DIGEST: &str = "beds_digest";

/// The statement that gives a digest of everything that a routine can change in a session of this server. The server
/// prepares it once for each session. So it is not parsed each time, and it can run in one round trip with other
/// statements.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Probe {
    text: String,
    /// Whether it reads sequences. These are tables, so reading them begins a transaction.
    begins_transaction: bool,
}

impl Server {
    fn known(&self) -> Option<Arc<Knowledge>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.as_ref().filter(|known| known.at.elapsed() < KEPT).map(|known| Arc::clone(&known.knowledge))
    }

    /// Whether this is the present knowledge, and is not old.
    pub(super) fn is_as(&self, knowledge: &Arc<Knowledge>) -> bool {
        self.known().is_some_and(|known| Arc::ptr_eq(&known, knowledge))
    }

    /// The knowledge of the server, asked anew if it is old. Afterwards the connection may be in a transaction.
    pub(crate) async fn learn(
        &self,
        connection: &mut MySqlConnection,
    ) -> Result<Arc<Knowledge>, sqlx::Error> {
        let _asking = self.asking.lock().await;
        if let Some(known) = self.known() {
            return Ok(known);
        }
        let knowledge = Knowledge::gather(connection).await?;
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let before = known.take().map(|known| known.knowledge);
        let knowledge = match before {
            Some(before) if *before == knowledge => before,
            Some(_) => {
                tracing::info!(
                    "views, routines or sequences have changed: the node checks again what they leave in a session"
                );
                Arc::new(knowledge)
            }
            None => Arc::new(knowledge),
        };
        *known = Some(Known { at: Instant::now(), knowledge: Arc::clone(&knowledge) });
        Ok(knowledge)
    }
}

impl Knowledge {
    /// Asks a server.
    async fn gather(connection: &mut MySqlConnection) -> Result<Self, sqlx::Error> {
        let rows = connection.fetch_all(sqlx::query(VARIABLES)).await?;
        let names =
            rows.iter().map(|row| row.try_get_unchecked::<String, _>(0).map(|name| format!("@@{name}")));
        let names = names.collect::<Result<Vec<_>, _>>()?.join(", ");
        let sequences = sequences::last_values(connection).await?;
        // A question for the locks releases them. A timestamp that was set stands still.
        let text = format!(
            "select md5(concat_ws('|', ifnull(release_all_locks(), 0), \
             (select count(*) from information_schema.user_variables where variable_value is not null), \
             abs(@@timestamp - unix_timestamp(sysdate())) < 5, ifnull(current_role(), ''), {names}{sequences})) as {DIGEST}"
        );
        let probe = Probe { text, begins_transaction: !sequences.is_empty() };
        Ok(Self { probe, views: Views::gather(connection).await? })
    }
}

impl Probe {
    /// Prepares it in a session.
    pub(super) fn prepare(&self, own: &Own) -> String {
        format!("prepare {} from '{}'", own.probe, self.text.replace('\'', "''"))
    }

    /// The statement that must follow it outside a transaction, to leave none open.
    pub(super) const fn ending(&self) -> &'static str {
        if self.begins_transaction { "rollback" } else { "" }
    }

    /// The digest, if this is a row of it.
    pub(super) fn digest(row: &MySqlRow) -> Result<Option<String>, sqlx::Error> {
        if row.columns().first().is_none_or(|column| column.name() != DIGEST) {
            return Ok(None);
        }
        row.try_get_unchecked(0).map(Some)
    }
}

#[cfg(test)]
mod server_tests;
