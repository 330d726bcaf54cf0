//! Which hand-written domains a project has: the structs in its `src/domains/` that derive `NamasteCore`.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use syn::{Item, ItemStruct};

use super::attributes;

/// A struct that derives `NamasteCore`.
#[derive(Debug, Clone)]
pub struct HandWritten {
    /// The file that it stands in.
    pub path: PathBuf,
    /// The file's text.
    pub text: String,
    /// The module that the file is.
    pub module: String,
    /// The struct's name.
    pub struct_name: String,
    /// The template's wire name.
    pub name: String,
    /// Where the wire name is written, or the struct's where it gives the name: bytes of the text.
    pub place: std::ops::Range<usize>,
}

/// Finds the hand-written domains in a folder, in order of file name. A folder that is not there has none; a file
/// that is no Rust is passed over, since rustc tells more about it.
///
/// # Errors
/// When the folder or a file cannot be read.
pub fn find(folder: &Path) -> io::Result<Vec<HandWritten>> {
    let mut paths = match fs::read_dir(folder) {
        Ok(entries) => {
            entries.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<Vec<_>>>()?
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    paths.retain(|path| {
        path.extension().is_some_and(|extension| extension == "rs")
            && path.file_stem() != Some("mod".as_ref())
    });
    paths.sort();
    let mut found = Vec::new();
    for path in paths {
        let text = fs::read_to_string(&path)?;
        let Ok(file) = syn::parse_file(&text) else { continue };
        let module = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        for item in file.items {
            let Item::Struct(item) = item else { continue };
            if !derives(&item) {
                continue;
            }
            let struct_name = item.ident.to_string();
            // What is wrong with the attributes, the derive itself reports.
            let Ok(written) = attributes::read(&item.into()) else { continue };
            let (name, token) = written.name();
            found.push(HandWritten {
                path: path.clone(),
                text: text.clone(),
                module: module.clone(),
                struct_name,
                name: name.to_owned(),
                place: token.byte_range(),
            });
        }
    }
    Ok(found)
}

fn derives(item: &ItemStruct) -> bool {
    item.attrs.iter().filter(|attribute| attribute.path().is_ident("derive")).any(|attribute| {
        let mut found = false;
        // A derive that cannot be parsed is rustc's to report.
        let _ = attribute.parse_nested_meta(|meta| {
            found |= meta.path.segments.last().is_some_and(|segment| segment.ident == "NamasteCore");
            Ok(())
        });
        found
    })
}
