//! Comparisons of columns with values, as the values are shown. Where the server would compare in another way, the
//! operand or the comparison is changed. The columns themselves stay bare, so that indexes are used.

use std::fmt::Write as _;

use beds_core::{query::Comparison, spec::Type, value::Value};
use beds_protocol::value::{Bytes, Date};
use time::Time;

use super::{
    Statement,
    becomes::{Becomes, between, exact, single, year},
};
use crate::{
    columns::Kept,
    meaning::{cut, is_cut, number},
};

/// The collation in which constants of views are compared and sorted. The connection's own.
const COLLATION: &str = "utf8mb4_unicode_ci";

/// The digits that a DECIMAL of MariaDB has at most, and those after the point.
const PRECISION_MAX: usize = 65;
const SCALE_MAX: usize = 38;

/// The digits that a second's fraction of MariaDB has at most.
const FRACTION_MAX: u8 = 6;

impl Statement<'_> {
    pub(super) fn kept(&self, field: usize) -> Kept {
        self.kept.get(field).map(|column| column.kept).unwrap_or_default()
    }

    /// Whether the column of a field can hold a value.
    pub(super) fn may_be(&self, field: usize, value: &Value) -> bool {
        self.kept.get(field).is_none_or(|column| column.may_be(value))
    }

    /// The column as it is compared.
    pub(super) fn compared(&mut self, field: usize) {
        self.compared_by(field, Comparison::Eq);
    }

    /// The column as this comparison needs it.
    fn compared_by(&mut self, field: usize, comparison: Comparison) {
        let column = self.columns[field];
        let is_range = !matches!(comparison, Comparison::Eq | Comparison::Ne);
        let is_weighed = self.weighed(field).is_some();
        if is_weighed {
            self.text.push_str("weight_string(");
        }
        let is_cut = self.is_in_order && self.is_long(field);
        if is_cut {
            self.text.push_str("left(");
        }
        if self.kept(field) == Kept::Expression {
            self.in_unicode(field);
        } else if self.is_by_code(field) {
            let _ = match self.own_set(field) {
                Some(_) => write!(self.text, "convert({column} using binary)"),
                None => write!(self.text, "convert(convert({column} using utf8mb4) using binary)"),
            };
        } else if self.is_unfilled(field, is_range) {
            // A CHAR without its filling spaces, as it is shown.
            let _ = write!(self.text, "concat({column})");
        } else {
            self.text.push_str(column);
        }
        if is_cut {
            let _ = write!(self.text, ", {})", self.sorted_chars(field));
        }
        if is_weighed {
            self.text.push(')');
        }
    }

    /// Whether an expression stands for the column, without the spaces that fill a CHAR.
    fn is_unfilled(&self, field: usize, is_range: bool) -> bool {
        match self.kept(field) {
            Kept::Char | Kept::Filled => self.is_in_order || is_range,
            Kept::NoPad => self.is_in_order,
            _ => false,
        }
    }

    /// Whether the column is sorted by the codes of its characters.
    pub(super) fn is_by_code(&self, field: usize) -> bool {
        self.is_in_order && self.kept(field) == Kept::Levels
    }

    /// The column converted to a character set with all of Unicode.
    fn in_unicode(&mut self, field: usize) {
        let _ = write!(self.text, "convert({} using utf8mb4) collate {COLLATION}", self.columns[field]);
    }

    /// A test of a filter. Within a range, it finds only values that the wire can show: a date of zeros is null there.
    pub(super) fn compare_shown(&mut self, field: usize, comparison: Comparison, value: &Value) {
        self.compare(field, comparison, value);
        let is_below = match comparison {
            Comparison::Eq => return self.is_value_if_empty(field, value),
            Comparison::Ne => return,
            Comparison::Lt | Comparison::Lte => true,
            Comparison::Gt | Comparison::Gte => false,
        };
        self.is_value(field);
        self.is_shown(field);
        let column = self.columns[field];
        // A bound on the bare column lets the server use an index. The other conditions apply to what it finds.
        let _ = match (value, is_below) {
            (Value::Date(_) | Value::DateTime(_), _) => {
                let bound = if is_below { format!(" and {column} >= '0001-01-01'") } else { String::new() };
                write!(
                    self.text,
                    "{bound} and dayofmonth({column}) between 1 and dayofmonth(last_day({column}))"
                )
            }
            (Value::Int(_), false) if self.kept(field) == Kept::Unsigned => {
                write!(self.text, " and {column} <= {}", i64::MAX)
            }
            (Value::UInt(_), true) => write!(self.text, " and {column} >= 0"),
            (Value::Time(_), true) => write!(self.text, " and {column} >= time'00:00:00'"),
            (Value::Time(_), false) => write!(self.text, " and {column} < time'24:00:00'"),
            (Value::Text(_), true) if matches!(self.fields[field].ty, Type::Enum { values } if !values.contains(&"")) =>
            {
                write!(self.text, " and {column} <> ''")
            }
            _ => Ok(()),
        };
    }

    /// A test of a field against a value that is not null.
    pub(super) fn compare(&mut self, field: usize, comparison: Comparison, value: &Value) {
        if let Value::Bool(value) = value {
            return self.truth(field, comparison, *value);
        }
        if let (Kept::Moment, Value::Date(date)) = (self.kept(field), value) {
            return self.day(field, comparison, *date);
        }
        match self.becomes(field, comparison, value) {
            Becomes::Comparison(Comparison::Ne, value) => {
                // Null differs from every value, as it does for a client. A column may have no such value, as one of
                // addresses has no `A`: then the comparison is null.
                self.text.push_str("not ifnull(");
                if self.has_empty(field) {
                    self.with_nulls(field);
                } else {
                    self.compared(field);
                }
                self.text.push_str(" = ");
                self.parameter(field, value);
                self.text.push_str(", false)");
            }
            // By an index, the server begins such a range behind the values that are equal to its bound.
            Becomes::Comparison(Comparison::Gte, value) if matches!(self.kept(field), Kept::Rounded(_)) => {
                self.text.push('(');
                self.compare_with(field, Comparison::Gt, value.clone());
                self.text.push_str(" or ");
                self.compare_with(field, Comparison::Eq, value);
                self.text.push(')');
            }
            Becomes::Comparison(comparison, value) => self.compare_with(field, comparison, value),
            Becomes::NotNull => self.null(field, false),
            Becomes::True => self.text.push_str("true"),
            Becomes::False => self.text.push_str("false"),
        }
    }

    fn compare_with(&mut self, field: usize, comparison: Comparison, value: Value) {
        if self.may_be(field, &value) {
            self.compared_by(field, comparison);
        } else {
            self.in_unicode(field);
        }
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

    /// The column, with null for the invalid value of an ENUM if its text would be that of a value. A cursor could not
    /// distinguish the two.
    pub(super) fn with_nulls(&mut self, field: usize) {
        let column = self.columns[field];
        if self.has_empty(field) {
            let _ = write!(self.text, "if({column} = 0, null, {column})");
        } else {
            self.text.push_str(column);
        }
    }

    /// Leaves out values that [`Self::with_nulls`] shows as null, if a test would find them as a text.
    pub(super) fn is_value(&mut self, field: usize) {
        if self.has_empty(field) {
            let _ = write!(self.text, " and {} <> 0", self.columns[field]);
        }
    }

    /// The same for the empty text, which would find the invalid value as well.
    pub(super) fn is_value_if_empty(&mut self, field: usize, value: &Value) {
        if matches!(value, Value::Text(text) if text.is_empty()) {
            self.is_value(field);
        }
    }

    /// Tests whether a field is null.
    pub(super) fn null(&mut self, field: usize, wanted: bool) {
        self.with_nulls(field);
        // `is null` would find dates of zero, where a column has no null.
        self.text.push_str(if wanted { " <=> null" } else { " is not null" });
    }

    /// Every number but 0 is true: a TINYINT(1) may hold others than 1.
    fn truth(&mut self, field: usize, comparison: Comparison, value: bool) {
        let column = self.columns[field];
        let _ = match (comparison, value) {
            (Comparison::Ne, true) => write!(self.text, "({column} = 0 or {column} <=> null)"),
            (Comparison::Ne, false) => write!(self.text, "not ({column} <=> 0)"),
            (_, true) => write!(self.text, "{column} <> 0"),
            (_, false) => write!(self.text, "{column} = 0"),
        };
    }

    /// A moment compares with a date as its own date does.
    fn day(&mut self, field: usize, comparison: Comparison, Date(date): Date) {
        let column = self.columns[field];
        let last = Time::from_hms_micro(23, 59, 59, 999_999).unwrap_or(Time::MIDNIGHT);
        let (first, last) = (date.midnight(), date.with_time(last));
        let (text, ends) = match comparison {
            Comparison::Eq => (format!("{column} between ? and ?"), vec![first, last]),
            Comparison::Ne => (format!("not ifnull({column} between ? and ?, false)"), vec![first, last]),
            Comparison::Lt => (format!("{column} < ?"), vec![first]),
            Comparison::Lte => (format!("{column} <= ?"), vec![last]),
            Comparison::Gt => (format!("{column} > ?"), vec![last]),
            Comparison::Gte => (format!("{column} >= ?"), vec![first]),
        };
        self.text.push_str(&text);
        self.values.extend(ends.into_iter().map(|end| Value::DateTime(end.into())));
    }

    fn becomes(&self, field: usize, comparison: Comparison, value: &Value) -> Becomes {
        if !self.may_be(field, value) {
            match comparison {
                Comparison::Eq => return Becomes::False,
                Comparison::Ne => return Becomes::True,
                Comparison::Lt | Comparison::Lte | Comparison::Gt | Comparison::Gte => {}
            }
        }
        if self.kept(field) == Kept::Year
            && let Some(number) = number(value)
        {
            return year(comparison, number);
        }
        let rounded;
        let value = match (self.kept(field), value) {
            (Kept::Rounded(_), Value::Float(number)) if !self.is_in_order => {
                rounded = exact(*number);
                &rounded
            }
            (_, value) => value,
        };
        if let Value::Decimal(value) = value
            && !matches!(self.kept(field), Kept::Float | Kept::Double)
            && let Some(cut) = value.cut(SCALE_MAX)
        {
            return between(comparison, cut < *value, Value::Decimal(cut));
        }
        if is_cut(FRACTION_MAX, value) {
            return between(comparison, true, cut(FRACTION_MAX, value));
        }
        let value = value.clone();
        Becomes::Comparison(
            comparison,
            match (comparison, self.kept.get(field)) {
                (Comparison::Eq | Comparison::Ne, Some(column)) => column.as_kept(value),
                _ => value,
            },
        )
    }

    /// Any of these values. The list is filled up to a power of two with its last value. Otherwise each length would be
    /// a statement of its own in the caches of the server and the driver.
    pub(super) fn one_of<'v>(&mut self, field: usize, values: impl Iterator<Item = &'v Value> + Clone) {
        if let Some(Value::Bool(first)) = values.clone().next() {
            let is_same = values.clone().all(|value| matches!(value, Value::Bool(value) if value == first));
            return if is_same { self.truth(field, Comparison::Eq, *first) } else { self.null(field, false) };
        }
        let mut operands: Vec<Value> = values
            .filter_map(|value| match self.becomes(field, Comparison::Eq, value) {
                Becomes::Comparison(_, value) => Some(value),
                Becomes::NotNull | Becomes::True | Becomes::False => None,
            })
            .collect();
        let Some(filler) = operands.last().cloned() else { return self.text.push_str("false") };
        let empty =
            operands.iter().find(|value| matches!(value, Value::Text(text) if text.is_empty())).cloned();
        operands.resize(operands.len().next_power_of_two(), filler);
        // MariaDB compares an expression of a view with a list of decimals in another way than with each of them.
        if matches!(self.kept(field), Kept::Moment | Kept::Rounded(_))
            || matches!(self.fields[field].ty, Type::Decimal { .. })
        {
            for (index, value) in operands.iter().enumerate() {
                self.text.push_str(if index == 0 { "(" } else { " or " });
                self.compare(field, Comparison::Eq, value);
            }
        } else {
            self.compared(field);
            for (index, value) in operands.into_iter().enumerate() {
                self.text.push_str(if index == 0 { " in (" } else { ", " });
                self.parameter(field, value);
            }
        }
        self.text.push(')');
        if let Some(empty) = empty {
            self.is_value_if_empty(field, &empty);
        }
    }

    /// A placeholder with its value.
    fn parameter(&mut self, field: usize, value: Value) {
        let value = match (self.kept(field), value) {
            (_, Value::Text(text)) if self.is_in_order && self.is_long(field) => {
                Value::Text(text.chars().take(self.sorted_chars(field) as usize).collect())
            }
            (Kept::Float, value) => match number(&value) {
                Some(number) => Value::Float(single(number)),
                None => value,
            },
            (Kept::Double, Value::Decimal(value)) => match value.as_str().parse() {
                Ok(number) => Value::Float(number),
                Err(_) => Value::Decimal(value),
            },
            (Kept::Binary16, Value::Uuid(uuid)) => Value::Bytes(Bytes(uuid.into_bytes().to_vec())),
            (_, value) => value,
        };
        if let Value::Decimal(decimal) = &value {
            // MariaDB would compare a bare string with a decimal as floating-point numbers. Stored values may have more
            // digits than the template says.
            let (whole, fraction) = decimal.digits();
            let (precision, scale) = match self.fields[field].ty {
                Type::Decimal { precision, scale, .. }
                    if fraction <= scale.into() && whole <= (precision - scale).into() =>
                {
                    (precision.into(), scale.into())
                }
                _ => (PRECISION_MAX, fraction.min(SCALE_MAX)),
            };
            let _ = write!(self.text, "cast(? as decimal({precision},{scale}))");
        } else {
            self.placeholder(field, &value);
        }
        self.values.push(value);
    }
}
