//! The folder of a proposal. It is written completely and once, and its content is not trusted. The bytes that were
//! read are checked and then used; they are never read again.

use std::{
    collections::BTreeSet,
    fmt,
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::MetadataExt as _,
    path::Path,
};

use beds_protocol::shown;

use super::{
    Contents, Proposal,
    manifest::{self, MANIFEST, Manifest},
};

/// The file with the signature. The signature does not cover it.
pub const APPROVAL: &str = "approval.toml";

/// The most files of a proposal.
const FILES_MAX: usize = 1_000;
/// The longest file.
const FILE_BYTES_MAX: u64 = 16 << 20;
/// The most bytes of all files.
const BYTES_MAX: u64 = 64 << 20;
/// How deep folders may nest.
const DEPTH_MAX: usize = 4;

/// Why a folder is not a proposal, or not the one that it claims to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// What is wrong.
    pub message: String,
}

impl Flaw {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into() }
    }

    fn at(path: &Path, reason: impl fmt::Display) -> Self {
        Self::new(format!("{}: {reason}", shown(path.to_string_lossy())))
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Flaw {}

/// Writes a proposal into a new folder.
///
/// # Errors
/// When the folder exists, or a file cannot be written.
pub fn write(proposal: &Proposal, folder: &Path) -> Result<(), Flaw> {
    let wrong = |path: &Path, error: &io::Error| match error.kind() {
        io::ErrorKind::AlreadyExists => Flaw::at(path, "it exists already: name a new folder"),
        _ => Flaw::at(path, error),
    };
    if let Some(parent) = folder.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        fs::create_dir_all(parent).map_err(|error| wrong(parent, &error))?;
    }
    fs::create_dir(folder).map_err(|error| wrong(folder, &error))?;
    for (path, bytes) in &proposal.files {
        let path = folder.join(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(|error| wrong(parent, &error))?;
        }
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&path)
            .map_err(|error| wrong(&path, &error))?;
        file.write_all(bytes).and_then(|()| file.sync_all()).map_err(|error| wrong(&path, &error))?;
    }
    Ok(())
}

/// Reads a proposal, and its approval if there is one.
///
/// # Errors
/// The first fault: a file that is missing, was changed, added or renamed, a link, a wrong hash.
pub fn read(folder: &Path) -> Result<(Proposal, Option<Vec<u8>>), Flaw> {
    let mut files = Contents::new();
    walk(folder, folder, 0, &mut files)?;
    let approval = files.remove(APPROVAL);
    let text = files
        .get(MANIFEST)
        .ok_or_else(|| Flaw::new(format!("there is no {MANIFEST}: this is not a proposal")))?;
    if !manifest::has_hash_first(text) {
        return Err(Flaw::new(format!("the first line of {MANIFEST} is not its hash")));
    }
    let read = std::str::from_utf8(text).map_err(|error| Flaw::new(format!("{MANIFEST}: {error}")))?;
    let manifest: Manifest =
        toml::from_str(read).map_err(|error| Flaw::new(format!("{MANIFEST}: {}", error.message())))?;
    if manifest.format != manifest::FORMAT {
        let message = format!(
            "{MANIFEST} has the format {}, but this program reads {}",
            manifest.format,
            manifest::FORMAT
        );
        return Err(Flaw::new(message));
    }
    // Only one layout is accepted, so that no two texts mean the same.
    if manifest.text().as_bytes() != text.as_slice() {
        return Err(Flaw::new(format!("{MANIFEST} was changed since it was written")));
    }
    compare(&manifest, &files)?;
    if manifest::hash(&files) != manifest.hash {
        return Err(Flaw::new(format!(
            "the hash in {MANIFEST} does not match the files: something was changed"
        )));
    }
    Ok((Proposal { manifest, files }, approval))
}

/// Makes sure that the folder has exactly the listed files.
fn compare(manifest: &Manifest, files: &Contents) -> Result<(), Flaw> {
    let found = manifest::listed(files);
    let paths =
        |list: &[manifest::Listed]| -> BTreeSet<String> { list.iter().map(|one| one.path.clone()).collect() };
    let (known, there) = (paths(&manifest.files), paths(&found));
    if let Some(added) = there.difference(&known).next() {
        return Err(Flaw::new(format!(
            "{} is not a part of the proposal: it was added or renamed",
            shown(added)
        )));
    }
    if let Some(missing) = known.difference(&there).next() {
        return Err(Flaw::new(format!("{} is missing: it was removed or renamed", shown(missing))));
    }
    match found.iter().find(|one| !manifest.files.contains(one)) {
        Some(changed) => Err(Flaw::new(format!("{} was changed", shown(&changed.path)))),
        None if found.len() == manifest.files.len() => Ok(()),
        None => Err(Flaw::new(format!("{MANIFEST} lists a file twice"))),
    }
}

fn walk(root: &Path, folder: &Path, depth: usize, files: &mut Contents) -> Result<(), Flaw> {
    if depth > DEPTH_MAX {
        return Err(Flaw::at(folder, "folders nest too deep"));
    }
    let is_folder = fs::symlink_metadata(folder).map_err(|error| Flaw::at(folder, error))?.is_dir();
    if !is_folder {
        return Err(Flaw::at(folder, "this is not a folder, or is a link to one"));
    }
    for entry in fs::read_dir(folder).map_err(|error| Flaw::at(folder, error))? {
        let path = entry.map_err(|error| Flaw::at(folder, error))?.path();
        let found = fs::symlink_metadata(&path).map_err(|error| Flaw::at(&path, error))?;
        let name = name(root, &path)?;
        if found.is_dir() {
            walk(root, &path, depth + 1, files)?;
        } else if found.is_file() {
            if files.len() == FILES_MAX {
                return Err(Flaw::new(format!("there are more than {FILES_MAX} files")));
            }
            let bytes = content(&path, &found)?;
            files.insert(name, bytes);
            let all: u64 = files.values().map(|bytes| bytes.len() as u64).sum();
            if all > BYTES_MAX {
                return Err(Flaw::new(format!("the files have more than {BYTES_MAX} bytes")));
            }
        } else {
            return Err(Flaw::at(&path, "this is neither a file nor a folder: links are not followed"));
        }
    }
    Ok(())
}

/// The path of a file in the proposal. Only plain names are allowed.
fn name(root: &Path, path: &Path) -> Result<String, Flaw> {
    let inner = path.strip_prefix(root).map_err(|error| Flaw::at(path, error))?;
    let text = inner.to_str().ok_or_else(|| Flaw::at(path, "its name is not UTF-8"))?;
    let is_plain =
        |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-' | '.' | '/');
    if text.chars().all(is_plain) && !text.starts_with('.') && !text.contains("/.") {
        Ok(text.to_owned())
    } else {
        Err(Flaw::at(path, "a file of a proposal cannot have this name"))
    }
}

/// The bytes of the file that was examined, and not of a link that has replaced it since.
fn content(path: &Path, looked_at: &fs::Metadata) -> Result<Vec<u8>, Flaw> {
    let file = File::open(path).map_err(|error| Flaw::at(path, error))?;
    let opened = file.metadata().map_err(|error| Flaw::at(path, error))?;
    if (opened.dev(), opened.ino()) != (looked_at.dev(), looked_at.ino()) {
        return Err(Flaw::at(path, "it was replaced while it was read"));
    }
    let mut bytes = Vec::new();
    let read =
        file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(|error| Flaw::at(path, error))?;
    if read as u64 > FILE_BYTES_MAX {
        return Err(Flaw::at(path, format!("it has more than {FILE_BYTES_MAX} bytes")));
    }
    Ok(bytes)
}
