//! The report of a mistake: a code, a sentence, positions with a short remark each, and the advice.
//!
//! Each kind of mistake has a small constructor in a submodule, named after its section. So its wording is in one
//! place, and the stages contain only checks. Nothing here prints: see [`crate::report`].

pub(crate) mod access;
pub(crate) mod calls;
pub(crate) mod changes;
mod collect;
pub(crate) mod defaults;
pub(crate) mod derive;
pub(crate) mod doubts;
pub(crate) mod events;
pub(crate) mod fields;
pub(crate) mod files;
pub(crate) mod flags;
pub(crate) mod header;
pub(crate) mod kinds;
pub(crate) mod lifecycle;
pub(crate) mod literals;
pub(crate) mod objects;
pub(crate) mod pipelines;
pub(crate) mod placeholders;
pub(crate) mod places;
pub(crate) mod shape;
pub(crate) mod stages;
pub(crate) mod syntax;
pub(crate) mod types;
pub(crate) mod values;
pub(crate) mod whole;

pub use collect::{ErrorSink, Errors};

use crate::{
    code::Code,
    letters, names,
    span::{FileId, Span},
};

/// The severity of a diagnostic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// It prevents code generation.
    Error,
    /// It is worth a look, but the template compiles.
    Warning,
}

impl Severity {
    /// The word that reports use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// A position that a diagnostic shows, with a remark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// A short remark, possibly empty.
    pub text: String,
    /// Whether the mistake is here. Other positions only explain it.
    pub is_primary: bool,
}

/// A fix that a machine can apply: it replaces the text at one position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// The position; empty for an insertion.
    pub span: Span,
    /// The new text, as it appears in the file.
    pub replacement: String,
}

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// What kind of mistake.
    pub code: Code,
    /// How grave.
    pub severity: Severity,
    /// What is wrong, in one sentence.
    pub message: String,
    /// The file, if the mistake has no position in it.
    pub file: Option<FileId>,
    /// The positions, the primary one first.
    pub labels: Vec<Label>,
    /// The advice, one sentence each.
    pub help: Vec<String>,
    /// The fix, if there is one that is certainly right.
    pub fix: Option<Fix>,
    /// The name that the advice proposes in place of the written one.
    proposed: Option<String>,
}

impl Diagnostic {
    /// An error.
    pub(crate) fn error(code: Code, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Error, message.into())
    }

    /// A warning.
    pub(crate) fn warning(code: Code, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Warning, message.into())
    }

    fn new(code: Code, severity: Severity, message: String) -> Self {
        Self {
            code,
            severity,
            message,
            file: None,
            labels: Vec::new(),
            help: Vec::new(),
            fix: None,
            proposed: None,
        }
    }

    /// Sets the file of a mistake without a position.
    pub(crate) fn in_file(mut self, file: FileId) -> Self {
        self.file = Some(file);
        self
    }

    /// Adds the position of the mistake.
    pub(crate) fn at(self, span: Span, text: impl Into<String>) -> Self {
        self.label(span, text.into(), true)
    }

    /// Adds a position that explains the mistake.
    pub(crate) fn near(self, span: Span, text: impl Into<String>) -> Self {
        self.label(span, text.into(), false)
    }

    /// Adds advice.
    pub(crate) fn help(mut self, text: impl Into<String>) -> Self {
        self.help.push(text.into());
        self
    }

    /// Suggests the nearest name, or else lists the known names.
    pub(crate) fn suggest<'a>(
        self,
        name: &str,
        known: impl IntoIterator<Item = &'a str> + Clone,
        what: &str,
    ) -> Self {
        if let Some((what, number)) = letters::first_invisible(name) {
            return self
                .help(format!("type it again: it contains {what} (U+{number:04X}), which is invisible"));
        }
        if let Some((script, letter)) = letters::first_lookalike(name) {
            return self.help(format!("type it again: the letter `{letter}` in it is {script}"));
        }
        if let Some(nearest) = beds_protocol::nearest(name, known.clone()) {
            let diagnostic = self.help(format!("did you mean `{nearest}`?")).propose(nearest);
            return if is_slip(name, nearest) { diagnostic.rename(name, nearest) } else { diagnostic };
        }
        match names::kindred(name, known.clone()) {
            // Near enough to suggest, but not to replace automatically.
            Some(kindred) => self.help(format!("did you mean `{kindred}`?")).propose(kindred),
            None => self.help(format!("{what}: {}", names::sentence(known))),
        }
    }

    /// Adds a fix.
    pub(crate) fn fix(mut self, span: Span, replacement: impl Into<String>) -> Self {
        self.fix = Some(Fix { span, replacement: replacement.into() });
        self
    }

    /// Leaves the advice to people: a value that a machine would choose changes what the template does.
    pub(crate) fn unfixed(mut self) -> Self {
        self.fix = None;
        self
    }

    /// Notes the name that the advice proposes.
    pub(crate) fn propose(mut self, name: &str) -> Self {
        self.proposed = Some(name.to_owned());
        self
    }

    /// Corrects the advice for a list that has the proposed name already, in which no name stands twice.
    pub(crate) fn unless_listed<'a>(mut self, mut listed: impl Iterator<Item = &'a str>) -> Self {
        if let Some(name) = self.proposed.take_if(|name| listed.any(|known| known == name)) {
            self.help = vec![format!("`{name}` is written already: remove this one if you meant it")];
            self.fix = None;
        }
        self
    }

    /// Adds a fix that renames `name`, which stands at the first position with or without quotes.
    pub(crate) fn rename(self, name: &str, other: &str) -> Self {
        let Some(Label { span, .. }) = self.primary() else { return self };
        let Span { file, start, end } = *span;
        let this = self.propose(other);
        match (end - start).checked_sub(name.len()) {
            Some(0) => this.fix(Span { file, start, end }, other),
            Some(2) => this.fix(Span { file, start: start + 1, end: end - 1 }, other),
            // The name is spelt differently, perhaps with escapes.
            _ => this,
        }
    }

    fn label(mut self, span: Span, text: String, is_primary: bool) -> Self {
        self.labels.push(Label { span, text, is_primary });
        self
    }

    /// The first position of the mistake itself.
    #[must_use]
    pub fn primary(&self) -> Option<&Label> {
        self.labels.iter().find(|label| label.is_primary)
    }
}

/// Whether a name can only be a typing error for another name. `mutable` beside `immutable`, and `line_1` beside
/// `line_2`, are names of their own.
fn is_slip(name: &str, meant: &str) -> bool {
    let initial = |name: &str| name.chars().next().map(|letter| letter.to_ascii_lowercase());
    let digits = |name: &str| name.chars().filter(char::is_ascii_digit).collect::<String>();
    initial(name) == initial(meant) && digits(name) == digits(meant)
}
