//! What `bedsc explain` prints: for each code what is wrong, why, and how it is written right.

use crate::Code;

/// The explanation of one code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Explanation {
    /// The code.
    pub code: Code,
    /// The explanation in Markdown, examples included.
    pub markdown: &'static str,
}

/// The explanation of a code.
#[must_use]
pub fn explain(code: Code) -> Explanation {
    Explanation { code, markdown: code.markdown() }
}
