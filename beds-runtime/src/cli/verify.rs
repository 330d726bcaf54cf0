//! `beds verify`

use std::{io::Write as _, process::ExitCode};

use clap::ValueEnum;

use beds_core::spec::Domain;
use beds_protocol::nearest;
use beds_tools::verify::{self, Severity};

use crate::{config::Config, templates};

/// Arguments of `beds verify`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  beds verify
  beds verify --template product --template order
  beds verify --format json --strict

Exit status: 0 when no template contradicts its database, 1 when one does, 2 when a database cannot be looked at.
Warnings count only with --strict.")]
pub(super) struct Args {
    /// How to show what is found
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Only this template; may be given several times
    #[arg(long, value_name = "NAME")]
    template: Vec<String>,
    /// Warnings fail as errors do
    #[arg(long)]
    strict: bool,
    /// Also show what of values a column does not keep, and what this user cannot see
    #[arg(long)]
    notes: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Table,
    /// For machines
    Json,
}

/// Compares the templates with the live databases.
pub(super) async fn run(all: Vec<&'static Domain>, args: &Args, config: &Config) -> ExitCode {
    let mut domains = all.clone();
    if !args.template.is_empty() {
        if let Some(unknown) =
            args.template.iter().find(|name| !all.iter().any(|domain| domain.name == **name))
        {
            let known: Vec<_> = all.iter().map(|domain| domain.name).collect();
            let hint = match nearest(unknown, known.iter().copied()) {
                Some(name) => format!("did you mean `{name}`?"),
                None => format!("use one of {}", known.join(", ")),
            };
            eprintln!("beds verify: unknown template `{unknown}`: {hint}");
            return ExitCode::from(2);
        }
        domains.retain(|domain| args.template.iter().any(|name| name == domain.name));
    }
    let report = verify::verify(templates::sources(config), &domains, &all).await;
    match args.format {
        Format::Table => print(&report.table(args.notes)),
        Format::Json => print(&report.json()),
    }
    let fails = report.count(Severity::Error) > 0 || (args.strict && report.count(Severity::Warning) > 0);
    // An unchecked database may hide anything, so it counts more than the findings.
    if !report.unchecked.is_empty() {
        ExitCode::from(2)
    } else if fails {
        ExitCode::from(1)
    } else {
        ExitCode::SUCCESS
    }
}

fn print(text: &str) {
    // `anstream` strips styles if the output is not a terminal. A reader that closes the pipe has read enough.
    let _ = anstream::stdout().write_all(text.as_bytes());
}
