//! `cargo xtask fuzz` runs this.

use std::{process::ExitCode, time::Instant};

use beds_fuzz::{Target, run};
use clap::{Parser, ValueEnum as _};

/// Tries what any bytes of a client become, without servers.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask fuzz", bin_name = "cargo xtask fuzz")]
struct Args {
    /// What is tried; all unless given
    target: Option<Target>,
    /// How many cases of each
    #[arg(long, default_value_t = 100_000)]
    runs: u64,
    /// What all cases are drawn from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The number of the first case, to try one again
    #[arg(long, default_value_t = 0)]
    from: u64,
}

fn main() -> ExitCode {
    let Args { target, runs, seed, from } = Args::parse();
    let targets = target.map_or_else(|| Target::value_variants().to_vec(), |target| vec![target]);
    for target in targets {
        let began = Instant::now();
        match run(target, seed, from..from.saturating_add(runs)) {
            Ok(counts) => println!("{target:?}: {runs} in {} s: {counts:?}", began.elapsed().as_secs()),
            Err(failure) => {
                eprintln!("error: {failure}");
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}
