//! Mistakes in `[objects]` and `[fetch]`.

use beds_protocol::{Engine, shown};

use super::Diagnostic;
use crate::{
    code::Code,
    front::{Example, Front},
    meant, names,
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
        .help(format!("write {instead} for `{operation}` on {}", engine.title()))
}

/// A key beside a collection that only procedures can have.
pub(crate) fn no_procedure(span: Span, key: &str, operation: &str) -> Diagnostic {
    let (mongodb, mariadb) = (Engine::MongoDb.title(), Engine::MariaDb.title());
    Diagnostic::error(Code::ObjectEngine, format!("`{key}` is not a key for {mongodb}"))
        .at(span, format!("the engine is {mongodb}"))
        .help(format!(
            "remove it: only a procedure of {mariadb} has `{key}`, but `{operation}` has a collection"
        ))
}

/// An object that is one of the node's own tables.
pub(crate) fn own_table(span: Span, name: &str) -> Diagnostic {
    Diagnostic::error(Code::ObjectName, format!("{} is an internal table of the node", shown(name)))
        .at(span, "not for templates")
        .help("name another object: only the node uses this table")
}

/// `example` is the text to write, in backquotes.
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
    let name = shown(name.escape_debug().to_string());
    Diagnostic::error(Code::ObjectName, format!("{name} is not a valid name for a database object"))
        .at(span, rule)
}

/// A name that breaks a rule of the engine.
pub(crate) fn object_name_rule(span: Span, name: &str, rule: &str) -> Diagnostic {
    object_name(span, name, rule).help(super::fields::right_name(rule))
}

/// Several names in one string.
pub(crate) fn names_in_one(span: Span, names: &[&str]) -> Diagnostic {
    let right: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    let right = right.join(", ");
    Diagnostic::error(Code::UnknownField, "one string contains several fields")
        .at(span, "write one string per field")
        .help(format!("write `{right}`"))
        .fix(span, right)
}

/// A name in the quotes of SQL.
pub(crate) fn object_name_quoted(span: Span, name: &str, plain: &str) -> Diagnostic {
    object_name(span, name, "the node quotes names itself")
        .help(format!("write `\"{plain}\"`, without the quotes of SQL"))
        .rename(name, plain)
}

/// A query, where a name should be.
pub(crate) fn object_name_query(span: Span, name: &str) -> Diagnostic {
    let verb = name.trim().get(..6).unwrap_or_default().to_ascii_lowercase();
    if matches!(verb.as_str(), "insert" | "update" | "replac" | "delete") {
        return object_name(span, name, "a statement, not a name").help(
            "put it into a procedure, and write the procedure's name, with the fields that it takes as `args`",
        );
    }
    object_name(span, name, "a query, not a name")
        .help("make it a view, `create view v_name as select …`, and write the name of the view")
}

/// A name that is valid, but most likely means something else.
pub(crate) fn odd_object_name(
    span: Span,
    name: &str,
    why: &str,
    help: &str,
    plain: Option<&str>,
) -> Diagnostic {
    let diagnostic = Diagnostic::warning(
        Code::OddObjectName,
        format!("{} is an unusual name for a database object", shown(name.escape_debug().to_string())),
    )
    .at(span, why)
    .help(help);
    match plain {
        Some(plain) => diagnostic.rename(name, plain),
        None => diagnostic,
    }
}

pub(crate) fn default_unused(span: Span, field: &str, declared: Span) -> Diagnostic {
    Diagnostic::warning(Code::DefaultUnused, format!("the default of `{field}` is never applied"))
        .at(declared, "clients are promised this default")
        .near(span, format!("`{field}` is not passed to the procedure"))
        .help(format!("add `{field}` here, and a parameter to the procedure"))
        .help(
            "if the column has a default of its own, write `generated = \"database\"` in place of `default`",
        )
}

