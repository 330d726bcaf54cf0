//! `cargo xtask faults`: nodes and servers fail under load, and lost and repeated writes are counted.
//!
//! A program of the root package, `benches/faults`, does the work. It starts its own servers and nodes.

use std::{path::Path, process::Command};

use anyhow::Result;

use crate::workspace::{self, cargo, root};

/// Provokes faults under load, and counts what was lost and what was done twice.
///
/// Clients write with message ids into tables without unique keys, and repeat each write up to ten times over several
/// connections; others read. Meanwhile nodes and servers are killed, links are cut, slowed, sliced or let nothing
/// through, RabbitMQ says that it is full, and databases are away. With `-- --clusters` the servers are
/// clusters, of which one server is killed at a time. At the end the databases are compared with the replies.
/// It fails if a write was lost, done twice, or answered in two ways, if a read got another's record, or if the nodes hold
/// more than before.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What is passed on: `cargo xtask faults -- --help` lists it; `-- --list` lists the faults
    #[arg(last = true, value_name = "OPTION")]
    options: Vec<String>,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<()> {
    let mut command = cargo(&root()?);
    command.args(["bench", "--quiet", "--package", "beds", "--bench", "faults", "--"]).args(&args.options);
    workspace::run(command)
}

/// A command with a few of the faults, for the tests, in the tests' build profile.
pub(crate) fn short(root: &Path) -> Command {
    let mut command = cargo(root);
    command.args([
        "test",
        "--quiet",
        "--package",
        "beds",
        "--bench",
        "faults",
        "--",
        "--light",
        "--writes=1500",
    ]);
    command.args([
        "--only=cut-links,kill-node,hole-mariadb,queue-full",
        "--link=5",
        "--alarm=3",
        "--pause=1000",
    ]);
    command
}
