//! `cargo xtask bench`: compares the node with hand-written services, on servers that exist only for this.
//!
//! A program of the root package, `benches/compare`, does the measuring. It finds the servers as the node does: in the
//! environment.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use beds_devstack::{Builder, Stack, progress};

use crate::against::{self, Revision};
use crate::drivers::addresses;
use crate::node;
use crate::steps::Steps;
use crate::workspace::{self, cargo, root};

/// Measures the node beside hand-written services that do the same work.
///
/// Node, services and load generator run on private servers, take turns, and print a table of medians and ratios.
/// Figures of different runs do not compare: the machine's speed drifts. What counts are the ratios within
/// one run: with `--against`, those of this tree's node to another revision's.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Measures the node of this revision too, a name that git knows, and prints the ratios of new to old. Both
    /// nodes work on databases with this tree's schema, and each with a RabbitMQ of its own
    #[arg(long, value_name = "REV")]
    against: Option<String>,
    /// Length of one measurement [default: 3]
    #[arg(long)]
    seconds: Option<f64>,
    /// Rounds; in each, every contender has its turn [default: 5]
    #[arg(long)]
    rounds: Option<u32>,
    /// Requests in flight, one measurement for each number [default: 1,64,256; of batches 1,8,32]
    #[arg(long, value_delimiter = ',', value_name = "NUMBERS")]
    in_flight: Vec<u16>,
    /// Requests a second, of the measurement at a fixed rate; 0 leaves it out [default: 1000]
    #[arg(long)]
    rate: Option<u32>,
    /// Only the comparisons whose name contains this; `memory` has a little load alone
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// Three rounds of one second: a look, not a result
    #[arg(long)]
    quick: bool,
    /// Where the figures go as JSON [default: target/bench/compare.json]
    #[arg(long, value_name = "PATH")]
    json: Option<PathBuf>,
    /// Where the pictures of them go, such as docs/bench, whence README.md shows them [default: beside the JSON]
    #[arg(long, value_name = "FOLDER")]
    pictures: Option<PathBuf>,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<()> {
    let root = root()?;
    let mut steps = Steps::new(if args.against.is_some() { 4 } else { 3 });
    let old = match &args.against {
        Some(name) => {
            Some(steps.run(&format!("build of {name}, with optimizations"), || against::build(&root, name))?)
        }
        None => None,
    };
    steps.run("build, with optimizations", || {
        let mut build = compare(&root);
        build.arg("--no-run");
        workspace::run(build)
    })?;
    let (stack, old) = steps.run("servers: RabbitMQ, MariaDB, MongoDB", || {
        let stack = private().rabbitmq().mariadb().fast_mongodb().start()?;
        // Two nodes on one RabbitMQ would share the requests, and might disagree about its queues.
        let old = old.map(|old| private().rabbitmq().start().map(|broker| (old, broker))).transpose()?;
        Ok((stack, old))
    })?;
    steps.announce("measurements");
    let mut command = compare(&root);
    command.arg("--").args(args.passed_on()?).arg("--schema").arg(root.join("schema"));
    command.envs(node::node_env(&stack)?).envs(addresses(&stack));
    for server in [stack.rabbitmq(), stack.mariadb(), stack.mongodb()] {
        // The cost of a request includes the cost in the servers.
        if let Some(pid) = server.pid() {
            command.arg(format!("--{}-pid={pid}", server.kind().to_string().to_lowercase()));
        }
    }
    if let Some((Revision { name, tree, program }, broker)) = &old {
        println!("      {name} too: on databases with this tree's schema, and with a RabbitMQ of its own");
        command.arg("--against").arg(name).arg("--against-program").arg(program);
        command.arg("--against-folder").arg(tree).arg("--against-amqp").arg(broker.amqp_url());
        let pid = broker.rabbitmq().pid().context("RabbitMQ has no process")?;
        command.arg(format!("--against-rabbitmq-pid={pid}"));
    }
    stack.adopt(&mut command);
    workspace::run(command)
}

/// Servers of the user may hold valuable data, so only private ones are used.
fn private() -> Builder {
    Stack::builder().ignore_environment().progress(|line| progress::tell(&format!("      {line}")))
}

fn compare(root: &Path) -> Command {
    let mut command = cargo(root);
    command.args(["bench", "--quiet", "--package", "beds", "--bench", "compare"]);
    command
}

impl Args {
    /// The options for the measuring program.
    fn passed_on(&self) -> Result<Vec<String>> {
        let Self { against: _, seconds, rounds, in_flight, rate, only, quick, json, pictures } = self;
        let mut words = Vec::new();
        let mut option = |name: &str, value: Option<String>| {
            words.extend(value.map(|value| format!("--{name}={value}")));
        };
        option("seconds", seconds.map(|value| value.to_string()));
        option("rounds", rounds.map(|value| value.to_string()));
        let numbers: Vec<String> = in_flight.iter().map(u16::to_string).collect();
        option("in-flight", (!numbers.is_empty()).then(|| numbers.join(",")));
        option("rate", rate.map(|value| value.to_string()));
        option("only", only.clone());
        for (name, path) in [("json", json), ("pictures", pictures)] {
            // Cargo starts benchmarks in the package's folder, which is not the user's folder.
            let absolute = |path| std::path::absolute(path).with_context(|| format!("the path of --{name}"));
            let path = path.as_ref().map(absolute).transpose()?;
            option(name, path.map(|path| path.display().to_string()));
        }
        if *quick {
            words.push("--quick".to_owned());
        }
        Ok(words)
    }
}
