//! `where`: every name is looked up in the template, every value becomes one of its field's type.

use beds_protocol::{Json, Record};

use super::declared::declared;
use crate::{
    access::Allowed,
    query::{Comparison, Condition, Test},
    settings::Limits,
    spec::{Domain, Type},
    validate::{Errors, scalar::operand},
};

/// The conditions of a `where`.
pub(super) fn filter(
    domain: &'static Domain,
    allowed: &Allowed,
    limits: &Limits,
    map: &Record,
    errors: &mut Errors,
) -> Vec<Condition> {
    let mut conditions = Vec::with_capacity(map.0.len().min(domain.fields.len()));
    for (name, json) in &map.0 {
        let path = format!("where.{name}");
        match allowed.field(name) {
            Some((field, _)) if domain.fetch.filter.contains(&field) || domain.key.contains(&field) => {
                tests(domain, limits, field, json, &path, &mut conditions, errors);
            }
            _ => {
                let filters = declared(domain, allowed, "filters", domain.fetch.filter);
                errors.push(path, format!("is not a filter; {filters}"));
            }
        }
    }
    conditions
}

/// The tests of one field: a bare value is equality, an object holds operators.
fn tests(
    domain: &'static Domain,
    limits: &Limits,
    field: usize,
    json: &Json,
    path: &str,
    conditions: &mut Vec<Condition>,
    errors: &mut Errors,
) {
    let ty = &domain.fields[field].ty;
    let Json::Object(operators) = json else {
        let test = match json {
            Json::Null => Ok(Test::Null(true)),
            json => operand(ty, json).map(|value| Test::Compare(Comparison::Eq, value)),
        };
        return match test {
            Ok(test) => conditions.push(Condition { field, test }),
            Err(reason) => errors.push(path, reason),
        };
    };
    if operators.0.is_empty() {
        errors.push(path, "must have at least one operator");
    }
    for (operator, json) in &operators.0 {
        let path = format!("{path}.{operator}");
        match test(ty, limits, operator, json) {
            Ok(test) => conditions.push(Condition { field, test }),
            Err(reason) => errors.push(path, reason),
        }
    }
}

fn test(ty: &Type, limits: &Limits, operator: &str, json: &Json) -> Result<Test, String> {
    let comparison = match operator {
        "eq" => Comparison::Eq,
        "ne" => Comparison::Ne,
        "lt" => Comparison::Lt,
        "lte" => Comparison::Lte,
        "gt" => Comparison::Gt,
        "gte" => Comparison::Gte,
        "in" => return one_of(ty, limits, json),
        "prefix" => return prefix(ty, json),
        "null" => {
            return json.as_bool().map(Test::Null).ok_or_else(|| "must be true or false".to_owned());
        }
        _ => return Err("is not an operator; use eq, ne, lt, lte, gt, gte, in, prefix or null".into()),
    };
    let ordered = !matches!(comparison, Comparison::Eq | Comparison::Ne);
    if ordered && matches!(ty, Type::Bool) {
        return Err("cannot be used with a bool".into());
    }
    match (comparison, json) {
        (Comparison::Eq, Json::Null) => Ok(Test::Null(true)),
        (Comparison::Ne, Json::Null) => Ok(Test::Null(false)),
        _ => operand(ty, json).map(|value| Test::Compare(comparison, value)),
    }
}

fn one_of(ty: &Type, limits: &Limits, json: &Json) -> Result<Test, String> {
    let Json::Array(items) = json else { return Err("must be an array".into()) };
    if items.is_empty() || items.len() > limits.in_items_max {
        return Err(format!("must have 1 to {} items", limits.in_items_max));
    }
    let item = |(index, json)| {
        operand(ty, json).map_err(|reason| format!("has an invalid item [{index}]: it {reason}"))
    };
    items.iter().enumerate().map(item).collect::<Result<_, _>>().map(Test::In)
}

fn prefix(ty: &Type, json: &Json) -> Result<Test, String> {
    match (ty, json) {
        (Type::String { .. }, Json::String(text)) if !text.is_empty() => Ok(Test::Prefix(text.clone())),
        (Type::String { .. }, _) => Err("must be a non-empty string".into()),
        _ => Err(format!("works only on strings; the type of the field is `{}`", ty.name())),
    }
}
