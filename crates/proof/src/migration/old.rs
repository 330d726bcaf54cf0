//! Old records: made from the fields of the old templates, and taken from samples that have these fields.

use std::collections::BTreeMap;

use beds_codegen::{
    model::{Domain, Type},
    propose::{self, Thing},
};
use beds_design::{
    model::{Entity, Model, Operation, Relation},
    plan::{Migration, Plan},
};
use serde_json::{Map, Value, json};

use super::{becoming::Becoming, places::Places};
use crate::{
    conformance::Told,
    fill,
    hand::Hand,
    samples::{self, Sample},
    value::Extreme,
    world::{self, Keys, Kind},
};

/// How many records of each template are made.
const RECORDS: u64 = 300;
/// How many records of a file of samples are taken.
const SAMPLES: usize = 1_000;
/// The first number of the records with values of samples.
const OF_SAMPLES: u64 = 1_000_000;

/// How many old records there are, by the template that reads them.
pub(super) type Records = BTreeMap<String, u64>;

/// The old templates and the relations among their records.
pub(super) struct World<'m> {
    world: world::World<'m>,
    becoming: Becoming<'m>,
}

/// A model of the old templates: it has only what makes records that refer to each other.
pub(super) fn model(model: &Model, plan: &Plan) -> Model {
    let entity = |migration: &Migration| Entity {
        name: migration.from.clone(),
        description: String::new(),
        fields: Vec::new(),
        operations: vec![Operation::Fetch, Operation::Create],
        many: None,
        filters: Vec::new(),
        sorts: Vec::new(),
        limit: None,
        calls: Vec::new(),
        access: None,
        events: None,
        reason: String::new(),
    };
    Model {
        entities: plan.migrations.iter().map(entity).collect(),
        relations: model.relations.iter().filter_map(|relation| held(relation, plan)).collect(),
        ..model.clone()
    }
}

/// The old relation that becomes a new one unchanged.
fn held(relation: &Relation, plan: &Plan) -> Option<Relation> {
    let of = |name: &str| plan.migrations.iter().find(|migration| migration.to == name);
    let (holds, held) = (of(&relation.from)?, of(&relation.to)?);
    let field = holds.map.get(&relation.field)?.as_str()?;
    Some(Relation {
        from: holds.from.clone(),
        field: field.to_owned(),
        to: held.from.clone(),
        ..relation.clone()
    })
}

impl<'m> World<'m> {
    /// `domains` are those of the new objects.
    pub(super) fn new(model: &'m Model, plan: &'m Plan, domains: &'m [Domain]) -> Self {
        Self { world: world::World::new(model, &plan.domains, ""), becoming: Becoming::new(plan, domains) }
    }

    /// Writes the records.
    pub(super) async fn fill(
        &self,
        samples: &[Sample],
        places: &Places,
        told: &mut Told,
    ) -> Result<Records, String> {
        let (mut records, mut keys) = (Records::new(), Keys::new());
        for kind in &self.world.kinds {
            let domain = kind.domain;
            let mut hand = places.connect((domain.engine(), &domain.database)).await?;
            let mut count = self.make(kind, &mut keys, &mut hand, told).await;
            for sample in samples.iter().filter(|sample| self.is_of(sample, kind)) {
                count += self.take(kind, sample, (&keys, &mut hand), told).await;
            }
            hand.close().await;
            records.insert(kind.name().to_owned(), count);
        }
        Ok(records)
    }

    /// Makes records at the bounds and between them.
    async fn make(&self, kind: &Kind<'_>, keys: &mut Keys, hand: &mut Hand, told: &mut Told) -> u64 {
        let (mut made, mut last) = (Vec::new(), String::new());
        for number in 0..RECORDS.min(kind.room()) {
            let extreme = match number {
                0 => Extreme::Least,
                1 => Extreme::Most,
                _ => Extreme::Some,
            };
            let written = match self.record(kind, (number, extreme), keys) {
                Ok(record) => write(kind.domain, record, hand).await,
                Err(reason) => Err(reason),
            };
            match (written, extreme) {
                (Ok(record), _) => made.extend(kind.key_of(&record)),
                // Two records may have one key, if its fields have few values.
                (Err(reason), Extreme::Some) => last = reason,
                (Err(reason), Extreme::Least | Extreme::Most) => {
                    let which = if extreme == Extreme::Least { "least" } else { "greatest" };
                    let name = kind.name();
                    told.right(format!("{name}: not tried: no old record has the {which} values: {reason}"));
                    last = reason;
                }
            }
        }
        let count = made.len() as u64;
        if count == 0 {
            told.wrong(format!("{}: no old record can be made: {last}", kind.name()));
        } else {
            told.right(format!("{}: {count} old records are there, made from its fields", kind.name()));
        }
        keys.insert(kind.name().to_owned(), made);
        count
    }

