//! The way of old records into new objects, if entities take the place of templates: a migration for each of them.
//!
//! The old objects stay in their database. The proposal has a template that only reads them, under another name, and
//! for each entity the request that starts the migration. All of it comes from the model and the old templates.

mod fits;
mod judge;
mod keys;
mod map;
mod notes;
mod reduced;

use std::collections::BTreeMap;

use beds_codegen::{Compiler, model::Domain};
use beds_protocol::shown;
use serde_json::{Map, Value, json};

pub use self::reduced::ROLE;
use crate::{
    fault::Faults,
    model::{Entity, Model, Operation},
};

/// The old templates: their texts, by the name of the template.
pub type Old = BTreeMap<String, String>;

/// The folder of the old templates in a proposal.
pub(crate) const BEFORE: &str = "before/";
/// The folder of the migrations.
pub(crate) const MIGRATIONS: &str = "migrations/";

/// The templates of the node that a migration needs.
const NEEDED: [&str; 3] = ["job", "job_reject", "migration"];

/// How old records get into new objects.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// The old templates of the entities as they were handed in, the templates that read their records, and the
    /// migrations.
    pub files: BTreeMap<String, String>,
    /// The domains of the templates that read old records, in the order of the migrations.
    pub domains: Vec<Domain>,
    /// The migrations, in the order in which they run.
    pub migrations: Vec<Migration>,
    /// What the plan cannot do, and what else comes of it.
    pub notes: Vec<String>,
}

/// The migration of an entity's records.
#[derive(Debug, Clone, PartialEq)]
pub struct Migration {
    /// Its file in the proposal.
    pub file: String,
    /// The template that reads the old records.
    pub from: String,
    /// The entity.
    pub to: String,
    /// What each field gets.
    pub map: Map<String, Value>,
    /// The old fields that nothing takes over.
    pub lost: Vec<String>,
}

impl Migration {
    /// The request to `migration.call.start`.
    #[must_use]
    pub fn body(&self) -> Value {
        let Self { from, to, map, .. } = self;
        json!({ "args": { "from": from, "to": to, "map": map, "mode": "copy", "on_conflict": "fail" } })
    }

    fn text(&self) -> String {
        format!("{:#}\n", self.body())
    }
}

/// The command that starts a migration, for a shell. It has the body itself: a file could be changed after it was
/// verified.
#[must_use]
pub fn command(body: &Value) -> String {
    format!("beds call migration.call.start '{}'", body.to_string().replace('\'', "'\\''"))
}

/// The name of the template that reads the old records of an entity.
fn before(entity: &str) -> String {
    format!("{entity}_before")
}

/// The place of an old template in a proposal.
pub(crate) fn kept(entity: &str) -> String {
    format!("{BEFORE}{entity}_rec.toml")
}

/// Makes the plan of a model that has no fault.
///
/// # Errors
/// The fields of entities for which old records have no value, and what else a migration cannot do.
pub(crate) fn plan(model: &Model, domains: &[Domain], old: &Old) -> Result<Plan, Faults> {
    let (mut plan, mut faults) = (Plan::default(), Faults::default());
    plan.notes = notes::without_template(model, old);
    let mut readers = BTreeMap::new();
    for (index, entity) in model.entities.iter().enumerate() {
        let Some(text) = old.get(&entity.name) else { continue };
        plan.files.insert(kept(&entity.name), text.clone());
        if let Some(reader) = reader(model, (index, entity), text, &mut plan.notes, &mut faults) {
            readers.insert(entity.name.as_str(), reader);
        }
    }
    let mut found = Vec::new();
    for entity in in_order(model) {
        let new = domains.iter().find(|domain| domain.name.value == entity.name);
        if let (Some(new), Some((reader, old))) = (new, readers.remove(entity.name.as_str())) {
            found.push((entity, new, reader, old));
        }
    }
    for (number, (entity, new, reader, old)) in found.into_iter().enumerate() {
        let (from, file) =
            (before(&entity.name), format!("{MIGRATIONS}{:02}_{}.json", number + 1, entity.name));
        let index = model.entity(&entity.name).map_or(0, |(index, _)| index);
        let (map, lost) = map::map((index, entity), (&old, new), &mut faults);
        keys::identity(&map, (&old, new), index, (&mut plan.notes, &mut faults));
        plan.notes.extend(notes::of_migration(entity, &map, (&old, new)));
        let migration = Migration { file, from, to: entity.name.clone(), map, lost };
        plan.files.insert(format!("templates/{}_rec.toml", migration.from), reader);
        plan.files.insert(migration.file.clone(), migration.text());
        plan.domains.push(old);
        plan.migrations.push(migration);
    }
    plan.notes.extend(notes::of_order(model, &plan.migrations));
    keys::relations(model, &plan, domains, &mut faults);
    names(model, &plan, old, &mut faults);
    faults.none_or()?;
    Ok(plan)
}