/// A field that the node generates but passes to no object that stores it.
pub(crate) fn generated_unused(span: Span, field: &str, declared: Span) -> Diagnostic {
    Diagnostic::warning(Code::DefaultUnused, format!("the generated value of `{field}` is never stored"))
        .at(declared, "the node generates it")
        .near(span, format!("`{field}` is not passed to the procedure"))
        .help(format!("add `{field}` here, and a parameter to the procedure"))
        .help("if the database fills the column, write `generated = \"database\"`")
}

pub(crate) fn key_index(span: Span, field: &str) -> Diagnostic {
    Diagnostic::warning(Code::KeyIndex, format!("the key `{field}` is not `_id`, and needs a unique index"))
        .at(span, "MongoDB keeps only `_id` unique")
        .help(
            "add `column = \"_id\"`, or create a unique index on the member and declare it with `unique = true`",
        )
}

/// A procedure name with its parameters in parentheses, but without `args`.
pub(crate) fn parameters_in_name(span: Span, name: &str, parameters: &[&str]) -> Diagnostic {
    let args: Vec<String> = parameters.iter().map(|name| names::quoted(name)).collect();
    let args = if args.is_empty() { "\"…\"".to_owned() } else { args.join(", ") };
    Diagnostic::error(Code::ArgsMissing, "a procedure is named without its parameters, which belong in `args`")
        .at(span, "looks like a name with parameters")
        .help(format!(
            "write `procedure = \"{name}\", args = [{args}]`, with the fields in the order of the procedure's parameters"
        ))
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
    let diagnostic = Diagnostic::error(Code::UnknownField, format!("there is no field {}", shown(name)))
        .at(span, "no such field");
    let is_constant = matches!(name.to_ascii_lowercase().as_str(), "null" | "default" | "true" | "false")
        || name.parse::<f64>().is_ok();
    match parameter_of(name, fields.clone()) {
        _ if is_constant => {
            diagnostic.help("remove it: this list names fields; write a constant in the procedure")
        }
        Some(field) => diagnostic
            .help(format!(
                "write `{field}`: this list names fields, in the order of the procedure's parameters"
            ))
            .rename(name, field),
        None => match beginning(name, fields.clone()) {
            Some(field) => diagnostic
                .help(format!("write `{field}`: only the name of a field is expected"))
                .propose(field),
            None => diagnostic.suggest(name, fields, "the fields are"),
        },
    }
}

/// The field that the first of several words names, as in `id uuid`, `in id` and `status = 'active'`.
fn beginning<'n, 'a>(name: &'n str, fields: impl IntoIterator<Item = &'a str>) -> Option<&'n str> {
    let plain = ["in ", "out ", "inout "].iter().find_map(|mode| {
        name.get(..mode.len())
            .filter(|start| start.eq_ignore_ascii_case(mode))
            .map(|start| &name[start.len()..])
    });
    let plain = plain.unwrap_or(name).trim_start();
    let first = plain.split(|letter: char| !letter.is_alphanumeric() && letter != '_').next()?;
    (first != name && fields.into_iter().any(|field| field == first)).then_some(first)
}

/// The field after which a parameter is named, such as `id` for `p_id`.
fn parameter_of<'n, 'a>(name: &'n str, fields: impl IntoIterator<Item = &'a str>) -> Option<&'n str> {
    let plain = ["p_", "in_", "i_", "v_", "_", "@"].iter().find_map(|prefix| name.strip_prefix(prefix))?;
    fields.into_iter().any(|field| field == plain).then_some(plain)
}

/// Names with a direction, such as `-created_at`.
pub(crate) fn directed(names: &[(&str, Span)], plain: &str, is_sort: bool) -> Diagnostic {
    let mut diagnostic = Diagnostic::error(Code::UnknownField, "a field is named here without a direction");
    for (name, span) in names {
        diagnostic = diagnostic.at(*span, format!("`{name}` is not a field"));
    }
    let help = if is_sort {
        format!("write `{plain}`: clients choose the direction, with `-{plain}` for descending")
    } else {
        format!("write `{plain}`")
    };
    let diagnostic = diagnostic.help(help);
    match names {
        [(name, _)] => diagnostic.rename(name, plain),
        _ => diagnostic,
    }
}

