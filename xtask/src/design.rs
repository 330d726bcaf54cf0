//! The part of the demo with `beds design`: from a description to objects in a database, with a recorded conversation.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use anyhow::{Context, Result, ensure};
use beds_devstack::Stack;

use crate::build::{Profile, program};

/// The name of the description, and of the conversation about it.
const NAME: &str = "library";
/// The resulting proposal.
const PROPOSAL: &str = "proposals/library";

/// The working folder of a DBA.
#[derive(Debug)]
struct Site {
    beds: PathBuf,
    folder: PathBuf,
}

/// Shows the part. Each line that begins with `$` is a command as a user types it.
///
/// Proofs build a node, which takes too long for a demo. Unless proofs are asked for, the demo signs the proposal that
/// was proved when the recording was made. It is the proposal that the recording becomes now.
pub(crate) fn show(root: &Path, profile: Profile, stack: &Stack, proves: bool) -> Result<()> {
    let site = Site { beds: program(root, profile, "beds"), folder: stack.dir().join("design") };
    let bench = root.join("benches/design");
    fs::create_dir_all(site.folder.join("config")).context("cannot create a folder for proposals")?;
    fs::copy(bench.join("descriptions").join(NAME).with_extension("txt"), site.folder.join("library.txt"))
        .context("cannot copy the description")?;
    let replay = bench.join("recorded").join(NAME);
    site.config("")?;
    site.done(&["new", "--description", "library.txt", "--replay", &replay.to_string_lossy()])?;
    if proves {
        println!("      A node is built with it, which takes minutes the first time.");
        site.done(&["prove", PROPOSAL, "--records", "20000"])?;
    } else {
        site.proved_before(&bench.join("proved").join(NAME))?;
    }
    let key = site.run(&["keygen", "ada.pem"])?;
    site.config(&String::from_utf8_lossy(&key.stdout).replace("NAME", "ada"))?;
    site.done(&["approve", PROPOSAL, "--key", "ada.pem", "--as", "ada"])?;
    stack.mariadb_query(None, &format!("create database {NAME}"))?;
    let url = format!("{}/{NAME}", stack.mariadb_url());
    site.with_a_changed_byte(&url)?;
    site.done(&["apply", PROPOSAL, "--url", &url, "--yes"])?;
    println!("      What the audit in that database says:");
    let audit = "select concat_ws('  ', min(at), user, operation, min(record), if(count(*) > 1, concat('and ', count(*) - 1, ' more'), null)) \
                 from beds_audit group by user, operation order by min(at), operation";
    for line in stack.mariadb_query(Some(NAME), audit)?.lines() {
        println!("      | {line}");
    }
    Ok(())
}

impl Site {
    fn config(&self, text: &str) -> Result<()> {
        fs::write(self.folder.join("config/beds.toml"), text).context("cannot write the configuration")
    }

    fn run(&self, args: &[&str]) -> Result<Output> {
        let mut command = Command::new(&self.beds);
        // The settings of the demo's own node are not for the DBA.
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("BEDS_")) {
            command.env_remove(name);
        }
        command.current_dir(&self.folder).arg("design").args(args);
        command.output().with_context(|| format!("cannot start {}", self.beds.display()))
    }

    /// Runs a command that has to succeed, and shows its output.
    fn done(&self, args: &[&str]) -> Result<()> {
        println!("      $ beds design {}", args.join(" "));
        let output = self.run(args)?;
        for said in [&output.stderr, &output.stdout] {
            show_brief(&String::from_utf8_lossy(said));
        }
        ensure!(output.status.success(), "`beds design {}` failed: {}", args.join(" "), output.status);
        Ok(())
    }

    /// Replaces the new proposal by the proved one. Both must be the same except for the proofs.
    fn proved_before(&self, proved: &Path) -> Result<()> {
        let folder = self.folder.join(PROPOSAL);
        for file in ["model.json", "objects/mariadb.sql", "grants/mariadb.sql"] {
            let read = |folder: &Path| {
                fs::read(folder.join(file)).with_context(|| folder.join(file).display().to_string())
            };
            let what = "the proposal that was proved is another one: see benches/design/README.md";
            ensure!(read(&folder)? == read(proved)?, "{what}: {file} differs");
        }
        fs::remove_dir_all(&folder)?;
        copy(proved, &folder).context("cannot copy the proposal")?;
        println!(
            "      Proofs build a node: these are of before, of the same objects. `cargo xtask demo --prove` makes them now."
        );
        self.done(&["show", PROPOSAL])
    }

    /// A copy of the proposal with one changed byte, which does not run anywhere.
    fn with_a_changed_byte(&self, url: &str) -> Result<()> {
        let (from, to) = (self.folder.join(PROPOSAL), self.folder.join("proposals/changed"));
        copy(&from, &to).context("cannot copy the proposal")?;
        let objects = to.join("objects/mariadb.sql");
        let mut bytes = fs::read(&objects)?;
        if let Some(byte) = bytes.last_mut() {
            *byte ^= 1;
        }
        fs::write(&objects, bytes)?;
        println!("      One byte of a copy is changed:");
        let args = ["apply", "proposals/changed", "--url", url, "--yes"];
        let output = self.run(&args)?;
        println!("      $ beds design {}", args.join(" "));
        let said = String::from_utf8_lossy(&output.stderr);
        println!("      | {}", said.trim_end());
        ensure!(
            !output.status.success() && said.contains("was changed"),
            "a changed proposal was not refused"
        );
        Ok(())
    }
}

/// Prints the output of a command. Of a list, only the first lines.
fn show_brief(said: &str) {
    const SHOWN: usize = 3;
    let is_item = |line: &str| line.starts_with(' ') || line.starts_with(|c: char| c.is_ascii_digit());
    let mut lines = said.lines().peekable();
    let mut items = 0;
    while let Some(line) = lines.next() {
        items = if is_item(line) { items + 1 } else { 0 };
        if items <= SHOWN {
            println!("      | {line}");
        } else if !lines.peek().is_some_and(|next| is_item(next)) {
            println!("      |   … {} more", items - SHOWN);
        }
    }
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to)?;
        } else {
            fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}
