//! Mistakes in `[objects]` and `[fetch]`.

use beds_protocol::Engine;

use super::Diagnostic;
use crate::{
    code::Code,
    front::{Example, Front},
    span::Span,
};

pub(crate) fn object_engine(span: Span, key: &str, operation: &str, engine: Engine) -> Diagnostic {
    let instead = match (engine, operation) {
        (Engine::MariaDb, "read") => "`view` or `table`",
        (Engine::MariaDb, _) => "`procedure`",
        (Engine::MongoDb, "read") => "`view` or `collection`",
        (Engine::MongoDb, _) => "`collection`",
    };
    Diagnostic::error(Code::ObjectEngine, format!("`{key}` is not a key for {}", engine.title()))
        .at(span, format!("the engine is {}", engine.title()))
        .help(format!("write {instead}: this is what `{operation}` names with {}", engine.title()))
}

/// `example` is what to write, in backquotes.
pub(crate) fn object_missing(span: Span, operation: &str, example: &str) -> Diagnostic {
    Diagnostic::error(Code::ObjectMissing, format!("`{operation}` names no database object"))
        .at(span, "which object?")
        .help(format!("write {example}"))
}

pub(crate) fn two_objects(span: Span, first: Span, operation: &str) -> Diagnostic {
    Diagnostic::error(Code::TwoObjects, format!("`{operation}` names two database objects"))
        .at(span, "the second")
        .near(first, "the first")
        .help("remove one of them")
}

pub(crate) fn object_name(span: Span, name: &str, rule: &str) -> Diagnostic {
    let name = name.escape_debug();
    Diagnostic::error(Code::ObjectName, format!("`{name}` is not a valid name for a database object"))
        .at(span, rule)
}

pub(crate) fn args_missing(span: Span, operation: &str) -> Diagnostic {
    Diagnostic::error(Code::ArgsMissing, format!("the procedure of `{operation}` has no `args`"))
        .at(span, "which fields does it take?")
        .help("add `args = [\"…\"]`, with the fields in the order of the procedure's parameters")
}

pub(crate) fn unknown_field<'a>(
    span: Span,
    name: &str,
    fields: impl IntoIterator<Item = &'a str> + Clone,
) -> Diagnostic {
    Diagnostic::error(Code::UnknownField, format!("there is no field `{name}`"))
        .at(span, "no such field")
        .suggest(name, fields, "the fields are")
}

pub(crate) fn named_twice(span: Span, first: Span, name: &str, list: &str) -> Diagnostic {
    Diagnostic::error(Code::NamedTwice, format!("duplicate field `{name}` in `{list}`"))
        .at(span, "written again here")
        .near(first, "first written here")
        .help("remove one of them")
}

pub(crate) fn key_arg_missing(span: Span, operation: &str, field: &str, declared: Span) -> Diagnostic {
    Diagnostic::error(
        Code::KeyArgMissing,
        format!("the key field `{field}` is missing in the args of `{operation}`"),
    )
    .at(span, format!("`{field}` is missing"))
    .near(declared, "part of the key")
    .help("add the field here, and a parameter to the procedure: it finds the record by the whole key")
}

pub(crate) fn required_arg_missing(span: Span, field: &str, declared: Span) -> Diagnostic {
    Diagnostic::error(
        Code::RequiredArgMissing,
        format!("the required field `{field}` is missing in the args of `create`"),
    )
    .at(span, format!("`{field}` is missing"))
    .near(declared, "a new record needs this field")
    .help("add the field here, and a parameter to the procedure; if the database fills the field, declare it with `generated = \"database\"`")
}

pub(crate) fn version_arg_missing(span: Span, operation: &str, field: &str, declared: Span) -> Diagnostic {
    Diagnostic::error(
        Code::VersionArgMissing,
        format!("the version field `{field}` is missing in the args of `{operation}`"),
    )
    .at(span, format!("`{field}` is missing"))
    .near(declared, "the version")
    .help("add the field here, and a parameter to the procedure: it changes the record only if the parameter is NULL or the record's version")
}

pub(crate) fn no_key(span: Span, operation: &str, front: Front) -> Diagnostic {
    Diagnostic::error(Code::NoKey, format!("`{operation}` needs a key, and no field is part of one"))
        .at(span, "which record?")
        .help(format!("add {} to the fields that identify a record", front.write_key("key", Example::Yes)))
}

pub(crate) fn nothing_to_update(span: Span) -> Diagnostic {
    Diagnostic::error(Code::NothingToUpdate, "`update` has no field that it can change")
        .at(span, "only key, version, generated and immutable fields")
        .help("add the fields that the procedure sets, or remove `update`")
}

pub(crate) fn arg_without_value(
    span: Span,
    operation: &str,
    field: &str,
    declared: Span,
    why: &str,
) -> Diagnostic {
    Diagnostic::error(Code::ArgWithoutValue, format!("`{operation}` has no value for `{field}`"))
        .at(span, "no value to pass")
        .near(declared, why)
        .help("remove the field from `args`, and the parameter from the procedure")
}

pub(crate) fn fetch_without_read(span: Span, front: Front) -> Diagnostic {
    let fetch = front.section("fetch");
    let read = front.write_into("objects", "read", Example::Keys(&[("view", Example::Is("\"…\""))]));
    Diagnostic::error(Code::FetchWithoutRead, format!("{fetch} has no object to read"))
        .at(span, "fetch from what?")
        .help(format!("add {read}, or remove {fetch}"))
}

pub(crate) fn not_indexable(code: Code, span: Span, field: &str, ty: &str, declared: Span) -> Diagnostic {
    let verb = if code == Code::NotSortable { "sort" } else { "filter" };
    Diagnostic::error(code, format!("a fetch cannot {verb} by `{field}`: it has the type `{ty}`"))
        .at(span, format!("cannot {verb} by this field"))
        .near(declared, format!("the type is `{ty}`"))
        .help(format!("remove it from `{verb}`, make it a `string`, or write a procedure or pipeline of your own and call it"))
}

pub(crate) fn limit_crossed(default: Span, default_is: u32, max: Option<Span>, max_is: u32) -> Diagnostic {
    let diagnostic = Diagnostic::error(
        Code::LimitCrossed,
        format!("the default limit {default_is} is above the maximum {max_is}"),
    )
    .at(default, "above the maximum");
    match max {
        Some(span) => diagnostic.near(span, "the maximum"),
        None => diagnostic.help("`max` is 500 unless you write another"),
    }
}

pub(crate) fn limit_range(span: Span, key: &str, max: u32) -> Diagnostic {
    Diagnostic::error(Code::LimitRange, format!("`{key}` of a limit must be from 1 to {max}"))
        .at(span, "out of range")
        .help("clients fetch more records page by page, with the cursor of the last reply")
}
