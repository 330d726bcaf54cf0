//! The content of a cell, read from the bytes that the driver received.
//!
//! Databases hold values for which the driver and the wire have no types: dates of 1987-00-00, times of several days.
//! Here every value has a form, so that it can be compared and written back.

use std::fmt;

use beds_protocol::value::{Bytes, Date, DateTime, Decimal, Time};
use sqlx::{Column as _, MySql, Row as _, TypeInfo as _, mysql::MySqlRow};
use time::Month;

use beds_core::value::Value;

use crate::marked::{self, Marked};

/// How many bytes of a cell that is no text a note shows.
const SHOWN_BYTES_MAX: usize = 20;

/// A cell, by the type of its column.
#[derive(Debug, Clone, Copy)]
pub(super) enum Raw<'r> {
    Int(i64),
    UInt(u64),
    Float(f32),
    Double(f64),
    /// A FLOAT or DOUBLE that is shown with this many digits after the point.
    Rounded(f64, u8),
    Decimal(&'r str),
    Date(Moment),
    DateTime(Moment),
    Time(Span),
    /// The bytes of a BIT, the greatest first.
    Bits(&'r [u8]),
    /// Text, or bytes that may be text: MariaDB calls a `UUID` BINARY, and JSON a BLOB. The flag says whether each byte
    /// counts in comparisons.
    Octets(&'r [u8], bool),
    /// A text that does not come back from Unicode: the hexadecimal digits of its bytes, and the text to show, if there
    /// is one.
    Foreign(&'r [u8], Option<&'r [u8]>),
    /// The empty value of an ENUM.
    NoValue,
}

/// A date, and a time of day, as MariaDB writes them: any part may be zero.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    year: u16,
    month: u8,
    day: u8,
    time: [u8; 3],
    micro: u32,
}

/// A time, which may be negative or exceed a day.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    is_negative: bool,
    hours: u32,
    minute: u8,
    second: u8,
    micro: u32,
}

impl<'r> Raw<'r> {
    /// The cell in this column of a row; `None` where it is null.
    pub(super) fn of(row: &'r MySqlRow, index: usize) -> Result<Option<Self>, sqlx::Error> {
        // The driver calls dates of zero null, but has their bytes.
        let Ok(bytes) = <&[u8] as sqlx::Decode<'r, MySql>>::decode(row.try_get_raw(index)?) else {
            return Ok(None);
        };
        let of = row.column(index).type_info();
        let digits = || marked::digits(row.column(index).name());
        Ok(Some(match of.name() {
            // The driver has one name for a TINYINT(1), signed or unsigned.
            "BOOLEAN" if <u64 as sqlx::Type<MySql>>::compatible(of) => Self::UInt(unsigned(bytes)),
            "BOOLEAN" | "TINYINT" | "SMALLINT" | "MEDIUMINT" | "INT" | "BIGINT" => Self::Int(signed(bytes)),
            "FLOAT" => {
                let number = row.try_get_unchecked(index)?;
                digits().map_or(Self::Float(number), |digits| Self::Rounded(number.into(), digits))
            }
            "DOUBLE" => {
                let number = row.try_get_unchecked(index)?;
                digits().map_or(Self::Double(number), |digits| Self::Rounded(number, digits))
            }
            "DECIMAL" => Self::Decimal(row.try_get_unchecked(index)?),
            "DATE" => Self::Date(Moment::of(bytes)),
            "TIME" => Self::Time(Span::of(bytes)),
            "DATETIME" | "TIMESTAMP" => Self::DateTime(Moment::of(bytes)),
            "BIT" => Self::Bits(bytes),
            "YEAR" => Self::UInt(unsigned(bytes)),
            name if name.ends_with("UNSIGNED") => Self::UInt(unsigned(bytes)),
            // The driver also gives these names to texts of a binary collation.
            name => {
                let is_exact = name.ends_with("BINARY") || name.ends_with("BLOB");
                let marked = (row.column(index).name() == marked::NAME).then(|| Marked::of(bytes)).flatten();
                match marked {
                    None => Self::Octets(bytes, is_exact),
                    Some(Marked::Same(text)) => Self::Octets(text, is_exact),
                    Some(Marked::Other { digits, shown }) => Self::Foreign(digits, shown),
                    Some(Marked::NoValue) => Self::NoValue,
                }
            }
        }))
    }

    /// The stored value, in a form that the server compares with and takes back unchanged.
    pub(super) fn stored(self) -> Value {
        match self {
            Self::Int(value) => Value::Int(value),
            Self::UInt(value) => Value::UInt(value),
            Self::Float(value) => Value::Float(short(value)),
            Self::Double(value) | Self::Rounded(value, _) => Value::Float(value),
            Self::Decimal(text) => match text.parse() {
                Ok(value) => Value::Decimal(value),
                Err(_) => Value::Text(text.to_owned()),
            },
            Self::Date(moment) => moment.date().map_or_else(|_| Value::Text(self.to_string()), Value::Date),
            Self::DateTime(moment) => {
                moment.moment().map_or_else(|_| Value::Text(self.to_string()), Value::DateTime)
            }
            Self::Time(span) => span.time().map_or_else(|_| Value::Text(self.to_string()), Value::Time),
            Self::Bits(bytes) => Value::UInt(bits(bytes)),
            Self::Octets(bytes, _) => match std::str::from_utf8(bytes) {
                Ok(text) => Value::Text(text.to_owned()),
                Err(_) => Value::Bytes(Bytes(bytes.to_vec())),
            },
            Self::Foreign(digits, _) => Value::Bytes(Bytes(marked::bytes(digits))),
            Self::NoValue => Value::Null,
        }
    }
}

