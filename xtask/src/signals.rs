//! Waits for Ctrl-C or a polite request to end.
//!
//! Only a command that waits here ends in an orderly way. Everywhere else the signal ends the process at once, and the
//! watchdog of the stack cleans up.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::Duration;

use anyhow::{Context, Result};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// How often the node is checked while waiting.
pub(crate) const CHECK: Duration = Duration::from_millis(500);

/// Returns on SIGINT, SIGTERM or SIGHUP, or with the error of `check`, which is called twice a second.
pub(crate) fn wait(mut check: impl FnMut() -> Result<()>) -> Result<()> {
    let (sender, ended) = mpsc::channel();
    listen(sender, || ())?;
    while let Err(RecvTimeoutError::Timeout) = ended.recv_timeout(CHECK) {
        check()?;
    }
    Ok(())
}

/// Sends an event on SIGINT, SIGTERM or SIGHUP. After this call none of them ends the process.
pub(crate) fn listen<E: Send + 'static>(
    sender: Sender<E>,
    event: impl Fn() -> E + Send + 'static,
) -> Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP]).context("cannot wait for signals")?;
    std::thread::spawn(move || {
        for _ in signals.forever() {
            if sender.send(event()).is_err() {
                return;
            }
        }
    });
    Ok(())
}
