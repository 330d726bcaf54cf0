//! `cargo xtask faults`: nodes and servers fail under load, and what was lost or done twice is counted.
//!
//! The work is a program of the root package, `benches/faults`, which starts servers and nodes of its own.

use anyhow::Result;

use crate::workspace::{self, cargo, root};

/// Provokes faults under load, and counts what was lost and what was done twice.
///
/// Clients write with message ids into tables without unique keys, and repeat each write up to ten times over several
/// connections. Meanwhile nodes are killed, connections closed, servers killed, and RabbitMQ says that its memory is
/// full. At the end the databases are compared with the replies. It fails if a write was lost, done twice, or answered
/// in two ways.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What is passed on: `cargo xtask faults -- --help` lists it (seed, number of writes, which faults, …)
    #[arg(last = true, value_name = "OPTION")]
    options: Vec<String>,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<()> {
    let mut command = cargo(&root()?);
    command.args(["bench", "--quiet", "--package", "beds", "--bench", "faults", "--"]).args(&args.options);
    workspace::run(command)
}
