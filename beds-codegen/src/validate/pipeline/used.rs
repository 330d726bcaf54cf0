//! The positions at which a pipeline uses an argument, and the wrapping that makes its value a literal there.

use crate::span::Span;

/// A placeholder at an allowed position.
#[derive(Debug, Clone)]
pub(super) struct Use {
    /// The whole placeholder, braces included.
    pub(super) at: Span,
    pub(super) name: String,
    pub(super) wrap: Wrap,
}

/// The wrapping that makes the value a literal at its position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wrap {
    /// None: it is a literal already.
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
