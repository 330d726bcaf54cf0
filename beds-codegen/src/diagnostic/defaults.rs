//! Mistakes about defaults.

use super::Diagnostic;
use crate::{code::Code, names, span::Span};

pub(crate) fn default_kind(span: Span, ty: &str, expected: &str, found: &str) -> Diagnostic {
    Diagnostic::error(
        Code::DefaultKind,
        format!("the default of a field of the type `{ty}` must be {expected}, not {found}"),
    )
    .at(span, format!("expected {expected}"))
}

/// A moment without a time zone, which only its author knows. `utc` is the moment read as UTC.
pub(crate) fn default_without_zone(diagnostic: Diagnostic, utc: &str) -> Diagnostic {
    let local = utc.trim_end_matches('Z');
    diagnostic.help(format!(
        "write `{}` if it is in UTC; otherwise write its offset in place of `Z`, such as `{}`",
        names::quoted(utc),
        names::quoted(&format!("{local}+02:00"))
    ))
}

pub(crate) fn default_refused(span: Span, why: &str) -> Diagnostic {
    Diagnostic::error(Code::DefaultRefused, format!("the default {why}"))
        .at(span, "a client could not send this value")
}

/// A default that clients may send, but a template cannot hold.
pub(crate) fn default_above_limit(span: Span, why: &str) -> Diagnostic {
    Diagnostic::error(Code::DefaultRefused, format!("the default {why}"))
        .at(span, "a default is a signed number of 64 bits")
        .help("write a smaller number, or remove `default` and give the value in the procedure")
}

/// Bytes that look like hexadecimal digits, but are read as base64.
pub(crate) fn default_hexadecimal(span: Span, text: &str, right: &str) -> Diagnostic {
    Diagnostic::warning(
        Code::DefaultRefused,
        format!("the default `{text}` is read as base64, but looks hexadecimal"),
    )
    .at(span, "read as base64")
    .help(format!("write `{right}` for these hexadecimal digits"))
}

/// A default that is not one of an enum's values.
pub(crate) fn default_not_listed<'a>(
    span: Span,
    text: &str,
    values: impl IntoIterator<Item = &'a str> + Clone,
) -> Diagnostic {
    default_refused(span, &format!("`{text}` is not among the values of the enum"))
        .suggest(text, values, "the values are")
        .unfixed()
}

/// A default that a database would compute.
pub(crate) fn default_computed(
    span: Span,
    text: &str,
    generated: &str,
    elsewhere: Option<String>,
) -> Diagnostic {
    let diagnostic = default_refused(span, &format!("`{text}` is a function, not a constant"))
        .help(format!("write `generated = \"{generated}\"` in place of `default`"));
    elsewhere.into_iter().fold(diagnostic, Diagnostic::help)
}

/// The same for a field whose type cannot be generated.
pub(crate) fn default_of_function(span: Span, text: &str) -> Diagnostic {
    default_refused(span, &format!("`{text}` is a function, not a constant"))
        .help("write a constant, or remove `default`: the database fills only fields of the record")
}

/// A default that means "no default".
pub(crate) fn default_null(span: Span, text: &str) -> Diagnostic {
    default_refused(span, &format!("`{text}` is a text, not null"))
        .help("remove `default`: without one, a field that a client leaves out is null")
}

/// The same for a text field, where it may be the intended text.
pub(crate) fn default_null_text(span: Span, text: &str) -> Diagnostic {
    Diagnostic::warning(Code::DefaultRefused, format!("the default is the text `{text}`, not null"))
        .at(span, "stored as this text")
        .help("remove `default`: without one, a field that a client leaves out is null")
}

/// A function as the default of a text field.
pub(crate) fn default_function_text(span: Span, text: &str, elsewhere: Option<String>) -> Diagnostic {
    let message = format!("the default is the text `{text}`, not the result of the function");
    let diagnostic = Diagnostic::warning(Code::DefaultRefused, message)
        .at(span, "stored as this text")
        .help("write `generated = \"database\"` in place of `default`, and define the default in the table");
    elsewhere.into_iter().fold(diagnostic, Diagnostic::help)
}

pub(crate) fn default_impossible(span: Span, ty: &str) -> Diagnostic {
    Diagnostic::error(Code::DefaultImpossible, format!("a field of the type `{ty}` cannot have a default"))
        .at(span, "not for this type")
        .help("let the database fill it with `generated = \"database\"`, or make the field nullable")
}
