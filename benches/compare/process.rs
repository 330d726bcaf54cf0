//! Node and services as processes: started, awaited, measured, ended.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use beds_devstack::{Node, NodeCommand};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::service::Service;

const PATIENCE: Duration = Duration::from_secs(30);
/// Linux counts CPU time in hundredths of a second, whatever the kernel's own clock.
const TICK: Duration = Duration::from_millis(10);

/// A process under measurement. It ends when it is dropped.
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
    /// Starts this tree's node and waits until it is ready. `log` takes its output.
    pub(crate) async fn node(log: &Path) -> Result<Self> {
        Self::node_of(Command::new(env!("CARGO_BIN_EXE_beds")), log).await
    }

    /// Starts a node, whose program and servers `command` knows, and waits until it is ready.
    pub(crate) async fn node_of(command: Command, log: &Path) -> Result<Self> {
        let (command, log) = (command.into_std(), log.to_owned());
        let start = move || NodeCommand::from_command(command)?.log(&log).start();
        let node = tokio::task::spawn_blocking(start).await??;
        Ok(Self { pid: node.pid(), _running: Running::Node { _node: node } })
    }

    /// Starts a hand-written service and waits until it consumes.
    pub(crate) async fn service(service: Service) -> Result<Self> {
        let program = std::env::current_exe().context("cannot find this program")?;
        let mut command = Command::new(program);
        // It ends when this end of its standard input closes, however this process dies.
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

    /// The CPU time that it has used, all threads together.
    pub(crate) fn cpu(&self) -> Result<Duration> {
        let text = std::fs::read_to_string(format!("/proc/{}/stat", self.pid))?;
        // The name in parentheses may hold spaces; what follows it starts with the third field.
        let (_, fields) = text.rsplit_once(')').context("unreadable process statistics")?;
        let fields: Vec<&str> = fields.split_whitespace().collect();
        let ticks = |index: usize| -> Result<u32> {
            Ok(fields.get(index).context("unreadable process statistics")?.parse()?)
        };
        Ok(TICK * (ticks(11)? + ticks(12)?))
    }

    /// Resident memory, in KiB.
    pub(crate) fn resident(&self) -> Result<u32> {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.pid))?;
        let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let size = line.and_then(|line| line.split_whitespace().next()).context("no VmRSS")?;
        Ok(size.parse()?)
    }
}
