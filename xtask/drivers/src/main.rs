//! The part of `cargo xtask` that uses the servers' drivers: it applies the schema, loads the demo's data and sends
//! requests about it.
//!
//! It is a separate program because the drivers take a minute to build. `cargo xtask` starts in seconds without them,
//! and builds this program together with the node, which has the same drivers. It finds the servers in `AMQP_URL`,
//! `MARIADB_URL` and `MONGODB_URL`, and starts none.

mod demo;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use beds_devstack::{Stack, schema};
use clap::Parser;

/// What `cargo xtask` starts this for.
#[derive(Debug, Parser)]
#[command(name = "xtask-drivers")]
enum Command {
    /// Apply a schema to the databases
    Schema {
        /// Has the folders `mariadb` and `mongodb`
        folder: PathBuf,
    },
    /// Load the demo's data over AMQP and ask about them
    Demo,
}

fn main() -> ExitCode {
    let result = match Command::parse() {
        Command::Schema { folder } => apply(&folder),
        Command::Demo => demo::run(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn apply(folder: &std::path::Path) -> Result<()> {
    let servers = Stack::builder().mariadb().mongodb().start()?;
    Ok(schema::apply(&servers, folder)?)
}
