//! Mistakes in `[access]`, and in values of a request that are passed to objects.

use beds_protocol::{RequestValue, nearest, shown, vocabulary::is_meant_for_all};

use super::Diagnostic;
use crate::{
    code::Code,
    front::{Example, Front},
    names,
    span::{Span, Spanned},
    tree::{Node, Scalar, Value},
};

pub(crate) fn nothing_allowed(span: Span, front: Front) -> Diagnostic {
    let access = front.section("access");
    let fetch = front.write_into("access", "fetch", Example::Is("[\"clerk\"]"));
    Diagnostic::error(Code::NothingAllowed, format!("{access} grants no access"))
        .at(span, "who may do what?")
        .help(format!(
            "add {fetch} with the allowed roles, or remove {access}: then the node's configuration decides"
        ))
}

pub(crate) fn no_roles(span: Span, operation: &str) -> Diagnostic {
    Diagnostic::error(Code::NothingAllowed, format!("`{operation}` names no role"))
        .at(span, "which roles?")
        .help("name the allowed roles, or remove an operation that nobody may run")
}

pub(crate) fn unknown(span: Span, name: &str, all: &[String], is_call: bool) -> Diagnostic {
    let what = if is_call { "call" } else { "operation" };
    let diagnostic =
        Diagnostic::error(Code::AccessUnknown, format!("the domain has no {what} `{}`", name.escape_debug()))
            .at(span, "the domain does not offer it");
    if all.is_empty() {
        return diagnostic.help(format!("the domain offers no {what}s: remove it"));
    }
    let plain = name.strip_prefix("call.").or_else(|| name.strip_prefix("calls."));
    match plain.filter(|plain| is_call && all.iter().any(|call| call == plain)) {
        Some(plain) => diagnostic.help(format!("write `{plain}`: a call has no prefix here")),
        None => diagnostic.suggest(name, all.iter().map(String::as_str), &format!("the {what}s are")),
    }
}

/// Roles in the place of operations. `right` are the lines to write, in backquotes; the first role is at `span`.
pub(crate) fn by_role(span: Span, role: &str, place: &str, right: &[String]) -> Diagnostic {
    Diagnostic::error(Code::UnknownKey, format!("unknown key {} in {place}", shown(role)))
        .at(span, "looks like a role")
        .help(format!("the operation is the key, and its roles are the value: write {}", right.join(", ")))
}

/// A role in the place of a call, with the calls that the role may call.
pub(crate) fn turned_call(span: Span, role: &str, calls: &[Spanned<String>]) -> Diagnostic {
    let right: Vec<String> =
        calls.iter().map(|call| format!("`{} = [{}]`", call.value, names::quoted(role))).collect();
    Diagnostic::error(Code::AccessUnknown, format!("the domain has no call `{}`", role.escape_debug()))
        .at(span, "looks like a role")
        .help(format!("the call is the key, and its roles are the value: write {}", right.join(", ")))
}

pub(crate) fn role_name(span: Span, name: &str) -> Diagnostic {
    let diagnostic =
        Diagnostic::error(Code::RoleName, format!("`{}` is not a valid role name", name.escape_debug()))
            .at(span, "not a role");
    match name {
        "" => diagnostic.help("write a role, or `*` for every caller who is known, or `anyone`"),
        // Only people can say whom the word admits: in SQL `public` is every user, and on the web everybody.
        name if names::is_all(name) || is_meant_for_all(&name.to_ascii_lowercase()) => diagnostic
            .help("write `*` for every caller who is known, or `anyone` for every caller, known or not"),
        // Such an entry would admit every other role.
        name if name.starts_with(['!', '-', '~', '^']) || name.to_ascii_lowercase().starts_with("not ") => {
            diagnostic.help("name the allowed roles: a role in no list is refused")
        }
        name if RequestValue::from_name(name).is_some() => diagnostic.help(
            "name roles here; write the records that a role reaches in `rows`, such as `clerk = { owner = \"@user\" }`",
        ),
        name if name.contains('@') && name.contains('.') => diagnostic.help(
            "name roles, not users: the node's configuration gives users their roles, in `[access.users]`",
        ),
        name if name.contains([',', '|', ';']) => {
            let roles: Vec<String> =
                name.split([',', '|', ';']).map(|role| names::quoted(role.trim())).collect();
            diagnostic.help(format!("write each in quotes, `{}`", roles.join(", ")))
        }
        name => {
            let diagnostic = diagnostic.help(
                "a role has at most 64 characters: lower-case letters, digits, `_` and `-`, a letter first",
            );
            match names::to_lower_snake(name) {
                Some(right) => diagnostic.help(format!("write `{right}`")).propose(&right),
                None => diagnostic,
            }
        }
    }
}

