//! Defaults: a constant must be a value that a client could give.

use beds_protocol::value::{Bytes, Date, DateTime, Decimal, ParseValueError, Time};

use super::{Cx, bounds, converted, filled::filled};
use crate::{
    diagnostic::{Diagnostic, defaults as diagnostics, fields::written_as},
    model::{Literal, Type},
    names,
    part::Place,
    raw::RawField,
    span::Spanned,
    tree::Scalar,
};

/// Why a constant is not a value of a type.
enum Refused {
    /// It is of another kind. This is the expected kind.
    Kind(&'static str),
    /// It breaks a rule. This completes the sentence "the default …".
    Rule(String),
    /// A client may send it, but a template cannot hold it. This completes the same sentence.
    Limit(String),
    /// The type has no constants.
    Impossible,
}

/// The default of a field of this type; `None` if it is refused, which is reported.
pub(super) fn literal(
    value: &Spanned<Scalar>,
    ty: &Type,
    of: (&RawField, Place),
    cx: &mut Cx<'_>,
) -> Option<Literal> {
    match check(&value.value, ty) {
        Ok(literal) => {
            if let (Literal::Text(text), Type::String { .. } | Type::Text { .. }) = (&literal, ty) {
                let (raw, place) = of;
                if matches!(text.to_ascii_lowercase().as_str(), "null" | "nil") {
                    cx.errors.push(diagnostics::default_null_text(value.span, text));
                } else if place == Place::Field && is_function(text) {
                    let elsewhere = filled(raw, raw.key.is_true(), cx);
                    cx.errors.push(diagnostics::default_function_text(value.span, text, elsewhere));
                }
            }
            if let (Literal::Text(text), Some(right)) = (&literal, as_base64(&value.value, ty)) {
                cx.errors.push(diagnostics::default_hexadecimal(value.span, text, &right));
            }
            Some(literal)
        }
        Err(refused) => {
            let diagnostic = refusal(value, ty, &refused, of, cx);
            cx.errors.push(diagnostic);
            None
        }
    }
}

/// The constant for a template's text in a field of this type, or why it is invalid.
pub(super) fn constant(value: &Scalar, ty: &Type) -> Result<Literal, String> {
    check(value, ty).map_err(|refused| match (refused, ty) {
        (_, Type::Enum { values }) => {
            format!("its values are {}", names::sentence(values.iter().map(String::as_str)))
        }
        (Refused::Kind(expected), _) => format!("it must be {expected}, not {}", value.kind()),
        (Refused::Rule(why) | Refused::Limit(why), _) => why,
        (Refused::Impossible, _) => format!("the type `{}` has no constants", ty.name()),
    })
}

/// The refusal of a default, with the intended value.
fn refusal(
    value: &Spanned<Scalar>,
    ty: &Type,
    refused: &Refused,
    (raw, place): (&RawField, Place),
    cx: &Cx<'_>,
) -> Diagnostic {
    let span = value.span;
    if let Scalar::Text(text) = &value.value
        && !matches!(refused, Refused::Impossible)
    {
        if let Some(generated) = computed(text, ty) {
            return match place {
                Place::Field => {
                    let elsewhere = filled(raw, raw.key.is_true(), cx).filter(|_| generated == "database");
                    diagnostics::default_computed(span, text, generated, elsewhere)
                }
                _ => diagnostics::default_of_function(span, text),
            };
        }
        if matches!(text.to_ascii_lowercase().as_str(), "null" | "none" | "nil") {
            return diagnostics::default_null(span, text);
        }
        if let Type::Enum { values } = ty {
            return diagnostics::default_not_listed(span, text, values.iter().map(String::as_str));
        }
    }
    match refused {
        Refused::Kind(expected) => {
            let right = converted::converted(&value.value, ty);
            // If the converted value breaks another rule, that is reported at the same time.
            if let Some(right) = &right
                && let Err(refused @ Refused::Rule(_)) = check(right, ty)
            {
                return refusal(&Spanned::new(right.clone(), span), ty, &refused, (raw, place), cx);
            }
            let diagnostic = diagnostics::default_kind(span, ty.name(), expected, value.value.kind());
            written_as(diagnostic, right.as_ref().map(Scalar::written))
        }
        Refused::Rule(why) => {
            let diagnostic = diagnostics::default_refused(span, why);
            let has_comma = matches!(&value.value, Scalar::Text(text) if text.contains(','));
            let is_decimal = matches!(ty, Type::Decimal { .. });
            if let Some(right) = as_moment(&value.value, ty) {
                return diagnostics::default_without_zone(diagnostic, &right);
            }
            if let Some(right) = as_base64(&value.value, ty) {
                return written_as(diagnostic, Some(names::quoted(&right)));
            }
            match converted::as_decimal(&value.value).filter(|_| has_comma && is_decimal) {
                Some(right) => written_as(diagnostic, Some(names::quoted(&right))),
                None => {
                    diagnostic.help("write a value that the field's other keys allow, or remove `default`")
                }
            }
        }
        Refused::Limit(why) => diagnostics::default_above_limit(span, why),
        Refused::Impossible => diagnostics::default_impossible(span, ty.name()),
    }
}

/// Hexadecimal digits converted to base64, the form of bytes.
fn as_base64(scalar: &Scalar, ty: &Type) -> Option<String> {
    let (Scalar::Text(text), Type::Bytes { .. }) = (scalar, ty) else { return None };
    let right = hexadecimal(text)?.to_string();
    check(&Scalar::Text(right.clone()), ty).is_ok().then_some(right)
}

/// The bytes of hexadecimal digits after `0x`.
fn hexadecimal(text: &str) -> Option<Bytes> {
    let digits = ["0x", "0X"].iter().find_map(|sign| text.strip_prefix(sign))?;
    let byte = |start: usize| u8::from_str_radix(digits.get(start..start + 2)?, 16).ok();
    let is_whole = !digits.is_empty() && digits.len().is_multiple_of(2) && digits.is_ascii();
    Some(Bytes((0..digits.len()).step_by(2).map(byte).collect::<Option<_>>()?)).filter(|_| is_whole)
}

/// A date, or a moment without an offset, as a moment in UTC.
fn as_moment(scalar: &Scalar, ty: &Type) -> Option<String> {
    let (Scalar::Text(text) | Scalar::Moment(text), Type::DateTime) = (scalar, ty) else { return None };
    let text = text.trim().replace(' ', "T");
    [format!("{text}Z"), format!("{text}T00:00:00Z")]
        .into_iter()
        .find(|right| check(&Scalar::Text(right.clone()), ty).is_ok())
}

/// The generator with the effect of an SQL function.
fn computed(text: &str, ty: &Type) -> Option<&'static str> {
    let lower = text.trim().to_ascii_lowercase();
    let is_call = lower.ends_with(')') && lower.contains('(');
    let is_time = [
        "now",
        "current_timestamp",
        "current_date",
        "curdate",
        "utc_timestamp",
        "sysdate",
        "getdate",
        "today",
    ]
    .iter()
    .any(|name| lower.split('(').next() == Some(name));
    match ty {
        Type::Uuid if is_call || lower == "uuid" => Some("uuid_v7"),
        Type::DateTime if is_time || is_call => Some("now"),
        _ if is_call || is_time => Some("database"),
        _ => None,
    }
}

