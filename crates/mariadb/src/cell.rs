//! Values to parameters, and cells of a row to values.

use beds_protocol::value::{Bytes, Date, DateTime, Time};
use sqlx::{
    Arguments as _, Column as _, Row as _, TypeInfo as _, ValueRef as _,
    mysql::{MySqlArguments, MySqlRow},
};

use beds_core::{
    cursor::ZERO_DATE,
    spec::{Domain, Field, Type},
    value::{Value, write_name},
};

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

/// The kinds of columns that the wire tells apart.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Signed,
    Unsigned,
    Float,
    Decimal,
    Date,
    Time,
    DateTime,
    /// Text, or bytes that may be text: MariaDB calls a `UUID` BINARY, and JSON a BLOB.
    Octets,
}

fn kind(row: &MySqlRow, index: usize) -> Kind {
    match row.column(index).type_info().name() {
        "BOOLEAN" | "TINYINT" | "SMALLINT" | "MEDIUMINT" | "INT" | "BIGINT" => Kind::Signed,
        "FLOAT" | "DOUBLE" => Kind::Float,
        "DECIMAL" => Kind::Decimal,
        "DATE" => Kind::Date,
        "TIME" => Kind::Time,
        "DATETIME" | "TIMESTAMP" => Kind::DateTime,
        "BIT" | "YEAR" => Kind::Unsigned,
        name if name.ends_with("UNSIGNED") => Kind::Unsigned,
        _ => Kind::Octets,
    }
}

/// A cell as a value of the type that the template declares.
pub(crate) fn read(row: &MySqlRow, index: usize, ty: &Type) -> Result<Value, sqlx::Error> {
    if row.try_get_raw(index)?.is_null() {
        return Ok(Value::Null);
    }
    let kind = kind(row, index);
    let value = match ty {
        Type::Bool => match kind {
            Kind::Unsigned => Value::Bool(row.try_get_unchecked::<u64, _>(index)? != 0),
            _ => Value::Bool(row.try_get_unchecked::<i64, _>(index)? != 0),
        },
        Type::Int { .. } => Value::Int(match kind {
            Kind::Signed => row.try_get_unchecked(index)?,
            Kind::Unsigned => {
                i64::try_from(row.try_get_unchecked::<u64, _>(index)?).map_err(unexpected(index))?
            }
            // An aggregate over integers is a decimal.
            _ => row.try_get_unchecked::<&str, _>(index)?.parse().map_err(unexpected(index))?,
        }),
        Type::UInt { .. } => Value::UInt(match kind {
            Kind::Unsigned => row.try_get_unchecked(index)?,
            Kind::Signed => {
                u64::try_from(row.try_get_unchecked::<i64, _>(index)?).map_err(unexpected(index))?
            }
            _ => row.try_get_unchecked::<&str, _>(index)?.parse().map_err(unexpected(index))?,
        }),
        Type::Float { .. } => Value::Float(float(row, index, kind)?),
        Type::Decimal { .. } => match kind {
            Kind::Float => {
                Value::Decimal(float(row, index, kind)?.to_string().parse().map_err(unexpected(index))?)
            }
            _ => Value::Decimal(text(row, index, kind)?.parse().map_err(unexpected(index))?),
        },
        Type::String { .. } | Type::Text { .. } | Type::Enum { .. } | Type::ObjectId => {
            Value::Text(text(row, index, kind)?)
        }
        Type::Uuid => Value::Uuid(match row.try_get_unchecked::<&[u8], _>(index)? {
            // BINARY(16) holds the bytes, CHAR(36) and UUID the text.
            bytes if bytes.len() == 16 => uuid::Uuid::from_slice(bytes).map_err(unexpected(index))?,
            bytes => uuid::Uuid::try_parse_ascii(bytes).map_err(unexpected(index))?,
        }),
        Type::Bytes { .. } => Value::Bytes(Bytes(row.try_get_unchecked(index)?)),
        Type::Date => Value::Date(Date(row.try_get_unchecked(index)?)),
        Type::Time => Value::Time(Time(row.try_get_unchecked(index)?)),
        Type::DateTime => match kind {
            Kind::Date => {
                let date: time::Date = row.try_get_unchecked(index)?;
                Value::DateTime(DateTime::from(date.midnight()))
            }
            _ => Value::DateTime(DateTime::from(row.try_get_unchecked::<time::PrimitiveDateTime, _>(index)?)),
        },
        Type::Json | Type::List { .. } | Type::Object { .. } => {
            let text: &str = row.try_get_unchecked(index)?;
            Value::Json(serde_json::from_str(text).map_err(unexpected(index))?)
        }
    };
    Ok(value)
}

/// A cell as it has to be written back by an update of other fields: what the wire form would change stays as it is.
pub(crate) fn read_to_keep(row: &MySqlRow, index: usize, ty: &Type) -> Result<Value, sqlx::Error> {
    Ok(match read(row, index, ty)? {
        Value::Null if is_zero_date(row, index) => Value::Text(ZERO_DATE.to_owned()),
        // A TINYINT(1) may hold other numbers than 0 and 1.
        Value::Bool(true) if kind(row, index) == Kind::Signed => Value::Int(row.try_get_unchecked(index)?),
        // Long numbers, repeated members and spaces would not survive.
        Value::Json(_) => Value::Text(row.try_get_unchecked(index)?),
        value => value,
    })
}

