//! How the database changes values, before and after they are written.

use std::sync::Arc;

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
    value::{Bytes, DateTime, Time},
};
use sqlx::{MySqlConnection, mysql::MySqlRow};

use crate::{
    cell,
    columns::{Column, Columns, Empty, Kept},
    fault::Fault,
    meaning::{cut, number},
    parameters::Takes,
    refused::{changed_by, is_year_of},
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
            tracing::warn!(template = domain.name, "the written record cannot be read back: {error}");
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
        (Some(Kept::Char | Kept::Filled), Value::Text(text)) => {
            Value::Text(text.trim_end_matches(' ').to_owned())
        }
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
/// full number is passed. The members of a SET come in its order: a parameter that is a text would not compare as equal to
/// the column.
pub(super) fn passed(columns: &[Column], field: usize, value: &Value) -> Value {
    if let (Some(Kept::Float), Some(number)) = (columns.get(field).map(|column| column.kept), number(value)) {
        #[allow(clippy::cast_possible_truncation, reason = "the nearest one is meant")]
        let nearest = number as f32;
        if number.abs() > f64::from(f32::MAX) && nearest.is_finite() {
            return Value::Float(nearest.into());
        }
    }
    columns.get(field).map_or_else(|| value.clone(), |column| column.as_kept(value.clone()))
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

/// Refuses keys that parameters of the procedure shorten, though the columns keep them: the procedure would find another
/// record.
pub(super) fn refuse_shortened<'v>(
    domain: &Domain,
    (procedure, takes): (&Procedure, &[Takes]),
    columns: &[Column],
    keys: impl Iterator<Item = (usize, &'v Value)>,
) -> Result<(), Fault> {
    for (field, value) in keys {
        let takes = Takes::of_field(takes, procedure, field);
        // What the column keeps of a value is never longer than the value.
        let is_shortened =
            |takes: &Takes| takes.shortens(value) && takes.shortens(&stored(columns, field, value));
        if takes.is_some_and(is_shortened) {
            return Err(Fault::Refused(shortened(domain, procedure, field)));
        }
    }
    Ok(())
}

fn shortened(domain: &Domain, procedure: &Procedure, field: usize) -> Error {
    let (name, of) = (domain.fields[field].name, procedure.name);
    let message = format!(
        "the procedure `{of}` shortens `{name}`, a part of the key of `{}`, so it would write another record",
        domain.name
    );
    Error::new(ErrorCode::Conflict, message)
        .hint("the DBA gives the procedure's parameter the type of the column")
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
