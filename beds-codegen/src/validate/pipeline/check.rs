//! Walks through a pipeline along the table of slots.
//!
//! Each placeholder is either allowed by its slot, with the wrapping that makes the value a literal there, or refused.
//! So no client's value is ever read as a name, an operator, a condition or code.

use std::collections::BTreeSet;

use super::{
    reach::Reach,
    shape::{self, Naming},
    used::Use,
};
use crate::{
    aggregation::{self as table, Named, Operator, STAGES, Slot, Takes, Within},
    diagnostic::{ErrorSink, kinds, pipelines as diagnostics, stages as failures},
    json::{Json, Member, Node, member},
    model::Arg,
    span::Span,
};

/// Window operators without operands.
const RANKS: [&str; 3] = ["$denseRank", "$documentNumber", "$rank"];

/// Commands that read, each with the member for its collection.
const COMMANDS: [&str; 4] = ["count", "distinct", "find", "findOne"];

/// The check of a pipeline.
pub(super) struct Check<'c, 's> {
    pub(super) args: &'c [Arg],
    /// The name of the call.
    pub(super) call: Span,
    /// The position at which the template names the file.
    pub(super) named: Span,
    pub(super) errors: &'c mut ErrorSink<'s>,
    pub(super) uses: Vec<Use>,
    /// The stage that writes.
    pub(super) writes: Option<(String, Span)>,
    /// Whether this position selects a field, format or type. No client's value is allowed in it.
    pub(super) is_steered: bool,
    /// The purpose of the names in this position.
    pub(super) naming: Naming,
    /// The purpose of the names in the members of an object in this position, if those yield a document or pairs.
    pub(super) inner: Naming,
    /// Whether it is reported that clients would choose names here. The operator that yields the value and the one that
    /// takes it are one mistake.
    pub(super) naming_is_told: bool,
    /// Where clients' values have got to.
    pub(super) reach: Reach,
    pub(super) is_first_stage: bool,
    /// The variables that the pipeline declares anywhere.
    pub(super) variables: BTreeSet<String>,
}

impl<'c, 's> Check<'c, 's> {
    pub(super) fn new(args: &'c [Arg], call: Span, named: Span, errors: &'c mut ErrorSink<'s>) -> Self {
        Self {
            args,
            call,
            named,
            errors,
            uses: Vec::new(),
            writes: None,
            is_steered: false,
            naming: Naming::Nothing,
            inner: Naming::Nothing,
            naming_is_told: false,
            reach: Reach::default(),
            is_first_stage: true,
            variables: BTreeSet::new(),
        }
    }

    /// The stages of a pipeline.
    pub(super) fn pipeline(&mut self, node: &Node, within: Within) {
        let Json::List(stages) = &node.value else {
            let members = node.value.members().unwrap_or_default();
            let stages = member(members, "pipeline").filter(|all| matches!(all.value.value, Json::List(_)));
            let is_command = |member: &&Member| {
                COMMANDS.contains(&member.name.value.as_str()) && member.value.value.text().is_some()
            };
            self.errors.push(match (stages, members.iter().find(is_command)) {
                (Some(stages), _) => failures::command(stages.name.span, self.named),
                (None, Some(command)) => failures::other_command(command, members, self.named),
                (None, None) => diagnostics::no_list(node, within.as_str(), self.named),
            });
            return;
        };
        if stages.is_empty() && within == Within::Call {
            self.errors.push(diagnostics::no_stages(node.span, self.named));
        }
        for (index, stage) in stages.iter().enumerate() {
            self.is_first_stage = within == Within::Call && index == 0;
            // If two stages write, the second is reported, and the first need not move.
            let before = stages.get(..index).unwrap_or_default();
            let after = stages.get(index + 1..).unwrap_or_default();
            let writer = before.iter().find(|other| shape::writes(other)).filter(|_| shape::writes(stage));
            if let Some(first) = writer.filter(|_| within == Within::Call) {
                self.errors.push(failures::second_writer(stage.span, first.span, self.named));
                continue;
            }
            let is_last = after.is_empty() || (shape::writes(stage) && after.iter().any(shape::writes));
            self.stage(stage, within, index == 0, is_last);
        }
    }

