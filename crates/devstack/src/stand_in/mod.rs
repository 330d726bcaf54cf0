//! The stand-in for `mongod`, which Debian does not have: the server `SecantusDB`, in two editions.
//!
//! Both keep an acknowledged write through a SIGKILL. The rule which one is taken: benchmarks take
//! [`Edition::Fast`], since they would measure the server otherwise; everything else takes [`Edition::Light`],
//! since it is there in seconds.
//!
//! Both are licensed under the GPL and stay separate programs, never linked. Installed once, they lie in the
//! user's cache.

mod fast;
mod light;

use std::path::Path;
use std::process::Command;

use crate::progress::say;
use crate::{Result, exclusively};

/// An edition of the stand-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Edition {
    /// Written in Python, from PyPI: installed in seconds; some 3,000 reads and 300 writes a second.
    Light,
    /// Written in Rust, from crates.io: built in minutes; four times as many reads.
    Fast,
}

impl Edition {
    /// The name of its data folder: the editions do not read each other's files.
    pub(crate) fn folder(self) -> &'static str {
        match self {
            Self::Light => "secantus-light",
            Self::Fast => "secantus-fast",
        }
    }

    /// Whether it is there.
    pub(crate) fn is_installed(self) -> Result<bool> {
        match self {
            Self::Light => light::is_installed(),
            Self::Fast => fast::is_installed(),
        }
    }

    /// Installs it unless it is there.
    pub(crate) fn ensure(self) -> Result<()> {
        if self.is_installed()? {
            return Ok(());
        }
        let waiting = || say("waiting for another process that installs the MongoDB stand-in");
        exclusively(self.folder(), waiting, || match self {
            // Whoever held the lock may have installed it.
            _ if self.is_installed()? => Ok(()),
            Self::Light => light::install(),
            Self::Fast => fast::install(),
        })
    }

    /// The command that serves from this data folder on this port of the loopback interface.
    pub(crate) fn command(self, port: u16, data: &Path) -> Result<Command> {
        let mut command = match self {
            Self::Light => light::command()?,
            Self::Fast => fast::command()?,
        };
        command.arg("--port").arg(port.to_string()).arg("--storage-path").arg(data);
        // Without --sync-on-commit, acknowledged writes do not survive a SIGKILL.
        command.args(["--host", "127.0.0.1", "--sync-on-commit", "--cache-size", "256M"]);
        Ok(command)
    }
}
