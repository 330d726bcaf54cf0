//! Checks that the Rust functions that calls name exist in the form that the calls need. rustc checks their types.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use syn::{FnArg, Item, ItemFn, Pat, PatType, Visibility, ext::IdentExt as _, spanned::Spanned as _};

use crate::{
    diagnostic::{ErrorSink, calls as diagnostics},
    emit, load,
    model::{Call, Domain, Target},
    names,
    span::{FileId, Sources, Span, Spanned},
    validate::Validated,
};

/// The files of the functions, in order of name. If the folder is missing, for example because templates are read
/// outside their project, nothing is reported.
pub(crate) fn find(
    templates: &[Validated],
    folder: &Path,
    sources: &mut Sources,
    errors: &mut ErrorSink<'_>,
) -> Vec<PathBuf> {
    let mut files: BTreeMap<PathBuf, Option<File>> = BTreeMap::new();
    for domain in templates.iter().filter_map(|template| template.domain.as_ref()) {
        // For a module of another crate, only rustc can tell.
        let Some(module) = domain.functions.as_ref().filter(|module| names::is_rust_name(&module.value))
        else {
            continue;
        };
        let path = folder.join(format!("{}.rs", module.value));
        if !folder.is_dir() {
            files.insert(path, None);
            continue;
        }
        if !path.is_file() {
            errors.push(diagnostics::module_missing(module.span, &load::shown(&path)));
            continue;
        }
        let file = files.entry(path.clone()).or_insert_with(|| File::read(&path, sources, errors));
        if let Some(file) = file {
            for call in &domain.calls {
                if let Target::Method { function } = &call.target {
                    file.check(function, call, domain, &load::shown(&path), errors);
                }
            }
        }
    }
    files.into_keys().collect()
}

/// A file of functions.
struct File {
    id: FileId,
    functions: Vec<ItemFn>,
}

impl File {
    /// Reads a file. A file that is not Rust is reported by the search for hand-written domains.
    fn read(path: &Path, sources: &mut Sources, errors: &mut ErrorSink<'_>) -> Option<Self> {
        let id = load::read(path, sources, errors)?;
        let parsed = syn::parse_file(sources.text(id)).ok()?;
        let functions = parsed.items.into_iter().filter_map(|item| match item {
            Item::Fn(function) => Some(function),
            _ => None,
        });
        Some(Self { id, functions: functions.collect() })
    }

    fn check(
        &self,
        function: &Spanned<String>,
        call: &Call,
        domain: &Domain,
        path: &str,
        errors: &mut ErrorSink<'_>,
    ) {
        let signature = emit::signature(domain, call, &function.value);
        let Some(found) = self.functions.iter().find(|found| found.sig.ident == function.value.as_str())
        else {
            let public = self.functions.iter().filter(|found| !matches!(found.vis, Visibility::Inherited));
            let public: Vec<String> = public.map(|found| found.sig.ident.unraw().to_string()).collect();
            let nearest = beds_protocol::nearest(&function.value, public.iter().map(String::as_str));
            errors.push(diagnostics::method_missing(
                function.span,
                path,
                &function.value,
                nearest,
                &signature,
            ));
            return;
        };
        let range = found.sig.span().byte_range();
        let at = Span { file: self.id, start: range.start, end: range.end };
        let (expected, given) = (call.args.len() + 1, found.sig.inputs.len());
        if given != expected {
            let why = format!("takes {given} values, but gets {expected}: the context, and each argument");
            errors.push(diagnostics::method_form(function.span, at, &why, &signature));
        } else if found.sig.asyncness.is_none() {
            errors.push(diagnostics::method_form(function.span, at, "is not `async`", &signature));
        } else if matches!(found.vis, Visibility::Inherited) {
            errors.push(diagnostics::method_not_public(function.span, at, &function.value));
        } else if is_in_another_order(found, call) {
            let why = "has these parameters in another order, but arguments are passed by position";
            errors.push(diagnostics::method_form(function.span, at, why, &signature));
        }
    }
}

/// Whether the parameters have the names of the arguments but another order. Parameters of the same type would be mixed
/// up.
fn is_in_another_order(found: &ItemFn, call: &Call) -> bool {
    let bare = |name: &str| name.trim_start_matches('_').to_owned();
    let name = |input: &FnArg| match input {
        FnArg::Typed(PatType { pat, .. }) => match pat.as_ref() {
            Pat::Ident(name) => Some(bare(&name.ident.unraw().to_string())),
            // A pattern has no single name.
            _ => None,
        },
        FnArg::Receiver(_) => None,
    };
    let Some(mut given) = found.sig.inputs.iter().skip(1).map(name).collect::<Option<Vec<_>>>() else {
        return false;
    };
    let mut expected: Vec<_> = call.args.iter().map(|arg| bare(&arg.field.name)).collect();
    if given == expected {
        return false;
    }
    given.sort();
    expected.sort();
    given == expected
}
