//! Where a client's value gets to: a field that is computed from one holds one, and must not decide what is meant
//! either.

use std::collections::BTreeSet;

use super::check::Check;
use crate::{diagnostic::pipelines as diagnostics, span::Span};

/// What holds clients' values so far, judged too widely rather than too narrowly.
#[derive(Debug, Default)]
pub(super) struct Reach {
    /// How often a value, or what holds one, was read.
    pub(super) count: usize,
    /// The fields that hold one, by the first part of their path.
    fields: BTreeSet<String>,
    /// Whether any field may.
    everywhere: bool,
}

impl Reach {
    fn holds(&self, path: &str) -> bool {
        let path = ["$ROOT.", "$CURRENT."].iter().find_map(|root| path.strip_prefix(root)).unwrap_or(path);
        match path.strip_prefix('$') {
            // A variable of the pipeline's own; those of MongoDB are in capitals.
            Some(variable) => {
                self.count > 0
                    && (variable.starts_with(|c: char| !c.is_ascii_uppercase())
                        || matches!(variable, "ROOT" | "CURRENT"))
            }
            None => self.everywhere || self.fields.contains(first(path)),
        }
    }
}

fn first(path: &str) -> &str {
    path.split('.').next().unwrap_or(path)
}

impl Check<'_, '_> {
    /// A string in an expression: a path may lead to a client's value.
    pub(super) fn follow(&mut self, text: &str, span: Span) {
        let Some(path) = text.strip_prefix('$').filter(|path| self.reach.holds(path)) else { return };
        if self.is_steered {
            self.errors.push(diagnostics::steered_by(span, path, self.named));
        } else {
            self.reach.count += 1;
        }
    }

    /// Does the work of one member, and remembers the field if a client's value got into it.
    pub(super) fn of_field(&mut self, name: &str, work: impl FnOnce(&mut Self)) {
        let before = self.reach.count;
        work(self);
        if self.reach.count > before {
            self.reach.fields.insert(first(name).to_owned());
        }
    }

    /// The same of a stage that makes whole documents.
    pub(super) fn of_document(&mut self, work: impl FnOnce(&mut Self)) {
        let before = self.reach.count;
        work(self);
        self.reach.everywhere |= self.reach.count > before;
    }
}
