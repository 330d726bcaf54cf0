//! Values that MongoDB may store in several forms. The forms differ to an index, and clients see them alike.

use beds_core::inspect::{Asks, Evidence, Relation, Rule};
use beds_protocol::shown;

/// Why clients may see one value of this type for records that an index distinguishes; `None` if that is impossible.
pub(crate) fn shown_alike(relation: &Relation, column: &str, ty: &str) -> Option<String> {
    let (harmless, others) = match ty {
        "decimal" => {
            (&["decimal", "int", "long", "null"][..], "a double beside a decimal number, 0.1 beside 0.10,")
        }
        "date" => (&["string", "null"][..], "two moments of one day"),
        _ => return None,
    };
    let is_kept_apart = |rule: &Rule| {
        let is_of = rule.path.len() == 1 && rule.path.iter().all(|step| step == column);
        let is_harmless = |types: &[String]| types.iter().all(|name| harmless.contains(&name.as_str()));
        is_of && matches!(&rule.asks, Asks::Types(types) if is_harmless(types))
    };
    let is_strict = relation.evidence == Evidence::Validator { strict: true };
    if is_strict && relation.rules.iter().any(is_kept_apart) {
        return None;
    }
    Some(format!(
        "{} may hold {others} which no index keeps apart and which look the same to clients",
        shown(column)
    ))
}

/// The one form that the database should accept in such a column.
pub(crate) fn one_form(ty: &str) -> &'static str {
    if ty == "date" { "string" } else { "decimal" }
}
