//! Decodes bytes as text: UTF-8, or another encoding for the report.

use crate::{
    diagnostic::{Diagnostic, files},
    span::{FileId, Span},
};

/// A text in another encoding, as far as it can be decoded. It is for the report only.
#[derive(Debug)]
pub(super) struct Foreign {
    /// A short name of the encoding.
    name: &'static str,
    /// The text, decoded.
    pub(super) text: String,
    /// The range in `text` of the first character that is not valid UTF-8.
    at: std::ops::Range<usize>,
    /// Its byte in the file.
    byte: u8,
    /// Whether the decoded text is certainly the intended one.
    is_sure: bool,
    /// An incomplete character in a text that is otherwise UTF-8.
    cut: Option<Cut>,
}

/// An incomplete character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cut {
    /// Its first byte in the file.
    byte: usize,
    /// Whether the file ends within it.
    is_end: bool,
}

impl Foreign {
    /// The report on the file, whose text here is the decoded one.
    pub(super) fn report(self, file: FileId) -> Diagnostic {
        let span = |start, end| Span { file, start, end };
        if let Some(Cut { byte, is_end }) = self.cut {
            return files::cut_character(span(self.at.start, self.at.end), byte + 1, is_end);
        }
        let letter = self.text[self.at.clone()].chars().next();
        let place = letter.map(|letter| {
            let label = if self.is_sure {
                format!("this is how the file begins, read as {}", self.name)
            } else {
                format!("the byte 0x{:02X}, `{letter}` in Windows-1252", self.byte)
            };
            (span(self.at.start, self.at.end), label)
        });
        let diagnostic = files::not_utf8(file, self.name, place);
        if self.is_sure { diagnostic.fix(span(0, self.text.len()), self.text) } else { diagnostic }
    }
}

/// The characters of Windows-1252 for 0x80 to 0x9F. The rest is as in Latin-1. Unassigned bytes are shown as `?`.
const WINDOWS: [char; 32] = [
    '€', '?', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '?', 'Ž', '?', '?', '‘', '’', '“', '”',
    '•', '–', '—', '˜', '™', 'š', '›', 'œ', '?', 'ž', 'Ÿ',
];

/// The text of these bytes.
pub(super) fn decode(bytes: Vec<u8>) -> Result<String, Foreign> {
    if let Some(wide) = wide(&bytes) {
        return Err(wide);
    }
    let error = match String::from_utf8(bytes) {
        Ok(text) => return Ok(text),
        Err(error) => error,
    };
    let valid = error.utf8_error().valid_up_to();
    let bytes = error.into_bytes();
    let controls = bytes.iter().filter(|byte| byte.is_ascii_control() && !byte.is_ascii_whitespace()).count();
    if controls * 20 > bytes.len() {
        let byte = bytes.get(valid).copied().unwrap_or_default();
        return Err(Foreign {
            name: "a binary file, not text",
            text: String::new(),
            at: 0..0,
            byte,
            is_sure: false,
            cut: None,
        });
    }
    let foreign = narrow(&bytes, valid);
    Err(Foreign { cut: cut(&bytes, valid), ..foreign })
}

/// The incomplete character, if everything else is UTF-8.
fn cut(bytes: &[u8], valid: usize) -> Option<Cut> {
    let (before, rest) = bytes.split_at_checked(valid)?;
    let bad = std::str::from_utf8(rest).err()?;
    let Some(length) = bad.error_len() else {
        return Some(Cut { byte: valid, is_end: true });
    };
    let after = rest.get(length..)?;
    let is_sure = !(before.is_ascii() && after.is_ascii()) || begins_letter(before, rest[0]);
    let is_utf8 = std::str::from_utf8(after).is_ok() && is_sure;
    is_utf8.then_some(Cut { byte: valid, is_end: false })
}

/// Whether a byte is the first half of a letter in UTF-8. In Latin-1 it is `Â` or `Ã`, which no small letter precedes.
fn begins_letter(before: &[u8], byte: u8) -> bool {
    matches!(byte, 0xc2 | 0xc3) && before.last().is_some_and(u8::is_ascii_lowercase)
}

