//! The MariaDB adapter of BEDS: the only crate that names `sqlx`.
//!
//! [`Database::run`] makes a job of a plan, out of the template's SQL fragments and bound values, and hands it to a
//! lane of connections. Reads and writes have lanes of their own. [`inspect()`] reads the catalogue of a database.

mod cell;
mod columns;
mod config;
mod connection;
mod dba;
mod fault;
#[cfg(test)]
mod golden;
mod inspect;
mod known;
mod link;
mod marked;
mod meaning;
mod outbox;
mod parameters;
mod position;
mod primary;
mod purge;
mod read;
mod refused;
mod repertoire;
mod replicas;
mod route;
mod routine;
mod session;
mod statement;
mod write;

use std::{sync::Arc, time::SystemTime};

use beds_core::{
    Error, Outcome, Result,
    ledger::DUPLICATES,
    lookup::Found,
    meter::Samples,
    plan::{self, Action, Bounds, Plan},
    position::malformed,
    settings::Room,
    spec::{Domain, Engine, Objects, mariadb},
    value::Value,
};
use beds_lane::{Lane, Settings};
use tokio::sync::Notify;

pub use config::MariaDb;
pub use connection::{ping, ping_primary};
pub use dba::Dba;
pub use inspect::inspect;
pub use link::check_url;
pub use repertoire::is_whole;

use self::{
    columns::Columns,
    connection::{Access, Connector},
    outbox::Outbox,
    position::Position,
    primary::Primary,
    purge::Purge,
    read::{Asked, Read},
    replicas::{Replicas, Watch},
    route::Route,
    write::{Ledger, Tables, Write},
};

/// How many look-ups by key share a statement at most. So many jobs run as one group at most.
const GROUP_MAX: usize = 128;

/// How many groups run at the same time, while they are quick: the node works on one while the server works on the
/// other. With two instead of eight, a create among 64 costs the server half as much.
const GROUPS_AT_ONCE: usize = 2;

/// How many connections read on the primary the records that no replica has yet.
const RECENT: u16 = 2;

/// One MariaDB database: its connections for reads and for writes.
#[derive(Debug)]
pub struct Database {
    reads: Lane<Asked>,
    /// Reads on the primary, if there are replicas: of records that no replica has yet.
    recent: Option<Lane<Asked>>,
    writes: Lane<Write>,
    deadlock_retries_max: u8,
    commit_timeout: std::time::Duration,
    known: Arc<Columns>,
    outbox: Arc<Outbox>,
    stored: Arc<Notify>,
    ledger: Arc<Ledger>,
    tables: Arc<Tables>,
    purge: Purge,
    replicas: Arc<Replicas>,
    _watch: Option<Watch>,
}

impl Database {
    /// Opens the lanes of a database. Connecting goes on in the background for as long as the database lives.
    #[must_use]
    pub fn open(name: &str, config: &MariaDb, room: Room) -> Self {
        let primary = Arc::new(Primary::new(name.to_owned(), config.url.0.clone()));
        let replicas = Arc::new(Replicas::of(name, config));
        let statement_timeout = config.statement_timeout_ms.duration();
        let settings = |lane, connections: u16, requests_max: usize| Settings {
            engine: Engine::MariaDb.as_str(),
            name: name.to_owned(),
            lane,
            connections: connections.into(),
            queue_max: config.queue_max,
            requests_max,
            wait_max: room.wait_max,
            group_max: GROUP_MAX,
            groups_at_once: GROUPS_AT_ONCE,
            connect_timeout: config.connect_timeout_ms.duration(),
            // A commit may take as long as any statement. It may take as long again until the node notices that it is
            // lost.
            patience: statement_timeout * 2,
        };
        let connector = |route, access| Connector::new(route, access, statement_timeout);
        let to_primary = |access| connector(Route::Primary(Arc::clone(&primary)), access);
        let to_replica =
            |own| connector(Route::Replica(Arc::clone(&replicas), own, Arc::clone(&primary)), Access::Read);
        let to_read = match replicas.count() {
            0 => vec![to_primary(Access::Read)],
            count => (0..count).map(to_replica).collect(),
        };
        let is_watched = replicas.count() > 0 || primary.count() > 1;
        let stored = Arc::new(Notify::new());
        Self {
            _watch: is_watched.then(|| Watch::begin(&primary, &replicas)),
            outbox: Arc::new(Outbox::new(name, Arc::clone(&primary), config, Arc::clone(&stored))),
            stored,
            recent: (replicas.count() > 0).then(|| {
                Lane::open(settings("recent", RECENT, room.reads_max), vec![to_primary(Access::Read)])
            }),
            reads: Lane::open(settings("read", config.read_connections, room.reads_max), to_read),
            writes: Lane::open(
                settings("write", config.write_connections, room.writes_max),
                vec![to_primary(Access::Write)],
            ),
            deadlock_retries_max: config.deadlock_retries_max,
            commit_timeout: statement_timeout,
            known: Arc::default(),
            ledger: Arc::default(),
            tables: Arc::default(),
            purge: Purge { name: name.to_owned(), primary, patience: statement_timeout },
            replicas,
        }
    }

    /// Sets how much may wait from now on.
    pub fn make_room(&self, room: Room) {
        self.reads.make_room(room.reads_max);
        self.recent.iter().for_each(|recent| recent.make_room(room.reads_max));
        self.writes.make_room(room.writes_max);
    }

