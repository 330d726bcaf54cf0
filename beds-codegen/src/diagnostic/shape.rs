//! Mistakes about which keys and sections there are, and what kind of value each has.

use super::Diagnostic;
use crate::{
    code::Code,
    front::{Example, Front, Whole},
    names,
    span::Span,
};

pub(crate) fn unknown_key(span: Span, key: &str, place: &str, known: &[&'static str]) -> Diagnostic {
    let diagnostic = Diagnostic::error(Code::UnknownKey, format!("unknown key `{key}` in {place}"))
        .at(span, "no such key");
    match synonym(key).filter(|meant| known.contains(meant)) {
        Some(meant) => diagnostic.help(format!("write `{meant}`: this is its name here")),
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

pub(crate) fn missing_header_section(whole: Whole) -> Diagnostic {
    Diagnostic::error(Code::MissingSection, "the section `[template]` is missing")
        .about(whole)
        .help("add it, with the template's `name`, `service`, `engine` and `database`")
}

pub(crate) fn missing_fields(whole: Whole, front: Front) -> Diagnostic {
    let (message, help) = match front {
        Front::Template => (
            "the section `[fields]` is missing",
            "add it, with a field for each column: `sku = { type = \"string\", max = 40 }`",
        ),
        Front::Attributes | Front::Parentheses => {
            ("the struct has no fields", "add a field for each column: `pub sku: String`")
        }
    };
    Diagnostic::error(Code::MissingSection, message).about(whole).help(help)
}

pub(crate) fn missing_header(span: Span, key: &str, name: &str) -> Diagnostic {
    Diagnostic::error(
        Code::MissingSection,
        format!("`{key}` belongs to `[{name}]`, whose header is missing above it"),
    )
    .at(span, format!("not in `[{name}]`"))
    .help(format!(
        "write `[{name}]` on a line of its own above this line; if the file already has `[{name}]`, move this line there"
    ))
}

/// `example` is what to write, in backquotes.
pub(crate) fn missing_key(span: Span, key: &str, place: &str, example: &str) -> Diagnostic {
    Diagnostic::error(Code::MissingKey, format!("`{key}` is missing in {place}"))
        .at(span, format!("`{key}` is missing"))
        .help(format!("add {example}"))
}

pub(crate) fn too_many(span: Span, what: &str, count: usize, count_max: usize) -> Diagnostic {
    Diagnostic::error(Code::TooMany, format!("there are {count} {what}, and at most {count_max} are allowed"))
        .at(span, "one too many")
        .help("split the domain, or keep the many things in the database, in a field of the type `json` or `string`")
}

pub(crate) fn empty_text(span: Span, key: &str) -> Diagnostic {
    Diagnostic::error(Code::EmptyText, format!("`{key}` is empty"))
        .at(span, "no text between the quotes")
        .help("write a text, or remove the key")
}

pub(crate) fn name_too_long(span: Span, what: &str, length: usize) -> Diagnostic {
    Diagnostic::error(
        Code::NameTooLong,
        format!(
            "the name of the {what} has {length} characters, and at most {} are allowed",
            names::NAME_LEN_MAX
        ),
    )
    .at(span, "too long")
    .help(if what == "field" {
        "shorten the name, and write the database's name in `column`"
    } else {
        "shorten the name"
    })
}

/// An example of a type, for what has to have one.
pub(crate) const A_STRING: Example<'_> =
    Example::Keys(&[("type", Example::Is("\"string\"")), ("max", Example::Is("40"))]);
