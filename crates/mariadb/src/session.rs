//! A session on a server, and the proof that it is as new for every request.
//!
//! A routine can change more than records: variables of its session, user variables, temporary tables, locks. The
//! next request would see them. The protocol's `COM_RESET_CONNECTION` would end all that, and all prepared statements
//! with it; the driver does not offer it. So a session that may have been changed is examined, after the reply has
//! gone: it is kept if it is as new, and discarded otherwise.

mod views;

use std::sync::Arc;

use beds_core::{spec::mariadb::Source, stages::statement_span};
use futures_util::TryStreamExt;
use sqlx::{Either, Executor as _, MySqlConnection, Row as _, mysql::MySqlDatabaseError};

use self::views::Views;

/// The session variables of a server that can be changed and read. Left out are those that statements change by
/// themselves; [`RESET`] or [`Session::end`] sees to them.
const VARIABLES: &str = "select lower(variable_name) from information_schema.system_variables \
    where variable_scope like 'SESSION%' and read_only = 'NO' and variable_name not in \
    ('IDENTITY', 'INSERT_ID', 'LAST_INSERT_ID', 'GTID_SEQ_NO', 'RAND_SEED1', 'RAND_SEED2', 'TIMESTAMP') \
    order by variable_name";

/// Makes `last_insert_id()` forget what earlier requests inserted.
const RESET: &str = "set last_insert_id = 0, insert_id = 0";

/// A temporary table that this transaction made cannot be rolled back, of which the server warns: the only warning
/// then. Otherwise there are still the two of the first statement, which took the place of the routine's. A write into
/// a table without transactions looks the same.
const IS_LASTING: &str = "do 'a' + 'b'; savepoint beds_end; rollback to savepoint beds_end; \
    select @@warning_count = 1";

/// There is no savepoint, and so no transaction: the routine has turned autocommit on.
const NO_SAVEPOINT: u16 = 1305;

/// What this session has done that leaves something behind. The server takes its time to tell, so that it is only asked
/// where [`IS_LASTING`] cannot tell, and of calls, which may do anything.
const TRACES: &str = "show session status where variable_name in ('Com_create_temporary_table', 'Com_flush', \
    'Com_lock_tables', 'Com_backup', 'Com_backup_lock', 'Com_xa_start', 'Com_ha_open') and value <> '0'";

/// How a transaction ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Commit,
    Rollback,
}

/// A connection, and what it takes to tell whether it is as new.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) connection: MySqlConnection,
    /// Asks for a digest of all that a routine can change.
    probe: Arc<str>,
    /// The digest of a session that is new.
    fresh: String,
    /// The views that may run functions.
    views: Arc<Views>,
    touch: Touch,
}

/// What requests since the last examination may have done to a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Touch {
    /// No routine ran.
    Nothing,
    /// A routine ran, in a transaction whose end tells of temporary tables.
    Transaction,
    /// A routine ran, and nobody looked what it may have left.
    Unwatched,
    /// Something is left that only a new connection is without.
    Spoilt,
}

/// What sessions of one server have in common.
#[derive(Debug, Clone)]
pub(crate) struct Knowledge {
    /// The statement that gives a digest of what a routine can change in a session of this server.
    probe: Arc<str>,
    views: Arc<Views>,
}

impl Knowledge {
    /// Asks a server.
    pub(crate) async fn gather(connection: &mut MySqlConnection) -> Result<Self, sqlx::Error> {
        let rows = connection.fetch_all(sqlx::query(VARIABLES)).await?;
        let names =
            rows.iter().map(|row| row.try_get_unchecked::<String, _>(0).map(|name| format!("@@{name}")));
        let names = names.collect::<Result<Vec<_>, _>>()?.join(", ");
        // Asking for the locks releases them. A timestamp that was set stands still.
        let probe = format!(
            "select md5(concat_ws('|', ifnull(release_all_locks(), 0), \
             (select count(*) from information_schema.user_variables where variable_value is not null), \
             abs(@@timestamp - unix_timestamp(sysdate())) < 5, ifnull(current_role(), ''), {names}))"
        );
        Ok(Self { probe: probe.into(), views: Arc::new(Views::gather(connection).await?) })
    }
}

