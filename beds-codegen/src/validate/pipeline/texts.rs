//! Texts of a pipeline that look like placeholders: MongoDB would compare with the text itself.

use beds_protocol::RequestValue;

use super::used::Use;
use crate::{
    diagnostic::{Diagnostic, calls as diagnostics},
    json::{self, Json, Node},
    model::Arg,
    span::Span,
};

/// Reports the texts that name an argument, or a value of the request, in the style of other tools. Returns the
/// arguments that they name.
/// arguments that they name.
pub(super) fn report<'a>(
    tree: &Node,
    args: &'a [Arg],
    uses: &[Use],
    named: Span,
) -> Vec<(&'a str, Diagnostic)> {
    let mut found = Vec::new();
    walk(tree, &mut |text, span| {
        let name = json::named_by(text);
        let arg = args.iter().find(|arg| Some(arg.field.name.as_str()) == name);
        if let Some(value) = RequestValue::from_name(text) {
            found.push(("", diagnostics::text_of_request(span, value.as_str(), named)));
        } else if let Some(name) = arg.map(|arg| arg.field.name.as_str()) {
            let is_used = uses.iter().any(|one| one.name == name);
            found.push((name, diagnostics::text_for_argument(span, (text, name), is_used, named)));
        }
    });
    found
}

/// Visits all texts, except the names of arguments.
fn walk(node: &Node, see: &mut impl FnMut(&str, Span)) {
    match &node.value {
        Json::Text(text) => see(text, node.span),
        Json::List(items) => items.iter().for_each(|item| walk(item, see)),
        Json::Object(members) => {
            for member in members.iter().filter(|member| member.name.value != "$arg") {
                walk(&member.value, see);
            }
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}
