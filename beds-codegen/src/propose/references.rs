//! Foreign keys between the tables of several domains. Templates do not name them, because no request uses them.

use std::collections::{BTreeMap, BTreeSet};

use beds_protocol::Engine;

use super::{Proposed, Script, Thing};
use crate::{
    emit::quoted,
    model::{Domain, Field},
};

/// The title of the script's part, in place of a template's name.
const TITLE: &str = "Which records belong to which";
/// The longest name that MariaDB accepts.
const NAME_CHARACTERS_MAX: usize = 64;

/// What happens to records when the record that they refer to is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnDelete {
    /// That record cannot be deleted.
    Restrict,
    /// They are deleted with it.
    Cascade,
    /// Their reference becomes null.
    SetNull,
}

/// A field that holds the key of a record of another domain, or of its own.
#[derive(Debug, Clone, Copy)]
pub struct Reference<'d> {
    /// The domain with the field.
    pub of: &'d Domain,
    /// The field.
    pub field: &'d Field,
    /// The domain that it refers to.
    pub to: &'d Domain,
    /// The field of its key.
    pub key: &'d Field,
    /// What happens to the records when the other record is deleted.
    pub on_delete: OnDelete,
}

/// Proposes foreign keys, one script per database, to run after all tables exist. MongoDB has no foreign keys.
#[must_use]
pub fn references(references: &[Reference<'_>]) -> Vec<Script> {
    let mut databases: BTreeMap<&str, Vec<Proposed>> = BTreeMap::new();
    let mut taken = BTreeSet::new();
    for reference in references.iter().filter(|reference| reference.of.engine() == Engine::MariaDb) {
        let name = name(reference, &mut taken);
        databases.entry(&reference.of.database).or_default().push(foreign_key(reference, &name));
    }
    let script = |(database, proposed): (&str, Vec<Proposed>)| Script {
        engine: Engine::MariaDb,
        database: database.to_owned(),
        template: TITLE.to_owned(),
        proposed,
        notes: Vec::new(),
    };
    databases.into_iter().map(script).collect()
}

/// The name of a foreign key, which no other one of the database may have.
fn name(reference: &Reference<'_>, taken: &mut BTreeSet<String>) -> String {
    let whole = format!("fk_{}_{}", table(reference.of), reference.field.column);
    let cut = |characters| whole.chars().take(characters).collect::<String>();
    let (mut name, mut number) = (cut(NAME_CHARACTERS_MAX), 1);
    while !taken.insert(name.clone()) {
        number += 1;
        let end = format!("_{number}");
        name = cut(NAME_CHARACTERS_MAX - end.len()) + &end;
    }
    name
}

fn foreign_key(reference: &Reference<'_>, name: &str) -> Proposed {
    let Reference { of, field, to, key, on_delete } = reference;
    let (table, other) = (table(of), table(to));
    let action = match on_delete {
        OnDelete::Restrict => "restrict",
        OnDelete::Cascade => "cascade",
        OnDelete::SetNull => "set null",
    };
    let create = format!(
        "alter table {}\n    add constraint foreign key if not exists {} ({})\n    references {} ({}) on delete {action}",
        quoted(&table),
        quoted(name),
        quoted(&field.column),
        quoted(&other),
        quoted(&key.column)
    );
    Proposed {
        thing: Thing::Table,
        name: table,
        create,
        parts: Vec::new(),
        more: Vec::new(),
        validator: None,
    }
}

/// The table behind a domain.
fn table(domain: &Domain) -> String {
    match domain.relation() {
        Some(relation) if relation.is_view => super::behind(&relation.name, domain),
        Some(relation) => relation.name.clone(),
        None => domain.name.value.clone(),
    }
}
