//! Node and services as processes: started, awaited, measured, ended.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

use crate::service::Service;

const PATIENCE: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(50);
/// Linux counts CPU time in hundredths of a second, whatever the kernel's own clock.
const TICK: Duration = Duration::from_millis(10);

/// A process under measurement. It ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    pid: u32,
}

impl Process {
    fn start(command: &mut Command) -> Result<Self> {
        let child = command.kill_on_drop(true).spawn().with_context(|| {
            format!("cannot start {}", Path::new(command.as_std().get_program()).display())
        })?;
        let pid = child.id().context("the process has already ended")?;
        Ok(Self { child, pid })
    }

    /// Starts this tree's node and waits until it is ready. `log` takes its output.
    pub(crate) async fn node(log: &Path) -> Result<Self> {
        Self::node_of(Command::new(env!("CARGO_BIN_EXE_beds")), log).await
    }

    /// Starts a node, whose program and servers `command` knows, and waits until it is ready.
    pub(crate) async fn node_of(mut command: Command, log: &Path) -> Result<Self> {
        let port = beds_devstack::free_port()?;
        let file = std::fs::File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        command.arg("node").env("BEDS__NODE__HEALTH", format!("127.0.0.1:{port}"));
        command.stdin(Stdio::null()).stderr(file.try_clone()?).stdout(file);
        let mut node = Self::start(&mut command)?;
        let deadline = Instant::now() + PATIENCE;
        while !is_ready(port).await {
            if let Some(status) = node.child.try_wait()? {
                let text = std::fs::read_to_string(log).unwrap_or_default();
                bail!("the node ended: {status}\n{text}");
            }
            ensure!(Instant::now() < deadline, "the node is not ready after {} s", PATIENCE.as_secs());
            sleep(POLL).await;
        }
        Ok(node)
    }

    /// Starts a hand-written service and waits until it consumes.
    pub(crate) async fn service(service: Service) -> Result<Self> {
        let program = std::env::current_exe().context("cannot find this program")?;
        let mut command = Command::new(program);
        // It ends when this end of its standard input closes, however this process dies.
        command.arg("serve").args(service.arguments()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = Self::start(&mut command)?;
        let output = process.child.stdout.take().context("the service has no output")?;
        let mut line = String::new();
        let read = timeout(PATIENCE, BufReader::new(output).read_line(&mut line)).await;
        read.with_context(|| format!("{service:?} is not ready"))??;
        ensure!(line.trim() == "ready", "{service:?} did not start");
        Ok(process)
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

async fn is_ready(port: u16) -> bool {
    let ask = async {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.write_all(b"GET /ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await?;
        let mut head = [0; 12];
        stream.read_exact(&mut head).await?;
        Ok::<_, std::io::Error>(head.ends_with(b" 200"))
    };
    matches!(timeout(Duration::from_secs(1), ask).await, Ok(Ok(true)))
}