/// Whether a text is certainly an SQL function: `now()`, `CURRENT_TIMESTAMP`.
fn is_function(text: &str) -> bool {
    let lower = text.trim().to_ascii_lowercase();
    let is_word = |name: &str| {
        !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
    };
    matches!(lower.as_str(), "current_timestamp" | "current_date" | "current_time" | "utc_timestamp")
        || lower.strip_suffix("()").is_some_and(is_word)
}

fn check(value: &Scalar, ty: &Type) -> Result<Literal, Refused> {
    match ty {
        Type::Bool => match value {
            Scalar::Bool(flag) => Ok(Literal::Bool(*flag)),
            _ => Err(Refused::Kind("true or false")),
        },
        Type::Int { min, max } => integer(value, i128::from(*min), i128::from(*max)),
        // A constant is stored as a signed number, so no default can exceed that range.
        Type::UInt { min, max } => match value {
            Scalar::Int(number) if *number > i128::from(i64::MAX) && *number <= i128::from(*max) => {
                Err(Refused::Limit(format!("{number} is above {}, the greatest default", i64::MAX)))
            }
            value => integer(value, i128::from(*min), i128::from(*max)),
        },
        Type::Float { min, max } => float(value, *min, *max),
        Type::Decimal { precision, scale, min, max } => {
            decimal(value, (*precision, *scale), min.as_deref(), max.as_deref())
        }
        Type::String { min, max, pattern } => {
            let text = string(value)?;
            length(text, *min, *max)?;
            if let Some(pattern) = pattern
                && regex::Regex::new(&format!("^(?:{pattern})$")).is_ok_and(|regex| !regex.is_match(text))
            {
                return Err(Refused::Rule(format!("does not match the pattern `{pattern}`")));
            }
            Ok(Literal::Text(text.to_owned()))
        }
        Type::Text { min, max } => {
            let text = string(value)?;
            length(text, *min, *max)?;
            Ok(Literal::Text(text.to_owned()))
        }
        Type::Bytes { max } => {
            let text = string(value)?;
            let bytes: Bytes = text.parse().map_err(rule)?;
            if bytes.0.len() > *max as usize {
                return Err(Refused::Rule(format!("has {} bytes, more than {max}", bytes.0.len())));
            }
            Ok(Literal::Text(text.to_owned()))
        }
        Type::Uuid => {
            matching(value, is_uuid, "must be a UUID such as \"0190163d-8694-739b-aea5-966c26f8ad91\"")
        }
        Type::ObjectId => {
            matching(value, |text| text.len() == 24 && is_hexadecimal(text), "must be 24 hexadecimal digits")
        }
        Type::Date => moment::<Date>(value),
        Type::Time => moment::<Time>(value),
        Type::DateTime => moment::<DateTime>(value),
        Type::Enum { values } => {
            let text = string(value)?;
            if !values.iter().any(|value| value == text) {
                return Err(Refused::Rule(format!("`{text}` is not among the values of the enum")));
            }
            Ok(Literal::Text(text.to_owned()))
        }
        Type::Json | Type::List { .. } | Type::Object { .. } => Err(Refused::Impossible),
    }
}

