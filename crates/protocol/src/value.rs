//! Wire types that JSON does not have: decimals, dates and times, bytes. Each is a JSON string.

use std::{fmt, str::FromStr};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use time::{
    OffsetDateTime, PrimitiveDateTime, UtcOffset, format_description::well_known::Rfc3339,
    macros::format_description,
};

/// A value that is invalid for its type. The text says what was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ParseValueError(pub &'static str);

/// An exact decimal number: an optional `-`, digits, and optionally `.` and digits.
///
/// It is kept as text, since a database's decimals (65 digits in MariaDB) exceed every machine type.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Decimal(String);

impl Decimal {
    /// The number's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A double as text: a whole number with all of its digits, any other with the digits that distinguish it from its
    /// neighbours. `None` if it is not a number.
    #[must_use]
    pub fn of_double(number: f64) -> Option<Self> {
        let text = if number.fract() == 0.0 { format!("{number:.0}") } else { number.to_string() };
        text.parse().ok()
    }

    /// How many digits stand before the point, without leading zeros, and after it.
    #[must_use]
    pub fn digits(&self) -> (usize, usize) {
        let (_, whole, fraction) = self.parts();
        (whole.len(), fraction.len())
    }

    /// The number truncated to this many digits after the point, if that cuts off a digit other than 0.
    #[must_use]
    pub fn cut(&self, scale: usize) -> Option<Self> {
        let (_, _, fraction) = self.parts();
        let beyond = fraction.get(scale..).filter(|beyond| beyond.bytes().any(|digit| digit != b'0'))?;
        let end = self.0.len() - beyond.len();
        Some(Self(self.0[..end].trim_end_matches('.').to_owned()))
    }

    /// The one spelling of this number for a field of this scale: no leading zeros, all digits after the point,
    /// no negative zero.
    #[must_use]
    pub fn canonical(&self, scale: usize) -> Self {
        let (negative, whole, fraction) = self.parts();
        let is_zero = whole.is_empty() && fraction.bytes().all(|digit| digit == b'0');
        let sign = if negative && !is_zero { "-" } else { "" };
        let whole = if whole.is_empty() { "0" } else { whole };
        let point = if scale > 0 || !fraction.is_empty() { "." } else { "" };
        Self(format!("{sign}{whole}{point}{fraction:0<scale$}"))
    }

    /// Sign, digits before the point without leading zeros, digits after the point.
    fn parts(&self) -> (bool, &str, &str) {
        let (negative, digits) = match self.0.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, self.0.as_str()),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        (negative, whole.trim_start_matches('0'), fraction)
    }
}

impl Default for Decimal {
    /// Zero.
    fn default() -> Self {
        Self("0".to_owned())
    }
}

impl PartialOrd for Decimal {
    /// By numeric value: `1.0` is neither less nor greater than `1.00`, though they differ as text.
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        let magnitude = |(_, whole, fraction): (bool, &str, &str)| {
            (whole.len(), whole.to_owned(), fraction.trim_end_matches('0').to_owned())
        };
        let (a, b) = (self.parts(), other.parts());
        let (x, y) = (magnitude(a), magnitude(b));
        let zero = |m: &(usize, String, String)| m.0 == 0 && m.2.is_empty();
        Some(match (a.0 && !zero(&x), b.0 && !zero(&y)) {
            (false, false) => x.cmp(&y),
            (true, true) => y.cmp(&x),
            (true, false) => std::cmp::Ordering::Less,
            (false, true) => std::cmp::Ordering::Greater,
        })
    }
}

impl FromStr for Decimal {
    type Err = ParseValueError;

    fn from_str(text: &str) -> Result<Self, ParseValueError> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if all_digits(whole) && all_digits(fraction) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ParseValueError("must be a decimal number such as \"12.50\""))
        }
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A moment, in UTC. On the wire RFC 3339; any offset is accepted and converted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DateTime(pub OffsetDateTime);

impl DateTime {
    /// Now.
    #[must_use]
    pub fn now() -> Self {
        Self(OffsetDateTime::now_utc())
    }

    /// The date and time of day in UTC, without the offset.
    #[must_use]
    pub fn to_primitive(self) -> PrimitiveDateTime {
        PrimitiveDateTime::new(self.0.date(), self.0.time())
    }
}

