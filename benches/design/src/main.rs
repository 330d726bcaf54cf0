//! Which models a language model makes from many descriptions: `cargo xtask design-bench`.
//!
//! - `case`: a description with its samples, and the kept conversation.
//! - `run`: one description, with the requests of `beds design new`.
//! - `report`: the table, the JSON.

mod case;
mod report;
mod run;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};
use beds_design::converse::{Http, HttpSettings, Limits};
use clap::Parser;

use crate::{
    case::Case,
    report::{Outcome, Report},
    run::Asked,
};

/// Asks a language model about each description, and says what passed at once, after repair, and not at all.
#[derive(Debug, Parser)]
#[command(name = "design-bench")]
struct Args {
    /// Where the language model is asked, up to the version, such as <http://127.0.0.1:8080/v1>
    #[arg(long, value_name = "URL", required_unless_present = "replay", requires = "model")]
    endpoint: Option<String>,
    /// The name of the language model
    #[arg(long, value_name = "NAME", conflicts_with = "replay")]
    model: Option<String>,
    /// The file with the key, where the endpoint wants one
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// Play the conversations again that are kept, and ask nobody
    #[arg(long, conflicts_with = "endpoint")]
    replay: bool,
    /// Keep the conversations in place of those that are kept
    #[arg(long, conflicts_with = "replay")]
    record: bool,
    /// Keep the answers, and write anew what is asked and said of them
    #[arg(long, requires = "replay")]
    renew: bool,
    /// Prove each model on scratch servers as well, which takes minutes each; what is refused goes back
    #[arg(long, conflicts_with = "renew")]
    prove: bool,
    /// How many records filters and sorts are tried among
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    records: u64,
    /// Only the descriptions whose names have one of these parts
    #[arg(long, value_name = "PART", value_delimiter = ',')]
    only: Vec<String>,
    /// How often the language model is asked about one description
    #[arg(long, default_value_t = Limits::default().attempts)]
    attempts: u32,
    /// The most tokens of one conversation
    #[arg(long, default_value_t = Limits::default().tokens)]
    tokens: u64,
    /// The most tokens of one answer
    #[arg(long, default_value_t = Limits::default().answer_tokens)]
    max_tokens: u32,
    /// How long one conversation may take with its proofs, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    timeout: u32,
    /// Where the figures go as JSON; target/design-bench.json unless given
    #[arg(long, value_name = "PATH")]
    json: Option<PathBuf>,
    /// The folder with `descriptions/` and `recorded/`; that of the sources unless given
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("design-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the benchmark. It fails only if a kept conversation differs from the current requests. The quality of the
/// models is only reported.
async fn run(args: &Args) -> Result<()> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = args.folder.as_deref().unwrap_or(own);
    let mut cases = Case::all(folder)?;
    let is_wanted =
        |case: &Case| args.only.is_empty() || args.only.iter().any(|part| case.name.contains(part));
    cases.retain(is_wanted);
    ensure!(!cases.is_empty(), "no description in {} has such a name", folder.display());
    if args.replay {
        let all = cases.len();
        cases.retain(Case::is_recorded);
        println!("{} of {all} descriptions have a conversation that is kept", cases.len());
    }
    let limits = Limits {
        attempts: args.attempts,
        tokens: args.tokens,
        time: Duration::from_secs(args.timeout.into()),
        answer_tokens: args.max_tokens,
        ..Limits::default()
    };
    let settings = if args.prove { Some(run::settings(args.records)?) } else { None };
    let http = match (&args.endpoint, &args.model) {
        (Some(url), Some(model)) => {
            let settings = HttpSettings { url, model, key_file: args.key_file.as_deref() };
            Some(Http::new(&settings).map_err(anyhow::Error::msg)?)
        }
        _ => None,
    };
    let of = args.model.clone().unwrap_or_else(|| "conversations that are kept".to_owned());
    let mut report = Report::new(of, args.replay, args.prove);
    for (number, case) in (1..).zip(&cases) {
        eprintln!("[{number}/{}] {}", cases.len(), case.name);
        let asked = match &http {
            Some(http) => run::asked(http, case, limits, settings.as_ref()).await?,
            None => run::replayed(case, limits, settings.as_ref(), args.renew).await?,
        };
        let Asked { outcome, rounds } = asked;
        if args.record || args.renew {
            case.keep(&rounds)?;
        }
        report.add(&case.name, outcome, &rounds);
    }
    println!("{report}");
    let json = args.json.clone().unwrap_or_else(|| own.join("../../target/design-bench.json"));
    report.write(&json).with_context(|| format!("cannot write {}", json.display()))?;
    println!("the figures are in {}", json.display());
    if report.has(|outcome| matches!(outcome, Outcome::Stale { .. })) {
        bail!(
            "what is asked is not what was asked when a conversation was kept: `cargo xtask design-bench --replay --renew` keeps the \
             answers and asks anew; with --endpoint, --model and --record a language model answers"
        );
    }
    Ok(())
}
