//! Cells that the server marks, since their text alone would not tell what they hold: a text with characters that Unicode
//! lacks would come as one of question marks, and what an ENUM has in place of a value as an empty text.
//!
//! [`crate::statement`] asks for the marks, and [`crate::cell`] reads them. Only columns that may hold such things have them.

/// What a column with marks is called. No view has such a column.
pub(crate) const NAME: &str = "beds: marked";

/// Before a text that is stored so.
pub(crate) const SAME: char = '=';
/// Before the bytes, in hexadecimal digits, of a text with characters that Unicode lacks.
pub(crate) const FOREIGN: char = '!';
/// Before the bytes of a text that Unicode has, but under another code than the one it would be stored by, and the text.
pub(crate) const VARIANT: char = '~';
/// Between both.
pub(crate) const THEN: char = ':';
/// What an ENUM has in place of a value.
pub(crate) const NO_VALUE: char = '0';

/// What a marked cell holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Marked<'r> {
    /// A text that is stored so.
    Same(&'r [u8]),
    /// A text whose bytes have these hexadecimal digits, and how it is shown where it can be.
    Other { digits: &'r [u8], shown: Option<&'r [u8]> },
    /// What an ENUM has in place of a value.
    NoValue,
}

impl<'r> Marked<'r> {
    /// Of what came; `None` where it has no mark.
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

/// The bytes of hexadecimal digits.
pub(crate) fn bytes(digits: &[u8]) -> Vec<u8> {
    let digit =
        |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok()).unwrap_or(0);
    digits.chunks_exact(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
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
    }
}