/// A role that no operation names. If another role has a similar name, most likely that one is meant: the rule would
/// apply to nobody.
pub(crate) fn role_idle<'a>(span: Span, role: &str, granted: impl Iterator<Item = &'a str>) -> Diagnostic {
    let message = format!("the role `{}` may do nothing in this domain", role.escape_debug());
    match nearest(role, granted) {
        Some(near) => Diagnostic::error(Code::RoleIdle, message)
            .at(span, "no operation names it")
            .help(format!("write `{near}` if you mean that role: this entry applies to nobody"))
            .help("otherwise name it in an operation, or remove it here"),
        None => Diagnostic::warning(Code::RoleIdle, message)
            .at(span, "no operation names it")
            .help("name it in an operation, or remove it here"),
    }
}

/// A field in the place of a role, with its value: a list or a value, and the role.
pub(crate) fn turned(span: Span, section: &str, field: &str, said: &[(String, String)]) -> Diagnostic {
    let right: Vec<String> = said
        .iter()
        .map(|(what, role)| match section {
            "fields" => format!("`{role} = {{ {what} = [\"{field}\"] }}`"),
            _ => format!("`{role} = {{ {field} = {what} }}`"),
        })
        .collect();
    Diagnostic::error(Code::RoleIdle, format!("`{field}` is a field, but the key must be a role"))
        .at(span, "a field, not a role")
        .help(format!("swap the two, with the role as the key: write {}", right.join(", ")))
}

/// A role's fields without the list that says whether they are hidden.
pub(crate) fn fields_without_list(
    diagnostic: Diagnostic,
    role: &str,
    names: &[&str],
    front: Front,
) -> Diagnostic {
    let names: Vec<String> = names.iter().map(|name| names::quoted(name)).collect();
    let names = if names.is_empty() { "[\"…\"]".to_owned() } else { format!("[{}]", names.join(", ")) };
    let right = |list| front.key(role, Example::Keys(&[(list, Example::Is(&names))]));
    diagnostic
        .help(format!("write `{}` for fields that the role does not see", right("hidden")))
        .help(format!("write `{}` for fields that it sees but does not set", right("readonly")))
}

/// Conditions on records that are not a table of fields.
pub(crate) fn rows_without_field(
    diagnostic: Diagnostic,
    role: &str,
    value: &Value,
    front: Front,
) -> Diagnostic {
    if matches!(value, Value::Scalar(Scalar::Bool(_))) {
        return diagnostic.help("remove it: a role without an entry reaches all records");
    }
    if let Some((field, values)) = alternatives(value) {
        let values = format!("[{values}]");
        return diagnostic
            .help(format!("write `{}`", front.key(role, Example::Keys(&[(field, Example::Is(&values))]))));
    }
    let texts = match value {
        Value::List(items) => items.iter().filter_map(|item| item.value.as_text()).collect(),
        value => value.as_text().into_iter().collect::<Vec<_>>(),
    };
    let is_sentence = |text: &&str| text.trim().contains(char::is_whitespace) && !text.contains('=');
    if texts.iter().any(is_sentence) {
        return diagnostic.help(format!(
            "write a field with its value or its list of values, such as `{}`; any other condition belongs in the view \
             that `read` names",
            front.key(role, Example::Keys(&[("owner", Example::Is("\"@user\""))]))
        ));
    }
    let condition = |text: &str| match text.split_once('=') {
        Some((field, value)) => {
            let value = value.trim_start_matches('=').trim().trim_matches(['\'', '"']);
            (field.trim().to_owned(), names::quoted(value))
        }
        None if text.starts_with('@') => ("owner".to_owned(), names::quoted(text)),
        None => (text.trim().to_owned(), "\"@user\"".to_owned()),
    };
    let conditions: Vec<(String, String)> = texts.into_iter().map(condition).collect();
    let keys: Vec<(&str, Example<'_>)> =
        conditions.iter().map(|(field, value)| (field.as_str(), Example::Is(value))).collect();
    let keys = if keys.is_empty() { vec![("owner", Example::Is("\"@user\""))] } else { keys };
    diagnostic.help(format!(
        "write `{}`: a field with its value or a list of values",
        front.key(role, Example::Keys(&keys))
    ))
}

/// The field and the values of several conditions on one field: `[{ status = "open" }, { status = "paid" }]`.
fn alternatives(value: &Value) -> Option<(&str, String)> {
    let Value::List(items) = value else { return None };
    let one = |item: &'_ Node| match &item.value {
        Value::Table(table) => match table.entries.as_slice() {
            [only] => Some((only.key.value.clone(), only.value.value.written())),
            _ => None,
        },
        _ => None,
    };
    let all: Vec<(String, String)> = items.iter().map(one).collect::<Option<_>>()?;
    let (first, _) = all.first()?;
    let values: Vec<&str> = all.iter().map(|(_, value)| value.as_str()).collect();
    let is_one = all.iter().all(|(field, _)| field == first);
    let Value::Table(table) = &items.first()?.value else { return None };
    is_one.then(|| Some((table.entries.first()?.key.value.as_str(), values.join(", "))))?
}

