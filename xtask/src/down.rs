//! `cargo xtask down`: ends what `cargo xtask up` started.

use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::state::State;
use crate::workspace::root;

/// One node and three servers end in an orderly way within this time.
const PATIENCE: Duration = Duration::from_secs(90);
/// After SIGKILL only the watchdog still has work to do.
const LAST_PATIENCE: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(100);

/// Ends what `cargo xtask up` left running. The data in `.beds/` stays.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

/// Runs the command.
pub(crate) fn run(_args: &Args) -> Result<()> {
    let state = State::new(&root()?)?;
    if !state.is_up()? {
        state.clear();
        println!("Nothing is up.");
        return Ok(());
    }
    let pid = Pid::from_raw(state.pid()?);
    println!("Stopping the node and the servers (process {pid}).");
    kill(pid, Signal::SIGTERM).with_context(|| format!("cannot stop process {pid}"))?;
    if !await_down(&state, PATIENCE)? {
        println!("It does not end by itself: killing it.");
        kill(pid, Signal::SIGKILL).with_context(|| format!("cannot kill process {pid}"))?;
        if !await_down(&state, LAST_PATIENCE)? {
            bail!("process {pid} is still there after a SIGKILL");
        }
    }
    state.clear();
    println!("Down.");
    Ok(())
}

fn await_down(state: &State, patience: Duration) -> Result<bool> {
    let deadline = Instant::now() + patience;
    while Instant::now() < deadline {
        if !state.is_up()? {
            return Ok(true);
        }
        sleep(POLL);
    }
    Ok(false)
}
