//! The text of every read, from the template's fragments, with its parameters.
//!
//! Every piece of text comes from the compiler or from this file. What a client sent is only ever a parameter.

use std::fmt::Write as _;

use beds_core::{
    query::{Comparison, Condition, Order, Selection, Test},
    spec::{Domain, Field, Type, mariadb::Source},
    value::Value,
};

/// A statement with its parameters.
#[derive(Debug)]
pub(crate) struct Statement {
    pub(crate) text: String,
    pub(crate) values: Vec<Value>,
    fields: &'static [Field],
    /// The column of each field, quoted.
    columns: &'static [&'static str],
}

/// Selects these columns of the records that a selection asks for, and one record more, which tells whether
/// there is a next page.
pub(crate) fn page(
    domain: &Domain,
    source: &'static Source,
    selection: &Selection,
    columns: &[usize],
) -> Statement {
    let mut sql = Statement::select(domain, source, columns);
    sql.conditions(&selection.filter);
    if let Some(after) = &selection.after {
        sql.text.push_str(if selection.filter.is_empty() { " where " } else { " and " });
        sql.after(&selection.sort, after);
    }
    for (index, order) in selection.sort.iter().enumerate() {
        sql.text.push_str(if index == 0 { " order by " } else { ", " });
        sql.order(order.field);
        if order.descending {
            sql.text.push_str(" desc");
        }
    }
    sql.text.push_str(" limit ?");
    sql.values.push(Value::UInt(u64::from(selection.limit) + 1));
    sql
}

/// Selects these columns of the record with this key.
pub(crate) fn by_key(
    domain: &Domain,
    source: &'static Source,
    columns: &[usize],
    key: &[Value],
) -> Statement {
    let mut sql = Statement::select(domain, source, columns);
    for (index, (&field, value)) in domain.key.iter().zip(key).enumerate() {
        sql.text.push_str(if index == 0 { " where " } else { " and " });
        sql.equals(field, value);
    }
    sql
}

/// Selects these columns of the records with any of these keys, of one field.
pub(crate) fn by_keys(
    domain: &Domain,
    source: &'static Source,
    columns: &[usize],
    field: usize,
    keys: &[&Value],
) -> Statement {
    let mut sql = Statement::select(domain, source, columns);
    sql.text.push_str(" where ");
    sql.one_of(field, keys.iter().copied());
    sql
}

/// Counts the records that match.
pub(crate) fn count(domain: &Domain, source: &'static Source, filter: &[Condition]) -> Statement {
    let mut sql = Statement::new(domain, source);
    let _ = write!(sql.text, "select count(*) from {}", source.from);
    sql.conditions(filter);
    sql
}

impl Statement {
    fn new(domain: &Domain, source: &'static Source) -> Self {
        let text = String::with_capacity(256);
        Self { text, values: Vec::new(), fields: domain.fields, columns: source.columns }
    }

    fn select(domain: &Domain, source: &'static Source, columns: &[usize]) -> Self {
        let mut sql = Self::new(domain, source);
        for (position, &field) in columns.iter().enumerate() {
            sql.text.push_str(if position == 0 { "select " } else { ", " });
            sql.column(field);
        }
        sql.text.push_str(" from ");
        sql.text.push_str(source.from);
        sql
    }

    /// Locks what it selects until the transaction ends.
    pub(crate) fn for_update(mut self) -> Self {
        self.text.push_str(" for update");
        self
    }

    fn column(&mut self, field: usize) {
        self.text.push_str(self.columns[field]);
    }

    /// The terms that records are sorted by. They must be those that [`Self::later`] compares, or a page would lose records.
    fn order(&mut self, field: usize) {
        if matches!(self.fields[field].ty, Type::Enum { .. }) {
            // An ENUM column is sorted by the position of its values, but compared as text.
            self.text.push_str("concat(");
            self.column(field);
            self.text.push(')');
        } else {
            self.column(field);
        }
    }

    /// A placeholder with its value.
    fn parameter(&mut self, field: usize, value: &Value) {
        match self.fields[field].ty {
            // A bare string would be compared with a decimal as floating-point numbers.
            Type::Decimal { precision, scale, .. } => {
                let _ = write!(self.text, "cast(? as decimal({precision},{scale}))");
            }
            _ => self.text.push('?'),
        }
        self.values.push(value.clone());
    }

    fn conditions(&mut self, filter: &[Condition]) {
        for (index, Condition { field, test }) in filter.iter().enumerate() {
            self.text.push_str(if index == 0 { " where " } else { " and " });
            self.test(*field, test);
        }
    }

    fn test(&mut self, field: usize, test: &Test) {
        match test {
            Test::Compare(Comparison::Ne, value) => {
                // Null differs from every value, as it does for a client.
                self.text.push_str("not (");
                self.column(field);
                self.text.push_str(" <=> ");
                self.parameter(field, value);
                self.text.push(')');
            }
            Test::Compare(comparison, value) => {
                self.column(field);
                self.text.push_str(match comparison {
                    Comparison::Eq => " = ",
                    Comparison::Ne => " <> ",
                    Comparison::Lt => " < ",
                    Comparison::Lte => " <= ",
                    Comparison::Gt => " > ",
                    Comparison::Gte => " >= ",
                });
                self.parameter(field, value);
            }
            Test::In(values) => self.one_of(field, values.iter()),
            Test::Prefix(prefix) => {
                self.column(field);
                self.text.push_str(" like ? escape '|'");
                let escaped = prefix.replace('|', "||").replace('%', "|%").replace('_', "|_");
                self.values.push(Value::Text(escaped + "%"));
            }
            Test::Null(wanted) => {
                self.column(field);
                self.text.push_str(if *wanted { " is null" } else { " is not null" });
            }
        }
    }

    /// The list is filled up to a power of two with its last value: otherwise each length would be a statement
    /// of its own in the server's and the driver's caches.
    fn one_of<'v>(&mut self, field: usize, values: impl ExactSizeIterator<Item = &'v Value> + Clone) {
        self.column(field);
        self.text.push_str(" in (");
        let length = values.len().next_power_of_two();
        let filler = values.clone().last().into_iter().cycle();
        for (index, value) in values.chain(filler).take(length).enumerate() {
            if index > 0 {
                self.text.push_str(", ");
            }
            self.parameter(field, value);
        }
        self.text.push(')');
    }

    /// The records after the one with these sort values: it differs first in one field, and there comes later.
    /// Null comes before every value.
    fn after(&mut self, sort: &[Order], last: &[Value]) {
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
    }

    fn equals(&mut self, field: usize, value: &Value) {
        self.column(field);
        if value.is_null() {
            self.text.push_str(" is null");
        } else {
            self.text.push_str(" = ");
            self.parameter(field, value);
        }
    }

    fn later(&mut self, field: usize, descending: bool, value: &Value) {
        match (descending, value.is_null()) {
            (false, true) => {
                self.column(field);
                self.text.push_str(" is not null");
            }
            (true, true) => self.text.push_str("false"),
            (false, false) => {
                self.column(field);
                self.text.push_str(" > ");
                self.parameter(field, value);
            }
            (true, false) => {
                self.text.push('(');
                self.column(field);
                self.text.push_str(" < ");
                self.parameter(field, value);
                if self.fields[field].nullable {
                    self.text.push_str(" or ");
                    self.column(field);
                    self.text.push_str(" is null");
                }
                self.text.push(')');
            }
        }
    }
}

#[cfg(test)]
mod tests;
