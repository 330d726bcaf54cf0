//! [`Lane`]: the requester's side.

use std::{fmt, sync::Arc};

use beds_core::{Error, Result, meter::Samples, plan::Asker, stages::Stages, traced};
use beds_protocol::ErrorCode;
use tokio::{
    sync::oneshot,
    time::{Instant, timeout_at},
};
use tracing::Span;

use crate::{
    gate::{Gate, Given},
    job::{Connect, Job},
    queue::{Refusal, Ticket},
    settings::Settings,
    shared::Shared,
    worker::{self, Server},
};

/// Some connections to one database, for one kind of job. They end when the lane is dropped.
pub struct Lane<J: Job> {
    shared: Arc<Shared<J>>,
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
        let connections = if servers.is_empty() { 0 } else { settings.connections };
        let shared = Arc::new(Shared::new(Settings { connections, ..settings }));
        let servers: Vec<_> = servers.into_iter().map(|connector| Arc::new(Server::new(connector))).collect();
        for server in servers.iter().cycle().take(connections) {
            tokio::spawn(worker::supervise(Arc::clone(&shared), Arc::clone(server)));
        }
        let is_reachable = Box::new(move || servers.iter().any(|server| server.connector.is_reachable()));
        Self { shared, is_reachable }
    }

    /// Runs a job on the next free connection when its turn has come. Tells the stages of its request how long it
    /// waited and ran.
    ///
    /// # Errors
    /// The error of the job.
    ///
    /// - `overloaded`, at once: the job cannot be expected to end in time or soon enough, or too many jobs wait.
    /// - `unavailable`, at once: the server has been away for more than a second.
    /// - `deadline_exceeded` or `unavailable`: the job did not run in time, and no longer will.
    /// - `unavailable` and not retryable: nobody knows the effect.
    pub async fn run(&self, job: J, asker: Asker, deadline: Instant, stages: &Stages) -> Result<J::Output> {
        let (gate, came) = (Arc::new(Gate::new(deadline)), Instant::now());
        let answer = {
            let _held = self.shared.meter.jobs.hold();
            self.answer((job, asker, came), &gate, stages).await
        };
        let now = Instant::now();
        let begun = gate.begun().unwrap_or(now);
        self.shared.meter.wait.took(begun - came);
        stages.waited(begun - came);
        stages.ran(now - begun);
        answer
    }

    async fn answer(
        &self,
        (job, asker, came): (J, Asker, Instant),
        gate: &Arc<Gate>,
        stages: &Stages,
    ) -> Result<J::Output> {
        let deadline = gate.deadline();
        let (reply, mut answer) = oneshot::channel();
        // A requester that is dropped gives up as well.
        let requester = Requester(Arc::clone(gate));
        let Settings { name, lane, .. } = &self.shared.settings;
        let request = stages.span().clone();
        let waiting = traced!(&request, "lane", database = name, lane);
        self.submit(Ticket {
            job,
            asker,
            gate: Arc::clone(gate),
            reply,
            asked: came,
            span: Span::current(),
            losses: 0,
            is_alone: false,
            request,
            waiting,
            running: Span::none(),
        })?;
        if let Ok(answer) = timeout_at(deadline, &mut answer).await {
            return match answer {
                Ok(answer) => answer,
                // The job ended without an answer, as a panic ends it.
                Err(_) if requester.0.is_past() => Err(Error::unknown_effect("the node failed")),
                Err(_) => Err(self.unavailable()),
            };
        }
        match requester.0.give_up() {
            Given::Waiting | Given::Running if self.is_there() => Err(Error::deadline()),
            // A connection that nobody has used since counts as connected, even though its server is gone.
            Given::Waiting | Given::Running | Given::Lost => Err(self.unavailable()),
            Given::Past => match timeout_at(deadline + self.shared.settings.patience, answer).await {
                Ok(Ok(answer)) => answer,
                Ok(Err(_)) | Err(_) => Err(Error::unknown_effect("the database does not answer")),
            },
        }
    }

    /// Sets how many requests by themselves may wait from now on. Those that wait already stay.
    pub fn make_room(&self, requests_max: usize) {
        self.shared.queue().requests_max = requests_max;
    }

    /// Tells what the lane has counted.
    pub fn collect(&self, samples: &mut Samples) {
        let Settings { engine, name, lane, connections, .. } = &self.shared.settings;
        let labels = [("engine", *engine), ("database", name.as_str()), ("lane", lane)];
        self.shared.meter.collect(&labels, self.shared.connected(), *connections, samples);
    }

    /// Puts a job in the queue, if it has a chance there.
    fn submit(&self, ticket: Ticket<J>) -> Result<()> {
        let Shared { settings, .. } = &*self.shared;
        if settings.connections == 0 {
            return Err(self.unavailable());
        }
        let connected = if (self.is_reachable)() { self.shared.connected() } else { 0 };
        let admitted = self.shared.queue().admit(ticket, connected, settings);
        admitted.map_err(|refusal| match refusal {
            Refusal::Absent => self.unavailable(),
            Refusal::Overloaded => {
                self.shared.meter.overloaded.count();
                self.overloaded()
            }
        })?;
        self.shared.call();
        Ok(())
    }

    /// Whether the server answers, as far as is known. A connection that was cut off is about to be made again, so the
    /// server still counts as answering.
    #[must_use]
    pub fn is_there(&self) -> bool {
        let failing = self.shared.failing.load(std::sync::atomic::Ordering::Relaxed);
        (self.shared.connected() > 0 || failing == 0) && (self.is_reachable)()
    }

    fn unavailable(&self) -> Error {
        Error::unavailable(&format!("the database `{}`", self.shared.settings.name))
    }

    fn overloaded(&self) -> Error {
        let name = &self.shared.settings.name;
        Error::new(ErrorCode::Overloaded, format!("too many requests wait for the database `{name}`"))
            .hint("send the request again after a pause, and make the pause longer each time")
    }
}

impl<J: Job> Drop for Lane<J> {
    fn drop(&mut self) {
        self.shared.close();
    }
}

/// Gives the job up when it is dropped, so that nothing runs, or commits, for nobody.
struct Requester(Arc<Gate>);

impl Drop for Requester {
    fn drop(&mut self) {
        self.0.give_up();
    }
}