fn rule(ParseValueError(why): ParseValueError) -> Refused {
    Refused::Rule(why.to_owned())
}

fn integer(value: &Scalar, min: i128, max: i128) -> Result<Literal, Refused> {
    let Scalar::Int(number) = value else { return Err(Refused::Kind("an integer")) };
    match i64::try_from(*number) {
        Ok(small) if (min..=max).contains(number) => Ok(Literal::Int(small)),
        _ => Err(Refused::Rule(format!("{number} is not from {min} to {max}"))),
    }
}

fn float(value: &Scalar, min: f64, max: f64) -> Result<Literal, Refused> {
    let number = match value {
        Scalar::Float(number) => *number,
        #[expect(
            clippy::cast_precision_loss,
            reason = "the default is that of a float, as near as one comes"
        )]
        Scalar::Int(number) => *number as f64,
        _ => return Err(Refused::Kind("a number")),
    };
    if (min..=max).contains(&number) {
        Ok(Literal::Float(number))
    } else {
        Err(Refused::Rule(if number < min {
            format!("{number} is below {min:e}")
        } else if number > max {
            format!("{number} is above {max:e}")
        } else {
            format!("{number} is not a finite number")
        }))
    }
}

fn decimal(
    value: &Scalar,
    digits: (u8, u8),
    min: Option<&str>,
    max: Option<&str>,
) -> Result<Literal, Refused> {
    let text = match value {
        Scalar::Text(text) => text.clone(),
        Scalar::Int(number) => number.to_string(),
        _ => return Err(Refused::Kind("a string of digits such as \"0.50\", or an integer")),
    };
    let decimal: Decimal = text.parse().map_err(rule)?;
    let (precision, scale) = digits;
    if !bounds::fits(&decimal, precision, scale) {
        return Err(Refused::Rule(format!(
            "{text} has more digits than {}",
            bounds::greatest(precision, scale)
        )));
    }
    let parse = |bound: &str| bound.parse::<Decimal>().ok();
    if min.and_then(parse).is_some_and(|min| decimal < min)
        || max.and_then(parse).is_some_and(|max| decimal > max)
    {
        return Err(Refused::Rule(format!("{text} is outside `min` and `max`")));
    }
    Ok(Literal::Text(text))
}

fn string(value: &Scalar) -> Result<&str, Refused> {
    match value {
        Scalar::Text(text) => Ok(text),
        _ => Err(Refused::Kind("a string")),
    }
}

fn length(text: &str, min: u32, max: u32) -> Result<(), Refused> {
    let length = text.chars().count();
    if (min as usize..=max as usize).contains(&length) {
        Ok(())
    } else {
        Err(Refused::Rule(format!("has {length} characters, not from {min} to {max}")))
    }
}

fn matching(value: &Scalar, is_right: fn(&str) -> bool, why: &str) -> Result<Literal, Refused> {
    let text = string(value)?;
    if is_right(text) { Ok(Literal::Text(text.to_owned())) } else { Err(Refused::Rule(why.to_owned())) }
}

/// Dates and times may also be TOML's own.
fn moment<T: std::str::FromStr<Err = ParseValueError> + std::fmt::Display>(
    value: &Scalar,
) -> Result<Literal, Refused> {
    let (Scalar::Text(text) | Scalar::Moment(text)) = value else {
        return Err(Refused::Kind("a date or time, or a string with one"));
    };
    let parsed: T = text.parse().map_err(rule)?;
    Ok(Literal::Text(parsed.to_string()))
}

fn is_hexadecimal(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn is_uuid(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12]) && parts.iter().all(|part| is_hexadecimal(part))
}
