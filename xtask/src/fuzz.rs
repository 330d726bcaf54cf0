//! `cargo xtask fuzz`: tries arbitrary bytes from clients, without servers.
//!
//! The program of the package `beds-fuzz` does the work.

use anyhow::Result;

use crate::workspace::{self, cargo, root};

/// Tries what any bytes of a client become: envelopes, headers, bodies, filters, cursors, batches.
///
/// Each case goes the way of a delivery to databases that do every plan at once. It fails at the first case that
/// panics, hangs, blames the node, or is answered in another form than the protocol's, and says how to try it again.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What is tried: envelopes, headers, bodies, filters, cursors or batches; all unless given
    target: Option<String>,
    /// How many cases of each [default: 1000000]
    #[arg(long, default_value_t = 1_000_000, hide_default_value = true)]
    runs: u64,
    /// What all cases are drawn from [default: 1]
    #[arg(long, default_value_t = 1, hide_default_value = true)]
    seed: u64,
    /// The number of the first case, to try one again
    #[arg(long, default_value_t = 0, hide_default_value = true)]
    from: u64,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<()> {
    let Args { target, runs, seed, from } = args;
    let mut command = cargo(&root()?);
    // Without optimizations, since an overflow then panics.
    command.args(["run", "--quiet", "--package", "beds-fuzz", "--"]).args(target);
    command.arg(format!("--runs={runs}")).arg(format!("--seed={seed}")).arg(format!("--from={from}"));
    workspace::run(command)
}
