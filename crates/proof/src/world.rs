//! What a proposal promises, from a client's view: entities with their domains, parents first, and what a client with
//! every role may see and set in each.

use std::collections::{BTreeMap, BTreeSet};

use beds_codegen::model::{Domain, Field, Supply, Type};
use beds_design::model::{Constant, Entity, Model, OnDelete, Operation};
use beds_protocol::vocabulary::{RequestValue, is_role};
use serde_json::{Map, Value, json};

use crate::value::{self, Extreme};

/// All entities.
#[derive(Debug)]
pub(crate) struct World<'r> {
    pub(crate) model: &'r Model,
    /// Each entity comes after those whose keys it holds, unless they form a cycle.
    pub(crate) kinds: Vec<Kind<'r>>,
    /// All roles that the model names. The client of the proofs has all of them.
    pub(crate) roles: Vec<String>,
    /// The user of the client.
    user: String,
}

/// An entity with its domain.
#[derive(Debug, Clone)]
pub(crate) struct Kind<'r> {
    pub(crate) entity: &'r Entity,
    pub(crate) domain: &'r Domain,
    /// For each field that holds a key: the entity of the key, and what happens to a record if that entity's record is
    /// deleted.
    pub(crate) holds: BTreeMap<&'r str, (&'r str, OnDelete)>,
}

/// What the client reaches with an operation.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reach {
    /// Whether any role may do the operation.
    pub(crate) is_granted: bool,
    pub(crate) hidden: BTreeSet<String>,
    readonly: BTreeSet<String>,
    /// The values that these fields of reachable records have. A field that is not listed may have any value.
    rows: BTreeMap<String, Vec<Value>>,
}

/// The keys of the existing records, by entity.
pub(crate) type Keys = BTreeMap<String, Vec<Value>>;

