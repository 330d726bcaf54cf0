//! `bedsc`: the template compiler for DBAs.
//!
//! It is separate from the node: a broken template must not stop the tool that explains it. This file is the command
//! line. Each command is a module, and leaves to the library whatever the library can render.

mod check;
mod diff;
mod docs;
mod expand;
mod explain;
mod fix;
mod fmt;
mod new;
mod propose;
mod shell;
mod write;

use std::{path::PathBuf, process::ExitCode};

use beds_codegen::{Compiler, Output, Report, model::Engine};
use clap::{
    Args, Parser, Subcommand, ValueEnum,
    builder::{PossibleValuesParser, TypedValueParser},
};

/// Checks and compiles BEDS templates.
#[derive(Debug, Parser)]
#[command(name = "bedsc", version, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check templates and report every mistake
    Check(check::Check),
    /// Fix what a machine can fix: nearest names, translated types, punctuation
    Fix(fix::Fix),
    /// Give templates one layout; comments stay
    Fmt(fmt::Fmt),
    /// Show which clients a change of templates breaks
    Diff(diff::Diff),
    /// Show the Rust that a template becomes
    Expand(expand::Expand),
    /// Explain a diagnostic code, such as B0101
    Explain(explain::Explain),
    /// Write a commented template to start from
    New(new::New),
    /// Propose the tables, views, procedures and validators that templates name
    Ddl(propose::Ddl),
    /// Print the least rights that the node's user needs
    Grants(propose::Grants),
    /// Print the JSON Schema of what clients send and get, or of the template language
    Schema(propose::Schema),
    /// Write a catalogue of the domains as static HTML
    Docs(docs::Docs),
    /// Print an `AsyncAPI` 3.0 document of the domains
    #[command(name = "asyncapi")]
    AsyncApi(docs::AsyncApi),
    /// Print completions for a shell
    Completions(shell::Completions),
    /// Print the manual page, or write one page per command
    Man(shell::Man),
}

/// What every command that reads templates takes.
#[derive(Debug, Args)]
struct Input {
    /// Folder of the pipelines that templates name [default: schema/mongodb beside the folder of templates]
    #[arg(long, value_name = "FOLDER")]
    pipelines: Option<PathBuf>,
    /// How to report mistakes
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

/// How a report is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people: on standard error, coloured on a terminal
    Human,
    /// For editors: on standard output, one JSON object per line
    Json,
}

impl Input {
    /// Compiles templates in memory. Reports the errors, or returns the output.
    fn compile(&self, paths: &[PathBuf]) -> Option<Output> {
        self.compile_from(&self.compiler(paths))
    }

    /// A compiler for these templates, with their pipelines and hand-written domains.
    fn compiler(&self, paths: &[PathBuf]) -> Compiler {
        Compiler::of_project(paths, self.pipelines.as_deref())
    }

    /// The same with a compiler that is already set up.
    fn compile_from(&self, compiler: &Compiler) -> Option<Output> {
        match compiler.compile() {
            Ok(output) => {
                self.print(&output.warnings);
                Some(output)
            }
            Err(report) => {
                self.print(&report);
                let (errors, s) = (report.errors(), if report.errors() == 1 { "" } else { "s" });
                if self.format == Format::Human {
                    anstream::eprintln!("{errors} error{s}; `bedsc explain CODE` tells more about each");
                }
                None
            }
        }
    }

    fn print(&self, report: &Report) {
        Self::print_as(self.format, report);
    }

    fn print_as(format: Format, report: &Report) {
        match format {
            // `anstream` removes colours if the output does not show them.
            Format::Human => anstream::eprint!("{}", report.render(true)),
            Format::Json => anstream::print!("{}", report.json()),
        }
    }
}

/// The engines, as flags name them.
fn engines() -> impl TypedValueParser<Value = Engine> {
    PossibleValuesParser::new(Engine::ALL.iter().map(|engine| engine.as_str())).try_map(|name| engine(&name))
}

fn engine(name: &str) -> Result<Engine, String> {
    Engine::from_name(name).ok_or_else(|| format!("there is no engine `{name}`"))
}

fn main() -> ExitCode {
    let is_done = match Cli::parse().command {
        Command::Check(command) => command.run(),
        Command::Fix(command) => command.run(),
        Command::Fmt(command) => command.run(),
        Command::Diff(command) => return ExitCode::from(command.run()),
        Command::Expand(command) => command.run(),
        Command::Explain(command) => command.run(),
        Command::New(command) => command.run(),
        Command::Ddl(command) => command.run(),
        Command::Grants(command) => command.run(),
        Command::Schema(command) => command.run(),
        Command::Docs(command) => command.run(),
        Command::AsyncApi(command) => command.run(),
        Command::Completions(command) => command.run(),
        Command::Man(command) => command.run(),
    };
    if is_done { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
