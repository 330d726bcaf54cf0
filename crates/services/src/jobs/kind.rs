//! [`Kind`]: the work of a kind of jobs. The worker knows nothing else of a job.

use std::fmt;

use beds_core::{Error, Result, context::Context};
use beds_protocol::{ErrorCode, Json};
use futures_util::future::BoxFuture;
use uuid::Uuid;

/// The present state of a job.
#[derive(Debug)]
pub struct Job {
    /// The id.
    pub id: Uuid,
    /// The arguments.
    pub arguments: Json,
    /// The checkpoint of the last chunk; `None` before the first.
    pub checkpoint: Option<Json>,
    /// How many records there are, if known.
    pub total: Option<u64>,
    /// How many of them are dealt with.
    pub done: u64,
    /// How many records a chunk has.
    pub chunk: u32,
    /// How many records may be rejected.
    pub rejects_max: u32,
    /// The number of the lease. While it is the same, no other node has worked on the job.
    pub lease: i64,
}

/// A record that a job could not process.
#[derive(Debug)]
pub struct Reject {
    /// Its key, in the place where it comes from.
    pub record: Json,
    /// The kind of reason.
    pub code: ErrorCode,
    /// The reason.
    pub reason: String,
}

impl Reject {
    /// The reject for a record that caused an error.
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

/// The result of a chunk.
#[derive(Debug)]
pub struct Step {
    /// Where the job continues.
    pub checkpoint: Json,
    /// How many records there are, if known.
    pub total: Option<u64>,
    /// How many of them are dealt with by now.
    pub done: u64,
    /// The records of this chunk that it could not process.
    pub rejects: Vec<Reject>,
    /// What happens next.
    pub next: Next,
}

/// What happens after a chunk.
#[derive(Debug)]
pub enum Next {
    /// Another chunk.
    Chunk,
    /// The job is done, with this result.
    Done(Json),
    /// The job has failed, with this result and reason.
    Failed(Json, String),
    /// The job pauses for this reason. It continues when somebody has fixed the cause and resumes it, or when it is
    /// retried by itself.
    Pause(String),
}

/// The work of a kind of jobs.
///
/// A chunk may run twice: if its node dies before the checkpoint is stored, another node runs the chunk again from the
/// checkpoint before. So a chunk must recognize its own finished work, and leave it alone.
pub trait Kind: fmt::Debug + Send + Sync + 'static {
    /// The name of the kind.
    fn name(&self) -> &'static str;

    /// Runs one chunk, in the name of the user who started the job and until the context's deadline. After a retryable
    /// error the chunk is tried again. Any other error ends the job.
    fn step<'a>(&'a self, cx: &'a Context, job: &'a Job) -> BoxFuture<'a, Result<Step>>;
}
