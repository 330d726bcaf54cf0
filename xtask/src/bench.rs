//! `cargo xtask bench`: the node beside hand-written services, on servers that exist only for it.
//!
//! The measuring itself is a program of the root package, `benches/compare`, which finds the servers where the
//! node does: in the environment.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use beds_devstack::{Stack, schema};

use crate::node;
use crate::steps::Steps;
use crate::workspace::{self, cargo, root};

/// Measures the node beside hand-written services that do the same work.
///
/// Node, services and load generator run on private servers, take turns, and print a table of medians and ratios.
/// Figures of different runs do not compare: the machine's speed drifts. What counts are the ratios within
/// one run.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Length of one measurement [default: 3]
    #[arg(long)]
    seconds: Option<f64>,
    /// Rounds; in each, every contender has its turn [default: 5]
    #[arg(long)]
    rounds: Option<u32>,
    /// Requests in flight [default: 256]
    #[arg(long)]
    in_flight: Option<u16>,
    /// Only the comparisons whose name contains this
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// Three rounds of one second: a look, not a result
    #[arg(long)]
    quick: bool,
    /// Where the figures go as JSON [default: target/bench/compare.json]
    #[arg(long, value_name = "PATH")]
    json: Option<PathBuf>,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<()> {
    let root = root()?;
    let mut steps = Steps::new(4);
    steps.run("build, with optimizations", || {
        let mut build = compare(&root);
        build.arg("--no-run");
        workspace::run(build)
    })?;
    // Servers of one's own may hold data that is worth something.
    let stack = steps.run("servers: RabbitMQ, MariaDB, MongoDB", || {
        let stack = Stack::builder().ignore_environment().progress(|line| println!("      {line}"));
        Ok(stack.start()?)
    })?;
    steps.run("schema: tables, views, procedures, validators", || {
        Ok(schema::apply(&stack, &root.join("schema"))?)
    })?;
    steps.announce("measurements");
    let mut command = compare(&root);
    command.arg("--").args(args.passed_on()?).envs(node::node_env(&stack)?);
    stack.adopt(&mut command);
    workspace::run(command)
}

fn compare(root: &Path) -> Command {
    let mut command = cargo(root);
    command.args(["bench", "--quiet", "--package", "beds", "--bench", "compare"]);
    command
}

impl Args {
    /// The options as the measuring program takes them.
    fn passed_on(&self) -> Result<Vec<String>> {
        let Self { seconds, rounds, in_flight, only, quick, json } = self;
        let mut words = Vec::new();
        let mut option = |name: &str, value: Option<String>| {
            words.extend(value.map(|value| format!("--{name}={value}")));
        };
        option("seconds", seconds.map(|value| value.to_string()));
        option("rounds", rounds.map(|value| value.to_string()));
        option("in-flight", in_flight.map(|value| value.to_string()));
        option("only", only.clone());
        if let Some(path) = json {
            // Cargo starts benchmarks in the package's folder, which is not where the user is.
            let path = std::path::absolute(path).context("the path of --json")?;
            option("json", Some(path.display().to_string()));
        }
        if *quick {
            words.push("--quick".to_owned());
        }
        Ok(words)
    }
}