impl Session {
    /// A session that has just been prepared.
    pub(crate) async fn new(
        mut connection: MySqlConnection,
        server: &Knowledge,
    ) -> Result<Self, sqlx::Error> {
        let Knowledge { probe, views } = server.clone();
        let fresh = digest(&mut connection, &probe).await?;
        Ok(Self { connection, probe, fresh, views, touch: Touch::Nothing })
    }

    /// Says that a write begins: its routines run in a transaction that [`Self::end`] ends.
    pub(crate) fn begins_transaction(&mut self) {
        self.touch = self.touch.max(Touch::Transaction);
    }

    /// Says that a routine runs that may do anything, or runs outside of such a transaction.
    pub(crate) fn runs_routine(&mut self) {
        self.touch = self.touch.max(Touch::Unwatched);
    }

    /// Says that a view or table is read.
    pub(crate) fn reads(&mut self, source: &Source) {
        if self.views.may_run_functions(source.from) {
            self.runs_routine();
        }
    }

    /// Ends the transaction that is open, and forgets what it inserted.
    pub(crate) async fn end(&mut self, how: End) -> Result<(), sqlx::Error> {
        let end = match how {
            End::Commit => "commit",
            End::Rollback => "rollback",
        };
        let _traced = statement_span(end);
        if self.touch < Touch::Spoilt {
            match self.is_lasting(end).await {
                Ok(false) => return Ok(()),
                Ok(true) => {
                    self.touch = Touch::Spoilt;
                    return Ok(());
                }
                Err(sqlx::Error::Database(error)) if number(&*error) == Some(NO_SAVEPOINT) => {
                    self.touch = Touch::Spoilt;
                }
                Err(error) => return Err(error),
            }
        }
        let text = format!("{RESET}; {end}");
        self.connection.execute(sqlx::raw_sql(&text)).await.map(drop)
    }

    /// Whether the session is as new, within a transaction that goes on.
    pub(crate) async fn is_as_new(&mut self) -> Result<bool, sqlx::Error> {
        if self.is_lasting("do 0").await? {
            self.touch = Touch::Spoilt;
        }
        let is_as_new = self.touch == Touch::Transaction
            && digest(&mut self.connection, &self.probe).await? == self.fresh;
        self.touch = if is_as_new { Touch::Nothing } else { Touch::Spoilt };
        Ok(is_as_new)
    }

    /// Does this, and tells whether the transaction made something that no rollback takes back.
    async fn is_lasting(&mut self, then: &str) -> Result<bool, sqlx::Error> {
        let text = format!("{IS_LASTING}; {RESET}; {then}");
        let mut results = self.connection.fetch_many(sqlx::raw_sql(&text));
        let mut is_lasting = false;
        while let Some(result) = results.try_next().await? {
            if let Either::Right(row) = result {
                is_lasting = row.try_get_unchecked::<&str, _>(0)? == "1";
            }
        }
        Ok(is_lasting)
    }

    /// Whether a routine may have changed the session since it was examined.
    pub(crate) fn is_touched(&self) -> bool {
        self.touch != Touch::Nothing
    }

    /// Whether the session is known to be spoilt, before it is examined.
    pub(crate) fn is_spoilt(&self) -> bool {
        self.touch == Touch::Spoilt
    }

    /// Whether the session is as new, where it can be made so.
    pub(crate) async fn renew(&mut self) -> bool {
        match self.examine().await {
            Ok(is_new) => is_new,
            Err(error) => {
                tracing::debug!("a session could not be examined: {error}");
                false
            }
        }
    }

    async fn examine(&mut self) -> Result<bool, sqlx::Error> {
        if self.touch == Touch::Spoilt {
            return Ok(false);
        }
        if self.touch == Touch::Unwatched {
            let text = format!("{RESET}; {TRACES}");
            if self.connection.fetch_optional(sqlx::raw_sql(&text)).await?.is_some() {
                return Ok(false);
            }
        }
        self.touch = Touch::Nothing;
        Ok(digest(&mut self.connection, &self.probe).await? == self.fresh)
    }
}

async fn digest(connection: &mut MySqlConnection, probe: &str) -> Result<String, sqlx::Error> {
    connection.fetch_one(sqlx::query(probe)).await?.try_get_unchecked(0)
}

fn number(error: &dyn sqlx::error::DatabaseError) -> Option<u16> {
    error.try_downcast_ref::<MySqlDatabaseError>().map(MySqlDatabaseError::number)
}
