//! The one store of what is wrong in a run.

use super::{Diagnostic, Severity};

/// Everything that is wrong so far.
#[derive(Debug, Clone, Default)]
pub struct Errors {
    list: Vec<Diagnostic>,
    errors: usize,
}

impl Errors {
    /// Remembers a mistake, unless the same one is known at the same place.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        if diagnostic.primary().is_some()
            && self
                .list
                .iter()
                .rev()
                .take(32)
                .any(|known| known.code == diagnostic.code && known.primary() == diagnostic.primary())
        {
            return;
        }
        self.errors += usize::from(diagnostic.severity == Severity::Error);
        self.list.push(diagnostic);
    }

    /// How many errors there are; warnings do not count.
    #[must_use]
    pub fn count(&self) -> usize {
        self.errors
    }

    /// All diagnostics, in the order they were found.
    #[must_use]
    pub fn into_vec(self) -> Vec<Diagnostic> {
        self.list
    }
}
