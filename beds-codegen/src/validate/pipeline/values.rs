//! Values and constants of a pipeline, and the positions of placeholders among them.

use super::{check::Check, shape::is_placeholder};
use crate::{
    aggregation::{self as table, Named, Slot, Takes},
    diagnostic::{kinds, pipelines as diagnostics, stages},
    json::{Json, Node},
    span::Spanned,
};

/// Names that begin with `$` but are members of plain values: those of a reference to a document.
const NO_OPERATORS: &[&str] = &["$ref", "$id", "$db"];

/// Constants that are a script, or select what is read.
const INTERPRETED: [&str; 6] = ["$meta", "accumulate", "body", "finalize", "init", "merge"];

impl Check<'_, '_> {
    pub(super) fn value(&mut self, node: &Node, takes: Takes, of: &str) {
        if takes.fits(&node.value) {
            // The content of `$literal` may look like an operator: that is its purpose.
            self.literal(node, of != "$literal");
        } else {
            self.wrong_kind(node, Slot::Value(takes), of);
        }
    }

    /// A value that MongoDB takes literally, with placeholders in it.
    pub(super) fn literal(&mut self, node: &Node, is_query: bool) {
        match &node.value {
            _ if is_placeholder(node) => self.argument(node, Slot::Value(Takes::Any), "a value"),
            Json::List(items) => {
                for item in items {
                    self.literal(item, is_query);
                }
            }
            Json::Object(members) => {
                for member in members {
                    let name = member.name.value.as_str();
                    if diagnostics::is_extended(name) {
                        self.errors.push(diagnostics::extended(member.name.span, name, self.named));
                    } else if is_query && name.starts_with('$') && !NO_OPERATORS.contains(&name) {
                        self.errors.push(diagnostics::operator_in_value(&member.name, self.named));
                    }
                    self.literal(&member.value, is_query);
                }
            }
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) => {}
        }
    }

    /// A value that must belong entirely to the pipeline.
    pub(super) fn constant(&mut self, node: &Node, takes: Takes, of: &str) {
        if is_placeholder(node) {
            return self.argument(node, Slot::Constant(takes), of);
        }
        if !takes.fits(&node.value) {
            return self.wrong_kind(node, Slot::Constant(takes), of);
        }
        match &node.value {
            Json::List(items) => items.iter().for_each(|item| self.constant(item, Takes::Any, of)),
            Json::Object(members) => {
                for member in members {
                    self.constant(&member.value, Takes::Any, of);
                }
            }
            Json::Text(text) if of == "$meta" && !text.starts_with('$') => {
                self.word(node, table::META, of);
            }
            Json::Text(text) if INTERPRETED.contains(&of) => self.interpreted(text, node.span),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) => {}
        }
    }

    pub(super) fn word(&mut self, node: &Node, words: &[&str], of: &str) {
        match node.value.text() {
            None => self.wrong_kind(node, Slot::Constant(Takes::Text), of),
            Some(word) if !words.contains(&word) => {
                self.errors.push(diagnostics::unknown_word(node.span, word, of, words, self.named));
            }
            Some(_) => {}
        }
    }

    pub(super) fn path(&mut self, node: &Node, of: &str) {
        match node.value.text() {
            None => self.wrong_kind(node, Slot::Path, of),
            Some(path) if !path.starts_with('$') => {
                self.errors.push(diagnostics::no_path(node.span, path, of, self.named));
            }
            Some(path) if path[1..].split('.').any(str::is_empty) => {
                self.errors.push(stages::broken_path(node.span, path, self.named));
            }
            Some(_) => {}
        }
    }

    pub(super) fn name(&mut self, node: &Node, of_what: Named, of: &str) {
        match &node.value {
            Json::Text(text) => {
                self.is_name(&Spanned::new(text.clone(), node.span), of_what, of);
            }
            _ => self.wrong_kind(node, Slot::Name(of_what), of),
        }
    }

    /// Whether a name is valid for MongoDB; reported if it is not.
    pub(super) fn is_name(&mut self, name: &Spanned<String>, of_what: Named, of: &str) -> bool {
        let is_ok = of_what.takes(&name.value);
        if !is_ok {
            self.errors.push(stages::bad_name(name, of_what, of, self.named));
        }
        is_ok
    }

    pub(super) fn sort(&mut self, node: &Node, of: &str) {
        let Json::Object(members) = &node.value else { return self.wrong_kind(node, Slot::Sort, of) };
        if members.is_empty() {
            return self.errors.push(kinds::wrong_kind(node, of, &Slot::Sort.expected(), self.named));
        }
        for member in members {
            if !self.is_name(&member.name, Named::Field, of) {
                continue;
            }
            let is_direction = |number: &str| matches!(number.parse::<f64>(), Ok(1.0 | -1.0));
            match &member.value.value {
                Json::Number(number) if is_direction(number) => {}
                Json::Object(_) if is_placeholder(&member.value) => {
                    self.argument(&member.value, Slot::Sort, of);
                }
                Json::Object(meta) if meta.len() == 1 && meta[0].name.value == "$meta" => {
                    self.constant(&meta[0].value, Takes::Text, "$meta");
                }
                _ => self.errors.push(diagnostics::no_direction(&member.value, self.named)),
            }
        }
    }

    /// An operator of Atlas Search. Client values are allowed in the members for the searched terms.
    pub(super) fn search(&mut self, node: &Node, of: &str) {
        let members = match &node.value {
            Json::Object(members) => members,
            Json::List(items) => return items.iter().for_each(|item| self.search(item, of)),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) => return,
        };
        let steers = table::SEARCH_STEERS.contains(&of);
        let taken = table::SEARCH_VALUES.iter().find(|(operator, _)| *operator == of);
        for member in members {
            let name = member.name.value.as_str();
            let is_value = taken.is_some_and(|(_, members)| members.contains(&name));
            if is_placeholder(&member.value) {
                let slot = if is_value && !steers { Slot::Value(Takes::Any) } else { Slot::Search };
                self.argument(&member.value, slot, of);
            } else if is_value {
                self.literal(&member.value, true);
            } else {
                self.search(&member.value, name);
            }
        }
    }
}
