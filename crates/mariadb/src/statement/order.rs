//! The terms by which records are sorted, and what they need where the server sorts by less than it compares.

use std::fmt::Write as _;

use beds_core::{query::Order, spec::Type, value::Value};

use super::Statement;
use crate::columns::Kept;

/// How many characters of a text decide its place in an order, unless its column says fewer. They fit in
/// `max_sort_length` (see [`crate::connection`]), which counts bytes: no collation that compares once makes more than 8
/// bytes of a character.
const SORTED_CHARS: u32 = 500;

impl Statement<'_> {
    /// Whether the server may sort by the beginning of the texts alone. Then the statement always does so. A stored
    /// text may be longer than clients may write.
    pub(super) fn is_long(&self, field: usize) -> bool {
        let (Type::String { max, .. } | Type::Text { max, .. }) = self.fields[field].ty else { return false };
        let room = self.kept.get(field).and_then(|column| column.room);
        room.unwrap_or_else(|| max.into()) > self.sorted_chars(field).into()
    }

    /// How many characters of a text decide its place in an order.
    pub(super) fn sorted_chars(&self, field: usize) -> u32 {
        self.kept.get(field).and_then(|column| column.sorted).unwrap_or(SORTED_CHARS)
    }

    /// Whether a part of the key is sorted by its beginning, which several records may share. Then no later field
    /// distinguishes them.
    pub(super) fn is_cut_key(&self, field: usize) -> bool {
        self.key.contains(&field) && self.is_long(field)
    }

    /// The expression that distinguishes keys with the same beginning.
    fn digest(&mut self, field: usize) {
        let set = if self.own_set(field).is_some() { "binary" } else { "utf8mb4" };
        let _ = write!(self.text, "sha2(convert({} using {set}), 256)", self.columns[field]);
    }

    /// Compares the digest that distinguishes keys with the same beginning.
    pub(super) fn compare_digest(&mut self, field: usize, sign: &str, value: &Value) {
        self.digest(field);
        let _ = write!(self.text, " {sign} sha2(");
        self.placeholder_of_bytes(field);
        self.text.push_str(", 256)");
        self.values.push(value.clone());
    }

    /// The terms by which records are sorted. They must be the terms that [`Self::compare`] compares in
    /// [`Self::after`], or a page would lose records.
    pub(super) fn order(&mut self, order: &Order) {
        let field = order.field;
        let direction = if order.descending { " desc" } else { "" };
        let mut is_weighed = false;
        if matches!(self.kept(field), Kept::Position(_)) {
            self.text.push_str("concat(");
            self.with_nulls(field);
            self.text.push(')');
        } else {
            self.is_in_order = true;
            self.compared(field);
            is_weighed = self.weighed(field).is_some();
            self.is_in_order = false;
        }
        self.text.push_str(direction);
        if self.kept(field).sorts_otherwise() && !is_weighed {
            let (column, sorted) = (self.columns[field], self.sorted_chars(field));
            let _ = if self.is_long(field) {
                write!(self.text, ", char_length(left({column}, {sorted})){direction}")
            } else {
                write!(self.text, ", char_length({column}){direction}")
            };
        }
        if self.is_cut_key(field) {
            self.text.push_str(", ");
            self.digest(field);
            self.text.push_str(direction);
        }
    }
}