impl Default for DateTime {
    /// The beginning of 1970.
    fn default() -> Self {
        Self(OffsetDateTime::UNIX_EPOCH)
    }
}

impl From<std::time::SystemTime> for DateTime {
    fn from(value: std::time::SystemTime) -> Self {
        Self(value.into())
    }
}

impl From<PrimitiveDateTime> for DateTime {
    fn from(value: PrimitiveDateTime) -> Self {
        Self(value.assume_utc())
    }
}

impl FromStr for DateTime {
    type Err = ParseValueError;

    fn from_str(text: &str) -> Result<Self, ParseValueError> {
        OffsetDateTime::parse(text, &Rfc3339)
            .ok()
            .and_then(|moment| moment.checked_to_offset(UtcOffset::UTC))
            .filter(|moment| (1..=9999).contains(&moment.year()))
            .map(Self)
            .ok_or(ParseValueError(
                "must be a moment as RFC 3339 with its offset, in the years 1 to 9999, such as \"2026-01-31T08:30:00Z\"",
            ))
    }
}

impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.format(&Rfc3339) {
            Ok(text) => f.write_str(&text),
            // A database may hold years that RFC 3339 cannot express.
            Err(_) => write!(f, "{}T{}Z", Date(self.0.date()), Time(self.0.time())),
        }
    }
}

/// A calendar date, `YYYY-MM-DD`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(pub time::Date);

impl Default for Date {
    /// The first day of 1970.
    fn default() -> Self {
        Self(OffsetDateTime::UNIX_EPOCH.date())
    }
}

impl FromStr for Date {
    type Err = ParseValueError;

    fn from_str(text: &str) -> Result<Self, ParseValueError> {
        // The format accepts a sign before the year, but a date on the wire has none.
        time::Date::parse(text, format_description!("[year]-[month]-[day]"))
            .ok()
            .filter(|date| text.len() == "YYYY-MM-DD".len() && (1..=9999).contains(&date.year()))
            .map(Self)
            .ok_or(ParseValueError("must be a date in the years 1 to 9999, such as \"2026-01-31\""))
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let date = self.0;
        write!(f, "{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day())
    }
}

/// A time of day, `HH:MM:SS` with up to six decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub time::Time);

impl Default for Time {
    /// Midnight.
    fn default() -> Self {
        Self(time::Time::MIDNIGHT)
    }
}

impl FromStr for Time {
    type Err = ParseValueError;

    fn from_str(text: &str) -> Result<Self, ParseValueError> {
        time::Time::parse(text, format_description!("[hour]:[minute]:[second].[subsecond]"))
            .or_else(|_| time::Time::parse(text, format_description!("[hour]:[minute]:[second]")))
            .map(Self)
            .map_err(|_| ParseValueError("must be a time of day such as \"08:30:00\""))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hour, minute, second, micro) = self.0.as_hms_micro();
        write!(f, "{hour:02}:{minute:02}:{second:02}")?;
        if micro != 0 {
            write!(f, ".{}", format!("{micro:06}").trim_end_matches('0'))?;
        }
        Ok(())
    }
}

/// Bytes; base64 with padding on the wire (RFC 4648, section 4).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Bytes(pub Vec<u8>);

impl FromStr for Bytes {
    type Err = ParseValueError;

    fn from_str(text: &str) -> Result<Self, ParseValueError> {
        STANDARD.decode(text).map(Self).map_err(|_| ParseValueError("must be base64 with padding"))
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(&self.0))
    }
}

macro_rules! as_json_string {
    ($($type:ty),*) => {$(
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
            }
        }
    )*};
}

