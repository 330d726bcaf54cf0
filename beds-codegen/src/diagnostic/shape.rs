//! Mistakes about the existence of keys and sections, and about the kinds of their values.

use beds_protocol::{TypeName, shown};

use super::{Diagnostic, access};
use crate::{
    code::Code,
    front::{Example, Front},
    meant::{self, Meant},
    names,
    part::{self, Part},
    span::Span,
    tree::{Entry, Node, Scalar, Value},
};

/// The context of an unknown key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Owner<'a> {
    /// Its name, in backquotes.
    pub(crate) place: &'a str,
    pub(crate) part: Part,
    /// The type, if it has one.
    pub(crate) ty: Option<TypeName>,
    /// The known keys that are present.
    pub(crate) present: &'a [&'static str],
    /// The known keys that unknown keys stand for.
    pub(crate) meant: &'a [&'static str],
    /// The unknown keys that most likely stand for a missing key, each with it.
    pub(crate) lost: &'a [(String, &'static str)],
}

pub(crate) fn unknown_key(entry: &Entry, owner: Owner<'_>) -> Diagnostic {
    let Owner { place, part, ty, present, .. } = owner;
    let (span, key) = (entry.key.span, entry.key.value.as_str());
    if let (Part::Access, Some(operations)) = (part, meant::granted(key, &entry.value.value)) {
        let right: Vec<String> =
            operations.iter().map(|operation| format!("`{operation} = [{}]`", names::quoted(key))).collect();
        return access::by_role(span, key, place, &right);
    }
    let diagnostic = Diagnostic::error(Code::UnknownKey, format!("unknown key {} in {place}", shown(key)))
        .at(span, "no such key");
    if let (Part::RoleFields, Some(word)) = (part, entry.value.value.as_text()) {
        let list = if word.starts_with("read") { "readonly" } else { "hidden" };
        return diagnostic.help(format!(
            "the list is the key, and the fields are its value: write `{list} = [{}]`",
            names::quoted(key)
        ));
    }
    if part == Part::Fetch && entry.value.value.as_text().is_some_and(meant::is_condition) {
        return diagnostic.help(meant::CONDITION);
    }
    let meant = match meant::meant(key, part) {
        Some(_) if meant::names_domain(key, part) && !present.contains(&"name") => Some(Meant::Key("name")),
        meant => meant,
    };
    // Only a key that counts seconds is perhaps `ttl`.
    if let (Some(Meant::Perhaps("ttl")), Value::Scalar(Scalar::Int(seconds))) = (meant, &entry.value.value) {
        return diagnostic.help(format!("write `ttl = \"{seconds}s\"`: a duration needs a unit"));
    }
    if let (Part::Objects, Some(Meant::Key(known)), Some(name)) = (part, meant, entry.value.value.as_text())
        && !present.contains(&known)
    {
        let name = names::quoted(name);
        let right = match known {
            "read" => format!("read = {{ view = {name} }}"),
            _ => format!("{known} = {{ procedure = {name}, args = [\"…\"] }}"),
        };
        return diagnostic.help(format!("write `{right}`"));
    }
    let runs = ["procedure", "function", "pipeline", "method"];
    if part == Part::Call && key == "name" && !runs.iter().any(|run| present.contains(run)) {
        return diagnostic.help("write `procedure` for the name of a procedure; the name of the call is in its header, `[calls.NAME]`");
    }
    if let (Some(TypeName::Decimal), Some(Meant::Key("max")), Value::List(items)) =
        (ty, meant, &entry.value.value)
        && let [
            Node { value: Value::Scalar(Scalar::Int(digits)), .. },
            Node { value: Value::Scalar(Scalar::Int(scale)), .. },
        ] = items.as_slice()
    {
        return diagnostic.help(format!("write `precision = {digits}, scale = {scale}`"));
    }
    // `lower = true` and the like mean no bound.
    if let (Some(Meant::Key("min" | "max")), Value::Scalar(Scalar::Bool(_))) = (meant, &entry.value.value) {
        return diagnostic.help(meant::AS_THEY_COME);
    }
    if let Some(help) = meant::instead(meant, &entry.value.value) {
        return diagnostic.help(help);
    }
    if let Some((flag, span)) = denied_null(entry, meant, owner) {
        let diagnostic = diagnostic.help(format!("write `{flag} = true` instead"));
        return diagnostic.fix(span, format!("{flag} = true"));
    }
    match meant {
        Some(Meant::Key(known) | Meant::Perhaps(known) | Meant::Pair(known, _))
            if present.contains(&known) =>
        {
            diagnostic.help(format!("remove it: it means `{known}`, which is written already"))
        }
        Some(Meant::Within(outer, inner)) => {
            let right = within(outer, inner, &entry.value.value);
            if present.contains(&outer) {
                return diagnostic.help(format!("move it into `{outer}` as `{inner}`: `{right}`"));
            }
            let diagnostic = diagnostic.help(format!("write `{right}`"));
            let at = entry.value.span;
            // Below a header of its own it is not a value.
            if at.start >= span.end {
                diagnostic.fix(Span { end: at.end, ..span }, right)
            } else {
                diagnostic
            }
        }
        Some(Meant::Key(known)) => match of_type(key, known, ty) {
            Some(help) => diagnostic.help(help),
            None => diagnostic.help(format!("write `{known}` instead")).rename(key, known),
        },
        Some(Meant::Perhaps(known)) => match of_type(key, known, ty) {
            Some(help) => diagnostic.help(help),
            None => diagnostic.help(format!("write `{known}` if you mean that, or remove it")),
        },
        Some(Meant::Pair(known, value)) if entry.value.value == Value::Scalar(Scalar::Bool(false)) => {
            match value {
                "\"read\"" => diagnostic.help(format!("write `{known} = \"write\"` instead")),
                "\"write\"" => diagnostic.help(format!("write `{known} = \"read\"` instead")),
                _ => diagnostic.help(format!("remove it: without `{known} = {value}`, this is the default")),
            }
        }
        Some(Meant::Pair(known, value)) => {
            let diagnostic = diagnostic.help(format!("write `{known} = {value}` instead"));
            // `false` means the opposite, and a table below a header is not a value.
            let at = entry.value.span;
            let diagnostic = if (known, value) == ("generated", "\"database\"") {
                diagnostic.help("`args` of `create` do not name a field that the database fills")
            } else {
                diagnostic
            };
            match entry.value.value {
                Value::Scalar(Scalar::Bool(true)) if at.start >= span.end => {
                    diagnostic.fix(Span { end: at.end, ..span }, format!("{known} = {value}"))
                }
                _ => diagnostic,
            }
        }
        Some(Meant::Nothing(_))
            if key == "format"
                && matches!(ty, Some(TypeName::Date | TypeName::Time | TypeName::DateTime)) =>
        {
            diagnostic
                .help("remove it: dates and times have one form, `2025-01-31` and `2025-01-31T12:00:00Z`")
        }
        Some(Meant::Nothing(instead)) => {
            let is_read = part == Part::Objects
                && matches!(&entry.value.value, Value::Table(table) if table.get("view").or(table.get("table")).is_some());
            let diagnostic = diagnostic.help(instead);
            if is_read {
                diagnostic.help("write `read` for an object that is a view or a table")
            } else {
                diagnostic
            }
        }
        None => match owner.lost.iter().find(|(name, _)| name == key) {
            Some((_, "procedure")) if part == Part::Call => diagnostic.help(
                "write `procedure`, `function`, `pipeline` or `method`, whichever it names: the call has none of them",
            ),
            Some((_, "procedure")) if part == Part::Write => diagnostic.help(
                "write `procedure` on MariaDB, or `collection` on MongoDB, if it names that: the operation has neither",
            ),
            Some((_, missing)) => diagnostic
                .help(format!("write `{missing}` if that is what it is: this key is missing here"))
                .help(format!("otherwise remove it, and add `{missing}`")),
            None => {
                diagnostic.suggest(key, part.listed(ty), "the keys here are").unless_listed(present.iter().copied())
            }
        },
    }
}

