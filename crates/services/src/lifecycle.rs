//! Deletes old records, for templates whose database does not delete them by itself.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use beds_core::{
    Result, Runner,
    plan::Asker,
    spec::{Call, Domain},
};
use beds_protocol::{Json, Record, value::DateTime};
use serde::Deserialize;

use crate::ask;

/// How many records are deleted at a time.
const MOST: i64 = 1_000;

/// Deletes the old records of a domain, by the call that its template names.
#[derive(Clone)]
pub struct Purge {
    domain: &'static Domain,
    call: &'static Call,
    ttl: Duration,
    runner: Arc<dyn Runner>,
}

impl fmt::Debug for Purge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Purge").field("template", &self.domain.name).finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Purged {
    purged: i64,
}

impl Purge {
    /// The purge of this domain; `None` if its records stay for ever, or its database deletes them.
    #[must_use]
    pub fn of(domain: &'static Domain, runner: Arc<dyn Runner>) -> Option<Self> {
        let lifecycle = domain.lifecycle?;
        let call = domain.calls.iter().find(|call| Some(call.name) == lifecycle.purge)?;
        Some(Self { domain, call, ttl: Duration::from_secs(lifecycle.ttl_s.into()), runner })
    }

    /// The template's name.
    #[must_use]
    pub const fn template(&self) -> &'static str {
        self.domain.name
    }

    /// Deletes some old records. Returns how many, and whether there may be more.
    ///
    /// # Errors
    /// An error of the database.
    pub async fn step(&self) -> Result<(i64, bool)> {
        let before = SystemTime::now().checked_sub(self.ttl).unwrap_or(SystemTime::UNIX_EPOCH);
        let before = DateTime::from(before).to_string();
        let args = [("before", Json::from(before.as_str())), ("most", MOST.into())];
        let Purged { purged } = ask::unasked(
            &self.runner,
            (self.domain, self.call),
            Record::from(args),
            (Asker::default(), "lifecycle"),
        )
        .await?;
        Ok((purged, purged >= MOST))
    }
}
