//! Whether one place of a database keeps every value of another one unchanged.

use beds_core::inspect::{Column, Kind, Parameter, UNKNOWN};

/// How well values are kept. The texts end the sentence "the parameter …".
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kept {
    /// Every value is kept unchanged.
    Whole,
    /// Some values are refused.
    Refused(String),
    /// Some values are changed without notice.
    Changed(String),
}

/// A column or a parameter.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    kind: &'a Kind,
    written: &'a str,
    collation: Option<&'a str>,
}

impl<'a> From<&'a Column> for Place<'a> {
    fn from(column: &'a Column) -> Self {
        Self { kind: &column.kind, written: &column.written, collation: column.collation.as_deref() }
    }
}

impl<'a> From<&'a Parameter> for Place<'a> {
    fn from(parameter: &'a Parameter) -> Self {
        Self { kind: &parameter.kind, written: &parameter.written, collation: parameter.collation.as_deref() }
    }
}

impl Place<'_> {
    fn charset(&self) -> Option<Charset<'_>> {
        self.collation.map(Charset::of)
    }
}

/// Whether a parameter keeps every value of a column.
pub(crate) fn keeps(parameter: &Parameter, column: &Column) -> Kept {
    passes(parameter.into(), column.into())
}

/// Whether `column = parameter` distinguishes records as the column's index does, and finds no other record.
pub(crate) fn compares(parameter: &Parameter, column: &Column) -> Kept {
    let (Some(given), Some(own)) = (parameter.collation.as_deref(), column.collation.as_deref()) else {
        return Kept::Whole;
    };
    // Within one character set, the binary collation takes precedence over the others. Between two character sets,
    // neither takes precedence.
    let is_ruling =
        Charset::of(given) == Charset::of(own) && own.ends_with("_bin") && !given.ends_with("_bin");
    if given == own || is_ruling {
        Kept::Whole
    } else {
        Kept::Changed(format!("compares by the rules of `{given}`, not by those of the column, `{own}`"))
    }
}

/// The bytes that a text column keeps, and those of its longest character, if a text may have too many. MariaDB bounds
/// `tinytext`, `text` and `mediumtext` by bytes, templates by characters.
pub(crate) fn bounded_by_bytes(column: &Column) -> Option<(u32, usize)> {
    let Kind::Text { max } = column.kind else { return None };
    let charset = Charset::of(column.collation.as_deref()?);
    let width = charset.width_of(Charset("utf8mb4"));
    (max < u32::MAX && width > 1).then_some((max, width))
}

/// The values that pass through a parameter, as far as a template says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holds {
    /// Text of any characters.
    AnyText,
    /// JSON, of any length.
    Json,
    /// A value that has bounds in the template.
    Plain,
}

/// The part of a parameter's values that the column does not keep, and that a template cannot express: digits of a
/// fraction, the years of a timestamp, characters, the length of JSON.
pub(crate) fn narrows(column: &Column, parameter: &Parameter, holds: Holds) -> Option<String> {
    let (to, from): (Place<'_>, Place<'_>) = (column.into(), parameter.into());
    if let (Holds::AnyText | Holds::Json, Some(own), Some(other)) = (holds, to.charset(), from.charset())
        && !own.holds(other)
    {
        return Some(format!("keeps characters of {} only, not all of {}", own.0, other.0));
    }
    let kept = match (to.kind, from.kind) {
        (Kind::Float { .. }, Kind::Float { .. })
        | (Kind::Time { .. }, Kind::Time { .. })
        | (Kind::DateTime { .. }, Kind::DateTime { .. }) => kinds(to.kind, from.kind),
        (Kind::String { .. } | Kind::Text { .. }, _) if holds == Holds::Json => text(to, from)?,
        _ => return None,
    };
    match kept {
        Kept::Whole => None,
        Kept::Changed(how) | Kept::Refused(how) => Some(how),
    }
}

