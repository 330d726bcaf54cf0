//! What a person has to know of a plan that is no fault.

use beds_codegen::model::{Domain, Field, Supply, Type};
use beds_protocol::Engine;
use serde_json::{Map, Value};

use super::{Migration, Old};
use crate::model::{Entity, Model, Relation};

/// The fields that say what they get from old records, where no old template was handed in.
pub(super) fn without_template(model: &Model, old: &Old) -> Vec<String> {
    let is_alone = |entity: &&Entity| !old.contains_key(&entity.name);
    let told = |entity: &Entity| {
        let said = entity.fields.iter().filter(|field| field.before.is_some());
        let names: Vec<String> = said.map(|field| format!("{}.{}", entity.name, field.name)).collect();
        let told = format!(
            "`before` of {} has no meaning, since no old template {} was handed in: no old records come over to it. An \
             entity takes the place of the template with its name",
            names.join(", "),
            entity.name
        );
        (!names.is_empty()).then_some(told)
    };
    model.entities.iter().filter(is_alone).filter_map(told).collect()
}

/// The relations whose records may refer to records that come over later.
pub(super) fn of_order(model: &Model, migrations: &[Migration]) -> Vec<String> {
    let place = |name: &str| migrations.iter().position(|migration| migration.to == name);
    let comes_early = |relation: &&Relation| {
        let from = place(&relation.from).filter(|from| {
            migrations.get(*from).is_some_and(|migration| migration.map.contains_key(&relation.field))
        });
        from.zip(place(&relation.to)).is_some_and(|(from, to)| from <= to)
    };
    let told = |Relation { from, field, to, .. }: &Relation| {
        format!(
            "a record of {from} may come over before the {to} that its {field} refers to; MariaDB rejects it then, and \
             the proof does not try this: look at the rejects of the job"
        )
    };
    let is_checked = model.engine == Engine::MariaDb;
    model.relations.iter().filter(comes_early).filter(|_| is_checked).map(told).collect()
}

/// What becomes of the records of a migration besides what its map says.
pub(super) fn of_migration(
    entity: &Entity,
    map: &Map<String, Value>,
    (old, new): (&Domain, &Domain),
) -> Vec<String> {
    let mut notes = Vec::new();
    let name = &entity.name;
    if entity.events.as_ref().is_some_and(|events| events.publish.iter().any(|event| event == "create")) {
        notes.push(format!(
            "an event {name}.create is published for each record that comes over: have its consumers wait, or expect them"
        ));
    }
    let given = |field: &&Field| map.contains_key(&field.name);
    let named = |is_so: &dyn Fn(&Field, &Value) -> bool| -> Option<String> {
        let fields = new.fields.iter().filter(given);
        let names: Vec<String> = fields
            .filter(|field| map.get(&field.name).is_some_and(|entry| is_so(field, entry)))
            .map(|field| format!("{name}.{}", field.name))
            .collect();
        (!names.is_empty()).then(|| names.join(", "))
    };
    let has_default = |field: &Field| !field.nullable && matches!(field.supply, Supply::Default(_));
    if let Some(names) = named(&|field, entry| has_default(field) && may_be_null(entry, old)) {
        notes.push(format!("where old records have no value for {names}, it becomes the default"));
    }
    let cuts = (old.engine(), new.engine()) == (Engine::MariaDb, Engine::MongoDb);
    if let Some(names) = named(&|field, _| cuts && matches!(field.ty, Type::DateTime)) {
        notes.push(format!("moments of {names} keep their milliseconds, and lose their microseconds"));
    }
    notes
}

/// Whether an entry of a map may give null.
fn may_be_null(entry: &Value, old: &Domain) -> bool {
    let is_nullable = |name: &str| old.fields.iter().any(|field| field.name == name && field.nullable);
    let joined = entry["join"].as_array();
    entry.as_str().is_some_and(is_nullable)
        || entry["from"].as_str().is_some_and(is_nullable)
        || !entry["part"].is_null()
        || joined.is_some_and(|names| names.iter().filter_map(Value::as_str).all(is_nullable))
}
