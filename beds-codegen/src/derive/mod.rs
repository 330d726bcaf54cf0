//! The other front: `#[derive(NamasteCore)]` on a hand-written struct, with attributes in place of TOML keys.
//!
//! `attributes` turns the struct into the text of the template that it stands for, so that the same stages judge
//! it, and the same emitter writes its implementation. [`expand`] is what the macro calls; [`find`] lets a build
//! script know the hand-written domains of a project, so that they join its static factory, and reports what is
//! wrong with them where it reports the same of templates. Nothing of what a domain means is decided here.

mod attributes;
mod defaults;
mod find;
mod syntax;

use std::path::Path;

use proc_macro2::TokenStream;
use syn::DeriveInput;

use attributes::Written;
pub use find::{HandWritten, find};

use crate::{
    diagnostic::{Diagnostic, Errors, Severity},
    emit,
    model::{Domain, Operations},
    parse, raw,
    span::{FileId, Sources, Spanned},
    validate::{self, Pipelines, Validated},
};

/// An operation whose implementation is a Rust function instead of a call into the adapter.
#[derive(Debug, Clone)]
pub struct Method {
    /// Which operation.
    pub operation: Operation,
    /// The function: `async fn(&Context, …Request) -> Result`.
    pub function: syn::Path,
}

/// The operations that a method may stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// `fetch`
    Fetch,
    /// `count`
    Count,
    /// `create`
    Create,
    /// `update`
    Update,
    /// `delete`
    Delete,
}

impl Operation {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Fetch, Self::Count, Self::Create, Self::Update, Self::Delete];

    /// The name on the wire, and of the trait's function.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fetch => "fetch",
            Self::Count => "count",
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }

    /// The operation with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|operation| operation.as_str() == name)
    }
}

/// What a struct turned out to be.
struct Analysed {
    written: Written,
    /// The text that stands for the struct.
    file: FileId,
    /// The wire name, if it is one.
    name: Option<Spanned<String>>,
    /// The domain, if there was no error.
    domain: Option<Domain>,
}

/// Takes a struct through the stages.
fn analyse(
    input: &DeriveInput,
    pipelines: &mut Pipelines,
    sources: &mut Sources,
    errors: &mut Errors,
) -> Analysed {
    let file = sources.add(input.ident.to_string(), "");
    let mut found = Errors::default();
    let written = attributes::read(input, file, &mut found);
    sources.fill(file, &written.text, None);
    let mut validated = Validated { name: None, domain: None };
    // A text that lacks what cannot be read would only be misunderstood.
    if found.count() == 0 {
        let table = parse::parse(file, sources, &mut found);
        let raw = table.map(|table| {
            let by_hand = by_hand(&written.methods);
            raw::RawTemplate { by_hand, ..raw::read(table.into_inner(), file, &mut found) }
        });
        if let Some(raw) = raw {
            validated = validate::validate(raw, pipelines, sources, &mut found);
        }
    }
    let domain = validated.domain.filter(|_| found.count() == 0);
    for diagnostic in found.into_vec() {
        errors.push(in_rust(diagnostic));
    }
    Analysed { written, file, name: validated.name, domain }
}

/// The operations that methods stand for.
fn by_hand(methods: &[Method]) -> Operations {
    let mut by_hand = Operations::default();
    for method in methods {
        match method.operation {
            Operation::Fetch | Operation::Count => by_hand.read = true,
            Operation::Create => by_hand.create = true,
            Operation::Update => by_hand.update = true,
            Operation::Delete => by_hand.delete = true,
        }
    }
    by_hand
}

/// Says of attributes what the stages say of sections.
fn in_rust(mut diagnostic: Diagnostic) -> Diagnostic {
    let said = |text: &str| {
        text.replace("`[template]`", "`#[beds(…)]`")
            .replace("`[objects]`", "`#[beds(…)]`")
            .replace("`objects.", "`")
            .replace("`fetch.", "`")
            .replace("the template offers", "the domain offers")
    };
    diagnostic.message = said(&diagnostic.message);
    for text in diagnostic.labels.iter_mut().map(|label| &mut label.text).chain(&mut diagnostic.help) {
        *text = said(text);
    }
    diagnostic
}

/// Expands `#[derive(NamasteCore)]`. `package` is the folder of the package that is being compiled, from which
/// pipelines are found.
///
/// A struct with mistakes expands to one `compile_error!` each, at its place, and to an implementation without
/// objects, so that nothing else complains that there is none.
#[must_use]
pub fn expand(input: &DeriveInput, package: &Path) -> TokenStream {
    let (mut sources, mut errors) = (Sources::default(), Errors::default());
    let mut pipelines = Pipelines::new(package.join("schema/mongodb"));
    let Analysed { written, file, name: _, domain } =
        analyse(input, &mut pipelines, &mut sources, &mut errors);
    if let Some(domain) = domain {
        return emit::derived(&domain, &input.ident, &written.methods);
    }
    let list = errors.into_vec().into_iter().filter(|diagnostic| diagnostic.severity == Severity::Error);
    let errors: TokenStream = list
        .map(|diagnostic| {
            let own = diagnostic.primary().filter(|label| label.span.file == file);
            let token = own.and_then(|label| written.token(label.span.start));
            let token = token.unwrap_or_else(|| input.ident.span());
            syn::Error::new(token, told(&diagnostic, file, &sources)).into_compile_error()
        })
        .collect();
    let stub = emit::underived(input, &written.methods);
    quote::quote!(#errors #stub)
}

/// A diagnostic as one text, for a compiler that shows a text at a place and nothing else.
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
