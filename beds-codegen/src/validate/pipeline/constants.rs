//! Constants in the members of operators that MongoDB refuses for any documents.

use super::{
    check::Check,
    impossible::constant,
    shape::{converted_to, is_placeholder},
};
use crate::{
    aggregation::FORMAT_LETTERS,
    diagnostic::pipelines,
    json::{Json, Member, Node, member},
};

/// The parts of a calendar date, and of a week date.
const NATURAL: [&str; 3] = ["year", "month", "day"];
const ISO: [&str; 3] = ["isoWeekYear", "isoWeek", "isoDayOfWeek"];

impl Check<'_, '_> {
    /// Reports constants in the members of an operator of expressions, groups or windows with which every run fails.
    pub(super) fn constants(&mut self, operator: &Member) {
        let name = operator.name.value.as_str();
        if name == "$toInt" || name == "$toLong" {
            return self.whole_number(operator);
        }
        if is_placeholder(&operator.value) {
            return;
        }
        let members = operator.value.value.members().unwrap_or_default();
        let find = |name: &str| member(members, name);
        let value = |name: &str| find(name).map(|member| &member.value);
        match name {
            "$convert" => {
                if let Some(to) = value("to").filter(|to| !is_placeholder(to)) {
                    self.bson_type(converted_to(to), "to");
                }
            }
            "$dateToString" | "$dateFromString" => {
                if let Some(format) = value("format") {
                    self.format(format);
                }
            }
            "$regexMatch" | "$regexFind" | "$regexFindAll" => {
                let is_path = |node: &Node| node.value.text().is_some_and(|text| text.starts_with('$'));
                if let Some(options) = value("options").filter(|options| !is_path(options)) {
                    self.options(options);
                }
            }
            "$sortArray" => {
                let by = value("sortBy");
                if let Some(by) =
                    by.filter(|by| constant(by).is_some_and(|by| by.abs().total_cmp(&1.0).is_ne()))
                {
                    self.errors.push(pipelines::no_direction(by, self.named));
                }
            }
            "$percentile" => {
                if let Some(shares) = value("p") {
                    self.shares(shares);
                }
            }
            "$firstN" | "$lastN" | "$maxN" | "$minN" | "$topN" | "$bottomN" => {
                if let Some(n) = value("n").filter(|n| constant(n).is_some_and(|n| n < 1.0)) {
                    self.refused(n.span, name, "takes at least one entry", "write a number from 1 on");
                }
            }
            "$dateFromParts" => self.date_parts(operator, members),
            _ => {}
        }
    }

    /// A text that is converted to a whole number.
    fn whole_number(&mut self, operator: &Member) {
        let operand = match &operator.value.value {
            Json::List(items) if items.len() == 1 => &items[0],
            _ => &operator.value,
        };
        let is_digit = |letter: char| letter.is_ascii_digit() || matches!(letter, '+' | '-');
        if let Some(text) = operand.value.text()
            && !text.starts_with('$')
            && !text.chars().all(is_digit)
        {
            let help = if text.starts_with(char::is_alphabetic) {
                format!("write the number; a field is \"${text}\"")
            } else {
                "write a whole number in digits, or `$toDouble`".to_owned()
            };
            self.refused(operand.span, &operator.name.value, "takes a text of digits", &help);
        }
    }

    /// The format of a moment.
    fn format(&mut self, node: &Node) {
        let Some(format) = node.value.text().filter(|format| !format.starts_with('$')) else { return };
        let mut letters = format.chars();
        while letters.any(|letter| letter == '%') {
            match letters.next() {
                Some(letter) if FORMAT_LETTERS.contains(letter) => {}
                letter => {
                    let part = format!("%{}", letter.map(String::from).unwrap_or_default());
                    let why = format!("has no part `{part}`");
                    let help = "write parts such as in \"%Y-%m-%dT%H:%M:%S.%L\"; the sign itself is `%%`";
                    return self.refused(node.span, "format", &why, help);
                }
            }
        }
    }

    /// The fractions of `$percentile`.
    fn shares(&mut self, node: &Node) {
        let is_share = |node: &Node| match &node.value {
            Json::Number(_) => constant(node).is_some_and(|share| (0.0..=1.0).contains(&share)),
            Json::Text(text) => text.starts_with('$'),
            Json::Null | Json::Bool(_) | Json::List(_) => false,
            Json::Object(_) => true,
        };
        let wrong = match &node.value {
            Json::List(items) if items.is_empty() => Some(node),
            Json::List(items) => items.iter().find(|item| !is_share(item)),
            Json::Number(_) => Some(node),
            Json::Null | Json::Bool(_) | Json::Text(_) | Json::Object(_) => None,
        };
        if let Some(wrong) = wrong {
            let help = "write the shares in a list: [0.5, 0.95]";
            self.refused(wrong.span, "p", "takes a list of numbers from 0 to 1", help);
        }
    }

    /// A date needs a year, of one of the two calendars.
    fn date_parts(&mut self, operator: &Member, members: &[Member]) {
        let find = |names: &[&str]| members.iter().find(|member| names.contains(&member.name.value.as_str()));
        match (find(&NATURAL), find(&ISO)) {
            (Some(_), Some(iso)) => {
                let why = "takes `year`, `month` and `day`, or `isoWeekYear`, `isoWeek` and `isoDayOfWeek`";
                self.refused(iso.name.span, "$dateFromParts", why, "keep the members of one calendar");
            }
            _ if find(&["year", "isoWeekYear"]).is_none() => {
                self.errors.push(pipelines::missing_key(
                    operator.value.span,
                    "year",
                    "$dateFromParts",
                    self.named,
                ));
            }
            _ => {}
        }
    }
}
