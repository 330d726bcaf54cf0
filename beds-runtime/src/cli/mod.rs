//! The command line of a node's binary: one command a file.

mod access;
mod asking;
mod audit;
mod call;
mod check;
mod ddl;
mod dead;
mod design;
mod fleet;
mod import;
mod job;
mod shell;
mod tls;
mod verify;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

use beds_core::Factory;

use crate::{
    Project, Signals,
    config::{Config, ConfigError, Environment, FOLDER},
    ipl::Step,
    node,
};

/// BEDS: DBA-owned database objects on a message bus.
#[derive(Debug, Parser)]
#[command(name = "beds", version, propagate_version = true)]
struct Cli {
    /// Folder with beds.toml and env_{dev,qa,prod}.toml; environment variables `BEDS__SECTION__KEY` override both
    #[arg(long, global = true, value_name = "DIR", default_value = FOLDER, env = "BEDS_CONFIG")]
    config: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a node: serve requests from RabbitMQ until SIGTERM or Ctrl-C
    Node,
    /// Check what a node needs to start: configuration, RabbitMQ, databases
    Check,
    /// Send one request and print the reply
    Call(call::Args),
    /// Write templates for the tables, views, procedures and functions of an existing database
    Import(import::Args),
    /// Compare the templates with the live databases: objects, columns, parameters, grants
    Verify(verify::Args),
    /// Print who may do what: roles, operations, records and fields
    Access(access::Args),
    /// List, show, replay, drop or export dead letters
    Dead(dead::Args),
    /// Tell nodes what to do, and show what they answer: how they are, where nothing else is named
    Fleet(fleet::Args),
    /// Show who changed which record, when and how
    Audit(audit::Args),
    /// Show jobs such as migrations and how far they are; pause, resume or cancel one
    Job(job::Args),
    /// Write scripts for what the live databases lack of the objects that templates name
    Ddl(ddl::Args),
    /// Objects by description: templates and database objects from a model, proved, and signed by a DBA
    Design(design::Args),
    /// Print completions for a shell
    Completions(shell::Completions),
    /// Print the manual page, or write one a command
    Man(shell::Man),
}

/// Runs the command line of a binary with these domains: the whole of a project's `main`.
#[must_use]
pub fn run<F: Factory>() -> ExitCode {
    run_project(Project::of::<F>())
}

fn run_project(project: Project) -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("beds: the runtime cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    let config = || load(&cli.config);
    let code = runtime.block_on(async {
        match &cli.command {
            Command::Node => {
                let signals = Signals::listen();
                match Environment::from_env() {
                    Ok(environment) => {
                        let load = || Config::load(&cli.config, environment);
                        node::run(project, environment, load, signals).await
                    }
                    Err(error) => refused(&error),
                }
            }
            Command::Check => match config() {
                Ok((config, environment)) => check::run(project.domains, &config, environment).await,
                Err(code) => code,
            },
            Command::Call(args) => call::run(&project.domains, args, &cli.config).await,
            Command::Import(args) => import::run(args).await,
            Command::Verify(args) => match config() {
                Ok((config, _)) => verify::run(project.domains, args, &config).await,
                Err(code) => code,
            },
            Command::Access(args) => match config() {
                Ok((config, environment)) => access::run(&project.domains, args, (&config, environment)),
                Err(code) => code,
            },
            Command::Dead(args) => match config() {
                Ok((config, _)) => dead::run(&project.domains, args, &config).await,
                Err(code) => code,
            },
            Command::Fleet(args) => fleet::run(&project.domains, args, &cli.config).await,
            Command::Audit(args) => audit::run(&project.domains, args, &cli.config).await,
            Command::Job(args) => job::run(&project.domains, args, &cli.config).await,
            Command::Ddl(args) => match config() {
                Ok((config, _)) => ddl::run(args, &config).await,
                Err(code) => code,
            },
            Command::Design(args) => design::run(args, &cli.config).await,
            Command::Completions(command) => command.run(),
            Command::Man(command) => command.run(),
        }
    });
    // Threads that still block, such as in a name lookup, are not waited for.
    runtime.shutdown_background();
    code
}

fn load(folder: &std::path::Path) -> Result<(Config, Environment), ExitCode> {
    let load = || {
        let environment = Environment::from_env()?;
        Ok((Config::load(folder, environment)?, environment))
    };
    load().map_err(|error| refused(&error))
}

fn refused(error: &ConfigError) -> ExitCode {
    eprintln!("beds: configuration: {error}");
    Step::Configuration.exit_code()
}
