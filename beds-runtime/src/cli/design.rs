//! `beds design`: from a description or a model to a proposal, and from a proposal to a signature. Nothing here reaches a
//! database.

mod new;
mod sign;

use std::{path::PathBuf, process::ExitCode};

use beds_design::{boundary::Approvers, model};
use clap::Subcommand;

use super::Environment;
use crate::config::Config;

/// Arguments of `beds design`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  beds design new --model library.json
  beds design new --description library.txt --samples readers.csv --show-prompt
  beds design show proposals/library
  beds design keygen ~/ada.pem
  beds design approve proposals/library --key ~/ada.pem --as ada

docs/design.md tells all of it. Exit status: 0 when it was done, 1 when not.")]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a proposal of a model file, or of what a language model makes of a description
    New(new::Args),
    /// Show a proposal: what it is, its hash, what was proved, who signed it
    Show {
        /// The folder of the proposal
        folder: PathBuf,
    },
    /// Sign a proposal: its hash, over every byte of it
    Approve(sign::Approve),
    /// Make a key to sign with; the public half is for [design.approvers] of the configuration
    Keygen {
        /// The file of the key, which must not be there yet
        path: PathBuf,
    },
    /// Print the JSON Schema of a model
    Schema,
}

/// Runs a command; the configuration is read by those that need it.
pub(super) async fn run(
    args: &Args,
    config: impl Fn() -> Result<(Config, Environment), ExitCode>,
) -> ExitCode {
    let done = match &args.command {
        Command::New(args) => match new::needs_config(args) {
            true => match config() {
                Ok((config, _)) => new::run(args, &config.design).await,
                Err(code) => return code,
            },
            false => new::run(args, &crate::config::Design::default()).await,
        },
        Command::Show { folder } => match config() {
            Ok((config, _)) => approvers(&config).and_then(|approvers| sign::show(folder, &approvers)),
            Err(code) => return code,
        },
        Command::Approve(args) => match config() {
            Ok((config, _)) => approvers(&config).and_then(|approvers| sign::approve(args, &approvers)),
            Err(code) => return code,
        },
        Command::Keygen { path } => sign::keygen(path),
        Command::Schema => {
            anstream::println!("{:#}", model::schema());
            Ok(())
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            anstream::eprintln!("beds design: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The DBAs of the configuration, with their keys.
fn approvers(config: &Config) -> Result<Approvers, String> {
    let one = |(name, key): (&String, &String)| {
        let key = key.parse().map_err(|error| format!("[design.approvers] {name}: {error}"))?;
        Ok((name.clone(), key))
    };
    config.design.approvers.iter().map(one).collect()
}

/// Now, as it is written down.
fn now() -> Result<String, String> {
    let now = time::OffsetDateTime::now_utc().replace_nanosecond(0).map_err(|error| error.to_string())?;
    now.format(&time::format_description::well_known::Rfc3339).map_err(|error| error.to_string())
}
