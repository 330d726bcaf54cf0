//! Whether values of a template's type fit a column's or a parameter's, and why not.

#![allow(clippy::match_same_arms, reason = "a pair of types a line, in the order of the types")]

use beds_core::{
    inspect::{Column, Kind},
    spec::{Engine, Field, Type},
};

/// How well a type fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fit {
    /// Every value does.
    Fine,
    /// Some do not; the end of the sentence "the column …".
    Doubt(String),
    /// None does; the end of the sentence "the column …".
    Wrong(String),
}

/// What a type is compared with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Against {
    pub(super) engine: Engine,
    /// Whether clients' values are written there.
    pub(super) written: bool,
}

fn doubt(text: impl Into<String>) -> Fit {
    Fit::Doubt(text.into())
}

fn wrong(kind: &Kind, ty: &Type) -> Fit {
    Fit::Wrong(format!("is {}, not `{}`", kind.title(), ty.name()))
}

/// Whether a type fits what values of a column are.
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
        (Type::Bool, Kind::Bool) | (Type::ObjectId, Kind::ObjectId | Kind::String { .. }) => Fit::Fine,
        (Type::Bool, Kind::Int { .. }) if !is_mongodb => {
            doubt("is an integer: whatever is not 0 reads as true")
        }
        (Type::Int { .. } | Type::UInt { .. }, _) => integer(kind, ty, against),
        (Type::Float { .. }, Kind::Float { .. } | Kind::Int { .. }) => Fit::Fine,
        (Type::Float { .. }, Kind::Decimal { .. } | Kind::Bool) if !is_mongodb => Fit::Fine,
        (Type::Decimal { precision, scale, .. }, _) => decimal(kind, ty, (*precision, *scale), against),
        (Type::String { max, .. } | Type::Text { max, .. }, _) => string(kind, ty, *max, against),
        (Type::Enum { values }, _) => enumeration(kind, ty, values, against),
        (Type::Bytes { max }, Kind::Bytes { max: kept, .. }) if against.written && max > kept => {
            doubt(format!("keeps {kept} bytes, but the template allows {max}"))
        }
        (Type::Bytes { .. }, Kind::Bytes { .. }) => Fit::Fine,
        (Type::Bytes { .. }, Kind::String { .. } | Kind::Text { .. }) if !is_mongodb => {
            doubt("is text, which bytes need not be")
        }
        (Type::Uuid, Kind::Uuid) => Fit::Fine,
        (Type::Uuid, Kind::Bytes { .. }) if is_mongodb => Fit::Fine,
        (Type::Uuid, Kind::Bytes { max: 16, .. }) => {
            doubt("is 16 bytes, and a UUID is compared as text: no key and no filter finds it")
        }
        (Type::Uuid, Kind::String { max }) if is_mongodb || *max >= 36 => Fit::Fine,
        (Type::Date, Kind::Date) | (Type::DateTime, Kind::DateTime | Kind::Date) => Fit::Fine,
        (Type::Date, Kind::DateTime) => doubt("is a moment, of which the template shows the date alone"),
        (Type::Time, Kind::Time) => Fit::Fine,
        (Type::Date | Type::Time | Type::DateTime, Kind::String { .. }) if is_mongodb => Fit::Fine,
        (Type::List { item, .. }, Kind::List(items)) => match fit(items, &item.ty, against) {
            Fit::Fine => Fit::Fine,
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
        Kind::Bool if against.engine == Engine::MariaDb => Fit::Fine,
        Kind::Int { max: kept, .. } if *kept > greatest => doubt(format!(
            "has values up to {kept}, and those above {greatest} cannot be read: write unsigned = true"
        )),
        Kind::Int { min: kept, .. } if *kept < least => doubt("may be negative, but the field is unsigned"),
        Kind::Int { min: from, max: to } if against.written && (min < *from || max > *to) => {
            doubt(format!("keeps {from} to {to}, but the template allows {min} to {max}"))
        }
        Kind::Int { .. } => Fit::Fine,
        // A sum of integers is a decimal without digits after its point.
        Kind::Decimal { scale: 0, .. } if against.engine == Engine::MariaDb => Fit::Fine,
        Kind::Float { .. } if against.engine == Engine::MongoDb => {
            doubt("may have a fraction, but the field is an int")
        }
        _ => wrong(kind, ty),
    }
}

