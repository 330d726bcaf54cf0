//! One server process, with its own process group, its output in a log file, and the stack's marker in its environment.
//! Nothing here may signal a process that was not started here.

use std::fs::{self, OpenOptions};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

use crate::{Error, Result, usage};

/// The environment variable that marks every process of a stack, grandchildren included.
pub(crate) const MARKER: &str = "BEDS_DEVSTACK";

/// How often a condition is checked while waiting for it.
pub(crate) const POLL: Duration = Duration::from_millis(25);

/// How long a group of processes may take to stop.
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// Prefixes of settings for the user's own servers, which must not reach the servers of the stack.
const FOREIGN: [&str; 6] = ["RABBITMQ_", "ERL_", "MYSQL_", "MARIADB_", "NOTIFY_SOCKET", "SECANTUS_"];

/// A server process that runs, or has just ended.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    group: Pid,
}

impl Process {
    pub(crate) fn spawn(mut command: Command, stack: &str, log: &Path) -> Result<Self> {
        let program = command.get_program().to_string_lossy().into_owned();
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(log)
            .map_err(Error::io("cannot open the log file", log))?;
        let twin = file.try_clone().map_err(Error::io("cannot open the log file", log))?;
        let kept: Vec<_> = command.get_envs().map(|(name, _)| name.to_owned()).collect();
        for (name, _) in std::env::vars_os() {
            let foreign = FOREIGN.iter().any(|prefix| name.to_string_lossy().starts_with(prefix));
            if foreign && !kept.contains(&name) {
                command.env_remove(name);
            }
        }
        let child = command
            .env(MARKER, stack)
            .stdin(Stdio::null())
            .stdout(file)
            .stderr(twin)
            // A group of its own: it can be paused and killed as a whole, and the terminal's Ctrl-C does not reach it.
            .process_group(0)
            .spawn()
            .map_err(|error| Error::new(format!("cannot start `{program}`: {error}")))?;
        let group =
            Pid::from_raw(i32::try_from(child.id()).map_err(|_| Error::new("a process id beyond 31 bits"))?);
        Ok(Self { child, group })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// How the process ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Signals the whole group.
    pub(crate) fn signal(&self, signal: Signal) -> Result<()> {
        killpg(self.group, signal).map_err(|error| {
            Error::new(format!("cannot send {signal} to process group {}: {error}", self.group))
        })
    }

    /// Sends SIGSTOP, and waits until every thread of the group has stopped: on a busy machine some threads still
    /// answer until then.
    pub(crate) fn pause(&self) -> Result<()> {
        self.signal(Signal::SIGSTOP)?;
        let deadline = Instant::now() + PAUSE_MAX;
        while !usage::is_stopped(self.group.as_raw()) {
            if Instant::now() > deadline {
                return Err(Error::new(format!("process group {} does not stop", self.group)));
            }
            sleep(POLL);
        }
        Ok(())
    }

    /// Sends SIGKILL, and waits until the process is gone.
    pub(crate) fn kill(mut self) {
        // Fails only if there is nothing left to kill.
        let _ = killpg(self.group, Signal::SIGKILL);
        let _ = self.child.wait();
    }

    /// Sends SIGTERM, and SIGKILL if the process still runs after `patience`. True if it ended by itself.
    pub(crate) fn stop(mut self, patience: Duration) -> bool {
        let _ = kill(self.group, Signal::SIGTERM);
        // A paused process sees the SIGTERM only when it runs again.
        let _ = killpg(self.group, Signal::SIGCONT);
        let deadline = Instant::now() + patience;
        while Instant::now() < deadline {
            if self.ended().is_some() {
                let _ = killpg(self.group, Signal::SIGKILL);
                return true;
            }
            sleep(POLL);
        }
        self.kill();
        false
    }
}

/// Kills every process with the marker of this stack: processes that servers started and left running.
pub(crate) fn kill_marked(stack: &str) {
    let wanted = format!("{MARKER}={stack}");
    let Ok(entries) = fs::read_dir("/proc") else { return };
    for entry in entries.flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<i32>().ok()) else {
            continue;
        };
        let Ok(environ) = fs::read(entry.path().join("environ")) else { continue };
        if environ.split(|byte| *byte == 0).any(|variable| variable == wanted.as_bytes()) {
            let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
        }
    }
}
