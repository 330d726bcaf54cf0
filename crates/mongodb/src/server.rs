//! [`Server`]: the driver's client, which the connections of a lane share.
//!
//! The driver has a pool and a supervision of its own: a connection of the lane is a handle and a place in it. Whether
//! a server is there, the driver's monitors tell.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use beds_core::settings::SecretUrl;
use beds_lane::{Connect, Gate};
use mongodb::{
    Client, ClientSession, Collection, Database, ServerType,
    bson::{RawDocumentBuf, doc},
    error::ErrorKind,
    event::{EventHandler, sdam::SdamEvent},
    options::{
        ClientOptions, ConnectionString, HostInfo, ReadPreference, SelectionCriteria, TransactionOptions,
        WriteConcern,
    },
};
use tokio::{
    sync::OnceCell,
    time::{Instant, timeout_at},
};
use tracing::Instrument as _;

use crate::{config::MongoDb, events, ledger::Ledger, own::Known};

/// One deployment, and the database on it. It is cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    /// The configuration's name of the database, for people.
    name: Arc<str>,
    /// The server's name of it.
    database: String,
    config: MongoDb,
    client: Arc<OnceCell<Client>>,
    /// What is known of its ledger.
    known: Arc<Known>,
    /// What is known of its events.
    events: Arc<events::Known>,
    pace: Arc<Pace>,
    /// Whether the driver knows of a server that answers.
    reachable: Arc<AtomicBool>,
}

/// A handle of the driver. It is cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Connection {
    pub(crate) name: Arc<str>,
    client: Client,
    database: Database,
    pub(crate) ledger: Ledger,
    pub(crate) outbox: events::Store,
    /// How long statements of transactions take.
    pub(crate) pace: Arc<Pace>,
    /// How long a write that cannot be taken back may take beyond its deadline.
    patience: Duration,
}

impl Connection {
    pub(crate) fn collection<T: Send + Sync>(&self, name: &str) -> Collection<T> {
        self.database.collection(name)
    }

    pub(crate) fn raw(&self, name: &str) -> Collection<RawDocumentBuf> {
        self.collection(name)
    }

    /// A session in a transaction; dropped, it takes the transaction back.
    pub(crate) async fn transaction(&self, budget: Duration) -> mongodb::error::Result<ClientSession> {
        // What is read in a transaction is read from the primary, whatever the URL says of reads; and what is committed
        // is not forgotten with a server, unless the URL says otherwise.
        let confirmed = self.client.write_concern().cloned().unwrap_or_else(WriteConcern::majority);
        let options = TransactionOptions::builder()
            .max_commit_time(budget)
            .selection_criteria(SelectionCriteria::ReadPreference(ReadPreference::Primary))
            .write_concern(confirmed)
            .build();
        let mut session = self.client.start_session().await?;
        match session.start_transaction().with_options(options.clone()).await {
            // The driver says so too as long as it has seen no server. Where none answers, that is the reason.
            Err(error) if matches!(*error.kind, ErrorKind::Transaction { .. }) => {
                self.database.run_command(doc! { "ping": 1 }).await?;
                session.start_transaction().with_options(options).await?;
            }
            started => started?,
        }
        Ok(session)
    }

    /// The moment after which nobody waits for what has this gate.
    pub(crate) fn limit(&self, gate: &Gate) -> Instant {
        if gate.is_past() { self.end(gate) } else { gate.deadline() }
    }

    /// The moment after which nobody waits for a write that cannot be taken back.
    pub(crate) fn end(&self, gate: &Gate) -> Instant {
        gate.deadline() + self.patience
    }
}

/// How long a statement takes, with its way to the server: an average of the last ones, in microseconds.
#[derive(Debug, Default)]
pub(crate) struct Pace(AtomicU64);

impl Pace {
    pub(crate) fn statement(&self) -> Duration {
        Duration::from_micros(self.0.load(Ordering::Relaxed))
    }

    pub(crate) fn tell(&self, took: Duration) {
        let took = u64::try_from(took.as_micros()).unwrap_or(u64::MAX / 8);
        // What another connection tells at the same time may be lost.
        let before = self.0.load(Ordering::Relaxed);
        self.0.store(if before == 0 { took } else { (7 * before + took) / 8 }, Ordering::Relaxed);
    }
}

/// Does what the driver has no limit of time for. `None` where it is not done by this moment: it goes on by itself then,
/// since no future of the driver may be dropped midway.
pub(crate) async fn done_by<T: Send + 'static>(
    late: Instant,
    work: impl Future<Output = T> + Send + 'static,
) -> Option<T> {
    timeout_at(late, tokio::spawn(work.in_current_span())).await.ok()?.ok()
}

/// How long a requester waits beyond its deadline for what cannot be taken back.
pub(crate) fn patience(config: &MongoDb) -> Duration {
    config.connect_timeout_ms.duration() * 2
}

/// How long the server may work on a read that has this gate.
pub(crate) fn budget(gate: &Gate) -> Duration {
    left(gate.deadline())
}

/// How long the server may work until this moment.
pub(crate) fn left(limit: Instant) -> Duration {
    // The server takes a limit of no milliseconds for none.
    limit.saturating_duration_since(Instant::now()).max(Duration::from_millis(1))
}

