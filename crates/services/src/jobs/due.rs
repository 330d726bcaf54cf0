//! [`Starter`]: starts recurring jobs, for which templates say when records are due.

use std::{sync::Arc, time::Duration};

use beds_core::{
    Result, Runner,
    backoff::Backoff,
    plan::Asker,
    spec::{Call, Domain},
};
use beds_protocol::{Json, Record};
use serde::Deserialize;
use tokio::{
    sync::{Notify, watch},
    time::sleep,
};
use tracing::{info, warn};
use uuid::Uuid;

use super::About;
use crate::ask;

/// The longest interval at which a node asks whether a job is due.
const ASK_EVERY_MAX: Duration = Duration::from_mins(1);

/// A recurring job.
pub struct Due {
    /// Its kind.
    pub kind: &'static str,
    /// The template of its records.
    pub template: &'static str,
    /// The records that it moves, if it excludes other jobs.
    pub about: Option<About>,
    /// The arguments of a job that starts now.
    pub arguments: Box<dyn Fn() -> Result<Json> + Send + Sync>,
}

impl std::fmt::Debug for Due {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Due")
            .field("kind", &self.kind)
            .field("template", &self.template)
            .finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Added {
    id: Option<Uuid>,
}

/// Starts jobs when they are due. The database decides whether one is due, so that one job starts, however many nodes
/// ask.
#[derive(Debug)]
pub struct Starter {
    domain: &'static Domain,
    call: &'static Call,
    runner: Arc<dyn Runner>,
    every_s: u32,
    started: Arc<Notify>,
}

impl Starter {
    /// A starter of jobs in this domain, each this many seconds after the one before. `None` if the domain lacks the
    /// call that this needs.
    #[must_use]
    pub fn new(
        domain: &'static Domain,
        runner: Arc<dyn Runner>,
        every_s: u32,
        started: Arc<Notify>,
    ) -> Option<Self> {
        let call = domain.calls.iter().find(|call| call.name == "add_due")?;
        Some(Self { domain, call, runner, every_s: every_s.max(1), started })
    }

    /// Starts the jobs while the node works, until the sender of `works` is gone. A failure is logged once, until a
    /// start has succeeded again.
    pub async fn run(self, all: Vec<Due>, mut works: watch::Receiver<bool>) {
        let every = Duration::from_secs(self.every_s.into()).min(ASK_EVERY_MAX);
        let (mut pauses, mut is_told) = (Backoff::new(every / 2, every / 2), false);
        while works.wait_for(|works| *works).await.is_ok() {
            for due in &all {
                match self.start(due).await {
                    Ok(None) => is_told = false,
                    Ok(Some(job)) => {
                        is_told = false;
                        info!(%job, kind = due.kind, template = due.template, "started a job that is due");
                        self.started.notify_one();
                    }
                    Err(error) => {
                        if !std::mem::replace(&mut is_told, true) {
                            warn!(
                                template = due.template,
                                "a due job could not be started, and is retried: {error}"
                            );
                        }
                    }
                }
            }
            tokio::select! {
                () = sleep(pauses.pause()) => {}
                // The sender is gone, or the node pauses.
                _ = works.wait_for(|works| !*works) => {}
            }
        }
    }

    async fn start(&self, due: &Due) -> Result<Option<Uuid>> {
        let args = [
            ("kind", Json::from(due.kind)),
            ("template", due.template.into()),
            ("arguments", (due.arguments)()?),
            About::argument(due.about.as_ref()),
            ("every_s", i64::from(self.every_s).into()),
        ];
        let Added { id } = ask::unasked(
            &self.runner,
            (self.domain, self.call),
            Record::from(args),
            (Asker::default(), "lifecycle"),
        )
        .await?;
        Ok(id)
    }
}
