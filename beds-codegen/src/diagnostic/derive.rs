//! Mistakes in hand-written domains that no template can have.

use super::Diagnostic;
use crate::{Code, span::Span};

pub(crate) fn not_rust(span: Span, message: &str) -> Diagnostic {
    Diagnostic::error(Code::NotRust, format!("this is not Rust: {message}"))
        .at(span, "here")
        .help("until it is, the domains of this file are not known")
}

pub(crate) fn not_a_domain(span: Span, what: &str, help: &str) -> Diagnostic {
    Diagnostic::error(Code::NotADomain, format!("{what} is no domain"))
        .at(span, "NamasteCore can be derived for structs with named fields")
        .help(help)
}

pub(crate) fn attribute_form(span: Span, message: &str) -> Diagnostic {
    Diagnostic::error(Code::AttributeForm, message).at(span, "here")
        .help("attributes are `key`, `key = \"text\"`, `key = 5`, `key = [\"a\", \"b\"]` and `key(…)`, separated by commas")
}

pub(crate) fn type_unknown(span: Span, field: &str) -> Diagnostic {
    Diagnostic::error(Code::MissingKey, format!("`type` is missing in `{field}`"))
        .at(span, "several types of a template would suit this one of Rust")
        .help("say which: `#[beds(type = \"…\")]`")
}

pub(crate) fn not_a_method(span: Span, name: &str, known: &[&'static str]) -> Diagnostic {
    Diagnostic::error(Code::NotAMethod, format!("`{name}` is no operation that a method can stand for"))
        .at(span, "no such operation")
        .suggest(name, known.iter().copied(), "the operations are")
}

pub(crate) fn half_read(span: Span, given: &str, missing: &str) -> Diagnostic {
    Diagnostic::error(Code::HalfRead, format!("`{given}` is a method, and nothing stands behind `{missing}`"))
        .at(span, format!("`{missing}` is offered wherever `{given}` is"))
        .help(format!("add `{missing} = Self::…` to `methods`, or a `read(…)` that serves it"))
}

pub(crate) fn same_module(span: Span, first: Span, module: &str) -> Diagnostic {
    Diagnostic::error(Code::SameModule, format!("two domains would both be the module `{module}`"))
        .at(span, "the file that holds this one gives its name to the module")
        .near(first, "the first")
        .help("rename the file: its name is free")
}
