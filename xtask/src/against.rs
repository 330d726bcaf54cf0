//! The node of another revision, for `cargo xtask bench --against`.
//!
//! The revision's tree is in `target/against/`, with a separate build folder, so that it disturbs no work. Cargo
//! identifies crates by their places in the workspace. It would take the crates of two trees for the same, and use
//! those that were built last.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::build::Profile;
use crate::workspace::{self, cargo, target};

/// A built revision.
#[derive(Debug)]
pub(crate) struct Revision {
    /// The name that the user gave.
    pub(crate) name: String,
    /// The tree of the revision, with its configuration.
    pub(crate) tree: PathBuf,
    /// The program of the node.
    pub(crate) program: PathBuf,
}

/// Builds the node of a revision that git knows by this name.
pub(crate) fn build(root: &Path, name: &str) -> Result<Revision> {
    let folder = target(root).join("against").join(commit(root, name)?);
    let tree = folder.join("tree");
    if !tree.exists() {
        extract(root, name, &folder, &tree)?;
    }
    let out = folder.join("out");
    let mut command = cargo(&tree);
    command
        .args(["build", "--release", "--locked", "--package", "beds", "--bin", "beds"])
        .env("CARGO_TARGET_DIR", &out);
    workspace::run(command)?;
    let program = out.join(Profile::Release.folder()).join("beds");
    Ok(Revision { name: name.to_owned(), tree, program })
}

/// The full hash of a revision's commit.
fn commit(root: &Path, name: &str) -> Result<String> {
    let mut command = git(root);
    command.args(["rev-parse", "--verify", "--quiet", "--end-of-options"]).arg(format!("{name}^{{commit}}"));
    let output = command.output().context("cannot start git")?;
    ensure!(output.status.success(), "git knows no revision `{name}`");
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// Writes a revision's files. An interrupted attempt leaves no tree.
fn extract(root: &Path, name: &str, folder: &Path, tree: &Path) -> Result<()> {
    let (archive, draft) = (folder.join("tree.tar"), folder.join("draft"));
    fs::create_dir_all(&draft).with_context(|| format!("cannot create {}", draft.display()))?;
    let mut command = git(root);
    command.args(["archive", "--format=tar", "--output"]).arg(&archive).arg(name);
    workspace::run(command)?;
    let mut command = Command::new("tar");
    command.arg("--extract").arg("--file").arg(&archive).arg("--directory").arg(&draft);
    workspace::run(command)?;
    fs::rename(&draft, tree).with_context(|| format!("cannot write {}", tree.display()))?;
    fs::remove_file(&archive).with_context(|| format!("cannot remove {}", archive.display()))
}

fn git(root: &Path) -> Command {
    let mut command = Command::new("git");
    command.arg("-C").arg(root);
    command
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::{commit, extract, git};

    fn run(dir: &Path, arguments: &[&str]) {
        let identity = ["-c", "user.name=test", "-c", "user.email=test@example.invalid"];
        assert!(git(dir).args(identity).args(arguments).status().unwrap().success(), "{arguments:?}");
    }

    #[test]
    fn a_revision_is_found_and_written_as_it_was() {
        let root = tempfile::tempdir().unwrap();
        run(root.path(), &["init", "--quiet"]);
        fs::write(root.path().join("file"), "then").unwrap();
        run(root.path(), &["add", "file"]);
        run(root.path(), &["commit", "--quiet", "--message", "then"]);
        run(root.path(), &["tag", "old"]);
        fs::write(root.path().join("file"), "now").unwrap();
        let name = commit(root.path(), "old").unwrap();
        assert_eq!(name.len(), 40);
        assert_eq!(commit(root.path(), "HEAD").unwrap(), name);
        for unknown in ["older", "--all", ""] {
            let error = commit(root.path(), unknown).unwrap_err().to_string();
            assert!(error.contains("git knows no revision"), "{error}");
        }
        let folder = root.path().join("against");
        extract(root.path(), "old", &folder, &folder.join("tree")).unwrap();
        assert_eq!(fs::read_to_string(folder.join("tree/file")).unwrap(), "then");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "only the tree is left");
    }
}
