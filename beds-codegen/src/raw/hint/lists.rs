//! Lists of names, and the forms that people write instead.

use super::{Hint, fix, names_type, say, text};
use crate::{
    code::Code,
    diagnostic::Diagnostic,
    fingerprint, foreign,
    meant::{CONDITION, is_condition},
    names::quoted,
    span::Span,
    tree::{Entry, Node, Scalar, Table, Value},
};

/// A list of strings for a list of other items, if the meaning is certain.
pub(in crate::raw) fn mended(key: &str, items: &[Node]) -> Option<String> {
    // `[["a", "b"]]` has one pair of brackets too many. Several lists are pairs, of which one half is meant.
    let items = match items {
        [Node { value: Value::List(inner), .. }] => match inner.as_slice() {
            [name, manner] if matches!(key, "filter" | "sort") && is_manner(&manner.value) => {
                std::slice::from_ref(name)
            }
            inner => inner,
        },
        items => items,
    };
    let mut names = Vec::with_capacity(items.len());
    for item in items {
        match &item.value {
            Value::Scalar(scalar) if key == "allow" => names.push(codes(&text(scalar))?),
            Value::Scalar(Scalar::Text(text)) => names.push(quoted(text)),
            // A value that is not text names nothing. A number with a point has more than one spelling.
            Value::Scalar(scalar) if key == "values" && !matches!(scalar, Scalar::Float(_)) => {
                names.push(quoted(&text(scalar)));
            }
            Value::Table(table) => match table.entries.as_slice() {
                [only] if matches!(key, "filter" | "sort") && is_manner(&only.value.value) => {
                    names.push(quoted(&only.key.value));
                }
                _ => return None,
            },
            Value::Scalar(_) | Value::List(_) | Value::Broken => return None,
        }
    }
    Some(format!("[{}]", names.join(", ")))
}

/// Whether a value describes a filter or an order, so that its key is the name of a field.
fn is_manner(value: &Value) -> bool {
    const WORDS: &[&str] =
        &["asc", "desc", "ascending", "descending", "eq", "ne", "lt", "le", "gt", "ge", "in", "like"];
    match value {
        Value::Scalar(Scalar::Text(word)) => WORDS.contains(&word.to_lowercase().as_str()),
        Value::Scalar(Scalar::Int(_) | Scalar::Bool(_)) => true,
        _ => false,
    }
}

/// The advice for a constant among the arguments of a procedure.
const CONSTANT: &str =
    "remove it: only fields are passed to the procedure; write a constant in the procedure";

const FINGERPRINTS: &str = "write the fingerprints in a list, `compatible_with = [\"0123456789abcdef\"]`: each is the `hash` of `describe`, \
     and `bedsc diff OLD NEW --write` writes what clients of OLD have";

const CODES: &str = "write the codes of the warnings, as reports show them: `allow = [\"B0907\"]`";

/// Adds the advice for a list of strings with an invalid item. `right` is the whole corrected list.
pub(in crate::raw) fn add_to_list(
    diagnostic: Diagnostic,
    list: Span,
    (key, item): (&str, &Value),
    right: Option<&str>,
) -> Diagnostic {
    match (item, right) {
        (_, None) if key == "compatible_with" => diagnostic.help(FINGERPRINTS),
        (_, None) if key == "allow" => diagnostic.help(CODES),
        (Value::Scalar(_), None) if key == "args" => diagnostic.help(CONSTANT),
        (Value::Scalar(_), None) if key != "values" => {
            diagnostic.help("write the intended name in quotes, or remove it")
        }
        (_, Some(right)) => diagnostic.help(format!("write `{right}`")).fix(list, right),
        (Value::Table(_), None) => diagnostic.help("write only the names, `[\"a\", \"b\"]`"),
        (_, None) => diagnostic.help("write only strings, `[\"a\", \"b\"]`"),
    }
}

pub(super) fn names(key: &str, value: &Value) -> Hint {
    let listed = |names: &mut dyn Iterator<Item = &str>| {
        let names: Vec<String> = names.map(quoted).collect();
        format!("[{}]", names.join(", "))
    };
    match value {
        _ if key == "compatible_with" && !is_fingerprints(value) => say(FINGERPRINTS),
        Value::Scalar(scalar) if key == "allow" => match codes(&text(scalar)) {
            Some(codes) => fix(format!("[{codes}]")),
            None => say(CODES),
        },
        Value::Scalar(Scalar::Text(text)) if key == "filter" && is_condition(text) => say(CONDITION),
        Value::Scalar(Scalar::Text(word)) if key == "returns" && is_nothing(word) => {
            say("remove `returns`: it lists only fields that the procedure returns")
        }
        Value::Scalar(Scalar::Text(text)) => {
            if key == "values" && text.contains(['\'', '"', '(']) {
                return values_of_sql(text);
            }
            if key == "values" && !is_list_of_words(text) {
                return say(EACH_VALUE);
            }
            let inner = text.trim().trim_start_matches(['[', '(']).trim_end_matches([']', ')']);
            // Fields to filter and sort by are names alone, without a direction.
            let plain = |part| if matches!(key, "filter" | "sort") { name_alone(part) } else { part };
            let mut parts = inner
                .split([',', '|', ';'])
                .map(|part| plain(part.trim().trim_matches(['"', '\''])))
                .filter(|part| !part.is_empty());
            fix(listed(&mut parts))
        }
        Value::Table(table) if key == "args" && names_fields(table) => {
            let fields = listed(&mut table.entries.iter().filter_map(|entry| entry.value.value.as_text()));
            say(format!(
                "write `{fields}`: this list names fields, in the order of the procedure's parameters"
            ))
        }
        Value::Table(table) => {
            let right = listed(&mut table.entries.iter().map(|entry| entry.key.value.as_str()));
            match key {
                "values" if !table.entries.iter().all(is_member) => say(values_of_table(table, &right)),
                "filter" => say(format!("write `{right}`: a filter has all operators that suit its type")),
                "sort" => say(format!("write `{right}`: clients choose the direction")),
                _ => fix(right),
            }
        }
        Value::Scalar(scalar) if key == "values" && !matches!(scalar, Scalar::Bool(_)) => {
            fix(format!("[{}]", quoted(&text(scalar))))
        }
        Value::Scalar(_) | Value::List(_) | Value::Broken => {
            say(format!("write the names, `{key} = [\"…\"]`"))
        }
    }
}

