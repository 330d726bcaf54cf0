//! What a mistake is reported as: a code, a sentence, places with a word each, and what to write instead.
//!
//! Each kind of mistake has one small constructor in a submodule, named after the section it is about, so that
//! its wording is in one place and the stages read as what they check. Nothing here prints: see
//! [`crate::report`].

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

/// How grave a diagnostic is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Nothing is generated.
    Error,
    /// Worth a look; the template compiles.
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

/// A place that a diagnostic shows, and what there is to say of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// A few words beside it; may be empty.
    pub text: String,
    /// Whether the mistake is here; other places only explain it.
    pub is_primary: bool,
}

/// A remedy that a machine can apply: what is written in one place becomes another text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// The place; empty where the text is only put in.
    pub span: Span,
    /// What stands there afterwards, as it is written in the file.
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
    /// The file, for a mistake that has no place inside one.
    pub file: Option<FileId>,
    /// The places, the primary one first.
    pub labels: Vec<Label>,
    /// What to do, a sentence each.
    pub help: Vec<String>,
    /// The remedy, where there is one that cannot be wrong.
    pub fix: Option<Fix>,
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
        Self { code, severity, message, file: None, labels: Vec::new(), help: Vec::new(), fix: None }
    }

    /// Says which file it is about, where no place in it can be shown.
    pub(crate) fn in_file(mut self, file: FileId) -> Self {
        self.file = Some(file);
        self
    }

    /// Shows where the mistake is.
    pub(crate) fn at(self, span: Span, text: impl Into<String>) -> Self {
        self.label(span, text.into(), true)
    }

    /// Shows another place that explains it.
    pub(crate) fn near(self, span: Span, text: impl Into<String>) -> Self {
        self.label(span, text.into(), false)
    }

    /// Says what to do.
    pub(crate) fn help(mut self, text: impl Into<String>) -> Self {
        self.help.push(text.into());
        self
    }

    /// Suggests the nearest name, or else lists what there is.
    pub(crate) fn suggest<'a>(
        self,
        name: &str,
        known: impl IntoIterator<Item = &'a str> + Clone,
        what: &str,
    ) -> Self {
        if let Some((what, number)) = letters::first_invisible(name) {
            return self
                .help(format!("type it again: there is {what} in it (U+{number:04X}), which nobody sees"));
        }
        if let Some((script, letter)) = letters::first_lookalike(name) {
            return self.help(format!("type it again: the letter `{letter}` in it is {script}"));
        }
        if let Some(nearest) = beds_protocol::nearest(name, known.clone()) {
            let diagnostic = self.help(format!("did you mean `{nearest}`?"));
            return if is_slip(name, nearest) { diagnostic.rename(name, nearest) } else { diagnostic };
        }
        match names::kindred(name, known.clone()) {
            // Near enough to be shown, not to be written without a look.
            Some(kindred) => self.help(format!("did you mean `{kindred}`?")),
            None => self.help(format!("{what}: {}", names::sentence(known))),
        }
    }

    /// Remembers what a machine can write in place of what is there.
    pub(crate) fn fix(mut self, span: Span, replacement: impl Into<String>) -> Self {
        self.fix = Some(Fix { span, replacement: replacement.into() });
        self
    }

    /// Remembers that `name`, which is what the first place shows, with or without quotes, is to be another.
    pub(crate) fn rename(self, name: &str, other: &str) -> Self {
        let Some(Label { span, .. }) = self.primary() else { return self };
        let Span { file, start, end } = *span;
        match (end - start).checked_sub(name.len()) {
            Some(0) => self.fix(Span { file, start, end }, other),
            Some(2) => self.fix(Span { file, start: start + 1, end: end - 1 }, other),
            // Written in another way, with escapes perhaps.
            _ => self,
        }
    }

    fn label(mut self, span: Span, text: String, is_primary: bool) -> Self {
        self.labels.push(Label { span, text, is_primary });
        self
    }

    /// The first place of the mistake itself.
    #[must_use]
    pub fn primary(&self) -> Option<&Label> {
        self.labels.iter().find(|label| label.is_primary)
    }
}

/// Whether a name can be nothing but another with a slip of the finger in it: `mutable` is a word of its own beside
/// `immutable`, and `line_1` beside `line_2`.
fn is_slip(name: &str, meant: &str) -> bool {
    let initial = |name: &str| name.chars().next().map(|letter| letter.to_ascii_lowercase());
    let digits = |name: &str| name.chars().filter(char::is_ascii_digit).collect::<String>();
    initial(name) == initial(meant) && digits(name) == digits(meant)
}
