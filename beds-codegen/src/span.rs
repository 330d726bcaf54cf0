//! Positions in the texts that the compiler reads, and the texts themselves.
//!
//! A position is a file and a byte range in it, whichever front the text came from: a template, a pipeline's JSON, or
//! the Rust source with a derive. This module must not know the meaning of the texts.

use std::ops::Range;

/// One text among [`Sources`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(u32);

/// A range of bytes in one text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The text.
    pub file: FileId,
    /// First byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

impl Span {
    /// The range of bytes.
    #[must_use]
    pub const fn range(self) -> Range<usize> {
        self.start..self.end
    }
}

/// A value and its position. Two are equal if their values are equal, wherever they are.
#[derive(Debug, Clone, Copy)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Its position.
    pub span: Span,
}

impl<T> Spanned<T> {
    /// A value at a position.
    pub const fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }
}

impl<T: PartialEq> PartialEq for Spanned<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T: Eq> Eq for Spanned<T> {}

/// A line and a column, both from 1; the column counts characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// One text and the name it is shown under.
#[derive(Debug, Clone)]
pub struct Source {
    /// Path as given, with `/` between its parts.
    pub path: String,
    /// The text; empty if it could not be read.
    pub text: String,
}

/// Every text of one run.
#[derive(Debug, Clone, Default)]
pub struct Sources(Vec<Source>);

impl Sources {
    /// Adds a text.
    pub fn add(&mut self, path: impl Into<String>, text: impl Into<String>) -> FileId {
        let id = FileId(u32::try_from(self.0.len()).unwrap_or(u32::MAX));
        self.0.push(Source { path: path.into(), text: text.into() });
        id
    }

    /// The path of a text.
    #[must_use]
    pub fn path(&self, file: FileId) -> &str {
        self.get(file).map_or("", |source| &source.path)
    }

    /// The text itself.
    #[must_use]
    pub fn text(&self, file: FileId) -> &str {
        self.get(file).map_or("", |source| &source.text)
    }

    fn get(&self, file: FileId) -> Option<&Source> {
        self.0.get(file.0 as usize)
    }

    /// Line and column of a byte. A byte past the end is on the last line.
    #[must_use]
    pub fn position(&self, file: FileId, byte: usize) -> Position {
        let text = self.text(file);
        let before = &text.as_bytes()[..byte.min(text.len())];
        let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let line = before.split(|byte| *byte == b'\n').count();
        // Continuation bytes of a character are not counted, so that a range inside a character cannot panic.
        let column = before[line_start..].iter().filter(|byte| **byte & 0xC0 != 0x80).count() + 1;
        Position { line, column }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_lines_and_characters() {
        let mut sources = Sources::default();
        let file = sources.add("a", "a = 1\nß = \"é\"\n");
        for (byte, line, column) in [(0, 1, 1), (4, 1, 5), (6, 2, 1), (8, 2, 2), (12, 2, 6), (99, 3, 1)] {
            assert_eq!(sources.position(file, byte), Position { line, column }, "{byte}");
        }
    }

    #[test]
    fn a_spanned_value_compares_without_its_place() {
        let file = Sources::default().add("a", "");
        let at = |start| Spanned::new("x", Span { file, start, end: start + 1 });
        assert_eq!(at(0), at(7));
    }
}
