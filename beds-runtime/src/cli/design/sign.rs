//! A DBA's actions on a proposal: look at it, and sign it.

use std::path::{Path, PathBuf};

use beds_design::{
    boundary::{self, Approvers, SecretKey},
    proposal::{self, Author, Proposal, REPORT},
};
use beds_protocol::OneLine;

/// Arguments of `beds design approve`.
#[derive(Debug, clap::Args)]
pub(super) struct Approve {
    /// The folder of the proposal
    folder: PathBuf,
    /// The file of the key: Ed25519, PKCS #8 in PEM, which nobody else may read
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Whose key it is, by the name in [design.approvers]
    #[arg(long = "as", value_name = "NAME")]
    approver: String,
    /// Say what would be signed, and sign nothing
    #[arg(long)]
    dry_run: bool,
}

/// Shows a proposal after a check of its integrity, and whether it is signed.
pub(super) fn show(folder: &Path, approvers: &Approvers) -> Result<(), String> {
    let (proposal, approval) = proposal::read(folder).map_err(|flaw| flaw.to_string())?;
    told(&proposal);
    anstream::println!("read {} before you sign", folder.join(REPORT).display());
    if approval.is_none() {
        anstream::println!("nobody has approved it");
        return Ok(());
    }
    let approved = boundary::verify_signature(folder, approvers).map_err(|flaw| flaw.to_string())?;
    let approval = approved.approval();
    anstream::println!("approved by {} at {}", approval.approver, approval.approved_at);
    Ok(())
}

/// Signs a proposal.
pub(super) fn approve(args: &Approve, approvers: &Approvers) -> Result<(), String> {
    let key = SecretKey::read(&args.key).map_err(|flaw| flaw.to_string())?;
    if args.dry_run {
        let (proposal, _) = proposal::read(&args.folder).map_err(|flaw| flaw.to_string())?;
        told(&proposal);
        boundary::may_be_signed(&proposal).map_err(|flaw| flaw.to_string())?;
        anstream::println!("nothing was signed");
        return Ok(());
    }
    let approval = boundary::approve(&args.folder, &key, &args.approver, approvers, &super::now()?)
        .map_err(|flaw| flaw.to_string())?;
    anstream::println!("{} approved {} at {}", approval.approver, approval.hash, approval.approved_at);
    Ok(())
}

/// Makes a key.
pub(super) fn keygen(path: &Path) -> Result<(), String> {
    let public = boundary::keygen(path).map_err(|flaw| flaw.to_string())?;
    anstream::eprintln!("wrote {}: let nobody else read it. For the configuration:", path.display());
    anstream::println!("[design.approvers]\nNAME = \"{public}\"");
    Ok(())
}

/// Prints a summary of a proposal. Each text stays on one line, whatever characters it contains.
pub(super) fn told(proposal: &Proposal) {
    let manifest = &proposal.manifest;
    let engine = manifest.engine.title();
    anstream::println!("{}: {}", OneLine(&manifest.name), OneLine(&manifest.description));
    anstream::println!("for the database {} of {engine}", OneLine(&manifest.database));
    match &manifest.author {
        Author::File => anstream::println!("from a model file"),
        Author::Model(name) => {
            anstream::println!("from {}, in {} rounds", OneLine(name), manifest.rounds.len());
        }
    }
    for change in manifest.changes.iter().filter(|change| change.effect == "breaking") {
        anstream::println!(
            "breaking for clients: {}: {}: {}: {}",
            OneLine(&change.template),
            OneLine(&change.place),
            OneLine(&change.what),
            OneLine(&change.why)
        );
    }
    for note in &manifest.notes {
        anstream::println!("old records: {}", OneLine(note));
    }
    for migration in &manifest.migrations {
        let (from, to) = (OneLine(&migration.from), OneLine(&migration.to));
        anstream::println!("migration of old records: {from} to {to}, in {}", OneLine(&migration.file));
        if !migration.lost.is_empty() {
            let lost = migration.lost.join(", ");
            anstream::println!("nothing of {to} takes over what {from} has: {}", OneLine(&lost));
        }
    }
    for proof in &manifest.proofs {
        let word = if proof.passed { "passed" } else { "failed" };
        anstream::println!("{word}  {}: {}", proof.gate.as_str(), OneLine(&proof.detail));
    }
    anstream::println!("{} statements, {} files", manifest.steps.len(), proposal.files.len());
    anstream::println!("hash {}", manifest.hash);
}
