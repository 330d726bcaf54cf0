//! How the database changes values, before and after they are written.

use std::{cmp::Ordering, sync::Arc};

use beds_core::{
    Error,
    spec::{
        Domain, Type,
        mariadb::{Procedure, Source},
    },
    validate::Errors,
    value::Value,
};
use beds_protocol::{
    ErrorCode,
    value::{Bytes, DateTime, Decimal, Time},
};
use sqlx::{MySqlConnection, mysql::MySqlRow};

use crate::{
    cell::{self, short},
    columns::{Column, Columns, Empty, Kept},
    fault::Fault,
    meaning::{cut, has_fraction, is_cut, is_place, is_year, number},
    parameters::Takes,
};

/// How the columns of the domain's source keep their values. Without a readable source nothing is known.
pub(super) async fn columns(
    connection: &mut MySqlConnection,
    domain: &'static Domain,
    source: Option<&'static Source>,
    known: &Columns,
) -> Result<Arc<[Column]>, Fault> {
    match source {
        Some(source) => {
            optional(domain, known.of(connection, domain, source).await).map(Option::unwrap_or_default)
        }
        None => Ok(Arc::default()),
    }
}

/// The result of a read that serves the reply alone: its refusal does not undo the write.
pub(super) fn optional<T>(domain: &Domain, read: Result<T, Fault>) -> Result<Option<T>, Fault> {
    own(domain, read).map(Result::ok)
}

/// The same, with the refusal.
pub(super) fn own<T>(domain: &Domain, read: Result<T, Fault>) -> Result<Result<T, Error>, Fault> {
    match read {
        Ok(read) => Ok(Ok(read)),
        Err(Fault::Refused(error)) => {
            tracing::warn!(template = domain.name, "what is written cannot be read back: {error}");
            Ok(Err(error))
        }
        Err(fault) => Err(fault),
    }
}

/// The procedure accepted the record and did nothing with it.
pub(super) fn nothing_written(domain: &Domain) -> Error {
    let message = format!("the database wrote no record of `{}`: its procedure changed no row", domain.name);
    Error::new(ErrorCode::RejectedByDatabase, message)
        .hint("the DBA lets the procedure signal why it refuses a record")
}

/// A value of a key as its column keeps it: without the digits of a second's fraction and the spaces that the column
/// has no room for, and with the zeros that fill it up.
pub(super) fn stored(columns: &[Column], field: usize, value: &Value) -> Value {
    match (columns.get(field).map(|column| column.kept), value) {
        (Some(Kept::Fraction(digits)), value) => cut(digits, value),
        (Some(Kept::Char), Value::Text(text)) => Value::Text(text.trim_end_matches(' ').to_owned()),
        (Some(Kept::Padded(bytes)), Value::Bytes(short)) => {
            let mut long = short.0.clone();
            long.resize(long.len().max(usize::from(bytes)), 0);
            Value::Bytes(Bytes(long))
        }
        (Some(Kept::Padded(bytes)), Value::Text(short)) => {
            let missing = usize::from(bytes).saturating_sub(short.len());
            Value::Text(short.clone() + &"\0".repeat(missing))
        }
        (_, value) => value.clone(),
    }
}

/// Whether a parameter may change this value, and so find the record of another key: every number but 0 becomes true,
/// and a fraction, a trailing space or the part beyond the bounds may be cut off. A text with characters that the
/// column lacks is no key of a record, and the procedure can compare it with none.
pub(super) fn is_vague(ty: &Type, column: Option<&Column>, value: &Value) -> bool {
    if column.is_some_and(|column| !column.may_be(value) || changed_by(column, value).is_some()) {
        return true;
    }
    let kept = column.map(|column| column.kept);
    match (ty, value) {
        (Type::Bool, _) => true,
        (Type::Int { min, max }, Value::Int(number)) => {
            !(min..=max).contains(&number) || (kept == Some(Kept::Year) && !is_year_of(value))
        }
        (Type::UInt { min, max }, Value::UInt(number)) => !(min..=max).contains(&number),
        (Type::Decimal { precision, scale, .. }, Value::Decimal(number)) => {
            let (whole, fraction) = number.digits();
            fraction > usize::from(*scale) || whole > usize::from(precision - scale)
        }
        (Type::String { max, .. }, Value::Text(text)) => {
            // An ENUM takes a number for the position of a value.
            text.ends_with(' ')
                || text.chars().nth(*max as usize).is_some()
                || matches!(kept, Some(Kept::Position(_)))
        }
        (Type::Enum { values }, Value::Text(text)) => !values.contains(&text.as_str()),
        (_, Value::Time(Time(time))) => time.nanosecond() > 0,
        (_, Value::DateTime(DateTime(moment))) => moment.nanosecond() > 0,
        _ => false,
    }
}

