//! Constants that an operator of numbers refuses for any documents: with a division by zero every run fails.

use regex_syntax::ast;

use super::{
    check::Check,
    shape::{is_placeholder, operands},
};
use crate::{
    diagnostic::doubts,
    json::{Json, Member, Node, member},
    validate::patterns::delimited,
};

/// Why an operator refuses one of its operands, and the advice.
type Refusal = (&'static str, &'static str);

const ZERO: Refusal = ("divides by zero, which MongoDB refuses", "write another divisor");
const NOT_POSITIVE: Refusal = ("takes a number above 0", "write a number above 0");

impl Check<'_, '_> {
    /// Reports operands of an expression's operator with which every run fails.
    pub(super) fn impossible(&mut self, operator: &Member) {
        let name = operator.name.value.as_str();
        if let ("$regexMatch" | "$regexFind" | "$regexFindAll", Some(members)) =
            (name, operator.value.value.members())
            && let Some(regex) = member(members, "regex")
        {
            return self.pattern(name, &regex.value);
        }
        let operands = operands(operator);
        let at = |index: usize| operands.get(index).and_then(constant);
        let is_zero = |index: usize| at(index).is_some_and(|number| number == 0.0);
        let refused = match name {
            "$divide" | "$mod" if is_zero(1) => Some((1, ZERO)),
            "$range" if is_zero(2) => Some((2, ("has a step of 0, and never ends", "write another step"))),
            "$slice" if operands.len() == 3 && at(2).is_some_and(|number| number <= 0.0) => {
                Some((2, ("takes at least one entry", "write a number from 1 on")))
            }
            "$sqrt" if at(0).is_some_and(|number| number < 0.0) => {
                Some((0, ("takes a number from 0 on", "write a number from 0 on")))
            }
            "$ln" | "$log10" | "$log" if at(0).is_some_and(|number| number <= 0.0) => Some((0, NOT_POSITIVE)),
            "$log" if at(1).is_some_and(|base| base <= 0.0 || base.total_cmp(&1.0).is_eq()) => {
                Some((1, ("takes a base above 0 that is not 1", "write another base")))
            }
            "$pow" if is_zero(0) && at(1).is_some_and(|power| power < 0.0) => {
                Some((1, ("divides by zero: 0 has no power below 0", "write another power")))
            }
            "$substr" | "$substrBytes" | "$substrCP" if at(1).is_some_and(|start| start <= -1.0) => {
                Some((1, ("takes a start from 0 on", "write a number from 0 on")))
            }
            "$substrCP" if at(2).is_some_and(|length| length <= -1.0) => {
                Some((2, ("takes a length from 0 on", "write a number from 0 on")))
            }
            "$round" | "$trunc"
                if at(1)
                    .is_some_and(|places| !(-20.0..=100.0).contains(&places) || places.fract() != 0.0) =>
            {
                Some((
                    1,
                    (
                        "takes a whole number of places from -20 to 100",
                        "write how many digits are after the point",
                    ),
                ))
            }
            "$split" if operands.get(1).and_then(|by| by.value.text()) == Some("") => {
                Some((1, ("takes a text of at least one character", "write the separator of the parts")))
            }
            _ => None,
        };
        if let Some((index, (why, help))) = refused
            && let Some(operand) = operands.get(index)
        {
            self.refused(operand.span, name, why, help);
        }
    }

    /// The same for a regular expression that is a constant text.
    pub(super) fn pattern(&mut self, operator: &str, pattern: &Node) {
        let Some(text) = pattern.value.text() else { return };
        if let Some((why, help)) = broken_pattern(text) {
            self.refused(pattern.span, operator, why, help);
        } else if let Some((delimiters, inner, flags)) = delimited(text) {
            let options: String = flags.chars().filter(|flag| "imsx".contains(*flag)).collect();
            let beside = if operator == "$regex" { "$options" } else { "options" };
            let parts = (inner, options.as_str());
            self.errors.push(doubts::delimited_regex(pattern.span, delimiters, parts, beside, self.named));
        }
    }

    /// The same for `$mod` in a query: a divisor and a remainder, both whole numbers.
    pub(super) fn remainder(&mut self, operator: &Member) {
        let Json::List(items) = &operator.value.value else { return };
        if items.len() != 2 {
            let why = "takes two numbers, a divisor and a remainder";
            let help = "write both: {\"$mod\": [4, 0]}";
            self.refused(operator.value.span, "$mod", why, help);
        } else if let Some(divisor) = items.first().filter(|item| !is_placeholder(item))
            // MongoDB cuts off the fraction.
            && constant(divisor).is_some_and(|number| number.abs() < 1.0)
        {
            let (why, help) = ZERO;
            self.refused(divisor.span, "$mod", why, help);
        }
    }
}

/// A mistake that is one in every dialect of regular expressions. MongoDB's dialect has more than the one that is
/// parsed here, so nothing else is checked.
fn broken_pattern(pattern: &str) -> Option<Refusal> {
    match ast::parse::Parser::new().parse(pattern).err()?.kind() {
        ast::ErrorKind::GroupUnclosed => {
            Some(("has a `(` that nothing closes", "close it; the character itself is `\\\\(` in JSON"))
        }
        ast::ErrorKind::GroupUnopened => {
            Some(("has a `)` that nothing opens", "open it; the character itself is `\\\\)` in JSON"))
        }
        ast::ErrorKind::ClassUnclosed => {
            Some(("has a `[` that nothing closes", "close it; the character itself is `\\\\[` in JSON"))
        }
        _ => None,
    }
}

/// The constant number of a node, also as `{"$literal": 0}`.
pub(super) fn constant(node: &Node) -> Option<f64> {
    match &node.value {
        Json::Number(number) => number.parse().ok(),
        Json::Object(members) => match members.as_slice() {
            [literal] if literal.name.value == "$literal" => constant(&literal.value),
            _ => None,
        },
        Json::Null | Json::Bool(_) | Json::Text(_) | Json::List(_) => None,
    }
}
