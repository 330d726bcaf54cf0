//! Files that a command rewrites, and the differences that it shows.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use similar::TextDiff;

/// Replaces a file by another text in one step: a concurrent reader sees either the old or the new text.
pub(crate) fn replace(path: &Path, text: &str) -> bool {
    // A link remains a link.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mut name = target.file_name().unwrap_or_default().to_owned();
    name.push(".bedsc");
    let beside = target.with_file_name(name);
    let written = write(&target, &beside, text);
    if let Err(error) = &written {
        let _ = fs::remove_file(&beside);
        anstream::eprintln!("{}: {error}", path.display());
    }
    written.is_ok()
}

fn write(target: &Path, beside: &PathBuf, text: &str) -> io::Result<()> {
    let permissions = fs::metadata(target)?.permissions();
    fs::write(beside, text)?;
    fs::set_permissions(beside, permissions)?;
    fs::rename(beside, target)
}

/// The difference in the form of `diff -u`.
pub(crate) fn difference(path: &str, before: &str, after: &str) -> String {
    TextDiff::from_lines(before, after).unified_diff().header(path, path).to_string()
}
