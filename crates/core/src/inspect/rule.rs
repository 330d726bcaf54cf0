//! What a validator asks of documents.

use beds_protocol::value::Decimal;

/// A step of a [`Rule`]'s path into the items of a list.
pub const ITEMS: &str = "[]";

/// One thing that a validator asks.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// The member that it is about, from the outermost inwards, with [`ITEMS`] for items; empty for the document.
    pub path: Vec<String>,
    /// What it asks of it.
    pub asks: Asks,
}

/// What a validator asks of a value. But for types and constants, it asks nothing of values of other kinds.
#[derive(Debug, Clone, PartialEq)]
pub enum Asks {
    /// One of these types, as the engine names them.
    Types(Vec<String>),
    /// An object has this member.
    Required(String),
    /// An object has no members but these.
    Only(Vec<String>),
    /// An object has at least so many members.
    MembersMin(u64),
    /// An object has at most so many members.
    MembersMax(u64),
    /// A string has at least so many characters.
    LengthMin(u64),
    /// A string has at most so many characters.
    LengthMax(u64),
    /// A string has something that this regular expression matches.
    Matches(String),
    /// It is one of these texts or these other constants, which are written as JSON.
    OneOf {
        /// Strings.
        texts: Vec<String>,
        /// What is no string.
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
    /// A list has at least so many items.
    ItemsMin(u64),
    /// A list has at most so many items.
    ItemsMax(u64),
    /// The items of a list differ from each other.
    ItemsDiffer,
    /// Something that is not understood: its keyword.
    Other(String),
}
