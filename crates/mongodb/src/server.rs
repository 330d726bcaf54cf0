//! [`Server`]: the driver's client, which the connections of a lane share.
//!
//! The driver has its own pool and supervision: a connection of the lane is a handle and a place in the lane. The
//! driver's monitors report whether a server answers.

use std::{
    sync::{
        Arc, Mutex as StdMutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use beds_core::{meter::Counter, settings::SecretUrl};
use beds_lane::{Connect, Gate};
use mongodb::{
    Client, ClientSession, Collection, Database,
    bson::{RawDocumentBuf, doc},
    error::ErrorKind,
    options::{
        Acknowledgment, ConnectionString, HostInfo, ReadPreference, SelectionCriteria, TransactionOptions,
        WriteConcern,
    },
};
use tokio::{
    sync::Mutex,
    time::{Instant, timeout_at},
};
use tracing::Instrument as _;

use crate::{
    audit,
    client::{Heard, Material},
    config::MongoDb,
    events,
    ledger::Ledger,
    own::Known,
};

/// One deployment, and the database on it. It is cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    /// The configuration's name of the database, for people.
    name: Arc<str>,
    /// The server's name of the database.
    database: String,
    config: MongoDb,
    client: Arc<Mutex<Option<Made>>>,
    /// The reports about the servers of that client.
    heard: Arc<StdMutex<Arc<Heard>>>,
    /// The knowledge of its ledger.
    known: Arc<Known>,
    /// The knowledge of its events.
    events: Arc<events::Known>,
    /// The knowledge of the collection of its audit.
    audit: Arc<Known>,
    pace: Arc<Pace>,
    /// How many duplicates its ledger has answered.
    duplicates: Arc<Counter>,
}

/// A client, and its material.
struct Made {
    client: Client,
    of: Material,
    heard: Arc<Heard>,
}

impl std::fmt::Debug for Made {
    /// Leaves out the material, which is secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Made").finish_non_exhaustive()
    }
}

/// A handle of the driver. It is cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Connection {
    pub(crate) name: Arc<str>,
    client: Client,
    database: Database,
    pub(crate) ledger: Ledger,
    pub(crate) outbox: events::Store,
    pub(crate) audit: audit::Store,
    /// How long statements of transactions take.
    pub(crate) pace: Arc<Pace>,
    /// How long a write past its gate may take beyond its deadline.
    patience: Duration,
    server: Server,
    heard: Arc<Heard>,
}

impl Connection {
    /// Whether password or certificates may have changed since the client was made.
    pub(crate) fn is_doubtful(&self) -> bool {
        self.heard.has_failed()
    }

    /// Notes a doubt, as if a server could not be reached.
    pub(crate) fn doubt(&self) {
        self.heard.doubt();
    }

    /// Whether the client is made with the password and certificates that are valid now.
    pub(crate) async fn is_current(&self) -> bool {
        let made = self.server.client.lock().await;
        let Some(made) = made.as_ref().filter(|made| Arc::ptr_eq(&made.heard, &self.heard)) else {
            return false;
        };
        // Material that cannot be read now may be about to be replaced.
        let is_current = self.server.material().is_ok_and(|now| now == made.of);
        if is_current {
            self.heard.forget_failure();
        }
        is_current
    }

    pub(crate) fn collection<T: Send + Sync>(&self, name: &str) -> Collection<T> {
        self.database.collection(name)
    }

    pub(crate) fn raw(&self, name: &str) -> Collection<RawDocumentBuf> {
        self.collection(name)
    }

    /// A session in a transaction. When it is dropped, the transaction is rolled back.
    pub(crate) async fn transaction(&self, budget: Duration) -> mongodb::error::Result<ClientSession> {
        // A transaction reads from the primary, whatever the URL says of reads. A commit survives the loss of a server,
        // unless the URL says otherwise.
        let confirmed = self.client.write_concern().cloned().unwrap_or_else(WriteConcern::majority);
        let options = TransactionOptions::builder()
            .max_commit_time(budget)
            .selection_criteria(SelectionCriteria::ReadPreference(ReadPreference::Primary))
            .write_concern(confirmed)
            .build();
        let mut session = self.client.start_session().await?;
        match session.start_transaction().with_options(options.clone()).await {
            // The driver gives the same error as long as it has seen no server. If no server answers, that is the
            // reason.
            Err(error) if matches!(*error.kind, ErrorKind::Transaction { .. }) => {
                self.database.run_command(doc! { "ping": 1 }).await?;
                session.start_transaction().with_options(options).await?;
            }
            started => started?,
        }
        Ok(session)
    }

