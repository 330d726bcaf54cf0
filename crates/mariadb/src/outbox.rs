//! The events that are stored in a database, for the relay that publishes them.
//!
//! The relay has a connection of its own, and on it a lock of the server. The lock ends with the connection, so that
//! another node takes over when this one dies. The lock does not keep the order: two relays would publish everything
//! twice, and each in order.

use std::{fmt::Display, sync::Arc, time::Duration};

use beds_core::{
    event::Event,
    outbox::{self, Page, Pending, Stored},
};
use futures_util::future::BoxFuture;
use sqlx::{
    Arguments as _, Connection as _, Executor as _, MySqlConnection, Row as _,
    mysql::{MySqlArguments, MySqlRow},
};
use tokio::{sync::Notify, time::timeout};
use uuid::Uuid;

use crate::{
    config::MariaDb,
    primary::{Connected, Primary},
    route::{Place, Route},
};

/// How long one wait for the lock lasts, in seconds.
const LOCK_SECONDS: u32 = 5;

/// The lock of a database, whose name has no more than 64 characters.
const LOCK: &str = "select get_lock(concat('beds_events.', if(char_length(database()) <= 50, database(), \
    md5(database()))), ?) = 1";

/// After this many silent seconds the server treats the relay as dead, and ends its lock. A relay that waits for the
/// lock is not silent.
const SILENCE_SECONDS: u32 = 15;

/// The relay sees committed rows, and no gaps are locked. Deleting locks only the rows that it deletes.
const PREPARATION: &str = "set session transaction isolation level read committed";

/// The last column is the greatest number at the moment of the statement.
const NEXT: &str = "select `seq`, `id`, `routing_key`, `subject`, `template_hash`, `traceparent`, `at`, `body`, \
    (select max(`seq`) from `beds_events`) from `beds_events` where `seq` > ? and `seq` <= ? order by `seq` limit ?";

/// The events of one database.
#[derive(Debug)]
pub(crate) struct Outbox {
    name: String,
    primary: Arc<Primary>,
    connect_timeout: Duration,
    statement_timeout: Duration,
    stored: Arc<Notify>,
}

impl Outbox {
    pub(crate) fn new(name: &str, primary: Arc<Primary>, config: &MariaDb, stored: Arc<Notify>) -> Self {
        Self {
            name: name.to_owned(),
            primary,
            connect_timeout: config.connect_timeout_ms.duration(),
            statement_timeout: config.statement_timeout_ms.duration(),
            stored,
        }
    }

    async fn lock(&self) -> Result<Option<Box<dyn Pending>>, String> {
        let connecting = timeout(self.connect_timeout, self.primary.connect()).await;
        let Connected { connection, server } = connecting.map_err(|_| late(self.connect_timeout))??;
        let place = Place { route: Route::Primary(Arc::clone(&self.primary)), server };
        let mut relay = Relay { connection, place, statement_timeout: self.statement_timeout, until: 0 };
        let seconds = self.statement_timeout.as_secs_f64().max(f64::from(LOCK_SECONDS) * 2.0);
        let prepared = format!(
            "{PREPARATION}; set session wait_timeout = {SILENCE_SECONDS}, max_statement_time = {seconds:.3}"
        );
        within(self.statement_timeout, relay.connection.execute(sqlx::raw_sql(&prepared))).await?;
        let limit = self.statement_timeout + Duration::from_secs(LOCK_SECONDS.into());
        let asked = relay.connection.fetch_one(sqlx::query(LOCK).bind(LOCK_SECONDS));
        let has_it = within(limit, asked).await?.try_get_unchecked::<Option<i64>, _>(0).map_err(told)?;
        if has_it == Some(1) {
            return Ok(Some(Box::new(relay)));
        }
        // Without this, the server would log each connection as aborted.
        within(self.statement_timeout, relay.connection.close()).await?;
        Ok(None)
    }
}

