//! Parts of stages that MongoDB refuses for any documents.

use super::{check::Check, impossible::constant, shape::is_placeholder};
use crate::{
    diagnostic::stages as diagnostics,
    json::{Json, Member, Node, member},
};

impl Check<'_, '_> {
    /// A field and a part of it: MongoDB cannot return both.
    pub(super) fn collisions(&mut self, stage: &Member) {
        let of = stage.name.value.as_str();
        let mut paths = Vec::new();
        match &stage.value.value {
            Json::Object(members) => flatten(members, "", &mut paths),
            Json::List(items) => {
                paths
                    .extend(items.iter().filter_map(|item| Some((item.value.text()?.to_owned(), item.span))));
            }
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) => {}
        }
        for (index, (path, span)) in paths.iter().enumerate() {
            let is_part = |inner: &str, outer: &str| {
                inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('.'))
            };
            let before = paths.get(..index).unwrap_or_default();
            let other = before.iter().find(|(other, _)| is_part(path, other) || is_part(other, path));
            if let Some((other, first)) = other {
                let places = (*span, *first);
                self.errors.push(diagnostics::collision(places, of, (path, other), self.named));
            }
        }
    }

    /// `$redact` returns one of three variables.
    pub(super) fn redacts(&mut self, node: &Node) {
        let is_none = match &node.value {
            Json::Text(text) => !text.starts_with('$'),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::List(_) => true,
            Json::Object(_) => false,
        };
        if is_none {
            let help = "write \"$$KEEP\", \"$$PRUNE\" or \"$$DESCEND\", most often in `$cond`";
            self.refused(node.span, "$redact", "takes an expression that gives one of its variables", help);
        }
    }

    /// The steps of `$densify`.
    pub(super) fn steps(&mut self, members: &[Member]) {
        let step = member(members, "range").and_then(|range| member(range.value.value.members()?, "step"));
        if let Some(step) = step.filter(|step| constant(&step.value).is_some_and(|step| step <= 0.0)) {
            self.refused(step.value.span, "step", "takes a number above 0", "write a number above 0");
        }
    }

    /// A value, together with a method to compute one.
    pub(super) fn filled_twice(&mut self, members: &[Member]) -> bool {
        let output = member(members, "output");
        let outputs = output.and_then(|output| output.value.value.members()).unwrap_or_default();
        let twice = outputs.iter().filter_map(|output| output.value.value.members()).find_map(|output| {
            let find = |name: &str| member(output, name);
            find("value").and(find("method"))
        });
        if let Some(method) = twice {
            let help = "remove `value` or `method`";
            let why = "is beside `value`, but MongoDB takes only one of the two";
            self.refused(method.name.span, "method", why, help);
        }
        twice.is_some()
    }

    /// The bounds of a window.
    pub(super) fn window(&mut self, node: &Node) {
        let members = node.value.members().unwrap_or_default();
        let find = |name: &str| member(members, name);
        if let (Some(_), Some(range)) = (find("documents"), find("range")) {
            let why = "is beside `documents`, but a window has only one of the two";
            return self.refused(range.name.span, "range", why, "remove one of them");
        }
        for of in ["documents", "range"] {
            if let Some(bounds) = find(of).filter(|bounds| !is_placeholder(&bounds.value)) {
                self.bounds(&bounds.value, of);
            }
        }
    }

    fn bounds(&mut self, node: &Node, of: &str) {
        let help = "write both ends: [\"unbounded\", \"current\"], [-2, 0]";
        let is_bound = |node: &Node| match &node.value {
            Json::Text(word) => matches!(word.as_str(), "current" | "unbounded"),
            Json::Number(_) => of == "range" || constant(node).is_some_and(|bound| bound.fract() == 0.0),
            Json::Object(_) => true,
            Json::Null | Json::Bool(_) | Json::List(_) => false,
        };
        let Json::List(ends) = &node.value else {
            return self.refused(node.span, of, "takes a list of two ends", help);
        };
        let [lower, upper] = ends.as_slice() else {
            return self.refused(node.span, of, "takes a list of two ends", help);
        };
        if let Some(wrong) = [lower, upper].into_iter().find(|end| !is_bound(end)) {
            let what = if of == "range" { "a number" } else { "a whole number" };
            let why = format!("takes {what}, \"current\" or \"unbounded\" as an end");
            return self.refused(wrong.span, of, &why, help);
        }
        if let (Some(lower), Some(upper)) = (constant(lower), constant(upper))
            && lower > upper
        {
            self.refused(node.span, of, "takes the lower end first", "write the lower end first");
        }
    }
}

/// The paths that an object of fields names. An object that is not an operator contains fields.
fn flatten(members: &[Member], before: &str, paths: &mut Vec<(String, crate::span::Span)>) {
    for member in members {
        let path = format!("{before}{}", member.name.value);
        match &member.value.value {
            Json::Object(inner)
                if !inner.is_empty()
                    && !is_placeholder(&member.value)
                    && member.value.value.operator().is_none() =>
            {
                flatten(inner, &format!("{path}."), paths);
            }
            _ => paths.push((path, member.name.span)),
        }
    }
}
