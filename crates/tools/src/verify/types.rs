//! Whether values of a template's type fit the type of a column or a parameter, and why not.

#![allow(clippy::match_same_arms, reason = "a pair of types a line, in the order of the types")]

use beds_core::{
    inspect::{Column, Kind, UNKNOWN},
    spec::{Engine, Field, Type},
};
use beds_protocol::shown;

/// How well a type fits. The texts end the sentence "the column …".
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fit {
    /// Every value fits.
    Fine,
    /// The type fits as well as a template can express it: a part of a written value is not kept.
    Noted(String),
    /// Some values do not fit. They are refused, or clients see values that the template excludes.
    Doubt(String),
    /// No value fits, or some are changed without notice.
    Wrong(String),
}

/// What a type is compared with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Against {
    pub(super) engine: Engine,
    /// Whether clients' values are written there.
    pub(super) written: bool,
    /// Whether clients see values from there. Other values that a parameter could take do not matter.
    pub(super) shown: bool,
}

fn doubt(text: impl Into<String>) -> Fit {
    Fit::Doubt(text.into())
}

fn changes(text: impl Into<String>) -> Fit {
    Fit::Wrong(text.into())
}

/// The type fits, except for a property that a template cannot express.
fn noted(is: bool, text: impl Into<String>) -> Fit {
    if is { Fit::Noted(text.into()) } else { Fit::Fine }
}

fn wrong(kind: &Kind, ty: &Type) -> Fit {
    Fit::Wrong(format!("is {}, not {}", kind.title(), shown(ty.name())))
}