    /// The moment after which nobody waits for a job with this gate.
    pub(crate) fn limit(&self, gate: &Gate) -> Instant {
        if gate.is_past() { self.end(gate) } else { gate.deadline() }
    }

    /// The moment after which nobody waits for a write past its gate.
    pub(crate) fn end(&self, gate: &Gate) -> Instant {
        gate.deadline() + self.patience
    }
}

/// How long a statement takes, including its way to the server: an average of the last ones, in microseconds.
#[derive(Debug, Default)]
pub(crate) struct Pace(AtomicU64);

impl Pace {
    pub(crate) fn statement(&self) -> Duration {
        Duration::from_micros(self.0.load(Ordering::Relaxed))
    }

    pub(crate) fn tell(&self, took: Duration) {
        let took = u64::try_from(took.as_micros()).unwrap_or(u64::MAX / 8);
        // A measurement of another connection at the same time may be lost.
        let before = self.0.load(Ordering::Relaxed);
        self.0.store(if before == 0 { took } else { (7 * before + took) / 8 }, Ordering::Relaxed);
    }
}

/// Runs an operation for which the driver has no time limit. `None` if it has not ended by this moment: it then goes on
/// by itself, since no future of the driver may be dropped midway.
pub(crate) async fn done_by<T: Send + 'static>(
    late: Instant,
    work: impl Future<Output = T> + Send + 'static,
) -> Option<T> {
    timeout_at(late, tokio::spawn(work.in_current_span())).await.ok()?.ok()
}

/// How long a requester waits beyond its deadline for a write past its gate.
pub(crate) fn patience(config: &MongoDb) -> Duration {
    config.connect_timeout_ms.duration() * 2
}

/// How long the server may work on a read with this gate.
pub(crate) fn budget(gate: &Gate) -> Duration {
    left(gate.deadline())
}

/// How long the server may work until this moment.
pub(crate) fn left(limit: Instant) -> Duration {
    // For the server a limit of 0 milliseconds means no limit.
    limit.saturating_duration_since(Instant::now()).max(Duration::from_millis(1))
}

impl Server {
    pub(crate) fn new(name: &str, config: &MongoDb) -> Self {
        Self {
            name: Arc::from(name),
            database: config.database.clone().unwrap_or_else(|| name.to_owned()),
            config: config.clone(),
            client: Arc::default(),
            heard: Arc::default(),
            known: Arc::default(),
            events: Arc::default(),
            audit: Arc::default(),
            pace: Arc::default(),
            duplicates: Arc::default(),
        }
    }

    fn material(&self) -> Result<Material, String> {
        Material::read(self.config.url.as_ref().ok_or("no URL is configured")?)
    }

    /// A client made with the present password and certificates: the existing one, if it is current.
    async fn client(&self) -> Result<(Client, Arc<Heard>), String> {
        let mut made = self.client.lock().await;
        let of = self.material()?;
        if let Some(made) = made.as_ref().filter(|made| made.of == of) {
            return Ok((made.client.clone(), Arc::clone(&made.heard)));
        }
        let heard = Arc::new(Heard::default());
        let connections = self.config.connections + self.config.transactions;
        let client = of.client(self.config.connect_timeout_ms.duration(), connections, Arc::clone(&heard));
        let client = client.await.map_err(|error| error.kind.to_string())?;
        *self.heard.lock().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&heard);
        // The old client ends with its last handle.
        *made = Some(Made { client: client.clone(), of, heard: Arc::clone(&heard) });
        Ok((client, heard))
    }
}

impl Server {
    /// A handle of the driver for the relay of events, and the store of the events.
    pub(crate) async fn relayed(&self) -> Result<(Client, events::Store), String> {
        let (client, _) = self.client().await?;
        let store = events::Store::new(&self.name, &client.database(&self.database), &self.events);
        Ok((client, store))
    }

    pub(crate) fn duplicates(&self) -> Arc<Counter> {
        Arc::clone(&self.duplicates)
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The knowledge of its events, shared by all who store them.
    pub(crate) fn events(&self) -> &events::Known {
        &self.events
    }
}

impl Connect for Server {
    type Connection = Connection;

    async fn connect(&self) -> Result<Connection, String> {
        let (client, heard) = self.client().await?;
        let database = client.database(&self.database);
        Ok(Connection {
            name: Arc::clone(&self.name),
            ledger: Ledger::new(&self.name, &database, &self.known, &self.duplicates),
            outbox: events::Store::new(&self.name, &database, &self.events),
            audit: audit::Store::new(&self.name, &database, &self.audit),
            pace: Arc::clone(&self.pace),
            database,
            client,
            patience: patience(&self.config),
            server: self.clone(),
            heard,
        })
    }

    /// The client ends with its last handle.
    async fn close(&self, connection: Connection) {
        drop(connection);
    }

