//! Constants of the wrong kind as they should be written, where that is sure: `"5"` as 5, `0` as `false`.

use beds_protocol::value::Decimal;

use crate::{model::Type, tree::Scalar};

/// A constant of another kind as one of this type, as it is written.
pub(super) fn converted(value: &Scalar, ty: &Type) -> Option<String> {
    match ty {
        Type::Bool => match value {
            Scalar::Text(text) => match text.to_ascii_lowercase().as_str() {
                "true" | "yes" | "on" | "1" => Some("true".to_owned()),
                "false" | "no" | "off" | "0" => Some("false".to_owned()),
                _ => None,
            },
            Scalar::Int(0) => Some("false".to_owned()),
            Scalar::Int(1) => Some("true".to_owned()),
            _ => None,
        },
        Type::Int { .. } | Type::UInt { .. } => as_integer(value),
        Type::Float { .. } => as_number(value),
        Type::Decimal { .. } => as_decimal(value),
        Type::String { .. } | Type::Text { .. } | Type::Enum { .. } => match value {
            Scalar::Int(number) => Some(format!("\"{number}\"")),
            Scalar::Bool(flag) => Some(format!("\"{flag}\"")),
            Scalar::Moment(text) => Some(format!("\"{text}\"")),
            Scalar::Float(_) | Scalar::Text(_) => None,
        },
        _ => None,
    }
}

/// A constant as an integer, if it is one written in another way.
pub(super) fn as_integer(value: &Scalar) -> Option<String> {
    match value {
        Scalar::Text(text) => text.trim().parse::<i128>().ok().map(|number| number.to_string()),
        // `2.000` may be two thousand.
        _ => None,
    }
}

/// A constant as a number, if it is one in quotes.
pub(super) fn as_number(value: &Scalar) -> Option<String> {
    match value {
        Scalar::Text(text) => pointed(text.trim())
            .parse::<f64>()
            .ok()
            .filter(|number| number.is_finite())
            .map(|number| format!("{number:?}")),
        _ => None,
    }
}

/// A number with a comma before its fraction as one with a point. Three digits behind it may be thousands.
fn pointed(text: &str) -> String {
    match text.split_once(',') {
        Some((_, fraction)) if fraction.len() != 3 => text.replacen(',', ".", 1),
        _ => text.to_owned(),
    }
}

/// A constant as the text of a decimal, if it is a number.
pub(super) fn as_decimal(value: &Scalar) -> Option<String> {
    match value {
        Scalar::Float(number) if number.is_finite() => Some(format!("\"{number}\"")),
        Scalar::Text(text) => {
            let point = text.trim().replace(',', ".");
            point.parse::<Decimal>().is_ok().then(|| format!("\"{point}\""))
        }
        _ => None,
    }
}
