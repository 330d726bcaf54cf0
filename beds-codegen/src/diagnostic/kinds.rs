//! Pipeline values of another kind than their positions take.

use super::{
    Diagnostic,
    pipelines::{is_misspelt_placeholder, misspelt_placeholder, value},
};
use crate::{
    aggregation::Key,
    json::{Json, Node, is_path},
    names,
    span::Span,
};

/// A value of the wrong kind for a position in an expression.
pub(crate) fn wrong_operand(node: &Node, of: &str, expected: &str, named: Span) -> Diagnostic {
    match node.value.text().filter(|text| is_path(text)) {
        Some(path) => mismatch(node, of, expected, named).help(format!("write \"${path}\" for the field")),
        None => wrong_kind(node, of, expected, named),
    }
}

/// A value of the wrong kind in place of an object with these members. `is_it` is whether the value fits the first
/// member.
pub(crate) fn no_object(node: &Node, of: &str, keys: &[Key], is_it: bool, named: Span) -> Diagnostic {
    let given = match &node.value {
        Json::Number(number) => number.clone(),
        Json::Text(text) => serde_json::Value::from(text.as_str()).to_string(),
        _ => String::new(),
    };
    match keys {
        _ if given.contains("arg") => wrong_kind(node, of, "an object", named),
        [only] if !given.is_empty() && is_it => {
            mismatch(node, of, "an object", named).help(format!("write {{\"{}\": {given}}}", only.name))
        }
        [] => mismatch(node, of, "an object", named).help("write {}: it has no members"),
        _ => {
            let members = names::sentence(keys.iter().map(|key| key.name));
            mismatch(node, of, "an object", named)
                .help(format!("write an object, whose members are: {members}"))
        }
    }
}

fn mismatch(node: &Node, of: &str, expected: &str, named: Span) -> Diagnostic {
    let given = match &node.value {
        Json::Number(number) => number.as_str(),
        other => other.kind(),
    };
    let message = format!("`{of}` takes {expected}, not {given}");
    value(node.span, message, &format!("expected {expected}"), named)
}

pub(crate) fn wrong_kind(node: &Node, of: &str, expected: &str, named: Span) -> Diagnostic {
    if let Some([only]) = node.value.members()
        && is_misspelt_placeholder(&only.name.value)
    {
        return misspelt_placeholder(&only.name, named);
    }
    let diagnostic = mismatch(node, of, expected, named);
    let least = match expected {
        expected if expected.contains("from 1 on") => 1,
        expected if expected.contains("from 0 on") => 0,
        _ => i64::MIN,
    };
    let is_number =
        |text: &&str| expected.contains("number") && text.parse::<i64>().is_ok_and(|number| number >= least);
    match node.value.text().filter(is_number) {
        Some(number) => diagnostic.help(format!("write {number} without quotes")).fix(node.span, number),
        None if node.value.text().is_some_and(|text| text.to_ascii_lowercase().contains("arg")) => {
            diagnostic.help("write {\"$arg\": \"NAME\"} for an argument of the call")
        }
        None => diagnostic.help(format!("write {expected}")),
    }
}