/// Placeholders for values in place of names, such as `?`.
pub(crate) fn placeholders<'a>(
    names: &[(&str, Span)],
    list: &str,
    fields: impl IntoIterator<Item = &'a str>,
) -> Diagnostic {
    let mut diagnostic =
        Diagnostic::error(Code::UnknownField, format!("`{list}` names fields, not placeholders"));
    for (name, span) in names {
        diagnostic = diagnostic.at(*span, format!("{} is not a field", shown(name)));
    }
    let order = if list == "args" { ", in the order of the procedure's parameters" } else { "" };
    let fields = names::sentence(fields);
    diagnostic.help(format!("name the fields{order}: {fields}"))
}

pub(crate) fn wildcard<'a>(span: Span, list: &str, fields: impl IntoIterator<Item = &'a str>) -> Diagnostic {
    let fields: Vec<String> = fields.into_iter().map(|name| format!("\"{name}\"")).collect();
    let diagnostic =
        Diagnostic::error(Code::UnknownField, format!("`{list}` has no wildcard for all fields"))
            .at(span, "no such field");
    if fields.is_empty() {
        let why =
            if list == "returns" { "no field is filled by the database" } else { "no field is suitable" };
        return diagnostic.help(format!("remove `{list}`: {why}"));
    }
    diagnostic.help(format!("name the fields, such as `{list} = [{}]`", fields.join(", ")))
}

/// A condition in place of a field name.
pub(crate) fn condition(span: Span, text: &str) -> Diagnostic {
    Diagnostic::error(Code::UnknownField, format!("there is no field {}", shown(text)))
        .at(span, "looks like a condition")
        .help(meant::CONDITION)
}

/// The request's name for the version in place of the field's name.
pub(crate) fn version_of_request(span: Span, name: &str, field: &str, declared: Span) -> Diagnostic {
    Diagnostic::error(Code::UnknownField, format!("there is no field `{name}`"))
        .at(span, "no such field")
        .near(declared, "the version")
        .help(format!("write `{field}`: this field passes the version that a request names"))
        .rename(name, field)
}

