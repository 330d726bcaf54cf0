//! Mistakes in `[events]`.

use super::Diagnostic;
use crate::{
    code::Code,
    front::{Example, Front},
    span::Span,
};

pub(crate) fn nothing_published(span: Span, front: Front) -> Diagnostic {
    let events = front.section("events");
    let publish = front.write_into("events", "publish", Example::Is("[\"create\", \"update\", \"delete\"]"));
    Diagnostic::error(Code::NothingPublished, format!("{events} names no operation"))
        .at(span, "events of what?")
        .help(format!("add {publish}, or remove {events}"))
}

pub(crate) fn unknown(span: Span, name: &str, all: &[String]) -> Diagnostic {
    let diagnostic = Diagnostic::error(
        Code::EventUnknown,
        format!("there is no operation `{}` to publish", name.escape_debug()),
    )
    .at(span, "the domain does not offer it");
    if all.is_empty() {
        return diagnostic.help("the domain offers nothing that changes records: remove `[events]`");
    }
    diagnostic.suggest(name, all.iter().map(String::as_str), "what can be published")
}

/// A word for all operations.
pub(crate) fn wildcard(span: Span, all: &[String]) -> Diagnostic {
    let diagnostic = Diagnostic::error(Code::EventUnknown, "no word stands for all operations in `publish`")
        .at(span, "no such operation");
    if all.is_empty() {
        return diagnostic.help("the domain offers nothing that changes records: remove `[events]`");
    }
    let all: Vec<String> = all.iter().map(|name| format!("\"{name}\"")).collect();
    diagnostic.help(format!("name the operations: `publish = [{}]`", all.join(", ")))
}

pub(crate) fn call_without_prefix(span: Span, name: &str) -> Diagnostic {
    let right = format!("\"call.{name}\"");
    Diagnostic::error(Code::EventUnknown, format!("there is no operation `{name}` to publish"))
        .at(span, "this is the name of a call")
        .help(format!("write `{right}`"))
        .fix(span, right)
}

pub(crate) fn by_hand(span: Span, name: &str) -> Diagnostic {
    Diagnostic::error(Code::EventUnknown, format!("`{name}` has no object whose change could be published"))
        .at(span, "a Rust function stands behind it")
        .help(format!(
            "an event is stored with the write of an object: name one for `{name}`, or remove it here"
        ))
}

pub(crate) fn of_read(span: Span, name: &str, call: Option<&str>) -> Diagnostic {
    let diagnostic = Diagnostic::error(Code::EventOfRead, format!("`{name}` changes nothing"))
        .at(span, "there is no change to publish");
    match call {
        Some(call) => diagnostic.help(format!(
            "remove it; if the call does change records, write `lane = \"write\"` in `[calls.{call}]`"
        )),
        None => diagnostic.help("remove it"),
    }
}

pub(crate) fn published_twice(span: Span, first: Span, name: &str, list: &str) -> Diagnostic {
    Diagnostic::error(Code::NamedTwice, format!("duplicate operation `{name}` in `{list}`"))
        .at(span, "written again here")
        .near(first, "first written here")
        .help("remove one of them")
}

pub(crate) fn without_key(span: Span, front: Front) -> Diagnostic {
    let key = front.write_key("key", Example::Yes);
    Diagnostic::error(Code::EventWithoutKey, "an event says which record is new, and the domain has no key")
        .at(span, "which record?")
        .help(format!("add {key} to the fields that name a record, or remove it here"))
}

pub(crate) fn key_not_told(span: Span, field: &str, declared: Span) -> Diagnostic {
    Diagnostic::error(
        Code::EventWithoutKey,
        format!("an event says which record is new, and `create` does not tell `{field}`"),
    )
    .at(span, "which record?")
    .near(declared, "the database makes its value, and `create` does not return it")
    .help(format!("let the procedure give it back, and write `returns = [\"{field}\"]` in `create`"))
}

pub(crate) fn sensitive(span: Span, field: &str, declared: Span, is_key: bool) -> Diagnostic {
    let message = if is_key {
        format!("an event carries the key, and `{field}` is sensitive")
    } else {
        format!("`{field}` is sensitive, and an event goes to whoever listens")
    };
    let diagnostic = Diagnostic::error(Code::EventSensitive, message)
        .at(span, "not to be published")
        .near(declared, "sensitive");
    if is_key {
        diagnostic.help("remove `[events]`, or make another field the key")
    } else {
        diagnostic.help("remove it: whoever may see it fetches the record by the event's key")
    }
}

pub(crate) fn unread(span: Span, update: Span, front: Front) -> Diagnostic {
    let read = front.write_into("objects", "read", Example::Keys(&[("view", Example::Is("\"…\""))]));
    Diagnostic::error(
        Code::EventUnread,
        "the events of `update` cannot carry fields: there is no object to read",
    )
    .at(span, "read from what?")
    .near(update, "an update knows the fields that it changes, and no others")
    .help(format!("add {read}, or remove `fields`"))
}