impl<'r> World<'r> {
    pub(crate) fn new(model: &'r Model, domains: &'r [Domain], user: &str) -> Self {
        let kind = |entity: &'r Entity| {
            let domain = domains.iter().find(|domain| domain.name.value == entity.name)?;
            let relations = model.relations.iter().filter(|relation| relation.from == entity.name);
            let hold = |relation: &'r beds_design::model::Relation| {
                let on_delete = relation.on_delete.unwrap_or(OnDelete::Restrict);
                (relation.field.as_str(), (relation.to.as_str(), on_delete))
            };
            Some(Kind { entity, domain, holds: relations.map(hold).collect() })
        };
        let mut waiting: Vec<Kind<'r>> = model.entities.iter().filter_map(kind).collect();
        let mut kinds: Vec<Kind<'r>> = Vec::with_capacity(waiting.len());
        while !waiting.is_empty() {
            let is_free = |kind: &Kind<'_>| {
                kind.holds.values().all(|(to, _)| {
                    *to == kind.entity.name || kinds.iter().any(|known| known.entity.name == *to)
                })
            };
            // In a cycle, one entity has to be the first.
            let next = waiting.iter().position(is_free).unwrap_or_default();
            kinds.push(waiting.remove(next));
        }
        let granted = model.entities.iter().filter_map(|entity| entity.access.as_ref());
        let named = granted.flat_map(|access| access.grants.iter().flat_map(|grant| &grant.roles));
        // Nobody is given the role of all callers.
        let roles: BTreeSet<&String> = named.filter(|role| is_role(role)).collect();
        Self { model, kinds, roles: roles.into_iter().cloned().collect(), user: user.to_owned() }
    }

    /// What the client reaches with an operation, such as `fetch` or `call.restock`.
    pub(crate) fn reach(&self, kind: &Kind<'_>, operation: &str) -> Reach {
        let Some(access) = &kind.entity.access else {
            return Reach { is_granted: true, ..Reach::default() };
        };
        let grant = access.grants.iter().find(|grant| grant.operation == operation);
        let roles: &[String] = grant.map_or(&[], |grant| &grant.roles);
        // A field that one of the roles sees is visible.
        let of_all = |list: &dyn Fn(&str) -> BTreeSet<String>| {
            let mut lists = roles.iter().map(|role| list(role));
            let first = lists.next().unwrap_or_default();
            lists.fold(first, |all, one| all.intersection(&one).cloned().collect())
        };
        let fields = |role: &str| access.fields.iter().find(|fields| fields.role == role);
        let hidden = of_all(&|role| {
            fields(role).map(|fields| fields.hidden.iter().cloned().collect()).unwrap_or_default()
        });
        let readonly = of_all(&|role| {
            let of = |fields: &beds_design::model::RoleFields| {
                fields.readonly.iter().chain(&fields.hidden).cloned().collect()
            };
            fields(role).map(of).unwrap_or_default()
        });
        let rows_of =
            |role: &String| -> Vec<_> { access.rows.iter().filter(|rows| rows.role == *role).collect() };
        let mut rows = BTreeMap::new();
        if roles.iter().all(|role| !rows_of(role).is_empty()) {
            // The records are made for one role, and satisfy all its conditions.
            for one in roles.first().map(rows_of).unwrap_or_default() {
                rows.insert(
                    one.field.clone(),
                    one.values.iter().flat_map(|value| self.constant(value)).collect(),
                );
            }
        }
        // A client reaches nothing by values that it does not know beforehand.
        let is_reached = rows.values().all(|values: &Vec<Value>| !values.is_empty());
        Reach { is_granted: is_reached && !roles.is_empty(), hidden, readonly, rows }
    }

    /// The values that a constant stands for.
    fn constant(&self, constant: &Constant) -> Vec<Value> {
        match constant {
            Constant::Bool(value) => vec![json!(value)],
            Constant::Number(number) => vec![json!(number)],
            Constant::Text(text) => match RequestValue::from_name(text) {
                None => vec![json!(text)],
                Some(RequestValue::User) => vec![json!(self.user)],
                Some(RequestValue::Roles) => self.roles.iter().map(|role| json!(role)).collect(),
                Some(
                    RequestValue::Session | RequestValue::Node | RequestValue::RequestId | RequestValue::Now,
                ) => Vec::new(),
            },
        }
    }

    /// The values that a client gives for a new record; an error says why it cannot.
    pub(crate) fn data(
        &self,
        kind: &Kind<'_>,
        (number, extreme): (u64, Extreme),
        keys: &Keys,
        operation: Operation,
    ) -> Result<Map<String, Value>, String> {
        let reach = self.reach(kind, operation.as_str());
        let mut data = Map::new();
        for field in &kind.domain.fields {
            let is_needed_key = field.is_key && operation == Operation::Upsert;
            let is_given = match field.supply {
                Supply::Version => false,
                Supply::Generated(_) => is_needed_key,
                Supply::Required | Supply::Optional | Supply::Default(_) => {
                    !reach.readonly.contains(&field.name)
                }
            };
            if is_given {
                data.insert(field.name.clone(), self.value(kind, field, (number, extreme), keys)?);
            }
        }
        Ok(data)
    }

    /// A value of a field with which every operation reaches the record.
    pub(crate) fn value(
        &self,
        kind: &Kind<'_>,
        field: &Field,
        (number, extreme): (u64, Extreme),
        keys: &Keys,
    ) -> Result<Value, String> {
        if let Some((to, _)) = kind.holds.get(field.name.as_str()) {
            let known = keys.get(*to).map_or(&[][..], Vec::as_slice);
            return match known.get(value::place(number, known.len())) {
                Some(key) => Ok(key.clone()),
                None if field.nullable => Ok(Value::Null),
                None => Err(format!("there is no {to} for {} of a {}", field.name, kind.entity.name)),
            };
        }
        for operation in ["fetch", "create", "update", "upsert", "delete"] {
            if let Some(values) = self.reach(kind, operation).rows.get(&field.name)
                && let Some(value) = values.get(value::place(number, values.len()))
            {
                return Ok(value.clone());
            }
        }
        if field.nullable && !field.is_key && extreme == Extreme::Some && number % 5 == 4 {
            return Ok(Value::Null);
        }
        Ok(value::value(field, number, extreme, kind.is_compared(field)))
    }
}

