//! A session on a server, and the proof that it is as new for every request.
//!
//! A routine can change more than records: variables of its session, user variables, temporary tables, locks. The next
//! request would see these changes. The protocol's `COM_RESET_CONNECTION` would end all of them, and all prepared
//! statements too; the driver does not offer it. So a session that may have been changed is examined, after the reply
//! has gone. It is kept if it is as new, and discarded otherwise.

mod knowledge;
mod own;
mod sequences;
mod views;

use std::{sync::Arc, time::Duration};

use beds_core::{spec::mariadb::Source, stages::statement_span};
use futures_util::TryStreamExt;
use sqlx::{Either, Executor as _, MySqlConnection, Row as _};

use self::{
    knowledge::Probe,
    own::{NO_SAVEPOINT, Own},
};
pub(crate) use self::{
    knowledge::{Knowledge, Server},
    own::Fence,
};
use crate::{fault::number, position::Position, route::Place};

/// Makes `last_insert_id()` forget the inserts of earlier requests, and resets the count of ended calls.
const RESET: &str = "set last_insert_id = 0, insert_id = 0, @beds_ended = null";

/// Two things cannot be rolled back: a temporary table that this transaction made, and a row of a table without
/// transactions. The server then gives a warning, which is the only one. Otherwise there are still the two of
/// [`TWO_WARNINGS`], which replaced the routine's warnings.
const IS_LASTING: &str = "do 'a' + 'b'; savepoint beds_end; rollback to savepoint beds_end; \
    select @@warning_count = 1";
const TWO_WARNINGS: &str = "do 'a' + 'b'";

/// A rollback of the whole transaction warns only of rows that a table without transactions keeps. If the server has
/// already rolled back over a deadlock, its warning is among those of the statement that lost it.
const ROLLBACK: &str = "do 'a' + 'b'; rollback; select @@warning_count = 1";
const WARNINGS: &str = "show warnings";
/// The settings of sessions whose writes share a transaction. The writes wait for each other, so none may wait for a
/// lock longer than this.
pub(crate) const HASTE: &str = "innodb_lock_wait_timeout = 1, lock_wait_timeout = 1";
/// The warning that something is not rolled back.
const NOT_ROLLED_BACK: &str = "1196";

/// Aria has no savepoints: the transaction wrote into an Aria table.
const NO_SAVEPOINTS: u16 = 1178;

const TEMPORARY: &str =
    "show session status where variable_name = 'Com_create_temporary_table' and value <> '0'";

/// Counters of this session for actions that leave something behind. The server is slow to answer, so it is asked only
/// if [`IS_LASTING`] cannot tell, and after calls, which may do anything.
const TRACES: &str = "show session status where variable_name in ('Com_create_temporary_table', 'Com_flush', \
    'Com_lock_tables', 'Com_backup', 'Com_backup_lock', 'Com_xa_start', 'Com_ha_open') and value <> '0'";

/// Waits until a replica has reached a position: 0 when it has, -1 when it has not in time.
const WAIT: &str = "select master_gtid_wait(?, ?)";
/// The server's position. While others commit, it is farther than this session's own commit.
const POSITION: &str = "select @@global.gtid_current_pos";

/// How a transaction ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Commit,
    Rollback,
}

/// The state of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Course {
    /// The transaction goes on, and the answer to the question is yes.
    Good,
    /// The transaction goes on, and the answer is no.
    Bad,
    /// An object has ended the transaction by itself. The transaction that is open now is another one.
    Ended,
}

/// A connection, and the data that tell whether it is as new.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) connection: MySqlConnection,
    place: Place,
    server: Arc<Server>,
    /// What was known of the server at the last examination.
    knowledge: Arc<Knowledge>,
    own: Own,
    /// The digest of a new session.
    fresh: String,
    touch: Touch,
    /// Whether the open transaction has a mark.
    is_marked: bool,
    /// Whether [`HASTE`] is set.
    is_hasty: bool,
    /// The statement that ends [`HASTE`].
    patient: String,
}

