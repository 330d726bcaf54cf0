//! How bad something is that is found in a database.

use serde::Serialize;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Some request to the domain fails or answers wrongly.
    Error,
    /// It works, but not as somebody may think.
    Warning,
    /// It works as well as a template can say it: a part of what is written is not kept, and replies show what is.
    Note,
}

impl Severity {
    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}
