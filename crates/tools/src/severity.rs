//! How severe a finding in a database is.

use serde::Serialize;

/// How severe a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// A request to the domain fails or gets a wrong answer.
    Error,
    /// The domain works, but not as somebody may think.
    Warning,
    /// The domain works as well as a template can express it: a part of a written value is not kept, and replies show
    /// what is.
    Note,
}

impl Severity {
    /// The name of the severity.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}
