//! The stand-in for `mongod`, which Debian does not have: the server `SecantusDB`, in two editions.
//!
//! Both keep an acknowledged write through a SIGKILL. Benchmarks use [`Edition::Fast`], since otherwise they would
//! measure the server. Everything else uses [`Edition::Light`], since it installs in seconds.
//!
//! Both are licensed under the GPL and stay separate programs, never linked. They are installed once, in the user's
//! cache.

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
    /// The name of the edition's data folder: the editions cannot read each other's files.
    pub(crate) fn folder(self) -> &'static str {
        match self {
            Self::Light => "secantus-light",
            Self::Fast => "secantus-fast",
        }
    }

    /// Whether the edition is installed.
    pub(crate) fn is_installed(self) -> Result<bool> {
        match self {
            Self::Light => light::is_installed(),
            Self::Fast => fast::is_installed(),
        }
    }

    /// Installs the edition if it is missing.
    pub(crate) fn ensure(self) -> Result<()> {
        if self.is_installed()? {
            return Ok(());
        }
        let waiting = || say("waiting for another process that installs the MongoDB stand-in");
        exclusively(self.folder(), waiting, || match self {
            // The previous holder of the lock may have installed it.
            _ if self.is_installed()? => Ok(()),
            Self::Light => light::install(),
            Self::Fast => fast::install(),
        })
    }

    /// The command that serves this data folder on this port of the loopback interface.
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
