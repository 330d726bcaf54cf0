//! Places of tokens. A build script reads the file that the tokens stand in, and points into it; a macro has tokens
//! alone, so it numbers them and gives rustc back the one that a report points at.

use proc_macro2::Span as Token;

use crate::span::{FileId, Span};

/// Where the tokens of a struct are.
#[derive(Debug)]
pub(crate) enum Tokens {
    /// In this file, whose bytes they know.
    InFile(FileId),
    /// In a text that only rustc knows; a place is a number in this list.
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

    /// The token at a place that was given out; `None` for a place in another text.
    pub(crate) fn at(&self, span: Span) -> Option<Token> {
        match self {
            Self::Numbered(file, tokens) if *file == span.file => tokens.get(span.start).copied(),
            Self::Numbered(..) | Self::InFile(_) => None,
        }
    }
}