/// Whether a type fits the values of a column.
pub(super) fn fit(kind: &Kind, ty: &Type, against: Against) -> Fit {
    let is_mongodb = against.engine == Engine::MongoDb;
    match (ty, kind) {
        // Nothing is declared, so nothing is contradicted.
        (_, Kind::Json) | (Type::Json, _) if is_mongodb => Fit::Fine,
        (
            Type::Json | Type::List { .. } | Type::Object { .. },
            Kind::Json | Kind::Text { .. } | Kind::String { .. },
        ) if !is_mongodb => Fit::Fine,
        (_, Kind::Mixed(types)) => doubt(format!("has values of several types: {}", types.join(", "))),
        (Type::Bytes { .. }, Kind::Beyond(_)) => {
            doubt("has a type that templates do not know: clients get its bytes")
        }
        (Type::Bool, Kind::Bool | Kind::Flag { .. })
        | (Type::ObjectId, Kind::ObjectId | Kind::String { .. }) => Fit::Fine,
        (Type::Bool, Kind::Int { .. }) if !is_mongodb => {
            doubt("is an integer: whatever is not 0 reads as true")
        }
        (Type::Int { .. } | Type::UInt { .. }, _) => integer(kind, ty, against),
        (Type::Float { .. }, Kind::Float { digits: Some((precision, scale)), .. }) => {
            noted(against.written, format!("rounds to ({precision},{scale}) digits"))
        }
        (Type::Float { .. }, Kind::Float { single, .. }) => {
            noted(*single && against.written, "keeps some seven digits of a number")
        }
        (Type::Float { .. }, Kind::Int { .. }) if against.written => {
            changes("is an integer, which keeps no fraction")
        }
        (Type::Float { .. }, Kind::Decimal { .. } | Kind::Bool | Kind::Flag { .. } | Kind::Year)
            if !is_mongodb && against.written =>
        {
            changes(format!("is {}, which keeps other numbers than a float has", kind.title()))
        }
        // A validator that accepts a `number` accepts a double as well. Conditions that a double breaks are reported
        // where documents are written.
        (Type::Float { .. }, Kind::Decimal { .. }) if is_mongodb => doubt(
            "may have decimals, but the field is a float: decimals that no float equals are shown as null",
        ),
        (Type::Float { .. }, Kind::Int { .. }) => Fit::Fine,
        (Type::Float { .. }, Kind::Decimal { .. } | Kind::Bool | Kind::Flag { .. } | Kind::Year)
            if !is_mongodb =>
        {
            Fit::Fine
        }
        (Type::Decimal { precision, scale, .. }, _) => decimal(kind, ty, (*precision, *scale), against),
        (Type::String { pattern: Some(pattern), .. }, _) if pattern.source().is_empty() => {
            string(kind, ty, 0, against)
        }
        (Type::String { max, .. } | Type::Text { max, .. }, _) => string(kind, ty, *max, against),
        (Type::Enum { values }, _) => enumeration(kind, ty, values, against),
        (Type::Bytes { max }, Kind::Bytes { max: kept, .. }) if against.written && max > kept => {
            doubt(format!("keeps {kept} bytes, but the template allows {max}"))
        }
        (Type::Bytes { .. }, Kind::Bytes { fixed, .. }) => {
            noted(*fixed && against.written, "fills shorter values up with zero bytes")
        }
        (Type::Bytes { .. }, Kind::String { .. } | Kind::Text { .. }) if !is_mongodb => {
            doubt("is text, which bytes need not be")
        }
        (Type::Uuid, Kind::Uuid) => Fit::Fine,
        (Type::Uuid, Kind::Bytes { .. }) if is_mongodb => Fit::Fine,
        (Type::Uuid, Kind::Bytes { max: 16, .. }) => {
            doubt("is 16 bytes, and a UUID is compared as text: no key and no filter finds it")
        }
        (Type::Uuid, Kind::String { max, .. }) if is_mongodb || *max >= 36 => Fit::Fine,
        (Type::Date, Kind::Date) => Fit::Fine,
        (Type::DateTime, Kind::Date) => changes("is a date, which keeps no time of day"),
        (Type::Date, Kind::DateTime { .. }) if against.written => {
            changes("is a moment: a write of only the date sets its time of day to midnight")
        }
        (Type::Date, Kind::DateTime { .. }) => {
            doubt("is a moment, of which the template shows only the date")
        }
        (Type::DateTime, Kind::DateTime { stamp: true, .. }) if against.written => {
            Fit::Noted("is a timestamp, which keeps moments since 1970 and of a few decades only".to_owned())
        }
        (Type::DateTime, Kind::DateTime { digits, .. }) | (Type::Time, Kind::Time { digits }) => {
            noted(*digits < 6 && against.written, format!("keeps {digits} digits of a second's fraction"))
        }
        (Type::Date | Type::Time | Type::DateTime, Kind::String { .. }) if is_mongodb => Fit::Fine,
        (Type::List { item, .. }, Kind::List(items)) => match fit(items, &item.ty, against) {
            Fit::Fine => Fit::Fine,
            Fit::Noted(why) => Fit::Noted(format!("has items, each of which {why}")),
            Fit::Doubt(why) => doubt(format!("has items, each of which {why}")),
            Fit::Wrong(why) => Fit::Wrong(format!("has items, each of which {why}")),
        },
        (Type::Object { fields }, Kind::Object(members)) => object(members, fields, against),
        _ => wrong(kind, ty),
    }
}

