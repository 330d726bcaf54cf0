//! Texts that are most likely meant as fields, without the `$` before them.

use super::{
    argument,
    check::Check,
    shape::{is_placeholder, operands},
};
use crate::{
    diagnostic::doubts as diagnostics,
    json::{Json, Member, Node, is_path, member},
    model::Type,
};

/// Operators that compute with numbers, and ignore all other values.
const NUMBERS: [&str; 13] = [
    "$avg",
    "$covariancePop",
    "$covarianceSamp",
    "$derivative",
    "$expMovingAvg",
    "$integral",
    "$linearFill",
    "$median",
    "$minMaxScaler",
    "$percentile",
    "$stdDevPop",
    "$stdDevSamp",
    "$sum",
];

/// Operators of expressions that compare.
const COMPARISONS: [&str; 7] = ["$cmp", "$eq", "$gt", "$gte", "$lt", "$lte", "$ne"];

impl Check<'_, '_> {
    /// Texts among the operands of an operator that computes with numbers.
    pub(super) fn counted_texts(&mut self, operator: &Member) {
        let name = operator.name.value.as_str();
        if !NUMBERS.contains(&name) {
            return;
        }
        let input = operator.value.value.members().and_then(|members| member(members, "input"));
        for operand in input.map_or(operands(operator), |input| std::slice::from_ref(&input.value)) {
            if let Some(text) = path_without_dollar(operand) {
                self.errors.push(diagnostics::text_for_number(operand.span, text, name, self.named));
            }
        }
    }

    /// A text as a group key.
    pub(super) fn grouped_text(&mut self, node: &Node) {
        if let Some(text) = path_without_dollar(node) {
            self.errors.push(diagnostics::group_by_text(node.span, text, self.named));
        }
    }

    /// A text on the left of a comparison that does not depend on the document. On the right, a text may be the value
    /// with which a client's choice is compared.
    pub(super) fn compared_texts(&mut self, operator: &Member) {
        let name = operator.name.value.as_str();
        if !COMPARISONS.contains(&name) {
            return;
        }
        let [left, right] = operands(operator) else { return };
        let Some(text) = path_without_dollar(left) else { return };
        if self.is_other_than(right, text) {
            self.errors.push(diagnostics::compared_text(left.span, text, name, self.named));
        }
    }

    /// Whether an operand is a constant or a client's value, and certainly not a choice that includes this text.
    fn is_other_than(&self, operand: &Node, text: &str) -> bool {
        if !is_placeholder(operand) {
            return match &operand.value {
                Json::Text(other) => !other.starts_with('$'),
                Json::Null | Json::Bool(_) | Json::Number(_) => true,
                Json::List(_) | Json::Object(_) => false,
            };
        }
        let arg = self.args.iter().find(|arg| Some(arg.field.name.as_str()) == argument::name(operand));
        match arg.map(|arg| &arg.field.ty) {
            Some(Type::Enum { values, .. }) => !values.iter().any(|value| value == text),
            _ => true,
        }
    }
}

/// The text of an operand that looks like a field's path without its `$`.
fn path_without_dollar(node: &Node) -> Option<&str> {
    node.value.text().filter(|text| is_path(text))
}
