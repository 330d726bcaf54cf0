//! Follows clients' values through the stages, and refuses one that gets to where it would decide what is meant.

use super::{check::Check, reach::first};
use crate::{diagnostic::pipelines as diagnostics, span::Span};

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
