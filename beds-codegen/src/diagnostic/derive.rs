//! Mistakes in hand-written domains that no template can have.

use super::Diagnostic;
use crate::{code::Code, foreign, front::Front, span::Span};

pub(crate) fn not_rust(span: Span, message: &str) -> Diagnostic {
    Diagnostic::error(Code::NotRust, format!("invalid Rust: {message}"))
        .at(span, "here")
        .help("correct this first: the domains of this file are unknown until then")
}

pub(crate) fn not_a_domain(span: Span, what: &str, help: &str) -> Diagnostic {
    Diagnostic::error(Code::NotADomain, format!("{what} cannot be a domain"))
        .at(span, "only a struct with named fields can derive NamasteCore")
        .help(help)
}

/// A struct with attributes but without the derive that reads them.
pub(crate) fn not_derived(span: Span, attribute: Span, name: &str) -> Diagnostic {
    Diagnostic::error(
        Code::NotADomain,
        format!("`{name}` has `#[beds(…)]`, but does not derive `NamasteCore`"),
    )
    .at(span, "not a domain")
    .near(attribute, "has no effect")
    .help("write `#[derive(NamasteCore)]` above it, under this name; or remove its `#[beds(…)]`")
}

/// `message` is the error, and its second line, if any, the advice.
pub(crate) fn attribute_form(span: Span, message: &str) -> Diagnostic {
    if let Some((message, help)) = message.split_once('\n') {
        return Diagnostic::error(Code::AttributeForm, message).at(span, "here").help(help);
    }
    Diagnostic::error(Code::AttributeForm, message).at(span, "here")
        .help("write `key`, `key = \"text\"`, `key = 5`, `key = [\"a\", \"b\"]` or `key(…)`, with commas between them")
}

pub(crate) fn type_unknown(span: Span, field: &str, rust: &str) -> Diagnostic {
    let diagnostic = Diagnostic::error(Code::MissingKey, format!("`type` is missing in `{field}`"))
        .at(span, format!("`{rust}` does not determine a type of the template language"));
    match foreign::translate(rust) {
        Some(ty) => diagnostic.help(format!("write {} if that is its type", Front::Attributes.write(&ty.attribute()))),
        None => diagnostic.help("choose one with `#[beds(type = \"…\")]`; these Rust types need none: bool, i64, u64, f64, String, Decimal, Uuid, Date, Time, DateTime, Bytes"),
    }
}

/// `before` is the position for `pub`, with the text that is there instead.
pub(crate) fn not_public(span: Span, before: Span, name: &str) -> Diagnostic {
    Diagnostic::error(Code::NotPublic, format!("the struct `{name}` is not public"))
        .at(span, "the node's factory cannot use it")
        .help(format!("write `pub struct {name}`"))
        .fix(before, "pub ")
}

pub(crate) fn not_a_method(span: Span, name: &str, known: &[&'static str]) -> Diagnostic {
    Diagnostic::error(Code::NotAMethod, format!("a method cannot serve `{name}`"))
        .at(span, "no such operation")
        .suggest(name, known.iter().copied(), "the operations are")
}

pub(crate) fn half_read(span: Span, given: &str, missing: &str) -> Diagnostic {
    Diagnostic::error(Code::HalfRead, format!("`{given}` has a method, but `{missing}` has none"))
        .at(span, format!("a domain that offers `{given}` offers `{missing}` too"))
        .help(format!("add `{missing} = Self::…` to `methods`, or add `read(…)`, which serves both"))
}

pub(crate) fn not_a_module(domain: Span, path: &str) -> Diagnostic {
    Diagnostic::error(
        Code::FileName,
        format!("the file name of `{path}` is not a valid name of a Rust module"),
    )
    .at(domain, "the module of the domain has the name of its file")
    .help("rename the file: letters, digits and `_`, and no digit first; clients do not see its name")
}

pub(crate) fn same_module(span: Span, first: Span, module: &str) -> Diagnostic {
    Diagnostic::error(Code::SameModule, format!("two domains have the same Rust module `{module}`"))
        .at(span, "the name of this domain's file is its module")
        .near(first, "the first")
        .help("rename the file; clients do not see its name")
}
