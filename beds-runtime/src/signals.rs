//! [`Signals`]: what the outside asks of a node.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// SIGTERM and SIGINT, which end a node, and SIGHUP, after which it reads its configuration again.
#[derive(Debug)]
pub struct Signals {
    terminate: Option<Signal>,
    interrupt: Option<Signal>,
    hang_up: Option<Signal>,
}

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    Stop,
    Reload,
}

impl Signals {
    /// Listens from now on: what comes is kept until the node gets to it. As process 1 a signal that nobody listens to is
    /// lost, and elsewhere it ends the process, so this comes first of all. Must be called within a Tokio runtime with I/O
    /// enabled.
    #[must_use]
    pub fn listen() -> Self {
        Self {
            terminate: signal(SignalKind::terminate()).ok(),
            interrupt: signal(SignalKind::interrupt()).ok(),
            hang_up: signal(SignalKind::hangup()).ok(),
        }
    }

    /// Waits until the node is told to stop.
    pub(crate) async fn stop(&mut self) {
        tokio::select! {
            () = received(self.terminate.as_mut()) => {}
            () = received(self.interrupt.as_mut()) => {}
        }
    }

    /// Waits for the next signal. Of several that have come, to stop is the first.
    pub(crate) async fn next(&mut self) -> Asked {
        tokio::select! {
            biased;
            () = received(self.terminate.as_mut()) => Asked::Stop,
            () = received(self.interrupt.as_mut()) => Asked::Stop,
            () = received(self.hang_up.as_mut()) => Asked::Reload,
        }
    }
}

async fn received(signal: Option<&mut Signal>) {
    match signal {
        Some(signal) => {
            signal.recv().await;
        }
        None => std::future::pending().await,
    }
}
