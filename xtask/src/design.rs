//! The part of the demo with `beds design`: from a description to objects in a database, with a conversation that was recorded.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use anyhow::{Context, Result, ensure};
use beds_devstack::Stack;

use crate::build::{Profile, program};

/// The description, and the conversation about it.
const NAME: &str = "library";
/// The proposal that comes of it.
const PROPOSAL: &str = "proposals/library";

/// A DBA's place.
#[derive(Debug)]
struct Site {
    beds: PathBuf,
    folder: PathBuf,
}

/// Shows it. Each line that begins with `$` is a command as somebody types it.
///
/// Proofs build a node, for which nobody waits in a demo: unless they are asked for, it is signed what was proved when the
/// recording was made, which is what the recording becomes now.
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
        // What is set for the demo's own node is not meant for a DBA.
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("BEDS_")) {
            command.env_remove(name);
        }
        command.current_dir(&self.folder).arg("design").args(args);
        command.output().with_context(|| format!("cannot start {}", self.beds.display()))
    }

    /// Runs a command that has to succeed, and shows what it says.
    fn done(&self, args: &[&str]) -> Result<()> {
        println!("      $ beds design {}", args.join(" "));
        let output = self.run(args)?;
        for said in [&output.stderr, &output.stdout] {
            show_brief(&String::from_utf8_lossy(said));
        }
        ensure!(output.status.success(), "`beds design {}` failed: {}", args.join(" "), output.status);
        Ok(())
    }

    /// Puts the proposal that was proved in the place of the one that was just made, which has to be the same but for its proofs.
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

    /// A copy of the proposal with one byte changed, which runs nowhere.
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

/// Prints what a command said, the first lines of a list for all of it.
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
