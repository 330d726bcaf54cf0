//! The store of all mistakes of a run, and the sinks that fill it.
//!
//! A stage opens a sink for a part of its work: a template, a field, the arguments of a procedure. Afterwards the sink
//! tells whether that part had errors, independently of other errors in the run.

use super::{Diagnostic, Label, Severity};
use crate::{code::Code, span::FileId};

/// A new diagnostic is compared with this many of the last ones.
const COMPARED_MAX: usize = 32;

/// All mistakes so far.
#[derive(Debug, Clone, Default)]
pub struct Errors {
    list: Vec<Diagnostic>,
    /// How many errors were reported, including duplicates.
    reported: usize,
}

impl Errors {
    /// A sink for a whole run.
    pub fn sink(&mut self) -> ErrorSink<'_> {
        ErrorSink { before: self.reported, store: self }
    }

    /// Forgets the warnings of these codes about a file, or about a pipeline that the file names.
    pub fn allow(&mut self, file: FileId, codes: &[Code]) {
        self.list.retain(|found| {
            let is_here = found.labels.iter().any(|label| label.span.file == file);
            !(is_here && found.severity == Severity::Warning && codes.contains(&found.code))
        });
    }

    /// All diagnostics, in the order they were found.
    #[must_use]
    pub fn into_vec(self) -> Vec<Diagnostic> {
        self.list
    }
}

/// Takes the errors of one part.
#[derive(Debug)]
pub struct ErrorSink<'s> {
    store: &'s mut Errors,
    before: usize,
}

impl ErrorSink<'_> {
    /// Stores a mistake, unless the same one is known at the same place.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.store.reported += usize::from(diagnostic.severity == Severity::Error);
        // A missing field is reported wherever it is named, and a wrong engine makes all objects wrong. One report gets
        // all these places.
        if matches!(diagnostic.code, Code::UnknownField | Code::ObjectEngine | Code::CallEngine)
            && let Some(Label { span, .. }) = diagnostic.primary()
            && let Some(known) = self.store.list.iter_mut().rev().take(COMPARED_MAX).find(|known| {
                let is_same_file = known.primary().is_some_and(|label| label.span.file == span.file);
                is_same_file && known.code == diagnostic.code && known.message == diagnostic.message
            })
        {
            if known.labels.iter().all(|label| label.span != *span) {
                known.labels.push(Label { span: *span, text: "here too".to_owned(), is_primary: false });
            }
            return;
        }
        let is_known = diagnostic.primary().is_some()
            && self
                .store
                .list
                .iter()
                .rev()
                .take(COMPARED_MAX)
                .any(|known| known.code == diagnostic.code && known.primary() == diagnostic.primary());
        if !is_known {
            self.store.list.push(diagnostic);
        }
    }

    /// A sink for a sub-part. Its errors count here as well.
    pub fn part(&mut self) -> ErrorSink<'_> {
        ErrorSink { before: self.store.reported, store: self.store }
    }

    /// How many errors the run has so far. If the number has grown after a step, the step had an error.
    #[must_use]
    pub fn reported(&self) -> usize {
        self.store.reported
    }

    /// Whether this part had an error. Warnings do not count.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.store.reported > self.before
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        code::Code,
        span::{Sources, Span},
    };

    #[test]
    fn a_sink_knows_the_errors_of_its_part_alone() {
        let file = Sources::default().add("a", "abc");
        let mistake = || Diagnostic::error(Code::UnknownKey, "x").at(Span { file, start: 0, end: 1 }, "here");
        let mut errors = Errors::default();
        let mut run = errors.sink();
        run.part().push(mistake());
        assert!(run.has_errors());
        let mut part = run.part();
        assert!(!part.has_errors());
        // A known mistake is not reported again, but the part counts as broken.
        part.push(mistake());
        assert!(part.has_errors());
        assert_eq!(errors.into_vec().len(), 1);
    }
}