/// What requests may have done to a session since the last examination.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Touch {
    /// No routine ran.
    Nothing,
    /// A routine ran, in a transaction whose end reveals temporary tables.
    Transaction,
    /// A routine ran, and nobody checked what it may have left.
    Unwatched,
    /// Something is left that only a new connection is free of.
    Spoilt,
}

impl Session {
    /// A session that has just been prepared. `patient` restores the present wait for locks.
    pub(crate) async fn new(
        mut connection: MySqlConnection,
        (place, server): (Place, Arc<Server>),
        knowledge: Arc<Knowledge>,
        patient: String,
    ) -> Result<Self, sqlx::Error> {
        let own = Own::new();
        let probe = &knowledge.probe;
        let told = ask(&mut connection, &[&probe.prepare(&own), &own.digest, probe.ending()]).await?;
        let fresh = told.digest.unwrap_or_default();
        Ok(Self {
            connection,
            place,
            server,
            knowledge,
            own,
            fresh,
            touch: Touch::Nothing,
            is_marked: false,
            is_hasty: false,
            patient,
        })
    }

    /// Notes that a write begins: its routines run in a transaction that [`Self::end`] ends.
    pub(crate) fn begins_transaction(&mut self) {
        self.touch = self.touch.max(Touch::Transaction);
    }

    /// Notes that a routine runs that may do anything, or runs outside such a transaction.
    pub(crate) fn runs_routine(&mut self) {
        self.touch = self.touch.max(Touch::Unwatched);
    }

    /// Notes that a view or table is read.
    pub(crate) fn reads(&mut self, source: &Source) {
        if self.knowledge.views.may_run_functions(source.from) {
            self.runs_routine();
        }
    }

    /// Whether the server has reached a position, after a wait of this length at most. A primary always has.
    pub(crate) async fn is_at(&mut self, position: &Position, limit: Duration) -> Result<bool, sqlx::Error> {
        if !self.place.is_replica() {
            return Ok(true);
        }
        let asked = sqlx::query(WAIT).bind(position.to_string()).bind(limit.as_secs_f64());
        let answer = self.connection.fetch_one(asked).await?.try_get_unchecked::<Option<i64>, _>(0)?;
        Ok(answer == Some(0))
    }

    /// The server's present position; `None` if it does not tell.
    pub(crate) async fn position(&mut self) -> Option<Position> {
        let row = self.connection.fetch_one(POSITION).await.ok()?;
        let text = row.try_get_unchecked::<Option<String>, _>(0).ok()??;
        Position::parse(&text).filter(|position| !position.is_empty())
    }

    /// Ends the open transaction, and forgets what it inserted. Tells whether a table without transactions keeps rows,
    /// whatever the end.
    pub(crate) async fn end(&mut self, how: End) -> Result<bool, sqlx::Error> {
        self.is_marked = false;
        let keeps_rows = self.end_transaction(how).await?;
        // The warnings of the previous statement must be read first.
        if std::mem::take(&mut self.is_hasty) {
            ask(&mut self.connection, &[&self.patient]).await?;
        }
        Ok(keeps_rows)
    }

    async fn end_transaction(&mut self, how: End) -> Result<bool, sqlx::Error> {
        let (before, end) = match how {
            End::Commit => ("", "commit"),
            End::Rollback => (WARNINGS, ROLLBACK),
        };
        let _traced = statement_span(end);
        if self.touch == Touch::Nothing && how == End::Commit {
            // It has been examined within the transaction.
            return self.connection.execute(sqlx::raw_sql(end)).await.map(|_| false);
        }
        let mut keeps_rows = false;
        if self.touch < Touch::Spoilt {
            match ask(&mut self.connection, &[before, IS_LASTING, RESET, end]).await {
                Ok(Told { first: Some(true), rows, .. }) => {
                    let is_temporary = self.has_temporary_table().await?;
                    if is_temporary {
                        self.touch = Touch::Spoilt;
                    }
                    return Ok(rows || (how == End::Commit && !is_temporary));
                }
                Ok(Told { rows, .. }) => return Ok(rows),
                Err(error) => match number(&error) {
                    Some(NO_SAVEPOINT) => self.touch = Touch::Spoilt,
                    Some(NO_SAVEPOINTS) => keeps_rows = true,
                    _ => return Err(error),
                },
            }
        }
        let told = ask(&mut self.connection, &[RESET, end]).await?;
        Ok(keeps_rows || told.first == Some(true))
    }

