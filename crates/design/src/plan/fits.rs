//! Which values of old fields fit which new fields without a word in the model: the rules of a migration.

use beds_codegen::model::{Field, Type};
use beds_protocol::shown;

/// Why the values of an old field cannot become those of a new one unchanged; none if they can. A value out of bounds
/// is not found here, but by the proof.
pub(super) fn bars(old: &Type, new: &Type) -> Option<String> {
    use Type::{
        Bool, Bytes, Date, DateTime, Decimal, Enum, Float, Int, Json, List, Object, ObjectId, String, Text,
        Time, UInt, Uuid,
    };
    let is_text = matches!(new, String { .. } | Text { .. });
    let fits = match (old, new) {
        (_, Json)
        | (Bool, Bool)
        | (Int { .. } | UInt { .. }, Int { .. } | UInt { .. } | Float { .. })
        | (Int { .. } | UInt { .. } | Decimal { .. }, Decimal { .. })
        | (Float { .. }, Float { .. })
        | (DateTime, DateTime)
        | (Date, Date)
        | (Time, Time)
        | (Uuid, Uuid)
        | (Bytes { .. }, Bytes { .. })
        | (ObjectId, ObjectId)
        | (
            String { .. } | Text { .. },
            Enum { .. } | Uuid | Date | Time | DateTime | Decimal { .. } | Bytes { .. } | ObjectId,
        ) => true,
        (Enum { values: old }, Enum { values: new }) => {
            let missing: Vec<_> = old.iter().filter(|value| !new.contains(value)).map(shown).collect();
            if !missing.is_empty() {
                return Some(format!("it has no {}, which old records have", missing.join(", ")));
            }
            true
        }
        (List { item: old, .. }, List { item: new, .. }) => return bars(&old.ty, &new.ty),
        (Object { fields: old }, Object { fields: new }) => return of_members(old, new),
        (Bool | Json | List { .. } | Object { .. } | Float { .. }, _) => false,
        (
            String { .. }
            | Text { .. }
            | Enum { .. }
            | Int { .. }
            | UInt { .. }
            | Decimal { .. }
            | DateTime
            | Date
            | Time
            | Uuid
            | Bytes { .. }
            | ObjectId,
            _,
        ) => is_text,
    };
    (!fits).then(|| format!("its type is {}, and that of old records is {}", new.name(), old.name()))
}

/// Why the members of an old object cannot become those of a new one of the same names.
fn of_members(old: &[Field], new: &[Field]) -> Option<String> {
    let pairs = new.iter().filter_map(|new| Some((old.iter().find(|old| old.name == new.name)?, new)));
    let mut reasons = pairs.filter_map(|(old, new)| Some((&new.name, bars(&old.ty, &new.ty)?)));
    reasons.next().map(|(name, reason)| format!("its member {}: {reason}", shown(name)))
}

/// What a model says about a field whose values do not fit.
pub(super) fn remedy(old: &Field, new: &Type) -> String {
    let name = &old.name;
    match (&old.ty, new) {
        (Type::Enum { .. } | Type::Bool, Type::Enum { .. } | Type::Bool) => format!(
            "write \"before\": {{ \"from\": \"{name}\", \"enum\": [{{ \"value\": …, \"becomes\": … }}], \"else\": … }}"
        ),
        (Type::DateTime, Type::Date | Type::Time | Type::Int { .. } | Type::UInt { .. })
        | (Type::Date | Type::Time, Type::Int { .. } | Type::UInt { .. }) => {
            format!("write \"before\": {{ \"from\": \"{name}\", \"date\": … }} with the part that is meant")
        }
        _ => "write \"before\" with another source, such as { \"const\": … }, or give the field another name and a \
              \"default\""
            .to_owned(),
    }
}