/// The template that reads old records, and its domain; none if there is no migration of them.
fn reader(
    model: &Model,
    (index, entity): (usize, &Entity),
    text: &str,
    notes: &mut Vec<String>,
    faults: &mut Faults,
) -> Option<(String, Domain)> {
    let path = format!("entities[{index}]");
    let name = &entity.name;
    let unread = |reason: String| format!("the old template {} cannot be read: {reason}", shown(name));
    let remedy =
        "correct the file of that template, hand in templates without it, or give the entity another name";
    let reduced = match reduced::reduced(text, name, &before(name)) {
        Ok(reduced) => reduced,
        Err(reason) => {
            faults.add(path, unread(reason), remedy);
            return None;
        }
    };
    if (reduced.engine.as_str(), &reduced.database) == (model.engine.as_str(), &model.database) {
        notes.push(format!(
            "{name} is in the database {} of {} already, where its objects have the names of the new ones: `apply` \
             refuses to run there. Name another database in the model, such as {0}_2, and the proposal has a migration \
             of the records",
            model.database,
            model.engine.title(),
        ));
        return None;
    }
    let lacks = |operation: Operation| !entity.offers(operation);
    if !reduced.is_read || lacks(Operation::Fetch) || lacks(Operation::Create) {
        let what = if reduced.is_read {
            "new template offers no fetch or no create"
        } else {
            "old template offers no fetch"
        };
        notes.push(format!("the records of {name} stay where they are: the {what}, which a migration needs"));
        return None;
    }
    let nowhere = "no/such/folder";
    let file = format!("{}_rec.toml", before(name));
    let compiler = Compiler::new().pipelines(nowhere).domains(nowhere).template_text(file, &reduced.text);
    match compiler.compile() {
        Ok(output) => output.domains.into_iter().next().map(|domain| (reduced.text, domain)),
        Err(report) => {
            let first = report.diagnostics().first();
            let reason = first.map(|first| format!("{} [{}]", first.message, first.code)).unwrap_or_default();
            faults.add(path, unread(reason), remedy);
            None
        }
    }
}

/// The entities, each after those whose keys it holds, unless they form a cycle.
fn in_order(model: &Model) -> Vec<&Entity> {
    let mut waiting: Vec<&Entity> = model.entities.iter().collect();
    let mut all: Vec<&Entity> = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let is_free = |entity: &&Entity| {
            let mut held = model.relations.iter().filter(|relation| relation.from == entity.name);
            held.all(|held| held.to == entity.name || all.iter().any(|known| known.name == held.to))
        };
        let next = waiting.iter().position(is_free).unwrap_or_default();
        all.push(waiting.remove(next));
    }
    all
}

/// Makes sure that a node can serve the templates of the model beside those that a migration needs.
fn names(model: &Model, plan: &Plan, old: &Old, faults: &mut Faults) {
    for (index, entity) in model.entities.iter().enumerate() {
        let is_read = plan.migrations.iter().any(|migration| migration.from == entity.name);
        let is_needed = !plan.migrations.is_empty() && NEEDED.contains(&entity.name.as_str());
        if is_read || is_needed {
            let message = format!("the migrations need a template of the name {}", shown(&entity.name));
            faults.add(format!("entities[{index}].name"), message, "give the entity another name");
        }
        let reader = before(&entity.name);
        if old.contains_key(&reader) && plan.migrations.iter().any(|migration| migration.from == reader) {
            let message = format!(
                "the template that reads its old records would be {}, and an old template has that name",
                shown(&reader)
            );
            let help = format!(
                "take {} out of the templates that you hand in and out of the project, if it is of an earlier change; else \
                 give the entity another name",
                shown(&reader)
            );
            faults.add(format!("entities[{index}]"), message, help);
        }
    }
}