/// The flag that `null = false` and `not_null = false` mean, and the position that it replaces. An optional field may
/// be null. A field with a default is not null, unless the template says so.
fn denied_null(entry: &Entry, meant: Option<Meant>, owner: Owner<'_>) -> Option<(&'static str, Span)> {
    let (key, value) = (entry.key.span, entry.value.span);
    let Part::Field(place) = owner.part else { return None };
    if entry.value.value != Value::Scalar(Scalar::Bool(false)) || value.start < key.end {
        return None;
    }
    let is_present = |known: &&str| owner.present.contains(known);
    let is_said = |known: &&str| is_present(known) || owner.meant.contains(known);
    let (flag, is_alone) = match meant? {
        Meant::Key("nullable") | Meant::Perhaps("nullable") if place.may_be_required() => {
            ("required", !["required", "default", "generated", "version", "key"].iter().any(is_said))
        }
        Meant::Key("required") if meant::is_about_null(&entry.key.value) => {
            ("nullable", !["required", "nullable", "version", "key"].iter().any(is_present))
        }
        _ => return None,
    };
    is_alone.then_some((flag, Span { end: value.end, ..key }))
}

/// A key in the table that it belongs to, with its value.
fn within(outer: &str, inner: &str, value: &Value) -> String {
    match value {
        Value::Scalar(Scalar::Int(number)) => format!("{outer} = {{ {inner} = {number} }}"),
        _ => format!("{outer} = {{ {inner} = 50 }}"),
    }
}

