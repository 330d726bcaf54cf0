//! Mistakes about fields, their types, bounds and defaults.

use super::Diagnostic;
use crate::{
    Code,
    model::{Engine, Generated, Type},
    span::Span,
};

pub(crate) fn field_name(span: Span, name: &str) -> Diagnostic {
    Diagnostic::error(Code::FieldName, format!("`{name}` is not a field's name"))
        .at(span, "expected letters, digits and `_`, not beginning with a digit")
        .help("if the database's name is like this, keep it in `column` and give the field another name")
}

pub(crate) fn unknown_type(span: Span, name: &str, engine: Option<Engine>) -> Diagnostic {
    let known = Type::NAMES
        .iter()
        .copied()
        .filter(move |name| *name != "object_id" || engine != Some(Engine::MariaDb));
    let diagnostic =
        Diagnostic::error(Code::UnknownType, format!("unknown type `{name}`")).at(span, "no such type");
    // What people know from SQL and from other languages, and what it is called here.
    let meant = match name.to_ascii_lowercase().as_str() {
        "varchar" | "char" | "str" | "nvarchar" => "string",
        "integer" | "bigint" | "smallint" | "tinyint" | "mediumint" | "long" | "i64" | "number" => "int",
        "numeric" | "money" => "decimal",
        "double" | "real" | "f64" => "float",
        "boolean" | "bit" => "bool",
        "blob" | "binary" | "varbinary" | "longblob" => "bytes",
        "timestamp" => "datetime",
        "longtext" | "mediumtext" | "clob" => "text",
        "array" | "set" => "list",
        "map" | "document" | "struct" => "object",
        "guid" => "uuid",
        "objectid" => "object_id",
        _ => return diagnostic.suggest(name, known, "the types are"),
    };
    diagnostic.help(format!("it is called `{meant}` here"))
}

pub(crate) fn key_not_of_type(span: Span, key: &str, ty: &str, types: &[&str]) -> Diagnostic {
    Diagnostic::error(Code::KeyNotOfType, format!("`{key}` means nothing for the type `{ty}`"))
        .at(span, format!("not for `{ty}`"))
        .help(format!(
            "`{key}` is for {}: change the type, or remove `{key}`",
            crate::names::sentence(types.iter().copied())
        ))
}

pub(crate) fn key_not_here(span: Span, key: &str, place: &str, help: &str) -> Diagnostic {
    Diagnostic::error(Code::KeyNotHere, format!("`{key}` means nothing for {place}"))
        .at(span, "not here")
        .help(help)
}

pub(crate) fn column_taken(span: Span, first: Span, column: &str) -> Diagnostic {
    Diagnostic::error(Code::ColumnTaken, format!("the column `{column}` is used by two fields"))
        .at(span, "the second")
        .near(first, "the first")
        .help("correct `column` of one of them, or remove that field")
}

pub(crate) fn column_name(span: Span, column: &str, rule: &str) -> Diagnostic {
    let diagnostic =
        Diagnostic::error(Code::ColumnName, format!("`{}` is not a column's name", column.escape_debug()))
            .at(span, rule);
    match column.split_once('.') {
        Some((outer, inner)) if !outer.is_empty() && !inner.is_empty() => {
            diagnostic.help(format!("make `{outer}` an `object` with `{inner}` among its `fields`"))
        }
        _ => diagnostic.help("write the name as the database has it, without quotes"),
    }
}

pub(crate) fn identifier_taken(span: Span, first: Span, rust: &str) -> Diagnostic {
    Diagnostic::error(Code::IdentifierTaken, format!("two fields would both be `{rust}` in Rust"))
        .at(span, "the second")
        .near(first, "the first")
        .help("rename one of them, and keep the database's name in `column`")
}

pub(crate) fn decimal_digits(span: Span, missing: &str) -> Diagnostic {
    Diagnostic::error(Code::DecimalDigits, format!("a decimal needs {missing}"))
        .at(span, format!("{missing} missing"))
        .help("write `precision`, the digits in all, and `scale`, those after the point: a column `decimal(12,2)` has `precision = 12, scale = 2`")
}

