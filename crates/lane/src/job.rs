//! What a lane runs, and the connections that run it.

use std::{
    future::{Future, ready},
    time::Duration,
};

use beds_core::Error;

use crate::{fault::Fault, gate::Gate};

/// Makes the connections of a lane to one server.
pub trait Connect: Send + Sync + 'static {
    /// A connection.
    type Connection: Send + 'static;

    /// Connects; the lane bounds how long it may take.
    ///
    /// # Errors
    /// What went wrong, in a sentence without secrets.
    fn connect(&self) -> impl Future<Output = Result<Self::Connection, String>> + Send;

    /// Ends a connection in good order.
    fn close(&self, connection: Self::Connection) -> impl Future<Output = ()> + Send;

    /// The server, as it may be shown.
    fn server(&self) -> String;

    /// Whether the server is known to answer, for an engine whose connections do not show it.
    fn is_reachable(&self) -> bool {
        true
    }
}

/// Some work on a connection, with its transaction where it has one.
pub trait Job: Send + Sync + Sized + 'static {
    /// What it runs on.
    type Connection: Send + 'static;
    /// What it gives.
    type Output: Send + 'static;

    /// Whether the job's future may be dropped midway. Dropping it costs the connection, which is then out of step.
    /// Where this is false, the job ends by itself soon after its deadline.
    const CAN_BE_CUT: bool;

    /// Runs the job. It calls [`Gate::pass`] before the step that makes its effect lasting.
    fn run(
        &self,
        connection: &mut Self::Connection,
        gate: &Gate,
    ) -> impl Future<Output = Result<Self::Output, Fault>> + Send;

    /// How long the jobs of a group may take together, if they run one after another. No job waits longer than this for
    /// the others. `None` if they share a statement.
    const GROUP_TIME: Option<Duration> = None;

    /// The kind of the job. Jobs of one kind take about the same time for each unit of their size. There are only as
    /// many kinds as templates have operations.
    fn kind(&self) -> usize {
        0
    }

    /// The size of the job: its number of records, where that is known.
    fn size(&self) -> u32 {
        1
    }

    /// Whether jobs may have left a change in the connection that the next job would see.
    fn is_touched(connection: &Self::Connection) -> bool {
        let _ = connection;
        false
    }

    /// Makes a touched connection as new, after the jobs were answered. False if that is impossible: the connection is
    /// then discarded.
    fn renew(connection: &mut Self::Connection) -> impl Future<Output = bool> + Send {
        let _ = connection;
        ready(true)
    }

    /// Jobs of the same group may be run together; a job without one is run by itself. There are only as many groups
    /// as templates have objects.
    fn group(&self) -> Option<usize> {
        None
    }

    /// Runs several jobs of one group. Each gets a fate of its own, in order. A fault applies to all of them.
    fn run_group(
        jobs: &[Member<'_, Self>],
        connection: &mut Self::Connection,
    ) -> impl Future<Output = Result<Vec<Fate<Self::Output>>, Fault>> + Send {
        let _ = connection;
        ready(Ok(jobs.iter().map(|_| Fate::Alone).collect()))
    }
}

/// A job of a group.
#[derive(Debug)]
pub struct Member<'a, J> {
    /// The job.
    pub job: &'a J,
    /// Its gate.
    pub gate: &'a Gate,
}

/// What became of one job of a group.
#[derive(Debug)]
pub enum Fate<T> {
    /// The job is done.
    Done(T),
    /// The job failed, and left nothing behind.
    Refused(Error),
    /// The job left nothing behind, and is to run by itself.
    Alone,
}