impl Kind<'_> {
    pub(crate) fn name(&self) -> &str {
        &self.entity.name
    }

    /// The fields of the key.
    pub(crate) fn key_fields(&self) -> Vec<&Field> {
        self.domain.key.iter().filter_map(|index| self.domain.fields.get(*index)).collect()
    }

    /// Whether records are found, ordered or distinguished by a field.
    pub(crate) fn is_compared(&self, field: &Field) -> bool {
        let is_in = |list: &[usize]| list.iter().any(|index| self.domain.fields.get(*index) == Some(field));
        field.is_key || field.unique || is_in(&self.domain.fetch.filter) || is_in(&self.domain.fetch.sort)
    }

    /// How many records of the entity can be distinguished.
    pub(crate) fn room(&self) -> u64 {
        let told_apart = self
            .domain
            .fields
            .iter()
            .filter(|field| field.unique || (field.is_key && self.domain.key.len() == 1));
        told_apart.map(|field| room(&field.ty)).min().unwrap_or(u64::MAX)
    }

    /// The key of a record, as clients write it.
    pub(crate) fn key_of(&self, record: &Map<String, Value>) -> Option<Value> {
        match self.key_fields().as_slice() {
            [one] => record.get(&one.name).cloned(),
            many => {
                let member = |field: &&Field| Some((field.name.clone(), record.get(&field.name)?.clone()));
                many.iter().map(member).collect::<Option<Map<_, _>>>().map(Value::Object)
            }
        }
    }

    pub(crate) fn version(&self) -> Option<&Field> {
        self.domain.version.and_then(|index| self.domain.fields.get(index))
    }
}

fn room(ty: &Type) -> u64 {
    match ty {
        Type::Bool => 2,
        Type::Enum { values } => values.len() as u64,
        Type::Int { min, max } => {
            u64::try_from(i128::from(*max) - i128::from(*min).max(1)).unwrap_or(u64::MAX)
        }
        Type::UInt { min, max } => max - min,
        Type::Date => 100_000,
        Type::Time => 86_400,
        Type::String { max, .. } | Type::Text { max, .. } => 36_u64.saturating_pow((*max).min(12)),
        Type::Decimal { precision, .. } => 10_u64.saturating_pow(u32::from(*precision).min(18)),
        Type::Float { .. }
        | Type::Bytes { .. }
        | Type::Uuid
        | Type::DateTime
        | Type::Json
        | Type::List { .. }
        | Type::Object { .. }
        | Type::ObjectId => u64::MAX,
    }
}

#[cfg(test)]
mod tests {
    use beds_design::{model, plan::Old, render};

    use super::*;

    #[test]
    fn a_client_has_the_roles_that_can_be_given_and_reaches_what_they_reach() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../design/tests/models/library.json");
        let mut model: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let grant = |operation: &str, role: &str| json!({ "operation": operation, "roles": [role] });
        model["entities"][1]["access"] = json!({
            "grants": [grant("fetch", "*"), grant("create", "clerk"), grant("update", "boss"), grant("delete", "anyone")],
            "rows": [
                { "role": "*", "field": "name", "values": ["@user", "Ada"] },
                { "role": "clerk", "field": "name", "values": ["@roles"] },
                { "role": "boss", "field": "name", "values": ["@session", "@request_id"] },
            ],
        });
        let model = model::read(model.to_string().as_bytes()).unwrap();
        let rendered = render::render(&model, &Old::new()).unwrap();
        let world = World::new(&model, &rendered.domains, "eve");
        assert_eq!(world.roles, ["boss", "clerk", "librarian"]);
        let reader = world.kinds.iter().find(|kind| kind.name() == "reader").unwrap();
        let reached = |operation: &str| {
            let reach = world.reach(reader, operation);
            reach.is_granted.then(|| reach.rows.get("name").cloned().unwrap_or_default())
        };
        assert_eq!(reached("fetch"), Some(vec![json!("eve"), json!("Ada")]));
        assert_eq!(reached("create"), Some(world.roles.iter().map(|role| json!(role)).collect()));
        assert_eq!(reached("update"), None, "no client knows its session beforehand");
        assert_eq!(reached("delete"), Some(Vec::new()));
    }
}
