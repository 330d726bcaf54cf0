//! A run of a node's program: program, arguments, configuration, environment.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::{Node, addresses};
use crate::{Error, Result, Stack, free_port};

/// A command that takes longer has hung.
const RUN_SECONDS_MAX: &str = "60";
/// Where a node looks for its configuration.
const CONFIG: &str = "BEDS_CONFIG";
/// The prefix of a node's environment variables.
const PREFIX: &str = "BEDS_";

/// A run of a node's program. A run from [`NodeCommand::new`] is independent of the machine's configuration: its
/// configuration folder is temporary and empty at first, and it gets no `BEDS_` variables of this process.
#[derive(Debug)]
pub struct NodeCommand {
    command: Command,
    folder: TempDir,
    log: Option<PathBuf>,
}

/// How a run ended.
#[derive(Debug)]
pub struct Ended {
    /// The exit code; none after a signal.
    pub code: Option<i32>,
    /// The output of the run.
    pub stdout: String,
    /// The log of the run.
    pub stderr: String,
    /// The configuration folder of the run.
    pub config: String,
}

/// A temporary folder. It is in the stack's folder, which the watchdog removes, or else in the machine's.
fn folder(stack: Option<&Path>) -> Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    let named = builder.prefix("beds-node-");
    let made = match stack {
        Some(stack) => named.tempdir_in(stack),
        None => named.tempdir(),
    };
    made.map_err(|error| Error::new(format!("cannot create a temporary folder: {error}")))
}

impl NodeCommand {
    /// This program, without arguments.
    ///
    /// # Errors
    /// When the temporary folder cannot be created.
    pub fn new(program: impl AsRef<OsStr>) -> Result<Self> {
        let folder = folder(None)?;
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with(PREFIX)) {
            command.env_remove(name);
        }
        command.env(CONFIG, folder.path()).stdin(Stdio::null());
        Ok(Self { command, folder, log: None })
    }

    /// This command unchanged, with the environment and the configuration of this process.
    ///
    /// # Errors
    /// When the temporary folder cannot be created.
    pub fn from_command(mut command: Command) -> Result<Self> {
        command.stdin(Stdio::null());
        Ok(Self { command, folder: folder(None)?, log: None })
    }

    /// Adds one argument.
    #[must_use]
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    /// Adds these arguments.
    #[must_use]
    pub fn args(mut self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.command.args(arguments);
        self
    }

    /// Sets these environment variables. They replace variables of the same name.
    #[must_use]
    pub fn env(mut self, variables: &[(impl AsRef<OsStr>, impl AsRef<OsStr>)]) -> Self {
        self.command.envs(variables.iter().map(|(name, value)| (name, value)));
        self
    }

    /// Puts a file into the configuration folder. It replaces a file of the same name.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn file(self, name: &str, text: &str) -> Result<Self> {
        let path = self.config().join(name);
        fs::write(&path, text).map_err(Error::io("cannot write the configuration", &path))?;
        Ok(self)
    }

    /// Uses this file as `beds.toml`, and the servers as [`NodeCommand::servers`] does.
    ///
    /// # Errors
    /// As [`addresses`], and when the file cannot be copied.
    pub fn on(mut self, stack: &Stack, config: &Path) -> Result<Self> {
        self.move_to(stack)?;
        let copy = self.config().join("beds.toml");
        fs::copy(config, &copy).map_err(Error::io("cannot copy the configuration", config))?;
        self.servers(stack, config)
    }

    /// Uses the stack's servers for all databases that this configuration file names. The node ends with the stack.
    ///
    /// # Errors
    /// As [`addresses`].
    pub fn servers(mut self, stack: &Stack, config: &Path) -> Result<Self> {
        self.move_to(stack)?;
        self.command.envs(addresses(stack, config)?);
        stack.adopt(&mut self.command);
        Ok(self)
    }

    /// Moves the folder into the folder of a temporary stack. So a test that leaves its node to the stack leaves
    /// nothing behind.
    fn move_to(&mut self, stack: &Stack) -> Result<()> {
        let Some(home) = stack.temporary().filter(|home| !self.config().starts_with(home)) else {
            return Ok(());
        };
        let folder = folder(Some(home))?;
        for file in fs::read_dir(self.config()).into_iter().flatten().flatten() {
            let (from, to) = (file.path(), folder.path().join(file.file_name()));
            fs::copy(&from, &to).map_err(Error::io("cannot copy the configuration", &from))?;
        }
        // A run with the configuration of this process keeps it.
        if self
            .command
            .get_envs()
            .any(|(name, value)| name == CONFIG && value == Some(self.config().as_os_str()))
        {
            self.command.env(CONFIG, folder.path());
        }
        self.folder = folder;
        Ok(())
    }

    /// Logs to this file instead of a temporary one.
    #[must_use]
    pub fn log(mut self, path: &Path) -> Self {
        self.log = Some(path.to_owned());
        self
    }

    /// The configuration folder.
    pub fn config(&self) -> &Path {
        self.folder.path()
    }

    /// Runs the program to its end. After a minute it is ended, with exit code 124.
    ///
    /// # Errors
    /// When the program cannot be started.
    pub fn run(self) -> Result<Ended> {
        let mut command = Command::new("timeout");
        command.arg(RUN_SECONDS_MAX).arg(self.command.get_program()).args(self.command.get_args());
        for (name, value) in self.command.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let output = command.stdin(Stdio::null()).output().map_err(|error| {
            Error::new(format!("cannot run the node's program: {error}")).at(self
                .command
                .get_program()
                .display()
                .to_string())
        })?;
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Ok(Ended {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
            config: self.config().display().to_string(),
        })
    }

    /// Starts the program as a node (with the argument `node`), and returns when it is ready.
    ///
    /// # Errors
    /// As [`NodeCommand::spawn`] and [`Node::await_ready`].
    pub fn start(self) -> Result<Node> {
        let node = self.spawn()?;
        node.await_ready()?;
        Ok(node)
    }

    /// Starts the program as a node.
    ///
    /// # Errors
    /// When the program cannot be started, or its log cannot be written.
    pub fn spawn(mut self) -> Result<Node> {
        let health = SocketAddr::from(([127, 0, 0, 1], free_port()?));
        let log = self.log.take().unwrap_or_else(|| self.config().join("node.log"));
        let file = File::create(&log).map_err(Error::io("cannot write the node's log", &log))?;
        let twin = file.try_clone().map_err(Error::io("cannot share the node's log", &log))?;
        self.command.arg("node").env("BEDS__NODE__HEALTH", health.to_string()).stdout(file).stderr(twin);
        Node::spawn(self.command, health, log, self.folder)
    }
}
