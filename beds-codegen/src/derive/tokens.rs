//! The positions of tokens. A build script reads the file with the tokens, and reports positions in it. A macro has
//! only tokens. So it numbers them, and returns to rustc the token that a report refers to.

use proc_macro2::Span as Token;

use crate::span::{FileId, Span};

/// The origin of a struct's tokens.
#[derive(Debug)]
pub(crate) enum Tokens {
    /// In this file. The tokens know their byte positions.
    InFile(FileId),
    /// In a text that only rustc knows. A position is an index into this list.
    Numbered(FileId, Vec<Token>),
}

impl Tokens {
    /// The place of a token.
    pub(super) fn place(&mut self, token: Token) -> Span {
        match self {
            Self::InFile(file) => {
                let range = token.byte_range();
                Span { file: *file, start: range.start, end: range.end }
            }
            Self::Numbered(file, tokens) => {
                let start = tokens.len();
                tokens.push(token);
                Span { file: *file, start, end: start + 1 }
            }
        }
    }

    /// The token at a position from [`Self::place`]; `None` for a position in another text.
    pub(crate) fn at(&self, span: Span) -> Option<Token> {
        match self {
            Self::Numbered(file, tokens) if *file == span.file => tokens.get(span.start).copied(),
            Self::Numbered(..) | Self::InFile(_) => None,
        }
    }
}
