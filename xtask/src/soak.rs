//! `cargo xtask soak`: whether a node holds on to resources that it does not need.
//!
//! The program of the package `beds-soak` does the work.

use anyhow::Result;

use crate::workspace::{self, cargo, root};

/// Has a node answer many requests, and compares what it holds afterwards with what it held before.
///
/// The requests are reads, writes, calls, batches and events on both engines, one in twenty of them wrong. The node is
/// built with an allocator that counts. It fails if more than 64 KiB more of the heap is in use than after the warm-up, or
/// there are more tasks, threads, file descriptors, consumers or connections.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How many requests [default: 1000000]
    #[arg(long, default_value_t = 1_000_000, hide_default_value = true)]
    requests: u64,
    /// What all requests are drawn from [default: 1]
    #[arg(long, default_value_t = 1, hide_default_value = true)]
    seed: u64,
    /// What is passed on besides: `cargo xtask soak -- --help` lists it
    #[arg(last = true, value_name = "OPTION")]
    options: Vec<String>,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<()> {
    let Args { requests, seed, options } = args;
    let mut command = cargo(&root()?);
    command.args(["run", "--quiet", "--release", "--package", "beds-soak", "--"]);
    command.arg(format!("--requests={requests}")).arg(format!("--seed={seed}")).args(options);
    workspace::run(command)
}
