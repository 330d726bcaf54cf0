//! [`Replicas`]: which of the servers for reads may serve.
//!
//! Global transaction ids show how far a replica is behind, and reading them takes no right. A replica must reach the
//! primary's present position before long. So neither clocks nor the replica's own report count, and a replica that has
//! lost its primary counts as behind as well. The node notes the latest moment of the primary that a replica has
//! reached. The replica serves until that moment is too long ago.
//!
//! While the primary does not answer, the farthest position of any of these servers is the newest that is known. A
//! replica that has reached it continues to serve.

use std::{
    collections::VecDeque,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use beds_core::{
    meter::{Family, Samples},
    settings::SecretUrl,
};
use sqlx::{ConnectOptions as _, MySqlConnection, Row as _};
use tokio::{
    task::AbortHandle,
    time::{sleep, timeout},
};

use crate::{
    config::MariaDb,
    link::options,
    position::Position,
    primary::{Connected, Primary, is_set},
};

/// For how long past positions of the primary are kept, at least. The reported lag of a replica that is farther behind
/// keeps growing.
const KNOWN_FOR: Duration = Duration::from_mins(10);

/// The moment of a replica of which nothing is known.
const NEVER: u64 = 0;

/// How often servers are asked at least, and at most.
const EVERY: [Duration; 2] = [Duration::from_millis(25), Duration::from_millis(500)];

static LAG: Family = Family::gauge(
    "beds_replica_lag_seconds",
    "How long ago the primary was at the position that a replica is known to have; since the start of the node while \
     nothing is known.",
);

/// The position of a server, and whether it takes no writes. A replica's own transactions do not count: no other server
/// has them.
const PRIMARY: &str = "select @@global.gtid_current_pos, cast(@@global.read_only as char)";
const REPLICA: &str = "select @@global.gtid_slave_pos, '1'";

/// The servers for reads of one database.
pub(crate) struct Replicas {
    /// The name for people.
    name: String,
    servers: Vec<SecretUrl>,
    /// How old the data of a replica may be.
    lag_max: Duration,
    connect_timeout: Duration,
    begun: Instant,
    /// The moment of the primary that each replica has reached, in milliseconds since the start.
    reached: Vec<AtomicU64>,
    known: Mutex<Known>,
}

/// What is known of the primary.
#[derive(Debug, Default)]
struct Known {
    /// The primary's positions, and when each was asked for.
    was: VecDeque<(Instant, Position)>,
    /// The farthest position that any server is known to have.
    farthest: Position,
}

impl fmt::Debug for Replicas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replicas").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Replicas {
    /// The replicas of a database.
    pub(crate) fn of(name: &str, config: &MariaDb) -> Self {
        let (lag_max, connect_timeout) = (config.read_lag_max_ms, config.connect_timeout_ms);
        Self::new(name.to_owned(), config.read_urls.0.clone(), lag_max.duration(), connect_timeout.duration())
    }

    fn new(name: String, servers: Vec<SecretUrl>, lag_max: Duration, connect_timeout: Duration) -> Self {
        let reached = servers.iter().map(|_| AtomicU64::new(NEVER)).collect();
        let (begun, known) = (Instant::now(), Mutex::default());
        Self { name, servers, lag_max, connect_timeout, begun, reached, known }
    }

    pub(crate) const fn count(&self) -> usize {
        self.servers.len()
    }

    /// The server as it may be shown.
    pub(crate) fn shown(&self, replica: usize) -> String {
        self.servers.get(replica).map(SecretUrl::redacted).unwrap_or_default()
    }

    /// The replica for a connection whose own replica this is; `None` if no replica may serve.
    pub(crate) fn choose(&self, own: usize) -> Option<usize> {
        let count = self.servers.len();
        (0..count).map(|next| (own + next) % count).find(|replica| self.may_serve(*replica))
    }

    pub(crate) async fn connect(&self, replica: usize) -> Result<MySqlConnection, String> {
        let Some(url) = self.servers.get(replica) else { return Err("no such replica".to_owned()) };
        let text = |error: sqlx::Error| format!("{}: {error}", url.redacted());
        options(url).map_err(text)?.connect().await.map_err(text)
    }

    /// Reports how far each replica is behind.
    pub(crate) fn collect(&self, labels: &[(&'static str, &str); 2], samples: &mut Samples) {
        samples.family(&LAG);
        for (replica, url) in self.servers.iter().enumerate() {
            let [engine, database] = *labels;
            let lag = self.lag(replica).unwrap_or_else(|| self.begun.elapsed());
            samples.number(&LAG, &[engine, database, ("server", url.host().as_str())], lag.as_secs_f64());
        }
    }

    /// The maximum age of a replica's data; `None` if nothing is known of the replica.
    fn lag(&self, replica: usize) -> Option<Duration> {
        let reached = self.reached.get(replica)?.load(Ordering::Relaxed);
        let now = self.elapsed(Instant::now());
        (reached != NEVER).then(|| Duration::from_millis(now.saturating_sub(reached)))
    }

    fn may_serve(&self, replica: usize) -> bool {
        self.lag(replica).is_some_and(|lag| lag < self.lag_max)
    }

    /// The form in which a moment is noted, after [`NEVER`].
    fn elapsed(&self, at: Instant) -> u64 {
        let since = u64::try_from(at.saturating_duration_since(self.begun).as_millis()).unwrap_or(u64::MAX);
        since.saturating_add(NEVER + 1)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How often servers are asked.
    fn every(&self) -> Duration {
        (self.lag_max / 8).clamp(EVERY[0], EVERY[1])
    }

    /// Notes the primary's position; `None` if it did not answer.
    fn note_primary(&self, at: Instant, position: Option<Position>) {
        let mut known = self.known();
        if let Some(position) = position {
            known.farthest.advance(&position);
        }
        let position = known.farthest.clone();
        match known.was.back_mut() {
            Some((last, same)) if *same == position => *last = at,
            _ => known.was.push_back((at, position)),
        }
        let kept = self.lag_max.max(KNOWN_FOR);
        while known.was.front().is_some_and(|(before, _)| at.saturating_duration_since(*before) > kept) {
            known.was.pop_front();
        }
    }

    /// Notes the position of a replica.
    fn note_replica(&self, replica: usize, position: &Position) {
        let mut known = self.known();
        known.farthest.advance(position);
        // The primary's position only grows.
        let covered = known.was.partition_point(|(_, primary)| position.covers(primary));
        let reached = covered.checked_sub(1).and_then(|last| known.was.get(last)).map(|(at, _)| *at);
        drop(known);
        if let (Some(at), Some(reached)) = (reached, self.reached.get(replica)) {
            reached.fetch_max(self.elapsed(at), Ordering::Relaxed);
        }
    }
}

/// The tasks that watch the servers of a database, for as long as this lives.
#[derive(Debug)]
pub(crate) struct Watch(Vec<AbortHandle>);

impl Drop for Watch {
    fn drop(&mut self) {
        for task in &self.0 {
            task.abort();
        }
    }
}

impl Watch {
    pub(crate) fn begin(primary: &Arc<Primary>, replicas: &Arc<Replicas>) -> Self {
        let mut tasks =
            vec![tokio::spawn(watch_primary(Arc::clone(primary), Arc::clone(replicas))).abort_handle()];
        for replica in 0..replicas.count() {
            tasks.push(tokio::spawn(watch_replica(Arc::clone(replicas), replica)).abort_handle());
        }
        Self(tasks)
    }
}

/// Asks the primary for its position, and for its identity if that may change.
async fn watch_primary(primary: Arc<Primary>, replicas: Arc<Replicas>) {
    let mut connection: Option<Connected> = None;
    let (mut connecting, mut is_told) = (None, false);
    loop {
        let at = Instant::now();
        let said = match &mut connection {
            // The limit is short enough to notice a failure before the known position is too old.
            Some(connected) if primary.current() == connected.server => {
                ask(&mut connected.connection, PRIMARY, replicas.lag_max / 2).await
            }
            _ => None,
        };
        // The only server of a list is accepted as it is.
        let said = said.filter(|(_, is_replica)| !is_replica || primary.count() == 1);
        if said.is_none() {
            connection = None;
        }
        if said.as_ref().is_some_and(|(position, _)| position.is_empty())
            && !std::mem::replace(&mut is_told, true)
        {
            let database = &replicas.name;
            tracing::warn!(
                database,
                "the lag of the replicas is unknown, because their primary writes no binary log; they serve \
                 nevertheless"
            );
        }
        match said {
            Some((position, _)) => replicas.note_primary(at, Some(position)),
            None => replicas.note_primary(Instant::now(), None),
        }
        if connection.is_some() {
            sleep(replicas.every()).await;
            continue;
        }
        let attempt = connecting.get_or_insert_with(|| {
            let primary = Arc::clone(&primary);
            let limit = replicas.connect_timeout;
            Box::pin(async move { timeout(limit, primary.connect()).await })
        });
        if let Ok(attempted) = timeout(replicas.every(), attempt).await {
            connecting = None;
            match attempted {
                Ok(Ok(connected)) => connection = Some(connected),
                Ok(Err(_)) | Err(_) => sleep(replicas.every()).await,
            }
        }
    }
}

/// Asks a replica for its position.
async fn watch_replica(replicas: Arc<Replicas>, replica: usize) {
    let (database, server) = (replicas.name.clone(), replicas.shown(replica));
    let mut connection = None;
    let mut before = None;
    loop {
        if connection.is_none() {
            let connecting = timeout(replicas.connect_timeout, replicas.connect(replica)).await;
            connection = connecting.ok().and_then(Result::ok);
        }
        if let Some(open) = &mut connection {
            match ask(open, REPLICA, replicas.lag_max).await {
                Some((position, _)) => replicas.note_replica(replica, &position),
                None => connection = None,
            }
        }
        let now = replicas.may_serve(replica);
        match before.replace(now) {
            Some(true) if !now => {
                let lag_max_ms = replicas.lag_max.as_millis();
                tracing::warn!(
                    database,
                    server,
                    "a replica is more than {lag_max_ms} ms behind, or does not answer: others serve its reads"
                );
            }
            Some(false) if now => tracing::info!(database, server, "a replica serves reads"),
            _ => {}
        }
        sleep(replicas.every()).await;
    }
}

/// The position of a server, and whether it takes no writes; `None` if it does not answer.
async fn ask(
    connection: &mut MySqlConnection,
    sql: &'static str,
    limit: Duration,
) -> Option<(Position, bool)> {
    let asked = timeout(limit, sqlx::query(sql).fetch_one(connection)).await;
    let row = asked.ok()?.ok()?;
    let position = row.try_get_unchecked::<Option<String>, _>(0).ok()?.unwrap_or_default();
    let read_only = row.try_get_unchecked::<String, _>(1).ok()?;
    Some((Position::parse(&position)?, is_set(&read_only)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replicas(lag_max: Duration) -> Replicas {
        let urls = ["mysql://u@a/s", "mysql://u@b/s"].map(SecretUrl::new);
        Replicas::new("d".to_owned(), urls.to_vec(), lag_max, Duration::from_secs(1))
    }

    fn position(text: &str) -> Position {
        Position::parse(text).unwrap()
    }

    #[test]
    fn a_replica_serves_that_has_what_the_primary_had_not_long_ago() {
        let hour = Duration::from_hours(1);
        let replicas = replicas(hour);
        assert_eq!(replicas.choose(0), None, "nothing is known");
        let now = Instant::now();
        replicas.note_primary(now, Some(position("0-1-5")));
        replicas.note_replica(0, &position("0-1-4"));
        assert_eq!(replicas.choose(0), None);
        replicas.note_replica(0, &position("0-1-5"));
        assert_eq!(
            (replicas.choose(0), replicas.choose(1)),
            (Some(0), Some(0)),
            "who may serve does it for the other"
        );
        replicas.note_primary(now + hour / 2, Some(position("0-1-9")));
        replicas.note_replica(1, &position("0-1-6"));
        assert_eq!(replicas.choose(1), Some(1), "it has what was there half an hour ago");
        // Earlier positions do not count any more.
        replicas.note_primary(now + hour * 2, Some(position("0-1-20")));
        assert_eq!(replicas.known().was.len(), 1);
    }

    #[test]
    fn how_far_a_replica_is_behind_is_told_also_where_it_may_not_serve() {
        let second = Duration::from_secs(1);
        let mut replicas = replicas(second);
        replicas.begun = Instant::now().checked_sub(second * 100).unwrap();
        let ago = |seconds: u32| Instant::now().checked_sub(second * seconds).unwrap();
        assert_eq!(replicas.lag(0), None);
        for (seconds, at) in [(90, "0-1-5"), (60, "0-1-5"), (30, "0-1-8"), (0, "0-1-9")] {
            replicas.note_primary(ago(seconds), Some(position(at)));
        }
        let lag = |at: &str| {
            replicas.note_replica(0, &position(at));
            (replicas.lag(0).unwrap().as_secs(), replicas.choose(0))
        };
        assert_eq!(lag("0-1-6"), (60, None), "the primary was there until then");
        assert_eq!(lag("0-1-8"), (30, None));
        assert_eq!(lag("0-1-9"), (0, Some(0)));
    }

    #[test]
    fn without_the_primary_the_farthest_counts() {
        let replicas = replicas(Duration::from_hours(1));
        replicas.note_replica(1, &position("0-1-7"));
        replicas.note_primary(Instant::now(), None);
        replicas.note_replica(0, &position("0-1-6"));
        replicas.note_replica(1, &position("0-1-7"));
        assert_eq!((replicas.choose(0), replicas.choose(1)), (Some(1), Some(1)));
    }
}
