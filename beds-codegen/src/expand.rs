//! The expansion of `#[derive(NamasteCore)]`: the attributes go through the stages, and the result is the emitter's
//! text, or the mistakes in rustc's form.

use std::path::Path;

use proc_macro2::TokenStream;
use syn::DeriveInput;

use crate::{
    derive::{self, Analysed, Tokens},
    diagnostic::{Diagnostic, Errors, Severity},
    emit, project,
    span::{FileId, Sources},
    validate::Pipelines,
};

/// Expands `#[derive(NamasteCore)]`. `package` is the folder of the package that is being compiled. Pipelines are
/// searched from there.
///
/// A struct with mistakes expands to one `compile_error!` for each, at its position, and to an implementation without
/// objects, so that no error about a missing implementation follows.
#[must_use]
pub fn expand(input: &DeriveInput, package: &Path) -> TokenStream {
    let (mut sources, mut errors) = (Sources::default(), Errors::default());
    let mut pipelines = Pipelines::new(package.join(project::PIPELINES));
    let file = sources.add(input.ident.to_string(), "");
    let mut tokens = Tokens::Numbered(file, Vec::new());
    let Analysed { methods, name: _, domain } =
        derive::analyse(input, &mut tokens, &mut pipelines, &mut sources, &mut errors.sink());
    if let Some(domain) = domain {
        return emit::derived(&domain, &input.ident, &methods);
    }
    let list = errors.into_vec().into_iter().filter(|diagnostic| diagnostic.severity == Severity::Error);
    let errors: TokenStream = list
        .map(|diagnostic| {
            let token = diagnostic.primary().and_then(|label| tokens.at(label.span));
            let token = token.unwrap_or_else(|| input.ident.span());
            syn::Error::new(token, told(&diagnostic, file, &sources)).into_compile_error()
        })
        .collect();
    let stub = emit::underived(input, &methods);
    quote::quote!(#errors #stub)
}

/// A diagnostic as one text, for a compiler that shows only a text and a position.
fn told(diagnostic: &Diagnostic, file: FileId, sources: &Sources) -> String {
    let mut lines = vec![format!("[{}] {}", diagnostic.code, diagnostic.message)];
    if let Some(label) = diagnostic.primary() {
        if label.span.file != file {
            let place = sources.position(label.span.file, label.span.start);
            lines.push(format!("  in {}:{}:{}", sources.path(label.span.file), place.line, place.column));
        }
        if !label.text.is_empty() && label.text != "here" {
            lines.push(format!("  {}", label.text));
        }
    }
    lines.extend(diagnostic.help.iter().map(|help| format!("help: {help}")));
    lines.join("\n")
}
