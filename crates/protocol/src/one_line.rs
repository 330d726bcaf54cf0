//! Foreign texts on one line.

use std::fmt::{self, Write as _};

/// Shows a text of unknown origin. Characters that end a line, move the cursor or change the direction of writing are
/// shown as their codes, so that the text cannot pass for a line of ours.
#[derive(Debug, Clone, Copy)]
pub struct OneLine<'a>(pub &'a str);

impl fmt::Display for OneLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        OneLineWriter(f).write_str(self.0)
    }
}

/// Writes text as [`OneLine`] shows it.
#[derive(Debug)]
pub struct OneLineWriter<W>(pub W);

impl<W: fmt::Write> fmt::Write for OneLineWriter<W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        while let Some(at) = rest.find(is_misleading) {
            let (plain, misleading) = rest.split_at(at);
            self.0.write_str(plain)?;
            let mut characters = misleading.chars();
            if let Some(character) = characters.next() {
                write!(self.0, "{}", character.escape_default())?;
            }
            rest = characters.as_str();
        }
        self.0.write_str(rest)
    }
}

/// Control characters; separators of lines and paragraphs; marks, embeddings, overrides and isolates of direction.
fn is_misleading(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_stays_on_its_line() {
        for (text, shown) in [
            ("plain `x` \u{e9}\u{1f600} \\n", "plain `x` \u{e9}\u{1f600} \\n"),
            ("a\nb\r\tc", "a\\nb\\r\\tc"),
            ("\u{1b}[31m\0\u{7f}\u{85}", "\\u{1b}[31m\\u{0}\\u{7f}\\u{85}"),
            ("a\u{2028}b\u{202e}c", "a\\u{2028}b\\u{202e}c"),
            ("", ""),
        ] {
            assert_eq!(OneLine(text).to_string(), shown);
        }
    }
}
