//! Whether one place of a database keeps every value of another as it is.

use beds_core::inspect::{Kind, UNKNOWN};

/// How well values are kept. The texts are the end of the sentence "the parameter …".
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kept {
    /// Every value is kept as it is.
    Whole,
    /// Some values are refused.
    Refused(String),
    /// Some values become others, and nobody is told.
    Changed(String),
}

/// Whether `to` keeps every value of `from`.
pub(crate) fn keeps(to: &Kind, from: &Kind) -> Kept {
    let changed = || Kept::Changed(format!("is {}, not {}", to.title(), from.title()));
    let refused = |what: String| Kept::Refused(what);
    match (to, from) {
        (
            Kind::Bool | Kind::Json | Kind::Uuid | Kind::Date | Kind::Year | Kind::Enum(_) | Kind::Set(_),
            _,
        ) if to == from => Kept::Whole,
        (Kind::Int { min, max }, _) => match from {
            Kind::Int { min: least, max: greatest } if min <= least && max >= greatest => Kept::Whole,
            Kind::Bool if *min <= -128 && *max >= 127 || (*min, *max) == (0, 255) => Kept::Whole,
            Kind::Year if *min <= 0 && *max >= 2155 => Kept::Whole,
            Kind::Int { .. } | Kind::Bool | Kind::Year => refused(format!("keeps {min} to {max} only")),
            _ => changed(),
        },
        (
            Kind::Decimal { precision, scale, unsigned },
            Kind::Decimal { precision: of, scale: after, unsigned: no_sign },
        ) => {
            if scale < after {
                Kept::Changed(format!("keeps {scale} digits after the point, not {after}"))
            } else if precision - scale < of.saturating_sub(*after) || (*unsigned && !no_sign) {
                refused(format!("keeps fewer numbers ({precision},{scale})"))
            } else {
                Kept::Whole
            }
        }
        (Kind::Float { single, unsigned }, Kind::Float { single: is_single, unsigned: no_sign }) => {
            if *single && !is_single {
                Kept::Changed("keeps single precision only".to_owned())
            } else if *unsigned && !no_sign {
                refused("keeps no negative numbers".to_owned())
            } else {
                Kept::Whole
            }
        }
        (Kind::Bytes { max, fixed }, Kind::Bytes { max: of, fixed: is_fixed }) => {
            if *fixed && !(*is_fixed && max == of) {
                Kept::Changed("fills values up with zeros".to_owned())
            } else if max < of {
                refused(format!("keeps {max} bytes only"))
            } else {
                Kept::Whole
            }
        }
        (Kind::Time { digits }, Kind::Time { digits: of })
        | (Kind::DateTime { digits }, Kind::DateTime { digits: of }) => {
            if digits < of {
                Kept::Changed(format!("keeps {digits} digits of a second's fraction, not {of}"))
            } else {
                Kept::Whole
            }
        }
        (Kind::DateTime { .. }, Kind::Date) => Kept::Whole,
        (Kind::Enum(values), Kind::Enum(of)) => match of.iter().find(|value| !values.contains(value)) {
            None => Kept::Whole,
            Some(value) => refused(format!("has no value `{}`", value.replace(UNKNOWN, "?"))),
        },
        (Kind::String { .. } | Kind::Text { .. }, _) => text(to, from).unwrap_or_else(changed),
        _ => changed(),
    }
}

/// Whether a string keeps every value of `from`; `None` where that is no text.
fn text(to: &Kind, from: &Kind) -> Option<Kept> {
    let (max, trims) = match to {
        Kind::String { max, trims } => (*max, *trims),
        Kind::Text { max } => (*max, false),
        _ => return None,
    };
    let longest = |values: &[String]| values.iter().map(|value| value.chars().count()).max().unwrap_or(0);
    let (length, is_trimmed) = match from {
        Kind::String { max, trims } => (*max as usize, *trims),
        Kind::Text { max } => (*max as usize, false),
        Kind::Enum(values) => (longest(values), true),
        Kind::Set(values) => (values.iter().map(|value| value.chars().count() + 1).sum(), true),
        Kind::Json => (u32::MAX as usize, true),
        Kind::Uuid => (36, true),
        _ => return None,
    };
    Some(if (max as usize) < length {
        Kept::Refused(format!("keeps {max} characters only"))
    } else if trims && !is_trimmed {
        Kept::Changed("keeps no spaces at the end".to_owned())
    } else {
        Kept::Whole
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_a_value_is_told_from_what_refuses_it() {
        let decimal = |precision, scale| Kind::Decimal { precision, scale, unsigned: false };
        let float = |single| Kind::Float { unsigned: false, single };
        let char = |max| Kind::String { max, trims: true };
        let int = |min, max| Kind::Int { min, max };
        let time = |digits| Kind::DateTime { digits };
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
        ];
        for (to, from) in whole {
            assert_eq!(keeps(&to, &from), Kept::Whole, "{to:?} {from:?}");
        }
        let changed = [
            (decimal(5, 2), decimal(7, 3)),
            (float(true), float(false)),
            (float(false), decimal(5, 2)),
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
            (Kind::Enum(vec!["a".into()]), Kind::Enum(vec!["a".into(), "b".into()])),
        ];
        for (to, from) in refused {
            assert!(matches!(keeps(&to, &from), Kept::Refused(_)), "{to:?} {from:?}");
        }
    }
}
