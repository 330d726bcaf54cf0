//! Writes templates into a folder: all of them or none. Nothing that exists is lost by accident.

use std::{fs, io, path::Path};

use super::Plan;

/// A template that exists already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Existing {
    /// The name of its file.
    pub file: String,
    /// The name of the template.
    pub name: String,
}

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// These files exist already.
    #[error("{}", there(.0))]
    There(Vec<String>),
    /// A file or folder cannot be written.
    #[error("{path}: {error}")]
    Io {
        /// Which.
        path: String,
        /// Why.
        error: io::Error,
    },
}

/// Some of the files that exist already, and how many more.
fn there(files: &[String]) -> String {
    const SHOWN: usize = 3;
    let shown = files.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    match files.len() {
        1 => format!("a file exists already: {shown}"),
        count if count <= SHOWN => format!("{count} files exist already: {shown}"),
        count => format!("{count} files exist already: {shown} and {} more", count - SHOWN),
    }
}

/// The templates of a folder, as far as they can be read; none if there is no such folder.
#[must_use]
pub fn existing(folder: &Path) -> Vec<Existing> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let read = |entry: fs::DirEntry| {
        let file = entry.file_name().to_string_lossy().into_owned();
        if !file.ends_with("_rec.toml") {
            return None;
        }
        let table: toml::Table = fs::read_to_string(entry.path()).ok()?.parse().ok()?;
        let name = table.get("template")?.get("name")?.as_str()?.to_owned();
        Some(Existing { file, name })
    };
    let mut existing: Vec<Existing> = entries.filter_map(|entry| read(entry.ok()?)).collect();
    existing.sort_by(|a, b| a.file.cmp(&b.file));
    existing
}

/// Writes the templates of a plan into a folder, and its script into a file.
///
/// # Errors
/// When a file is there already and `force` is not given, or cannot be written.
pub fn write(plan: &Plan, folder: &Path, ddl: Option<&Path>, force: bool) -> Result<(), WriteError> {
    let script = ddl.zip(plan.ddl.as_ref());
    let files = plan.files.iter().map(|(name, text)| (folder.join(name), text));
    let files: Vec<_> = files.chain(script.map(|(path, text)| (path.to_owned(), text))).collect();
    let there: Vec<String> =
        files.iter().filter(|(path, _)| path.exists()).map(|(path, _)| path.display().to_string()).collect();
    if !force && !there.is_empty() {
        return Err(WriteError::There(there));
    }
    let failed = |path: &Path| {
        let path = path.display().to_string();
        move |error| WriteError::Io { path, error }
    };
    fs::create_dir_all(folder).map_err(failed(folder))?;
    for (path, text) in files {
        if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            fs::create_dir_all(parent).map_err(failed(parent))?;
        }
        // A template appears whole or not at all.
        let draft = path.with_extension("draft");
        fs::write(&draft, text).and_then(|()| fs::rename(&draft, &path)).map_err(failed(&path))?;
    }
    Ok(())
}
