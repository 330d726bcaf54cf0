//! Columns of character sets whose texts do not all come back from Unicode. Marks tell what is stored, and comparisons
//! use the stored bytes.

use std::fmt::Write as _;

use beds_core::value::Value;

use super::Statement;
use crate::{
    columns::{CharacterSet, Empty, Kept},
    marked::{FOREIGN, NAME, NO_VALUE, SAME, THEN, VARIANT, rounded},
};

impl Statement<'_> {
    /// The character set of a field's column, if its texts do not all come back from Unicode.
    pub(super) fn own_set(&self, field: usize) -> Option<&CharacterSet> {
        self.kept.get(field)?.own_set.as_deref()
    }

    /// Whether an ENUM has the empty text among its values, so that its empty value looks the same.
    pub(super) fn has_empty(&self, field: usize) -> bool {
        matches!(self.kept(field), Kept::Position(Empty::Either))
    }

    /// Selects the column as it is stored.
    pub(super) fn stored(&mut self, field: usize) {
        self.marked(field, false);
    }

    /// Selects the column as clients see it. The empty value of an ENUM gets a mark of its own, if its text is also one
    /// of the values. A number that is shown rounded keeps its digits for a cursor.
    pub(super) fn shown(&mut self, field: usize) {
        self.marked(field, self.has_empty(field));
        if let Kept::Rounded(digits) = self.kept(field) {
            let _ = write!(self.text, " as `{}`", rounded(digits));
        }
    }

    /// Selects the column as it is passed to a procedure. In a key, the empty value of an ENUM gets a mark: it would
    /// find another record.
    pub(super) fn passed(&mut self, field: usize) {
        self.marked(field, self.has_empty(field) && self.key.contains(&field));
    }

    fn marked(&mut self, field: usize, has_no_value: bool) {
        let column = self.columns[field];
        if self.own_set(field).is_none() && !has_no_value {
            return self.text.push_str(column);
        }
        if has_no_value {
            let _ = write!(self.text, "if({column} = 0, '{NO_VALUE}', ");
        }
        if self.own_set(field).is_some() {
            self.text.push_str("if(");
            self.comes_back(field);
            let _ = write!(self.text, ", concat('{SAME}', {column}), ");
            if self.key.contains(&field) {
                let _ = write!(self.text, "concat('{FOREIGN}', hex({column})))");
            } else {
                self.text.push_str("if(");
                self.is_of_unicode(field);
                let _ = write!(
                    self.text,
                    ", concat('{VARIANT}', hex({column}), '{THEN}', {column}), concat('{FOREIGN}', hex({column}))))"
                );
            }
        } else {
            let _ = write!(self.text, "concat('{SAME}', {column})");
        }
        self.text.push_str(if has_no_value { ")" } else { "" });
        let _ = write!(self.text, " as `{NAME}`");
    }

    /// Whether a text comes back from Unicode with the same bytes.
    fn comes_back(&mut self, field: usize) {
        let column = self.columns[field];
        let Some(CharacterSet { name, .. }) = self.own_set(field) else { return };
        let back = format!("convert(convert({column} using utf8mb4) using {name})");
        let _ = write!(self.text, "convert({column} using binary) = convert({back} using binary)");
    }

    /// Whether Unicode has all characters of a text. Each other character becomes a question mark or U+FFFD, and
    /// nothing else does.
    fn is_of_unicode(&mut self, field: usize) {
        let text = format!("convert(replace({}, '?', 'x') using utf8mb4)", self.columns[field]);
        let _ = write!(
            self.text,
            "not locate('?', replace({text}, _utf8mb4 x'EFBFBD', '?') collate utf8mb4_bin)"
        );
    }

    /// Removes from the result of a range or a prefix the texts that are shown as null.
    pub(super) fn is_shown(&mut self, field: usize) {
        if self.own_set(field).is_none() {
            return;
        }
        self.text.push_str(" and ");
        if self.key.contains(&field) {
            self.comes_back(field);
        } else {
            self.is_of_unicode(field);
        }
    }

    /// A placeholder as the stored bytes of its text, if the column has a character set of its own.
    pub(super) fn placeholder_of_bytes(&mut self, field: usize) {
        let text = match self.own_set(field) {
            Some(CharacterSet { name, .. }) => format!("convert(convert(? using {name}) using binary)"),
            None => "?".to_owned(),
        };
        self.text.push_str(&text);
    }

    /// The character set of a field's column, if the order of its records is that of the weights of their texts.
    pub(super) fn weighed(&self, field: usize) -> Option<&CharacterSet> {
        self.kept.get(field)?.weighed.as_deref().filter(|_| self.is_in_order)
    }

    /// A placeholder. For a text that does not come back from Unicode, a cursor has the bytes.
    pub(super) fn placeholder(&mut self, field: usize, value: &Value) {
        let of_set = |CharacterSet { name, collation }: &CharacterSet| {
            format!("convert(? using {name}) collate {collation}")
        };
        let is_weighed = self.weighed(field).is_some();
        let text = match (self.weighed(field), self.own_set(field), value) {
            (Some(set), ..) | (None, Some(set), Value::Bytes(_)) if !self.is_by_code(field) => of_set(set),
            (None, Some(CharacterSet { name, .. }), _) if self.is_by_code(field) => {
                format!("convert(convert(? using {name}) using binary)")
            }
            (None, None, _) if self.is_by_code(field) => "convert(? using binary)".to_owned(),
            _ => return self.text.push('?'),
        };
        let is_cut = self.is_in_order && self.is_long(field);
        let text = if is_cut { format!("left({text}, {})", self.sorted_chars(field)) } else { text };
        let _ =
            if is_weighed { write!(self.text, "weight_string({text})") } else { write!(self.text, "{text}") };
    }
}
