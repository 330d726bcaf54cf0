//! A node's program against a stack: configure, start, await, ask, end, restart.
//!
//! One harness for tests, benchmarks and `cargo xtask`. A [`NodeCommand`] says what to run and with which
//! configuration. [`NodeCommand::run`] runs it to its end, and [`NodeCommand::start`] returns a [`Node`] that serves.
//! Everything here blocks.
//!
//! This module must never know the name of a template or of a database. It uses the databases that the configuration
//! file names (see [`addresses`]).

mod command;
mod config;
mod health;

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::{self, Signal};
use nix::unistd::Pid;
use tempfile::TempDir;

pub use command::{Ended, NodeCommand};
pub use config::addresses;

use crate::process::POLL;
use crate::{Error, Result, log};

/// Enough for a start on a slow, busy machine, with every template verified.
const START_PATIENCE: Duration = Duration::from_mins(1);
/// More than a node needs to finish the requests that it has taken.
const STOP_PATIENCE: Duration = Duration::from_mins(1);
/// How much of the log an error shows.
const TAIL: usize = 40;

/// A node's process. Dropping it ends the process in an orderly way. The process never outlives the stack on which it
/// was started.
#[derive(Debug)]
pub struct Node {
    running: Mutex<Running>,
    health: SocketAddr,
    log: PathBuf,
    /// The configuration, and the log unless it has another place.
    folder: TempDir,
}

#[derive(Debug)]
struct Running {
    command: Command,
    child: Child,
}

impl Node {
    fn spawn(mut command: Command, health: SocketAddr, log: PathBuf, folder: TempDir) -> Result<Self> {
        let child = spawn(&mut command)?;
        Ok(Self { running: Mutex::new(Running { command, child }), health, log, folder })
    }

    fn lock(&self) -> MutexGuard<'_, Running> {
        // A test that panicked in another thread must not keep us from ending the node.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.lock().child.id()
    }

    /// The configuration folder.
    pub fn config(&self) -> &Path {
        self.folder.path()
    }

    /// The address that answers `GET /ready` and `GET /live`.
    pub fn health(&self) -> SocketAddr {
        self.health
    }

    /// Waits until the node is ready.
    ///
    /// # Errors
    /// When the node ends before, or is not ready within a minute. The error has the end of its log.
    pub fn await_ready(&self) -> Result<()> {
        let deadline = Instant::now() + START_PATIENCE;
        while !self.is_ready() {
            self.check()?;
            if Instant::now() > deadline {
                let seconds = START_PATIENCE.as_secs();
                return Err(self.failed(format!("the node is not ready after {seconds} s")));
            }
            sleep(POLL);
        }
        Ok(())
    }

    /// Whether `GET /ready` answers with status 200.
    pub fn is_ready(&self) -> bool {
        self.get("/ready").starts_with("HTTP/1.1 200")
    }

    /// The answer of the health endpoint, from the status line on; empty if there is no answer.
    pub fn get(&self, path: &str) -> String {
        health::get(self.health, path).unwrap_or_default()
    }

    /// The log so far, including previous runs of this node.
    pub fn log(&self) -> String {
        // The node may be writing: the last character may be incomplete.
        String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// The last lines of the log.
    pub fn log_tail(&self, lines: usize) -> String {
        log::tail(&self.log, lines)
    }

    /// How the process ended, if it has.
    pub fn exit_status(&self) -> Option<ExitStatus> {
        self.lock().child.try_wait().ok().flatten()
    }

    /// Checks that the node still runs.
    ///
    /// # Errors
    /// When the node has ended. The error has the end of its log.
    pub fn check(&self) -> Result<()> {
        match self.exit_status() {
            Some(status) => Err(self.failed(format!("the node ended: {status}"))),
            None => Ok(()),
        }
    }

    /// Asks the node to end (SIGTERM): it finishes the requests that it has taken. Does nothing if it has ended.
    pub fn terminate(&self) {
        self.signal(Signal::SIGTERM);
    }

    /// Tells the node to read its configuration again (SIGHUP). Does nothing if it has ended.
    pub fn reload(&self) {
        self.signal(Signal::SIGHUP);
    }

    /// Ends the node at once (SIGKILL), as a power cut would, and waits until it is gone.
    pub fn kill(&self) {
        let mut running = self.lock();
        // Both fail only if the process has ended.
        let _ = running.child.kill();
        let _ = running.child.wait();
    }

    /// Waits until the process has ended, and returns its status.
    ///
    /// # Errors
    /// When the node still runs after a minute. The error has the end of its log.
    pub fn await_end(&self) -> Result<ExitStatus> {
        let deadline = Instant::now() + STOP_PATIENCE;
        loop {
            if let Some(status) = self.exit_status() {
                return Ok(status);
            }
            if Instant::now() > deadline {
                return Err(
                    self.failed(format!("the node does not end within {} s", STOP_PATIENCE.as_secs()))
                );
            }
            sleep(POLL);
        }
    }

    /// Ends the node in an orderly way if it runs, starts it with the same configuration and log, and returns when it
    /// is ready.
    ///
    /// # Errors
    /// As [`Node::await_end`] and [`Node::await_ready`].
    pub fn restart(&self) -> Result<()> {
        self.terminate();
        self.await_end()?;
        {
            let mut running = self.lock();
            running.child = spawn(&mut running.command)?;
        }
        self.await_ready()
    }

    fn signal(&self, signal: Signal) {
        let mut running = self.lock();
        // Once the process has been waited for, its id may belong to another one.
        if let Ok(None) = running.child.try_wait()
            && let Ok(pid) = i32::try_from(running.child.id())
        {
            // Fails only if the process has just ended by itself.
            let _ = signal::kill(Pid::from_raw(pid), signal);
        }
    }

    fn failed(&self, what: String) -> Error {
        Error::new(what)
            .hint("the end of its log, below, usually says why")
            .log(&self.log, self.log_tail(TAIL))
    }
}