    /// A record whose values are those that the plan takes.
    fn record(
        &self,
        kind: &Kind<'_>,
        (number, extreme): (u64, Extreme),
        keys: &Keys,
    ) -> Result<Map<String, Value>, String> {
        let record = self.world.data(kind, (number, extreme), keys, Operation::Create)?;
        let mut record = with_each_value(kind.domain, record, number);
        for field in &kind.domain.fields {
            let Some(value) = record.get_mut(&field.name) else { continue };
            if kind.holds.contains_key(field.name.as_str()) {
                if field.nullable && !field.is_key && extreme == Extreme::Some && number % 5 == 4 {
                    *value = Value::Null;
                }
            } else if !value.is_null()
                && let Some(other) = self.becoming.value(kind.name(), field, number, extreme)
            {
                *value = other;
            }
        }
        Ok(record)
    }

    fn is_of(&self, sample: &Sample, kind: &Kind<'_>) -> bool {
        samples::entity(&self.world, sample).is_some_and(|(_, found)| found.name() == kind.name())
    }

    /// Takes records of samples. Fields that they lack, and keys of other records, are made.
    async fn take(
        &self,
        kind: &Kind<'_>,
        sample: &Sample,
        (keys, hand): (&Keys, &mut Hand),
        told: &mut Told,
    ) -> u64 {
        let (mut count, mut last) = (0, String::new());
        for (number, values) in (OF_SAMPLES..).zip(sample.records.iter().take(SAMPLES)) {
            let mut record = match self.record(kind, (number, Extreme::Some), keys) {
                Ok(record) => record,
                Err(reason) => {
                    last = reason;
                    continue;
                }
            };
            for (name, value) in values.iter().filter(|(_, value)| !value.is_null()) {
                if let Some(field) = samples::field(kind, name)
                    && !kind.holds.contains_key(field.name.as_str())
                {
                    record.insert(field.name.clone(), samples::read(&field.ty, value));
                }
            }
            match write(kind.domain, record, hand).await {
                Ok(_) => count += 1,
                Err(reason) => last = reason,
            }
        }
        let all = sample.records.len().min(SAMPLES);
        let mut line = format!("{}: {count} of its {all} records are there as {}", sample.name, kind.name());
        if !last.is_empty() {
            line = format!("{line}; why the last of the others is not: {last}");
        }
        told.right(line);
        count
    }
}

/// The record with another value of each enum, so that every value occurs in some record that has one.
fn with_each_value(domain: &Domain, mut record: Map<String, Value>, number: u64) -> Map<String, Value> {
    for field in domain.fields.iter().filter(|field| field.nullable && !field.unique) {
        if let (Type::Enum { values }, Some(value)) = (&field.ty, record.get_mut(&field.name))
            && !value.is_null()
        {
            let count = values.len() as u64;
            let at = crate::value::place(number + number / count.max(1), values.len());
            *value = json!(values.get(at));
        }
    }
    record
}

/// Writes one record where the old template reads it.
async fn write(
    domain: &Domain,
    record: Map<String, Value>,
    hand: &mut Hand,
) -> Result<Map<String, Value>, String> {
    let proposed = propose::ddl(domain).proposed;
    let stored = proposed.iter().find(|one| matches!(one.thing, Thing::Table | Thing::Collection));
    let table = stored.map_or("", |stored| stored.name.as_str());
    hand.run(&fill::statement(table, domain, std::slice::from_ref(&record))).await?;
    Ok(record)
}