fn passes(to: Place<'_>, from: Place<'_>) -> Kept {
    // MariaDB does not take an address as text, and refuses other values.
    let is_address = to.written.to_ascii_lowercase().starts_with("inet");
    if is_address && !to.written.eq_ignore_ascii_case(from.written) {
        return Kept::Refused(format!("keeps addresses of `{}` only", to.written));
    }
    if let (Some(to), Some(from)) = (to.charset(), from.charset())
        && !to.holds(from)
    {
        return Kept::Refused(format!("keeps characters of {} only, not all of {}", to.0, from.0));
    }
    match (to.kind, from.kind) {
        (Kind::String { .. } | Kind::Text { .. }, _) => text(to, from)
            .unwrap_or_else(|| Kept::Changed(format!("is {}, not {}", to.kind.title(), from.kind.title()))),
        (to, from) => kinds(to, from),
    }
}

fn kinds(to: &Kind, from: &Kind) -> Kept {
    if let (Some((min, max)), Some((least, greatest))) = (bounds(to), bounds(from)) {
        return if min <= least && max >= greatest {
            Kept::Whole
        } else {
            Kept::Refused(format!("keeps {min} to {max} only"))
        };
    }
    match (to, from) {
        (Kind::Json | Kind::Uuid | Kind::Date | Kind::Year, _) if to == from => Kept::Whole,
        (Kind::Int { min, max }, Kind::Year) if *min <= 0 && *max >= 2155 => Kept::Whole,
        (Kind::Int { min, max }, Kind::Year) => Kept::Refused(format!("keeps {min} to {max} only")),
        (
            Kind::Decimal { precision, scale, unsigned },
            Kind::Decimal { precision: of, scale: after, unsigned: no_sign },
        ) => {
            if scale < after {
                Kept::Changed(format!("keeps {scale} digits after the point, not {after}"))
            } else if precision - scale < of.saturating_sub(*after) || (*unsigned && !no_sign) {
                Kept::Refused(format!("keeps fewer numbers ({precision},{scale})"))
            } else {
                Kept::Whole
            }
        }
        (Kind::Float { .. }, Kind::Float { .. }) => float(to, from),
        (Kind::Bytes { max, fixed }, Kind::Bytes { max: of, fixed: is_fixed }) => {
            if *fixed && !(*is_fixed && max == of) {
                Kept::Changed("fills values up with zeros".to_owned())
            } else if max < of {
                Kept::Refused(format!("keeps {max} bytes only"))
            } else {
                Kept::Whole
            }
        }
        (Kind::DateTime { stamp: true, .. }, Kind::DateTime { stamp: false, .. } | Kind::Date) => {
            Kept::Refused(
                "is a timestamp, which keeps moments since 1970 and of a few decades only".to_owned(),
            )
        }
        (Kind::Time { digits }, Kind::Time { digits: of })
        | (Kind::DateTime { digits, .. }, Kind::DateTime { digits: of, .. }) => {
            if digits < of {
                Kept::Changed(format!("keeps {digits} digits of a second's fraction, not {of}"))
            } else {
                Kept::Whole
            }
        }
        (Kind::DateTime { .. }, Kind::Date) => Kept::Whole,
        (Kind::Enum(values), Kind::Enum(of)) | (Kind::Set(values), Kind::Set(of)) => {
            match of.iter().find(|value| !values.contains(value)) {
                None => Kept::Whole,
                Some(value) => Kept::Refused(format!("has no value `{}`", value.replace(UNKNOWN, "?"))),
            }
        }
        _ => Kept::Changed(format!("is {}, not {}", to.title(), from.title())),
    }
}

/// The least and the greatest value of a whole number.
const fn bounds(kind: &Kind) -> Option<(i128, i128)> {
    match kind {
        Kind::Bool => Some((0, 1)),
        Kind::Int { min, max } | Kind::Flag { min, max } => Some((*min, *max)),
        _ => None,
    }
}

fn float(to: &Kind, from: &Kind) -> Kept {
    let (
        Kind::Float { single, unsigned, digits },
        Kind::Float { single: is_single, unsigned: no_sign, digits: of },
    ) = (to, from)
    else {
        return Kept::Whole;
    };
    match (digits, of) {
        (Some((precision, scale)), of) if of.is_none_or(|(_, after)| after != *scale) => {
            Kept::Changed(format!("rounds to ({precision},{scale}) digits"))
        }
        _ if *single && !is_single => Kept::Changed("keeps single precision only".to_owned()),
        (Some((precision, scale)), Some((of, _))) if precision < of => {
            Kept::Refused(format!("keeps fewer numbers ({precision},{scale})"))
        }
        _ if *unsigned && !no_sign => Kept::Refused("keeps no negative numbers".to_owned()),
        _ => Kept::Whole,
    }
}

