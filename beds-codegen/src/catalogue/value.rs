//! Realistic values that a template's rules accept.

use beds_protocol::value::Decimal;
use serde_json::{Map, Value, json};

use super::pattern;
use crate::model::{Field, Literal, Supply, Type};

/// A value of a field; `None` if the generator cannot match the field's pattern.
pub(super) fn of_field(field: &Field) -> Option<Value> {
    match &field.supply {
        Supply::Default(literal) => Some(match literal {
            Literal::Bool(value) => json!(value),
            Literal::Int(value) => json!(value),
            Literal::Float(value) => json!(value),
            Literal::Text(value) => json!(value),
        }),
        Supply::Version => Some(json!(1)),
        Supply::Required | Supply::Optional | Supply::Generated(_) => of_type(&field.ty, &field.name),
    }
}

/// A value of a type. `name` is the name of the value.
pub(super) fn of_type(ty: &Type, name: &str) -> Option<Value> {
    Some(match ty {
        Type::Bool => json!(true),
        Type::Int { min, max } => json!(42.clamp(*min, *max)),
        Type::UInt { min, max } => json!(42.clamp(*min, *max)),
        Type::Float { min, max } => json!(1.5_f64.clamp(*min, *max)),
        Type::Decimal { precision, scale, min, max } => {
            json!(decimal(*precision, *scale, min.as_deref(), max.as_deref()))
        }
        Type::String { min, max, pattern: Some(pattern) } => json!(pattern::matching(pattern, *min, *max)?),
        Type::String { min, max, pattern: None } | Type::Text { min, max } => json!(text(name, *min, *max)),
        // "BEDS", or as much of it as fits.
        Type::Bytes { max } => json!(["Qg==", "QkU=", "QkVE", "QkVEUw=="][(*max).clamp(1, 4) as usize - 1]),
        Type::Uuid => json!("01936b2c-7f3e-7d4a-9c1b-3a5e8f2d6b07"),
        Type::Date => json!("2026-03-14"),
        Type::Time => json!("14:30:00"),
        Type::DateTime => json!("2026-03-14T14:30:00Z"),
        Type::Enum { values } => json!(values.first()?),
        Type::Json => json!({ "any": "JSON" }),
        Type::List { item, max: _ } => json!([of_type(&item.ty, name)?]),
        Type::Object { fields } => Value::Object(object(fields)?),
        Type::ObjectId => json!("65f2c1d09a3b4e5f60718293"),
    })
}

/// An object with all its members.
pub(super) fn object<'f>(fields: impl IntoIterator<Item = &'f Field>) -> Option<Map<String, Value>> {
    fields.into_iter().map(|field| Some((field.name.clone(), of_field(field)?))).collect()
}

/// 19.90, or the nearest number within the bounds, with all digits after the point.
fn decimal(precision: u8, scale: u8, min: Option<&str>, max: Option<&str>) -> String {
    let whole = usize::from(precision - scale);
    let usual = if whole >= 2 {
        "19.90"
    } else if whole == 1 {
        "1.90"
    } else {
        "0.90"
    };
    // A point without digits after it is cut off, too.
    let cut = if scale == 0 { usual.len() - 3 } else { usual.len() - 2 + usize::from(scale.min(2)) };
    let parse = |text: &str| text.parse::<Decimal>().ok();
    let [usual, min, max] = [Some(&usual[..cut]), min, max].map(|text| text.and_then(parse));
    let chosen = match (usual, min, max) {
        (Some(usual), Some(min), _) if usual < min => Some(min),
        (Some(usual), _, Some(max)) if usual > max => Some(max),
        (usual, ..) => usual,
    };
    chosen.map_or_else(|| "0".to_owned(), |decimal| decimal.canonical(scale.into()).to_string())
}

/// The name in words, at most `max` characters and at least `min`.
fn text(name: &str, min: u32, max: u32) -> String {
    let words = format!("example {}", name.replace('_', " "));
    words
        .chars()
        .chain(std::iter::repeat('.'))
        .take((words.chars().count()).clamp(min as usize, max as usize))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_keep_digits_and_bounds() {
        for (precision, scale, min, max, expected) in [
            (12, 2, Some("0"), None, "19.90"),
            (12, 4, None, None, "19.9000"),
            (5, 0, None, None, "19"),
            (3, 2, None, None, "1.90"),
            (2, 2, None, None, "0.90"),
            (3, 1, None, None, "19.9"),
            (12, 2, Some("100"), None, "100.00"),
            (12, 2, None, Some("-1"), "-1.00"),
        ] {
            assert_eq!(decimal(precision, scale, min, max), expected);
        }
    }

    #[test]
    fn texts_keep_lengths() {
        assert_eq!(text("unit_name", 0, 80), "example unit name");
        assert_eq!(text("unit", 0, 3), "exa");
        assert_eq!(text("x", 12, 12), "example x...");
    }
}