fn integer(kind: &Kind, ty: &Type, against: Against) -> Fit {
    let (least, greatest, min, max) = match ty {
        Type::UInt { min, max } => (0, i128::from(u64::MAX), i128::from(*min), i128::from(*max)),
        Type::Int { min, max } => {
            (i128::from(i64::MIN), i128::from(i64::MAX), i128::from(*min), i128::from(*max))
        }
        _ => return Fit::Fine,
    };
    match kind {
        Kind::Bool if against.engine == Engine::MariaDb && against.written && (min < 0 || max > 1) => {
            doubt(format!("keeps 0 and 1, but the template allows {min} to {max}"))
        }
        Kind::Bool if against.engine == Engine::MariaDb => Fit::Fine,
        Kind::Flag { min: from, max: to } => integer(&Kind::Int { min: *from, max: *to }, ty, against),
        // Values between 0 and the years are refused when a record is written.
        Kind::Year if against.written && min == 0 && (1901..=2155).contains(&max) => Fit::Fine,
        Kind::Year if against.written && min < 100 && max > 0 => doubt(
            "is a year, which takes 1 to 99 for years of 1970 to 2069, so that the node refuses them: write \
             min = 1901 and max = 2155",
        ),
        Kind::Year if against.written && (min < 0 || max > 2155 || (min > 0 && min < 1901)) => {
            doubt(format!("keeps the years 1901 to 2155, but the template allows {min} to {max}"))
        }
        Kind::Year => Fit::Fine,
        Kind::Int { max: kept, .. } if against.shown && *kept > greatest => doubt(format!(
            "has values up to {kept}, and those above {greatest} cannot be read: write unsigned = true"
        )),
        Kind::Int { min: kept, .. } if against.shown && *kept < least => {
            doubt("may be negative, but the field is unsigned")
        }
        Kind::Int { min: from, max: to } if against.written && (min < *from || max > *to) => {
            doubt(format!("keeps {from} to {to}, but the template allows {min} to {max}"))
        }
        Kind::Int { min: from, max: to }
            if against.shown && (*from < min || *to > max) && is_of_a_type(min, max) =>
        {
            doubt(format!("has values of {from} to {to}, but the template has the bounds of a smaller type"))
        }
        Kind::Int { .. } => Fit::Fine,
        // A sum of integers is a decimal without fraction digits.
        Kind::Decimal { scale: 0, .. } if against.engine == Engine::MariaDb => Fit::Fine,
        Kind::Float { .. } | Kind::Decimal { .. } if against.engine == Engine::MongoDb => {
            doubt("may have a fraction, but the field is an int")
        }
        _ => wrong(kind, ty),
    }
}

/// Whether these are the bounds of an integer type of MariaDB. Other bounds are a rule for the values of clients.
fn is_of_a_type(min: i128, max: i128) -> bool {
    [8_u32, 16, 24, 32].into_iter().any(|bits| {
        let half = 1_i128 << (bits - 1);
        (min, max) == (-half, half - 1) || (min, max) == (0, 2 * half - 1)
    })
}

fn decimal(kind: &Kind, ty: &Type, (precision, scale): (u8, u8), against: Against) -> Fit {
    match kind {
        Kind::Decimal { .. } if against.engine == Engine::MongoDb => Fit::Fine,
        Kind::Decimal { scale: after, .. } if against.written && scale > *after => {
            changes(format!("rounds to {after} digits after the point, but the template allows {scale}"))
        }
        Kind::Decimal { precision: kept, scale: after, .. } => {
            let (before, kept_before) = (precision - scale, kept.saturating_sub(*after));
            if before > kept_before && against.written {
                doubt(format!("keeps ({kept},{after}) digits, but the template allows ({precision},{scale})"))
            } else if against.shown && *after < scale {
                doubt(format!("has {after} digits after the point, but the template says {scale}"))
            } else if against.shown && (*after > scale || kept_before > before) {
                doubt(format!("has ({kept},{after}) digits, but the template says ({precision},{scale})"))
            } else {
                Fit::Fine
            }
        }
        // A decimal is written as a Decimal128, which a validator for other numbers refuses.
        Kind::Int { .. } | Kind::Float { .. } if against.engine == Engine::MongoDb && against.written => {
            wrong(kind, ty)
        }
        Kind::Float { .. } if against.written => {
            changes("is a floating-point number, which keeps decimals only nearly")
        }
        Kind::Int { .. } | Kind::Bool | Kind::Flag { .. } | Kind::Year if against.written && scale > 0 => {
            changes(format!("is {}, which keeps no digits after the point", kind.title()))
        }
        Kind::Float { .. } if against.shown => {
            doubt("is a floating-point number, which may have other digits than a decimal".to_owned())
        }
        Kind::Int { .. } | Kind::Float { .. } | Kind::Bool | Kind::Flag { .. } | Kind::Year => Fit::Fine,
        _ => wrong(kind, ty),
    }
}

