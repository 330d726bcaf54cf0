//! Flags with `false` for a property that holds anyway.

use super::Diagnostic;
use crate::{
    code::Code,
    front::{Example, Front},
    part::Place,
    span::Span,
};

fn unheld(span: Span, message: &str, label: &str) -> Diagnostic {
    Diagnostic::error(Code::FlagUnheld, message).at(span, label)
}

/// `nullable = false` for an optional field. `whole` is the key with its value, if `required` can replace it.
pub(crate) fn null_by_absence(
    span: Span,
    whole: Option<Span>,
    place: Place,
    (front, is_optional): (Front, bool),
) -> Diagnostic {
    let required = front.write_key("required", Example::Yes);
    let instead = if is_optional { "`required = false`" } else { "it" };
    let message = "`nullable = false` does not hold: a field that may be left out may be null";
    let mut diagnostic = unheld(span, message, "it may be null")
        .help(format!("write {required} instead of {instead} if there must be a value"));
    if place.may_have("default") {
        diagnostic = diagnostic.help(format!(
            "if `create` may leave it out, add a `default`, or {} if the database fills it",
            front.write_key("generated", Example::Is("\"database\""))
        ));
    }
    diagnostic = diagnostic.help("remove `nullable` if it may be null");
    match whole {
        Some(whole) if front == Front::Template => diagnostic.fix(whole, "required = true"),
        _ => diagnostic,
    }
}

/// `required = false` for a key field, which a client must give.
pub(crate) fn key_left_out(span: Span, key: Span, front: Front) -> Diagnostic {
    unheld(span, "`required = false` does not hold: `create` must give a key", "it must be given")
        .near(key, "part of the key")
        .help(format!(
            "write {} instead of it if the database fills the key, or remove `required`",
            front.write_key("generated", Example::Is("\"database\""))
        ))
}

/// `immutable = false` for a key field.
pub(crate) fn key_changed(span: Span, key: Span) -> Diagnostic {
    unheld(span, "`immutable = false` does not hold: a key never changes", "it does not change")
        .near(key, "part of the key")
        .help("remove `immutable`, or choose another key")
}