pub(crate) fn digits_range(span: Span, key: &str, value: i128, max: i128, why: &str) -> Diagnostic {
    let min = i128::from(key == "precision");
    Diagnostic::error(Code::DigitsRange, format!("`{key}` must be from {min} to {max}, not {value}"))
        .at(span, why)
        .help("`precision` counts the digits in all, `scale` those of them after the point: `decimal(12,2)` has `precision = 12, scale = 2`")
}

pub(crate) fn enum_without_values(span: Span) -> Diagnostic {
    Diagnostic::error(Code::EnumValues, "an enum needs at least one value")
        .at(span, "no values")
        .help("add `values = [\"draft\", \"active\"]`")
}

pub(crate) fn enum_value(span: Span, why: &str) -> Diagnostic {
    Diagnostic::error(Code::EnumValues, format!("an enum's value {why}"))
        .at(span, "this one")
        .help("remove it; a field that may have no value is `nullable = true`")
}

pub(crate) fn enum_value_twice(span: Span, first: Span, value: &str) -> Diagnostic {
    Diagnostic::error(Code::EnumValueTwice, format!("the value `{value}` stands twice"))
        .at(span, "the second time")
        .near(first, "the first time")
        .help("remove one of them")
}

pub(crate) fn bounds_crossed(min: Span, max: Span) -> Diagnostic {
    Diagnostic::error(Code::BoundsCrossed, "`min` is greater than `max`, so no value fits")
        .at(min, "greater")
        .near(max, "less")
        .help("exchange them, or correct one")
}

pub(crate) fn bound_kind(span: Span, key: &str, ty: &str, expected: &str, found: &str) -> Diagnostic {
    Diagnostic::error(Code::BoundKind, format!("`{key}` of the type `{ty}` must be {expected}, not {found}"))
        .at(span, format!("expected {expected}"))
}

pub(crate) fn bound_range(span: Span, key: &str, ty: &str, from: &str, to: &str) -> Diagnostic {
    Diagnostic::error(Code::BoundRange, format!("`{key}` of the type `{ty}` must be from {from} to {to}"))
        .at(span, "out of range")
        .help(format!("write a number in that range, or leave `{key}` out"))
}

pub(crate) fn bad_pattern(span: Span, why: &str) -> Diagnostic {
    Diagnostic::error(Code::BadPattern, format!("the pattern is not a regular expression: {why}"))
        .at(span, "this pattern")
        .help("the syntax is that of the Rust crate `regex`, without look-around and back-references; in TOML, 'single quotes' keep every \\ as it is")
}

pub(crate) fn list_items(span: Span) -> Diagnostic {
    Diagnostic::error(Code::ListItems, "a list needs the type of its items")
        .at(span, "items of what?")
        .help("add `items = { type = \"string\", max = 40 }`")
}

pub(crate) fn object_fields(span: Span) -> Diagnostic {
    Diagnostic::error(Code::ObjectFields, "an object needs members")
        .at(span, "no members")
        .help("add `fields = { name = { type = \"string\" } }`; an object of any shape has the type `json`")
}

pub(crate) fn type_not_on_engine(span: Span, ty: &str, engine: Engine) -> Diagnostic {
    Diagnostic::error(Code::TypeNotOnEngine, format!("{} has no type `{ty}`", engine.title()))
        .at(span, "only MongoDB has it")
        .help("an identifier of 24 hexadecimal digits is `{ type = \"string\", min = 24, max = 24, pattern = \"[0-9a-f]+\" }`")
}

pub(crate) fn unknown_generated(span: Span, name: &str) -> Diagnostic {
    Diagnostic::error(Code::UnknownGenerated, format!("nothing generates `{name}`"))
        .at(span, "no such generator")
        .help(match name.to_ascii_lowercase().as_str() {
            "auto_increment" | "autoincrement" | "identity" | "serial" | "sequence" | "trigger" | "db" => {
                "it is called `database` here".to_owned()
            }
            "uuid" => {
                "it is called `uuid_v7` here, or `uuid_v4` for UUIDs that do not sort by time".to_owned()
            }
            "now()" | "current_timestamp" | "timestamp" => "it is called `now` here".to_owned(),
            folded => {
                let known = Generated::ALL.iter().map(|by| by.as_str());
                match crate::names::nearest(folded, known.clone()) {
                    Some(nearest) => format!("did you mean `{nearest}`?"),
                    None => format!("the generators are: {}", crate::names::sentence(known)),
                }
            }
        })
}

