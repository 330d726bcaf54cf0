//! Stage 1: finds the templates and reads them, within limits, into [`Sources`].
//!
//! Any problem with a path or a file becomes a diagnostic. Nothing here interprets the text.

mod encoding;
mod stray;

use std::{
    collections::HashSet,
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
};

use crate::{
    diagnostic::{Diagnostic, ErrorSink, files},
    span::{FileId, Sources},
};

/// The suffix of a template's file name.
pub const TEMPLATE_SUFFIX: &str = "_rec.toml";
/// The largest template or pipeline, in bytes.
pub const FILE_BYTES_MAX: u64 = 1 << 20;

/// A path as reports show it: as it was given, with `/` between its parts.
#[must_use]
pub fn shown(path: &Path) -> String {
    let text = path.to_string_lossy();
    if cfg!(windows) { text.replace('\\', "/") } else { text.into_owned() }
}

/// Finds the templates in these files and folders. A folder yields its `*_rec.toml` files, without subfolders. Files
/// that only look like templates are warned of. The result is sorted, whatever the order in the file system, and
/// contains each file once, under whatever names it is given. The error for a folder without templates is returned
/// separately: it is a mistake only if there is no hand-written domain either.
pub fn find(
    paths: &[PathBuf],
    sources: &mut Sources,
    errors: &mut ErrorSink<'_>,
) -> (Vec<PathBuf>, Vec<Diagnostic>) {
    let (mut found, mut empty) = (Vec::new(), Vec::new());
    for path in paths {
        let name = shown(path);
        if path.is_dir() {
            let (files, others) = match list(path) {
                Ok(listed) => listed,
                Err(error) => {
                    errors.push(files::unreadable(sources.add(&*name, ""), &name, &error));
                    continue;
                }
            };
            if files.is_empty() {
                let right = |other: &Path| (!stray::is_below(other, path)).then(|| stray::right_name(other));
                let near = others.first().map(|other| (shown(other), right(other)));
                empty.push(files::no_templates(sources.add(&*name, ""), &name, near));
            } else {
                for other in others {
                    let name = shown(&other);
                    let id = sources.add(&*name, "");
                    errors.push(files::not_compiled(
                        id,
                        &name,
                        &stray::right_name(&other),
                        stray::is_below(&other, path),
                    ));
                }
            }
            found.extend(files);
        } else if !path.exists() {
            errors.push(files::path_missing(sources.add(&*name, ""), &name));
        } else if !name.ends_with(TEMPLATE_SUFFIX) {
            errors.push(files::file_name(sources.add(&*name, ""), &name));
        } else {
            found.push(path.clone());
        }
    }
    found.sort();
    let mut seen = HashSet::new();
    found.retain(|path| seen.insert(fs::canonicalize(path).unwrap_or_else(|_| path.clone())));
    (found, empty)
}

/// The templates of a folder, and the files that look like templates but are not.
fn list(folder: &Path) -> std::io::Result<(Vec<PathBuf>, Vec<PathBuf>)> {
    let (mut files, mut others) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        // Hidden files belong to editors and file systems.
        let is_template = path.file_name().is_some_and(|name| {
            let name = name.to_string_lossy();
            name.ends_with(TEMPLATE_SUFFIX) && !name.starts_with('.')
        });
        if is_template {
            files.push(path);
        } else if entry.file_type()?.is_dir() {
            stray::below(&path, stray::LEVELS_MAX, &mut others);
        } else if stray::looks_like_template(&path) {
            others.push(path);
        }
    }
    others.sort();
    Ok((files, others))
}

/// Reads one file into `sources`; `None` if it cannot be used, which is reported.
pub fn read(path: &Path, sources: &mut Sources, errors: &mut ErrorSink<'_>) -> Option<FileId> {
    let name = shown(path);
    let mut broken = |make: &dyn Fn(FileId) -> Diagnostic| {
        let id = sources.add(&*name, "");
        errors.push(make(id));
    };
    // One byte more than the limit is read, so that a growing file, or a device, cannot fill the memory.
    let bytes = match read_bounded(path) {
        Ok(bytes) => bytes,
        Err(error) => {
            broken(&|id| files::unreadable(id, &name, &error));
            return None;
        }
    };
    if bytes.len() as u64 > FILE_BYTES_MAX {
        let length = fs::metadata(path).map_or(bytes.len() as u64, |data| data.len().max(bytes.len() as u64));
        broken(&|id| files::too_large(id, &name, length, FILE_BYTES_MAX));
        return None;
    }
    decoded(name, bytes, sources, errors)
}

/// Adds the bytes to `sources`; `None` if they are not UTF-8, which is reported.
pub fn decoded(
    name: String,
    bytes: Vec<u8>,
    sources: &mut Sources,
    errors: &mut ErrorSink<'_>,
) -> Option<FileId> {
    match encoding::decode(bytes) {
        Ok(text) => Some(sources.add(name, text)),
        Err(foreign) => {
            let id = sources.add(name, &*foreign.text);
            errors.push(foreign.report(id));
            None
        }
    }
}

fn read_bounded(path: &Path) -> std::io::Result<Vec<u8>> {
    // Checked before opening: opening a pipe would wait for its writer.
    let kind = fs::metadata(path)?.file_type();
    if !kind.is_file() {
        let what = if kind.is_dir() { "it is a folder" } else { "it is not a regular file" };
        return Err(std::io::Error::other(what));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
