//! The MongoDB adapter: the only crate that names the driver `mongodb`.
//!
//! A plan becomes a job (`job`): everything that only MongoDB requires of a request is checked and built there, before
//! the job waits in the lane of its database. A job runs on a handle of the driver (`server`), which itself pools and
//! supervises its connections. No future of the driver is dropped midway, as its documentation demands: the server ends
//! late operations by a limit on their time.

mod audit;
mod client;
mod config;
mod convert;
mod dba;
mod events;
mod fault;
mod filter;
#[cfg(test)]
mod golden;
mod inspect;
mod job;
mod ledger;
mod order;
mod outbox;
mod own;
mod pipeline;
mod reply;
mod server;
mod shown;
mod telling;
mod unnamed;
mod write;

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use beds_core::{
    Error, Outcome, Result,
    ledger::DUPLICATES,
    lookup::{Found, KEYS_MAX},
    meter::{Counter, Samples},
    plan::{Asker, Bounds, Plan, UNHEARD},
    settings::Room,
    spec::{Domain, Engine},
    stages::Stages,
    value::Value,
};
use beds_lane::{Lane, Settings};
use tokio::time::Instant;

use crate::{
    job::Job,
    server::Server,
    write::{Ended, Shared},
};

pub use config::MongoDb;
pub use dba::Dba;
pub use inspect::inspect;
pub use server::{check_url, ping};

/// How long a step of a purge may take.
const PURGE_STEP: Duration = Duration::from_secs(10);

/// One MongoDB database. Its lanes end when it is dropped.
#[derive(Debug)]
pub struct Database {
    lane: Lane<Job>,
    /// The lane of transactions. It has few places: the fewer there are, the more writes share one.
    transactions: Lane<Shared>,
    outbox: Arc<outbox::Outbox>,
    name: String,
    duplicates: Arc<Counter>,
}

impl Database {
    /// Opens a database; `name` is the configuration's. The driver connects in the background, for as long as the
    /// database lives.
    #[must_use]
    pub fn open(name: &str, config: &MongoDb, room: Room) -> Self {
        let settings = |lane, connections: u32, requests_max: usize| Settings {
            engine: Engine::MongoDb.as_str(),
            name: name.to_owned(),
            lane,
            connections: connections as usize,
            queue_max: config.queue_max,
            requests_max,
            wait_max: room.wait_max,
            group_max: usize::from(KEYS_MAX),
            groups_at_once: connections as usize,
            connect_timeout: config.connect_timeout_ms.duration(),
            patience: server::patience(config),
        };
        let server = Server::new(name, config);
        Self {
            name: name.to_owned(),
            duplicates: server.duplicates(),
            outbox: Arc::new(outbox::Outbox::new(server.clone(), config.connect_timeout_ms.duration())),
            lane: Lane::open(
                settings("all", config.connections, room.reads_max.max(room.writes_max)),
                vec![server.clone()],
            ),
            transactions: Lane::open(settings("shared", config.transactions, room.writes_max), vec![server]),
        }
    }

    /// Sets how much may wait from now on.
    pub fn make_room(&self, room: Room) {
        self.lane.make_room(room.reads_max.max(room.writes_max));
        self.transactions.make_room(room.writes_max);
    }

    /// The events that are stored in the database.
    #[must_use]
    pub fn outbox(&self) -> Arc<dyn beds_core::outbox::Outbox> {
        Arc::clone(&self.outbox) as Arc<dyn beds_core::outbox::Outbox>
    }

    /// Tells what has been counted of the database.
    pub fn collect(&self, samples: &mut Samples) {
        self.lane.collect(samples);
        self.transactions.collect(samples);
        let labels = [("engine", Engine::MongoDb.as_str()), ("database", self.name.as_str())];
        samples.count(&DUPLICATES, &labels, self.duplicates.get());
    }

    /// Whether the server answers, as far as is known.
    #[must_use]
    pub fn is_there(&self) -> bool {
        self.lane.is_there() && self.transactions.is_there()
    }

    /// Looks up whole records of a domain whose key is one field, by one query.
    ///
    /// # Errors
    /// The same as [`Self::run`]. The error applies to all of them, though one of them may be the cause.
    pub async fn look_up(
        &self,
        domain: &'static Domain,
        keys: Vec<Value>,
        bounds: Bounds,
    ) -> Result<Vec<Result<Outcome>>> {
        let job = Job::of_keys(domain, keys, bounds.reply_bytes_max)?;
        let deadline = Instant::from_std(bounds.deadline);
        self.lane.run(job, bounds.asker, deadline, &bounds.stages).await?.each()
    }

    /// Checks whether a plan can run, as far as that is known before the database is asked.
    ///
    /// # Errors
    /// `validation_failed` if MongoDB cannot store a value.
    pub fn check(plan: Plan) -> Result<()> {
        Job::new(plan, UNHEARD).map(drop)
    }

    /// Runs a plan within its bounds.
    ///
    /// # Errors
    /// `validation_failed` if MongoDB cannot store a value; `too_large` if the reply would exceed its bound, before
    /// anything is written; the errors of the database; and those of [`Lane::run`].
    pub async fn run(&self, plan: Plan, bounds: Bounds) -> Result<Outcome> {
        let job = Job::new(plan, bounds.reply_bytes_max)?;
        let (asker, stages) = (bounds.asker, &*bounds.stages);
        let deadline = Instant::from_std(bounds.deadline);
        let Some(shared) = job.shared() else {
            return self.lane.run(job, asker, deadline, stages).await?.one();
        };
        let remembered = |error: Error| if job.is_ingest() { error } else { error.remembered() };
        match self.transactions.run(shared, asker, deadline, stages).await.map_err(remembered)? {
            Ended::Done(outcome) => Ok(outcome),
            Ended::Alone => self.lane.run(job, asker.part(), deadline, stages).await?.one(),
            // A second run here would have the same keys, and so would find its own records.
            Ended::Unknown if job.is_ingest() => Err(Error::unknown_effect("the connection broke")),
            // A temporary error has not shown the effect.
            Ended::Unknown => {
                self.lane.run(job, asker.part(), deadline, stages).await.and_then(Found::one).map_err(
                    |error| {
                        let error =
                            if error.retryable { Error::unknown_effect(&error.message) } else { error };
                        error.remembered()
                    },
                )
            }
        }
    }

    /// Deletes the documents of the ledger that are older than a moment, in small steps between which other jobs run, and
    /// gives the number of forgotten writes. A duplicate of one of them is a new write.
    ///
    /// # Errors
    /// The errors of the database, and those of [`Lane::run`] with ten seconds for a step. What was deleted before
    /// remains so.
    pub async fn purge(&self, before: SystemTime) -> Result<usize> {
        let mut purged = 0;
        loop {
            let (job, deadline) = (Job::purge(before), Instant::now() + PURGE_STEP);
            let step =
                self.lane.run(job, Asker::default().part(), deadline, &Stages::default()).await?.one()?;
            match step.count.and_then(|count| usize::try_from(count).ok()) {
                None | Some(0) => return Ok(purged),
                Some(count) => purged += count,
            }
        }
    }
}
