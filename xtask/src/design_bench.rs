//! `cargo xtask design-bench`: which models a language model makes from many descriptions.
//!
//! The program of the package `beds-design-bench` does the work.

use anyhow::Result;

use crate::workspace::{self, cargo, root};

/// Asks a language model about each description of `benches/design`, and says what passed at once, after repair, not at all.
///
/// `cargo xtask design-bench --endpoint http://127.0.0.1:8080/v1 --model NAME` asks; `--replay` plays the conversations
/// again that are kept; `--prove` proves each model on scratch servers. `--help` lists the rest.
#[derive(Debug, clap::Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Args {
    /// Passed on to the program
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "OPTIONS")]
    rest: Vec<String>,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<()> {
    let mut command = cargo(&root()?);
    command.args(["run", "--quiet", "--package", "beds-design-bench", "--"]).args(&args.rest);
    workspace::run(command)
}