as_json_string!(Decimal, DateTime, Date, Time, Bytes);

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use super::*;

    fn round_trips<T: FromStr<Err = ParseValueError> + fmt::Display>(texts: &[&str]) {
        for text in texts {
            assert_eq!(text.parse::<T>().map_err(|error| error.0).unwrap().to_string(), *text);
        }
    }

    #[test]
    fn values_round_trip() {
        round_trips::<Decimal>(&["0", "-0.50", "12345678901234567890123456789012345678901234567890.1"]);
        round_trips::<DateTime>(&["2026-01-31T08:30:00Z", "2026-01-31T08:30:00.123456Z"]);
        round_trips::<Date>(&["2024-02-29", "0001-01-01"]);
        round_trips::<Time>(&["08:30:00", "23:59:59.5"]);
        round_trips::<Bytes>(&["", "AAEC"]);
    }

    #[test]
    fn a_double_has_the_digits_that_it_is_written_with() {
        for (number, expected) in [
            (0.1, Some("0.1")),
            (3.0, Some("3")),
            (-9_223_372_036_854_775_808.0, Some("-9223372036854775808")),
            (f64::NAN, None),
            (f64::INFINITY, None),
        ] {
            assert_eq!(Decimal::of_double(number), expected.map(|text| text.parse().unwrap()), "{number}");
        }
        assert!(Decimal::of_double(f64::MAX) > Decimal::of_double(1e300));
    }

    #[test]
    fn every_moment_has_a_text() {
        let (min, max) = (PrimitiveDateTime::MIN, PrimitiveDateTime::MAX);
        for moment in
            [min, max, time::macros::datetime!(-0001-01-01 0:00), time::macros::datetime!(0000-12-31 23:59)]
        {
            assert!(serde_json::to_string(&DateTime::from(moment)).is_ok(), "{moment}");
            assert!(serde_json::to_string(&Date(moment.date())).is_ok(), "{moment}");
            assert!(serde_json::to_string(&Time(moment.time())).is_ok(), "{moment}");
        }
    }

    #[test]
    fn malformed_values_are_refused() {
        for text in ["", "-", ".5", "5.", "1e3", "+1", "0x10", " 1", "1 ", "١"] {
            assert!(text.parse::<Decimal>().is_err(), "{text:?}");
        }
        for text in ["2026-02-30T00:00:00Z", "2026-01-31", "2026-01-31T08:30:00", "0000-01-01T00:00:00+23:59"]
        {
            assert!(text.parse::<DateTime>().is_err(), "{text:?}");
        }
        for text in ["2025-02-29", "2025-2-1", "20250201"] {
            assert!(text.parse::<Date>().is_err(), "{text:?}");
        }
        for text in ["24:00:00", "8:30:00", "08:30"] {
            assert!(text.parse::<Time>().is_err(), "{text:?}");
        }
        assert!("AAE".parse::<Bytes>().is_err());
    }

    #[test]
    fn a_decimal_has_one_spelling() {
        let cases = [
            ("12.5", 4, "12.5000"),
            ("007", 0, "7"),
            ("-0", 1, "0.0"),
            ("-0.00", 2, "0.00"),
            ("-0.5", 1, "-0.5"),
            ("0", 0, "0"),
            ("1.25", 1, "1.25"),
        ];
        for (text, scale, expected) in cases {
            assert_eq!(text.parse::<Decimal>().unwrap().canonical(scale).as_str(), expected, "{text}");
        }
    }

    #[test]
    fn a_decimal_is_cut_where_that_changes_it() {
        let cases = [
            ("1.239", 2, Some("1.23")),
            ("-0.009", 2, Some("-0.00")),
            ("1.9", 0, Some("1")),
            ("1.2300", 2, None),
            ("1.2", 2, None),
            ("12", 0, None),
        ];
        for (text, scale, expected) in cases {
            let cut = text.parse::<Decimal>().unwrap().cut(scale);
            assert_eq!(cut.as_ref().map(Decimal::as_str), expected, "{text}");
        }
    }

    #[test]
    fn decimals_compare_by_value() {
        let cases = [
            ("1", "2", Ordering::Less),
            ("10", "9", Ordering::Greater),
            ("-10", "-9", Ordering::Less),
            ("-1", "1", Ordering::Less),
            ("1.10", "1.1", Ordering::Equal),
            ("-0", "0.00", Ordering::Equal),
            ("0.09", "0.1", Ordering::Less),
            ("007", "7", Ordering::Equal),
        ];
        for (a, b, expected) in cases {
            let (a, b) = (a.parse::<Decimal>().unwrap(), b.parse::<Decimal>().unwrap());
            assert_eq!(a.partial_cmp(&b), Some(expected), "{a} {b}");
        }
    }
}