/// The advice for a key that the type does not have, or that means something else for the type.
fn of_type(key: &str, known: &str, ty: Option<TypeName>) -> Option<String> {
    let (ty, types) = (ty?, part::types_of(known)?);
    let is_number = matches!(ty, TypeName::Int | TypeName::Float | TypeName::Decimal);
    match types {
        _ if is_number && matches!(known, "min" | "max") && !is_value_word(key) => Some(match ty {
            TypeName::Decimal => "remove it: its digits are `precision` and `scale`; `min` and `max` are its least and greatest value".to_owned(),
            _ => format!("remove it: `min` and `max` are the least and the greatest value of the type `{ty}`"),
        }),
        types if types.contains(&ty) => None,
        [other] => Some(format!("write `{known}` and make the type `{other}`, or remove it")),
        _ => Some(format!("remove it: it means `{known}`, which the type `{ty}` does not have")),
    }
}

/// Whether a word for a bound refers to values, not to lengths.
fn is_value_word(key: &str) -> bool {
    let key = key.to_lowercase();
    ["value", "imum", "lte", "le", "gte", "ge", "upper", "lower", "limit"]
        .iter()
        .any(|word| key.contains(word) && !key.contains("len"))
}

pub(crate) fn unknown_section(span: Span, name: &str) -> Diagnostic {
    let diagnostic = Diagnostic::error(Code::UnknownSection, format!("unknown section `[{name}]`"))
        .at(span, "no such section");
    match meant::meant(name, Part::Sections) {
        Some(Meant::Key("calls")) => diagnostic.help("write `[calls.NAME]` instead"),
        Some(Meant::Key(known) | Meant::Perhaps(known) | Meant::Pair(known, _) | Meant::Within(known, _)) => {
            diagnostic.help(format!("write `[{known}]` instead")).rename(name, known)
        }
        Some(Meant::Nothing(instead)) => diagnostic.help(instead),
        None => diagnostic.suggest(name, Part::Sections.known().iter().copied(), "the sections are"),
    }
}

/// An unknown section whose keys show which section it is.
pub(crate) fn unknown_section_of(span: Span, name: &str, home: &str) -> Diagnostic {
    let is_named = matches!(meant::meant(name, Part::Sections), Some(Meant::Key(known)) if known == home)
        || beds_protocol::nearest(name, [home]).is_some();
    if is_named {
        return unknown_section(span, name);
    }
    let diagnostic = Diagnostic::error(Code::UnknownSection, format!("unknown section `[{name}]`"))
        .at(span, "no such section");
    let shown = if home == "calls" { "calls.NAME" } else { home };
    // The author may have meant the other word, so `bedsc fix` does not open a domain to callers.
    diagnostic.help(format!("write `[{shown}]` if you mean that section: its keys fit"))
}

/// A call whose header lacks `calls.`.
pub(crate) fn call_as_section(span: Span, name: &str) -> Diagnostic {
    Diagnostic::error(Code::UnknownSection, format!("unknown section `[{name}]`"))
        .at(span, "looks like a call")
        .help(format!("write `[calls.{name}]`"))
}