/// Whether a word says that there is no result.
fn is_nothing(word: &str) -> bool {
    matches!(word.trim().to_ascii_lowercase().as_str(), "nothing" | "none" | "void" | "null" | "")
}

const EACH_VALUE: &str = "write each value in quotes, `values = [\"…\", \"…\"]`";

/// Whether a text is words with separators. A range, or a text with blanks, may mean anything.
fn is_list_of_words(text: &str) -> bool {
    let inner = text.trim().trim_start_matches(['[', '(']).trim_end_matches([']', ')']);
    let is_listed = inner.contains([',', '|', ';']);
    is_listed || inner.chars().all(|letter| letter.is_alphanumeric() || letter == '_')
}

/// Whether an entry only says that its key is present.
fn is_member(entry: &Entry) -> bool {
    match &entry.value.value {
        Value::Scalar(Scalar::Bool(is_there)) => *is_there,
        Value::Scalar(Scalar::Text(text)) => *text == entry.key.value,
        _ => false,
    }
}

/// The advice for names with a value for each: only the author knows which of the two the column holds.
fn values_of_table(table: &Table, names: &str) -> String {
    let scalars: Vec<&Scalar> = table
        .entries
        .iter()
        .filter_map(|entry| match &entry.value.value {
            Value::Scalar(scalar) => Some(scalar),
            _ => None,
        })
        .collect();
    let names = format!("write `{names}` if the column holds these names");
    if scalars.len() < table.entries.len() {
        return names;
    }
    if scalars.iter().all(|scalar| matches!(scalar, Scalar::Int(_))) {
        return format!(
            "{names}; if it holds the numbers, make the type `int`, with `min` and `max`, in place of `values`"
        );
    }
    let values: Vec<String> = scalars.iter().map(|scalar| quoted(&text(scalar))).collect();
    format!("{names}, and `[{}]` if it holds the values beside them", values.join(", "))
}

/// Whether each parameter is written with the name of its field, not with its type.
fn names_fields(table: &Table) -> bool {
    let values: Vec<&str> = table.entries.iter().filter_map(|entry| entry.value.value.as_text()).collect();
    values.len() == table.entries.len() && values.iter().any(|value| !names_type(value))
}

/// The codes of warnings in a text that contains nothing else, each in quotes.
fn codes(text: &str) -> Option<String> {
    let parts = text.split([',', ' ', '[', ']']).filter(|part| !part.is_empty());
    let code = |part: &str| Code::from_text(part).filter(|code| code.may_warn());
    let codes: Vec<String> = parts.map(|part| Some(quoted(code(part)?.as_str()))).collect::<Option<_>>()?;
    (!codes.is_empty()).then(|| codes.join(", "))
}

/// Whether a text contains only fingerprints.
fn is_fingerprints(value: &Value) -> bool {
    let Value::Scalar(Scalar::Text(text)) = value else { return false };
    let inner = text.trim().trim_start_matches(['[', '(']).trim_end_matches([']', ')']);
    inner.split([',', '|', ';']).all(|part| fingerprint::is_one(part.trim().trim_matches(['"', '\''])))
}

/// The values of an enum in the form of SQL.
fn values_of_sql(text: &str) -> Hint {
    let inner = text
        .trim()
        .trim_start_matches("enum")
        .trim()
        .trim_start_matches(['(', '['])
        .trim_end_matches([')', ']']);
    let values = foreign::translate(&format!("enum({inner})")).filter(|ty| ty.is_sure);
    let values = values.and_then(|ty| ty.keys.into_iter().find(|(key, _)| *key == "values"));
    match values {
        Some((_, values)) => fix(values),
        None => say("write each value in quotes, `values = [\"…\", \"…\"]`"),
    }
}

/// A name without the direction that SQL and MongoDB write beside it.
fn name_alone(part: &str) -> &str {
    part.trim_start_matches(['-', '+']).split(' ').next().unwrap_or(part)
}