    fn stage(&mut self, node: &Node, within: Within, is_first: bool, is_last: bool) {
        let Json::Object(members) = &node.value else {
            self.errors.push(diagnostics::no_stage(node, self.named));
            return;
        };
        let member = match members.as_slice() {
            [member] => member,
            [] => return self.errors.push(diagnostics::no_stage(node, self.named)),
            [_, second, ..] => {
                return self.errors.push(diagnostics::two_stages(second.name.span, self.named));
            }
        };
        let name = member.name.value.as_str();
        if name == "$arg" {
            return self.errors.push(diagnostics::value_for_stage(node.span, self.named));
        }
        let Some(stage) = STAGES.iter().find(|stage| stage.name == name) else {
            self.errors.push(diagnostics::unknown_stage(&member.name, self.named));
            return;
        };
        let before = self.errors.reported();
        if let Some((message, help)) = stage.misplaced(within, is_first, is_last) {
            self.errors.push(diagnostics::misplaced(member.name.span, message, help, self.named));
        } else {
            self.always_fails(member);
        }
        if stage.place == table::Place::Last {
            self.writes = Some((name.to_owned(), member.name.span));
        }
        let body = &member.value;
        match name {
            "$replaceRoot" | "$replaceWith" | "$unionWith" | "$documents" => {
                self.of_document(|check| check.slot(body, stage.slot, stage.name));
            }
            "$sortByCount" => self.of_field("_id", |check| check.slot(body, stage.slot, stage.name)),
            _ => self.slot(body, stage.slot, stage.name),
        }
        if before == self.errors.reported() {
            self.operands(member, table::of_stage(stage.name));
        }
        if let ("$lookup" | "$unionWith", Some(members)) = (name, member.value.value.members()) {
            self.source(member, members);
        }
    }

    /// `$lookup` and `$unionWith` read a collection, or the documents of `$documents`.
    fn source(&mut self, stage: &Member, members: &[Member]) {
        /// The members of both.
        const KNOWN: [&str; 8] =
            ["from", "localField", "foreignField", "let", "pipeline", "as", "coll", "db"];
        let has = |names: &[&str]| members.iter().any(|member| names.contains(&member.name.value.as_str()));
        let name = stage.name.value.as_str();
        // A misspelt member is likely to be the one that would be reported as missing.
        let is_known = members.iter().all(|member| KNOWN.contains(&member.name.value.as_str()));
        let [local, foreign] = ["localField", "foreignField"];
        if name == "$lookup" && is_known && has(&[local]) != has(&[foreign]) {
            let (there, missing) = if has(&[local]) { (local, foreign) } else { (foreign, local) };
            let error = failures::half_a_join(stage.name.span, there, missing, self.named);
            return self.errors.push(error);
        }
        let is_ok = if name == "$lookup" {
            has(&["from", "pipeline"]) && has(&["localField", "pipeline"])
        } else {
            has(&["coll", "pipeline"])
        };
        // Without a collection, the stages themselves must provide the documents.
        let is_ok = is_ok && (has(&["from", "coll"]) || members.iter().any(shape::begins_with_documents));
        if !is_ok && is_known {
            self.errors.push(diagnostics::no_source(stage.name.span, name, self.named));
        }
    }

