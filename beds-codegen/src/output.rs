//! Writes generated files, but only changed ones, so that cargo rebuilds only what it must.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

/// A file to write below the output folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generated {
    /// Path below the output folder.
    pub path: PathBuf,
    /// Its content.
    pub text: String,
}

/// Writes the files whose text has changed, and removes obsolete files from `folder/beds`. Returns how many files were
/// written.
pub(crate) fn write(folder: &Path, files: &[Generated]) -> io::Result<usize> {
    let modules = folder.join("beds");
    fs::create_dir_all(&modules)?;
    let wanted: BTreeSet<PathBuf> = files.iter().map(|file| folder.join(&file.path)).collect();
    for entry in fs::read_dir(&modules)? {
        let path = entry?.path();
        if !wanted.contains(&path) && path.is_file() {
            fs::remove_file(&path)?;
        }
    }
    let mut written = 0;
    for Generated { path, text } in files {
        let path = folder.join(path);
        if fs::read(&path).is_ok_and(|old| old == text.as_bytes()) {
            continue;
        }
        fs::write(&path, text)?;
        written += 1;
    }
    Ok(written)
}
