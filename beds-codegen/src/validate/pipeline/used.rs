//! Where a pipeline uses an argument, and what makes its value a literal there.

use crate::span::Span;

/// A placeholder that may stand where it stands.
#[derive(Debug, Clone)]
pub(super) struct Use {
    /// The whole placeholder, braces included.
    pub(super) at: Span,
    pub(super) name: String,
    pub(super) wrap: Wrap,
}

/// What makes the value a literal at its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wrap {
    /// Nothing: it is one already.
    Bare,
    /// `$literal`, in expressions.
    Literal,
    /// `$eq`, in queries.
    Equal,
}

impl Wrap {
    /// The text around the placeholder.
    pub(super) const fn around(self) -> (&'static str, &'static str) {
        match self {
            Self::Bare => ("", ""),
            Self::Literal => ("{\"$literal\":", "}"),
            Self::Equal => ("{\"$eq\":", "}"),
        }
    }
}
