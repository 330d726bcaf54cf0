//! Faults under load: `cargo xtask faults`. Nodes are killed, connections closed, servers killed, RabbitMQ says that its
//! memory is full, while clients write and repeat what they write. At the end, what the databases hold is compared with
//! what the clients know.
//!
//! - `load`: writes with message ids, each repeated, on tables without a unique key of the client's.
//! - `fault`: what is done to nodes and servers meanwhile.
//! - `check`: what was lost, done twice, answered in two ways.
//! - `report`: the table, the JSON.
//! - `overload`: more requests than can be done, in place of faults.

mod check;
mod fault;
mod load;
mod overload;
mod report;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use beds_client::Client;
use beds_devstack::{Node, NodeCommand, Stack, schema};
use clap::Parser;

use crate::{fault::Fault, load::Load};

/// Provokes faults under load, and counts what was lost and what was done twice.
#[derive(Debug, Parser)]
#[command(name = "faults")]
struct Args {
    /// What all choices are drawn from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many writes, over all faults
    #[arg(long, default_value_t = 100_000)]
    writes: u64,
    /// How often a write is sent at most
    #[arg(long, default_value_t = 10)]
    repeats: u64,
    /// How many connections send
    #[arg(long, default_value_t = 8)]
    clients: usize,
    /// How many writes each connection has on their way
    #[arg(long, default_value_t = 16)]
    in_flight: usize,
    /// How many nodes serve
    #[arg(long, default_value_t = 2)]
    nodes: usize,
    /// The pause after each fault, in milliseconds
    #[arg(long, default_value_t = 2_000)]
    pause: u64,
    /// How long RabbitMQ says that its memory is full, in seconds
    #[arg(long, default_value_t = 20)]
    alarm: u64,
    /// Only these faults; all unless given
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Fault>,
    /// Where the figures go as JSON; target/faults.json unless given
    #[arg(long, value_name = "PATH")]
    json: Option<PathBuf>,
    /// Instead of faults: 1, 2 and 3 times as many requests as can be done, each load for so many seconds
    #[arg(long, value_name = "SECONDS")]
    overload: Option<u64>,
    /// What cargo adds
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    match faults(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The servers, and the nodes on them. Dropped, the nodes end first.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) nodes: Vec<Node>,
    pub(crate) stack: Stack,
}

impl Site {
    fn start(nodes: usize) -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let stack = Stack::builder().ignore_environment().rabbitmq().mariadb().fast_mongodb().start()?;
        schema::apply(&stack, &root.join("schema"))?;
        let start = |_| {
            let program = NodeCommand::new(env!("CARGO_BIN_EXE_beds"))?;
            program.on(&stack, &root.join("tests/fixtures/beds_test.toml"))?.start()
        };
        let nodes = (0..nodes.max(1)).map(start).collect::<Result<_, _>>()?;
        Ok(Self { nodes, stack })
    }
}

fn faults(args: &Args) -> Result<()> {
    println!("servers and {} nodes start", args.nodes);
    let site = Arc::new(Site::start(args.nodes)?);
    let runtime = tokio::runtime::Runtime::new()?;
    if let Some(seconds) = args.overload {
        return overload(args, &site, &runtime, seconds);
    }
    let (load, faults) = runtime.block_on(run(args, &site))?;
    println!("what is left in the queues is awaited");
    let found = runtime.block_on(check::found(&site, &load))?;
    let report = report::Report::new(args.seed, &load, faults, &found);
    print!("{report}");
    let path = args.json.clone().unwrap_or_else(|| in_target("faults.json"));
    std::fs::write(&path, serde_json::to_vec_pretty(&report)?)
        .with_context(|| format!("cannot write {}", path.display()))?;
    println!("The figures are in {}.", path.display());
    ensure!(report.is_good(), "see above");
    Ok(())
}

fn overload(args: &Args, site: &Site, runtime: &tokio::runtime::Runtime, seconds: u64) -> Result<()> {
    let path = args.json.clone().unwrap_or_else(|| in_target("overload.json"));
    runtime.block_on(async {
        // What the reads ask for.
        Load::prepare(site, args.seed, 0, 1).await?;
        overload::run(site, seconds, &path).await
    })
}

fn in_target(name: &str) -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from);
    target.join(name)
}

/// Runs the load and the faults side by side; the faults go on for as long as the load does.
async fn run(args: &Args, site: &Arc<Site>) -> Result<(Load, Vec<(Fault, u32)>)> {
    let load = Load::prepare(site, args.seed, args.writes, args.repeats).await?;
    let mut clients = Vec::with_capacity(args.clients);
    for _ in 0..args.clients.max(1) {
        let client = Client::builder(site.stack.amqp_url()).timeout(Duration::from_secs(15));
        clients.push(client.connect().await?);
    }
    let wanted = if args.only.is_empty() { Fault::all() } else { args.only.clone() };
    let durations =
        fault::Durations { pause: Duration::from_millis(args.pause), alarm: Duration::from_secs(args.alarm) };
    let faults = fault::provoke(Arc::clone(site), load.remaining(), wanted, args.seed, durations);
    let faults = tokio::spawn(faults);
    load.run(&clients, args.in_flight.max(1)).await;
    let faults = faults.await??;
    for client in &clients {
        client.close().await;
    }
    Ok((load, faults))
}
