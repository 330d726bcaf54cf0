//! What all tests of the node share: private servers with the schema, the real binary against them, and clients.
//!
//! Each test program has one site of its own, started when it is first asked for: servers, schema, a node. Its
//! tests run side by side on it with keys of their own. What harms servers starts a site for itself alone.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "clippy.toml allows it in test functions only"
)]
#![allow(dead_code, unreachable_pub, reason = "each test program takes what it needs")]

pub mod wire;

use std::{
    fs::{self, File},
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    ops::Deref,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{LazyLock, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use beds_client::Client;
use beds_devstack::{Stack, free_port, schema};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tempfile::TempDir;

/// How long anything that must happen may take on a slow, busy machine.
pub const PATIENCE: Duration = Duration::from_mins(1);
/// How often a condition is looked at.
const POLL: Duration = Duration::from_millis(20);

/// The folder of the workspace.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A name that no other test uses.
pub fn unique(prefix: &str) -> String {
    format!("{prefix}-{}", uuid::Uuid::new_v4().simple())
}

/// Waits until a condition holds, or fails the test.
#[track_caller]
pub fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "not within {PATIENCE:?}: {what}");
        std::thread::sleep(POLL);
    }
}

/// Waits until an asynchronous condition holds, or fails the test.
pub async fn eventually_async(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds().await {
        assert!(Instant::now() < deadline, "not within {PATIENCE:?}: {what}");
        tokio::time::sleep(POLL).await;
    }
}

/// Runs what blocks, such as starting servers, away from the test's runtime.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(value) => value,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// The three servers with the schema of this workspace.
pub fn stack() -> Stack {
    let stack = Stack::builder().ignore_environment().start().unwrap_or_else(|error| panic!("{error}"));
    schema::apply(&stack, &root().join("schema")).unwrap_or_else(|error| panic!("{error}"));
    stack
}

/// Servers with the schema, and a node that serves. Dropped, the node ends before its servers.
#[derive(Debug)]
pub struct Site {
    pub node: Node,
    pub stack: Stack,
}

impl Site {
    /// A site of one's own.
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// A site of one's own whose node has these environment variables besides.
    pub fn with(variables: &[(&str, &str)]) -> Self {
        let stack = stack();
        let node = Node::start(&stack, variables);
        Self { node, stack }
    }

    /// A client of the site's bus.
    pub async fn client(&self) -> Client {
        let client = Client::builder(self.stack.amqp_url()).timeout(Duration::from_secs(30));
        client.connect().await.unwrap()
    }
}

/// The site that the tests of a program share. Nobody drops it: the stack's watchdog ends it with the program.
static SHARED: LazyLock<Site> = LazyLock::new(Site::start);

/// The shared site, for the time of one test; a test that fails shows the end of the node's log.
pub struct Shared(&'static Site);

/// Takes part in the site that the tests of this program share.
pub async fn shared() -> Shared {
    Shared(blocking(|| &*SHARED).await)
}

impl Deref for Shared {
    type Target = Site;

    fn deref(&self) -> &Site {
        self.0
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.node.show_log();
        }
    }
}

/// A run of the `beds` binary, away from the machine's own configuration.
#[derive(Debug)]
pub struct Beds {
    pub command: Command,
    /// The folder that it takes its configuration from.
    pub config: TempDir,
}

impl Beds {
    /// `beds` with these arguments, an empty configuration folder and no variables.
    pub fn new(arguments: &[&str]) -> Self {
        let config = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_beds"));
        command.args(arguments).stdin(Stdio::null());
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("BEDS_")) {
            command.env_remove(name);
        }
        command.env("BEDS_CONFIG", config.path()).env("BEDS__LOGGING__JOURNALD", "false");
        Self { command, config }
    }

    /// With these environment variables.
    pub fn env(mut self, variables: &[(&str, &str)]) -> Self {
        self.command.envs(variables.iter().copied());
        self
    }

    /// With the addresses of a stack's servers, under the names that the templates use.
    pub fn on(mut self, stack: &Stack) -> Self {
        self.command.env("BEDS__AMQP__URL", stack.amqp_url());
        self.command.env("BEDS__MARIADB__CATALOG__URL", format!("{}/catalog", stack.mariadb_url()));
        for name in ["LOGS", "JOURNAL"] {
            self.command.env(format!("BEDS__MONGODB__{name}__URL"), stack.mongodb_url());
        }
        self
    }

    /// With a file in its configuration folder.
    pub fn file(self, name: &str, text: &str) -> Self {
        fs::write(self.config.path().join(name), text).unwrap();
        self
    }

    /// Runs it to its end, which must come within [`PATIENCE`].
    pub fn run(self) -> Ended {
        let mut command = Command::new("timeout");
        command
            .arg(PATIENCE.as_secs().to_string())
            .arg(self.command.get_program())
            .args(self.command.get_args());
        for (name, value) in self.command.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let output = command.stdin(Stdio::null()).output().unwrap();
        Ended {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
            config: self.config.path().display().to_string(),
        }
    }
}

