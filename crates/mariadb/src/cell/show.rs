//! A cell as a value of the type that the template declares, or why the wire cannot show it.

use beds_protocol::{
    Json,
    value::{Bytes, DateTime},
};

use beds_core::{spec::Type, value::Value};

use super::raw::{self, Raw};

/// The end of the sentence "the field holds …, which …".
pub(super) type Reason = &'static str;

const NO_TEXT: Reason = "is not text in UTF-8";

/// A cell as a value of this type.
pub(super) fn show(cell: Raw<'_>, ty: &Type) -> Result<Value, Reason> {
    let cell = match cell {
        Raw::Foreign(_, Some(text)) => Raw::Octets(text, false),
        Raw::Foreign(_, None) => return Err(FOREIGN),
        Raw::NoValue => return Err(NO_VALUE),
        cell => cell,
    };
    Ok(match ty {
        Type::Bool => Value::Bool(truth(cell)?),
        Type::Int { .. } => {
            Value::Int(i64::try_from(integer(cell)?).map_err(|_| "exceeds a signed 64-bit integer")?)
        }
        Type::UInt { .. } => {
            Value::UInt(u64::try_from(integer(cell)?).map_err(|_| "exceeds an unsigned 64-bit integer")?)
        }
        Type::Float { .. } => Value::Float(float(cell)?),
        Type::Decimal { .. } => Value::Decimal(match cell {
            Raw::Decimal(text) => raw::decimal(text)?,
            Raw::Octets(bytes, _) => raw::decimal(text(bytes)?)?,
            Raw::Float(_) | Raw::Double(_) | Raw::Rounded(..) | Raw::Int(_) | Raw::UInt(_) | Raw::Bits(_) => {
                raw::decimal(&cell.to_string())?
            }
            _ => return Err("is not a decimal number"),
        }),
        Type::String { .. } | Type::Text { .. } | Type::ObjectId => Value::Text(any_text(cell)?),
        Type::Enum { values } => match any_text(cell)? {
            // An ENUM stores the empty text for a value that is none of its own.
            text if text.is_empty() && !values.contains(&"") => return Err(NO_VALUE),
            text => Value::Text(text),
        },
        Type::Uuid => match cell {
            // BINARY(16) holds the bytes, CHAR(36) and UUID the text.
            Raw::Octets(bytes, true) if bytes.len() == 16 => {
                Value::Uuid(uuid::Uuid::from_slice(bytes).map_err(|_| NO_UUID)?)
            }
            Raw::Octets(bytes, is_exact) => Value::Uuid(written(bytes, is_exact)?),
            _ => return Err(NO_UUID),
        },
        Type::Bytes { .. } => Value::Bytes(Bytes(match cell {
            Raw::Octets(bytes, _) | Raw::Bits(bytes) => bytes.to_vec(),
            cell => cell.to_string().into_bytes(),
        })),
        Type::Date => Value::Date(match cell {
            // For a moment, only its date.
            Raw::Date(moment) | Raw::DateTime(moment) => moment.date()?,
            Raw::Octets(bytes, _) => text(bytes)?.parse().map_err(|_| "is not a date")?,
            _ => return Err("is not a date"),
        }),
        Type::Time => Value::Time(match cell {
            Raw::Time(span) => span.time()?,
            Raw::Octets(bytes, _) => text(bytes)?.parse().map_err(|_| "is not a time of day")?,
            _ => return Err("is not a time of day"),
        }),
        Type::DateTime => Value::DateTime(match cell {
            Raw::Date(moment) | Raw::DateTime(moment) => moment.moment()?,
            Raw::Octets(bytes, _) => text(bytes)?.parse::<DateTime>().map_err(|_| "is not a moment")?,
            _ => return Err("is not a moment"),
        }),
        Type::Json | Type::List { .. } | Type::Object { .. } => Value::Json(match cell {
            Raw::Octets(bytes, _) => Json::of_any(bytes).map_err(|_| NO_JSON)?,
            Raw::Date(_) | Raw::DateTime(_) | Raw::Time(_) => cell.to_string().into(),
            cell => serde_json::from_str(&cell.to_string()).map_err(|_| NO_JSON)?,
        }),
    })
}

/// Unicode lacks the characters, or has one for two of the set.
const FOREIGN: Reason = "has characters without a code of their own in Unicode";
const NO_VALUE: Reason = "is not one of its values";
const NO_UUID: Reason = "is not a UUID";
const OTHER_UUID: Reason = "is a UUID in another form than the one that look-ups use";
const NO_JSON: Reason = "is not JSON that can be sent";

/// The UUID of a text that compares equal to its form on the wire.
fn written(bytes: &[u8], is_exact: bool) -> Result<uuid::Uuid, Reason> {
    let uuid = uuid::Uuid::try_parse_ascii(bytes).map_err(|_| NO_UUID)?;
    let mut own = [0; 36];
    let own = uuid.hyphenated().encode_lower(&mut own).as_bytes();
    let is_same = if is_exact { own == bytes } else { own.eq_ignore_ascii_case(bytes) };
    if is_same { Ok(uuid) } else { Err(OTHER_UUID) }
}

pub(super) fn text(bytes: &[u8]) -> Result<&str, Reason> {
    std::str::from_utf8(bytes).map_err(|_| NO_TEXT)
}

/// The text of any column.
fn any_text(cell: Raw<'_>) -> Result<String, Reason> {
    match cell {
        Raw::Octets(bytes, _) => text(bytes).map(str::to_owned),
        // A moment has one form on the wire.
        Raw::DateTime(moment) => {
            Ok(moment.moment().map_or_else(|_| cell.to_string(), |moment| moment.to_string()))
        }
        cell => Ok(cell.to_string()),
    }
}

fn truth(cell: Raw<'_>) -> Result<bool, Reason> {
    match cell {
        Raw::Int(value) => Ok(value != 0),
        Raw::UInt(value) => Ok(value != 0),
        Raw::Bits(bytes) => Ok(raw::bits(bytes) != 0),
        cell => float(cell).map(|value| value != 0.0).map_err(|_| "is not a boolean"),
    }
}

fn integer(cell: Raw<'_>) -> Result<i128, Reason> {
    match cell {
        Raw::Int(value) => Ok(value.into()),
        Raw::UInt(value) => Ok(value.into()),
        Raw::Bits(bytes) => Ok(raw::bits(bytes).into()),
        // An aggregate over integers is a decimal.
        cell => whole(&any_text(cell)?).ok_or("is not an integer"),
    }
}

/// The integer that a text holds, also if it has a fraction of zeros.
fn whole(text: &str) -> Option<i128> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.bytes().all(|digit| digit == b'0') { whole.parse().ok() } else { None }
}

fn float(cell: Raw<'_>) -> Result<f64, Reason> {
    const NO_NUMBER: Reason = "is not a number";
    match cell {
        Raw::Float(value) => Ok(raw::short(value)),
        Raw::Double(value) => Ok(value),
        Raw::Date(_) | Raw::DateTime(_) | Raw::Time(_) => Err(NO_NUMBER),
        cell => {
            let number: f64 = any_text(cell)?.parse().map_err(|_| NO_NUMBER)?;
            if number.is_finite() { Ok(number) } else { Err(NO_NUMBER) }
        }
    }
}