impl Server {
    pub(crate) fn new(name: &str, config: &MongoDb) -> Self {
        Self {
            name: Arc::from(name),
            database: config.database.clone().unwrap_or_else(|| name.to_owned()),
            config: config.clone(),
            client: Arc::default(),
            known: Arc::default(),
            events: Arc::default(),
            pace: Arc::default(),
            reachable: Arc::new(AtomicBool::new(true)),
        }
    }

    async fn client(&self) -> Result<Client, String> {
        let url = self.config.url.as_ref().ok_or("no URL is configured")?;
        let timeout = self.config.connect_timeout_ms.duration();
        let options = client_options(url, timeout, self.config.connections + self.config.transactions).await;
        let mut options = options.map_err(|error| error.kind.to_string())?;
        let reachable = Arc::clone(&self.reachable);
        options.sdam_event_handler = Some(EventHandler::callback(move |event| {
            if let SdamEvent::TopologyDescriptionChanged(change) = event {
                let servers = change.new_description.servers();
                let answers = servers.values().any(|server| server.server_type() != ServerType::Unknown);
                reachable.store(answers, Ordering::Relaxed);
            }
        }));
        Client::with_options(options).map_err(|error| error.kind.to_string())
    }
}

impl Server {
    /// A handle of the driver for the relay of events, and where they are stored.
    pub(crate) async fn relayed(&self) -> Result<(Client, events::Store), String> {
        let client = self.client.get_or_try_init(|| self.client()).await?.clone();
        let store = events::Store::new(&self.name, &client.database(&self.database), &self.events);
        Ok((client, store))
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// What is known of its events, by all who store them.
    pub(crate) fn events(&self) -> &events::Known {
        &self.events
    }
}

impl Connect for Server {
    type Connection = Connection;

    async fn connect(&self) -> Result<Connection, String> {
        let client = self.client.get_or_try_init(|| self.client()).await?.clone();
        let database = client.database(&self.database);
        Ok(Connection {
            name: Arc::clone(&self.name),
            ledger: Ledger::new(&self.name, &database, &self.known),
            outbox: events::Store::new(&self.name, &database, &self.events),
            pace: Arc::clone(&self.pace),
            database,
            client,
            patience: patience(&self.config),
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
        self.reachable.load(Ordering::Relaxed)
    }
}

/// Whether the driver takes the options of a URL; nothing is contacted.
///
/// # Errors
/// What it does not take.
pub fn check_url(url: &SecretUrl) -> Result<(), String> {
    let read = ConnectionString::parse(url.expose()).map_err(|error| error.kind.to_string())?;
    // The driver finds these when it makes a client, which contacts servers at once.
    let has_several = matches!(&read.host_info, HostInfo::HostIdentifiers(hosts) if hosts.len() > 1);
    let is_direct = read.direct_connection == Some(true);
    let is_balanced = read.load_balanced == Some(true);
    let both = [
        (has_several && is_direct, "several hosts and `directConnection=true`"),
        (has_several && is_balanced, "several hosts and `loadBalanced=true`"),
        (is_direct && is_balanced, "`directConnection=true` and `loadBalanced=true`"),
        (read.replica_set.is_some() && is_balanced, "`replicaSet` and `loadBalanced=true`"),
    ];
    match both.into_iter().find(|(is_there, _)| *is_there) {
        Some((_, both)) => Err(format!("it has {both}, which exclude each other: leave one out")),
        None => Ok(()),
    }
}

/// What a client is made with.
pub(crate) async fn client_options(
    url: &SecretUrl,
    timeout: Duration,
    connections: u32,
) -> mongodb::error::Result<ClientOptions> {
    let mut options = ClientOptions::parse(url.expose()).await?;
    options.app_name.get_or_insert_with(|| "beds".to_owned());
    options.max_pool_size.get_or_insert(connections);
    options.connect_timeout.get_or_insert(timeout);
    // The driver's default is 30 s, longer than most requests may take.
    options.server_selection_timeout.get_or_insert(timeout);
    Ok(options)
}

/// Connects to a server, asks it something, and says which version it is.
///
/// # Errors
/// What went wrong, in a sentence.
pub async fn ping(url: &SecretUrl, timeout: Duration) -> Result<String, String> {
    let url = url.clone();
    // A task of its own, since no future of the driver may be dropped midway.
    let attempt = tokio::spawn(async move {
        let client = Client::with_options(client_options(&url, timeout, 1).await?)?;
        let info = client.database("admin").run_command(doc! { "buildInfo": 1 }).await;
        client.shutdown().await;
        mongodb::error::Result::Ok(info?.get_str("version").unwrap_or("unknown").to_owned())
    });
    match tokio::time::timeout(timeout, attempt).await {
        Ok(Ok(Ok(version))) => Ok(version),
        Ok(Ok(Err(error))) => Err(error.kind.to_string()),
        Ok(Err(_)) => Err("the driver failed unexpectedly".to_owned()),
        Err(_) => Err(format!("no answer within {} ms", timeout.as_millis())),
    }
}

#[cfg(test)]
mod tests {
    use tokio::{sync::oneshot, time::sleep};

    use super::*;

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
