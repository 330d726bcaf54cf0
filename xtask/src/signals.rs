//! Waits for Ctrl-C or a polite request to end.
//!
//! Only what waits here ends in an orderly way. Everywhere else the signal ends the process at once, and the
//! watchdog of the stack cleans up after it.

use std::time::Duration;

use anyhow::{Context, Result};
use tokio::signal::unix::{SignalKind, signal};

const CHECK: Duration = Duration::from_millis(500);

/// Returns on SIGINT, SIGTERM or SIGHUP, or with the error of `check`, which is called twice a second.
pub(crate) fn wait(mut check: impl FnMut() -> Result<()>) -> Result<()> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start tokio")?;
    runtime.block_on(async {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut hangup = signal(SignalKind::hangup())?;
        loop {
            tokio::select! {
                _ = interrupt.recv() => return Ok(()),
                _ = terminate.recv() => return Ok(()),
                _ = hangup.recv() => return Ok(()),
                () = tokio::time::sleep(CHECK) => check()?,
            }
        }
    })
}
