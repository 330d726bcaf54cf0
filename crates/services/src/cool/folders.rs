//! The paths of archives: `<template>/<id>` in the folder of archives.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use uuid::Uuid;

use crate::archive::{Archive, Fault, Key};

/// The folder of an archive, below the folder of archives.
pub(super) fn of(template: &str, id: Uuid) -> PathBuf {
    Path::new(template).join(id.to_string())
}

/// Finished archives, or their faults, by id.
pub(super) type ById<T> = Vec<(Uuid, T)>;

/// The finished archives of a template, newest first, and the archives that cannot be read.
pub(super) fn all(root: &Path, template: &str) -> Result<(ById<Archive>, ById<Fault>), Fault> {
    let (mut archives, mut faults) = (Vec::new(), Vec::new());
    for name in names(&root.join(template))? {
        let Ok(id) = Uuid::parse_str(&name) else { continue };
        match Archive::open(&root.join(of(template, id))) {
            Ok(archive) => archives.push((id, archive)),
            // The job that makes it has not ended.
            Err(_) if !Archive::is_finished(&root.join(of(template, id))) => {}
            Err(fault) => faults.push((id, fault)),
        }
    }
    archives.sort_by(|(_, one), (_, other)| {
        other.manifest().about.created_at.cmp(&one.manifest().about.created_at)
    });
    Ok((archives, faults))
}

/// The template of an archive.
pub(super) fn template_of(root: &Path, id: Uuid) -> Result<Option<String>, Fault> {
    Ok(names(root)?.into_iter().find(|template| root.join(of(template, id)).is_dir()))
}

/// The least and the greatest key of an archive.
pub(super) fn range(archive: &Archive) -> Option<(&Key, &Key)> {
    let segments = &archive.manifest().segments;
    let least = segments.iter().map(|segment| &segment.least).min()?;
    let greatest = segments.iter().map(|segment| &segment.greatest).max()?;
    Some((least, greatest))
}

/// The names in a folder; empty if the folder does not exist yet.
fn names(folder: &Path) -> Result<Vec<String>, Fault> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Fault::of(folder)(error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        names.extend(entry.map_err(Fault::of(folder))?.file_name().into_string());
    }
    Ok(names)
}