/// How a run ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    /// Where its configuration lay.
    pub config: String,
}

/// A running node. Dropping it sends SIGTERM and waits; it never outlives its stack.
#[derive(Debug)]
pub struct Node {
    child: Mutex<Child>,
    health: SocketAddr,
    log: PathBuf,
    _config: TempDir,
}

impl Node {
    /// Starts a node and waits until it is ready.
    pub fn start(stack: &Stack, variables: &[(&str, &str)]) -> Self {
        let node = Self::spawn(stack, variables);
        node.await_ready();
        node
    }

    /// Starts a node.
    pub fn spawn(stack: &Stack, variables: &[(&str, &str)]) -> Self {
        let health = SocketAddr::from(([127, 0, 0, 1], free_port().unwrap()));
        let Beds { mut command, config } = Beds::new(&["node"]).on(stack);
        let log = config.path().join("node.log");
        command.env("BEDS__NODE__HEALTH", health.to_string()).envs(variables.iter().copied());
        command.stdout(Stdio::null()).stderr(File::create(&log).unwrap());
        let child = stack.adopt(&mut command).spawn().unwrap();
        Self { child: Mutex::new(child), health, log, _config: config }
    }

    /// Waits until it is ready.
    pub fn await_ready(&self) {
        let deadline = Instant::now() + PATIENCE;
        while !self.is_ready() {
            if let Some(status) = self.exit_status() {
                panic!("the node ended: {status}\n{}", self.log());
            }
            assert!(Instant::now() < deadline, "the node is not ready\n{}", self.log());
            std::thread::sleep(POLL);
        }
    }

    /// Whether `GET /ready` answers 200.
    pub fn is_ready(&self) -> bool {
        self.get("/ready").starts_with("HTTP/1.1 200")
    }

    /// The answer of the health endpoint, from the status line on; empty where there is none.
    pub fn get(&self, path: &str) -> String {
        let ask = || -> std::io::Result<String> {
            let limit = Duration::from_secs(2);
            let mut stream = TcpStream::connect_timeout(&self.health, limit)?;
            stream.set_read_timeout(Some(limit))?;
            write!(stream, "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.health)?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            Ok(answer)
        };
        ask().unwrap_or_default()
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Prints the end of its log, for a test that fails.
    pub fn show_log(&self) {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        eprintln!("--- the end of the node's log:");
        for line in &lines[lines.len().saturating_sub(40)..] {
            eprintln!("{line}");
        }
    }

    fn lock(&self) -> MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn exit_status(&self) -> Option<ExitStatus> {
        self.lock().try_wait().unwrap()
    }

    /// Sends SIGTERM.
    pub fn terminate(&self) {
        kill(Pid::from_raw(i32::try_from(self.lock().id()).unwrap()), Signal::SIGTERM).unwrap();
    }

    /// How it ended, once it has.
    pub fn ended(&self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.exit_status() {
                return status;
            }
            assert!(Instant::now() < deadline, "the node does not end\n{}", self.log());
            std::thread::sleep(POLL);
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.show_log();
        }
        if self.exit_status().is_none() {
            self.terminate();
            let deadline = Instant::now() + PATIENCE;
            while self.exit_status().is_none() && Instant::now() < deadline {
                std::thread::sleep(POLL);
            }
        }
        // Both fail only when it has ended.
        let _ = self.lock().kill();
        let _ = self.lock().wait();
    }
}
