//! Faults under load: `cargo xtask faults`. Nodes and servers are killed, connections are closed, and RabbitMQ reports
//! that its memory is full, while clients write and repeat their writes. At the end, the content of the databases is
//! compared with the knowledge of the clients.
//!
//! - `load`: writes with message ids, each repeated, on tables without a unique key from the client.
//! - `fault`: the faults of nodes and servers.
//! - `links`: the proxies between nodes and servers.
//! - `gauges`: the resources that the nodes hold before and after.
//! - `check`: writes that were lost, done twice, or answered in two ways.
//! - `report`: the table, the JSON.
//! - `overload`: instead of faults, more requests than can be done.

mod check;
mod fault;
mod gauges;
mod links;
mod load;
mod overload;
mod report;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};
use beds_client::Client;
use beds_devstack::{Node, NodeCommand, Server, Stack, node::addresses, schema};
use clap::{Parser, ValueEnum as _};
use tokio::runtime::Runtime;

use crate::{fault::Fault, gauges::Gauges, links::Links, load::Load};

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
    /// How long links are slow, sliced, or let nothing through, in seconds
    #[arg(long, default_value_t = 20)]
    link: u64,
    /// How long a database is away, in seconds
    #[arg(long, default_value_t = 30)]
    away: u64,
    /// The servers are clusters: three RabbitMQ servers, a MariaDB with two replicas; faults end one of them at a time
    #[arg(long)]
    clusters: bool,
    /// The MongoDB stand-in that is slow and there in seconds, where no `mongod` is
    #[arg(long)]
    light: bool,
    /// Lists the faults
    #[arg(long)]
    list: bool,
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

/// The servers, and the nodes on them. When this is dropped, the nodes end first.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) nodes: Vec<Node>,
    /// The proxies. Clusters have none.
    pub(crate) links: Option<Links>,
    pub(crate) stack: Stack,
}

/// The privileges that a node needs, but without the right to write on a replica.
const USER: &str =
    "create user beds; grant select, insert, update, delete, execute, create temporary tables on *.* to beds";

impl Site {
    fn start(runtime: &Runtime, args: &Args) -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let servers = Stack::builder().ignore_environment();
        let servers = if args.clusters {
            servers.rabbitmq_cluster(3).mariadb_replicas(2)
        } else {
            servers.rabbitmq().mariadb()
        };
        let stack = if args.light { servers.mongodb() } else { servers.fast_mongodb() }.start()?;
        schema::apply(&stack, &root.join("schema"))?;
        let config = root.join("tests/fixtures/beds_test.toml");
        let links = (!args.clusters).then(|| runtime.block_on(Links::start(&stack))).transpose()?;
        let addresses = match &links {
            Some(links) => links.addresses(&stack, &config)?,
            None => of_clusters(&stack, &config)?,
        };
        let start = |_| {
            let program = NodeCommand::new(env!("CARGO_BIN_EXE_beds"))?;
            program.on(&stack, &config)?.env(&addresses_of(&addresses)).start()
        };
        let nodes = (0..args.nodes.max(1)).map(start).collect::<Result<_, _>>()?;
        Ok(Self { nodes, links, stack })
    }

    /// The RabbitMQ address of a client. Each client has another server first.
    fn bus(&self, client: usize) -> String {
        let mut urls: Vec<String> = self.stack.rabbitmqs().iter().map(Server::url).collect();
        let count = urls.len().max(1);
        urls.rotate_left(client % count);
        urls.join(",")
    }
}

/// The environment variables of a node that knows all servers of the clusters.
fn of_clusters(stack: &Stack, config: &Path) -> Result<Vec<(String, String)>> {
    stack.mariadb_query(None, USER)?;
    let all = addresses(stack, config)?.into_iter();
    let all = all.map(|(name, url)| (name, url.replace("//root@", "//beds@")));
    Ok(all.chain([("BEDS__AMQP__READ_QUEUES".to_owned(), "transient".to_owned())]).collect())
}

