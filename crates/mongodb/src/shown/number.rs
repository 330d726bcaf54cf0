//! Numbers of BSON as numbers of the wire: exact, or not at all.

use std::cmp::Ordering;

use beds_protocol::value::Decimal;
use mongodb::bson::RawBsonRef;

/// How many digits of a decimal are shown: as many as any database keeps. A Decimal128 may have 6,145.
const DIGITS_MAX: usize = 65;

/// A whole number of any type: a shell writes 5 as a double.
pub(super) fn integer(bson: RawBsonRef<'_>) -> Option<i64> {
    match bson {
        RawBsonRef::Int32(value) => Some(i64::from(value)),
        RawBsonRef::Int64(value) => Some(value),
        RawBsonRef::Double(value) if value.fract() == 0.0 => format!("{value:.0}").parse().ok(),
        RawBsonRef::Decimal128(value) => {
            let text = plain(&value.to_string())?;
            let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
            if fraction.bytes().all(|digit| digit == b'0') { whole.parse().ok() } else { None }
        }
        _ => None,
    }
}

/// A floating-point number that is neither infinite nor rounded.
pub(super) fn float(bson: RawBsonRef<'_>) -> Option<f64> {
    match bson {
        RawBsonRef::Double(value) => value.is_finite().then_some(value),
        RawBsonRef::Int32(value) => Some(f64::from(value)),
        RawBsonRef::Int64(value) => {
            let text = value.to_string();
            text.parse().ok().filter(|float: &f64| format!("{float:.0}") == text)
        }
        RawBsonRef::Decimal128(value) => {
            let text = plain(&value.to_string())?;
            let float: f64 = text.parse().ok()?;
            let stored: Decimal = text.parse().ok()?;
            (stored.partial_cmp(&exact(float)?) == Some(Ordering::Equal)).then_some(float)
        }
        _ => None,
    }
}

/// All digits of a double, which may have 1,074 after the point; `None` if it is not a number.
pub(crate) fn exact(double: f64) -> Option<Decimal> {
    format!("{double:.1074}").parse().ok()
}

/// A decimal number in plain digits: the stored digits, and no negative zero.
pub(crate) fn decimal(bson: RawBsonRef<'_>) -> Option<Decimal> {
    let text = match bson {
        RawBsonRef::Decimal128(value) => plain(&value.to_string())?,
        RawBsonRef::Double(value) => plain(&format!("{value:e}"))?,
        RawBsonRef::Int32(value) => value.to_string(),
        RawBsonRef::Int64(value) => value.to_string(),
        _ => return None,
    };
    text.parse().ok().map(|decimal: Decimal| decimal.canonical(0))
}

/// Turns exponents (`1E+2`, `5E-7`), which the wire's decimals do not have, into digits, if they are not too many.
fn plain(text: &str) -> Option<String> {
    let (mantissa, exponent) = text.split_once(['E', 'e']).unwrap_or((text, "0"));
    let exponent: i32 = exponent.parse().ok()?;
    let (sign, mantissa) = mantissa.strip_prefix('-').map_or(("", mantissa), |rest| ("-", rest));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let is_zero = digits.bytes().all(|digit| digit == b'0');
    if is_zero && exponent > 0 {
        return Some("0".to_owned());
    }
    let point = i32::try_from(whole.len()).ok()?.checked_add(exponent)?;
    let zeros = |count: i32| {
        usize::try_from(count).ok().filter(|count| *count <= DIGITS_MAX).map(|count| "0".repeat(count))
    };
    let plain = if point <= 0 {
        format!("0.{}{digits}", zeros(-point)?)
    } else {
        match digits.split_at_checked(usize::try_from(point).ok()?) {
            Some((whole, "")) => whole.to_owned(),
            Some((whole, fraction)) => format!("{whole}.{fraction}"),
            None => format!("{digits}{}", zeros(point - i32::try_from(digits.len()).ok()?)?),
        }
    };
    (plain.bytes().filter(u8::is_ascii_digit).count() <= DIGITS_MAX).then(|| format!("{sign}{plain}"))
}

#[cfg(test)]
mod tests {
    use mongodb::bson::Decimal128;

    use super::*;

    #[test]
    fn exponents_become_plain_digits_as_far_as_they_are_few() {
        let cases = [
            ("12.50", Some("12.50")),
            ("1E+2", Some("100")),
            ("5E-7", Some("0.0000005")),
            ("-1.5E+3", Some("-1500")),
            ("1.234E+1", Some("12.34")),
            ("1.2E-1", Some("0.12")),
            ("0E+6000", Some("0")),
            ("1E+64", Some("10000000000000000000000000000000000000000000000000000000000000000")),
            ("1E+65", None),
            ("1E+6144", None),
            ("1E-6176", None),
            ("1E+2147483647", None),
        ];
        for (text, expected) in cases {
            assert_eq!(plain(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_number_is_exact_or_none() {
        let double = RawBsonRef::Double;
        for (value, expected) in [
            (double(5.0), Some(5)),
            (double(-0.0), Some(0)),
            (double(-9_223_372_036_854_775_808.0), Some(i64::MIN)),
            (double(2.5), None),
            (double(1e19), None),
            (double(f64::NAN), None),
            (double(f64::INFINITY), None),
            (RawBsonRef::Decimal128("7.00".parse().unwrap()), Some(7)),
            (RawBsonRef::Decimal128("7.01".parse().unwrap()), None),
            (RawBsonRef::Boolean(true), None),
        ] {
            assert_eq!(integer(value), expected, "{value:?}");
        }
        assert_eq!(float(RawBsonRef::Int64(9_007_199_254_740_993)), None, "it would be rounded");
        assert_eq!(float(RawBsonRef::Int64(9_007_199_254_740_992)), Some(9_007_199_254_740_992.0));
        assert_eq!(float(double(f64::NAN)), None);
        let decimal128 = |text: &str| RawBsonRef::Decimal128(text.parse().unwrap());
        assert_eq!(float(decimal128("1.50")), Some(1.5));
        assert_eq!(float(decimal128("0.1")), None, "no double is equal to it");
        for text in ["NaN", "Infinity", "-Infinity", "1E+6144"] {
            assert!(decimal(RawBsonRef::Decimal128(text.parse::<Decimal128>().unwrap())).is_none(), "{text}");
        }
        for value in [1e300, 5e-324, f64::NAN, f64::INFINITY] {
            assert!(decimal(double(value)).is_none(), "{value}");
        }
        assert_eq!(decimal(double(19.99)).unwrap().as_str(), "19.99");
        assert_eq!(decimal(double(-0.0)).unwrap().as_str(), "0");
    }
}
