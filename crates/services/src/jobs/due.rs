//! [`Starter`]: jobs that nobody starts, since templates say when records are due.

use std::{sync::Arc, time::Duration};

use beds_core::{
    Result, Runner,
    backoff::Backoff,
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

/// How often it is asked at most whether a job is due.
const ASK_EVERY_MAX: Duration = Duration::from_mins(1);

/// A job that comes again and again.
pub struct Due {
    /// Its kind.
    pub kind: &'static str,
    /// The template whose records it is about.
    pub template: &'static str,
    /// What it is about, where that makes a difference to others.
    pub about: Option<About>,
    /// What it is asked to do, from now.
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

/// Starts jobs when they are due. The database says whether one is, so that it is one job, however many nodes ask.
#[derive(Debug)]
pub struct Starter {
    domain: &'static Domain,
    call: &'static Call,
    runner: Arc<dyn Runner>,
    every_s: u32,
    started: Arc<Notify>,
}

impl Starter {
    /// Of jobs in this domain, each so many seconds after the one before; none where it has not the call that is needed.
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

    /// Starts them while the node works, until nobody can tell it any more. A failure is told once, until it has been done again.
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
                                "a job that is due is not started, which is tried again: {error}"
                            );
                        }
                    }
                }
            }
            tokio::select! {
                () = sleep(pauses.pause()) => {}
                // Nobody can tell it any more, or it rests.
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
        let Added { id } =
            ask::unasked(&self.runner, (self.domain, self.call), Record::from(args), "lifecycle").await?;
        Ok(id)
    }
}
