//! Texts that begin with a prefix. Where the server looks for them in too small a part of an index, it gets another part
//! to look in, or none.

use std::fmt::Write as _;

use beds_core::{query::Comparison, value::Value};

use super::Statement;
use crate::columns::{Kept, Prefixes};

/// A pattern for a view. The server searches each part of a union, and converts a parameter once to the character set
/// of the first part. MariaDB 10.11 then finds nothing in the other parts.
const WITHIN_PARTS: &str = "concat(?, '')";

/// The room of a column, in characters, up to which a text that fills it is written into statements.
const ROOM_MAX: usize = 1_000;

impl Statement<'_> {
    pub(super) fn begins_with(&mut self, field: usize, prefix: &str) {
        let escaped = prefix.replace('|', "||").replace('%', "|%").replace('_', "|_");
        let pattern = Value::Text(escaped + "%");
        if !self.may_be(field, &pattern) {
            return self.text.push_str("false");
        }
        let column = self.columns[field];
        match self.prefixes(field) {
            _ if self.kept(field) == Kept::Expression => {
                self.compared(field);
                self.like(pattern);
            }
            Prefixes::All => {
                self.text.push_str(column);
                self.like(pattern);
            }
            Prefixes::Below(greatest) => self.found_or_above(field, prefix, &pattern, greatest),
            Prefixes::LatinBelow(greatest) if prefix.chars().all(is_latin) => {
                self.found_or_above(field, prefix, &pattern, greatest);
            }
            Prefixes::Codes | Prefixes::LatinBelow(_) | Prefixes::No => {
                self.around(field, prefix);
                self.like_without_index(field, pattern);
            }
        }
        self.is_value(field);
        self.is_shown(field);
    }

    fn prefixes(&self, field: usize) -> Prefixes {
        self.kept.get(field).map(|column| column.prefixes).unwrap_or_default()
    }

    fn like(&mut self, pattern: Value) {
        self.text.push_str(" like ");
        self.text.push_str(if self.is_view { WITHIN_PARTS } else { "?" });
        self.text.push_str(" escape '|'");
        self.values.push(pattern);
    }

    /// An expression keeps the server from the part of the index that it would choose.
    fn like_without_index(&mut self, field: usize, pattern: Value) {
        let _ = write!(self.text, "concat({})", self.columns[field]);
        self.like(pattern);
    }

    /// What the server finds, and the texts in the index after that: the prefix is followed by the greatest character.
    fn found_or_above(&mut self, field: usize, prefix: &str, pattern: &Value, greatest: char) {
        let room = self.kept.get(field).and_then(|column| column.room).unwrap_or(u64::MAX);
        let Some(room) = usize::try_from(room).ok().filter(|room| *room <= ROOM_MAX) else {
            return self.like_without_index(field, pattern.clone());
        };
        let column = self.columns[field];
        let _ = write!(self.text, "({column}");
        self.like(pattern.clone());
        self.text.push_str(" or ");
        self.compare(field, Comparison::Gt, &Value::Text(format!("{prefix}\u{ffff}")));
        self.text.push_str(" and ");
        let last = prefix.to_owned() + &greatest.to_string().repeat(room);
        self.compare(field, Comparison::Lte, &Value::Text(last));
        self.text.push_str(" and ");
        self.like_without_index(field, pattern.clone());
        self.text.push(')');
    }

    /// The part of the index in which all texts with a prefix are, if they sort by their codes: from the code before
    /// the last ASCII character to the code after it. It does not begin with the prefix itself: a text in which a
    /// control character follows it comes earlier.
    fn around(&mut self, field: usize, prefix: &str) {
        let is_code = |character: &char| (' '..='~').contains(character);
        let mut head: String = prefix.chars().take_while(is_code).collect();
        let Some(last) = head.pop().filter(|_| self.prefixes(field) == Prefixes::Codes) else { return };
        let beside = |code: u8| format!("{head}{}", char::from(code));
        #[allow(clippy::cast_possible_truncation, reason = "it is ASCII")]
        let code = last as u8;
        // Nearly all texts with the code before it come before this one.
        self.compare(field, Comparison::Gt, &Value::Text(beside(code - 1) + "~"));
        self.text.push_str(" and ");
        self.compare(field, Comparison::Lt, &Value::Text(beside(code + 1)));
        self.text.push_str(" and ");
    }
}

/// Whether this is ASCII, or a Latin letter in one piece.
fn is_latin(character: char) -> bool {
    character < '\u{250}'
}
