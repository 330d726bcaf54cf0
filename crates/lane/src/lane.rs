//! [`Lane`]: the requester's side.

use std::{
    fmt,
    sync::{Arc, atomic::Ordering},
};

use beds_core::{Error, Result};
use beds_protocol::ErrorCode;
use tokio::{
    sync::oneshot,
    time::{Instant, timeout_at},
};
use tracing::Span;

use crate::{
    gate::{Gate, Given},
    job::{Connect, Job},
    queue::{Call, Settings, Shared, Ticket},
    worker::{self, Server},
};

/// Some connections to one database, for one kind of job. They end when the lane is dropped.
pub struct Lane<J: Job> {
    shared: Arc<Shared<J>>,
    /// The only strong sender: with it the queue closes, and the connections end.
    queue: async_channel::Sender<Call<J>>,
    is_reachable: Box<dyn Fn() -> bool + Send + Sync>,
}

impl<J: Job> fmt::Debug for Lane<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lane").field("settings", &self.shared.settings).finish_non_exhaustive()
    }
}

impl<J: Job> Lane<J> {
    /// Opens the lane's connections, spread over these servers. They are made in the background.
    #[must_use]
    pub fn open<C>(settings: Settings, servers: Vec<C>) -> Self
    where
        C: Connect<Connection = J::Connection>,
    {
        // `Shared::submit` bounds it.
        let (queue, calls) = async_channel::unbounded();
        let connections = if servers.is_empty() { 0 } else { settings.connections };
        let shared = Arc::new(Shared::new(settings, queue.downgrade()));
        let servers: Vec<_> = servers.into_iter().map(|connector| Arc::new(Server::new(connector))).collect();
        for server in servers.iter().cycle().take(connections) {
            let (shared, server) = (Arc::clone(&shared), Arc::clone(server));
            tokio::spawn(worker::supervise(shared, server, calls.clone()));
        }
        let is_reachable = Box::new(move || servers.iter().any(|server| server.connector.is_reachable()));
        Self { shared, queue, is_reachable }
    }

    /// Runs a job on the next free connection.
    ///
    /// # Errors
    /// What the job answers; `overloaded` where too many wait; `deadline_exceeded` or `unavailable` where it did not
    /// happen in time, and does not happen any more; `unavailable` and not retryable where nobody knows.
    pub async fn run(&self, job: J, deadline: Instant) -> Result<J::Output> {
        let gate = Arc::new(Gate::new(deadline));
        let (reply, mut answer) = oneshot::channel();
        // A requester that is dropped gives up as well.
        let requester = Requester(Arc::clone(&gate));
        let ticket = Ticket { job, gate, reply, span: Span::current(), losses: 0 };
        if !self.shared.submit(&self.queue, ticket) {
            return Err(if self.is_connected() { self.overloaded() } else { self.unavailable() });
        }
        if let Ok(answer) = timeout_at(deadline, &mut answer).await {
            return match answer {
                Ok(answer) => answer,
                // The job ended without an answer, as a panic ends it.
                Err(_) if requester.0.is_past() => Err(Error::unknown_effect("the node failed")),
                Err(_) => Err(self.unavailable()),
            };
        }
        match requester.0.give_up() {
            Given::Waiting | Given::Running if self.is_connected() => Err(Error::deadline()),
            // A connection that nobody has used since counts as one, even though its server is gone.
            Given::Waiting | Given::Running | Given::Lost => Err(self.unavailable()),
            Given::Past => match timeout_at(deadline + self.shared.settings.patience, answer).await {
                Ok(Ok(answer)) => answer,
                Ok(Err(_)) | Err(_) => Err(Error::unknown_effect("the database does not answer")),
            },
        }
    }

    fn is_connected(&self) -> bool {
        self.shared.connected.load(Ordering::Relaxed) > 0 && (self.is_reachable)()
    }

    fn unavailable(&self) -> Error {
        Error::unavailable(&format!("the database `{}`", self.shared.settings.name))
    }

    fn overloaded(&self) -> Error {
        let name = &self.shared.settings.name;
        Error::new(ErrorCode::Overloaded, format!("too many requests wait for the database `{name}`"))
    }
}

/// Gives the job up when it is dropped, so that nothing runs, or commits, for nobody.
struct Requester(Arc<Gate>);

impl Drop for Requester {
    fn drop(&mut self) {
        self.0.give_up();
    }
}