/// A character set, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Charset<'a>(&'a str);

impl<'a> Charset<'a> {
    /// The character set of a collation: the name of the collation begins with it.
    fn of(collation: &'a str) -> Self {
        match collation.split('_').next().unwrap_or(collation) {
            "utf8" => Self("utf8mb3"),
            name => Self(name),
        }
    }

    /// Whether the set has every character of Unicode.
    fn is_whole(self) -> bool {
        matches!(self.0, "utf8mb4" | "utf16" | "utf16le" | "utf32")
    }

    /// Whether the set has every character of another one.
    fn holds(self, other: Self) -> bool {
        let is_basic = matches!(self.0, "utf8mb3" | "ucs2");
        self == other
            || self.is_whole()
            || (is_basic && !other.is_whole())
            || (other.0 == "ascii" && self.0 != "swe7")
    }

    /// The most bytes that one character from another set takes.
    fn width_of(self, other: Self) -> usize {
        match (self.0, other.0) {
            ("utf8mb4" | "utf8mb3", "ascii") => 1,
            ("utf8mb4", _) if other.is_whole() => 4,
            ("utf8mb4" | "utf8mb3" | "ujis" | "eucjpms", _) => 3,
            ("ucs2" | "sjis" | "cp932" | "big5" | "gbk" | "gb2312" | "euckr", _) => 2,
            ("utf16" | "utf16le" | "utf32", _) => 4,
            _ => 1,
        }
    }
}

