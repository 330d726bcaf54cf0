//! [`Stages`]: where the time of one request goes, and its span in the trace.

use std::{
    fmt::{self, Display, Formatter},
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use beds_protocol::{ErrorCode, Lane, Operation};
use tracing::{Level, Span};

/// The target of all spans of a traced request; they go to the exporter of traces and nowhere else.
pub const TRACE: &str = "beds_trace";

/// A span below another one. If the parent is none, so is the span, so that an untraced request costs nothing.
///
/// ```ignore
/// traced!(parent, "transaction", database = name)
/// ```
#[macro_export]
macro_rules! traced {
    ($parent:expr, $name:literal $($fields:tt)*) => {{
        let parent: &$crate::__tracing::Span = $parent;
        if parent.is_none() {
            $crate::__tracing::Span::none()
        } else {
            $crate::__tracing::trace_span!(target: "beds_trace", parent: parent, $name $($fields)*)
        }
    }};
}

/// What a request asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// An operation of a template.
    Operation(Operation<'static>),
    /// A batch of a service.
    Batch(Lane),
}

impl Display for Asked {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Operation(operation) => operation.fmt(f),
            Self::Batch(lane) => write!(f, "batch.{lane}"),
        }
    }
}

/// Traces requests.
pub trait Tracer: Send + Sync + 'static {
    /// The span of a request that was taken from this queue, below the span of its client if it names one; none if the
    /// request is not traced.
    fn request(&self, traceparent: Option<&str>, queue: &'static str, request_id: &str) -> Span;

    /// Adds the wait in the queue to the span of a request that is answered.
    fn queued(&self, request: &Span, times: Times);
}

/// The span of a statement, below the current span, until it is dropped; none if no traced request runs the statement.
/// The text holds no values.
pub fn statement_span(text: impl Display) -> Span {
    if !tracing::span_enabled!(target: TRACE, Level::TRACE, "statement", text) {
        return Span::none();
    }
    let current = Span::current();
    if current.metadata().is_none_or(|metadata| metadata.target() != TRACE) {
        return Span::none();
    }
    tracing::trace_span!(target: TRACE, parent: &current, "statement", text = %text)
}

/// The stages of one request.
#[derive(Debug)]
pub struct Stages {
    taken: Instant,
    queue: Option<Duration>,
    lane: AtomicU64,
    database: AtomicU64,
    address: OnceLock<(&'static str, Asked)>,
    span: Span,
}

/// The duration of a request, stage by stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// Since the node took the request.
    pub total: Duration,
    /// The least time in its queue before that; `None` if the client did not say when it sent the request.
    pub queue: Option<Duration>,
    /// The wait for connections to databases, of all its jobs together.
    pub lane: Duration,
    /// The work on these connections, of all its jobs together.
    pub database: Duration,
}

impl Default for Stages {
    fn default() -> Self {
        Self::new(None, Span::none())
    }
}

impl Stages {
    /// The stages of a request that is taken now, after this time in its queue.
    #[must_use]
    pub fn new(queue: Option<Duration>, span: Span) -> Self {
        let (lane, database) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { taken: Instant::now(), queue, lane, database, address: OnceLock::new(), span }
    }

    /// The span of the request; none if it is not traced.
    #[must_use]
    pub const fn span(&self) -> &Span {
        &self.span
    }

    /// When the node took it.
    #[must_use]
    pub const fn taken(&self) -> Instant {
        self.taken
    }

    /// Notes the operation, and its existing template or service.
    pub fn address(&self, of: &'static str, asked: Asked) {
        // A request that is tried again has the same address.
        let is_first = self.address.set((of, asked)).is_ok();
        if is_first && !self.span.is_none() {
            self.span.record("otel.name", tracing::field::display(format_args!("{of}.{asked}")));
        }
    }

    /// Notes the answer: `ok` or an error code.
    pub fn answered(&self, status: &'static str) {
        if self.span.is_none() {
            return;
        }
        self.span.record("status", status);
        let is_ours = |code| {
            use ErrorCode::{DeadlineExceeded, Internal, Overloaded, Unavailable};
            matches!(code, Internal | Unavailable | Overloaded | DeadlineExceeded)
        };
        if ErrorCode::from_wire(status).is_some_and(is_ours) {
            self.span.record("otel.status_code", "ERROR");
        }
    }

    /// The operation and its template or service, if they exist.
    #[must_use]
    pub fn addressed(&self) -> Option<(&'static str, Asked)> {
        self.address.get().copied()
    }

    /// Adds the time that a job of it waited for a connection.
    pub fn waited(&self, time: Duration) {
        add(&self.lane, time);
    }

    /// Adds the time that a job of it ran.
    pub fn ran(&self, time: Duration) {
        add(&self.database, time);
    }

    /// The durations so far.
    #[must_use]
    pub fn times(&self) -> Times {
        let time = |stage: &AtomicU64| Duration::from_nanos(stage.load(Ordering::Relaxed));
        Times {
            total: self.taken.elapsed(),
            queue: self.queue,
            lane: time(&self.lane),
            database: time(&self.database),
        }
    }
}

fn add(stage: &AtomicU64, time: Duration) {
    stage.fetch_add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_add_up() {
        let stages = Stages::new(Some(Duration::from_secs(3)), Span::none());
        for _ in 0..2 {
            stages.waited(Duration::from_millis(5));
            stages.ran(Duration::from_millis(7));
        }
        stages.address("note", Asked::Operation(Operation::Call("a")));
        stages.address("note", Asked::Batch(Lane::Read));
        let times = stages.times();
        assert_eq!((times.lane, times.database), (Duration::from_millis(10), Duration::from_millis(14)));
        assert_eq!(times.queue, Some(Duration::from_secs(3)));
        assert_eq!(stages.addressed(), Some(("note", Asked::Operation(Operation::Call("a")))));
    }
}