/// A value as a parameter takes it. The short form of the greatest FLOAT is a number greater than any FLOAT, so the
/// full number is passed.
pub(super) fn passed(columns: &[Column], field: usize, value: &Value) -> Value {
    if let (Some(Kept::Float), Some(number)) = (columns.get(field).map(|column| column.kept), number(value)) {
        #[allow(clippy::cast_possible_truncation, reason = "the nearest one is meant")]
        let nearest = number as f32;
        if number.abs() > f64::from(f32::MAX) && nearest.is_finite() {
            return Value::Float(nearest.into());
        }
    }
    value.clone()
}

/// Whether no parameter takes the value of this column's cell.
pub(super) fn is_unpassable(
    row: &MySqlRow,
    index: usize,
    column: Option<&Column>,
) -> Result<bool, sqlx::Error> {
    let kept = column.map(|column| column.kept);
    if matches!(kept, Some(Kept::Rounded(_))) {
        return Ok(true);
    }
    cell::is_unpassable(row, index, matches!(kept, Some(Kept::Position(empty)) if empty != Empty::Members))
}

fn is_year_of(value: &Value) -> bool {
    number(value).is_none_or(is_year)
}

/// A value of a request: the path before its field, the field, and the value.
type Given<'v> = (String, usize, &'v Value);

/// Refuses values that MariaDB would change: it stores the year 5 as 2005, and `'1'` in an ENUM as its first value. The
/// procedure's parameters decide first. If a parameter accepts anything, the column behind the view decides, since the
/// value most likely goes there.
pub(super) fn refuse_others<'v>(
    domain: &Domain,
    (procedure, takes): (&Procedure, &[Takes]),
    columns: &[Column],
    values: impl Iterator<Item = Given<'v>>,
) -> Result<(), Fault> {
    let parameter = |field| {
        let at = procedure.args.iter().position(|arg| *arg == field);
        at.and_then(|at| takes.get(procedure.place(at)))
    };
    let mut errors = Errors::default();
    for (path, field, value) in values {
        let parameter = parameter(field);
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
pub(super) fn refuse_changed<'v>(
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
fn changed_by(column: &Column, value: &Value) -> Option<String> {
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

/// Refuses keys that parameters of the procedure shorten, though the columns keep them: the procedure would find another
/// record.
pub(super) fn refuse_shortened<'v>(
    domain: &Domain,
    (procedure, takes): (&Procedure, &[Takes]),
    columns: &[Column],
    keys: impl Iterator<Item = (usize, &'v Value)>,
) -> Result<(), Fault> {
    for (field, value) in keys {
        let at = procedure.args.iter().position(|arg| *arg == field);
        let takes = at.and_then(|at| takes.get(procedure.place(at)));
        if takes.is_some_and(|takes| takes.shortens(&stored(columns, field, value))) {
            return Err(Fault::Refused(shortened(domain, procedure, field)));
        }
    }
    Ok(())
}

fn shortened(domain: &Domain, procedure: &Procedure, field: usize) -> Error {
    let (name, of) = (domain.fields[field].name, procedure.name);
    let message = format!(
        "the procedure `{of}` shortens `{name}`, which is of the key of `{}`: it would write another record",
        domain.name
    );
    Error::new(ErrorCode::Conflict, message)
        .hint("the DBA gives the procedure's parameter the type of the column")
}

/// Why a column would change this value; `None` if it would not.
fn refused_by(column: &Column, value: &Value) -> Option<&'static str> {
    match (column.kept, value) {
        (Kept::Year, value) if !is_year_of(value) => {
            Some("must be 0 or a year from 1901 to 2155: the column keeps no others")
        }
        (Kept::Position(_), Value::Text(text)) if is_place(text) && !column.numbers.contains(text) => {
            Some("must be one of the column's values, not the place of one")
        }
        _ => None,
    }
}

/// The error of a UUID that MariaDB's type does not accept, with the field for which it was passed.
pub(super) fn explained<'v>(
    domain: &Domain,
    fault: Fault,
    path: &str,
    passed: impl Iterator<Item = (usize, &'v Value)>,
) -> Fault {
    let Fault::Refused(error) = fault else { return fault };
    let refused = error.message.strip_prefix(NO_UUID).and_then(|rest| rest.split('\'').next());
    let is_it =
        |value: &Value| matches!(value, Value::Uuid(uuid) if Some(uuid.to_string().as_str()) == refused);
    let mut errors = Errors::default();
    for (field, _) in passed.filter(|(_, value)| is_it(value)) {
        errors.push(
            format!("{path}{}", domain.fields[field].name),
            "must be a UUID of a version that the column takes",
        );
    }
    match errors.or(()) {
        Ok(()) => Fault::Refused(error),
        Err(explained) => Fault::Refused(explained),
    }
}

/// The start of MariaDB's message that refuses a UUID, which it quotes.
const NO_UUID: &str = "Incorrect uuid value: '";
