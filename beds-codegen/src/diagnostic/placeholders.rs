//! Mistakes about the positions of client values in a pipeline.

use super::Diagnostic;
use crate::{code::Code, span::Span};

pub(crate) fn value_not_here(span: Span, of: &str, (why, help): (&str, &str), named: Span) -> Diagnostic {
    let place = if of.contains(' ') { of.to_owned() } else { format!("`{of}`") };
    Diagnostic::error(Code::ValueNotHere, format!("a client's value is not allowed in {place}"))
        .at(span, why)
        .near(named, "named here")
        .help(help)
}

pub(crate) fn steered_by(span: Span, path: &str, named: Span) -> Diagnostic {
    Diagnostic::error(
        Code::ValueNotHere,
        format!("a client's value gets into `{path}`, which steers the pipeline here"),
    )
    .at(span, "may hold a client's value")
    .near(named, "named here")
    .help("write a constant; to let clients choose, use `$switch` with a constant in each branch")
}

pub(crate) fn undeclared_regex(span: Span, name: &str, of: &str, named: Span) -> Diagnostic {
    Diagnostic::error(
        Code::RegexNotDeclared,
        format!("a client's value is a regular expression in `{of}`, but is not declared as one"),
    )
    .at(span, "the client would write the expression")
    .near(named, "named here")
    .help(format!(
        "write {{\"$arg\": \"{name}\", \"as\": \"regex\"}} if clients may send regular expressions"
    ))
    .help("to search for the text itself, use `$indexOfCP` in `$expr`, or `$eq`")
}

pub(crate) fn no_regex_here(span: Span, of: &str, named: Span) -> Diagnostic {
    Diagnostic::error(Code::ValueNotHere, format!("`{of}` takes no regular expression"))
        .at(span, "declared as a regular expression")
        .near(named, "named here")
        .help("write {\"$arg\": \"NAME\"} without `as`")
}

pub(crate) fn argument_type(
    span: Span,
    (name, ty): (&str, &str),
    of: &str,
    takes: &str,
    (call, named): (Span, Span),
) -> Diagnostic {
    Diagnostic::error(Code::ArgumentKind, format!("`{of}` takes {takes}, but `{name}` has the type `{ty}`"))
        .at(span, format!("expected {takes}"))
        .near(call, "in this call")
        .near(named, "named here")
        .help(format!("change the type of the argument `{name}`, or write a constant"))
}

pub(crate) fn argument_bound(
    span: Span,
    (name, is_list): (&str, bool),
    of: &str,
    least: u8,
    (call, named): (Span, Span),
) -> Diagnostic {
    let (is_one, place) = if is_list { ("may contain one", "the `items` of ") } else { ("may be lower", "") };
    let message = format!("`{of}` takes no number below {least}, but `{name}` {is_one}");
    Diagnostic::error(Code::ArgumentKind, message)
        .at(span, format!("may be below {least}"))
        .near(call, "in this call")
        .near(named, "named here")
        .help(format!("write `min = {least}` in {place}the argument `{name}`"))
}

pub(crate) fn argument_null(span: Span, name: &str, of: &str, (call, named): (Span, Span)) -> Diagnostic {
    Diagnostic::error(Code::ArgumentKind, format!("`{of}` takes no null, but `{name}` may be null"))
        .at(span, "may be null")
        .near(call, "in this call")
        .near(named, "named here")
        .help(format!("remove `nullable` from the argument `{name}`, or give it a `default`"))
}
