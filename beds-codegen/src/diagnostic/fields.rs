//! Mistakes about fields, their types, bounds and defaults.

use beds_protocol::{Engine, Generated, TypeName, shown};

use super::{Diagnostic, shape::A_STRING};
use crate::{
    code::Code,
    front::{Example, Front},
    letters, names,
    span::Span,
};

/// `has_column` says whether `column` can give it another name in the database.
pub(crate) fn field_name(span: Span, name: &str, has_column: bool) -> Diagnostic {
    let diagnostic = Diagnostic::error(Code::FieldName, format!("{} is not a valid field name", shown(name)))
        .at(span, "expected letters, digits and `_`, not beginning with a digit");
    if let Some((what, number)) = letters::first_invisible(name) {
        return diagnostic
            .help(format!("type it again: it contains {what} (U+{number:04X}), which is invisible"));
    }
    if let Some(name) = name.strip_prefix("fields.").filter(|name| names::is_word(name)) {
        return diagnostic.help(format!("write `{name}`: the header `[fields]` is above already"));
    }
    let guess = names::to_lower_snake(name).or_else(|| letters::transcribed(name));
    // Without its leading digits it may equal the name of another field.
    let digits = name.len() - name.trim_start_matches(|letter: char| letter.is_ascii_digit()).len();
    let guess = guess.map(|guess| match name.get(..digits) {
        Some(digits) if !digits.is_empty() => format!("_{digits}{guess}"),
        _ => guess,
    });
    match guess {
        Some(guess) if !has_column => diagnostic.help(format!(
            "write `{guess}`; JSON whose members must have other names needs a field of the type `json`"
        )),
        None if !has_column => diagnostic.help(
            "give the member another name; JSON whose members must have this one needs a field of the type `json`",
        ),
        Some(guess) => diagnostic.help(format!(
            "write `{guess}`, here and in every list that names it, and `column = \"{name}\"` if the column has this name"
        )),
        None => diagnostic.help("give the field another name, and write the database's name in `column`"),
    }
}

pub(crate) fn key_not_here(span: Span, key: &str, place: &str, help: &str) -> Diagnostic {
    let has = if place.starts_with("the items") { "have" } else { "has" };
    Diagnostic::error(Code::KeyNotHere, format!("{place} {has} no `{key}`")).at(span, "not here").help(help)
}

/// A name in the database for a member of an object that is kept as JSON.
pub(crate) fn column_of_json(span: Span, name: &str, column: Option<&str>) -> Diagnostic {
    let help = match column {
        Some(column) if column != name && names::is_word(column) => format!(
            "rename the member `{name}` to `{column}` if the JSON in the database has this name, or remove `column`"
        ),
        Some(column) if column != name => format!(
            "remove `column`: no member can have the name {}, so a document with it needs `type = \"json\"`",
            shown(column.escape_debug().to_string())
        ),
        _ => "remove `column`: a member has the same name as in the JSON".to_owned(),
    };
    let message = "a member of an object has no `column` on MariaDB";
    Diagnostic::error(Code::MemberColumn, message)
        .at(span, "an object is stored as JSON, with the members' own names")
        .help(help)
}

pub(crate) fn column_taken(span: Span, first: Span, column: &str) -> Diagnostic {
    Diagnostic::error(Code::ColumnTaken, format!("two fields have the same column {}", shown(column)))
        .at(span, "the second")
        .near(first, "the first")
        .help("correct `column` in one of them, or remove that field")
}

pub(crate) fn column_name(span: Span, column: &str, rule: &str) -> Diagnostic {
    let diagnostic = Diagnostic::error(
        Code::ColumnName,
        format!("{} is not a valid column name", shown(column.escape_debug().to_string())),
    )
    .at(span, rule);
    match column.split_once('.') {
        Some((outer, inner)) if !outer.is_empty() && !inner.is_empty() => diagnostic
            .help(format!("make `{outer}` a field of the type `object`, with `{inner}` in its `fields`")),
        _ => diagnostic.help(right_name(rule)),
    }
}

/// The advice for a name that breaks a rule of the engine.
pub(super) fn right_name(rule: &str) -> String {
    const WRITE: &str = "write the name as the database itself shows it";
    if rule.starts_with("longer") {
        return format!("no name in the database is {rule}: {WRITE}");
    }
    if rule.starts_with("MariaDB") {
        return format!("{rule}: {WRITE}");
    }
    WRITE.to_owned()
}