/// A comparison in the place of a value.
pub(crate) fn compared_row(diagnostic: Diagnostic, field: &str, value: &Value) -> Diagnostic {
    let Value::Table(table) = value else { return diagnostic };
    if matches!(field.trim_start_matches('$'), "and" | "or" | "not" | "nor" | "all" | "any") {
        return diagnostic.help(
            "write the fields themselves: a record must match all of them, and one value of each list; any other \
             condition belongs in the view that `read` names",
        );
    }
    match table.entries.as_slice() {
        [only] if matches!(only.key.value.as_str(), "eq" | "in" | "=" | "==" | "$eq" | "$in") => {
            diagnostic.help(format!("write `{field} = {}`", only.value.value.written()))
        }
        _ => diagnostic.help(format!(
            "write `{field} = …` with one value or a list of values; any other condition belongs in the \
             view that `read` names"
        )),
    }
}

pub(crate) fn unknown_value(span: Span, written: &str) -> Diagnostic {
    Diagnostic::error(
        Code::RequestValueUnknown,
        format!("a request has no value `{}`", written.escape_debug()),
    )
    .at(span, "no such value")
    .suggest(
        written,
        RequestValue::ALL.iter().map(|value| value.as_str()),
        "the values of a request are",
    )
}

/// A parameter of another language in the place of a constant.
pub(crate) fn row_placeholder(span: Span, written: &str) -> Diagnostic {
    let lower = written.to_ascii_lowercase();
    let is_meant = |value: &&RequestValue| lower.contains(value.as_str().trim_start_matches('@'));
    let meant = RequestValue::ALL.iter().find(is_meant).unwrap_or(&RequestValue::User);
    Diagnostic::warning(
        Code::RowValue,
        format!("{} is a plain text here, not a value of the request", shown(written)),
    )
    .at(span, "taken literally")
    .help(format!("write `\"{meant}\"` if you mean this value of the request"))
    .help("if a record has this text, write `allow = [\"B1106\"]` in `[template]`")
}

/// A word for the absence of a value in the place of a value.
pub(crate) fn row_null(span: Span, written: &str) -> Diagnostic {
    Diagnostic::warning(Code::RowValue, format!("{} is a plain text here, not the absence of a value", shown(written)))
        .at(span, "taken literally")
        .help("include or exclude such records in the view that `read` names: a condition compares with values only")
        .help("if a record has this text, write `allow = [\"B1106\"]` in `[template]`")
}

pub(crate) fn value_type(
    span: Span,
    value: RequestValue,
    field: &str,
    ty: &str,
    declared: Span,
) -> Diagnostic {
    let is = match value {
        RequestValue::User => "the name of the caller, a text",
        RequestValue::Roles => "a list of names, one of which the field may have",
        RequestValue::Session => "the id of a session, a text",
        RequestValue::Node => "the name of the node, a text",
        RequestValue::RequestId => "the id of the request, a text",
        RequestValue::Now => "a moment",
    };
    Diagnostic::error(Code::RequestValueType, format!("`{value}` is never a value of `{field}`"))
        .at(span, format!("it is {is}"))
        .near(declared, format!("a field of the type `{ty}`"))
        .help("compare a field of the same type, or write a constant")
}

