//! JSON with the position of every value, for the files of pipelines.
//!
//! The parser is our own because of its messages: people write the shell's syntax into these files, and "expected
//! value" names neither the cause nor the fix. It accepts JSON of RFC 8259, without duplicate keys.

mod lexer;
mod mistake;
mod parser;
mod placeholder;

pub(crate) use mistake::{Mistake, SWALLOWED, Swallowed};
pub(crate) use parser::parse;
pub(crate) use placeholder::named_by;

use crate::span::Spanned;

/// A value and its position.
pub(crate) type Node = Spanned<Json>;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    /// A number in written form.
    Number(String),
    Text(String),
    List(Vec<Node>),
    Object(Vec<Member>),
}

/// A member of an object.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Member {
    pub(crate) name: Spanned<String>,
    pub(crate) value: Node,
}

/// The member of this name.
pub(crate) fn member<'m>(members: &'m [Member], name: &str) -> Option<&'m Member> {
    members.iter().find(|member| member.name.value == name)
}

/// Whether a text has the form of a field's path, without its `$`.
pub(crate) fn is_path(text: &str) -> bool {
    text.split('.').all(|part| {
        part.starts_with(|letter: char| letter.is_alphabetic() || letter == '_')
            && part.chars().all(|letter| letter.is_alphanumeric() || letter == '_')
    })
}

impl Json {
    /// What kind of value it is, with its article.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "true or false",
            Self::Number(_) => "a number",
            Self::Text(_) => "a string",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }

    /// The members, if it is an object.
    pub(crate) fn members(&self) -> Option<&[Member]> {
        match self {
            Self::Object(members) => Some(members),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) | Self::List(_) => None,
        }
    }

    /// The string, if it is one.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::List(_) | Self::Object(_) => None,
        }
    }

    /// The first member whose name begins with `$`.
    pub(crate) fn operator(&self) -> Option<&Member> {
        self.members()?.iter().find(|member| member.name.value.starts_with('$'))
    }
}
