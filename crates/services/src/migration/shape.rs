//! Which values fit which field: checked before a migration is queued.

use beds_core::{spec::Type, value::microseconds};
use beds_protocol::Json;

/// The result of an expression.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape {
    /// A value of a field of this type.
    Of(&'static Type),
    /// A text of any kind.
    Text,
    /// A list of texts.
    Texts,
    /// An integer.
    Int,
    /// A date.
    Date,
    /// A time of day.
    Time,
}

/// Why the result of an expression cannot fit a field of this type: the end of the sentence "the field …".
pub(super) fn bars(shape: Shape, to: &'static Type) -> Option<String> {
    let is_text = matches!(to, Type::String { .. } | Type::Text { .. });
    // A text that is invalid for the type is rejected with its record.
    let is_read_from_text = matches!(
        to,
        Type::Enum { .. }
            | Type::Uuid
            | Type::Date
            | Type::Time
            | Type::DateTime
            | Type::Decimal { .. }
            | Type::Bytes { .. }
            | Type::ObjectId
    );
    let is_number =
        matches!(to, Type::Int { .. } | Type::UInt { .. } | Type::Float { .. } | Type::Decimal { .. });
    let fits = matches!(to, Type::Json)
        || match shape {
            Shape::Text => is_text || is_read_from_text,
            Shape::Texts => matches!(to, Type::List { item, .. } if bars(Shape::Text, &item.ty).is_none()),
            Shape::Int => is_number || is_text,
            Shape::Date => is_text || matches!(to, Type::Date),
            Shape::Time => is_text || matches!(to, Type::Time),
            Shape::Of(from) => return of_type(from, to),
        };
    (!fits).then(|| format!("cannot be {}, as its type is {}", name(shape), to.name()))
}

fn of_type(from: &'static Type, to: &'static Type) -> Option<String> {
    let is_text = matches!(to, Type::String { .. } | Type::Text { .. });
    let fits = match (from, to) {
        (_, Type::Json)
        | (Type::Bool, Type::Bool)
        | (Type::Object { .. }, Type::Object { .. })
        | (Type::DateTime, Type::DateTime)
        | (Type::Date, Type::Date)
        | (Type::Time, Type::Time)
        | (Type::Uuid, Type::Uuid)
        | (Type::Bytes { .. }, Type::Bytes { .. })
        | (Type::ObjectId, Type::ObjectId) => true,
        (Type::Enum { values: from }, Type::Enum { values: to }) => {
            let missing: Vec<_> = from.iter().filter(|value| !to.contains(value)).copied().collect();
            if !missing.is_empty() {
                return Some(format!(
                    "has no {}: say by `enum` what each value becomes",
                    missing.iter().map(beds_protocol::shown).collect::<Vec<_>>().join(", ")
                ));
            }
            true
        }
        (Type::List { item: from, .. }, Type::List { item: to, .. }) => return of_type(&from.ty, &to.ty),
        (Type::String { .. } | Type::Text { .. } | Type::Enum { .. }, _) => return bars(Shape::Text, to),
        (Type::Int { .. } | Type::UInt { .. }, _) => return bars(Shape::Int, to),
        (Type::Decimal { .. }, to) => is_text || matches!(to, Type::Decimal { .. }),
        (Type::Float { .. }, to) => matches!(to, Type::Float { .. }),
        (Type::DateTime, Type::Date | Type::Time | Type::Int { .. } | Type::UInt { .. })
        | (Type::Date | Type::Time, Type::Int { .. } | Type::UInt { .. }) => {
            return Some(format!(
                "cannot be a {}, as its type is {}: say by `date` which part of it is meant",
                from.name(),
                to.name()
            ));
        }
        (Type::DateTime | Type::Date | Type::Time | Type::Uuid | Type::Bytes { .. } | Type::ObjectId, _) => {
            is_text
        }
        (Type::Bool | Type::Json | Type::List { .. } | Type::Object { .. }, _) => false,
    };
    (!fits).then(|| format!("cannot be {}, as its type is {}", name(Shape::Of(from)), to.name()))
}

fn name(shape: Shape) -> String {
    match shape {
        Shape::Of(ty) => {
            let name = ty.name();
            let article = if name.starts_with(['a', 'e', 'i', 'o']) { "an" } else { "a" };
            format!("{article} {name}")
        }
        Shape::Text => "a text".to_owned(),
        Shape::Texts => "a list of texts".to_owned(),
        Shape::Int => "an integer".to_owned(),
        Shape::Date => "a date".to_owned(),
        Shape::Time => "a time".to_owned(),
    }
}

/// A value in the wire form of this type, if another type's value stands for one of this type.
pub(super) fn fitted(value: Json, to: &Type) -> Json {
    match (value, to) {
        (Json::Number(number), Type::String { .. } | Type::Text { .. } | Type::Decimal { .. }) => {
            Json::String(number.to_string())
        }
        (Json::String(text), Type::Decimal { scale, .. }) => Json::String(scaled(text, usize::from(*scale))),
        (Json::Array(items), Type::List { item, .. }) => {
            Json::Array(items.into_iter().map(|value| fitted(value, &item.ty)).collect())
        }
        (value, _) => value,
    }
}

