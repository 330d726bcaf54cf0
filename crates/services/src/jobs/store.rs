//! [`Store`]: the calls of a node to the domain of jobs, in its own name.

use std::sync::Arc;

use beds_core::{
    Result, Runner,
    access::Caller,
    plan::Asker,
    spec::{Call, Domain},
};
use beds_protocol::{Json, Record};
use serde::{Deserialize, de::DeserializeOwned};
use uuid::Uuid;

use super::kind::{Reject, Step};
use crate::ask;

/// How many ended jobs are deleted at a time.
const PURGE_MOST: i64 = 20;
/// How much of an error is stored, in characters.
const ERROR_CHARACTERS_MAX: usize = 5_000;

/// What a node has to do with a job that it leases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Go {
    /// Continue.
    #[serde(rename = "go")]
    On,
    /// Stop: the job is paused.
    Pause,
    /// Stop: the job is cancelled.
    Cancel,
    /// Stop: another node has the job.
    Lost,
}

/// The state in which a node leaves a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Left {
    Queued,
    Paused,
    Done,
    Failed,
}

impl Left {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Paused => "paused",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }
}

/// A lease of a job.
#[derive(Debug)]
pub(super) struct Lease {
    pub(super) id: Uuid,
    pub(super) kind: String,
    pub(super) arguments: Json,
    pub(super) checkpoint: Option<Json>,
    pub(super) total: Option<u64>,
    pub(super) done: u64,
    pub(super) caller: Caller,
    pub(super) epoch: i64,
    pub(super) steps: i64,
}

#[derive(Deserialize)]
struct Taken {
    id: Option<Uuid>,
    kind: Option<String>,
    arguments: Option<Json>,
    checkpoint: Option<Json>,
    total: Option<u64>,
    done: Option<u64>,
    epoch: Option<i64>,
    steps: Option<i64>,
    started_by: Option<Box<str>>,
    roles: Option<Vec<Box<str>>>,
    session: Option<Box<str>>,
}

#[derive(Deserialize)]
struct Told {
    go: Go,
}

#[derive(Deserialize)]
struct Purged {
    purged: i64,
}

/// The domain of jobs.
#[derive(Debug)]
pub(super) struct Store {
    domain: &'static Domain,
    take: &'static Call,
    step: &'static Call,
    renew: &'static Call,
    leave: &'static Call,
    purge: &'static Call,
    runner: Arc<dyn Runner>,
    node: String,
    lease_s: u32,
}

impl Store {
    /// The store of jobs in this domain; `None` if the domain lacks a necessary call.
    pub(super) fn new(
        domain: &'static Domain,
        runner: Arc<dyn Runner>,
        node: String,
        lease_s: u32,
    ) -> Option<Self> {
        let call = |name: &str| domain.calls.iter().find(|call| call.name == name);
        Some(Self {
            take: call("take")?,
            step: call("step")?,
            renew: call("renew")?,
            leave: call("leave")?,
            purge: call("purge")?,
            domain,
            runner,
            node,
            lease_s,
        })
    }

    /// Leases a due job of these kinds.
    pub(super) async fn take(&self, kinds: &[&'static str]) -> Result<Option<Lease>> {
        let kinds = kinds.iter().map(|kind| Json::from(*kind)).collect();
        let args = [
            ("node", Json::from(self.node.as_str())),
            ("kinds", Json::Array(kinds)),
            ("lease_s", i64::from(self.lease_s).into()),
        ];
        let Taken { id, kind, arguments, checkpoint, total, done, epoch, steps, started_by, roles, session } =
            self.ask(self.take, Record::from(args)).await?;
        Ok(id.map(|id| Lease {
            id,
            kind: kind.unwrap_or_default(),
            arguments: arguments.unwrap_or_default(),
            checkpoint: checkpoint.filter(|checkpoint| !checkpoint.is_null()),
            total,
            done: done.unwrap_or_default(),
            caller: Caller { user: started_by, roles: roles.unwrap_or_default(), session },
            epoch: epoch.unwrap_or_default(),
            steps: steps.unwrap_or_default(),
        }))
    }

    /// Stores the result of a chunk.
    pub(super) async fn step(&self, lease: &Lease, step: &Step, rate: Option<f64>) -> Result<Go> {
        let rejects = step.rejects.iter().map(Reject::json).collect();
        let args = [
            ("id", Json::from(lease.id.to_string())),
            ("epoch", lease.epoch.into()),
            ("steps", lease.steps.into()),
            ("lease_s", i64::from(self.lease_s).into()),
            ("total", step.total.map_or(Json::Null, count)),
            ("done", count(step.done)),
            ("rate", rate.map_or(Json::Null, |rate| serde_json::Value::from(rate).into())),
            ("checkpoint", step.checkpoint.clone()),
            ("rejected", Json::Array(rejects)),
        ];
        let Told { go } = self.ask(self.step, Record::from(args)).await?;
        Ok(go)
    }

    /// Keeps the lease while the job waits until this error has passed.
    pub(super) async fn renew(&self, lease: &Lease, error: &str) -> Result<Go> {
        let args = [
            ("id", Json::from(lease.id.to_string())),
            ("epoch", lease.epoch.into()),
            ("lease_s", i64::from(self.lease_s).into()),
            ("error", short(error)),
        ];
        let Told { go } = self.ask(self.renew, Record::from(args)).await?;
        Ok(go)
    }

    /// Gives the lease back.
    pub(super) async fn leave(
        &self,
        lease: &Lease,
        left: Left,
        wait_s: u32,
        result: Option<&Json>,
        error: Option<&str>,
    ) -> Result<()> {
        let args = [
            ("id", Json::from(lease.id.to_string())),
            ("epoch", lease.epoch.into()),
            ("state", left.as_str().into()),
            ("wait_s", i64::from(wait_s).into()),
            ("result", result.cloned().unwrap_or_default()),
            ("error", error.map_or(Json::Null, short)),
        ];
        self.ask::<ask::Nothing>(self.leave, Record::from(args)).await?;
        Ok(())
    }

    /// Deletes some jobs that ended at least this long ago. Returns how many.
    pub(super) async fn purge(&self, keep_s: u32) -> Result<i64> {
        let args = [("keep_s", i64::from(keep_s)), ("most", PURGE_MOST)];
        let Purged { purged } = self.ask(self.purge, Record::from(args)).await?;
        Ok(purged)
    }

    /// Runs a call of the domain in the node's own name.
    async fn ask<T: DeserializeOwned>(&self, call: &'static Call, args: Record) -> Result<T> {
        ask::unasked(&self.runner, (self.domain, call), args, (Asker::default(), "job")).await
    }
}

fn short(error: &str) -> Json {
    error.chars().take(ERROR_CHARACTERS_MAX).collect::<String>().into()
}

fn count(number: u64) -> Json {
    serde_json::Value::from(number).into()
}