fn string(kind: &Kind, ty: &Type, max: u32, against: Against) -> Fit {
    match kind {
        Kind::String { max: kept, .. } | Kind::Text { max: kept } if against.written && max > *kept => {
            doubt(format!("keeps {kept} characters, but the template allows {max}"))
        }
        Kind::String { max: kept, .. }
            if against.engine == Engine::MariaDb && against.shown && *kept > max =>
        {
            doubt(format!("has up to {kept} characters, but the template says {max}"))
        }
        Kind::String { trims: true, .. } => noted(against.written, "keeps no spaces at the end"),
        Kind::String { .. } | Kind::Text { .. } | Kind::Enum(_) | Kind::Set(_) => Fit::Fine,
        Kind::Uuid | Kind::Json if against.engine == Engine::MariaDb => Fit::Fine,
        Kind::Int { .. }
        | Kind::Decimal { .. }
        | Kind::Float { .. }
        | Kind::Date
        | Kind::Time { .. }
        | Kind::DateTime { .. }
        | Kind::Year
        | Kind::Bool
        | Kind::Flag { .. }
            if against.engine == Engine::MariaDb =>
        {
            if against.written {
                changes(format!("is {}, which takes `007` for 7 and the like", kind.title()))
            } else {
                doubt(format!("is {}, which the template shows as text", kind.title()))
            }
        }
        _ => wrong(kind, ty),
    }
}

fn enumeration(kind: &Kind, ty: &Type, values: &[&str], against: Against) -> Fit {
    match kind {
        Kind::Enum(kept) => {
            let refused: Vec<&str> = values
                .iter()
                .filter(|value| !kept.iter().any(|kept| is_value(kept, value)))
                .copied()
                .collect();
            let unknown: Vec<&str> = kept
                .iter()
                .map(String::as_str)
                .filter(|kept| !kept.is_empty() && !values.iter().any(|value| is_value(kept, value)))
                .collect();
            if !refused.is_empty() && against.written {
                Fit::Wrong(format!("has no value {}", refused.join(", ")))
            } else if !unknown.is_empty() {
                doubt(format!("has values that the template does not list: {}", unknown.join(", ")))
            } else if refused.is_empty() {
                Fit::Fine
            } else {
                doubt(format!("has no value {}", refused.join(", ")))
            }
        }
        Kind::String { max, .. } | Kind::Text { max } => {
            let longest = values.iter().map(|value| value.chars().count()).max().unwrap_or_default();
            if against.written && longest > *max as usize {
                Fit::Wrong(format!("keeps {max} characters, but a value has {longest}"))
            } else {
                Fit::Fine
            }
        }
        _ => wrong(kind, ty),
    }
}

/// Whether a value may be the one that the catalogue shows. The catalogue does not show every character.
fn is_value(kept: &str, value: &str) -> bool {
    let is_same = |(a, b): (char, char)| a == b || (UNKNOWN.contains(a) && (b == '?' || b > '\u{ffff}'));
    kept.chars().count() == value.chars().count() && kept.chars().zip(value.chars()).all(is_same)
}

fn object(members: &[Column], fields: &[Field], against: Against) -> Fit {
    let mut doubts = None;
    for field in fields {
        let Some(member) = members.iter().find(|member| member.name == field.column) else { continue };
        match fit(&member.kind, &field.ty, against) {
            Fit::Fine | Fit::Noted(_) => {}
            Fit::Doubt(why) => {
                doubts.get_or_insert(format!("has a member {} that {why}", shown(&member.name)));
            }
            Fit::Wrong(why) => return Fit::Wrong(format!("has a member {} that {why}", shown(&member.name))),
        }
    }
    doubts.map_or(Fit::Fine, Fit::Doubt)
}

#[cfg(test)]
mod tests;
