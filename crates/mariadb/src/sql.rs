//! The text of a fetch or count, from the template's fragments, with its parameters.
//!
//! Every piece of text comes from the compiler or from this file. What a client sent is only ever a parameter.

use std::fmt::Write as _;

use super::spec::Source;
use crate::{
    query::{Comparison, Condition, Order, Selection, Test},
    spec::{Domain, Field, Type},
    value::Value,
};

/// A statement with its parameters.
#[derive(Debug, Default)]
pub(super) struct Statement {
    pub(super) text: String,
    pub(super) values: Vec<Value>,
}

/// Selects these columns of the records that a selection asks for, and one record more, which tells whether
/// there is a next page.
pub(super) fn select(
    domain: &Domain,
    source: &Source,
    selection: &Selection,
    columns: &[usize],
) -> Statement {
    let mut sql = Statement::default();
    sql.select(domain, columns);
    let _ = write!(sql.text, " from {}", source.from);
    sql.conditions(domain, &selection.filter);
    if let Some(after) = &selection.after {
        sql.text.push_str(if selection.filter.is_empty() { " where " } else { " and " });
        sql.after(domain, &selection.sort, after);
    }
    for (index, order) in selection.sort.iter().enumerate() {
        sql.text.push_str(if index == 0 { " order by " } else { ", " });
        sql.order(&domain.fields[order.field]);
        if order.descending {
            sql.text.push_str(" desc");
        }
    }
    sql.text.push_str(" limit ?");
    sql.values.push(Value::UInt(u64::from(selection.limit) + 1));
    sql
}

/// Selects these columns of the record with this key.
pub(super) fn select_one(domain: &Domain, source: &Source, columns: &[usize], key: Vec<Value>) -> Statement {
    let mut sql = Statement::default();
    sql.select(domain, columns);
    let _ = write!(sql.text, " from {} where ", source.from);
    for (index, &field) in domain.key.iter().enumerate() {
        if index > 0 {
            sql.text.push_str(" and ");
        }
        sql.column(&domain.fields[field]);
        sql.text.push_str(" = ?");
    }
    sql.values = key;
    sql
}

/// Counts the records that match.
pub(super) fn count(domain: &Domain, source: &Source, filter: &[Condition]) -> Statement {
    let mut sql = Statement { text: format!("select count(*) from {}", source.from), values: Vec::new() };
    sql.conditions(domain, filter);
    sql
}

impl Statement {
    fn select(&mut self, domain: &Domain, columns: &[usize]) {
        for (position, &field) in columns.iter().enumerate() {
            self.text.push_str(if position == 0 { "select " } else { ", " });
            self.column(&domain.fields[field]);
        }
    }

    /// A column's name is the template's, quoted as an identifier.
    fn column(&mut self, field: &Field) {
        let _ = write!(self.text, "`{}`", field.column.replace('`', "``"));
    }

    /// What records are sorted by: what [`Self::later`] compares, or a page would lose records.
    fn order(&mut self, field: &Field) {
        if matches!(field.ty, Type::Enum { .. }) {
            // An ENUM column is sorted by the position of its values, but compared as text.
            self.text.push_str("concat(");
            self.column(field);
            self.text.push(')');
        } else {
            self.column(field);
        }
    }

    /// A placeholder with its value.
    fn parameter(&mut self, field: &Field, value: &Value) {
        match field.ty {
            // A bare string would be compared with a decimal as floating-point numbers.
            Type::Decimal { precision, scale, .. } => {
                let _ = write!(self.text, "cast(? as decimal({precision},{scale}))");
            }
            _ => self.text.push('?'),
        }
        self.values.push(value.clone());
    }

    fn conditions(&mut self, domain: &Domain, filter: &[Condition]) {
        for (index, Condition { field, test }) in filter.iter().enumerate() {
            self.text.push_str(if index == 0 { " where " } else { " and " });
            self.test(&domain.fields[*field], test);
        }
    }

    fn test(&mut self, field: &Field, test: &Test) {
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
            Test::In(values) => self.one_of(field, values),
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
    fn one_of(&mut self, field: &Field, values: &[Value]) {
        self.column(field);
        self.text.push_str(" in (");
        let padding = values.len().next_power_of_two() - values.len();
        let filler = values.last().into_iter().cycle().take(padding);
        for (index, value) in values.iter().chain(filler).enumerate() {
            if index > 0 {
                self.text.push_str(", ");
            }
            self.parameter(field, value);
        }
        self.text.push(')');
    }

    /// The records after the one with these sort values: it differs first in one field, and there comes later.
    /// Null comes before every value.
    fn after(&mut self, domain: &Domain, sort: &[Order], last: &[Value]) {
        self.text.push('(');
        for (depth, order) in sort.iter().enumerate() {
            if depth > 0 {
                self.text.push_str(" or ");
            }
            self.text.push('(');
            for (equal, value) in sort.iter().zip(last).take(depth) {
                self.equals(&domain.fields[equal.field], value);
                self.text.push_str(" and ");
            }
            self.later(&domain.fields[order.field], order.descending, &last[depth]);
            self.text.push(')');
        }
        self.text.push(')');
    }

    fn equals(&mut self, field: &Field, value: &Value) {
        self.column(field);
        if value.is_null() {
            self.text.push_str(" is null");
        } else {
            self.text.push_str(" = ");
            self.parameter(field, value);
        }
    }

    fn later(&mut self, field: &Field, descending: bool, value: &Value) {
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
                if field.nullable {
                    self.text.push_str(" or ");
                    self.column(field);
                    self.text.push_str(" is null");
                }
                self.text.push(')');
            }
        }
    }
}
