//! What a lane runs, and what it runs it on.

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

    /// Whether the server is known to answer, where the connection does not tell.
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

    /// Whether its future may be dropped midway. That costs the connection, which is out of step then; where it is
    /// false, the job itself ends soon after its deadline.
    const CAN_BE_CUT: bool;

    /// Runs the job. It calls [`Gate::pass`] before the step that makes its effect lasting.
    fn run(
        &self,
        connection: &mut Self::Connection,
        gate: &Gate,
    ) -> impl Future<Output = Result<Self::Output, Fault>> + Send;

    /// How long the jobs of a group may take together, where they run one after another: none waits longer for the others.
    /// None where they share a statement.
    const GROUP_TIME: Option<Duration> = None;

    /// Jobs of one kind take about as long, for each unit of their size. There are only as many kinds as templates have
    /// operations.
    fn kind(&self) -> usize {
        0
    }

    /// How much of its kind it is: for how many records it is, where that is known.
    fn size(&self) -> u32 {
        1
    }

    /// Whether jobs may have left something in the connection that the next one would see.
    fn is_touched(connection: &Self::Connection) -> bool {
        let _ = connection;
        false
    }

    /// Makes a connection that was touched as new, after the jobs were answered. False where that cannot be: the
    /// connection is discarded then.
    fn renew(connection: &mut Self::Connection) -> impl Future<Output = bool> + Send {
        let _ = connection;
        ready(true)
    }

    /// Jobs of the same group may be run together; a job without one is run by itself. There are only as many groups
    /// as templates have objects.
    fn group(&self) -> Option<usize> {
        None
    }

    /// Runs several jobs of one group. Each gets a fate of its own, in order; the fault is of all of them.
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
    /// It is done.
    Done(T),
    /// It failed, and left nothing behind.
    Refused(Error),
    /// It left nothing behind, and is to be run by itself.
    Alone,
}
