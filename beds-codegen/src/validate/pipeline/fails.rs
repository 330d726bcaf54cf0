//! Stages that MongoDB refuses for any documents.

use super::{argument, check::Check, shape::is_placeholder};
use crate::{
    aggregation::Takes,
    diagnostic::stages as diagnostics,
    json::{Json, Member, Node, member},
    span::Span,
};

/// Operators that need an order of the documents.
const ORDERED: [&str; 8] = [
    "$denseRank",
    "$derivative",
    "$documentNumber",
    "$expMovingAvg",
    "$integral",
    "$linearFill",
    "$rank",
    "$shift",
];

/// Whether a member of an output needs an order of the documents.
fn is_ordered(member: &Member) -> bool {
    ORDERED.contains(&member.name.value.as_str())
        || (member.name.value == "method" && matches!(member.value.value.text(), Some("linear" | "locf")))
}

/// Stages that need at least one member or entry.
const NEVER_EMPTY: [&str; 5] = ["$addFields", "$facet", "$project", "$set", "$unset"];

impl Check<'_, '_> {
    /// Reports mistakes in a stage with which every run fails.
    pub(super) fn always_fails(&mut self, stage: &Member) {
        let name = stage.name.value.as_str();
        let is_empty = match &stage.value.value {
            Json::Object(members) => members.is_empty(),
            Json::List(items) => items.is_empty(),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) => false,
        };
        if is_empty && NEVER_EMPTY.contains(&name) {
            self.errors.push(diagnostics::empty_stage(stage.value.span, name, self.named));
        }
        if name == "$project" {
            let (mut taken, mut left_out) = (None, None);
            projected(stage.value.value.members().unwrap_or_default(), true, &mut taken, &mut left_out);
            if let (Some(taken), Some(left_out)) = (taken, left_out) {
                return self.errors.push(diagnostics::mixed_projection(
                    left_out.span,
                    taken.span,
                    self.named,
                ));
            }
        }
        if matches!(name, "$addFields" | "$project" | "$set" | "$unset") {
            self.collisions(stage);
        }
        if name == "$redact" {
            self.redacts(&stage.value);
        }
        if name == "$count" && stage.value.value.text() == Some("_id") {
            let why = "cannot count into `_id`, which names the group that it forms";
            self.refused(stage.value.span, name, why, "write another name: {\"$count\": \"count\"}");
        }
        let Some(members) = stage.value.value.members() else { return };
        let find = |name: &str| member(members, name);
        match name {
            "$bucket" => {
                if let Some(Json::List(items)) = find("boundaries").map(|found| &found.value.value) {
                    self.boundaries(
                        items,
                        find("boundaries").map_or(stage.name.span, |found| found.value.span),
                    );
                }
            }
            "$densify" => self.steps(members),
            "$fill" if self.filled_twice(members) => {}
            "$setWindowFields" | "$fill" if find("sortBy").is_none() => {
                let outputs =
                    find("output").and_then(|output| output.value.value.members()).unwrap_or_default();
                for output in outputs.iter().filter_map(|output| output.value.value.members()) {
                    if let Some(ordered) = output.iter().find(|member| is_ordered(member)) {
                        let of = &ordered.name.value;
                        self.errors.push(diagnostics::no_order(ordered.name.span, of, name, self.named));
                    }
                }
            }
            _ => {}
        }
    }

    /// The boundaries of buckets, if they are numbers.
    fn boundaries(&mut self, items: &[Node], span: Span) {
        let number = |node: &Node| match &node.value {
            Json::Number(number) => number.parse::<f64>().ok(),
            _ => None,
        };
        let wrong = items.windows(2).find(|pair| match (number(&pair[0]), number(&pair[1])) {
            (Some(one), Some(next)) => one >= next,
            _ => false,
        });
        if items.len() < 2 {
            self.errors.push(diagnostics::boundaries(span, self.named));
        } else if let Some([_, second]) = wrong {
            self.errors.push(diagnostics::boundaries(second.span, self.named));
        } else if let Some(second) = self.mixed(items) {
            let help = "write boundaries of one type: [0, 10, 100]";
            self.refused(second.span, "boundaries", "takes values of one type", help);
        }
    }

    /// The first boundary that certainly has another type than the ones before.
    fn mixed<'n>(&self, items: &'n [Node]) -> Option<&'n Node> {
        let mut known = None;
        items.iter().find(|item| {
            let kind = self.kind(item);
            known = known.or(kind);
            kind.is_some() && kind != known
        })
    }

    /// The type of a boundary, if known.
    fn kind(&self, node: &Node) -> Option<Takes> {
        const KINDS: [Takes; 4] = [Takes::Number, Takes::Text, Takes::Bool, Takes::Moment];
        if is_placeholder(node) {
            let arg = self.args.iter().find(|arg| Some(arg.field.name.as_str()) == argument::name(node))?;
            return KINDS.into_iter().find(|kind| argument::suits(&arg.field.ty, *kind));
        }
        match node.value.text() {
            Some(text) if text.starts_with('$') => None,
            _ => KINDS.into_iter().find(|kind| kind.fits(&node.value)),
        }
    }

    /// Reports operands that an operator refuses for any documents.
    pub(super) fn operator_fails(&mut self, operator: &Member) {
        let branches = operator.value.value.members().unwrap_or_default();
        let branches = member(branches, "branches");
        if let ("$switch", Some(Member { value, .. })) = (operator.name.value.as_str(), branches)
            && matches!(&value.value, Json::List(items) if items.is_empty())
        {
            self.errors.push(diagnostics::no_branches(value.span, self.named));
        }
    }

    /// The options of a regular expression in a query.
    pub(super) fn options_fail(&mut self, members: &[Member]) {
        let find = |name: &str| member(members, name);
        let Some(options) = find("$options") else { return };
        if find("$regex").is_none() {
            self.errors.push(diagnostics::options_alone(options.name.span, self.named));
        } else {
            self.options(&options.value);
        }
    }

    /// The letters of the options.
    pub(super) fn options(&mut self, node: &Node) {
        let letters = node.value.text().unwrap_or_default();
        if let Some(letter) = letters.chars().find(|letter| !"imsux".contains(*letter)) {
            self.errors.push(diagnostics::unknown_option(node.span, letter, self.named));
        }
    }
}

/// The first member that a projection includes or computes, and the first that it excludes. `_id` is compatible with
/// both.
fn projected<'n>(
    members: &'n [Member],
    is_top: bool,
    taken: &mut Option<&'n Node>,
    left_out: &mut Option<&'n Node>,
) {
    for Member { value, .. } in members.iter().filter(|member| !is_top || member.name.value != "_id") {
        let is_none = match &value.value {
            Json::Bool(flag) => !flag,
            Json::Number(number) => number.parse::<f64>().is_ok_and(|number| number == 0.0),
            Json::Object(inner) if !is_placeholder(value) && value.value.operator().is_none() => {
                projected(inner, false, taken, left_out);
                continue;
            }
            // A value that is unknown, or only allowed in projections of finds, is not checked.
            Json::Object(_) if value.value.operator().is_some_and(|found| found.name.value == "$meta") => {
                continue;
            }
            Json::Null | Json::Text(_) | Json::List(_) | Json::Object(_) => false,
        };
        let first = if is_none { &mut *left_out } else { &mut *taken };
        first.get_or_insert(value);
    }
}
