//! Stages of pipelines that fail whatever the documents are.

use super::{
    Diagnostic,
    pipelines::{place, shape, value},
};
use crate::span::Span;

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
