//! Doubtful values of an enum.

use beds_protocol::shown;

use super::Diagnostic;
use crate::{
    code::Code,
    names::{quoted, sentence},
    span::Span,
};

fn odd(span: Span, message: impl Into<String>, label: impl Into<String>) -> Diagnostic {
    Diagnostic::warning(Code::OddEnumValue, message).at(span, label)
}

/// `parts` are the texts between the separators.
pub(crate) fn several_in_one(span: Span, parts: &[&str]) -> Diagnostic {
    let right: Vec<String> = parts.iter().map(|part| quoted(part)).collect();
    odd(
        span,
        format!("{} are in one string", sentence(parts.iter().copied())),
        "read as one value of the enum",
    )
    .help(format!("write each in its own quotes, `{}`", right.join(", ")))
}

/// `what` is an invisible character, with its number.
pub(crate) fn unseen(span: Span, value: &str, what: &str, number: u32) -> Diagnostic {
    odd(span, format!("there is {what} (U+{number:04X}) in the value {}", shown(value)), "not what it seems")
        .help("type it again; if the database has it so, write `allow = [\"B0908\"]` in `[template]`")
}

/// `letter` belongs to another script than the rest of its word.
pub(crate) fn mixed(span: Span, value: &str, script: &str, letter: char) -> Diagnostic {
    odd(
        span,
        format!("the letter `{letter}` in {} is {script}", shown(value)),
        "it only looks like an ASCII letter",
    )
    .help("type it again; if the database has it so, write `allow = [\"B0908\"]` in `[template]`")
}
