//! Values of old fields that come over unchanged into fields of another type: an old text that becomes a date is made
//! as a date, since no plan says that any text is one.

use beds_codegen::model::{Domain, Field, Type};
use beds_design::plan::Plan;
use serde_json::Value;

use crate::value::{self, Extreme};

/// The greatest integer up to which a float writes each.
const EXACT: i64 = 1 << 53;

/// The old fields of which only some values are values of the new field.
pub(super) struct Becoming<'m>(Vec<(&'m str, &'m Field, &'m Field)>);

impl<'m> Becoming<'m> {
    pub(super) fn new(plan: &'m Plan, domains: &'m [Domain]) -> Self {
        let mut all = Vec::new();
        for (migration, old) in plan.migrations.iter().zip(&plan.domains) {
            let new = domains.iter().find(|domain| domain.name.value == migration.to);
            for field in new.into_iter().flat_map(|new| &new.fields) {
                let name = migration.map.get(&field.name).and_then(Value::as_str);
                let source = old.fields.iter().find(|source| Some(source.name.as_str()) == name);
                let narrowing = source.filter(|source| narrows(&source.ty, &field.ty));
                all.extend(narrowing.map(|source| (migration.from.as_str(), source, field)));
            }
        }
        Self(all)
    }

    /// The value of the old field of a template with which its record comes over; none if any of its own does.
    pub(super) fn value(&self, from: &str, field: &Field, number: u64, extreme: Extreme) -> Option<Value> {
        let (_, old, new) = self.0.iter().find(|(of, old, _)| *of == from && old.name == field.name)?;
        one((old, new), number, extreme)
    }
}

/// Whether only some values of the old type are values of the new one, and the bounds of neither say which.
fn narrows(old: &Type, new: &Type) -> bool {
    match (old, new) {
        (Type::List { item: old, .. }, Type::List { item: new, .. }) => narrows(&old.ty, &new.ty),
        (Type::Int { .. } | Type::UInt { .. }, Type::Float { .. }) => true,
        (Type::String { .. } | Type::Text { .. }, new) => {
            !matches!(new, Type::String { .. } | Type::Text { .. } | Type::Json)
        }
        _ => false,
    }
}

/// A value of both types.
fn one((old, new): (&Field, &Field), number: u64, extreme: Extreme) -> Option<Value> {
    if let Type::Float { min, max } = &new.ty {
        let ty = whole(&old.ty, (*min, *max))?;
        return Some(value::value(&Field { ty, ..new.clone() }, number, extreme, true));
    }
    let number = match &new.ty {
        // Every fifth value of an old field may be null, and each value of an enum is to occur.
        Type::Enum { values } if old.nullable && !old.unique => {
            number + number / (values.len() as u64).max(1)
        }
        _ => number,
    };
    let tried = [extreme, Extreme::Some, Extreme::Least, Extreme::Most];
    tried
        .into_iter()
        .map(|extreme| value::value(new, number, extreme, true))
        .find(|value| fits(&old.ty, value))
}

/// The integers within the bounds of both, of which a float writes each.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "both bounds are cut to integers of a float"
)]
fn whole(old: &Type, (min, max): (f64, f64)) -> Option<Type> {
    let exact = EXACT as f64;
    let cut = |bound: f64| bound.clamp(-exact, exact) as i64;
    let (least, most) = match old {
        Type::Int { min, max } => (*min, *max),
        Type::UInt { min, max } => {
            let signed = |bound: u64| i64::try_from(bound).unwrap_or(i64::MAX);
            (signed(*min), signed(*max))
        }
        _ => return None,
    };
    let (min, max) = (least.max(cut(min.ceil())), most.min(cut(max.floor())));
    (min <= max).then_some(Type::Int { min, max })
}

/// Whether the length of a value is within the bounds of the old type.
fn fits(old: &Type, value: &Value) -> bool {
    match (old, value) {
        (Type::String { min, max, .. } | Type::Text { min, max }, Value::String(text)) => {
            (*min as usize..=*max as usize).contains(&text.chars().count())
        }
        (Type::List { item, max }, Value::Array(items)) => {
            items.len() <= *max as usize && items.iter().all(|one| fits(&item.ty, one))
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use beds_design::{model, plan::Old, render};
    use serde_json::json;

    use super::*;

    /// A text that becomes an enum, a date or a number holds one, at the bounds as well.
    #[test]
    fn old_values_are_values_of_the_new_field_if_its_type_is_another() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../design/tests/models/sensors.json");
        let mut new: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let mut old = new.clone();
        new["database"] = json!("field_2");
        let fields = |model: &mut Value, more: Value| {
            let fields = model["entities"][0]["fields"].as_array_mut().unwrap();
            fields.extend(more.as_array().unwrap().clone());
        };
        fields(
            &mut old,
            json!([
                { "name": "state", "type": "string", "max": 5 },
                { "name": "day", "type": "string", "max": 20, "nullable": true },
                { "name": "price", "type": "string", "max": 9 },
                { "name": "count", "type": "int" },
                { "name": "free", "type": "string", "max": 20 },
            ]),
        );
        fields(
            &mut new,
            json!([
                { "name": "state", "type": "enum", "values": ["a", "longer than five", "b"] },
                { "name": "day", "type": "date", "nullable": true },
                { "name": "price", "type": "decimal", "precision": 20, "scale": 2 },
                { "name": "count", "type": "float", "max": 100 },
                { "name": "free", "type": "string", "max": 30 },
            ]),
        );
        let read = |model: &Value| model::read(model.to_string().as_bytes()).unwrap();
        let name = new["entities"][0]["name"].as_str().unwrap().to_owned();
        let text = render::render(&read(&old), &Old::new()).unwrap().files
            [&format!("templates/{name}_rec.toml")]
            .clone();
        let rendered = render::render(&read(&new), &Old::from([(name.clone(), text)])).unwrap();
        let becoming = Becoming::new(&rendered.plan, &rendered.domains);
        let from = format!("{name}_before");
        let domain = &rendered.plan.domains[0];
        let of = |name: &str, number: u64, extreme: Extreme| {
            let field = domain.fields.iter().find(|field| field.name == name).unwrap();
            becoming.value(&from, field, number, extreme)
        };
        for (number, extreme) in [(0, Extreme::Least), (1, Extreme::Most), (7, Extreme::Some)] {
            let state = of("state", number, extreme).unwrap();
            assert!(state == "a" || state == "b", "{state}");
            let day = of("day", number, extreme).unwrap();
            assert_eq!(day.as_str().unwrap().len(), "2001-01-01".len(), "{day}");
            assert!(of("price", number, extreme).unwrap().as_str().unwrap().len() <= 9);
            let count = of("count", number, extreme).unwrap().as_i64().unwrap();
            assert!((-EXACT..=100).contains(&count), "{count}");
            assert_eq!(of("free", number, extreme), None);
        }
    }
}
