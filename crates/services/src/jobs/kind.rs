//! [`Kind`]: what a kind of jobs does. Whoever works at them knows no more of it than is here.

use std::fmt;

use beds_core::{Error, Result, context::Context};
use beds_protocol::{ErrorCode, Json};
use futures_util::future::BoxFuture;
use uuid::Uuid;

/// A job, as far as it is.
#[derive(Debug)]
pub struct Job {
    /// Names it.
    pub id: Uuid,
    /// What it was asked to do.
    pub arguments: Json,
    /// What the last chunk left; none before the first.
    pub checkpoint: Option<Json>,
    /// How many records there are, as far as it is known.
    pub total: Option<u64>,
    /// How many of them are dealt with.
    pub done: u64,
    /// How many records a chunk has.
    pub chunk: u32,
    /// How many records may be rejected.
    pub rejects_max: u32,
    /// Counts the leases: while it is the same, no other node has worked at the job.
    pub lease: i64,
}

/// A record that a job could not deal with.
#[derive(Debug)]
pub struct Reject {
    /// Its key, where it was to come from.
    pub record: Json,
    /// What kind of reason it is.
    pub code: ErrorCode,
    /// Why.
    pub reason: String,
}

impl Reject {
    /// A record that an error is about.
    #[must_use]
    pub fn of(record: Json, error: &Error) -> Self {
        let mut reason = error.message.clone();
        if error.details.len() > 1 {
            let details = error.details.iter().map(|detail| format!("`{}` {}", detail.field, detail.reason));
            reason = format!("{reason}: {}", details.collect::<Vec<_>>().join("; "));
        }
        Self { record, code: error.code, reason }
    }

    pub(super) fn json(&self) -> Json {
        let Self { record, code, reason } = self;
        let members =
            [("record", record.clone()), ("code", code.as_str().into()), ("reason", reason.as_str().into())];
        Json::Object(beds_protocol::Record::from(members))
    }
}

/// What a chunk came to.
#[derive(Debug)]
pub struct Step {
    /// From where the job goes on.
    pub checkpoint: Json,
    /// How many records there are, as far as it is known.
    pub total: Option<u64>,
    /// How many of them are dealt with by now.
    pub done: u64,
    /// Those of this chunk that it could not do.
    pub rejects: Vec<Reject>,
    /// What comes after it.
    pub next: Next,
}

/// What comes after a chunk.
#[derive(Debug)]
pub enum Next {
    /// Another chunk.
    Chunk,
    /// Nothing: the job is done, and this came of it.
    Done(Json),
    /// Nothing: the job has failed, and this came of it.
    Failed(Json, String),
    /// The job waits until somebody has mended this, and resumes it, or until it is tried again by itself.
    Pause(String),
}

/// What a kind of jobs does.
///
/// A chunk may be done twice: where its node dies before the checkpoint is kept, another does it again from the one before. So what a chunk
/// has done must be found done by the same chunk, and left alone.
pub trait Kind: fmt::Debug + Send + Sync + 'static {
    /// The name by which jobs of the kind are known.
    fn name(&self) -> &'static str;

    /// Does one chunk, in the name of who started the job and until the context's deadline. An error that is retryable is waited for; any
    /// other one ends the job.
    fn step<'a>(&'a self, cx: &'a Context, job: &'a Job) -> BoxFuture<'a, Result<Step>>;
}