/// As MariaDB writes it.
impl fmt::Display for Raw<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(value) => write!(f, "{value}"),
            Self::UInt(value) => write!(f, "{value}"),
            Self::Float(value) => write!(f, "{value}"),
            Self::Double(value) => write!(f, "{value}"),
            Self::Rounded(value, digits) => write!(f, "{value:.*}", usize::from(*digits)),
            Self::Decimal(text) => f.write_str(text),
            Self::Date(moment) => write!(f, "{:04}-{:02}-{:02}", moment.year, moment.month, moment.day),
            Self::DateTime(moment @ Moment { time: [hour, minute, second], .. }) => {
                write!(f, "{} {hour:02}:{minute:02}:{second:02}", Raw::Date(*moment))?;
                fraction(f, moment.micro)
            }
            Self::Time(Span { is_negative, hours, minute, second, micro }) => {
                let sign = if *is_negative { "-" } else { "" };
                write!(f, "{sign}{hours:02}:{minute:02}:{second:02}")?;
                fraction(f, *micro)
            }
            Self::Bits(bytes) => write!(f, "{}", bits(bytes)),
            Self::Octets(bytes, _) => {
                if let Ok(text) = std::str::from_utf8(bytes) {
                    return f.write_str(text);
                }
                in_digits(f, bytes)
            }
            Self::Foreign(digits, _) => in_digits(f, &marked::bytes(digits)),
            Self::NoValue => Ok(()),
        }
    }
}

fn in_digits(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    f.write_str("0x")?;
    bytes.iter().take(SHOWN_BYTES_MAX).try_for_each(|byte| write!(f, "{byte:02X}"))?;
    f.write_str(if bytes.len() > SHOWN_BYTES_MAX { "…" } else { "" })
}

fn fraction(f: &mut fmt::Formatter<'_>, micro: u32) -> fmt::Result {
    if micro == 0 { Ok(()) } else { write!(f, ".{micro:06}") }
}

/// Why the wire cannot show a date.
const NO_DATE: &str = "is not a date";
const EARLY: &str = "is before the year 1";
const NO_TIME: &str = "is not a time of day";

impl Moment {
    /// From the driver's form: a length and as many bytes. Trailing bytes may be missing.
    fn of(bytes: &[u8]) -> Self {
        Self {
            year: u16::from_le_bytes([byte(bytes, 1), byte(bytes, 2)]),
            month: byte(bytes, 3),
            day: byte(bytes, 4),
            time: [byte(bytes, 5), byte(bytes, 6), byte(bytes, 7)],
            micro: word(bytes, 8),
        }
    }

    fn day(self) -> Result<time::Date, &'static str> {
        let month = Month::try_from(self.month).map_err(|_| NO_DATE)?;
        let date = time::Date::from_calendar_date(self.year.into(), month, self.day).map_err(|_| NO_DATE)?;
        if self.year == 0 { Err(EARLY) } else { Ok(date) }
    }

    /// The date, or why the wire cannot show it.
    pub(super) fn date(self) -> Result<Date, &'static str> {
        self.day().map(Date)
    }

    /// The moment, or why the wire cannot show it.
    pub(super) fn moment(self) -> Result<DateTime, &'static str> {
        let [hour, minute, second] = self.time;
        let moment = self.day()?.with_hms_micro(hour, minute, second, self.micro);
        moment.map(DateTime::from).map_err(|_| NO_TIME)
    }
}

impl Span {
    fn of(bytes: &[u8]) -> Self {
        Self {
            is_negative: byte(bytes, 1) != 0,
            hours: word(bytes, 2).saturating_mul(24).saturating_add(byte(bytes, 6).into()),
            minute: byte(bytes, 7),
            second: byte(bytes, 8),
            micro: word(bytes, 9),
        }
    }

    /// The time of day, or why it is none.
    pub(super) fn time(self) -> Result<Time, &'static str> {
        let hour = u8::try_from(self.hours).map_err(|_| NO_TIME)?;
        let time = time::Time::from_hms_micro(hour, self.minute, self.second, self.micro);
        match time {
            Ok(time) if !self.is_negative => Ok(Time(time)),
            _ => Err(NO_TIME),
        }
    }
}

/// A FLOAT as it is shown: through the shorter form, so that 0.1 stays 0.1 and does not become 0.10000000149….
pub(crate) fn short(value: f32) -> f64 {
    value.to_string().parse().unwrap_or_else(|_| f64::from(value))
}

/// The number that these bits make.
pub(super) fn bits(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// A decimal, if the text is one and is no longer than any that MariaDB keeps.
pub(super) fn decimal(text: &str) -> Result<Decimal, &'static str> {
    let value: Decimal = text.parse().map_err(|_| "is not a decimal number")?;
    let (whole, fraction) = value.digits();
    if whole + fraction > DIGITS_MAX { Err("has more than 65 digits") } else { Ok(value) }
}

/// The most digits of a decimal of MariaDB.
const DIGITS_MAX: usize = 65;

fn byte(bytes: &[u8], at: usize) -> u8 {
    bytes.get(at).copied().unwrap_or(0)
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([byte(bytes, at), byte(bytes, at + 1), byte(bytes, at + 2), byte(bytes, at + 3)])
}

fn unsigned(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn signed(bytes: &[u8]) -> i64 {
    // The sign is in the last byte. An integer may have 8, 4, 2 or 1 bytes.
    let free = 64_usize.saturating_sub(bytes.len() * 8).min(63);
    (unsigned(bytes) << free).cast_signed() >> free
}
