//! Values of a type, made from a number. The same number always makes the same value. Different numbers make different
//! values, as far as the type has that many.

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use beds_codegen::model::{Field, Type};
use regex_syntax::hir::{Class, Hir, HirKind};
use serde_json::{Map, Value, json};
use time::{Duration, OffsetDateTime, Time, format_description::well_known::Rfc3339, macros::datetime};
use uuid::Uuid;

/// The digits for numbers in texts: small letters, which every collation distinguishes.
const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
const CAPITALS: &[u8; 26] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ";
/// The content of texts that nobody compares. An ASCII text would not show which characters a column cannot keep.
const SAMPLE: &str = "a Ж€ 漢😀 'quote' \"two\" \\ % _ ; -- $where";
/// The first time value.
const BEGIN: OffsetDateTime = datetime!(2001-01-01 00:00:00 UTC);
/// The longest text.
const LONGEST: usize = 2_000;

/// The place of a number among `count` places.
pub(crate) fn place(number: u64, count: usize) -> usize {
    usize::try_from(number % count.max(1) as u64).unwrap_or_default()
}

/// Which value of a type's range is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extreme {
    /// The smallest or shortest.
    Least,
    /// The greatest or longest.
    Most,
    /// One of the values in between.
    Some,
}

/// A value of a field. `is_compared` says whether records are found, ordered or distinguished by the field.
pub(crate) fn value(field: &Field, number: u64, extreme: Extreme, is_compared: bool) -> Value {
    of_type(&field.ty, number, extreme, is_compared)
}

fn of_type(ty: &Type, number: u64, extreme: Extreme, is_compared: bool) -> Value {
    match ty {
        Type::Bool => json!(match extreme {
            Extreme::Least => false,
            Extreme::Most => true,
            Extreme::Some => number.is_multiple_of(2),
        }),
        Type::Int { min, max } => json!(match extreme {
            Extreme::Least => *min,
            Extreme::Most => *max,
            Extreme::Some => within_i64(*min, *max, number),
        }),
        Type::UInt { min, max } => json!(match extreme {
            Extreme::Least => *min,
            Extreme::Most => *max,
            Extreme::Some => {
                let span = max.saturating_sub(*min);
                min + if span == u64::MAX { number } else { number % (span + 1) }
            }
        }),
        Type::Float { min, max } => json!(match extreme {
            Extreme::Least if min.is_finite() && *min > f64::MIN => *min,
            Extreme::Most if max.is_finite() && *max < f64::MAX => *max,
            Extreme::Least | Extreme::Most | Extreme::Some => within_f64(*min, *max, number),
        }),
        Type::Decimal { precision, scale, min, max } => {
            decimal((*precision, *scale), (min.as_deref(), max.as_deref()), number, extreme)
        }
        Type::String { min, max, pattern } => json!(match pattern {
            Some(pattern) => matching(pattern, number, (*min, *max)),
            None => text((*min, *max), number, extreme, is_compared),
        }),
        Type::Text { min, max } => json!(text((*min, *max), number, extreme, is_compared)),
        Type::Bytes { max } => {
            let most = (*max as usize).min(LONGEST);
            let bytes: Vec<u8> = match extreme {
                Extreme::Least => Vec::new(),
                Extreme::Most => vec![0xff; most],
                Extreme::Some => number.to_be_bytes().into_iter().take(most).collect(),
            };
            json!(BASE64.encode(bytes))
        }
        Type::Uuid => json!(uuid(number, extreme).to_string()),
        Type::Date => {
            let days = match extreme {
                Extreme::Least => 0,
                Extreme::Most => 200_000,
                Extreme::Some => number % 100_000,
            };
            json!((BEGIN + Duration::days(days.cast_signed())).date().to_string())
        }
        Type::Time => {
            let seconds = match extreme {
                Extreme::Least => 0,
                Extreme::Most => 86_399,
                Extreme::Some => number % 86_400,
            };
            let time = Time::MIDNIGHT + Duration::seconds(seconds.cast_signed());
            let (hour, minute, second) = time.as_hms();
            json!(format!("{hour:02}:{minute:02}:{second:02}"))
        }
        Type::DateTime => {
            let seconds = match extreme {
                Extreme::Least => 0,
                Extreme::Most => 4_000_000_000,
                Extreme::Some => number % 2_000_000_000,
            };
            let at = BEGIN + Duration::seconds(seconds.cast_signed());
            json!(at.format(&Rfc3339).unwrap_or_default())
        }
        Type::Enum { values } => {
            let at = match extreme {
                Extreme::Least => 0,
                Extreme::Most => values.len().saturating_sub(1),
                // The numbers 0 and 1 are those of the least and the greatest value, and 2 begins behind the least.
                Extreme::Some => place((number + values.len() as u64).saturating_sub(1), values.len()),
            };
            json!(values.get(at))
        }
        Type::Json => json!({ "number": number, "text": SAMPLE, "list": [1, null, true] }),
        Type::List { item, max } => {
            let count = match extreme {
                Extreme::Least => 0,
                Extreme::Most => (*max).min(20),
                Extreme::Some => (*max).min(2),
            };
            let item = |at: u32| of_type(&item.ty, number + u64::from(at), Extreme::Some, is_compared);
            Value::Array((0..count).map(item).collect())
        }
        Type::Object { fields } => {
            let member =
                |field: &Field| (field.name.clone(), of_type(&field.ty, number, extreme, is_compared));
            Value::Object(fields.iter().map(member).collect::<Map<_, _>>())
        }
        Type::ObjectId => json!(format!("{number:024x}")),
    }
}

