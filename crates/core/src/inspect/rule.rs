//! The rules of a validator for documents.

use beds_protocol::value::Decimal;

/// A step of a [`Rule`]'s path into the items of a list.
pub const ITEMS: &str = "[]";

/// One rule of a validator.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// The path of the member, from the outermost inwards, with [`ITEMS`] for items; empty for the document.
    pub path: Vec<String>,
    /// The rule for the member.
    pub asks: Asks,
}

/// A rule of a validator for a value. Except for types and constants, a rule does not apply to values of other kinds.
#[derive(Debug, Clone, PartialEq)]
pub enum Asks {
    /// One of these types, as the engine names them.
    Types(Vec<String>),
    /// An object has this member.
    Required(String),
    /// An object has no members but these.
    Only(Vec<String>),
    /// An object has at least this many members.
    MembersMin(u64),
    /// An object has at most this many members.
    MembersMax(u64),
    /// A string has at least this many characters.
    LengthMin(u64),
    /// A string has at most this many characters.
    LengthMax(u64),
    /// A part of a string matches this regular expression.
    Matches(String),
    /// A value is one of these texts or of these other constants, which are written as JSON.
    OneOf {
        /// Strings.
        texts: Vec<String>,
        /// Constants that are not strings.
        others: Vec<String>,
    },
    /// A number is not less than this.
    Least {
        /// The bound.
        bound: Decimal,
        /// Whether the bound itself is too little.
        exclusive: bool,
    },
    /// A number is not more than this.
    Greatest {
        /// The bound.
        bound: Decimal,
        /// Whether the bound itself is too much.
        exclusive: bool,
    },
    /// A list has at least this many items.
    ItemsMin(u64),
    /// A list has at most this many items.
    ItemsMax(u64),
    /// The items of a list differ from each other.
    ItemsDiffer,
    /// A keyword that is not understood.
    Other(String),
}
