//! Cells that the server marks, since their text alone does not tell what they hold. A text with characters that
//! Unicode lacks would arrive as question marks, and the empty value of an ENUM as an empty text. A number of
//! DOUBLE(10,2) would arrive with all the digits that a double needs.
//!
//! [`crate::statement`] asks for the marks, and [`crate::cell`] reads them. Only columns that may hold such cells have
//! them.

/// The name of a column with marks. No view has such a column.
pub(crate) const NAME: &str = "beds: marked";

/// Precedes a text that arrives as it is stored.
pub(crate) const SAME: char = '=';
/// Precedes the bytes, in hexadecimal digits, of a text with characters that Unicode lacks.
pub(crate) const FOREIGN: char = '!';
/// Precedes the bytes and the text, if Unicode has the text, but stores it back under another code.
pub(crate) const VARIANT: char = '~';
/// Separates the bytes from the text.
pub(crate) const THEN: char = ':';
/// The empty value of an ENUM.
pub(crate) const NO_VALUE: char = '0';

/// The name of a column of numbers that are shown with this many digits after the point.
pub(crate) fn rounded(digits: u8) -> String {
    format!("{ROUNDED}{digits}")
}

/// The digits after the point that a column's name asks for.
pub(crate) fn digits(name: &str) -> Option<u8> {
    name.strip_prefix(ROUNDED)?.parse().ok()
}

const ROUNDED: &str = "beds: digits ";

/// The content of a marked cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Marked<'r> {
    /// A text that arrives as it is stored.
    Same(&'r [u8]),
    /// A text that does not: the hexadecimal digits of its bytes, and the text to show, if there is one.
    Other { digits: &'r [u8], shown: Option<&'r [u8]> },
    /// The empty value of an ENUM.
    NoValue,
}

impl<'r> Marked<'r> {
    /// Reads a cell; `None` if it has no mark.
    pub(crate) fn of(cell: &'r [u8]) -> Option<Self> {
        let (mark, rest) = cell.split_first()?;
        Some(match char::from(*mark) {
            SAME => Self::Same(rest),
            FOREIGN => Self::Other { digits: rest, shown: None },
            VARIANT => {
                let end = rest.iter().position(|byte| char::from(*byte) == THEN)?;
                Self::Other { digits: &rest[..end], shown: Some(&rest[end + 1..]) }
            }
            NO_VALUE => Self::NoValue,
            _ => return None,
        })
    }
}

/// The bytes that hexadecimal digits stand for. The server writes no others.
pub(crate) fn bytes(digits: &[u8]) -> Vec<u8> {
    hex::decode(digits).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_says_what_a_cell_holds() {
        for (cell, expected) in [
            ("=a:b", Some(Marked::Same(b"a:b"))),
            ("=", Some(Marked::Same(b""))),
            ("!4198", Some(Marked::Other { digits: b"4198", shown: None })),
            ("~5C:a:b", Some(Marked::Other { digits: b"5C", shown: Some(b"a:b") })),
            ("0", Some(Marked::NoValue)),
            ("~5C", None),
            ("a", None),
            ("", None),
        ] {
            assert_eq!(Marked::of(cell.as_bytes()), expected, "{cell}");
        }
        assert_eq!(bytes(b"4198fF"), [0x41, 0x98, 0xff]);
        assert_eq!((digits(&rounded(2)), digits("price")), (Some(2), None));
    }
}