impl outbox::Outbox for Outbox {
    fn database(&self) -> &str {
        &self.name
    }

    fn take(&self) -> BoxFuture<'_, Result<Option<Box<dyn Pending>>, String>> {
        Box::pin(self.lock())
    }

    fn stored(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.stored.notified())
    }
}

/// The relay's connection, which holds the lock.
#[derive(Debug)]
struct Relay {
    connection: MySqlConnection,
    place: Place,
    statement_timeout: Duration,
    /// The greatest number at the beginning of the pass. Whoever changes a record after another has it locked in between, so
    /// an event with a number up to here was stored after the earlier events of its key were committed: the pass sees them.
    until: u64,
}

impl Relay {
    /// Fails if another server is the primary by now. On this one the relay would find published events again, and
    /// delete nothing.
    fn stay(&self) -> Result<(), String> {
        if self.place.is_left() { Err("another server is the primary now".to_owned()) } else { Ok(()) }
    }

    async fn read(&mut self, after: u64, max: usize) -> Result<Page, String> {
        self.stay()?;
        let until = if after == 0 { u64::MAX } else { self.until };
        let limit = u64::try_from(max).unwrap_or(u64::MAX);
        let rows = self.connection.fetch_all(sqlx::query(NEXT).bind(after).bind(until).bind(limit));
        let rows = within(self.statement_timeout, rows).await?;
        if let Some(row) = rows.first().filter(|_| after == 0) {
            self.until = row.try_get_unchecked(8).map_err(told)?;
        }
        let events = rows.iter().map(stored).collect::<Result<_, _>>().map_err(told)?;
        Ok(Page::of(events, max))
    }

    async fn delete(&mut self, published: &[&Stored]) -> Result<(), String> {
        if published.is_empty() {
            return Ok(());
        }
        // Without its index, the statement would look at rows that writers hold.
        let marks = vec!["?"; published.len()].join(", ");
        let sql =
            format!("delete `beds_events` from `beds_events` force index (primary) where `seq` in ({marks})");
        let mut arguments = MySqlArguments::default();
        for event in published {
            arguments.add(event.number).map_err(told)?;
        }
        let query = sqlx::query_with(&sql, arguments).persistent(false);
        within(self.statement_timeout, self.connection.execute(query)).await.map(drop)
    }
}

impl Pending for Relay {
    fn next(&mut self, after: u64, max: usize) -> BoxFuture<'_, Result<Page, String>> {
        Box::pin(self.read(after, max))
    }

    fn done<'a>(&'a mut self, published: &'a [&'a Stored]) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(self.delete(published))
    }

    fn keep(&mut self) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async {
            self.stay()?;
            within(self.statement_timeout, self.connection.execute("do 0")).await.map(drop)
        })
    }
}

fn stored(row: &MySqlRow) -> Result<Stored, sqlx::Error> {
    let id: &str = row.try_get_unchecked(1)?;
    Ok(Stored {
        number: row.try_get_unchecked(0)?,
        event: Event {
            id: Uuid::parse_str(id).map_err(|error| sqlx::Error::Decode(Box::new(error)))?,
            routing_key: row.try_get_unchecked(2)?,
            subject: row.try_get_unchecked(3)?,
            template_hash: row.try_get_unchecked(4)?,
            traceparent: row.try_get_unchecked(5)?,
            at: row.try_get_unchecked::<time::PrimitiveDateTime, _>(6)?.into(),
            body: row.try_get_unchecked(7)?,
        },
    })
}

async fn within<T>(
    limit: Duration,
    answer: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, String> {
    match timeout(limit, answer).await {
        Ok(answer) => answer.map_err(told),
        // The connection is dropped with the relay.
        Err(_) => Err(late(limit)),
    }
}

fn late(limit: Duration) -> String {
    format!("no answer within {} ms", limit.as_millis())
}

fn told(error: impl Display) -> String {
    error.to_string()
}