fn spawn(command: &mut Command) -> Result<Child> {
    command.spawn().map_err(|error| {
        Error::new(format!("cannot start the node: {error}")).at(command.get_program().display().to_string())
    })
}

impl Drop for Node {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- the end of the node's log:\n{}", self.log_tail(TAIL));
        }
        self.terminate();
        // A node that does not end by itself is killed.
        let _ = self.await_end();
        self.kill();
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::NodeCommand;
    use crate::Stack;

    /// A substitute for the node: answers the readiness endpoint, and ends on SIGTERM with a word in its log.
    const STAND_IN: &str = r#"
import http.server, os, signal, sys
def end(*_):
    print("drained", flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
class Ready(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        self.send_response(200 if self.path == "/ready" else 404)
        self.send_header("Content-Length", "0")
        self.end_headers()
assert sys.argv[1:] == ["node"] and os.environ["BEDS__MONGODB__LOGS__URL"].startswith("mongodb://127.0.0.1:")
assert os.path.exists(os.environ["BEDS_CONFIG"] + "/beds.toml")
host, port = os.environ["BEDS__NODE__HEALTH"].split(":")
http.server.HTTPServer((host, int(port)), Ready).serve_forever()
"#;

    /// A script for the interpreter, not an executable file: a new file may still be open in a process that another
    /// test forks.
    fn script(interpreter: &str, text: &str, stack: &Stack) -> NodeCommand {
        let path = stack.dir().join("script");
        std::fs::write(&path, text).unwrap();
        let config = stack.dir().join("config.toml");
        std::fs::write(&config, "[mongodb.logs]\nurl = \"mongodb://127.0.0.1:1/\"\n").unwrap();
        NodeCommand::new(interpreter).unwrap().arg(path).on(stack, &config).unwrap()
    }

    fn stack() -> Stack {
        Stack::builder().mongodb().ignore_environment().start().unwrap()
    }

    #[test]
    fn a_node_is_awaited_ended_killed_and_started_again() {
        let stack = stack();
        let log = stack.dir().join("node.log");
        let node = script("/usr/bin/python3", STAND_IN, &stack).log(&log).start().unwrap();
        node.check().unwrap();
        assert!(node.is_ready() && node.get("/live").starts_with("HTTP/1.1 404"));
        let pid = node.pid();
        node.restart().unwrap();
        assert!(node.is_ready() && node.pid() != pid);
        node.kill();
        assert!(!node.is_ready() && node.check().is_err() && node.get("/ready").is_empty());
        node.restart().unwrap();
        drop(node);
        // The run that was killed had no time to write the word.
        assert_eq!(std::fs::read_to_string(&log).unwrap().matches("drained").count(), 2);
    }

    #[test]
    fn a_node_that_ends_at_once_is_an_error_with_its_log() {
        let stack = stack();
        let command = script("sh", "echo no configuration >&2; exit 3", &stack);
        let error = command.start().unwrap_err().to_string();
        assert!(error.contains("exit status: 3") && error.contains("no configuration"), "{error}");
    }

    #[test]
    fn a_node_that_nobody_drops_leaves_nothing_behind() {
        let stack = stack();
        let node = script("/usr/bin/python3", STAND_IN, &stack).start().unwrap();
        let log = node.log.clone();
        assert!(log.exists() && log.starts_with(stack.dir()), "{}", log.display());
        let dir = stack.dir().to_owned();
        // A test that ends with its node in a static does the same.
        std::mem::forget(node);
        drop(stack);
        assert!(!dir.exists());
    }

    #[test]
    fn a_run_gives_what_was_printed() {
        let command = NodeCommand::new("sh").unwrap().args(["-c", "ls $BEDS_CONFIG; echo no >&2; exit 7"]);
        let ended = command.file("secret", "x").unwrap().run().unwrap();
        assert_eq!((ended.code, ended.stdout.as_str(), ended.stderr.as_str()), (Some(7), "secret\n", "no\n"));
        assert!(!Path::new(&ended.config).exists());
    }
}