    /// Marks the place in a transaction to which [`Self::go_back`] returns. The result is bad if a return is
    /// impossible. If the transaction already has a mark, it also tells whether the transaction is still the same one.
    pub(crate) async fn mark(&mut self) -> Result<Course, sqlx::Error> {
        self.mark_after("").await
    }

    /// The same for writes that share a transaction.
    pub(crate) async fn mark_in_haste(&mut self) -> Result<Course, sqlx::Error> {
        let is_hasty = std::mem::replace(&mut self.is_hasty, true);
        let haste = if is_hasty { String::new() } else { format!("set {HASTE}") };
        self.mark_after(&haste).await
    }

    async fn mark_after(&mut self, haste: &str) -> Result<Course, sqlx::Error> {
        let before = if self.is_marked { &*self.own.unmark } else { "" };
        let told = ask(&mut self.connection, &[haste, before, &self.own.mark]).await.map(|_| true);
        self.is_marked = told.is_ok();
        self.course(told)
    }

    /// Whether the transaction is still the marked one. A failed question counts as bad.
    pub(crate) async fn goes_on(&mut self) -> Result<Course, sqlx::Error> {
        self.is_marked = false;
        let told = ask(&mut self.connection, &[&self.own.unmark]).await.map(|_| true);
        self.course(told)
    }

    /// Rolls back to [`Self::mark`]. The result is bad if something remains.
    pub(crate) async fn go_back(&mut self) -> Result<Course, sqlx::Error> {
        let told = ask(&mut self.connection, &[&self.own.back]).await;
        self.course(told.map(|told| told.first == Some(false)))
    }

    /// The connection, and the fence that stands between calls in one statement.
    pub(crate) const fn fenced(&mut self) -> (&mut MySqlConnection, &Fence) {
        (&mut self.connection, &self.own.fence)
    }

    /// Whether the session is as new, within a transaction that goes on and has left nothing permanent.
    pub(crate) async fn is_as_new(&mut self) -> Result<Course, sqlx::Error> {
        if self.touch != Touch::Transaction {
            self.touch = Touch::Spoilt;
            return Ok(Course::Bad);
        }
        let unmark = if std::mem::take(&mut self.is_marked) { &*self.own.unmark } else { "" };
        let patient = if std::mem::take(&mut self.is_hasty) { &*self.patient } else { "" };
        let asked = [unmark, IS_LASTING, RESET, TWO_WARNINGS, patient, &self.own.digest];
        let told = ask(&mut self.connection, &asked).await;
        let is_as_new =
            told.map(|told| told.first != Some(true) && told.digest.as_ref() == Some(&self.fresh));
        let course = self.course(is_as_new)?;
        self.touch = if course == Course::Good { Touch::Nothing } else { Touch::Spoilt };
        Ok(course)
    }

    /// The state of the transaction, by an answer. A session whose transaction an object has ended may be in any state.
    fn course(&mut self, is_good: Result<bool, sqlx::Error>) -> Result<Course, sqlx::Error> {
        match is_good {
            Ok(true) => Ok(Course::Good),
            Ok(false) => Ok(Course::Bad),
            Err(error) => match number(&error) {
                Some(NO_SAVEPOINT) => {
                    self.touch = Touch::Spoilt;
                    Ok(Course::Ended)
                }
                Some(NO_SAVEPOINTS) => Ok(Course::Bad),
                _ => Err(error),
            },
        }
    }

    /// Whether the open transaction has left nothing in the session so far that later statements would see.
    pub(crate) async fn leaves_nothing(&mut self) -> Result<bool, sqlx::Error> {
        let told = ask(&mut self.connection, &[RESET, TRACES, &self.own.digest]).await?;
        Ok(!told.traces && told.digest.as_ref() == Some(&self.fresh))
    }

