//! The node beside hand-written services, in one run, on the same servers: `cargo xtask bench`.
//!
//! Absolute figures drift with the machine; what counts are the ratios within one run. So the contenders take
//! turns within each round, in alternating order, driven by the same load generator, and the ratio is taken
//! round by round.
//!
//! - `against`: the node of another revision, with `cargo xtask bench --against`.
//! - `plan`: what is compared: contenders, requests, expected replies, targets.
//! - `load`: the load generator: plain lapin, one process, N requests in flight.
//! - `client`: the same load through `beds-client`.
//! - `service`: the hand-written services; this program runs itself once more for each.
//! - `process`: starts node and services, reads their CPU time and memory.
//! - `data`: the records that are fetched and created.
//! - `rounds`: takes the measurements.
//! - `report`: medians, ratios, the table, the JSON.

mod against;
mod bus;
mod client;
mod data;
mod load;
mod plan;
mod process;
mod report;
mod rounds;
mod servers;
mod service;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use beds_devstack::{Stack, schema};
use clap::Parser;

use crate::against::Against;
use crate::servers::Servers;
use crate::service::Service;

/// Measures the node beside hand-written services that do the same work.
#[derive(Debug, Parser)]
#[command(name = "compare")]
struct Args {
    /// Apply this schema first, to `MARIADB_URL` and `MONGODB_URL`
    #[arg(long, value_name = "FOLDER")]
    schema: Option<PathBuf>,
    #[command(flatten)]
    against: Option<Against>,
    /// Length of one measurement
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// Rounds; in each, every contender has its turn
    #[arg(long, default_value_t = 5)]
    rounds: u32,
    /// Requests in flight
    #[arg(long, default_value_t = 256)]
    in_flight: u16,
    /// Only the comparisons whose name contains this
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// Three rounds of one second: a look, not a result
    #[arg(long)]
    quick: bool,
    /// Where the figures go as JSON; target/bench/compare.json unless given
    #[arg(long, value_name = "PATH")]
    json: Option<PathBuf>,
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

/// How long and how hard.
#[derive(Debug, Clone, Copy, serde::Serialize)]
pub(crate) struct Method {
    pub(crate) rounds: u32,
    pub(crate) seconds: f64,
    pub(crate) in_flight: u16,
}

impl Method {
    fn of(args: &Args) -> Self {
        let (rounds, seconds) = if args.quick { (3, 1.0) } else { (args.rounds.max(1), args.seconds) };
        Self { rounds, seconds: seconds.clamp(0.1, 3600.0), in_flight: args.in_flight.max(1) }
    }

    pub(crate) fn length(&self) -> Duration {
        Duration::from_secs_f64(self.seconds)
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
    let method = Method::of(args);
    let figures = rounds::run(&servers, method, args.only.as_deref(), args.against.as_ref()).await?;
    print!("{}", report::table(&figures));
    let path = args.json.clone().unwrap_or_else(default_json);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    }
    std::fs::write(&path, serde_json::to_vec_pretty(&report::json(&figures))?)
        .with_context(|| format!("cannot write {}", path.display()))?;
    println!("\nThe figures of every round are in {}.", path.display());
    let (errors, warnings) = (report::errors(&figures), figures.warnings.len());
    ensure!(errors == 0 && warnings == 0, "{errors} wrong replies, {warnings} warnings: see above");
    Ok(())
}

fn default_json() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from);
    target.join("bench").join("compare.json")
}
