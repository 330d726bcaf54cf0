//! The kind of a column's or parameter's values.

use super::Column;

/// A character of an enum's or a set's value that the engine does not show.
pub const UNKNOWN: &str = "\u{fffd}";

/// The kind of a column's or parameter's values.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// `true` or `false`.
    Bool,
    /// An integer that stands for `true` or `false`, such as `tinyint(1)`. It may have values other than 0 and 1.
    Flag {
        /// Least value.
        min: i128,
        /// Greatest value.
        max: i128,
    },
    /// An integer within these bounds.
    Int {
        /// Least value.
        min: i128,
        /// Greatest value.
        max: i128,
    },
    /// A floating-point number.
    Float {
        /// Whether it has no negative values.
        unsigned: bool,
        /// Whether it keeps single precision only: some seven digits.
        single: bool,
        /// Digits in all and after the point, to which it rounds.
        digits: Option<(u8, u8)>,
    },
    /// A year as MariaDB keeps it: 1901 to 2155, and 0.
    Year,
    /// An exact number.
    Decimal {
        /// Digits in all.
        precision: u8,
        /// Digits after the point.
        scale: u8,
        /// Whether it has no negative values.
        unsigned: bool,
    },
    /// A string that can be indexed; its greatest length in characters.
    String {
        /// Greatest length in characters.
        max: u32,
        /// Whether trailing spaces are dropped.
        trims: bool,
    },
    /// A long string.
    Text {
        /// Greatest length.
        max: u32,
    },
    /// Bytes.
    Bytes {
        /// Greatest length.
        max: u32,
        /// Whether every value has that length: shorter values are filled up with zeros.
        fixed: bool,
    },
    /// A UUID.
    Uuid,
    /// A calendar date.
    Date,
    /// A time of day, or a duration.
    Time {
        /// How many digits of a second's fraction it keeps.
        digits: u8,
    },
    /// A moment.
    DateTime {
        /// How many digits of a second's fraction it keeps.
        digits: u8,
        /// Whether it counts seconds since 1970, so that it keeps no earlier moment, and none after 2038 or 2106.
        stamp: bool,
    },
    /// One of these strings.
    Enum(Vec<String>),
    /// Some of these strings.
    Set(Vec<String>),
    /// JSON, or documents whose shape varies.
    Json,
    /// A MongoDB `ObjectId`.
    ObjectId,
    /// Several values of one kind.
    List(Box<Kind>),
    /// A document with these members.
    Object(Vec<Column>),
    /// Values of several types: these.
    Mixed(Vec<String>),
    /// A type that no template can express, and why.
    Beyond(String),
}

impl Kind {
    /// A floating-point number that is not rounded.
    #[must_use]
    pub const fn float(unsigned: bool, single: bool) -> Self {
        Self::Float { unsigned, single, digits: None }
    }

    /// A moment that keeps this many digits of a second's fraction.
    #[must_use]
    pub const fn moment(digits: u8) -> Self {
        Self::DateTime { digits, stamp: false }
    }

    /// A string of at most this many characters that keeps its value unchanged.
    #[must_use]
    pub const fn string(max: u32) -> Self {
        Self::String { max, trims: false }
    }

    /// Its name for people.
    #[must_use]
    pub fn title(&self) -> String {
        match self {
            Self::Bool => "a boolean".into(),
            Self::Flag { min, max } => format!("an integer of {min} to {max}"),
            Self::Int { .. } => "an integer".into(),
            Self::Float { .. } => "a floating-point number".into(),
            Self::Year => "a year".into(),
            Self::Decimal { precision, scale, .. } => format!("a decimal ({precision},{scale})"),
            Self::String { max, .. } => format!("a string of at most {max} characters"),
            Self::Text { .. } => "a text".into(),
            Self::Bytes { .. } => "bytes".into(),
            Self::Uuid => "a UUID".into(),
            Self::Date => "a date".into(),
            Self::Time { .. } => "a time".into(),
            Self::DateTime { .. } => "a date and time".into(),
            Self::Enum(_) => "an enum".into(),
            Self::Set(_) => "a set".into(),
            Self::Json => "JSON".into(),
            Self::ObjectId => "an ObjectId".into(),
            Self::List(_) => "a list".into(),
            Self::Object(_) => "an object".into(),
            Self::Mixed(types) => format!("one of {}", types.join(", ")),
            Self::Beyond(what) => what.clone(),
        }
    }
}
