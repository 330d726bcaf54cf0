//! What a mistake is reported as: a code, a sentence, places with a word each, and what to write instead.
//!
//! Each kind of mistake has one small constructor in a submodule, named after the section it is about, so that
//! its wording is in one place and the stages read as what they check. Nothing here prints: see
//! [`crate::report`].

pub(crate) mod calls;
mod collect;
pub(crate) mod derive;
pub(crate) mod fields;
pub(crate) mod files;
pub(crate) mod header;
pub(crate) mod objects;
pub(crate) mod shape;

pub use collect::{ErrorSink, Errors};

use crate::{
    code::Code,
    front::Whole,
    names,
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
}

impl Diagnostic {
    /// An error.
    pub(crate) fn error(code: Code, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { code, severity: Severity::Error, message, file: None, labels: Vec::new(), help: Vec::new() }
    }

    /// Says which file it is about, where no place in it can be shown.
    pub(crate) fn in_file(mut self, file: FileId) -> Self {
        self.file = Some(file);
        self
    }

    /// Says which domain it is about as a whole.
    pub(crate) fn about(self, whole: Whole) -> Self {
        match whole {
            Whole::File(file) => self.in_file(file),
            Whole::Struct(name) => self.at(name, ""),
        }
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
        match beds_protocol::nearest(name, known.clone()) {
            Some(nearest) => self.help(format!("did you mean `{nearest}`?")),
            None => self.help(format!("{what}: {}", names::sentence(known))),
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
