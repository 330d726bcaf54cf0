//! Stages of pipelines that fail whatever the documents are.

use super::{
    Diagnostic,
    pipelines::{place, shape, value},
};
use crate::{
    code::Code,
    span::{Span, Spanned},
};

pub(crate) fn empty_stage(span: Span, name: &str, named: Span) -> Diagnostic {
    value(span, format!("`{name}` is empty, and MongoDB refuses that"), "nothing in it", named)
        .help("write at least one member, or remove the stage")
}

pub(crate) fn mixed_projection(left_out: Span, taken: Span, named: Span) -> Diagnostic {
    value(
        left_out,
        "`$project` takes some fields and leaves others out, and MongoDB refuses that".to_owned(),
        "this field is left out",
        named,
    )
    .near(taken, "this one is taken or computed")
    .help("name only the fields that are wanted, or only those that are not; `_id` alone may be left out of the first")
}

pub(crate) fn second_writer(span: Span, first: Span, named: Span) -> Diagnostic {
    place(
        span,
        "a pipeline writes once, with its last stage",
        "keep one of the two, and write a second call for the other",
        named,
    )
    .near(first, "the first that writes")
}

/// `$args` and the like in place of `$arg`.
pub(crate) fn misspelt_placeholder(name: &Spanned<String>, named: Span) -> Diagnostic {
    let message = format!("`{}` is no operator; an argument is named by `$arg`", name.value);
    Diagnostic::error(Code::PipelineOperator, message)
        .at(name.span, "no such operator")
        .near(named, "named here")
        .help("write {\"$arg\": \"NAME\"}, one for each argument")
        .rename(&name.value, "$arg")
}

/// A whole command around the stages.
pub(crate) fn command(span: Span, named: Span) -> Diagnostic {
    shape(
        span,
        named,
        "a whole command stands where a list of stages has to stand",
        "these are the stages",
        "keep only the list of `pipeline`, from `[` to `]`; the template's `on` names the collection",
    )
}
