//! Mistakes in `[events]` besides those of its list.

use super::Diagnostic;
use crate::{
    code::Code,
    front::{Example, Front},
    span::Span,
};

pub(crate) fn without_key(span: Span, front: Front) -> Diagnostic {
    let key = front.write_key("key", Example::Yes);
    Diagnostic::error(
        Code::EventWithoutKey,
        "an event names the new record by its key, but the domain has no key",
    )
    .at(span, "which record?")
    .help(format!("add {key} to the fields that identify a record, or remove the operation here"))
}

pub(crate) fn key_not_told(span: Span, field: &str, declared: Span) -> Diagnostic {
    Diagnostic::error(
        Code::EventWithoutKey,
        format!("an event names the new record by its key, but `create` does not return `{field}`"),
    )
    .at(span, "which record?")
    .near(declared, "the database generates its value, and `create` does not return it")
    .help(format!("let the procedure return it, and write `returns = [\"{field}\"]` in `create`"))
}

pub(crate) fn sensitive(span: Span, field: &str, declared: Span) -> Diagnostic {
    let message = format!("`{field}` is sensitive, but every subscriber gets the event");
    Diagnostic::error(Code::EventSensitive, message)
        .at(span, "must not be published")
        .near(declared, "sensitive")
        .help("remove it: a client that may see it can fetch the record by the event's key")
}

pub(crate) fn unread(span: Span, update: Span, front: Front) -> Diagnostic {
    let read = front.write_into("objects", "read", Example::Keys(&[("view", Example::Is("\"…\""))]));
    Diagnostic::error(
        Code::EventUnread,
        "the events of `update` cannot carry fields: there is no object to read",
    )
    .at(span, "read from what?")
    .near(update, "an update knows only the fields that it changes")
    .help(format!("add {read}, or remove `fields`"))
}
