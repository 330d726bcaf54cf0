//! Finds the hand-written domains of a project: the structs in its `src/domains/` that derive `NamasteCore`.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use syn::{Attribute, Data, DeriveInput, Item, Visibility, spanned::Spanned as _};

use super::{Analysed, Tokens, analyse};
use crate::{
    diagnostic::{ErrorSink, derive as diagnostics, files},
    load,
    model::HandWritten,
    names::is_word,
    span::{FileId, Sources, Span},
    validate::Pipelines,
};

/// Finds the hand-written domains in a folder, in order of file name, and reports their errors. A folder that does not
/// exist has none.
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
        errors.push(files::unreadable(sources.add(&*name, ""), &name, &error));
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
        let before = found.len();
        for item in items {
            let input: DeriveInput = match item {
                Item::Struct(item) => item.into(),
                Item::Enum(item) => item.into(),
                _ => continue,
            };
            if derives(&input.attrs) {
                found.push(one(&input, &path, file, pipelines, sources, errors));
            } else if let Some(attribute) = unread(&input) {
                let [name, attribute] =
                    [input.ident.span(), attribute.span()].map(|token| place(token, file));
                errors.push(diagnostics::not_derived(name, attribute, &input.ident.to_string()));
            }
        }
        // A file without a domain does not become a module.
        if let Some(first) = found.get(before).filter(|first| !is_word(&first.module)) {
            errors.push(diagnostics::not_a_module(first.place, &load::shown(&path)));
        }
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
    // Hidden files belong to editors and file systems.
    paths.retain(|path| {
        path.extension().is_some_and(|extension| extension == "rs")
            && path.file_stem() != Some("mod".as_ref())
            && path.file_name().is_some_and(|name| !name.to_string_lossy().starts_with('.'))
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
    let place = place(input.ident.span(), file);
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

fn place(token: proc_macro2::Span, file: FileId) -> Span {
    let range = token.byte_range();
    Span { file, start: range.start, end: range.end }
}

/// The first attribute of an item or its fields that is meant for the derive. An attribute under a condition, in
/// `cfg_attr`, is left to rustc.
fn unread(input: &DeriveInput) -> Option<&Attribute> {
    let of_fields = match &input.data {
        Data::Struct(data) => data.fields.iter().flat_map(|field| &field.attrs).collect(),
        Data::Enum(_) | Data::Union(_) => Vec::new(),
    };
    let is_conditional = input.attrs.iter().any(|attribute| attribute.path().is_ident("cfg_attr"));
    let mut all = input.attrs.iter().chain(of_fields);
    all.find(|attribute| attribute.path().is_ident("beds")).filter(|_| !is_conditional)
}

fn derives(attributes: &[Attribute]) -> bool {
    attributes.iter().filter(|attribute| attribute.path().is_ident("derive")).any(|attribute| {
        let mut found = false;
        // rustc reports a derive that cannot be parsed.
        let _ = attribute.parse_nested_meta(|meta| {
            found |= meta.path.segments.last().is_some_and(|segment| segment.ident == "NamasteCore");
            Ok(())
        });
        found
    })
}
