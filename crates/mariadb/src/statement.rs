//! The text of every read, from the template's fragments, with its parameters.
//!
//! Every piece of text comes from the compiler or from this file. A client's text is only ever a parameter.

use std::fmt::Write as _;

use beds_core::{
    plan::Matching,
    query::{Comparison, Condition, Order, Selection, Test},
    spec::{Domain, Field, mariadb::Source},
    value::Value,
};

use beds_protocol::tables::TEXT_COLLATION;

use crate::columns::Column;

mod becomes;
mod compare;
mod marked;
mod order;
mod prefix;

/// A statement with its parameters.
#[derive(Debug)]
pub(crate) struct Statement<'k> {
    pub(crate) text: String,
    pub(crate) values: Vec<Value>,
    fields: &'static [Field],
    key: &'static [usize],
    /// The column of each field, quoted.
    columns: &'static [&'static str],
    /// The properties of each field's column on which comparisons depend.
    kept: &'k [Column],
    /// Whether it reads a view.
    is_view: bool,
    /// Whether the comparisons are with the last record of a page, in the terms by which records are sorted.
    is_in_order: bool,
}

/// Selects these columns of the records that a selection asks for, and one record more, which shows whether there is a
/// next page.
pub(crate) fn page<'k>(
    domain: &Domain,
    source: &'static Source,
    kept: &'k [Column],
    selection: &Selection,
    columns: &[usize],
) -> Statement<'k> {
    let mut sql = Statement::select_shown(domain, source, kept, columns);
    sql.conditions(&selection.filter);
    if let Some(after) = &selection.after {
        sql.text.push_str(if selection.filter.is_empty() { " where " } else { " and " });
        sql.after(&selection.sort, after);
    }
    for (index, order) in selection.sort.iter().enumerate() {
        sql.text.push_str(if index == 0 { " order by " } else { ", " });
        sql.order(order);
    }
    sql.text.push_str(" limit ?");
    sql.values.push(Value::UInt(u64::from(selection.limit) + 1));
    sql
}

/// Selects these columns of the record with this key, unmarked: for the server's own use.
pub(crate) fn by_key<'k>(
    domain: &Domain,
    source: &'static Source,
    kept: &'k [Column],
    columns: &[usize],
    key: &[Value],
) -> Statement<'k> {
    Statement::select_by(domain, source, kept, columns, Statement::column).of_key(domain, key)
}

/// As [`by_key`], for the node, which reads the stored values.
pub(crate) fn stored_by_key<'k>(
    domain: &Domain,
    source: &'static Source,
    kept: &'k [Column],
    columns: &[usize],
    key: &[Value],
) -> Statement<'k> {
    Statement::select_by(domain, source, kept, columns, Statement::stored).of_key(domain, key)
}

/// As [`by_key`], for a client.
pub(crate) fn shown_by_key<'k>(
    domain: &Domain,
    source: &'static Source,
    kept: &'k [Column],
    columns: &[usize],
    key: &[Value],
) -> Statement<'k> {
    Statement::select_shown(domain, source, kept, columns).of_key(domain, key)
}

/// Selects these columns of the records with any of these keys, of one field.
pub(crate) fn by_keys<'k>(
    domain: &Domain,
    source: &'static Source,
    kept: &'k [Column],
    columns: &[usize],
    field: usize,
    keys: &[&Value],
) -> Statement<'k> {
    let mut sql = Statement::select_shown(domain, source, kept, columns);
    sql.text.push_str(" where ");
    sql.one_of(field, keys.iter().copied());
    sql
}

/// Selects and locks these columns of the matching records, in order of their keys, and of one record more, which shows
/// whether there are too many.
pub(crate) fn matching<'k>(
    domain: &Domain,
    source: &'static Source,
    kept: &'k [Column],
    matching: &Matching,
    columns: &[usize],
) -> Statement<'k> {
    let mut sql = Statement::select_by(domain, source, kept, columns, Statement::passed);
    sql.conditions(&matching.filter);
    for (index, &field) in domain.key.iter().enumerate() {
        sql.text.push_str(if index == 0 { " order by " } else { ", " });
        sql.order(&Order { field, descending: false });
    }
    sql.text.push_str(" limit ?");
    sql.values.push(Value::UInt(u64::from(matching.most) + 1));
    sql.for_update()
}