    /// Whether the open transaction wrote into a table without transactions.
    pub(crate) async fn keeps_rows(&mut self) -> Result<bool, sqlx::Error> {
        match self.is_lasting().await {
            Ok(is_lasting) => Ok(is_lasting && !self.has_temporary_table().await?),
            Err(error) if number(&error) == Some(NO_SAVEPOINT) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Whether the open transaction made something that no rollback takes back.
    async fn is_lasting(&mut self) -> Result<bool, sqlx::Error> {
        match ask(&mut self.connection, &[IS_LASTING, RESET, TWO_WARNINGS]).await {
            Ok(told) => Ok(told.first == Some(true)),
            Err(error) if number(&error) == Some(NO_SAVEPOINTS) => Ok(true),
            Err(error) => Err(error),
        }
    }

    async fn has_temporary_table(&mut self) -> Result<bool, sqlx::Error> {
        Ok(self.connection.fetch_optional(sqlx::raw_sql(TEMPORARY)).await?.is_some())
    }

    /// Whether a routine may have changed the session since it was examined. Also true if the knowledge of the server
    /// is old, so that nobody can tell, and if requests are to go to another server.
    pub(crate) fn is_touched(&self) -> bool {
        self.touch != Touch::Nothing || !self.server.is_as(&self.knowledge) || self.place.is_left()
    }

    /// Whether the session is known to be spoilt, before it is examined.
    pub(crate) fn is_spoilt(&self) -> bool {
        self.touch == Touch::Spoilt
    }

    /// Whether the session is as new, if it can be made so.
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
        if self.touch == Touch::Spoilt || self.place.is_left() {
            return Ok(false);
        }
        let traces = if self.touch == Touch::Unwatched { [RESET, TRACES] } else { [""; 2] };
        let told = ask(
            &mut self.connection,
            &[traces[0], traces[1], &self.own.digest, self.knowledge.probe.ending()],
        )
        .await?;
        if told.traces || told.digest.as_ref() != Some(&self.fresh) {
            return Ok(false);
        }
        self.touch = Touch::Nothing;
        self.look_again().await
    }

    /// Renews the knowledge of the server if it is old. False if another digest is needed by now.
    async fn look_again(&mut self) -> Result<bool, sqlx::Error> {
        if self.server.is_as(&self.knowledge) {
            return Ok(true);
        }
        let knowledge = self.server.learn(&mut self.connection).await?;
        // The questions ran in a transaction of their own.
        self.connection.execute(sqlx::raw_sql("rollback")).await?;
        let is_same = knowledge.probe == self.knowledge.probe;
        self.knowledge = knowledge;
        Ok(is_same)
    }
}

/// Runs these statements in one round trip, and gives their answers.
async fn ask(connection: &mut MySqlConnection, parts: &[&str]) -> Result<Told, sqlx::Error> {
    let text = parts.iter().copied().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ");
    let mut results = connection.fetch_many(sqlx::raw_sql(&text));
    let mut told = Told::default();
    while let Some(result) = results.try_next().await? {
        let Either::Right(row) = result else { continue };
        if let Some(digest) = Probe::digest(&row)? {
            told.digest = Some(digest);
        } else if row.len() == 1 {
            let is_so = row.try_get_unchecked::<&str, _>(0)? == "1";
            told.rows |= told.first.is_some() && is_so;
            told.first.get_or_insert(is_so);
        } else if row.len() == 2 {
            told.traces = true;
        } else {
            told.rows |= row.try_get_unchecked::<&str, _>(1)? == NOT_ROLLED_BACK;
        }
    }
    Ok(told)
}

/// A session's answers about its transaction.
#[derive(Debug, Default)]
struct Told {
    /// The answer to the first question.
    first: Option<bool>,
    /// Whether the answer to a second one, or a warning, says that a table without transactions keeps rows.
    rows: bool,
    /// Whether [`TRACES`] found any.
    traces: bool,
    /// The result of [`Own::digest`].
    digest: Option<String>,
}