/// Whether a cell that [`read`] takes for null holds a date of zero, as sqlx has it: it calls both null.
fn is_zero_date(row: &MySqlRow, index: usize) -> bool {
    // Decoding a value that is truly null fails.
    row.try_get_unchecked::<&[u8], _>(index).is_ok()
}

/// A cell as a cursor holds it: a date of zero is null on the wire, but does not sort as null does.
pub(crate) fn read_for_cursor(row: &MySqlRow, index: usize, ty: &Type) -> Result<Value, sqlx::Error> {
    Ok(match read(row, index, ty)? {
        Value::Null if is_zero_date(row, index) => Value::Text(ZERO_DATE.to_owned()),
        value => value,
    })
}

/// The value of an OUT parameter, which MariaDB sends like a column, but for a BIT: that is text.
pub(crate) fn read_out(row: &MySqlRow, index: usize, ty: &Type) -> Result<Value, sqlx::Error> {
    if row.try_get_raw(index)?.is_null() || row.column(index).type_info().name() != "BIT" {
        return read(row, index, ty);
    }
    let text = std::str::from_utf8(row.try_get_unchecked::<&[u8], _>(index)?).map_err(unexpected(index))?;
    let bits: u64 = text.parse().map_err(unexpected(index))?;
    Ok(match ty {
        Type::Bool => Value::Bool(bits != 0),
        Type::UInt { .. } => Value::UInt(bits),
        _ => Value::Int(i64::try_from(bits).map_err(unexpected(index))?),
    })
}

fn float(row: &MySqlRow, index: usize, kind: Kind) -> Result<f64, sqlx::Error> {
    match (kind, row.column(index).type_info().name()) {
        // Through the shorter form, so that 0.1 stays 0.1 and does not become 0.10000000149….
        (Kind::Float, "FLOAT") => {
            let value: f32 = row.try_get_unchecked(index)?;
            value.to_string().parse().map_err(unexpected(index))
        }
        (Kind::Float, _) => row.try_get_unchecked(index),
        _ => text(row, index, kind)?.parse().map_err(unexpected(index)),
    }
}

fn text(row: &MySqlRow, index: usize, kind: Kind) -> Result<String, sqlx::Error> {
    Ok(match kind {
        Kind::Signed => row.try_get_unchecked::<i64, _>(index)?.to_string(),
        Kind::Unsigned => row.try_get_unchecked::<u64, _>(index)?.to_string(),
        Kind::Float => row.try_get_unchecked::<f64, _>(index)?.to_string(),
        Kind::Date => Date(row.try_get_unchecked(index)?).to_string(),
        Kind::Time => Time(row.try_get_unchecked(index)?).to_string(),
        Kind::DateTime => {
            DateTime::from(row.try_get_unchecked::<time::PrimitiveDateTime, _>(index)?).to_string()
        }
        Kind::Decimal | Kind::Octets => row.try_get_unchecked(index)?,
    })
}

/// Appends a row as a JSON object; its columns are these fields of the domain.
pub(crate) fn write_row(
    row: &MySqlRow,
    domain: &Domain,
    fields: impl IntoIterator<Item = usize>,
    out: &mut Vec<u8>,
) -> Result<(), sqlx::Error> {
    out.push(b'{');
    for (column, field) in fields.into_iter().enumerate() {
        let field = &domain.fields[field];
        write_name(out, column == 0, field.name);
        read(row, column, &field.ty).map_err(|error| named(error, field))?.write_json(out);
    }
    out.push(b'}');
    Ok(())
}

/// A column's error, by its field's name instead of its number.
fn named(error: sqlx::Error, field: &Field) -> sqlx::Error {
    match error {
        sqlx::Error::ColumnDecode { source, .. } => sqlx::Error::ColumnDecode {
            index: format!("`{}` of the field `{}`", field.column, field.name),
            source,
        },
        error => error,
    }
}

/// A cell as the column's own type suggests: for results that no template describes.
pub(crate) fn read_as_it_comes(row: &MySqlRow, index: usize) -> Result<Value, sqlx::Error> {
    if row.try_get_raw(index)?.is_null() {
        return Ok(Value::Null);
    }
    let ty = match kind(row, index) {
        Kind::Signed => Type::INT,
        Kind::Unsigned => Type::uint(0, u64::MAX),
        Kind::Float => Type::FLOAT,
        Kind::Decimal => Type::decimal(65, 38, None, None),
        Kind::Date => Type::Date,
        Kind::Time => Type::Time,
        Kind::DateTime => Type::DateTime,
        Kind::Octets => {
            let bytes: &[u8] = row.try_get_unchecked(index)?;
            return Ok(match std::str::from_utf8(bytes) {
                Ok(text) => Value::Text(text.to_owned()),
                Err(_) => Value::Bytes(Bytes(bytes.to_vec())),
            });
        }
    };
    read(row, index, &ty)
}

/// Appends a row as a JSON object by column name.
pub(crate) fn write_as_it_comes(row: &MySqlRow, out: &mut Vec<u8>) -> Result<(), sqlx::Error> {
    out.push(b'{');
    for (index, column) in row.columns().iter().enumerate() {
        write_name(out, index == 0, column.name());
        read_as_it_comes(row, index)?.write_json(out);
    }
    out.push(b'}');
    Ok(())
}

fn unexpected<E: std::error::Error + Send + Sync + 'static>(index: usize) -> impl Fn(E) -> sqlx::Error {
    move |error| sqlx::Error::ColumnDecode { index: index.to_string(), source: Box::new(error) }
}
