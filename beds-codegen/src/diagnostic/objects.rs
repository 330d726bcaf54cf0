//! Mistakes in `[objects]` and `[fetch]`.

use super::Diagnostic;
use crate::{Code, model::Engine, span::Span};

pub(crate) fn object_engine(span: Span, key: &str, operation: &str, engine: Engine) -> Diagnostic {
    let instead = match (engine, operation) {
        (Engine::MariaDb, "read") => "`view` or `table`",
        (Engine::MariaDb, _) => "`procedure`",
        (Engine::MongoDb, "read") => "`view` or `collection`",
        (Engine::MongoDb, _) => "`collection`",
    };
    Diagnostic::error(Code::ObjectEngine, format!("`{key}` is not for {}", engine.title()))
        .at(span, format!("the engine is {}", engine.as_str()))
        .help(format!("`{operation}` names a {instead} there"))
}

pub(crate) fn object_missing(span: Span, operation: &str, example: &str) -> Diagnostic {
    Diagnostic::error(Code::ObjectMissing, format!("`{operation}` names no database object"))
        .at(span, "which object?")
        .help(format!("write `{operation} = {example}`"))
}

pub(crate) fn two_objects(span: Span, first: Span, operation: &str) -> Diagnostic {
    Diagnostic::error(Code::TwoObjects, format!("`{operation}` names two database objects"))
        .at(span, "the second")
        .near(first, "the first")
        .help("remove one of them")
}

pub(crate) fn object_name(span: Span, name: &str, rule: &str) -> Diagnostic {
    Diagnostic::error(
        Code::ObjectName,
        format!("`{}` is not the name of a database object", name.escape_debug()),
    )
    .at(span, rule)
}

pub(crate) fn args_missing(span: Span, operation: &str) -> Diagnostic {
    Diagnostic::error(Code::ArgsMissing, format!("the procedure of `{operation}` has no `args`"))
        .at(span, "which fields does it take?")
        .help("add `args = [\"…\"]`: the fields it takes, in the order of its parameters")
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
    Diagnostic::error(Code::NamedTwice, format!("`{name}` stands twice in `{list}`"))
        .at(span, "the second time")
        .near(first, "the first time")
        .help("remove one of them")
}

pub(crate) fn key_arg_missing(span: Span, operation: &str, field: &str, declared: Span) -> Diagnostic {
    Diagnostic::error(Code::KeyArgMissing, format!("the args of `{operation}` lack the key field `{field}`"))
        .at(span, format!("`{field}` is missing"))
        .near(declared, "part of the key")
        .help("without the whole key the procedure cannot tell which record is meant: add the field and a parameter")
}

pub(crate) fn required_arg_missing(span: Span, field: &str, declared: Span) -> Diagnostic {
    Diagnostic::error(Code::RequiredArgMissing, format!("the args of `create` lack the field `{field}`"))
        .at(span, format!("`{field}` is missing"))
        .near(declared, "a new record needs it")
        .help("add it and a parameter; a value that the database fills is `generated = \"database\"`")
}

pub(crate) fn version_arg_missing(span: Span, operation: &str, field: &str, declared: Span) -> Diagnostic {
    Diagnostic::error(Code::VersionArgMissing, format!("the args of `{operation}` lack the version `{field}`"))
        .at(span, format!("`{field}` is missing"))
        .near(declared, "the version")
        .help("add it and a parameter: the procedure changes the record only while its version is the one given, or where NULL is given")
}

pub(crate) fn no_key(span: Span, operation: &str) -> Diagnostic {
    Diagnostic::error(Code::NoKey, format!("`{operation}` needs a key, and no field is one"))
        .at(span, "which record?")
        .help("mark the fields that identify a record with `key = true`")
}

pub(crate) fn nothing_to_update(span: Span) -> Diagnostic {
    Diagnostic::error(Code::NothingToUpdate, "`update` takes no field that it could change")
        .at(span, "only keys, versions, generated and immutable fields")
        .help("add the fields that the procedure sets, or remove `update`")
}

pub(crate) fn arg_without_value(
    span: Span,
    operation: &str,
    field: &str,
    declared: Span,
    why: &str,
) -> Diagnostic {
    Diagnostic::error(Code::ArgWithoutValue, format!("`{operation}` cannot pass `{field}`"))
        .at(span, "there is no value to pass")
        .near(declared, why)
        .help("remove it from `args`, and the parameter from the procedure")
}

pub(crate) fn fetch_without_read(span: Span) -> Diagnostic {
    Diagnostic::error(Code::FetchWithoutRead, "`[fetch]` without an object to read")
        .at(span, "nothing is fetched")
        .help("add `read = { view = \"…\" }` to `[objects]`, or remove `[fetch]`")
}

pub(crate) fn not_indexable(code: Code, span: Span, field: &str, ty: &str, declared: Span) -> Diagnostic {
    let verb = if code == Code::NotSortable { "sort" } else { "filter" };
    Diagnostic::error(code, format!("a fetch cannot {verb} by `{field}`: it is of the type `{ty}`"))
        .at(span, "not by this field")
        .near(declared, format!("`{ty}`"))
        .help(format!("remove it from `{verb}`; a `string` of bounded length would do, or a pipeline or procedure of your own under `[calls]`"))
}

pub(crate) fn limit_crossed(default: Span, default_is: u32, max: Option<Span>, max_is: u32) -> Diagnostic {
    let diagnostic = Diagnostic::error(
        Code::LimitCrossed,
        format!("the default limit {default_is} is above the greatest, {max_is}"),
    )
    .at(default, "greater");
    match max {
        Some(span) => diagnostic.near(span, "less"),
        None => diagnostic.help("`max` is 500 where it is not written"),
    }
}

pub(crate) fn limit_range(span: Span, key: &str, max: u32) -> Diagnostic {
    Diagnostic::error(Code::LimitRange, format!("`{key}` of a limit must be from 1 to {max}"))
        .at(span, "out of range")
        .help("more records than that are fetched page by page, with the cursor of the last reply")
}