    /// Refuses every placeholder that the walk did not reach, whatever the reason. Only known positions of values are
    /// allowed.
    pub(super) fn unseen(&mut self, node: &Node) {
        match &node.value {
            Json::Object(_) if shape::is_placeholder(node) => {
                if !self.errors.has_errors() && !self.uses.iter().any(|found| found.at == node.span) {
                    self.errors.push(diagnostics::value_for_stage(node.span, self.named));
                }
            }
            Json::Object(members) => members.iter().for_each(|member| self.unseen(&member.value)),
            Json::List(items) => items.iter().for_each(|item| self.unseen(item)),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) => {}
        }
    }

    /// Checks the content of a position. `of` is the operator or the member that it belongs to.
    pub(super) fn slot(&mut self, node: &Node, slot: Slot, of: &str) {
        if shape::is_placeholder(node) {
            return self.argument(node, slot, of);
        }
        match slot {
            Slot::Expression | Slot::Condition => self.expression(node),
            Slot::Steer | Slot::Pattern => self.steer(node),
            Slot::Document => self.names(Naming::Document, node),
            Slot::Pairs => self.names(Naming::Pairs, node),
            Slot::Expressions(least, most) => self.expressions(node, (least, most), of),
            Slot::Query => self.query(node, of),
            Slot::Filter => self.filter(node),
            Slot::Element => self.element(node, of),
            Slot::Elements => self.elements(node, of),
            Slot::Pipeline(within) => self.nested(node, within),
            Slot::Group => self.group(node, of),
            Slot::Accumulator => self.accumulator(node, table::ACCUMULATORS, "accumulator"),
            Slot::Window => self.accumulator(node, table::WINDOWS, "operator of a window"),
            Slot::Sort => self.sort(node, of),
            Slot::Regex => self.constant(node, Takes::Text, of),
            Slot::Value(takes) => self.value(node, takes, of),
            Slot::Constant(takes) => self.constant(node, takes, of),
            Slot::Word(words) => self.word(node, words, of),
            Slot::Path => self.path(node, of),
            Slot::Name(of_what) => self.name(node, of_what, of),
            Slot::By => {
                if node.value.text().is_some() {
                    self.path(node, of);
                }
                self.expression(node);
            }
            Slot::Among(words) => {
                if node.value.text().is_some_and(|text| !text.starts_with('$')) {
                    self.word(node, words, of);
                }
                self.expression(node);
            }
            Slot::Search => self.search(node, of),
            Slot::Keys(keys) => self.keys(node, keys, of),
            Slot::Map(inner) => self.map(node, *inner, of),
            Slot::List(inner) => self.list(node, *inner, of),
            Slot::Either(slots) => match slots.iter().find(|slot| slot.fits(node)) {
                Some(slot) => self.slot(node, *slot, of),
                None => self.wrong_kind(node, slot, of),
            },
        }
    }

    fn nested(&mut self, node: &Node, within: Within) {
        let is_first_stage = std::mem::take(&mut self.is_first_stage);
        self.pipeline(node, within);
        self.is_first_stage = is_first_stage;
    }

    fn steer(&mut self, node: &Node) {
        let before = std::mem::replace(&mut self.is_steered, true);
        self.expression(node);
        self.is_steered = before;
    }

    pub(super) fn expression(&mut self, node: &Node) {
        if self.named(node) {
            return;
        }
        match &node.value {
            Json::List(items) => {
                for item in items {
                    self.slot(item, Slot::Expression, "an expression");
                }
            }
            Json::Object(members) => match node.value.operator() {
                Some(operator) => {
                    self.alone(operator, members);
                    self.operator(operator, table::EXPRESSIONS, "operator of an expression");
                }
                None => {
                    for member in members {
                        self.slot(&member.value, Slot::Expression, &member.name.value);
                    }
                }
            },
            Json::Text(text) => self.text(text, node.span),
            Json::Null | Json::Bool(_) | Json::Number(_) => {}
        }
    }

    fn expressions(&mut self, node: &Node, (least, most): (usize, usize), of: &str) {
        match &node.value {
            Json::List(items) => {
                if items.len() < least || items.len() > most {
                    self.errors.push(diagnostics::count(
                        node.span,
                        of,
                        items.len(),
                        (least, most),
                        self.named,
                    ));
                }
                for (index, item) in items.iter().enumerate() {
                    if of == "$cond" && index == 0 {
                        self.apart(|check| check.slot(item, Slot::Expression, of));
                    } else {
                        self.slot(item, Slot::Expression, of);
                    }
                }
            }
            _ if least > 1 => {
                self.errors.push(diagnostics::count(node.span, of, 1, (least, most), self.named));
            }
            _ => self.expression(node),
        }
    }

    /// Checks one operator of a table, with its content.
    pub(super) fn operator(&mut self, member: &Member, operators: &[Operator], what: &str) {
        let name = member.name.value.as_str();
        let Some((name, slot)) = operators.iter().find(|(known, _)| *known == name) else {
            self.errors.push(diagnostics::unknown_operator(&member.name, operators, what, self.named));
            return;
        };
        self.operator_fails(member);
        let before = self.errors.reported();
        self.operand(&member.value, *slot, name);
        if *name == "$getField" {
            self.current(member);
        }
        // A value at a forbidden position is reported as such.
        if before == self.errors.reported() && operators.len() == table::EXPRESSIONS.len() {
            self.operands(member, table::operands(name));
            self.impossible(member);
            self.compared_texts(member);
        }
        if before == self.errors.reported() {
            self.constants(member);
            self.counted_texts(member);
        }
        if before == self.errors.reported() && operators.len() == table::FILTERS.len() {
            match *name {
                "$mod" => self.remainder(member),
                "$regex" => self.pattern(name, &member.value),
                _ => self.asked(member),
            }
        }
        if before == self.errors.reported() && *name == "$jsonSchema" {
            self.schema(&member.value);
        }
        // A refused operator gets no further reports.
        if matches!(*name, "$function" | "$accumulator") && !self.errors.has_errors() {
            self.errors.push(diagnostics::script(member.name.span, name, self.named));
        }
    }

    pub(super) fn alone(&mut self, operator: &Member, members: &[Member]) {
        if let Some(other) = members.iter().find(|member| member.name.span != operator.name.span) {
            let diagnostic = diagnostics::not_alone(other.name.span, operator, self.named);
            self.errors.push(diagnostic);
        }
    }

    fn group(&mut self, node: &Node, of: &str) {
        let Json::Object(members) = &node.value else { return self.wrong_kind(node, Slot::Group, of) };
        if !members.iter().any(|member| member.name.value == "_id") {
            if let Some(id) = member(members, "id") {
                return self.errors.push(diagnostics::unknown_key(&id.name, of, &["_id"], self.named));
            }
            self.errors.push(diagnostics::missing_key(node.span, "_id", of, self.named));
        }
        for member in members {
            let slot = if member.name.value == "_id" { Slot::Expression } else { Slot::Accumulator };
            let name = &member.name.value;
            if !self.is_name(&member.name, Named::Member, of) {
                continue;
            }
            if name == "_id" {
                self.grouped_text(&member.value);
            }
            self.of_field(name, |check| check.slot(&member.value, slot, name));
        }
    }

    fn accumulator(&mut self, node: &Node, operators: &[Operator], what: &str) {
        let (Json::Object(members), Some(operator)) = (&node.value, node.value.operator()) else {
            let diagnostic = diagnostics::no_accumulator(node, what, self.named);
            return self.errors.push(diagnostic);
        };
        let is_window = operators.len() == table::WINDOWS.len();
        let others: Vec<Member> =
            members.iter().filter(|member| !is_window || member.name.value != "window").cloned().collect();
        self.alone(operator, &others);
        self.operator(operator, operators, what);
        if let Some(window) = members.iter().find(|member| is_window && member.name.value == "window") {
            if RANKS.contains(&operator.name.value.as_str()) {
                let why = format!("is beside `{}`, which works on the whole partition", operator.name.value);
                return self.refused(window.name.span, "window", &why, "remove `window`");
            }
            let before = self.errors.reported();
            self.constant(&window.value, Takes::Object, "window");
            if before == self.errors.reported() {
                self.window(&window.value);
            }
        }
    }

    pub(super) fn wrong_kind(&mut self, node: &Node, slot: Slot, of: &str) {
        self.errors.push(kinds::wrong_kind(node, of, &slot.expected(), self.named));
    }
}