/// Counts the records that match.
pub(crate) fn count<'k>(
    domain: &Domain,
    source: &'static Source,
    kept: &'k [Column],
    filter: &[Condition],
) -> Statement<'k> {
    let mut sql = Statement::new(domain, source, kept);
    let _ = write!(sql.text, "select count(*) from {}", source.from);
    sql.conditions(filter);
    sql
}

impl<'k> Statement<'k> {
    fn new(domain: &Domain, source: &'static Source, kept: &'k [Column]) -> Self {
        let text = String::with_capacity(256);
        Self {
            text,
            values: Vec::new(),
            fields: domain.fields,
            key: domain.key,
            columns: source.columns,
            kept,
            is_view: source.is_view,
            is_in_order: false,
        }
    }

    fn select_shown(domain: &Domain, source: &'static Source, kept: &'k [Column], columns: &[usize]) -> Self {
        Self::select_by(domain, source, kept, columns, Self::shown)
    }

    fn select_by(
        domain: &Domain,
        source: &'static Source,
        kept: &'k [Column],
        columns: &[usize],
        write: fn(&mut Self, usize),
    ) -> Self {
        let mut sql = Self::new(domain, source, kept);
        for (position, &field) in columns.iter().enumerate() {
            sql.text.push_str(if position == 0 { "select " } else { ", " });
            write(&mut sql, field);
        }
        sql.text.push_str(" from ");
        sql.text.push_str(source.from);
        sql
    }

    fn of_key(mut self, domain: &Domain, key: &[Value]) -> Self {
        for (index, (&field, value)) in domain.key.iter().zip(key).enumerate() {
            self.text.push_str(if index == 0 { " where " } else { " and " });
            self.equals(field, value);
        }
        self
    }

    /// Locks what it selects until the transaction ends.
    pub(crate) fn for_update(mut self) -> Self {
        self.text.push_str(" for update");
        self
    }

    fn column(&mut self, field: usize) {
        self.text.push_str(self.columns[field]);
    }

    fn conditions(&mut self, filter: &[Condition]) {
        for (index, Condition { field, test }) in filter.iter().enumerate() {
            self.text.push_str(if index == 0 { " where " } else { " and " });
            self.test(*field, test);
        }
    }

    fn test(&mut self, field: usize, test: &Test) {
        match test {
            Test::Compare(comparison, value) => self.compare_shown(field, *comparison, value),
            Test::In(values) => self.one_of(field, values.iter()),
            Test::Prefix(prefix) => self.begins_with(field, prefix),
            Test::Null(wanted) => self.null(field, *wanted),
            Test::AnyOf(alternatives) => self.any_of(alternatives),
            Test::Complete => self.text.push_str("true"),
        }
    }

    /// The records that a caller reaches.
    fn any_of(&mut self, alternatives: &[Vec<Condition>]) {
        if alternatives.is_empty() {
            self.text.push_str("false");
            return;
        }
        for (place, conditions) in alternatives.iter().enumerate() {
            self.text.push_str(if place == 0 { "(" } else { " or " });
            if conditions.is_empty() {
                self.text.push_str("true");
            }
            for (index, Condition { field, test }) in conditions.iter().enumerate() {
                if index > 0 {
                    self.text.push_str(" and ");
                }
                self.test(*field, test);
                self.letter_by_letter(*field, test);
            }
        }
        self.text.push(')');
    }

    /// A column's collation may take `bob` for `Bob`, who are two callers.
    fn letter_by_letter(&mut self, field: usize, test: &Test) {
        let values = match test {
            Test::Compare(Comparison::Eq, value) => std::slice::from_ref(value),
            Test::In(values) => values.as_slice(),
            _ => &[],
        };
        let texts = values.iter().filter(|value| matches!(value, Value::Text(_)));
        let texts: Vec<&Value> = texts.collect();
        for (place, text) in texts.iter().enumerate() {
            if place == 0 {
                self.text.push_str(" and convert(");
                self.column(field);
                let _ = write!(self.text, " using utf8mb4) collate {TEXT_COLLATION} in (");
            } else {
                self.text.push_str(", ");
            }
            self.text.push('?');
            self.values.push((*text).clone());
        }
        if !texts.is_empty() {
            self.text.push(')');
        }
    }