fn decimal(kind: &Kind, ty: &Type, (precision, scale): (u8, u8), against: Against) -> Fit {
    match kind {
        Kind::Decimal { .. } if against.engine == Engine::MongoDb => Fit::Fine,
        Kind::Decimal { precision: kept, scale: after, .. } => {
            if *after > scale && !against.written {
                doubt(format!("has {after} digits after the point, but the template says {scale}"))
            } else if against.written && (scale > *after || precision - scale > kept.saturating_sub(*after)) {
                doubt(format!("keeps ({kept},{after}) digits, but the template allows ({precision},{scale})"))
            } else {
                Fit::Fine
            }
        }
        // A decimal is written as a Decimal128, which a validator of other numbers refuses.
        Kind::Int { .. } | Kind::Float { .. } if against.engine == Engine::MongoDb && against.written => {
            wrong(kind, ty)
        }
        Kind::Int { .. } | Kind::Float { .. } | Kind::Bool => Fit::Fine,
        _ => wrong(kind, ty),
    }
}

fn string(kind: &Kind, ty: &Type, max: u32, against: Against) -> Fit {
    match kind {
        Kind::String { max: kept } | Kind::Text { max: kept } if against.written && max > *kept => {
            doubt(format!("keeps {kept} characters, but the template allows {max}"))
        }
        Kind::String { .. } | Kind::Text { .. } | Kind::Enum(_) | Kind::Set(_) => Fit::Fine,
        Kind::Uuid | Kind::Json if against.engine == Engine::MariaDb => Fit::Fine,
        Kind::Int { .. }
        | Kind::Decimal { .. }
        | Kind::Float { .. }
        | Kind::Date
        | Kind::Time
        | Kind::DateTime
        | Kind::Bool
            if against.engine == Engine::MariaDb =>
        {
            doubt(format!("is {}, which the template shows as text", kind.title()))
        }
        _ => wrong(kind, ty),
    }
}

fn enumeration(kind: &Kind, ty: &Type, values: &[&str], against: Against) -> Fit {
    match kind {
        Kind::Enum(kept) => {
            let refused: Vec<&str> =
                values.iter().filter(|value| !kept.iter().any(|kept| kept == *value)).copied().collect();
            let unknown: Vec<&str> = kept
                .iter()
                .map(String::as_str)
                .filter(|kept| !kept.is_empty() && !values.contains(kept))
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
        Kind::String { max } | Kind::Text { max } => {
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

fn object(members: &[Column], fields: &[Field], against: Against) -> Fit {
    let mut doubts = None;
    for field in fields {
        let Some(member) = members.iter().find(|member| member.name == field.column) else { continue };
        match fit(&member.kind, &field.ty, against) {
            Fit::Fine => {}
            Fit::Doubt(why) => {
                doubts.get_or_insert(format!("has a member `{}` that {why}", member.name));
            }
            Fit::Wrong(why) => return Fit::Wrong(format!("has a member `{}` that {why}", member.name)),
        }
    }
    doubts.map_or(Fit::Fine, Fit::Doubt)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_fit_or_not() {
        let read = Against { engine: Engine::MariaDb, written: false };
        let write = Against { written: true, ..read };
        let long = Kind::Int { min: 0, max: i128::from(u64::MAX) };
        assert!(matches!(fit(&long, &Type::INT, read), Fit::Doubt(_)));
        assert_eq!(fit(&long, &Type::uint(0, u64::MAX), write), Fit::Fine);
        assert!(matches!(fit(&Kind::String { max: 10 }, &Type::string(0, 40), write), Fit::Doubt(_)));
        assert_eq!(fit(&Kind::String { max: 10 }, &Type::string(0, 40), read), Fit::Fine);
        assert!(matches!(fit(&Kind::Date, &Type::Bool, read), Fit::Wrong(_)));
        assert!(matches!(
            fit(&Kind::Enum(vec!["a".into()]), &Type::one_of(&["a", "b"]), write),
            Fit::Wrong(_)
        ));
        let sum = Kind::Decimal { precision: 32, scale: 0, unsigned: false };
        assert_eq!(fit(&sum, &Type::INT, read), Fit::Fine);
    }
}
