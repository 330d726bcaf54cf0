//! Mistakes in `[lifecycle]`.

use super::Diagnostic;
use crate::{
    code::Code,
    duration::Duration,
    front::{Example, Front},
    names::quoted,
    span::Span,
};

pub(crate) fn no_duration(span: Span, written: &str, right: Option<Duration>) -> Diagnostic {
    let diagnostic = Diagnostic::error(Code::Duration, format!("{} is not a duration", quoted(written)))
        .at(span, "how long?");
    match right {
        Some(right) => {
            let right = quoted(&right.to_string());
            diagnostic.help(format!("write `{right}`")).fix(span, right)
        }
        None => diagnostic.help("write a number and its unit, `s`, `m`, `h`, `d` or `y`, such as `\"400d\"`"),
    }
}

/// Months, which differ in length. `M` alone may mean minutes.
pub(crate) fn months(span: Span, written: &str, months: u64, days: u64) -> Diagnostic {
    let days = quoted(&format!("{days}d"));
    let diagnostic = Diagnostic::error(Code::Duration, format!("{} is not a duration", quoted(written)))
        .at(span, "how long?");
    if written.trim().ends_with('M') {
        let minutes = quoted(&format!("{months}m"));
        diagnostic
            .help(format!("`M` may be months or minutes: write `{days}` for months, `{minutes}` for minutes"))
    } else {
        diagnostic.help(format!("a month has no fixed length: write days, such as `{days}`"))
    }
}

pub(crate) fn duration_range(span: Span, written: &str) -> Diagnostic {
    Diagnostic::error(Code::Duration, format!("{} is out of range", quoted(written)))
        .at(span, "records are kept for this long")
        .help("write at least a minute, `\"60s\"`, and at most `\"68y\"`")
}

pub(crate) fn no_ttl(span: Span, front: Front) -> Diagnostic {
    let section = front.section("lifecycle");
    let ttl = front.write_into("lifecycle", "ttl", Example::Is("\"400d\""));
    Diagnostic::error(Code::MissingKey, format!("{section} does not say how long records are kept"))
        .at(span, "`ttl` is missing")
        .help(format!("add {ttl}, or remove {section}"))
}

/// No field, or several, can say when a record was made.
pub(crate) fn no_moment(span: Span, moments: &[&str], front: Front) -> Diagnostic {
    let diagnostic =
        Diagnostic::error(Code::TtlField, "the template does not say from when the age of a record counts")
            .at(span, "counted from when?");
    match moments {
        [] => diagnostic.help("add a field of type `datetime` with the time at which a record was created"),
        [first, ..] => {
            let by = front.write_into("lifecycle", "by", Example::Is(&quoted(first)));
            let all: Vec<String> = moments.iter().map(|name| format!("`{name}`")).collect();
            diagnostic.help(format!("add {by}; the fields of type `datetime` are {}", all.join(", ")))
        }
    }
}

pub(crate) fn not_a_moment(span: Span, name: &str, field: Span) -> Diagnostic {
    Diagnostic::error(Code::TtlField, format!("the age of a record cannot count from `{name}`"))
        .at(span, "not of type `datetime`")
        .near(field, "the field")
        .help("name a field of type `datetime`")
}

/// Nothing would delete old records.
pub(crate) fn no_purge(span: Span, front: Front) -> Diagnostic {
    let purge = front.write_into("lifecycle", "purge", Example::Is("\"purge\""));
    Diagnostic::error(Code::TtlUnkept, "MariaDB does not delete old records by itself")
        .at(span, "nothing enforces it")
        .help(format!("add {purge}, the name of a call; its procedure deletes old records, some at a time"))
        .help(PURGE)
}

pub(crate) fn unknown_purge<'a>(
    span: Span,
    name: &str,
    calls: impl IntoIterator<Item = &'a str> + Clone,
) -> Diagnostic {
    let diagnostic = Diagnostic::error(
        Code::TtlUnkept,
        format!("there is no call `{}` to delete old records", name.escape_debug()),
    )
    .at(span, "no such call");
    if calls.clone().into_iter().next().is_none() {
        return diagnostic.help(PURGE);
    }
    let plain = name.strip_prefix("call.").or_else(|| name.strip_prefix("calls."));
    if let Some(plain) = plain.filter(|plain| calls.clone().into_iter().any(|call| call == *plain)) {
        return diagnostic.help(format!("write `{plain}`: a call has no prefix here"));
    }
    diagnostic.suggest(name, calls, "the calls are").help(PURGE)
}

pub(crate) fn odd_purge(span: Span, name: &str, lacks: &str) -> Diagnostic {
    Diagnostic::error(Code::TtlUnkept, format!("the call `{name}` cannot delete old records: {lacks}"))
        .at(span, "this call")
        .help(PURGE)
}

pub(crate) fn purge_of_documents(span: Span) -> Diagnostic {
    Diagnostic::error(Code::TtlUnkept, "MongoDB deletes old records by an index")
        .at(span, "no call is needed")
        .help("remove `purge`; `bedsc ddl` writes the index")
}

/// Records cannot be moved.
pub(crate) fn age_unkept(span: Span, what: &str, help: &str) -> Diagnostic {
    let message = "old records of this template cannot be moved";
    Diagnostic::error(Code::AgeUnkept, message).at(span, what).help(help)
}

pub(crate) fn no_age(span: Span, name: &str) -> Diagnostic {
    let example = if name == "cool" { "3y" } else { "90d" };
    Diagnostic::error(Code::MissingKey, format!("`{name}` does not say at which age records are moved"))
        .at(span, "`after` is missing")
        .help(format!("add `after = \"{example}\"`"))
}

pub(crate) fn age_after_ttl(span: Span) -> Diagnostic {
    Diagnostic::error(Code::AgeUnkept, "records are deleted before they reach this age")
        .at(span, "not less than `ttl`")
        .help("write a shorter time, or a longer `ttl`")
}

pub(crate) fn two_ways(span: Span, warehouse: Span) -> Diagnostic {
    Diagnostic::error(Code::AgeUnkept, "records go into the warehouse or into cool storage, not into both")
        .at(span, "this is the second way")
        .near(warehouse, "the first way")
        .help("write `cool` into the template of the warehouse: its records age there")
}

pub(crate) fn no_target(span: Span) -> Diagnostic {
    Diagnostic::error(Code::MissingKey, "`warehouse` does not say where records go")
        .at(span, "`to` is missing")
        .help("add `to = \"…\"`, the name of a template of the same shape on another database")
}

pub(crate) fn unknown_target<'a>(
    span: Span,
    name: &str,
    templates: impl IntoIterator<Item = &'a str> + Clone,
) -> Diagnostic {
    let message = format!("there is no template `{}` to use as the warehouse", name.escape_debug());
    Diagnostic::error(Code::WarehouseTarget, message).at(span, "no such template").suggest(
        name,
        templates,
        "the templates are",
    )
}

pub(crate) fn odd_target(span: Span, name: &str, lacks: &str) -> Diagnostic {
    Diagnostic::error(Code::WarehouseTarget, format!("`{name}` cannot be the warehouse: {lacks}"))
        .at(span, "this template")
        .help(
            "a warehouse is a template of the same shape on another database: it has the same key and fields, and offers \
             `fetch`, `create`, `update` and `delete`",
        )
}

/// A description of a suitable call.
const PURGE: &str = "`purge` names a call of the lane `write`; its procedure takes `before = \"datetime\"` and `most = \"int\"`, and returns in `purged = { type = \"int\", mode = \"out\" }` how many records it deleted";