/// UTF-16 and UTF-32, recognized by their mark or by the zeros between ASCII letters.
fn wide(bytes: &[u8]) -> Option<Foreign> {
    let (name, is_little, skipped, width) = match bytes {
        [0xff, 0xfe, 0, 0, ..] => ("UTF-32", true, 4, 4),
        [0, 0, 0xfe, 0xff, ..] => ("UTF-32", false, 4, 4),
        [0xff, 0xfe, ..] => ("UTF-16", true, 2, 2),
        [0xfe, 0xff, ..] => ("UTF-16", false, 2, 2),
        [first, 0, second, 0, ..] if *first != 0 && *second != 0 => ("UTF-16", true, 0, 2),
        [0, first, 0, second, ..] if *first != 0 && *second != 0 => ("UTF-16", false, 0, 2),
        _ => return None,
    };
    let units = bytes[skipped..].chunks_exact(width).map(|unit| {
        let value = |total: u32, byte: &u8| total << 8 | u32::from(*byte);
        if is_little { unit.iter().rev().fold(0, value) } else { unit.iter().fold(0, value) }
    });
    let text = if width == 2 {
        let units: Vec<u16> = units.filter_map(|unit| u16::try_from(unit).ok()).collect();
        String::from_utf16_lossy(&units)
    } else {
        units.map(|unit| char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
    };
    let end = text.find('\n').unwrap_or(text.len()).min(text.len());
    Some(Foreign { name, at: 0..end, byte: bytes[0], is_sure: true, cut: None, text })
}

/// One byte per character: each byte that is not UTF-8 is read as Windows-1252.
fn narrow(bytes: &[u8], valid: usize) -> Foreign {
    let (mut text, mut rest, mut end) = (String::new(), bytes, valid);
    loop {
        match std::str::from_utf8(rest) {
            Ok(tail) => {
                text.push_str(tail);
                break;
            }
            Err(error) => {
                let (good, bad) = rest.split_at(error.valid_up_to());
                text.push_str(&String::from_utf8_lossy(good));
                let Some((byte, tail)) = bad.split_first() else { break };
                text.push(letter(*byte));
                if end == valid {
                    end = text.len();
                }
                rest = tail;
            }
        }
    }
    let byte = bytes.get(valid).copied().unwrap_or_default();
    Foreign {
        name: "probably Latin-1 or Windows-1252",
        at: valid..end,
        byte,
        is_sure: false,
        cut: None,
        text,
    }
}

fn letter(byte: u8) -> char {
    match byte {
        0x80..=0x9f => WINDOWS[usize::from(byte - 0x80)],
        byte => char::from(byte),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_encodings_are_recognized() {
        let latin = decode(b"a = \"K\xe4ufer\"\n".to_vec()).unwrap_err();
        assert_eq!((&*latin.text, latin.at, latin.byte), ("a = \"Käufer\"\n", 6..8, 0xe4));
        for bytes in [&b"\xff\xfea\0b\0"[..], b"\xfe\xff\0a\0b", b"a\0b\0", b"\xff\xfe\0\0a\0\0\0b\0\0\0"] {
            assert_eq!(decode(bytes.to_vec()).unwrap_err().text, "ab");
        }
        let cut = |bytes: &[u8]| decode(bytes.to_vec()).unwrap_err().cut;
        assert_eq!(cut(b"a = 1 # caf\xc3"), Some(Cut { byte: 11, is_end: true }));
        assert_eq!(
            cut("a = \"é\"\nb = \""
                .as_bytes()
                .iter()
                .chain(b"\xe2\x82\"")
                .copied()
                .collect::<Vec<_>>()
                .as_slice()),
            Some(Cut { byte: 14, is_end: false })
        );
        assert_eq!(cut(b"a = \"K\xe4ufer\"\n"), None);
        assert_eq!(cut(b"a = \"caf\xc3\"\n"), Some(Cut { byte: 8, is_end: false }));
        assert_eq!(cut(b"a = \"JO\xc3O\"\n"), None);
        assert!(decode(vec![0x89, 1, 2, 3, 0xff]).unwrap_err().text.is_empty());
        assert_eq!(decode("\u{feff}a = 1".into()).ok().as_deref(), Some("\u{feff}a = 1"));
    }
}