/// A name that is possible for a column, but most likely means something else.
pub(crate) fn odd_column(span: Span, name: &str, why: &str, help: &str, plain: Option<&str>) -> Diagnostic {
    let message = format!("{} is an unusual name for a column", shown(name.escape_debug().to_string()));
    let diagnostic = Diagnostic::warning(Code::OddObjectName, message).at(span, why).help(help);
    match plain {
        Some(plain) => diagnostic.rename(name, plain),
        None => diagnostic,
    }
}

pub(crate) fn identifier_taken(span: Span, first: Span, rust: &str) -> Diagnostic {
    Diagnostic::error(Code::IdentifierTaken, format!("two fields have the same Rust name `{rust}`"))
        .at(span, "the second")
        .near(first, "the first")
        .help("rename one of them, and write the database's name in `column`")
}

pub(crate) fn decimal_digits(span: Span, missing: &str, front: Front) -> Diagnostic {
    let example = front.write("precision = 12, scale = 2");
    Diagnostic::error(Code::DecimalDigits, format!("a decimal needs {missing}"))
        .at(span, format!("{missing} missing"))
        .help(format!("write {example} for a column `decimal(12,2)`: `precision` is the number of all digits, `scale` of those after the point"))
}

pub(crate) fn digits_range(span: Span, key: &str, value: i128, max: i128, why: &str) -> Diagnostic {
    let min = i128::from(key == "precision");
    Diagnostic::error(Code::DigitsRange, format!("`{key}` must be from {min} to {max}, not {value}"))
        .at(span, why)
        .help("write `precision = 12, scale = 2` for a column `decimal(12,2)`: `precision` is the number of all digits, `scale` of those after the point")
}

pub(crate) fn enum_without_values(span: Span, front: Front) -> Diagnostic {
    Diagnostic::error(Code::EnumValues, "an enum needs at least one value")
        .at(span, "no values")
        .help(format!("add {}", front.write("values = [\"draft\", \"active\"]")))
}

pub(crate) fn enum_value(span: Span, why: &str) -> Diagnostic {
    Diagnostic::error(Code::EnumValues, format!("a value of an enum {why}")).at(span, "this one").help(
        if why.contains("longer") {
            "shorten it; longer texts are a `string`"
        } else {
            "remove it; if a record may have no value, make the field nullable"
        },
    )
}

pub(crate) fn enum_value_twice(span: Span, first: Span, value: &str) -> Diagnostic {
    Diagnostic::error(Code::EnumValueTwice, format!("duplicate value `{value}` in an enum"))
        .at(span, "written again here")
        .near(first, "first written here")
        .help("remove one of them")
}

pub(crate) fn bounds_crossed(min: Span, max: Span) -> Diagnostic {
    Diagnostic::error(Code::BoundsCrossed, "`min` is above `max`, so no value is valid")
        .at(min, "above `max`")
        .near(max, "`max`")
        .help("swap them, or correct one of them")
}

pub(crate) fn bound_kind(span: Span, key: &str, ty: &str, expected: &str, found: &str) -> Diagnostic {
    Diagnostic::error(Code::BoundKind, format!("`{key}` of the type `{ty}` must be {expected}, not {found}"))
        .at(span, format!("expected {expected}"))
}

/// Adds the correct form of a constant of the wrong kind, if it is certain.
pub(crate) fn written_as(diagnostic: Diagnostic, right: Option<String>) -> Diagnostic {
    let span = diagnostic.primary().map(|label| label.span);
    if let (Some(right), Some(span)) = (right, span) {
        return diagnostic.help(format!("write `{right}`")).fix(span, right);
    }
    let expected = diagnostic.primary().map(|label| label.text.replacen("expected ", "", 1));
    diagnostic.help(format!("write {}, or remove the key", expected.unwrap_or_default()))
}

pub(crate) fn bound_range(
    span: Span,
    key: &str,
    ty: &str,
    (from, to): (&str, &str),
    help: &str,
) -> Diagnostic {
    Diagnostic::error(Code::BoundRange, format!("`{key}` of the type `{ty}` must be from {from} to {to}"))
        .at(span, "out of range")
        .help(if help.is_empty() {
            format!("write a number in this range, or remove `{key}`")
        } else {
            help.to_owned()
        })
}

/// A bound of a decimal with more fraction digits than its scale allows.
pub(crate) fn bound_fraction(span: Span, key: &str, fraction: usize, scale: u8) -> Diagnostic {
    Diagnostic::error(
        Code::BoundRange,
        format!("`{key}` has {fraction} digits after the point, but `scale` is {scale}"),
    )
    .at(span, "more digits than the values have")
    .help(format!("write at most {scale} digits after the point, or a greater `scale` if the column has one"))
}