pub(crate) fn row_value(span: Span, field: &str, why: &str, declared: Span) -> Diagnostic {
    Diagnostic::error(Code::RowValue, format!("`{field}` never has this value"))
        .at(span, why.to_owned())
        .near(declared, "the field")
        .help("write a value that the field can have, or a value of the request, such as `\"@user\"`")
}

pub(crate) fn no_values(span: Span, field: &str) -> Diagnostic {
    Diagnostic::error(Code::RowValue, format!("the condition on `{field}` has no value"))
        .at(span, "with which values?")
        .help("write one value, or a list of values")
}

pub(crate) fn no_rows(span: Span, role: &str) -> Diagnostic {
    Diagnostic::error(Code::RowField, format!("`{role}` has no condition on records"))
        .at(span, "which records?")
        .help("write a condition, such as `owner = \"@user\"`, or remove it: a role without an entry reaches all records")
}

pub(crate) fn row_field(span: Span, field: &str, ty: &str, declared: Span) -> Diagnostic {
    Diagnostic::error(Code::RowField, format!("`{field}` cannot decide who reaches a record"))
        .at(span, "not comparable in every database")
        .near(declared, format!("its type is `{ty}`"))
        .help("use a field of a short type, such as `string`, `int`, `uuid` or `enum`")
}

pub(crate) fn field_rule(span: Span, field: &str, list: &str, what: &str, declared: Span) -> Diagnostic {
    let why = match list {
        "hidden" => "every reply shows it, and requests name records by it",
        _ => "a role sets it only by naming a record, or the database counts it",
    };
    Diagnostic::error(Code::FieldRule, format!("`{field}` cannot be `{list}`: it is {what}"))
        .at(span, why)
        .near(declared, "the field")
        .help("remove it here")
}

pub(crate) fn hidden_and_readonly(span: Span, first: Span, field: &str) -> Diagnostic {
    Diagnostic::error(Code::FieldRule, format!("`{field}` is hidden and readonly at once"))
        .at(span, "a hidden field cannot be set either")
        .near(first, "hidden here")
        .help("remove one of them")
}

pub(crate) fn role_cannot_write(
    span: Span,
    (role, operation): (&str, &str),
    field: &str,
    declared: Span,
) -> Diagnostic {
    Diagnostic::error(Code::RoleCannotWrite, format!("the role `{role}` may `{operation}`, but may not set `{field}`"))
        .at(span, format!("`{operation}` needs a value for it"))
        .near(declared, "required here")
        .help(format!("let the role set it, give the field a default, set its value in `rows` of the role, or remove the role from `{operation}`"))
}

pub(crate) fn rows_unread(span: Span, operation: &str, front: Front) -> Diagnostic {
    let read = front.write_into("objects", "read", Example::Keys(&[("view", Example::Is("\"…\""))]));
    Diagnostic::error(
        Code::RowsUnchecked,
        format!("the node cannot check which records `{operation}` would reach"),
    )
    .at(span, "the template has no object to read them from")
    .help(format!("add {read}"))
}

pub(crate) fn rows_unchecked(
    span: Span,
    (role, operation): (&str, &str),
    field: &str,
    asked: Option<RequestValue>,
) -> Diagnostic {
    let diagnostic = Diagnostic::error(
        Code::RowsUnchecked,
        format!("nothing limits the role `{role}` to its own records in `{operation}`"),
    )
    .at(span, format!("`{operation}` does not set `{field}`"));
    match asked {
        Some(asked) => diagnostic.help(format!(
            "let the procedure take `{field}`, or pass it `\"{asked}\"`, and let it store this value"
        )),
        None => diagnostic.help(format!("let the procedure take `{field}`")),
    }
}

pub(crate) fn asked_keys(span: Span, key: &str, value: &str) -> Diagnostic {
    Diagnostic::error(Code::KeyNotHere, format!("`{key}` has no effect beside `{value}`"))
        .at(span, "the value comes from the request")
        .help(format!("write `\"{value}\"` alone"))
}