    /// The same, restricted to records for which these conditions hold.
    pub(crate) fn within(mut self, rows: &[Condition]) -> Self {
        for Condition { field, test } in rows {
            self.text.push_str(" and ");
            self.test(*field, test);
        }
        self
    }

    /// The records after the one with these sort values: the first field that differs comes later. Null comes before
    /// every value.
    fn after(&mut self, sort: &[Order], last: &[Value]) {
        self.is_in_order = true;
        self.text.push('(');
        for (depth, order) in sort.iter().enumerate() {
            if depth > 0 {
                self.text.push_str(" or ");
            }
            self.text.push('(');
            for (equal, value) in sort.iter().zip(last).take(depth) {
                self.equals(equal.field, value);
                self.text.push_str(" and ");
            }
            self.later(order.field, order.descending, &last[depth]);
            self.text.push(')');
        }
        self.text.push(')');
        self.is_in_order = false;
    }

    fn equals(&mut self, field: usize, value: &Value) {
        if value.is_null() {
            self.null(field, true);
        } else {
            self.compare(field, Comparison::Eq, value);
            self.is_value_if_empty(field, value);
            if self.is_in_order && self.is_cut_key(field) {
                self.text.push_str(" and ");
                self.compare_digest(field, "=", value);
            }
        }
    }

    fn later(&mut self, field: usize, descending: bool, value: &Value) {
        match (descending, value.is_null()) {
            (false, true) => self.null(field, false),
            (true, true) => self.text.push_str("false"),
            (false, false) if self.is_cut_key(field) => {
                self.text.push('(');
                self.beyond(field, Comparison::Gt, value);
                self.text.push(')');
            }
            (false, false) => self.compare(field, Comparison::Gt, value),
            (true, false) => {
                self.text.push('(');
                self.beyond(field, Comparison::Lt, value);
                // A view may give null where the template promises none. If a column has no null, the server strikes
                // the test out.
                self.text.push_str(" or ");
                self.null(field, true);
                self.text.push(')');
            }
        }
    }

    /// A comparison by `<` or `>`. For a key that is sorted only by its beginning, also keys with the same beginning.
    fn beyond(&mut self, field: usize, comparison: Comparison, value: &Value) {
        self.compare(field, comparison, value);
        if self.is_cut_key(field) {
            self.text.push_str(" or ");
            self.compare(field, Comparison::Eq, value);
            self.text.push_str(" and ");
            self.compare_digest(field, if comparison == Comparison::Lt { "<" } else { ">" }, value);
        }
    }
}

/// How many items one statement takes at most.
const TOGETHER_MAX: usize = 64;
/// How many parameters a statement of MariaDB may have.
const PARAMETERS_MAX: usize = 65_535;

/// The items in runs of 64, 32, …, 1, as few as possible. So statements of many items have few texts; a connection
/// keeps 100 prepared. Each item has this many parameters.
pub(crate) fn runs<T>(mut items: &[T], parameters: usize) -> impl Iterator<Item = &[T]> {
    let most = together_max(parameters);
    std::iter::from_fn(move || {
        let count = 1 << items.len().min(most).checked_ilog2()?;
        let (run, rest) = items.split_at(count);
        items = rest;
        Some(run)
    })
}

/// The items in as few parts as possible, each with the number of items in its statement: a power of two, so that there
/// are few texts. Missing items are filled up. Each item has this many parameters.
pub(crate) fn parts<T>(items: &[T], parameters: usize) -> impl Iterator<Item = (&[T], usize)> {
    items.chunks(together_max(parameters)).map(|part| (part, part.len().next_power_of_two()))
}

/// How many items with this many parameters one statement takes at most: a power of two.
fn together_max(parameters: usize) -> usize {
    let most = TOGETHER_MAX.min(PARAMETERS_MAX / parameters.max(1)).max(1);
    1 << most.ilog2()
}

#[cfg(test)]
mod tests;