fn within_i64(min: i64, max: i64, number: u64) -> i64 {
    // Numbers begin at 1 if that is allowed, since people know such numbers.
    let from = if min <= 1 && max >= 1 { 1 } else { min };
    let span = u128::try_from(i128::from(max) - i128::from(from)).unwrap_or_default() + 1;
    let step = i128::try_from(u128::from(number) % span).unwrap_or_default();
    i64::try_from(i128::from(from) + step).unwrap_or(min)
}

/// Halves, as long as there are enough of them: a double represents them exactly.
#[allow(clippy::cast_precision_loss, reason = "numbers of records are small")]
fn within_f64(min: f64, max: f64, number: u64) -> f64 {
    let from = if min <= 0.0 && max > 0.0 { 0.0 } else { min };
    let room = max - from;
    if room >= 1_000_000.0 || !room.is_finite() {
        from + number as f64 / 2.0
    } else {
        from + room * ((number % 1_048_576) as f64 / 1_048_576.0)
    }
}

fn decimal(
    (precision, scale): (u8, u8),
    (min, max): (Option<&str>, Option<&str>),
    number: u64,
    extreme: Extreme,
) -> Value {
    let one = 10_i128.pow(u32::from(scale).min(18));
    let all = 10_i128.pow(u32::from(precision).min(36)) - 1;
    let units =
        |bound: Option<&str>, other: i128| bound.and_then(|bound| units(bound, scale)).unwrap_or(other);
    let (least, most) = (units(min, -all).max(-all), units(max, all).min(all));
    let chosen = match extreme {
        Extreme::Least => least,
        Extreme::Most => most,
        Extreme::Some => {
            let from = if least <= 0 && most > 0 { 0 } else { least };
            // Steps of a hundredth, if the scale has hundredths.
            let step = (one / 100).max(1);
            let span = (most - from) / step + 1;
            from + (i128::from(number) % span.max(1)) * step
        }
    };
    let sign = if chosen < 0 { "-" } else { "" };
    let digits = chosen.unsigned_abs().to_string();
    let digits = format!("{digits:0>width$}", width = usize::from(scale) + 1);
    let (whole, part) = digits.split_at(digits.len() - usize::from(scale));
    json!(if scale == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{part}") })
}

/// A decimal in units of its last digit.
pub(crate) fn units(text: &str, scale: u8) -> Option<i128> {
    let (sign, text) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let part = part.trim_end_matches('0');
    if part.len() > usize::from(scale) {
        return None;
    }
    format!("{whole}{part:0<width$}", width = usize::from(scale))
        .parse::<i128>()
        .ok()
        .map(|units| sign * units)
}

fn text((min, max): (u32, u32), number: u64, extreme: Extreme, is_compared: bool) -> String {
    let (min, max) = (min as usize, (max as usize).min(LONGEST).max(min as usize));
    match extreme {
        Extreme::Least => "m".repeat(min),
        Extreme::Most => "z".repeat(max),
        Extreme::Some => {
            let mut digits = Vec::new();
            let mut rest = number;
            loop {
                digits.push(DIGITS[place(rest, DIGITS.len())]);
                rest /= 36;
                if rest == 0 {
                    break;
                }
            }
            let mut text: String = digits.iter().rev().map(|digit| char::from(*digit)).collect();
            if !is_compared {
                text = format!("{text} {SAMPLE}");
            }
            let mut text: String = text.chars().take(max).collect();
            while text.chars().count() < min {
                text.insert(0, '0');
            }
            text
        }
    }
}

fn uuid(number: u64, extreme: Extreme) -> Uuid {
    match extreme {
        Extreme::Least => Uuid::from_u128(0x0000_0000_0000_4000_8000_0000_0000_0001),
        Extreme::Most => Uuid::from_u128(0xffff_ffff_ffff_4fff_bfff_ffff_ffff_ffff),
        // The number stands at the beginning of the UUID, as the time does in version 7.
        Extreme::Some => {
            Uuid::from_u128((u128::from(number & 0xffff_ffff_ffff) << 80) | 0x7000_8000_0000_0000_0001)
        }
    }
}

/// A text that matches a pattern.
fn matching(pattern: &str, number: u64, (min, max): (u32, u32)) -> String {
    let Ok(hir) = regex_syntax::parse(pattern) else { return String::new() };
    // If the shortest text is too short, or has no room for the number, repetitions repeat more often.
    let mut fitting = String::new();
    for more in 0..64 {
        let (mut out, mut rest) = (Vec::new(), number);
        write(&hir, &mut rest, more, &mut out);
        let length = out.len();
        if length > max as usize && more > 0 {
            break;
        }
        fitting = out.into_iter().collect();
        if length >= min as usize && rest == 0 {
            break;
        }
    }
    fitting
}

fn write(hir: &Hir, rest: &mut u64, more: u32, out: &mut Vec<char>) {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => out.extend(String::from_utf8_lossy(&literal.0).chars()),
        HirKind::Class(class) => out.extend(member(class, rest)),
        HirKind::Repetition(repetition) => {
            let most = repetition.max.unwrap_or(repetition.min + more.max(8));
            let times = (repetition.min + more).min(most).max(repetition.min);
            (0..times).for_each(|_| write(&repetition.sub, rest, more, out));
        }
        HirKind::Capture(capture) => write(&capture.sub, rest, more, out),
        HirKind::Concat(parts) => parts.iter().for_each(|part| write(part, rest, more, out)),
        HirKind::Alternation(parts) => {
            let count = parts.len().max(1) as u64;
            let at = place(*rest, parts.len());
            *rest /= count;
            if let Some(part) = parts.get(at) {
                write(part, rest, more, out);
            }
        }
    }
}

