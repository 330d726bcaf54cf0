//! `beds design apply`: runs the content that a DBA signed, in the database that a DBA names. The account is given
//! here, and never in the configuration of a node.

use std::{
    io::{self, BufRead as _, IsTerminal as _, Write as _},
    path::PathBuf,
    time::Duration,
};

use beds_core::settings::SecretUrl;
use beds_design::{
    boundary::{self, Approvers},
    plan::command,
    proposal::{Carried, Proposal},
};
use beds_proof::{
    Place,
    apply::{self, Deed, Stopped},
};
use beds_protocol::OneLine;
use tokio::time::timeout;

/// How long the inspection of the database may take. A step has no limit: an index of a large table takes long.
const PLAN_TIME: Duration = Duration::from_mins(1);

/// Arguments of `beds design apply`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The folder of the proposal, which a DBA has approved
    folder: PathBuf,
    /// The database, with the account of a DBA: `mysql://dba@host:3306/database`, `mongodb://dba@host:27017`
    #[arg(long, value_name = "URL", env = "BEDS_DBA_URL", hide_env_values = true)]
    url: String,
    /// The name of the database on a MongoDB server
    #[arg(long, value_name = "NAME")]
    database: Option<String>,
    #[command(flatten)]
    tls: crate::cli::tls::TlsFiles,
    /// Do not ask before it begins
    #[arg(long)]
    yes: bool,
    /// Say what would run, and run nothing
    #[arg(long)]
    dry_run: bool,
}

/// Verifies, inspects, shows, asks, runs.
pub(super) async fn run(args: &Args, approvers: &Approvers) -> Result<(), String> {
    let approved = boundary::verify_signature(&args.folder, approvers).map_err(|flaw| flaw.to_string())?;
    let (manifest, approval) = (&approved.proposal().manifest, approved.approval());
    let url = SecretUrl::new(&args.url).with_tls(args.tls.files());
    let place = Place::read(manifest.engine, url, args.database.as_deref())?;
    let plan = match timeout(PLAN_TIME, apply::plan(&approved, &place)).await {
        Ok(plan) => plan?,
        Err(_) => {
            return Err(format!(
                "{} did not list its objects within {} s: nothing was run; check that it answers, and try again",
                place.shown(),
                PLAN_TIME.as_secs()
            ));
        }
    };
    anstream::println!("{}: {}", OneLine(&manifest.name), OneLine(&manifest.description));
    anstream::println!(
        "approved by {} at {}, hash {}",
        approval.approver,
        approval.approved_at,
        approval.hash
    );
    anstream::println!("in {}:", place.shown());
    for (step, deed) in plan.steps() {
        let note = match deed {
            Deed::Run => "",
            Deed::Leave => ", which is there already",
        };
        anstream::println!("  {}{note}", OneLine(&step.what()));
    }
    if args.dry_run {
        anstream::println!("nothing was run");
        return Ok(());
    }
    if !args.yes {
        agreed()?;
    }
    let ended = plan.run(|number, step| anstream::eprintln!("{number}: {}", OneLine(&step.what()))).await;
    match ended {
        Ok(()) => {
            anstream::println!(
                "all of it is done; next: the script in grants/, templates/ into the node's project, a rebuild"
            );
            migrations(approved.proposal())
        }
        Err(Stopped { reason, stands, missing }) => {
            let list =
                |steps: &[String]| if steps.is_empty() { "nothing".to_owned() } else { steps.join(", ") };
            Err(format!("it stopped at {reason}\ndone: {}\nmissing: {}", list(&stands), list(&missing)))
        }
    }
}

/// Prints how old records come over. The commands have what was signed: the folder may be changed after this.
fn migrations(proposal: &Proposal) -> Result<(), String> {
    let migrations = &proposal.manifest.migrations;
    if migrations.is_empty() {
        return Ok(());
    }
    anstream::println!(
        "then the old records, while no client writes and no node with the old templates runs; start each when the one \
         before is done, and has no rejects: `beds job show ID` has `rejects` 0, and the counts of `source` and `target` \
         are equal:"
    );
    for Carried { file, .. } in migrations {
        let body = proposal.files.get(file).and_then(|bytes| serde_json::from_slice(bytes).ok());
        let body = body.ok_or_else(|| format!("{file} is no JSON: make the proposal again"))?;
        anstream::println!("  {}", command(&body));
    }
    Ok(())
}

/// Asks the DBA at the terminal.
fn agreed() -> Result<(), String> {
    if !io::stdin().is_terminal() {
        return Err("there is no terminal to ask: --yes runs it without a question".to_owned());
    }
    anstream::print!("Run this? [yes/no] ");
    io::stdout().flush().map_err(|error| error.to_string())?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).map_err(|error| error.to_string())?;
    if answer.trim() == "yes" { Ok(()) } else { Err("nothing was run".to_owned()) }
}
