//! The correct form of constants of the wrong kind, if it is certain: `"5"` as 5, `0` as `false`.

use beds_protocol::value::Decimal;

use crate::{model::Type, span::Spanned, tree::Scalar};

/// A constant of another kind, converted to this type.
pub(super) fn converted(value: &Scalar, ty: &Type) -> Option<Scalar> {
    match ty {
        Type::Bool => match value {
            Scalar::Text(text) => match text.to_ascii_lowercase().as_str() {
                "true" | "yes" | "on" | "1" => Some(Scalar::Bool(true)),
                "false" | "no" | "off" | "0" => Some(Scalar::Bool(false)),
                _ => None,
            },
            Scalar::Int(0) => Some(Scalar::Bool(false)),
            Scalar::Int(1) => Some(Scalar::Bool(true)),
            _ => None,
        },
        Type::Int { .. } | Type::UInt { .. } => as_integer(value).map(Scalar::Int),
        Type::Float { .. } => as_number(value).map(Scalar::Float),
        Type::Decimal { .. } => as_decimal(value).map(Scalar::Text),
        Type::String { .. } | Type::Text { .. } | Type::Enum { .. } => match value {
            Scalar::Int(number) => Some(Scalar::Text(number.to_string())),
            Scalar::Bool(flag) => Some(Scalar::Text(flag.to_string())),
            Scalar::Moment(text) => Some(Scalar::Text(text.clone())),
            Scalar::Float(_) | Scalar::Text(_) => None,
        },
        _ => None,
    }
}

/// A constant as an integer, if it is an integer in another form.
pub(super) fn as_integer(value: &Scalar) -> Option<i128> {
    match value {
        Scalar::Text(text) => text.trim().parse().ok(),
        // `2.000` may mean two thousand.
        _ => None,
    }
}

/// A whole number with a point and one 0 after it, such as `40.0`, as an integer.
pub(super) fn without_point(value: &Spanned<Scalar>) -> Option<i128> {
    let Scalar::Float(number) = value.value else { return None };
    let shown = format!("{number:?}");
    // More digits after the point may mean thousands.
    let is_as_shown = shown.len() == value.span.end - value.span.start;
    shown.strip_suffix(".0").filter(|_| is_as_shown)?.parse().ok()
}

/// A constant as a number, if it is a number in quotes.
pub(super) fn as_number(value: &Scalar) -> Option<f64> {
    match value {
        Scalar::Text(text) => pointed(text.trim()).parse::<f64>().ok().filter(|number| number.is_finite()),
        _ => None,
    }
}

/// A number with a decimal comma, written with a point. Three digits after the comma may mean thousands.
fn pointed(text: &str) -> String {
    match text.split_once(',') {
        Some((_, fraction)) if fraction.len() != 3 => text.replacen(',', ".", 1),
        _ => text.to_owned(),
    }
}

/// A constant as the text of a decimal, if it is a number.
pub(super) fn as_decimal(value: &Scalar) -> Option<String> {
    match value {
        Scalar::Float(number) if number.is_finite() => Some(number.to_string()),
        Scalar::Text(text) => {
            let point = pointed(text.trim());
            point.parse::<Decimal>().is_ok().then_some(point)
        }
        _ => None,
    }
}