/// `help` says what to write, if that is known. `escaped` is set for a pattern with `\`, and says where it is written.
pub(crate) fn bad_pattern(span: Span, why: &str, help: Option<String>, escaped: Option<Front>) -> Diagnostic {
    const SYNTAX: &str =
        "write the syntax of the Rust crate `regex`, which has no look-around and no back-references";
    let diagnostic = Diagnostic::error(Code::BadPattern, format!("invalid regular expression: {why}"))
        .at(span, "this pattern")
        .help(help.unwrap_or_else(|| SYNTAX.to_owned()));
    match escaped {
        Some(Front::Template) => diagnostic.help("in 'single quotes', TOML keeps every \\ as it is"),
        Some(Front::Attributes | Front::Parentheses) => {
            diagnostic.help("in r\"raw quotes\", Rust keeps every \\ as it is")
        }
        None => diagnostic,
    }
}

pub(crate) fn list_items(span: Span, front: Front) -> Diagnostic {
    Diagnostic::error(Code::ListItems, "a list needs `items`")
        .at(span, "which type do the items have?")
        .help(format!("add {}", front.write_key("items", A_STRING)))
}

pub(crate) fn object_fields(span: Span, front: Front) -> Diagnostic {
    let example = front.write_key("fields", Example::Keys(&[("name", A_STRING)]));
    Diagnostic::error(Code::ObjectFields, "an object needs `fields`")
        .at(span, "which members does it have?")
        .help(format!("add {example}, or write the type `json` for an object of any shape"))
}

pub(crate) fn object_id_not_on(span: Span, engine: Engine, front: Front) -> Diagnostic {
    let example = front.write("type = \"string\", min = 24, max = 24, pattern = \"[0-9a-f]+\"");
    Diagnostic::error(Code::TypeNotOnEngine, format!("{} has no type `object_id`", engine.title()))
        .at(span, "only MongoDB has this type")
        .help(format!("write {example} for 24 hexadecimal digits"))
}

/// `filled` is alternative advice for a field that the database fills.
pub(crate) fn unknown_generated(span: Span, name: &str, filled: Option<String>) -> Diagnostic {
    let diagnostic = Diagnostic::error(Code::UnknownGenerated, format!("unknown generator `{name}`"))
        .at(span, "no such generator");
    let folded = name.to_ascii_lowercase();
    let meant = match folded.as_str() {
        "auto_increment" | "autoincrement" | "auto-increment" | "auto" | "identity" | "serial"
        | "sequence" | "trigger" | "db" | "default" | "true" | "yes" | "always" | "computed" | "virtual"
        | "stored" | "server" | "mariadb" | "mysql" | "mongodb" | "rowversion" => Generated::Database,
        "uuid" | "uuid()" | "guid" | "random" | "newid()" | "uuid4" | "ulid" | "nanoid" | "cuid" => {
            return diagnostic.help("write `uuid_v7`, or `uuid_v4` for UUIDs that do not sort by time");
        }
        "uuidv7" | "uuid7" | "uuid-v7" => Generated::UuidV7,
        "uuidv4" | "uuid-v4" => Generated::UuidV4,
        "now()"
        | "current_timestamp"
        | "current_timestamp()"
        | "timestamp"
        | "utc_now"
        | "utcnow"
        | "sysdate"
        | "getdate()"
        | "created_at"
        | "on_create"
        | "datetime" => Generated::Now,
        folded => {
            let known = Generated::ALL.iter().map(|by| by.as_str());
            let is_near = beds_protocol::nearest(folded.trim_end_matches("()"), known.clone()).is_some();
            if is_near || !is_expression(folded) {
                return diagnostic.suggest(folded, known, "the generators are");
            }
            Generated::Database
        }
    };
    let diagnostic = diagnostic.help(format!("write `{meant}` instead"));
    match filled.filter(|_| meant == Generated::Database) {
        Some(filled) => diagnostic.help(filled),
        None => diagnostic.rename(name, meant.as_str()),
    }
}

/// Whether a text is an expression from which a database computes a column: `always as (a + b)`, `price * 2`.
fn is_expression(text: &str) -> bool {
    text.contains(['(', '*', '+', '/', '|']) || text.starts_with("always ") || text.contains(" as ")
}

pub(crate) fn generated_type(span: Span, by: Generated, ty: TypeName, of: TypeName) -> Diagnostic {
    Diagnostic::error(Code::GeneratedType, format!("`{by}` does not generate values of the type `{ty}`"))
        .at(span, format!("the field has the type `{ty}`"))
        .help(format!("make the field a `{of}`, or choose another generator"))
}

