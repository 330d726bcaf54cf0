//! `cargo xtask bench`: the benchmarks, with the servers they need.

use anyhow::Result;
use beds_devstack::ensure_servers;

use crate::steps::Steps;
use crate::workspace::{self, cargo, root};

/// Runs the benchmarks, which start private servers of their own.
///
/// Figures of different runs do not compare: the machine's speed drifts. What counts are the ratios within
/// one run.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Passed on to `cargo bench`, such as the name of a benchmark
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENTS")]
    rest: Vec<String>,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<()> {
    let root = root()?;
    let mut steps = Steps::new(2);
    steps.run("servers: RabbitMQ, MariaDB, MongoDB", || Ok(ensure_servers()?))?;
    steps.announce("benchmarks");
    let mut command = cargo(&root);
    command.args(["bench", "--package", "beds"]).args(&args.rest);
    workspace::run(command)
}
