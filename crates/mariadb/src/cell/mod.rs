//! Values to parameters, and cells of a row to values.

mod parts;
mod raw;
mod row;
mod show;

use sqlx::{
    Arguments as _,
    mysql::{MySqlArguments, MySqlRow},
};

use beds_core::{
    spec::{Field, Type},
    unshown::Unshown,
    value::Value,
};

use self::{
    parts::Part,
    raw::Raw,
    show::{Reason, show, text},
};

pub(crate) use self::{raw::short, row::Reply};

/// Parameters of a statement, in order.
pub(crate) fn bind<'a>(values: impl IntoIterator<Item = &'a Value>) -> Result<MySqlArguments, sqlx::Error> {
    let mut arguments = MySqlArguments::default();
    for value in values {
        let added = match value {
            Value::Null => arguments.add(None::<String>),
            Value::Bool(value) => arguments.add(value),
            Value::Int(value) => arguments.add(value),
            Value::UInt(value) => arguments.add(value),
            Value::Float(value) => arguments.add(value),
            // As text: MariaDB's decimals have more digits than any machine type.
            Value::Decimal(value) => arguments.add(value.as_str()),
            Value::Text(value) => arguments.add(value.as_str()),
            Value::Bytes(value) => arguments.add(value.0.as_slice()),
            Value::Uuid(value) => arguments.add(value.hyphenated().to_string()),
            Value::Date(value) => arguments.add(value.0),
            Value::Time(value) => arguments.add(value.0),
            Value::DateTime(value) => arguments.add(value.to_primitive()),
            // MariaDB has neither lists nor objects: they are JSON, in their wire form.
            Value::Json(_) | Value::List(_) | Value::Object(_) | Value::ObjectId(_) => {
                let mut json = Vec::new();
                value.write_json(&mut json);
                arguments.add(String::from_utf8_lossy(&json).into_owned())
            }
        };
        added.map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}

/// A cell as a value of the type that the template declares; `None` if the wire cannot show it.
pub(crate) fn read(row: &MySqlRow, index: usize, ty: &Type) -> Result<Option<Value>, sqlx::Error> {
    Ok(match Raw::of(row, index)? {
        Some(cell) => show(cell, ty).ok(),
        None => Some(Value::Null),
    })
}

/// A cell that a procedure gives back, as a value of its field. If the wire cannot show it, it is null, and noted.
pub(crate) fn read_returned(
    row: &MySqlRow,
    index: usize,
    field: &Field,
    unshown: &mut Unshown,
) -> Result<Value, sqlx::Error> {
    let Some(cell) = Raw::of(row, index)? else { return Ok(Value::Null) };
    let place = format_args!("data.{}", field.name);
    Ok(show_parts(cell, &field.ty, Part::of(&place, field), unshown).unwrap_or_else(|reason| {
        unshown.add(place, field, row::stored(cell, &field.ty), reason);
        Value::Null
    }))
}

/// A cell as a value of this type. Parts that the wire cannot show are null, and noted.
fn show_parts(cell: Raw<'_>, ty: &Type, part: Part<'_>, unshown: &mut Unshown) -> Result<Value, Reason> {
    Ok(match (show(cell, ty)?, ty) {
        (Value::Json(json), Type::List { .. } | Type::Object { .. }) => parts::typed(json, ty, part, unshown),
        (value, _) => value,
    })
}

/// A cell as it compares: the stored value, even if the wire cannot show it.
pub(crate) fn read_stored(row: &MySqlRow, index: usize) -> Result<Value, sqlx::Error> {
    Ok(Raw::of(row, index)?.map_or(Value::Null, Raw::stored))
}

/// A cell as it has to be written back by an update of other fields.
pub(crate) fn read_to_keep(row: &MySqlRow, index: usize, ty: &Type) -> Result<Value, sqlx::Error> {
    let Some(cell) = Raw::of(row, index)? else { return Ok(Value::Null) };
    Ok(match (ty, cell) {
        // Procedures expect these in the form that clients send.
        (Type::Uuid, Raw::Octets(bytes, _)) if bytes.len() != 16 => cell.stored(),
        (Type::Uuid | Type::Bytes { .. }, _) => show(cell, ty).unwrap_or_else(|_| cell.stored()),
        _ => cell.stored(),
    })
}

/// Whether no parameter accepts the cell's content: a day that no calendar has, the empty value of an ENUM, or a text
/// that does not come back from Unicode.
pub(crate) fn is_unpassable(row: &MySqlRow, index: usize, is_enum: bool) -> Result<bool, sqlx::Error> {
    Ok(match Raw::of(row, index)? {
        Some(Raw::Date(moment) | Raw::DateTime(moment)) => moment.moment().is_err(),
        Some(Raw::Octets(text, _)) => is_enum && text.is_empty(),
        Some(Raw::Foreign(..) | Raw::NoValue) => true,
        _ => false,
    })
}

/// A cell as the column's own type suggests: for results that no template describes.
fn as_it_comes(cell: Raw<'_>) -> Result<Value, Reason> {
    match cell {
        Raw::Date(_) => show(cell, &Type::Date),
        Raw::DateTime(_) => show(cell, &Type::DateTime),
        Raw::Time(_) => show(cell, &Type::Time),
        cell => Ok(cell.stored()),
    }
}

/// The value of an OUT parameter. MariaDB sends it like a column, except for a BIT: it sends the text of the number.
fn out(row: &MySqlRow, index: usize) -> Result<Option<Raw<'_>>, sqlx::Error> {
    Ok(Raw::of(row, index)?.map(|cell| match cell {
        Raw::Bits(text) => {
            let number = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
            number.map_or(cell, Raw::UInt)
        }
        cell => cell,
    }))
}
