//! Text in a wrong place: below a header that captures it, or in another section.

use super::Diagnostic;
use crate::{code::Code, span::Span};

/// A call among the operations of `[access]`.
pub(crate) fn call_in_access(span: Span, name: &str) -> Diagnostic {
    Diagnostic::error(Code::UnknownKey, format!("unknown key `{name}` in `[access]`"))
        .at(span, "this is the name of a call")
        .help(format!("write it below `[access.calls]`, `{name} = [\"…\"]`"))
}

/// Keys of a call directly in `[calls]`.
pub(crate) fn call_without_name(span: Span, key: &str) -> Diagnostic {
    Diagnostic::error(Code::WrongShape, format!("`{key}` is in `[calls]` itself, not in a call"))
        .at(span, "of which call?")
        .help("write `[calls.NAME]` above it: requests go to `TEMPLATE.call.NAME`")
}

/// A header whose name stands in quotes as a whole.
pub(crate) fn quoted_header(span: Span, name: &str) -> Diagnostic {
    let diagnostic = Diagnostic::error(Code::UnknownSection, format!("unknown section `[\"{name}\"]`"))
        .at(span, "one name for TOML, with a point in it");
    diagnostic.help(format!("write `[{name}]`, without quotes")).fix(span, name)
}

/// Columns in `returns`, where a type is expected.
pub(crate) fn returns_columns(span: Span, column: &str) -> Diagnostic {
    Diagnostic::error(Code::ReturnsUnknown, format!("`{column}` is neither `type` nor `rows`"))
        .at(span, "looks like a column")
        .help(format!("write `returns = {{ rows = {{ {column} = \"int\", … }} }}` for the columns of a result set"))
        .help("write `returns = { type = \"int\" }` for one value; values of OUT parameters are returned without `returns`")
}

/// `rows` under another name.
pub(crate) fn rows_misspelt(span: Span, key: &str, is_list: bool) -> Diagnostic {
    let diagnostic = Diagnostic::error(Code::UnknownKey, format!("unknown key `{key}` in `returns`"))
        .at(span, "no such key");
    if is_list {
        return diagnostic
            .help("write `returns = { rows = { … } }` with the columns of the first result set, each with its type")
            .help("remove `returns` if there are several: then the call returns every result set as the database gives it");
    }
    diagnostic.help("write `rows` instead").rename(key, "rows")
}

/// A call below the name of another.
pub(crate) fn call_of_two_parts(span: Span, outer: &str, inner: &str) -> Diagnostic {
    Diagnostic::error(
        Code::WrongShape,
        format!("the name of a call has one part, and `{outer}.{inner}` has two"),
    )
    .at(span, "the second part")
    .help(format!(
        "write `[calls.{inner}]`, or `[calls.{outer}_{inner}]`: requests go to `TEMPLATE.call.NAME`"
    ))
}

/// A field below the header of another field.
///
/// `path` is the path of that header, which may belong to a member of `field`. `section` contains both.
pub(crate) fn below_field(
    span: Span,
    name: &str,
    (path, header, section): (&str, Span, &str),
    field: &str,
) -> Diagnostic {
    let what = if section == "fields" { "field" } else { "argument" };
    let inner = path.rsplit('.').next().unwrap_or(path);
    let outer = format!("{section}.{field}");
    let (of, headers) = if path == outer {
        (format!("the {what} `{inner}`"), format!("`[{outer}]` with its keys"))
    } else {
        (format!("`{inner}` in `{field}`"), format!("`[{outer}]` and `[{path}]` with their keys"))
    };
    Diagnostic::error(Code::UnknownKey, format!("the {what} `{name}` is below the header of {of}"))
        .at(span, format!("read as a key of `{inner}`"))
        .near(header, "all lines below belong to this header")
        .help(format!("move {headers} below all other {what}s, or write `{field} = {{ … }}` on one line"))
}

/// A key below a header inside its section.
pub(crate) fn below_header(
    span: Span,
    key: &str,
    header: Span,
    (section, inner): (&str, &str),
) -> Diagnostic {
    Diagnostic::error(Code::UnknownKey, format!("`{key}` of `[{section}]` is below `[{section}.{inner}]`"))
        .at(span, format!("read as a key of `{inner}`"))
        .near(header, "all lines below belong to this header")
        .help(format!("move it above `[{section}.{inner}]`, or write `{inner} = {{ … }}` on one line"))
}

/// Both kinds of return values at once.
pub(crate) fn returns_both(ty: Span, rows: Span) -> Diagnostic {
    Diagnostic::error(Code::ReturnsUnknown, "a call returns one value or rows, not both")
        .at(ty, "one value")
        .near(rows, "rows")
        .help("remove one: a function returns a value of the type, and a procedure may return rows")
}

/// A field whose name was split by its dot.
pub(crate) fn dotted_name(span: Span, outer: &str, inner: &str) -> Diagnostic {
    let diagnostic =
        Diagnostic::error(Code::FieldName, format!("`{outer}.{inner}` is not a valid field name"))
            .at(span, "a dot makes `".to_owned() + inner + "` a key of `" + outer + "`");
    if outer == "fields" {
        return diagnostic.help(format!("write `{inner}`: the header `[fields]` is above already"));
    }
    diagnostic.help(format!("write `{outer}_{inner}` for a separate field")).help(format!(
        "write `{outer} = {{ type = \"object\", fields = {{ {inner} = … }} }}` for a member of an object"
    ))
}

/// A field in double brackets, which declare an entry of a list.
pub(crate) fn field_in_list(span: Span, name: &str) -> Diagnostic {
    Diagnostic::error(Code::WrongShape, format!("`[[fields.{name}]]` is a list, but a field is not"))
        .at(span, "double brackets make a list")
        .help(format!(
            "write `[fields.{name}]` in single brackets, below the fields that have a line each, and change all fields like \
             this; or `{name} = {{ type = … }}` on one line below `[fields]`"
        ))
}

/// The header of one field, where the header of all fields was meant.
pub(crate) fn field_for_section(span: Span, name: &str) -> Diagnostic {
    Diagnostic::error(
        Code::MissingSection,
        format!("below `[fields.{name}]` are all fields, not the keys of one field"),
    )
    .at(span, "the header of one field")
    .help("write `[fields]`")
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