/// Whether a string keeps every value of `from`; `None` if `from` is not text.
fn text(to: Place<'_>, from: Place<'_>) -> Option<Kept> {
    let longest = |values: &[String]| values.iter().map(|value| value.chars().count()).max().unwrap_or(0);
    let (length, is_trimmed) = match from.kind {
        Kind::String { max, trims } => (*max as usize, *trims),
        Kind::Text { max } => (*max as usize, false),
        Kind::Enum(values) => (longest(values), true),
        Kind::Set(values) => (values.iter().map(|value| value.chars().count() + 1).sum(), true),
        Kind::Json => (u32::MAX as usize, true),
        Kind::Uuid => (36, true),
        _ => return None,
    };
    let ascii = Charset("ascii");
    let (own, other) = (to.charset().unwrap_or(ascii), from.charset().unwrap_or(ascii));
    // A text is bounded by its bytes, a string by its characters.
    let bytes = match from.kind {
        Kind::Text { .. } | Kind::Json if own == other => length,
        _ => length.saturating_mul(own.width_of(other)),
    };
    Some(match to.kind {
        Kind::String { max, .. } if (*max as usize) < length => {
            Kept::Refused(format!("keeps {max} characters only"))
        }
        Kind::Text { max } if *max < u32::MAX && (*max as usize) < bytes => {
            Kept::Refused(format!("keeps {max} bytes only"))
        }
        Kind::String { trims: true, .. } if !is_trimmed => {
            Kept::Changed("keeps no spaces at the end".to_owned())
        }
        Kind::String { .. } | Kind::Text { .. } => Kept::Whole,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keeps(to: &Kind, from: &Kind) -> Kept {
        let place = |kind| Place { kind, written: "", collation: None };
        passes(place(to), place(from))
    }

    #[test]
    fn a_parameter_holds_every_character_of_its_column() {
        let varchar = Kind::string(10);
        let (tiny, text) = (Kind::Text { max: 255 }, Kind::Text { max: 65_535 });
        let passes = |to: &Kind, set: &str, from: &Kind, of: &str| {
            let place = |kind, collation| Place { kind, written: "", collation };
            let (set, of) = (format!("{set}_bin"), format!("{of}_general_ci"));
            passes(place(to, Some(&set)), place(from, Some(&of)))
        };
        for (to, from) in
            [("utf8mb4", "latin1"), ("latin1", "latin1"), ("latin1", "ascii"), ("utf8", "utf8mb3")]
        {
            assert_eq!(passes(&varchar, to, &varchar, from), Kept::Whole, "{to} {from}");
        }
        for (to, from) in [("latin1", "utf8mb4"), ("utf8mb3", "utf8mb4"), ("latin1", "latin2")] {
            assert!(matches!(passes(&varchar, to, &varchar, from), Kept::Refused(_)), "{to} {from}");
        }
        // A text is bounded by its bytes.
        assert!(matches!(passes(&tiny, "utf8mb4", &Kind::string(100), "utf8mb4"), Kept::Refused(_)));
        assert!(matches!(passes(&text, "utf8mb4", &text, "latin1"), Kept::Refused(_)));
        assert_eq!(passes(&tiny, "utf8mb4", &Kind::string(63), "utf8mb4"), Kept::Whole);
        assert_eq!(passes(&text, "utf8mb4", &text, "utf8mb4"), Kept::Whole);
    }

    #[test]
    fn an_address_is_no_text() {
        let place = |kind, written| Place { kind, written, collation: None };
        let text = Kind::string(45);
        assert!(matches!(passes(place(&text, "inet6"), place(&text, "varchar(45)")), Kept::Refused(_)));
        assert_eq!(passes(place(&text, "varchar(45)"), place(&text, "inet6")), Kept::Whole);
        assert_eq!(passes(place(&text, "inet6"), place(&text, "inet6")), Kept::Whole);
    }

    #[test]
    fn what_changes_a_value_is_told_from_what_refuses_it() {
        let decimal = |precision, scale| Kind::Decimal { precision, scale, unsigned: false };
        let float = |single| Kind::float(false, single);
        let rounding = |scale| Kind::Float { unsigned: false, single: false, digits: Some((10, scale)) };
        let flag = || Kind::Flag { min: -128, max: 127 };
        let stamp = Kind::DateTime { digits: 6, stamp: true };
        let set = |values: &[&str]| Kind::Set(values.iter().map(|value| (*value).to_owned()).collect());
        let char = |max| Kind::String { max, trims: true };
        let int = |min, max| Kind::Int { min, max };
        let time = Kind::moment;
        let bytes = |max, fixed| Kind::Bytes { max, fixed };
        let whole = [
            (decimal(7, 3), decimal(5, 2)),
            (float(false), float(true)),
            (Kind::string(4), char(4)),
            (int(-128, 127), int(0, 100)),
            (time(6), time(3)),
            (bytes(4, true), bytes(4, true)),
            (Kind::Text { max: u32::MAX }, Kind::Json),
            (int(0, 2155), Kind::Year),
            (rounding(3), rounding(3)),
            (float(false), rounding(3)),
            (flag(), Kind::Bool),
            (int(-128, 127), flag()),
            (time(6), stamp.clone()),
            (set(&["b", "a"]), set(&["a"])),
        ];
        for (to, from) in whole {
            assert_eq!(keeps(&to, &from), Kept::Whole, "{to:?} {from:?}");
        }
        let changed = [
            (decimal(5, 2), decimal(7, 3)),
            (float(true), float(false)),
            (float(false), decimal(5, 2)),
            (rounding(1), float(false)),
            (rounding(1), float(true)),
            (rounding(2), rounding(3)),
            (char(4), Kind::string(4)),
            (time(0), time(6)),
            (Kind::Date, time(0)),
            (bytes(4, true), bytes(4, false)),
            (int(0, 9), Kind::string(9)),
        ];
        for (to, from) in changed {
            assert!(matches!(keeps(&to, &from), Kept::Changed(_)), "{to:?} {from:?}");
        }
        let refused = [
            (decimal(5, 2), decimal(7, 2)),
            (Kind::string(3), Kind::string(4)),
            (int(0, 255), int(-1, 5)),
            (Kind::Bool, flag()),
            (stamp.clone(), time(6)),
            (stamp, Kind::Date),
            (set(&["a"]), set(&["a", "b"])),
            (Kind::Enum(vec!["a".into()]), Kind::Enum(vec!["a".into(), "b".into()])),
        ];
        for (to, from) in refused {
            assert!(matches!(keeps(&to, &from), Kept::Refused(_)), "{to:?} {from:?}");
        }
    }
}
