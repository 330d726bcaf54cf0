//! Compares the node with hand-written services, in one run, on the same servers: `cargo xtask bench`.
//!
//! Absolute figures drift with the machine. Only the ratios within one run count. So the contenders take turns within
//! each round, in alternating order, under the same load generator, and each round has its own ratio.
//!
//! - `against`: the node of another revision, with `cargo xtask bench --against`.
//! - `plan`: the comparisons: their contenders, and the targets. `calls`: the same for calls of a distant database.
//! - `work`: requests and expected replies. `data`: the records to fetch and to create.
//! - `load`: the load generator: plain lapin, one process, N requests in flight, or a fixed rate.
//! - `client`: the same load through `beds-client`.
//! - `service`: the hand-written services. This program starts itself again for each of them.
//! - `process`, `servers`, `cpu`: starts node and services, reads their CPU time and memory, and that of the servers.
//! - `rounds`: takes the measurements. `sample`: one of them. `figures`: the figures that follow from them.
//! - `report`, `summary`, `plot`, `machine`: the tables, the JSON, the pictures.

mod against;
mod bus;
mod calls;
mod client;
mod cpu;
mod data;
mod figures;
mod load;
mod machine;
mod plan;
mod plot;
mod process;
mod report;
mod rounds;
mod sample;
mod servers;
mod service;
mod summary;
mod work;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use beds_devstack::{Stack, schema};
use clap::Parser;

use crate::against::Against;
use crate::load::Drive;
use crate::servers::{Pids, Processes, Servers};
use crate::service::Service;

/// Measures the node beside hand-written services that do the same work.
#[derive(Debug, Parser)]
#[command(name = "compare")]
struct Args {
    /// Apply this schema first, to `MARIADB_URL` and `MONGODB_URL`
    #[arg(long, value_name = "FOLDER")]
    schema: Option<PathBuf>,
    #[command(flatten)]
    pids: Pids,
    #[command(flatten)]
    against: Option<Against>,
    /// Length of one measurement
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// Rounds; in each, every contender has its turn
    #[arg(long, default_value_t = 5)]
    rounds: u32,
    /// Requests in flight, one measurement for each number; 1,64,256 unless given, and 1,8,32 of batches
    #[arg(long, value_delimiter = ',')]
    in_flight: Vec<u16>,
    /// Requests a second, of the measurement at a fixed rate; 0 leaves it out
    #[arg(long, default_value_t = 1000)]
    rate: u32,
    /// Only the comparisons whose name contains this
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// Three rounds of one second: a look, not a result
    #[arg(long)]
    quick: bool,
    /// Where the figures go as JSON; target/bench/compare.json unless given
    #[arg(long, value_name = "PATH")]
    json: Option<PathBuf>,
    /// Where the pictures of them go; beside the JSON unless given
    #[arg(long, value_name = "FOLDER")]
    pictures: Option<PathBuf>,
    /// What cargo adds
    #[arg(long, hide = true)]
    bench: bool,
    #[command(subcommand)]
    serve: Option<Serve>,
}

/// What this program runs itself with.
#[derive(Debug, clap::Subcommand)]
enum Serve {
    /// One of the hand-written services
    #[command(hide = true)]
    Serve {
        #[command(subcommand)]
        service: Service,
    },
}

/// Requests in flight.
const REQUESTS: [u16; 3] = [1, 64, 256];
/// Batches in flight. Their operations stay below the number of requests that may wait for a database.
const BATCHES: [u16; 3] = [1, 8, 32];

/// The length of the measurements, and the loads.
#[derive(Debug, Clone, serde::Serialize)]
pub(crate) struct Method {
    pub(crate) rounds: u32,
    pub(crate) seconds: f64,
    pub(crate) in_flight: Vec<u16>,
    /// The numbers of batches in flight.
    pub(crate) batches: Vec<u16>,
    pub(crate) rate: u32,
}

impl Method {
    fn of(args: &Args) -> Self {
        let (rounds, seconds) = if args.quick { (3, 1.0) } else { (args.rounds.max(1), args.seconds) };
        let numbers = |usual: [u16; 3]| {
            let given = args.in_flight.iter().map(|number| (*number).max(1));
            let numbers: BTreeSet<u16> =
                if args.in_flight.is_empty() { usual.into() } else { given.collect() };
            numbers.into_iter().collect()
        };
        let (in_flight, batches) = (numbers(REQUESTS), numbers(BATCHES));
        Self { rounds, seconds: seconds.clamp(0.1, 3600.0), in_flight, batches, rate: args.rate }
    }

    pub(crate) fn length(&self) -> Duration {
        Duration::from_secs_f64(self.seconds)
    }

    pub(crate) fn drives(&self) -> Vec<Drive> {
        let rate = (self.rate > 0).then_some(Drive::Rate(self.rate));
        self.in_flight.iter().copied().map(Drive::InFlight).chain(rate).collect()
    }

    /// The most requests in flight.
    pub(crate) fn most(&self) -> Drive {
        Drive::InFlight(self.in_flight.last().copied().unwrap_or(1))
    }
}

fn main() -> ExitCode {
    let args = Args::parse();
    let result = match &args.serve {
        Some(Serve::Serve { service }) => service.run(),
        None => args.schema.as_deref().map_or(Ok(()), apply).and_then(|()| compare(&args)),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn apply(folder: &Path) -> Result<()> {
    let servers = Stack::builder().mariadb().mongodb().start()?;
    Ok(schema::apply(&servers, folder)?)
}

#[tokio::main]
async fn compare(args: &Args) -> Result<()> {
    let Some(servers) = Servers::from_env() else {
        println!("compare: skipped, since it needs servers: run `cargo xtask bench`");
        return Ok(());
    };
    let (method, processes) = (Method::of(args), Processes::find(&args.pids)?);
    let only = args.only.as_deref();
    let figures = rounds::run(&servers, &processes, &method, only, args.against.as_ref()).await?;
    print!("{}{}", report::table(&figures), summary::table(&figures));
    let path = args.json.clone().unwrap_or_else(default_json);
    let folder = path.parent().unwrap_or(Path::new("."));
    let pictures = args.pictures.as_deref().unwrap_or(folder);
    for folder in [folder, pictures] {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    }
    std::fs::write(&path, serde_json::to_vec_pretty(&report::json(&figures))?)
        .with_context(|| format!("cannot write {}", path.display()))?;
    println!("\nThe figures of every round are in {}.", path.display());
    for picture in plot::draw(&figures, pictures)? {
        println!("A picture of them is {}.", picture.display());
    }
    let (errors, warnings) = (figures.errors(), figures.warnings.len());
    ensure!(errors == 0 && warnings == 0, "{errors} wrong replies, {warnings} warnings: see above");
    Ok(())
}

fn default_json() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from);
    target.join("bench").join("compare.json")
}