/// The addresses in the form of the harness.
fn addresses_of(addresses: &[(String, String)]) -> Vec<(&str, &str)> {
    addresses.iter().map(|(name, url)| (name.as_str(), url.as_str())).collect()
}

fn list() {
    for fault in Fault::value_variants() {
        let Some(value) = fault.to_possible_value() else { continue };
        println!(
            "{:<18} {}",
            value.get_name(),
            value.get_help().map(ToString::to_string).unwrap_or_default()
        );
    }
}

fn faults(args: &Args) -> Result<()> {
    if args.list {
        list();
        return Ok(());
    }
    println!("servers and {} nodes start", args.nodes);
    let runtime = Runtime::new()?;
    if let Some(wrong) = args.only.iter().find(|fault| !fault.is_of(args.clusters)) {
        bail!("{wrong:?} happens {} --clusters alone", if args.clusters { "without" } else { "with" });
    }
    let site = Arc::new(Site::start(&runtime, args)?);
    if let Some(seconds) = args.overload {
        return overload(args, &site, &runtime, seconds);
    }
    let (load, clients) = runtime.block_on(prepare(args, &site))?;
    println!("some writes without a fault");
    let warm_up = args.writes / 10;
    runtime.block_on(load.run(&clients, args.in_flight.max(1), 0..warm_up));
    let before = Gauges::when_still(&site)?;
    let faults = runtime.block_on(run(args, &site, &load, &clients, warm_up))?;
    println!("what is left in the queues is awaited");
    let found = runtime.block_on(check::found(&site, &load))?;
    let after = Gauges::when_still(&site)?;
    let report = report::Report::new(args.seed, &load, faults, &found, (before, after));
    print!("{report}");
    let path = args.json.clone().unwrap_or_else(|| in_target("faults.json"));
    std::fs::write(&path, serde_json::to_vec_pretty(&report)?)
        .with_context(|| format!("cannot write {}", path.display()))?;
    println!("The figures are in {}.", path.display());
    let wrong = report.wrong();
    ensure!(wrong.is_empty(), "{}", wrong.join("; "));
    Ok(())
}

fn overload(args: &Args, site: &Site, runtime: &tokio::runtime::Runtime, seconds: u64) -> Result<()> {
    let path = args.json.clone().unwrap_or_else(|| in_target("overload.json"));
    runtime.block_on(async {
        // The articles that the reads fetch.
        Load::prepare(site, args.seed, 0, 1).await?;
        overload::run(site, seconds, &path).await
    })
}

fn in_target(name: &str) -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from);
    target.join(name)
}

/// Creates the records of the load, and the clients that send it.
async fn prepare(args: &Args, site: &Site) -> Result<(Arc<Load>, Vec<Client>)> {
    let load = Load::prepare(site, args.seed, args.writes, args.repeats).await?;
    let mut clients = Vec::with_capacity(args.clients);
    for number in 0..args.clients.max(1) {
        let client = Client::builder(site.bus(number)).timeout(Duration::from_secs(15));
        clients.push(client.connect().await?);
    }
    Ok((Arc::new(load), clients))
}

/// Runs the load and the faults side by side. The faults continue as long as the load does.
async fn run(
    args: &Args,
    site: &Arc<Site>,
    load: &Load,
    clients: &[Client],
    from: u64,
) -> Result<Vec<(Fault, u32)>> {
    let wanted = if args.only.is_empty() { Fault::all(args.clusters) } else { args.only.clone() };
    let durations = fault::Durations {
        pause: Duration::from_millis(args.pause),
        alarm: Duration::from_secs(args.alarm),
        link: Duration::from_secs(args.link),
        away: Duration::from_secs(args.away),
    };
    let faults = fault::provoke(Arc::clone(site), load.remaining(), wanted, args.seed, durations);
    let faults = tokio::spawn(faults);
    tokio::join!(load.run(clients, args.in_flight.max(1), from..args.writes), load.read(clients));
    let faults = faults.await??;
    for client in clients {
        client.close().await;
    }
    Ok(faults)
}
