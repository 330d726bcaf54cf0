//! Pipeline texts that MongoDB accepts, but that hardly mean what the author wants.

use super::Diagnostic;
use crate::{code::Code, span::Span};

fn doubt(span: Span, message: String, label: &str, named: Span) -> Diagnostic {
    Diagnostic::warning(Code::PipelineValue, message).at(span, label).near(named, "named here")
}

/// A text in a query that looks like the path of a field.
pub(crate) fn field_as_text(span: Span, path: &str, operator: &str, named: Span) -> Diagnostic {
    let what = match path.strip_prefix('$') {
        Some(variable) => format!("the variable `{variable}`"),
        None => format!("the field `{path}`"),
    };
    let message = format!("`${path}` is a plain text here, not {what}");
    // An entry of a list is not a path.
    let of_list = match operator {
        "$eq" => Some("$in"),
        "$ne" => Some("$nin"),
        _ => None,
    };
    let diagnostic = doubt(span, message, "taken literally", named).help(format!(
        "compare in an expression: {{\"$expr\": {{\"{operator}\": [\"$name\", \"${path}\"]}}}}, where `name` is the field to \
         compare"
    ));
    match of_list {
        Some(list) => diagnostic.help(format!("if you mean the text, write {{\"{list}\": [\"${path}\"]}}")),
        None => diagnostic,
    }
}

/// A text in a position where only a number has an effect.
pub(crate) fn text_for_number(span: Span, text: &str, operator: &str, named: Span) -> Diagnostic {
    doubt(span, format!("`{operator}` ignores texts, and `{text}` is a text here"), "taken literally", named)
        .help(format!("write \"${text}\" for the field"))
}

/// A text as a group key, which puts all documents into one group.
pub(crate) fn group_by_text(span: Span, text: &str, named: Span) -> Diagnostic {
    let message = format!("`{text}` is a plain text here, so all documents fall into one group");
    doubt(span, message, "the same for all documents", named)
        .help(format!("write \"${text}\" for one group per value of the field"))
        .help(format!("if you want one group, write null or {{\"$literal\": \"{text}\"}}"))
}

/// A comparison that does not depend on the document.
pub(crate) fn compared_text(span: Span, text: &str, operator: &str, named: Span) -> Diagnostic {
    let message = format!("`{text}` is a plain text here, so `{operator}` reads no field");
    doubt(span, message, "taken literally", named)
        .help(format!("write \"${text}\" for the field"))
        .help(format!("if you mean the text, write {{\"$literal\": \"{text}\"}}"))
}

/// A regular expression in the delimiters of another language.
pub(crate) fn delimited_regex(
    span: Span,
    delimiters: &str,
    (inner, options): (&str, &str),
    beside: &str,
    named: Span,
) -> Diagnostic {
    let options = if options.is_empty() {
        String::new()
    } else {
        format!(", and \"{beside}\": \"{options}\" beside it")
    };
    let message = format!("{delimiters} are part of the regular expression");
    doubt(span, message, "matches only texts with them", named)
        .help(format!("write {}{options}", serde_json::Value::from(inner)))
}
