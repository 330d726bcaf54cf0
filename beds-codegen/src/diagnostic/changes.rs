//! Mistakes in the lists of operations that change records: `publish` of `[events]`, `operations` of `[audit]`.

use super::Diagnostic;
use crate::{
    code::Code,
    front::{Example, Front},
    span::Span,
};

/// The purpose of a list of operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Their events are published.
    Events,
    /// Their changes are audited.
    Audit,
}

impl Purpose {
    /// The section.
    pub(crate) const fn section(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Audit => "audit",
        }
    }

    /// The key of the list.
    pub(crate) const fn list(self) -> &'static str {
        match self {
            Self::Events => "publish",
            Self::Audit => "operations",
        }
    }

    /// The verb for a change.
    const fn verb(self) -> &'static str {
        match self {
            Self::Events => "publish",
            Self::Audit => "audit",
        }
    }

    const fn done(self) -> &'static str {
        match self {
            Self::Events => "published",
            Self::Audit => "audited",
        }
    }

    const fn unknown(self) -> Code {
        match self {
            Self::Events => Code::EventUnknown,
            Self::Audit => Code::AuditUnknown,
        }
    }
}

pub(crate) fn nothing(purpose: Purpose, span: Span, front: Front) -> Diagnostic {
    let section = front.section(purpose.section());
    let all = Example::Is("[\"create\", \"update\", \"delete\"]");
    let list = front.write_into(purpose.section(), purpose.list(), all);
    let code = match purpose {
        Purpose::Events => Code::NothingPublished,
        Purpose::Audit => Code::NothingAudited,
    };
    Diagnostic::error(code, format!("{section} names no operation"))
        .at(span, format!("{} of what?", purpose.section()))
        .help(format!("add {list}, or remove {section}"))
}

pub(crate) fn unknown(purpose: Purpose, span: Span, name: &str, all: &[String]) -> Diagnostic {
    let message = format!("there is no operation `{}` to {}", name.escape_debug(), purpose.verb());
    let diagnostic = Diagnostic::error(purpose.unknown(), message).at(span, "the domain does not offer it");
    if all.is_empty() {
        return diagnostic.help(idle(purpose));
    }
    let is_near = beds_protocol::nearest(name, all.iter().map(String::as_str)).is_some();
    if let Some(meant) = meant(name).filter(|meant| !is_near && all.iter().any(|known| known == meant)) {
        return diagnostic.help(format!("write `\"{meant}\"` instead")).propose(meant);
    }
    diagnostic.suggest(
        name,
        all.iter().map(String::as_str),
        &format!("operations that can be {}", purpose.done()),
    )
}

/// The operation that a word of another language stands for: `insert`, `ticket.created`.
fn meant(name: &str) -> Option<&'static str> {
    let lower = name.to_ascii_lowercase();
    let word = lower.rsplit(['.', ':', '_']).next().unwrap_or_default();
    Some(match word {
        "insert" | "inserted" | "add" | "added" | "create" | "created" | "new" => "create",
        "update" | "updated" | "change" | "changed" | "modify" | "modified" | "edit" | "edited" => "update",
        "delete" | "deleted" | "remove" | "removed" | "destroy" | "destroyed" => "delete",
        "upsert" | "upserted" | "merge" | "replace" => "upsert",
        _ => return None,
    })
}

/// A word for all operations.
pub(crate) fn wildcard(purpose: Purpose, span: Span, all: &[String]) -> Diagnostic {
    let list = purpose.list();
    let message = format!("`{list}` has no wildcard for all operations");
    let diagnostic = Diagnostic::error(purpose.unknown(), message).at(span, "no such operation");
    if all.is_empty() {
        return diagnostic.help(idle(purpose));
    }
    let all: Vec<String> = all.iter().map(|name| format!("\"{name}\"")).collect();
    diagnostic.help(format!("name the operations: `{list} = [{}]`", all.join(", ")))
}

fn idle(purpose: Purpose) -> String {
    format!("no operation of the domain changes records: remove `[{}]`", purpose.section())
}

pub(crate) fn call_without_prefix(purpose: Purpose, span: Span, name: &str) -> Diagnostic {
    let right = format!("\"call.{name}\"");
    let message = format!("there is no operation `{name}` to {}", purpose.verb());
    Diagnostic::error(purpose.unknown(), message)
        .at(span, "this is the name of a call")
        .help(format!("write `{right}`"))
        .fix(span, right)
        .propose(&format!("call.{name}"))
}

pub(crate) fn by_hand(purpose: Purpose, span: Span, name: &str) -> Diagnostic {
    let what = match purpose {
        Purpose::Events => "an event",
        Purpose::Audit => "an entry",
    };
    let message = format!("`{name}` changes no database object, so nothing can be {}", purpose.done());
    Diagnostic::error(purpose.unknown(), message).at(span, "a Rust function serves it").help(format!(
        "{what} is stored together with the write of a database object: name an object for `{name}`, or remove it here"
    ))
}

pub(crate) fn of_read(purpose: Purpose, span: Span, name: &str, call: Option<&str>) -> Diagnostic {
    let code = match purpose {
        Purpose::Events => Code::EventOfRead,
        Purpose::Audit => Code::AuditOfRead,
    };
    let diagnostic = Diagnostic::error(code, format!("`{name}` changes nothing"))
        .at(span, format!("there is no change to {}", purpose.verb()));
    match call {
        Some(call) => diagnostic.help(format!(
            "remove it; if the call does change records, write `lane = \"write\"` in `[calls.{call}]`"
        )),
        None => diagnostic.help("remove it"),
    }
}

pub(crate) fn twice(span: Span, first: Span, name: &str, list: &str) -> Diagnostic {
    Diagnostic::error(Code::NamedTwice, format!("duplicate operation `{name}` in `{list}`"))
        .at(span, "written again here")
        .near(first, "first written here")
        .help("remove one of them")
}

pub(crate) fn sensitive_key(purpose: Purpose, span: Span, field: &str, declared: Span) -> Diagnostic {
    let (code, what) = match purpose {
        Purpose::Events => (Code::EventSensitive, "an event contains the key"),
        Purpose::Audit => (Code::AuditSensitive, "an audit entry contains the key"),
    };
    Diagnostic::error(code, format!("{what}, but `{field}` is sensitive"))
        .at(span, format!("must not be {}", purpose.done()))
        .near(declared, "sensitive")
        .help(format!("remove `[{}]`, or make another field the key", purpose.section()))
}
