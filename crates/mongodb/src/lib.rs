//! The MongoDB adapter: the only module that names the driver `mongodb`.
//!
//! `spec` is what the compiler emits, `ops` what generated code calls. The driver has its own pool and its
//! own supervision; what it lacks, `Database::run` adds: a bound on what waits, and deadlines that never drop
//! a driver's future midway, which its documentation forbids.

mod convert;
mod fault;
mod filter;
mod inspect;
mod lookup;
mod ops;
mod pipeline;
mod spec;

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use beds_protocol::ErrorCode;
use mongodb::{
    Client, ServerType,
    bson::{RawDocumentBuf, doc},
    event::{EventHandler, sdam::SdamEvent},
    options::ClientOptions,
};
use tokio::{
    sync::{OnceCell, Semaphore},
    time::{Instant, timeout_at},
};

pub use inspect::inspect;
pub use ops::{call, count, create, delete, fetch, update};
pub use spec::{Collection, Pipeline, Source};

use lookup::Lookups;

use crate::{
    config::{MongoDb, SecretUrl},
    core::Result,
    error::Error,
    spec::Domain,
};

/// One MongoDB database.
#[derive(Debug)]
pub struct Database {
    name: String,
    database: String,
    config: MongoDb,
    client: OnceCell<Client>,
    permits: Arc<Semaphore>,
    waiting: AtomicUsize,
    lookups: Lookups,
    /// Whether the driver knows of a server that answers.
    reachable: Arc<AtomicBool>,
}

/// What an operation on the driver may use.
pub(in crate::adapters) struct Handle {
    client: Client,
    database: mongodb::Database,
    /// How long the server may work on it.
    budget: Duration,
}

impl Handle {
    fn collection(&self, name: &str) -> mongodb::Collection<RawDocumentBuf> {
        self.database.collection(name)
    }
}

impl Database {
    /// Opens a database. The driver connects when it is first used, and again whenever it must.
    #[must_use]
    pub fn open(name: &str, config: &MongoDb) -> Self {
        Self {
            name: name.to_owned(),
            database: config.database.clone().unwrap_or_else(|| name.to_owned()),
            config: config.clone(),
            client: OnceCell::new(),
            permits: Arc::new(Semaphore::new(config.connections as usize)),
            waiting: AtomicUsize::new(0),
            lookups: Lookups::default(),
            reachable: Arc::new(AtomicBool::new(true)),
        }
    }

    /// Runs an operation on a task of its own, with at most `connections` at a time.
    ///
    /// A read that is late is left behind: the server gives it up by its time limit. A write is waited for a
    /// little longer than its deadline, since only the server knows how it ends.
    async fn run<T, Work, Running>(
        &self,
        domain: &'static Domain,
        deadline: Instant,
        writes: bool,
        work: Work,
    ) -> Result<T>
    where
        T: Send + 'static,
        Work: FnOnce(Handle) -> Running,
        Running: Future<Output = std::result::Result<T, fault::Fault>> + Send + 'static,
    {
        let permit = self.permit(deadline).await?;
        let running = work(self.handle(deadline).await?);
        let task = tokio::spawn(async move {
            let result = running.await;
            drop(permit);
            result
        });
        let patience = if writes { self.config.connect_timeout_ms.duration() * 2 } else { Duration::ZERO };
        match timeout_at(deadline + patience, task).await {
            Ok(Ok(Err(fault))) if writes && fault.leaves_effect_unknown() => {
                Err(Error::unknown_effect("the connection broke, or too few servers confirmed the write"))
            }
            Ok(Ok(result)) => result.map_err(|fault| fault.into_error(domain, &self.name)),
            Ok(Err(_)) => Err(Error::internal("the operation failed unexpectedly")),
            Err(_) if writes => Err(Error::unknown_effect("the database does not answer")),
            Err(_) => Err(self.late()),
        }
    }

    /// What an operation with this deadline may use.
    async fn handle(&self, deadline: Instant) -> Result<Handle> {
        let client = match timeout_at(deadline, self.client()).await {
            Ok(client) => client?,
            Err(_) => return Err(self.unavailable()),
        };
        // The server takes a limit of no milliseconds for none.
        let budget = deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
        Ok(Handle { database: client.database(&self.database), client, budget })
    }

    /// What is the matter when there is no answer in time.
    fn late(&self) -> Error {
        if self.reachable.load(Ordering::Relaxed) { Error::deadline() } else { self.unavailable() }
    }

    async fn permit(&self, deadline: Instant) -> Result<tokio::sync::OwnedSemaphorePermit> {
        if let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() {
            return Ok(permit);
        }
        let waiting = Waiting::enter(&self.waiting, self.config.queue_max);
        let _waiting = waiting.ok_or_else(|| self.overloaded())?;
        match timeout_at(deadline, Arc::clone(&self.permits).acquire_owned()).await {
            Ok(permit) => permit.map_err(|_| self.unavailable()),
            Err(_) => Err(self.late()),
        }
    }

    async fn client(&self) -> Result<Client> {
        let connect = || async {
            let url = self.config.url.as_ref().ok_or_else(|| self.unavailable())?;
            let options =
                client_options(url, self.config.connect_timeout_ms.duration(), self.config.connections);
            let mut options = options.await.map_err(|_| self.unavailable())?;
            let reachable = Arc::clone(&self.reachable);
            options.sdam_event_handler = Some(EventHandler::callback(move |event| {
                if let SdamEvent::TopologyDescriptionChanged(change) = event {
                    let servers = change.new_description.servers();
                    let answers = servers.values().any(|server| server.server_type() != ServerType::Unknown);
                    reachable.store(answers, Ordering::Relaxed);
                }
            }));
            Client::with_options(options).map_err(|_| self.unavailable())
        };
        self.client.get_or_try_init(connect).await.cloned()
    }

    fn overloaded(&self) -> Error {
        let message = format!("too many requests wait for the database `{}`", self.name);
        Error::new(ErrorCode::Overloaded, message)
    }

    fn unavailable(&self) -> Error {
        Error::unavailable(&format!("the database `{}`", self.name))
    }
}

/// Counts a waiting operation for as long as it waits, cancelled or not.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn enter(count: &'a AtomicUsize, max: usize) -> Option<Self> {
        let waiting = Self(count);
        (count.fetch_add(1, Ordering::Relaxed) < max).then_some(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

async fn client_options(
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
pub async fn ping(url: &SecretUrl, timeout: Duration) -> std::result::Result<String, String> {
    let url = url.clone();
    let attempt = tokio::spawn(async move {
        let client = Client::with_options(client_options(&url, timeout, 1).await?)?;
        let info = client.database("admin").run_command(doc! { "buildInfo": 1 }).await?;
        client.shutdown().await;
        mongodb::error::Result::Ok(info.get_str("version").unwrap_or("unknown").to_owned())
    });
    match tokio::time::timeout(timeout, attempt).await {
        Ok(Ok(Ok(version))) => Ok(version),
        Ok(Ok(Err(error))) => Err(error.kind.to_string()),
        Ok(Err(_)) => Err("the driver failed unexpectedly".to_owned()),
        Err(_) => Err(format!("no answer within {} ms", timeout.as_millis())),
    }
}