    /// The events that are stored in the database.
    #[must_use]
    pub fn outbox(&self) -> Arc<dyn beds_core::outbox::Outbox> {
        Arc::clone(&self.outbox) as Arc<dyn beds_core::outbox::Outbox>
    }

    /// Deletes the rows of the ledger that are older than a moment, in small steps on a connection of its own, for
    /// minutes at most. Gives their number. While another node purges, nothing is done.
    ///
    /// # Errors
    /// `internal`, with what the server says. What was deleted before remains so.
    pub async fn purge(&self, before: SystemTime) -> Result<usize> {
        self.purge.run(before).await
    }

    /// Tells what has been counted of the database.
    pub fn collect(&self, samples: &mut Samples) {
        self.reads.collect(samples);
        self.recent.iter().for_each(|recent| recent.collect(samples));
        self.writes.collect(samples);
        let labels = [("engine", Engine::MariaDb.as_str()), ("database", self.purge.name.as_str())];
        samples.count(&DUPLICATES, &labels, self.ledger.duplicates.get());
        self.purge.primary.collect(&labels, samples);
        self.replicas.collect(&labels, samples);
    }

    /// Whether the server answers, as far as is known.
    #[must_use]
    pub fn is_there(&self) -> bool {
        self.reads.is_there() && self.writes.is_there()
    }

    /// Looks up whole records of a domain whose key is one field, by one statement.
    ///
    /// # Errors
    /// The same as [`Self::run`]. The error applies to all of them, though one of them may be the cause.
    pub async fn look_up(
        &self,
        domain: &'static Domain,
        keys: Vec<Value>,
        bounds: Bounds,
    ) -> Result<Vec<Result<Outcome>>> {
        let job = Read::of_keys(domain, objects(domain)?, keys, &self.known)?;
        self.read(job, &bounds).await?.each()
    }

    /// Runs a plan within its bounds.
    ///
    /// # Errors
    /// `not_found`, `conflict`, `version_mismatch`, `rejected_by_database` and `too_large`, as the operations define
    /// them; `overloaded`, `unavailable` and `deadline_exceeded`, as [`Lane::run`] defines them.
    pub async fn run(&self, plan: Plan, bounds: Bounds) -> Result<Outcome> {
        let Plan { domain, action, claim, origin, scope } = plan;
        let objects = objects(domain)?;
        let (asker, deadline, stages) = (bounds.asker, bounds.deadline.into(), &*bounds.stages);
        match action {
            Action::Read(read) => {
                let (read, count) =
                    Read::of(domain, objects, (read, &scope), bounds.reply_bytes_max, &self.known)?;
                let read = self.read(read, &bounds);
                let Some(count) = count else { return read.await?.one() };
                let (page, counted) = tokio::try_join!(read, self.read(count, &bounds))?;
                Ok(Outcome { count: counted.one()?.count, ..page.one()? })
            }
            Action::Write(write) => {
                if let plan::Write::All(items) = &write {
                    write::check_together(items)?;
                }
                let job = Write {
                    domain,
                    objects,
                    claim,
                    scope,
                    origin,
                    stored: Arc::clone(&self.stored),
                    ledger: Arc::clone(&self.ledger),
                    tables: Arc::clone(&self.tables),
                    write,
                    positions: self.recent.is_some().then(|| Arc::clone(&bounds.positions)),
                    reply_bytes_max: bounds.reply_bytes_max,
                    deadlock_retries_max: self.deadlock_retries_max,
                    commit_timeout: self.commit_timeout,
                    known: Arc::clone(&self.known),
                };
                let (has_claim, calls) = (job.claim().is_some(), job.calls());
                let outcome = self.writes.run(job, asker, deadline, stages).await;
                outcome.map_err(|error| {
                    let is_once = has_claim && self.ledger.is_known() && self.tables.may_share(&calls);
                    if is_once { error.remembered() } else { error }
                })
            }
        }
    }
}

impl Database {
    /// Reads. If a position is named, reads on a server that has reached it.
    async fn read(&self, read: Read, bounds: &Bounds) -> Result<Found> {
        let (asker, deadline, stages) = (bounds.asker, bounds.deadline.into(), &*bounds.stages);
        let run = async |lane: &Lane<Asked>, job| lane.run(job, asker, deadline, stages).await;
        let position = |after| Position::parse(after).ok_or_else(malformed);
        let after = self.recent.as_ref().and_then(|_| bounds.positions.after(&self.purge.name));
        let after = after.map(position).transpose()?;
        let again = self.recent.as_ref().filter(|_| after.is_some()).map(|recent| (recent, read.clone()));
        let found = match (run(&self.reads, Asked { read, after }).await?, again) {
            (None, Some((recent, read))) => run(recent, Asked { read, after: None }).await?,
            (found, _) => found,
        };
        found.ok_or_else(|| Error::internal("a read waited for nothing"))
    }
}

/// The objects of a domain of this engine.
fn objects(domain: &'static Domain) -> Result<&'static mariadb::Objects> {
    match &domain.objects {
        Objects::MariaDb(objects) => Ok(objects),
        Objects::MongoDb(_) => {
            Err(Error::internal(format!("the domain `{}` is not in a MariaDB database", domain.name)))
        }
    }
}
