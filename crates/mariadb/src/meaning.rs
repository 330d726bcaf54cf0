//! How MariaDB interprets a value of another type.

use beds_core::value::Value;
use beds_protocol::value::{DateTime, Time};

/// The years that a YEAR keeps, besides 0.
const YEARS: std::ops::RangeInclusive<f64> = 1901.0..=2155.0;

/// Whether a YEAR keeps this number unchanged.
pub(crate) fn is_year(number: f64) -> bool {
    number == 0.0 || (YEARS.contains(&number) && number.fract() == 0.0)
}

/// The number that a value is, or that its text says.
pub(crate) fn number(value: &Value) -> Option<f64> {
    #[allow(clippy::cast_precision_loss, reason = "a FLOAT or a YEAR has fewer digits")]
    let number = match value {
        Value::Int(value) => *value as f64,
        Value::UInt(value) => *value as f64,
        Value::Float(value) => *value,
        Value::Decimal(value) => value.as_str().parse().ok()?,
        Value::Text(value) => value.parse().ok()?,
        _ => return None,
    };
    number.is_finite().then_some(number)
}

/// Whether a number has more digits after its point than these, trailing zeros not counted.
pub(crate) fn has_fraction(value: &Value, digits: usize) -> bool {
    let text = match value {
        Value::Float(number) => number.to_string(),
        Value::Decimal(number) => number.as_str().to_owned(),
        // The server refuses a text that is not a number.
        Value::Text(text) if number(value).is_some() => match text.parse::<f64>() {
            // A number with an exponent is another spelling.
            Ok(number) if text.contains(['e', 'E']) => number.to_string(),
            _ => text.clone(),
        },
        _ => return false,
    };
    text.trim().split_once('.').is_some_and(|(_, fraction)| fraction.trim_end_matches('0').len() > digits)
}

/// Whether a text may stand for the position of an ENUM's value.
pub(crate) fn is_place(text: &str) -> bool {
    let text = text.trim();
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The nanoseconds of the last of this many digits of a second's fraction.
const fn last_digit(digits: u8) -> u32 {
    10_u32.pow(9_u32.saturating_sub(digits as u32))
}

/// Whether a moment has more digits of its second's fraction than these.
pub(crate) const fn is_cut(digits: u8, value: &Value) -> bool {
    let nanosecond = match value {
        Value::DateTime(DateTime(moment)) => moment.nanosecond(),
        Value::Time(Time(time)) => time.nanosecond(),
        _ => 0,
    };
    !nanosecond.is_multiple_of(last_digit(digits))
}

/// A moment with this many digits of its second's fraction.
pub(crate) fn cut(digits: u8, value: &Value) -> Value {
    let unit = last_digit(digits);
    let cut = |nanosecond: u32| nanosecond - nanosecond % unit;
    match value {
        Value::DateTime(DateTime(moment)) => {
            let kept = moment.replace_nanosecond(cut(moment.nanosecond()));
            Value::DateTime(DateTime(kept.unwrap_or(*moment)))
        }
        Value::Time(Time(time)) => {
            Value::Time(Time(time.replace_nanosecond(cut(time.nanosecond())).unwrap_or(*time)))
        }
        other => other.clone(),
    }
}
