//! A node under a long load, with every byte of its heap counted: `cargo xtask soak`.
//!
//! The same program is the node under test, when its first argument is `node`: its allocator counts.
//!
//! - `node`: the node, and a socket that reports its counts.
//! - `load`: requests of every kind, one in twenty of them wrong.
//! - `gauges`: the resources that the node holds while no requests come.
//! - `growth`: whether the heap goes on growing.
//! - `report`: the table, the JSON.

mod gauges;
mod growth;
mod load;
mod node;
mod report;

use std::{
    alloc::System,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, Result, ensure};
use beds_devstack::{NodeCommand, Stack, free_port, schema};
use cap::Cap;
use clap::Parser;

use crate::{
    gauges::Gauges,
    load::{Counts, Load},
    report::Report,
};

/// Counts the allocated bytes.
#[global_allocator]
static HEAP: Cap<System> = Cap::new(System, usize::MAX);

/// Has a node answer many requests, and compares what it holds afterwards with what it held before.
#[derive(Debug, Parser)]
#[command(name = "soak")]
struct Args {
    /// How many requests
    #[arg(long, default_value_t = 1_000_000)]
    requests: u64,
    /// How many requests come first, after which the node is looked at; a tenth of the others unless given
    #[arg(long)]
    warm_up: Option<u64>,
    /// How often the node is looked at, at equal distances: what is kept for good grows to the end, what is kept once
    /// does not
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u64).range(2..))]
    looks: u64,
    /// What all requests are drawn from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many connections send
    #[arg(long, default_value_t = 4)]
    clients: usize,
    /// How many requests each connection has on their way
    #[arg(long, default_value_t = 16)]
    in_flight: usize,
    /// Where the figures go as JSON; target/soak.json unless given
    #[arg(long, value_name = "PATH")]
    json: Option<PathBuf>,
}

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some("node") {
        return node::run();
    }
    match soak(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn soak(args: &Args) -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let stack = Stack::builder().ignore_environment().rabbitmq().mariadb().fast_mongodb().start()?;
    schema::apply(&stack, &root.join("schema"))?;
    let port = free_port()?.to_string();
    let program = NodeCommand::new(std::env::current_exe()?)?
        .on(&stack, &root.join("tests/fixtures/beds_test.toml"))?;
    let node = program.env(&[(node::COUNTS, port.as_str())]).start()?;
    let look = || Gauges::when_still(&stack, node.pid(), port.parse()?);

    let runtime = tokio::runtime::Runtime::new()?;
    let load = runtime.block_on(Load::prepare(&stack.amqp_url(), args.seed, args.clients))?;
    let warm_up = args.warm_up.unwrap_or(args.requests / 10);
    println!("{warm_up} requests first");
    runtime.block_on(load.run(0..warm_up, args.in_flight));
    let before = look()?;
    println!("{} requests", args.requests);
    let (mut counts, mut looks) = (Counts::new(), vec![before]);
    let nth = |number: u64| warm_up + args.requests * number / args.looks;
    for number in 0..args.looks {
        let ends = runtime.block_on(load.run(nth(number)..nth(number + 1), args.in_flight));
        for (end, count) in ends {
            *counts.entry(end).or_default() += count;
        }
        looks.push(look()?);
    }
    runtime.block_on(load.close());

    let report = Report::new(args.seed, args.requests, counts, &looks).context("no look")?;
    print!("{report}");
    let path = args.json.clone().unwrap_or_else(|| root.join("target/soak.json"));
    std::fs::write(&path, serde_json::to_vec_pretty(&report)?)
        .with_context(|| format!("cannot write {}", path.display()))?;
    println!("The figures are in {}.", path.display());
    ensure!(report.is_good(), "the node holds more than before, or did not answer as it should: see above");
    Ok(())
}
