//! Values that MariaDB would change, and which the node refuses instead.

use std::cmp::Ordering;

use beds_core::{
    spec::{Domain, mariadb::Procedure},
    validate::Errors,
    value::Value,
};
use beds_protocol::value::Decimal;

use crate::{
    cell::short,
    columns::{Column, Kept},
    fault::Fault,
    meaning::{has_fraction, is_cut, is_place, is_year, number},
    parameters::Takes,
};

/// A value of a request: the path before its field, the field, and the value.
pub(crate) type Given<'v> = (String, usize, &'v Value);

/// Refuses values that MariaDB would change: it stores the year 5 as 2005, and `'1'` in an ENUM as its first value. The
/// procedure's parameters decide first. If a parameter accepts anything, the column behind the view decides, since the
/// value most likely goes there.
pub(crate) fn refuse_others<'v>(
    domain: &Domain,
    (procedure, takes): (&Procedure, &[Takes]),
    columns: &[Column],
    values: impl Iterator<Item = Given<'v>>,
) -> Result<(), Fault> {
    let mut errors = Errors::default();
    for (path, field, value) in values {
        let parameter = Takes::of_field(takes, procedure, field);
        let reason = match parameter.and_then(|takes| takes.refuses(value)) {
            None if parameter.is_some_and(Takes::is_particular) => None,
            None => columns.get(field).and_then(|column| refused_by(column, value)).map(str::to_owned),
            refused => refused,
        };
        if let Some(reason) = reason {
            errors.push(path + domain.fields[field].name, reason);
        }
    }
    errors.or(()).map_err(Fault::Refused)
}

/// Refuses keys that their columns do not keep: the kept key is another record's.
pub(crate) fn refuse_changed<'v>(
    domain: &Domain,
    columns: &[Column],
    keys: impl Iterator<Item = Given<'v>>,
) -> Result<(), Fault> {
    let mut errors = Errors::default();
    for (path, field, value) in keys {
        if let Some(reason) = columns.get(field).and_then(|column| changed_by(column, value)) {
            errors.push(path + domain.fields[field].name, reason);
        }
    }
    errors.or(()).map_err(Fault::Refused)
}

/// Why a column keeps another value than this one of a key; `None` if it keeps this one.
pub(crate) fn changed_by(column: &Column, value: &Value) -> Option<String> {
    match (column.kept, column.scale) {
        (Kept::Fraction(0), _) => {
            is_cut(0, value).then(|| "must have no fraction of a second, as its column has none".to_owned())
        }
        (Kept::Fraction(digits), _) => is_cut(digits, value)
            .then(|| format!("must have at most {digits} digits of a second's fraction, as its column has")),
        (_, Some(0)) => {
            has_fraction(value, 0).then(|| "must have no fraction, as its column has none".to_owned())
        }
        (Kept::Rounded(digits), _) | (_, Some(digits)) => has_fraction(value, digits.into())
            .then(|| format!("must have at most {digits} digits after the point, as its column has")),
        (Kept::Float, _) => (!is_same(value, nearest_float))
            .then(|| "must have at most some seven digits: its column is a FLOAT".to_owned()),
        (Kept::Double, _) => (!is_same(value, |number| number))
            .then(|| "must have at most some 15 digits: its column is a DOUBLE".to_owned()),
        _ => None,
    }
}

/// A number as a FLOAT shows it.
fn nearest_float(number: f64) -> f64 {
    #[allow(clippy::cast_possible_truncation, reason = "the nearest one is meant")]
    short(number as f32)
}

/// Whether a number is still the same after it was kept in binary.
fn is_same(value: &Value, keep: impl Fn(f64) -> f64) -> bool {
    let (Some(nearest), Some(exact)) = (number(value), exact(value)) else { return true };
    Decimal::of_double(keep(nearest)).is_some_and(|kept| kept.partial_cmp(&exact) == Some(Ordering::Equal))
}

/// A number with all its digits.
fn exact(value: &Value) -> Option<Decimal> {
    match value {
        Value::Int(number) => number.to_string().parse().ok(),
        Value::UInt(number) => number.to_string().parse().ok(),
        Value::Float(number) => Decimal::of_double(*number),
        Value::Decimal(number) => Some(number.clone()),
        _ => None,
    }
}

/// Why a column would change this value; `None` if it would not.
fn refused_by(column: &Column, value: &Value) -> Option<&'static str> {
    match (column.kept, value) {
        (Kept::Year, value) if !is_year_of(value) => {
            Some("must be 0 or a year from 1901 to 2155: the column keeps no others")
        }
        (Kept::Position(_), Value::Text(text)) if is_place(text) && !column.numbers.contains(text) => {
            Some("must be one of the column's values, not the position of one")
        }
        _ => None,
    }
}

pub(crate) fn is_year_of(value: &Value) -> bool {
    number(value).is_none_or(is_year)
}