/// A decimal without the zeros at its end for which this many digits after the point leave no room: `1.1000` is `1.10`.
fn scaled(mut text: String, scale: usize) -> String {
    if let Some(point) = text.find('.') {
        while text.len() - point - 1 > scale && text.ends_with('0') {
            text.pop();
        }
        if text.ends_with('.') {
            text.pop();
        }
    }
    text
}

/// Why a field of this type would silently lose digits of a value: the end of the sentence "the field …".
pub(super) fn loses(value: &Json, to: &Type) -> Option<&'static str> {
    match (value, to) {
        (Json::Number(number), Type::Float { .. }) if number.as_exact_f64().is_none() => {
            Some("would lose digits: a float has 15 to 17, and the number in the record has more")
        }
        (Json::String(text), Type::DateTime)
            if text.parse().is_ok_and(|moment| moment != microseconds(moment)) =>
        {
            Some("would lose digits: a datetime has six of a second, and the text in the record has more")
        }
        (Json::Array(items), Type::List { item, .. }) => {
            items.iter().find_map(|value| loses(value, &item.ty))
        }
        (Json::Object(members), Type::Object { fields }) => {
            fields.iter().find_map(|field| members.get(field.name).and_then(|value| loses(value, &field.ty)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static DRAFT: Type = Type::one_of(&["draft", "active"]);
    static WIDE: Type = Type::one_of(&["draft", "active", "closed"]);
    static TEXT: Type = Type::string(0, 10);
    static INT: Type = Type::INT;
    static FLOAT: Type = Type::FLOAT;
    static MOMENT: Type = Type::DateTime;
    static DAY: Type = Type::Date;
    static BOOL: Type = Type::Bool;
    static JSON: Type = Type::Json;

    #[test]
    fn zeros_at_the_end_of_a_decimal_are_no_digits() {
        for (text, scale, expected) in [
            ("1.1000", 2, "1.10"),
            ("-2.50000000", 0, "-2.5"),
            ("3.000", 0, "3"),
            ("100", 0, "100"),
            ("1.23", 3, "1.23"),
        ] {
            assert_eq!(scaled(text.to_owned(), scale), expected, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_is_said_before_anything_is_read() {
        let of = |from, to| bars(Shape::Of(from), to);
        for (from, to) in [
            (&DRAFT, &WIDE),
            (&INT, &TEXT),
            (&INT, &FLOAT),
            (&TEXT, &DAY),
            (&MOMENT, &TEXT),
            (&BOOL, &JSON),
            (&DRAFT, &TEXT),
        ] {
            assert_eq!(of(from, to), None, "{from:?} {to:?}");
        }
        for (from, to, why) in [
            (&WIDE, &DRAFT, "has no `closed`: say by `enum`"),
            (&MOMENT, &DAY, "say by `date` which part"),
            (&TEXT, &INT, "cannot be a text, as its type is int"),
            (&BOOL, &TEXT, "cannot be a bool, as its type is string"),
            (&FLOAT, &INT, "cannot be a float"),
            (&JSON, &TEXT, "cannot be a json"),
        ] {
            let reason = of(from, to).unwrap_or_default();
            assert!(reason.contains(why), "{from:?} {to:?}: {reason}");
        }
    }

    #[test]
    fn digits_that_a_field_does_not_keep_are_told() {
        use beds_core::spec::Field;
        static NUMBER: Field = Field::new("number", "number", Type::FLOAT);
        static NUMBERS: Type = Type::list(&NUMBER, 10);
        static MEMBERS: [Field; 1] = [Field::new("number", "number", Type::FLOAT)];
        static OBJECT: Type = Type::object(&MEMBERS);
        for (json, to, is_lost) in [
            ("9007199254740992", &FLOAT, false),
            ("9007199254740993", &FLOAT, true),
            ("-9007199254740993", &FLOAT, true),
            ("9223372036854775807", &FLOAT, true),
            ("18446744073709551615", &FLOAT, true),
            ("0.1", &FLOAT, false),
            ("1e300", &FLOAT, false),
            ("0.12345678901234567890", &FLOAT, true),
            ("9007199254740993", &INT, false),
            ("9007199254740993", &JSON, false),
            ("[1, 9007199254740993]", &NUMBERS, true),
            ("[1, 2]", &NUMBERS, false),
            (r#"{"number": 9007199254740993, "other": 1}"#, &OBJECT, true),
            (r#"{"other": 9007199254740993}"#, &OBJECT, false),
            (r#""2026-01-31T08:30:00.123456Z""#, &MOMENT, false),
            (r#""2026-01-31T08:30:00.123456000Z""#, &MOMENT, false),
            (r#""2026-01-31T08:30:00.1234567Z""#, &MOMENT, true),
            (r#""no moment""#, &MOMENT, false),
            ("null", &FLOAT, false),
        ] {
            let json = Json::of_any(json.as_bytes()).unwrap();
            assert_eq!(loses(&json, to).is_some(), is_lost, "{json} {to:?}");
        }
    }
}
