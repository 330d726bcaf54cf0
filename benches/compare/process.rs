//! Node and services as processes: started, awaited, ended.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use beds_devstack::{Node, NodeCommand, usage};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::cpu;
use crate::service::Service;

const PATIENCE: Duration = Duration::from_secs(30);
/// How often a node is asked whether it is ready while the start is timed.
const POLL: Duration = Duration::from_millis(2);

/// The file for a node's output.
pub(crate) fn log(of: &str) -> PathBuf {
    std::env::temp_dir().join(format!("beds-bench-{of}-{}.log", std::process::id()))
}

/// A measured process. It ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Process {
    pid: u32,
    _running: Running,
}

#[derive(Debug)]
enum Running {
    Node { _node: Node },
    Service { _child: Child },
}

impl Process {
    /// Starts this tree's node and waits until it is ready. These environment variables override those of this process.
    /// `log` takes the output.
    pub(crate) async fn node(log: &Path, variables: &[(&str, String)]) -> Result<Self> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_beds"));
        command.envs(variables.iter().map(|(name, value)| (name, value)));
        Ok(Self::node_of(command, log).await?.0)
    }

    /// Starts a node and waits until it is ready. `command` has its program and servers. Also returns how long the
    /// start took.
    pub(crate) async fn node_of(command: Command, log: &Path) -> Result<(Self, Duration)> {
        let (command, log) = (command.into_std(), log.to_owned());
        let start = move || -> Result<_> {
            let begun = Instant::now();
            let node = NodeCommand::from_command(command)?.log(&log).spawn()?;
            while begun.elapsed() < PATIENCE && !node.is_ready() {
                node.check()?;
                std::thread::sleep(POLL);
            }
            let took = begun.elapsed();
            // If the node is late, this reports it with the log.
            node.await_ready()?;
            Ok((node, took))
        };
        let (node, took) = tokio::task::spawn_blocking(start).await??;
        Ok((Self { pid: node.pid(), _running: Running::Node { _node: node } }, took))
    }

    /// Starts a hand-written service and waits until it consumes.
    pub(crate) async fn service(service: Service) -> Result<Self> {
        let program = std::env::current_exe().context("cannot find this program")?;
        let mut command = Command::new(program);
        // The service ends when this end of its standard input closes, however this process dies.
        command.arg("serve").args(service.arguments()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.kill_on_drop(true).spawn().with_context(|| {
            format!("cannot start {}", Path::new(command.as_std().get_program()).display())
        })?;
        let pid = child.id().context("the process has already ended")?;
        let output = child.stdout.take().context("the service has no output")?;
        let mut line = String::new();
        let read = timeout(PATIENCE, BufReader::new(output).read_line(&mut line)).await;
        read.with_context(|| format!("{service:?} is not ready"))??;
        ensure!(line.trim() == "ready", "{service:?} did not start");
        Ok(Self { pid, _running: Running::Service { _child: child } })
    }

    /// The CPU time so far, of all threads together.
    pub(crate) fn cpu(&self) -> Result<Duration> {
        cpu::used(self.pid)
    }

    /// Resident memory, in KiB.
    pub(crate) fn resident(&self) -> Result<u32> {
        Ok(u32::try_from(usage::resident(self.pid)? >> 10)?)
    }
}