/// A member of a class: a small letter or a digit if the class has one, else a capital letter, else its first member.
fn member(class: &Class, rest: &mut u64) -> Option<char> {
    let is_in = |c: char| match class {
        Class::Unicode(class) => {
            class.ranges().iter().any(|range| (range.start()..=range.end()).contains(&c))
        }
        Class::Bytes(class) => u8::try_from(c)
            .is_ok_and(|b| class.ranges().iter().any(|range| (range.start()..=range.end()).contains(&b))),
    };
    let of =
        |range: &[u8]| -> Vec<char> { range.iter().copied().map(char::from).filter(|c| is_in(*c)).collect() };
    let small = of(DIGITS);
    // A collation may equate capital letters with small ones, so the two are not mixed.
    let plain = if small.is_empty() { of(CAPITALS) } else { small };
    if plain.is_empty() {
        return match class {
            Class::Unicode(class) => class.ranges().first().map(regex_syntax::hir::ClassUnicodeRange::start),
            Class::Bytes(class) => class.ranges().first().map(|range| char::from(range.start())),
        };
    }
    let at = place(*rest, plain.len());
    *rest /= plain.len() as u64;
    plain.get(at).copied()
}

/// Whether the received value is the sent one. A database may write a number or a time in another way.
pub(crate) fn is_same(sent: &Value, came: &Value) -> bool {
    match (sent, came) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::String(a), Value::String(b)) => {
            let number = |text: &str| units(text, 36);
            let moment = |text: &str| OffsetDateTime::parse(text, &Rfc3339).ok();
            let both = |a: Option<i128>, b: Option<i128>| a.is_some() && a == b;
            a == b
                || (a.contains('.') && both(number(a), number(b)))
                || moment(a).is_some_and(|at| Some(at) == moment(b))
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.iter().all(|(name, value)| is_same(value, b.get(name).unwrap_or(&Value::Null)))
                && b.iter().all(|(name, value)| value.is_null() || a.contains_key(name))
        }
        (a, b) => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_matched_by_different_texts() {
        for (pattern, bounds) in [
            ("[0-9]{13}", (0, 13)),
            ("[A-Z]{2}-[0-9]+", (5, 10)),
            ("(a|b)[a-z0-9]{4}", (0, 9)),
            ("[A-Z]+(-[0-9]+)?", (1, 20)),
            ("[A-Z]{3}", (3, 3)),
            ("[0-9]+", (1, 2)),
        ] {
            let texts: std::collections::BTreeSet<String> =
                (0..50).map(|number| matching(pattern, number, bounds)).collect();
            assert_eq!(texts.len(), 50, "{pattern}: {texts:?}");
        }
    }

    /// A key of few values has as many records.
    #[test]
    fn the_values_of_an_enum_are_used_up_before_one_comes_again() {
        for count in 1..8_u64 {
            let ty = Type::Enum { values: (0..count).map(|value| value.to_string()).collect() };
            let extreme = |number| match number {
                0 => Extreme::Least,
                1 => Extreme::Most,
                _ => Extreme::Some,
            };
            let distinct = |extreme: &dyn Fn(u64) -> Extreme| {
                let values = (0..count).map(|number| of_type(&ty, number, extreme(number), true).to_string());
                values.collect::<std::collections::BTreeSet<_>>().len() as u64
            };
            assert_eq!((distinct(&extreme), distinct(&|_| Extreme::Some)), (count, count));
        }
    }

    #[test]
    fn decimals_stay_within_their_bounds() {
        let one = |number, extreme| decimal((8, 2), (Some("0"), None), number, extreme);
        assert_eq!(one(7, Extreme::Some), "0.07");
        assert_eq!(one(0, Extreme::Least), "0.00");
        assert_eq!(one(0, Extreme::Most), "999999.99");
        assert!(is_same(&json!("1.50"), &json!("1.5")) && !is_same(&json!("1.50"), &json!("1.51")));
        assert!(is_same(&json!("2001-01-01T00:00:00Z"), &json!("2001-01-01T00:00:00.000Z")));
    }
}
