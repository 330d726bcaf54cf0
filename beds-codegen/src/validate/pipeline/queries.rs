//! Conditions on documents and on their fields.

use super::check::Check;
use crate::{
    aggregation::{self as table, Operator, Slot},
    diagnostic::pipelines as diagnostics,
    json::{Json, Member, Node},
};

impl Check<'_, '_> {
    pub(super) fn query(&mut self, node: &Node, of: &str) {
        let Json::Object(members) = &node.value else { return self.wrong_kind(node, Slot::Query, of) };
        for member in members {
            let name = member.name.value.as_str();
            if !name.starts_with('$') {
                self.slot(&member.value, Slot::Filter, name);
                continue;
            }
            if table::FILTERS.iter().any(|(known, _)| *known == name) {
                self.errors.push(diagnostics::filter_without_field(member.name.span, name, self.named));
                continue;
            }
            if name == "$text" && !self.is_first_stage {
                self.errors.push(diagnostics::text_not_first(member.name.span, self.named));
            }
            self.condition(member, table::CONDITIONS, "condition");
            if name == "$nor"
                && let Json::List(items) = &member.value.value
            {
                self.no_text(items);
            }
            if let ("$and" | "$or" | "$nor", Json::List(items)) = (name, &member.value.value)
                && items.is_empty()
            {
                self.errors.push(diagnostics::no_conditions(member.value.span, name, self.named));
            }
        }
    }

    /// `$text` finds by its index, and what it does not find has none.
    fn no_text(&mut self, conditions: &[Node]) {
        let members = conditions.iter().filter_map(|node| node.value.members()).flatten();
        for text in members.filter(|member| member.name.value == "$text") {
            let why = "is not allowed in `$nor`";
            self.refused(
                text.name.span,
                "$text",
                why,
                "move it out of `$nor`: MongoDB finds texts, not their absence",
            );
        }
    }

    /// The conditions on a field in a query: a value, or operators.
    pub(super) fn filter(&mut self, node: &Node) {
        let (Json::Object(members), Some(operator)) = (&node.value, node.value.operator()) else {
            self.field_as_text(node, "$eq");
            return self.literal(node, true);
        };
        self.options_fail(members);
        for member in members {
            if member.name.value.starts_with('$') {
                self.condition(member, table::FILTERS, "operator of a query");
            } else {
                let diagnostic = diagnostics::not_alone(member.name.span, operator, self.named);
                self.errors.push(diagnostic);
            }
        }
    }

    fn condition(&mut self, member: &Member, operators: &[Operator], what: &str) {
        let refused = table::NOT_IN_MATCH.iter().find(|(name, _)| *name == member.name.value);
        match refused {
            Some((name, help)) => {
                self.errors.push(diagnostics::not_in_match(member.name.span, name, help, self.named));
            }
            None => self.operator(member, operators, what),
        }
    }

    /// `$elemMatch`: conditions on the members of an entry, or on the entry itself.
    pub(super) fn element(&mut self, node: &Node, of: &str) {
        let is_condition =
            |member: &Member| table::CONDITIONS.iter().any(|(name, _)| *name == member.name.value);
        match node.value.operator() {
            Some(operator) if !is_condition(operator) => self.filter(node),
            _ => self.query(node, of),
        }
    }

    /// `$all`: values, or `$elemMatch` for each.
    pub(super) fn elements(&mut self, node: &Node, of: &str) {
        let Json::List(items) = &node.value else { return self.wrong_kind(node, Slot::Elements, of) };
        for item in items {
            match item.value.operator() {
                Some(operator) if operator.name.value == "$elemMatch" => self.filter(item),
                _ => self.literal(item, true),
            }
        }
    }
}