    fn server(&self) -> String {
        self.config.url.as_ref().map(SecretUrl::redacted).unwrap_or_default()
    }

    fn is_reachable(&self) -> bool {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).is_reachable()
    }
}

/// Whether the driver accepts the options of a URL; no server is contacted.
///
/// # Errors
/// The option that the driver does not accept.
pub fn check_url(url: &SecretUrl) -> Result<(), String> {
    let read = ConnectionString::parse(url.expose()).map_err(|error| error.kind.to_string())?;
    // The driver finds these only when it makes a client, which contacts servers at once.
    let has_several = matches!(&read.host_info, HostInfo::HostIdentifiers(hosts) if hosts.len() > 1);
    let is_direct = read.direct_connection == Some(true);
    let is_balanced = read.load_balanced == Some(true);
    let both = [
        (has_several && is_direct, "several hosts and `directConnection=true`"),
        (has_several && is_balanced, "several hosts and `loadBalanced=true`"),
        (is_direct && is_balanced, "`directConnection=true` and `loadBalanced=true`"),
        (read.replica_set.is_some() && is_balanced, "`replicaSet` and `loadBalanced=true`"),
    ];
    if let Some((_, both)) = both.into_iter().find(|(is_there, _)| *is_there) {
        return Err(format!("it has {both}, which exclude each other: leave one out"));
    }
    // No transaction accepts it, and a reply would claim what nobody knows.
    let acknowledgment = read.write_concern.and_then(|concern| concern.w);
    if acknowledgment == Some(Acknowledgment::Nodes(0)) {
        return Err(
            "it has `w=0`, by which the server acknowledges no write: write `w=majority`, or leave it out"
                .to_owned(),
        );
    }
    Ok(())
}

/// Connects to a server, asks it something, and says which version it is.
///
/// # Errors
/// What went wrong, in a sentence.
pub async fn ping(url: &SecretUrl, timeout: Duration) -> Result<String, String> {
    let heard = Arc::new(Heard::default());
    let (of, hearing) = (Material::read(url)?, Arc::clone(&heard));
    let is_encrypted = of.is_encrypted();
    // A task of its own, since no future of the driver may be dropped midway.
    let attempt = tokio::spawn(async move {
        let client = of.client(timeout, 1, hearing).await?;
        let info = client.database("admin").run_command(doc! { "buildInfo": 1 }).await;
        client.shutdown().await;
        mongodb::error::Result::Ok(info?.get_str("version").unwrap_or("unknown").to_owned())
    });
    let asked = tokio::select! {
        asked = tokio::time::timeout(timeout, attempt) => asked,
        // The driver itself would go on trying.
        refusal = heard.refusal() => return Err(refusal),
    };
    match asked {
        Ok(Ok(Ok(version))) => Ok(version),
        Ok(Ok(Err(error))) => Err(heard.another_set().unwrap_or_else(|| error.kind.to_string())),
        Ok(Err(_)) => Err("the driver failed unexpectedly".to_owned()),
        Err(_) => {
            if let Some(another) = heard.another_set() {
                return Err(another);
            }
            let ms = timeout.as_millis();
            Err(match heard.failure() {
                Some(failure) => format!("no answer within {ms} ms: {failure}"),
                // A server without TLS may wait for the rest of what it reads as a message.
                None if is_encrypted => format!("no answer to TLS within {ms} ms"),
                None => format!("no answer within {ms} ms"),
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::{sync::oneshot, time::sleep};

    use super::*;

    #[test]
    fn writes_are_acknowledged() {
        let check = |query: &str| check_url(&SecretUrl::new(format!("mongodb://h/?{query}")));
        for refused in ["w=0", "w=00", "journal=true&w=0", "replicaSet=r&w=0&journal=false"] {
            let reason = check(refused).unwrap_err();
            assert!(reason.contains("`w=0`") && reason.contains("write `w=majority`"), "{refused}: {reason}");
        }
        for taken in ["w=1", "w=majority", "journal=true", "w=1&journal=true", "w=abroad"] {
            assert_eq!(check(taken), Ok(()), "{taken}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_late_goes_on_by_itself() {
        let (done, is_done) = oneshot::channel();
        let late = Instant::now() + Duration::from_secs(1);
        let work = async move {
            sleep(Duration::from_secs(2)).await;
            done.send(()).unwrap();
        };
        assert!(done_by(late, work).await.is_none());
        assert!(Instant::now() < late + Duration::from_millis(100), "nobody waits for its end");
        is_done.await.unwrap();
        assert_eq!(done_by(Instant::now() + Duration::from_secs(1), async { 7 }).await, Some(7));
    }
}
