//! [`Place`]: where a value stands in a reply.

use std::fmt;

use super::describe::printable;

/// How many characters of a member's name a path shows. In JSON of any shape the database decides how long a name is.
const NAME_CHARS_MAX: usize = 40;

/// A path such as `data[3].place.city`. It becomes text only where a note needs it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place<'a> {
    /// The whole, or a member of the reply.
    Root(&'a str),
    /// An element of an array.
    Element(&'a Place<'a>, usize),
    /// A member of an object.
    Member(&'a Place<'a>, &'a str),
}

impl Place<'static> {
    /// The reply's `data`.
    pub(crate) const DATA: Self = Self::Root("data");
    /// The reply's `sets`.
    pub(crate) const SETS: Self = Self::Root("sets");
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root(name) => f.write_str(name),
            Self::Element(array, index) => write!(f, "{array}[{index}]"),
            Self::Member(object, name) => {
                write!(f, "{object}.")?;
                let mut characters = name.chars();
                for character in characters.by_ref().take(NAME_CHARS_MAX) {
                    f.write_str(&printable(character))?;
                }
                if characters.next().is_some() { f.write_str("…") } else { Ok(()) }
            }
        }
    }
}
