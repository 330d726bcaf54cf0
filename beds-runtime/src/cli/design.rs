//! `beds design`: from a description or a model to a proposal, its proofs, a signature, and into a database. Only
//! `apply` reaches a database that is not a scratch one, and only with the signed content.

mod apply;
mod ask;
mod new;
mod prove;
mod sign;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use beds_design::{boundary::Approvers, model};
use clap::Subcommand;

use crate::config::{Config, Design, Environment};

/// Arguments of `beds design`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  beds design new --model library.json
  beds design new --description library.txt --samples readers.csv --show-prompt
  beds design prove proposals/library
  beds design show proposals/library
  beds design keygen ~/ada.pem
  beds design approve proposals/library --key ~/ada.pem --as ada
  beds design apply proposals/library --url mysql://dba@db.example/library --dry-run

docs/design.md describes it. Exit status: 0 when it was done, 1 when not.")]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a proposal of a model file, or of what a language model makes of a description
    New(new::Args),
    /// Prove a proposal on scratch servers: objects, grants, a node with its templates, filters among many records
    Prove(prove::Args),
    /// Show a proposal: what it is, its hash, what was proved, who signed it
    Show {
        /// The folder of the proposal
        folder: PathBuf,
    },
    /// Sign a proposal: its hash, over every byte of it
    Approve(sign::Approve),
    /// Run an approved proposal in a database, step by step
    Apply(apply::Args),
    /// Make a key to sign with; the public half is for [design.approvers] of the configuration
    Keygen {
        /// The file of the key, which must not be there yet
        path: PathBuf,
    },
    /// Print the JSON Schema of a model
    Schema,
}

/// Runs a command. Only commands that need the configuration read it, and only the part that they need.
pub(super) async fn run(args: &Args, folder: &Path) -> ExitCode {
    let config = || {
        let environment = Environment::from_env()?;
        Config::design(folder, environment)
    };
    let with_real = || {
        let environment = Environment::from_env()?;
        Config::design_and_real(folder, environment)
    };
    let done = match &args.command {
        Command::New(args) if new::needs_config(args) => match with_real() {
            Ok((design, real)) => new::run(args, &design, &real).await,
            Err(error) => return super::refused(&error),
        },
        Command::New(args) => new::run(args, &Design::default(), &[]).await,
        Command::Prove(args) => match with_real() {
            Ok((design, real)) => prove::run(args, &design, &real).await,
            Err(error) => return super::refused(&error),
        },
        Command::Apply(args) => match config() {
            Ok(design) => match approvers(&design) {
                Ok(approvers) => apply::run(args, &approvers).await,
                Err(error) => Err(error),
            },
            Err(error) => return super::refused(&error),
        },
        Command::Show { folder } => match config() {
            Ok(design) => approvers(&design).and_then(|approvers| sign::show(folder, &approvers)),
            Err(error) => return super::refused(&error),
        },
        Command::Approve(args) => match config() {
            Ok(design) => approvers(&design).and_then(|approvers| sign::approve(args, &approvers)),
            Err(error) => return super::refused(&error),
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
fn approvers(design: &Design) -> Result<Approvers, String> {
    let one = |(name, key): (&String, &String)| {
        let key = key.parse().map_err(|error| format!("[design.approvers] {name}: {error}"))?;
        Ok((name.clone(), key))
    };
    design.approvers.iter().map(one).collect()
}

/// The present moment as text.
fn now() -> Result<String, String> {
    let now = time::OffsetDateTime::now_utc().replace_nanosecond(0).map_err(|error| error.to_string())?;
    now.format(&time::format_description::well_known::Rfc3339).map_err(|error| error.to_string())
}
