//! [`Upkeep`]: deletes old samples.

use std::{fmt, sync::Arc};

use beds_core::{
    Result, Runner,
    plan::Asker,
    spec::{Call, Domain},
};
use beds_protocol::Record;
use serde::Deserialize;

use super::settings::Graph;
use crate::ask;

/// How many rows are deleted at a time.
const MOST: i64 = 1_000;

/// Deletes samples by the call `purge` of their domain.
#[derive(Clone)]
pub struct Upkeep {
    domain: &'static Domain,
    purge: &'static Call,
    runner: Arc<dyn Runner>,
    settings: Graph,
}

impl fmt::Debug for Upkeep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upkeep").field("settings", &self.settings).finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Purged {
    purged: i64,
}

impl Upkeep {
    /// The upkeep of samples in this domain; `None` if the domain has no such call.
    #[must_use]
    pub fn new(domain: &'static Domain, runner: Arc<dyn Runner>, settings: Graph) -> Option<Self> {
        let purge = domain.calls.iter().find(|call| call.name == "purge")?;
        Some(Self { domain, purge, runner, settings })
    }

    /// Deletes some samples. Returns how many, and whether there may be more.
    ///
    /// # Errors
    /// An error of the database.
    pub async fn step(&self) -> Result<(i64, bool)> {
        let args = [
            ("keep_10s_s", i64::from(self.settings.keep_10s_s)),
            ("keep_1m_s", i64::from(self.settings.keep_1m_s)),
            ("keep_1h_s", i64::from(self.settings.keep_1h_s)),
            ("most", MOST),
        ];
        let Purged { purged } = ask::unasked(
            &self.runner,
            (self.domain, self.purge),
            Record::from(args),
            (Asker::default(), "metrics"),
        )
        .await?;
        Ok((purged, purged >= MOST))
    }
}
