//! Mistakes about which keys and sections there are, and what kind of value each has.

use super::Diagnostic;
use crate::{
    Code, names,
    span::{FileId, Span},
};

pub(crate) fn unknown_key(span: Span, key: &str, place: &str, known: &[&'static str]) -> Diagnostic {
    let diagnostic = Diagnostic::error(Code::UnknownKey, format!("unknown key `{key}` in {place}"))
        .at(span, "no such key");
    match synonym(key).filter(|meant| known.contains(meant)) {
        Some(meant) => diagnostic.help(format!("it is called `{meant}` here")),
        None => diagnostic.suggest(key, known.iter().copied(), "the keys here are"),
    }
}

/// The key that a word from SQL, JSON Schema or elsewhere means, if it is one that people use.
pub(crate) fn synonym(key: &str) -> Option<&'static str> {
    Some(match key.to_ascii_lowercase().as_str() {
        "length" | "size" | "max_length" | "maxlength" | "maximum" => "max",
        "min_length" | "minlength" | "minimum" => "min",
        "not_null" | "notnull" | "mandatory" => "required",
        "null" | "optional" => "nullable",
        "primary_key" | "primary" | "pk" => "key",
        "auto_increment" | "autoincrement" | "identity" | "serial" => "generated",
        "comment" | "desc" | "doc" => "description",
        "regex" | "regexp" | "format" => "pattern",
        "readonly" | "read_only" => "immutable",
        "secret" | "masked" => "sensitive",
        "enum" | "options" | "choices" => "values",
        "digits" => "precision",
        "insert" | "add" => "create",
        "select" | "fetch" | "get" => "read",
        "modify" | "change" => "update",
        "remove" => "delete",
        "proc" | "sp" => "procedure",
        "func" => "function",
        "db" | "dbase" | "schema" => "database",
        "params" | "parameters" | "arguments" => "args",
        "row" | "records" => "rows",
        _ => return None,
    })
}

pub(crate) fn unknown_section(span: Span, name: &str, known: &[&'static str]) -> Diagnostic {
    Diagnostic::error(Code::UnknownSection, format!("unknown section `[{name}]`"))
        .at(span, "no such section")
        .suggest(name, known.iter().copied(), "the sections are")
}

pub(crate) fn wrong_shape(span: Span, key: &str, expected: &str, found: &str) -> Diagnostic {
    Diagnostic::error(Code::WrongShape, format!("`{key}` must be {expected}, not {found}"))
        .at(span, format!("expected {expected}"))
}

pub(crate) fn missing_section(file: FileId, name: &str, help: &str) -> Diagnostic {
    Diagnostic::error(Code::MissingSection, format!("the section `[{name}]` is missing"))
        .in_file(file)
        .help(help)
}

pub(crate) fn missing_header(span: Span, key: &str, name: &str) -> Diagnostic {
    Diagnostic::error(
        Code::MissingSection,
        format!("`{key}` belongs to `[{name}]`, whose header is missing above it"),
    )
    .at(span, format!("not in `[{name}]`"))
    .help(format!(
        "write `[{name}]` on a line of its own above this one; where the file has it already, move this there"
    ))
}

pub(crate) fn missing_key(span: Span, key: &str, place: &str, example: &str) -> Diagnostic {
    Diagnostic::error(Code::MissingKey, format!("`{key}` is missing in {place}"))
        .at(span, format!("`{key}` is missing"))
        .help(format!("add `{example}`"))
}

pub(crate) fn too_many(span: Span, what: &str, count: usize, count_max: usize) -> Diagnostic {
    Diagnostic::error(Code::TooMany, format!("there are {count} {what}, more than {count_max}"))
        .at(span, "one too many")
        .help("split the domain, or keep what is so many in the database, as a `json` or `string`")
}

pub(crate) fn empty_text(span: Span, key: &str) -> Diagnostic {
    Diagnostic::error(Code::EmptyText, format!("`{key}` is empty"))
        .at(span, "nothing between the quotes")
        .help("write a value, or leave the key out")
}

pub(crate) fn name_too_long(span: Span, what: &str, length: usize) -> Diagnostic {
    Diagnostic::error(
        Code::NameTooLong,
        format!("the name of the {what} has {length} characters, more than {}", names::NAME_LEN_MAX),
    )
    .at(span, "too long")
    .help(if what == "field" {
        "shorten it, and keep the database's name in `column`"
    } else {
        "shorten it"
    })
}