/// The name of a column in place of a field's name.
pub(crate) fn column_for_field(span: Span, column: &str, field: &str, declared: Span) -> Diagnostic {
    Diagnostic::error(
        Code::UnknownField,
        format!("there is no field `{column}`: it is the column of `{field}`"),
    )
    .at(span, "a column, not a field")
    .near(declared, "this field has the column")
    .help(format!("write `{field}`: a template names fields, not columns"))
    .rename(column, field)
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

/// A delete that passes other fields instead of the key.
pub(crate) fn key_replaced(
    span: Span,
    key: &[&str],
    others: &[(&str, Span)],
    version: Option<&str>,
) -> Diagnostic {
    let names = names::sentence(others.iter().map(|(name, _)| *name));
    let missing = names::sentence(key.iter().copied());
    let right: Vec<String> = key.iter().copied().chain(version).map(|name| format!("\"{name}\"")).collect();
    let mut diagnostic = Diagnostic::error(
        Code::KeyArgMissing,
        format!("`delete` passes {names} in place of the key, which is {missing}"),
    )
    .at(span, "the key is missing");
    for (_, span) in others {
        diagnostic = diagnostic.near(*span, "a client does not send its value");
    }
    diagnostic.help(format!(
        "write `args = [{}]`, and let the procedure find the record by the whole key",
        right.join(", ")
    ))
}

/// `fields` are the missing fields, with their declarations.
pub(crate) fn required_args_missing(span: Span, operation: &str, fields: &[(&str, Span)]) -> Diagnostic {
    let names = names::sentence(fields.iter().map(|(name, _)| *name));
    let (subject, label, help) = match fields {
        [_] => (
            format!("the required field {names} is"),
            format!("{names} is missing"),
            "add the field here, and a parameter to the procedure; if the database fills the field, declare it with `generated = \"database\"`",
        ),
        _ => (
            format!("the required fields {names} are"),
            format!("{names} are missing"),
            "add the fields here, and parameters to the procedure; a field that the database fills is declared with `generated = \"database\"`",
        ),
    };
    let message = format!("{subject} missing in the args of `{operation}`");
    let diagnostic = Diagnostic::error(Code::RequiredArgMissing, message).at(span, label);
    let near = fields.iter().fold(diagnostic, |diagnostic, (_, declared)| {
        diagnostic.near(*declared, "a new record needs this field")
    });
    near.help(help)
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

/// `operations` are those that need a key, with the positions of their names.
pub(crate) fn no_key(operations: &[(&str, Span)], front: Front) -> Diagnostic {
    let names = names::sentence(operations.iter().map(|(name, _)| *name));
    let verb = if operations.len() == 1 { "needs" } else { "need" };
    let mut diagnostic =
        Diagnostic::error(Code::NoKey, format!("{names} {verb} a key, but no field is part of one"));
    for (_, span) in operations {
        diagnostic = diagnostic.at(*span, "which record?");
    }
    diagnostic
        .help(format!("add {} to the fields that identify a record", front.write_key("key", Example::Yes)))
}

pub(crate) fn nothing_to_update(span: Span) -> Diagnostic {
    Diagnostic::error(Code::NothingToUpdate, "`update` has no field that it can change")
        .at(span, "only key, version, generated and immutable fields")
        .help("add the fields that the procedure sets, or remove `update`")
}

/// `many` for an operation that does not write by filter. `why` completes the sentence "it …".
pub(crate) fn many_not_here(span: Span, operation: &str, why: &str, help: &str) -> Diagnostic {
    Diagnostic::error(Code::ManyNotHere, format!("`{operation}` cannot have `many`"))
        .at(span, format!("it {why}"))
        .help(help)
}

pub(crate) fn many_range(span: Span, max: u32) -> Diagnostic {
    Diagnostic::error(Code::ManyRange, format!("`many` must be from 1 to {max}"))
        .at(span, "out of range")
        .help(format!(
            "write 1 to {max}: the records of one request are written in one transaction, and stay locked until its end"
        ))
}

/// No fix is offered: a machine would remove only the argument. The procedure would still have the parameter, and its
/// other parameters would get each other's values.
pub(crate) fn arg_without_value(
    span: Span,
    operation: &str,
    field: &str,
    (declared, why): (Span, &str),
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
        .help(match ty {
            "text" => format!("remove it from `{verb}`, make it a `string`, or write a procedure or pipeline of your own and call it"),
            _ => format!("remove it from `{verb}`, or write a procedure or pipeline of your own and call it"),
        })
}

/// The path to a part of a field in place of a whole field.
pub(crate) fn part_of_field(
    span: Span,
    (name, list): (&str, &str),
    field: &str,
    declared: Span,
) -> Diagnostic {
    let diagnostic = Diagnostic::error(
        Code::UnknownField,
        format!("there is no field `{name}`, only `{field}` as a whole"),
    )
    .at(span, "looks like a part of a field")
    .near(declared, "this field");
    if matches!(list, "filter" | "sort" | "rows") {
        return diagnostic
            .help("remove it; to filter or sort by a member, let a view return it as a separate field");
    }
    diagnostic.help(format!("write `{field}`: only a whole field is expected")).propose(field)
}

pub(crate) fn limit_crossed(default: Span, default_is: u32, max: Option<Span>, max_is: u32) -> Diagnostic {
    let diagnostic = Diagnostic::error(
        Code::LimitCrossed,
        format!("the default limit {default_is} is above the maximum {max_is}"),
    )
    .at(default, "above the maximum");
    match max {
        Some(span) => diagnostic
            .near(span, "the maximum")
            .help(format!("write `default = {max_is}` or less, or a greater `max`")),
        None => diagnostic.help("`max` is 500 unless you write another value"),
    }
}

pub(crate) fn limit_range(span: Span, key: &str, max: u32) -> Diagnostic {
    Diagnostic::error(Code::LimitRange, format!("`{key}` of a limit must be from 1 to {max}"))
        .at(span, "out of range")
        .help(format!(
            "write 1 to {max}: clients fetch more records page by page, with the cursor of the last reply"
        ))
}