/// The correct form of a section whose keys stand in no table.
pub(crate) fn section_on_lines(name: &str, value: &Value) -> String {
    let below = match (name, value) {
        ("calls", _) => return "write `[calls.NAME]`, and below it the keys of the call".to_owned(),
        ("events" | "audit", Value::List(items))
            if items.iter().any(|item| item.value.as_text().is_some()) =>
        {
            let names: Vec<String> =
                items.iter().filter_map(|item| item.value.as_text()).map(names::quoted).collect();
            let key = if name == "audit" { "operations" } else { "publish" };
            format!("`{key} = [{}]`", names.join(", "))
        }
        ("events", _) => "`publish = [\"create\"]`".to_owned(),
        ("lifecycle", _) => "`ttl = \"400d\"`".to_owned(),
        ("audit", _) => "`operations = [\"create\"]`".to_owned(),
        ("access", _) => "a line for each operation with its roles, `fetch = [\"clerk\"]`".to_owned(),
        ("fetch", _) => "`filter = [\"…\"]` and its other keys".to_owned(),
        ("objects", _) => "a line for each, `read = { view = \"…\" }`".to_owned(),
        ("template", _) => "a line for each, `name = \"…\"`".to_owned(),
        _ => "a line for each, `sku = { type = \"string\", max = 40 }`".to_owned(),
    };
    format!("write `[{name}]` on a line of its own, and below it {below}")
}

/// A section inside another section.
pub(crate) fn section_inside(span: Span, name: &str, outer: &str, value: &Value) -> Diagnostic {
    let help = match value {
        Value::Table(_) if name == "calls" => "write `[calls.NAME]`, without a prefix".to_owned(),
        Value::Table(_) => format!("write `[{name}]`, without `{outer}.`"),
        _ => section_on_lines(name, value),
    };
    Diagnostic::error(Code::UnknownKey, format!("`{name}` is a separate section, not a part of `[{outer}]`"))
        .at(span, format!("not in `[{outer}]`"))
        .help(help)
}

/// A table of fields in place of a type.
pub(crate) fn untyped_object(span: Span, name: &str, member: &str) -> Diagnostic {
    Diagnostic::error(Code::MissingKey, format!("`type` is missing in `{name}`"))
        .at(span, "looks like an object")
        .help(format!("write `{name} = {{ type = \"object\", fields = {{ {member} = …, … }} }}`"))
}

pub(crate) fn wrong_shape(span: Span, key: &str, expected: &str, found: &str) -> Diagnostic {
    Diagnostic::error(Code::WrongShape, format!("`{key}` must be {expected}, not {found}"))
        .at(span, format!("expected {expected}"))
}

pub(crate) fn missing_header_section(span: Span) -> Diagnostic {
    Diagnostic::error(Code::MissingSection, "the section `[template]` is missing")
        .at(span, "`[template]` is missing")
        .help("add it, with the template's `name`, `service`, `engine` and `database`")
}

pub(crate) fn missing_fields(span: Span, front: Front) -> Diagnostic {
    let (message, help) = match front {
        Front::Template => (
            "the section `[fields]` is missing",
            "add it, with a field for each column: `sku = { type = \"string\", max = 40 }`",
        ),
        Front::Attributes | Front::Parentheses => {
            ("the struct has no fields", "add a field for each column: `pub sku: String`")
        }
    };
    Diagnostic::error(Code::MissingSection, message).at(span, "of which fields?").help(help)
}

/// `example` is the text to write, in backquotes.
pub(crate) fn missing_key(span: Span, key: &str, place: &str, example: &str) -> Diagnostic {
    Diagnostic::error(Code::MissingKey, format!("`{key}` is missing in {place}"))
        .at(span, format!("`{key}` is missing"))
        .help(format!("add {example}"))
}

pub(crate) fn too_many(span: Span, what: &str, count: usize, count_max: usize) -> Diagnostic {
    Diagnostic::error(Code::TooMany, format!("there are {count} {what}, and at most {count_max} are allowed"))
        .at(span, "one too many")
        .help("split the domain, or keep the many values in the database, in a field of the type `json` or `string`")
}

pub(crate) fn empty_text(span: Span, key: &str) -> Diagnostic {
    Diagnostic::error(Code::EmptyText, format!("`{key}` is empty"))
        .at(span, "no text between the quotes")
        .help("write a text, or remove the key")
}

pub(crate) fn empty_type(span: Span) -> Diagnostic {
    Diagnostic::error(Code::EmptyText, "`type` is empty")
        .at(span, "no text between the quotes")
        .help("write the name of a type, such as `string`")
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

/// An example of a type, for parts that need one.
pub(crate) const A_STRING: Example<'_> =
    Example::Keys(&[("type", Example::Is("\"string\"")), ("max", Example::Is("40"))]);