/// `by` is the distinction between the two values.
pub(crate) fn enum_case(span: Span, first: Span, value: &str, by: &str) -> Diagnostic {
    Diagnostic::warning(Code::EnumCase, format!("`{value}` differs from another value only by {by}"))
        .at(span, "equal in most collations of MariaDB")
        .near(first, "the other value")
        .help("remove one of them, unless the column's collation ends with `_bin` or `_cs`")
}

pub(crate) fn odd_pattern(
    span: Span,
    message: &str,
    label: &str,
    help: &str,
    right: Option<&str>,
) -> Diagnostic {
    let diagnostic = Diagnostic::warning(Code::OddPattern, message).at(span, label).help(help);
    match right {
        Some(right) => diagnostic.fix(span, names::quoted(right)),
        None => diagnostic,
    }
}

pub(crate) fn key_default(span: Span, key: Span, field: &str) -> Diagnostic {
    Diagnostic::warning(Code::KeyDefault, format!("the key field `{field}` has a constant default"))
        .at(span, "a second record with it is a conflict")
        .near(key, "part of the key")
        .help("remove `default`, so that clients send the key, or write `generated` for a new key each time")
}

pub(crate) fn contradiction(span: Span, other: Span, (key, rival): (&str, &str), why: &str) -> Diagnostic {
    Diagnostic::error(Code::Contradiction, format!("`{key}` and `{rival}` contradict each other"))
        .at(span, why)
        .near(other, format!("`{rival}` is here"))
        .help(format!("remove `{key}` or `{rival}`"))
}

pub(crate) fn key_nullable(span: Span, key: Span) -> Diagnostic {
    Diagnostic::error(Code::KeyNullable, "a key field cannot be nullable")
        .at(span, "nullable")
        .near(key, "part of the key")
        .help("remove `nullable`, or choose another key")
}

/// `others` are keys of the field that are also not allowed with `key`.
pub(crate) fn key_type(
    span: Span,
    ty: TypeName,
    generated: Option<Generated>,
    others: &[&'static str],
) -> Diagnostic {
    let help = match (generated, ty) {
        (Some(Generated::UuidV4 | Generated::UuidV7), _) => {
            "write `type = \"uuid\"`: the generator makes this type"
        }
        (Some(Generated::Now), _) => "write `type = \"datetime\"`: the generator makes this type",
        (_, TypeName::Text) => "write `type = \"string\"`, with the column's length as `max`",
        (_, TypeName::Float) => {
            "write `type = \"decimal\"` or `type = \"int\"`, as in the column: floating-point numbers that look the same may differ"
        }
        (_, TypeName::Bytes) => {
            "write `type = \"uuid\"` if the column is a BINARY(16) of a UUID, `type = \"string\"` if it holds text"
        }
        _ => {
            "choose a key of the type bool, int, decimal, string, uuid, date, time, datetime, enum or object_id"
        }
    };
    let diagnostic = Diagnostic::error(Code::KeyType, format!("the type `{ty}` cannot be a key"))
        .at(span, "part of the key")
        .help(help);
    if others.is_empty() {
        return diagnostic;
    }
    diagnostic.help(format!("remove {}, which a key cannot have", names::sentence(others.iter().copied())))
}

pub(crate) fn unique_type(span: Span, ty: &str) -> Diagnostic {
    Diagnostic::error(Code::UniqueType, format!("the type `{ty}` cannot be unique"))
        .at(span, "unique")
        .help("remove `unique`, or make the field a `string`")
}

pub(crate) fn version_type(span: Span, ty: Span, name: &str) -> Diagnostic {
    Diagnostic::error(Code::VersionType, format!("a version field must have the type `int`, not `{name}`"))
        .at(ty, "this type")
        .near(span, "the version field")
        .help("write `int`: the database adds one at every change; the time of a change is an ordinary field")
}

pub(crate) fn two_versions(span: Span, first: Span) -> Diagnostic {
    Diagnostic::error(Code::TwoVersions, "two fields are version fields")
        .at(span, "the second")
        .near(first, "the first")
        .help("remove `version` from one of them")
}

pub(crate) fn version_set(span: Span, version: Span, key: &str) -> Diagnostic {
    Diagnostic::error(
        Code::VersionSet,
        format!("a version field cannot have `{key}`: the database counts it"),
    )
    .at(span, "not for a version field")
    .near(version, "the version field")
    .help(format!("remove `{key}`"))
}

pub(crate) fn too_deep(span: Span, max: usize) -> Diagnostic {
    Diagnostic::error(Code::TooDeep, format!("lists and objects are nested more than {max} levels deep"))
        .at(span, "one level too many")
        .help("make the inner part a `json` field, or a separate domain")
}