pub(crate) fn generated_type(span: Span, by: Generated, ty: &str, types: &[&str]) -> Diagnostic {
    Diagnostic::error(Code::GeneratedType, format!("`{}` generates no `{ty}`", by.as_str()))
        .at(span, format!("the field is of the type `{ty}`"))
        .help(format!("it generates {}", crate::names::sentence(types.iter().copied())))
}

pub(crate) fn default_kind(span: Span, ty: &str, expected: &str, found: &str) -> Diagnostic {
    Diagnostic::error(
        Code::DefaultKind,
        format!("the default of the type `{ty}` must be {expected}, not {found}"),
    )
    .at(span, format!("expected {expected}"))
}

pub(crate) fn default_refused(span: Span, why: &str) -> Diagnostic {
    Diagnostic::error(Code::DefaultRefused, format!("the default {why}"))
        .at(span, "a client could not give this value")
}

pub(crate) fn default_impossible(span: Span, ty: &str) -> Diagnostic {
    Diagnostic::error(Code::DefaultImpossible, format!("the type `{ty}` has no default"))
        .at(span, "not for this type")
        .help("let the database fill it: `generated = \"database\"`, or make the field nullable")
}

pub(crate) fn contradiction(span: Span, other: Span, (key, rival): (&str, &str), why: &str) -> Diagnostic {
    Diagnostic::error(Code::Contradiction, format!("`{key}` and `{rival}` contradict each other"))
        .at(span, why)
        .near(other, format!("`{rival}` is here"))
        .help(format!("remove `{key}` or `{rival}`"))
}

pub(crate) fn key_nullable(span: Span, key: Span) -> Diagnostic {
    Diagnostic::error(Code::KeyNullable, "a field of the key may not be null")
        .at(span, "nullable")
        .near(key, "part of the key")
        .help("remove `nullable`, or choose another key")
}

pub(crate) fn key_type(span: Span, ty: &str) -> Diagnostic {
    Diagnostic::error(Code::KeyType, format!("the type `{ty}` cannot be a key"))
        .at(span, "part of the key")
        .help("a key is a bool, int, decimal, string, uuid, date, time, datetime, enum or object_id")
}

pub(crate) fn unique_type(span: Span, ty: &str) -> Diagnostic {
    Diagnostic::error(Code::UniqueType, format!("the type `{ty}` cannot be unique"))
        .at(span, "unique")
        .help("remove `unique`; a string of bounded length can be unique")
}

pub(crate) fn version_type(span: Span, ty: Span, name: &str) -> Diagnostic {
    Diagnostic::error(Code::VersionType, format!("a version field is an int, not `{name}`"))
        .at(ty, "this type")
        .near(span, "the version field")
        .help("the database counts it up by one at every change; a moment of change is an ordinary field")
}

pub(crate) fn two_versions(span: Span, first: Span) -> Diagnostic {
    Diagnostic::error(Code::TwoVersions, "two fields are the version")
        .at(span, "the second")
        .near(first, "the first")
        .help("remove `version` from one of them")
}

pub(crate) fn version_set(span: Span, version: Span, key: &str) -> Diagnostic {
    Diagnostic::error(Code::VersionSet, format!("a version field cannot be `{key}`: the database counts it"))
        .at(span, "not for a version field")
        .near(version, "the version field")
        .help(format!("remove `{key}`"))
}

pub(crate) fn too_deep(span: Span, max: usize) -> Diagnostic {
    Diagnostic::error(Code::TooDeep, format!("lists and objects are nested deeper than {max}"))
        .at(span, "one level too many")
        .help("make the inner part `json`, or a domain of its own")
}
