//! Which hand-written domains a project has: the structs in its `src/domains/` that derive `NamasteCore`.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use syn::{Data, DeriveInput, Item, ItemStruct, Visibility};

use super::{Analysed, Tokens, analyse};
use crate::{
    diagnostic::{ErrorSink, derive as diagnostics, files},
    load,
    model::HandWritten,
    span::{FileId, Sources, Span},
    validate::Pipelines,
};

/// Finds the hand-written domains in a folder, in order of file name, and reports what is wrong with them. A folder
/// that is not there has none.
///
/// Only structs at the top of a file directly in the folder are domains: each file becomes a module of its name.
pub fn find(
    folder: &Path,
    pipelines: &mut Pipelines,
    sources: &mut Sources,
    errors: &mut ErrorSink<'_>,
) -> Vec<HandWritten> {
    let paths = list(folder).unwrap_or_else(|error| {
        let name = load::shown(folder);
        errors.push(files::unreadable(sources.add(&*name, ""), &name, &error.to_string()));
        Vec::new()
    });
    let mut found = Vec::new();
    for path in paths {
        let Some(file) = load::read(&path, sources, errors) else { continue };
        let items = match syn::parse_file(sources.text(file)) {
            Ok(parsed) => parsed.items,
            Err(error) => {
                let range = error.span().byte_range();
                let span = Span { file, start: range.start, end: range.end };
                errors.push(diagnostics::not_rust(span, &error.to_string()));
                continue;
            }
        };
        let structs = items.into_iter().filter_map(|item| match item {
            Item::Struct(item) if derives(&item) => Some(item.into()),
            _ => None,
        });
        found.extend(structs.map(|input| one(&input, &path, file, pipelines, sources, errors)));
    }
    found
}

fn list(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut paths = entries.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<Vec<_>>>()?;
    paths.retain(|path| {
        path.extension().is_some_and(|extension| extension == "rs")
            && path.file_stem() != Some("mod".as_ref())
    });
    paths.sort();
    Ok(paths)
}

fn one(
    input: &DeriveInput,
    path: &Path,
    file: FileId,
    pipelines: &mut Pipelines,
    sources: &mut Sources,
    errors: &mut ErrorSink<'_>,
) -> HandWritten {
    let range = input.ident.span().byte_range();
    let place = Span { file, start: range.start, end: range.end };
    if !matches!(input.vis, Visibility::Public(_))
        && let Data::Struct(data) = &input.data
    {
        let start = match &input.vis {
            Visibility::Restricted(vis) => vis.pub_token.span.byte_range().start,
            Visibility::Public(_) | Visibility::Inherited => data.struct_token.span.byte_range().start,
        };
        let before = Span { file, start, end: data.struct_token.span.byte_range().start };
        errors.push(diagnostics::not_public(place, before, &input.ident.to_string()));
    }
    let Analysed { methods: _, name, domain } =
        analyse(input, &mut Tokens::InFile(file), pipelines, sources, errors);
    HandWritten {
        path: path.to_owned(),
        module: path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default(),
        struct_name: input.ident.to_string(),
        place,
        name,
        domain,
    }
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
