//! [`Signals`]: the requests of the environment to a node.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// SIGTERM and SIGINT, which end a node, and SIGHUP, which makes it read its configuration again.
#[derive(Debug)]
pub struct Signals {
    terminate: Option<Signal>,
    interrupt: Option<Signal>,
    hang_up: Option<Signal>,
}

/// The request of a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    Stop,
    Reload,
}

impl Signals {
    /// Listens from now on. Signals are kept until the node handles them. This must be the first step: as process 1 the
    /// node would lose a signal that nobody listens to, and elsewhere the signal would end the process. Must be called
    /// within a Tokio runtime with I/O enabled.
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

    /// Waits for the next signal. If several have come, the request to stop is first.
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
