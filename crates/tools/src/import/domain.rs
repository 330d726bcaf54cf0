//! Turns relations into domains: the key, the filters and sorts of a fetch, and what was left out.

use std::collections::BTreeSet;

use beds_protocol::Lane;
use beds_protocol::shown;

use super::{
    fields::{Field, fields},
    key,
    names::snake,
    types::{Lost, Ty},
    unseen::unread,
};
use beds_core::inspect::{
    Catalogue, Column, Direction, Evidence, Index, Kind, Relation, RelationKind, RoutineKind, Supplied,
    Trigger, same_word,
};

/// A domain to be written.
#[derive(Debug, Clone)]
pub(super) struct Domain {
    /// The name of the template.
    pub(super) name: String,
    pub(super) description: String,
    /// What the domain reads; none for a domain of calls alone.
    pub(super) source: Option<(RelationKind, String)>,
    pub(super) fields: Vec<Field>,
    pub(super) create: Option<Object>,
    pub(super) update: Option<Object>,
    pub(super) delete: Option<Object>,
    pub(super) filter: Vec<usize>,
    pub(super) sort: Vec<usize>,
    pub(super) calls: Vec<Call>,
    /// Columns that may hold values that clients get as null: the column, and the kind of value.
    pub(super) unshown: Vec<(String, &'static str)>,
    /// Why the reply to a `create` could not tell the key of the new record, if it could not.
    pub(super) untold: Option<String>,
    /// Why the domain's writes cannot be once, if they cannot.
    pub(super) loose: Option<String>,
    /// What to know about the domain.
    pub(super) notes: Vec<String>,
    /// What the template cannot express.
    pub(super) left_out: Vec<String>,
    /// What else a validator refuses, which the template cannot say.
    pub(super) refused: Vec<String>,
}

/// The object behind a write.
#[derive(Debug, Clone)]
pub(super) enum Object {
    Procedure { name: String, args: Vec<usize>, returns: Vec<usize> },
    Collection(String),
}

/// A call of a template.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) name: String,
    pub(super) routine: String,
    pub(super) kind: RoutineKind,
    pub(super) lane: Lane,
    pub(super) commits: bool,
    pub(super) args: Vec<Arg>,
    pub(super) returns: Option<Ty>,
    pub(super) description: String,
    pub(super) notes: Vec<String>,
}

/// An argument of a call.
#[derive(Debug, Clone)]
pub(super) struct Arg {
    pub(super) name: String,
    pub(super) ty: Ty,
    pub(super) direction: Direction,
    pub(super) nullable: bool,
}

impl Domain {
    /// The names of the database that the template contains.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let objects =
            [&self.create, &self.update, &self.delete].into_iter().flatten().map(|object| match object {
                Object::Procedure { name, .. } | Object::Collection(name) => name.as_str(),
            });
        let source = self.source.iter().map(|(_, name)| name.as_str());
        let columns = self.fields.iter().map(|field| field.column.name.as_str());
        source.chain(objects).chain(columns).chain(self.calls.iter().map(|call| call.routine.as_str()))
    }

    /// A domain of calls alone.
    pub(super) fn of_calls(name: String, database: &str) -> Self {
        Self {
            name,
            description: format!(
                "Procedures and functions of {database} that belong to no single table",
                database = shown(database)
            ),
            source: None,
            fields: Vec::new(),
            create: None,
            update: None,
            delete: None,
            filter: Vec::new(),
            sort: Vec::new(),
            calls: Vec::new(),
            unshown: Vec::new(),
            untold: None,
            loose: None,
            notes: Vec::new(),
            left_out: Vec::new(),
            refused: Vec::new(),
        }
    }

    /// Everything that the template does not say.
    pub(super) fn unsaid(&self) -> impl Iterator<Item = &String> {
        self.left_out.iter().chain(&self.refused)
    }

    pub(super) fn is_writable(&self) -> bool {
        self.create.is_some() || self.update.is_some()
    }

    /// Values that clients get as null although they are not null: each kind with its columns.
    pub(super) fn nulls(&self) -> Vec<String> {
        let kinds: BTreeSet<&str> = self.unshown.iter().map(|(_, what)| *what).collect();
        let columns = |what: &str| {
            let columns = self.unshown.iter().filter(|(_, other)| *other == what);
            columns.map(|(column, _)| shown(column)).collect::<Vec<_>>().join(", ")
        };
        kinds.into_iter().map(|what| format!("{what} in {}", columns(what))).collect()
    }

    pub(super) fn key(&self) -> Vec<usize> {
        self.fields.iter().enumerate().filter(|(_, field)| field.key).map(|(at, _)| at).collect()
    }

    /// The field of a column.
    pub(super) fn field(&self, column: &str) -> Option<usize> {
        self.fields.iter().position(|field| same_word(&field.column.name, column))
    }
}

/// The domain of a relation; an error says why there is none.
pub(super) fn domain(name: String, relation: &Relation, catalogue: &Catalogue) -> Result<Domain, String> {
    let (fields, Lost { left_out, refused }) = fields(relation, &told_apart(relation, catalogue));
    if fields.is_empty() {
        return Err(if let Some(broken) = &relation.broken {
            format!("nobody can read it: {broken}")
        } else if relation.columns.is_empty() {
            match relation.evidence {
                Evidence::Sample { .. } => {
                    "it has no documents and no validator, so its fields are unknown".into()
                }
                _ => {
                    "its columns cannot be seen: it is broken, or the user has no privilege on it".to_owned()
                }
            }
        } else {
            format!("none of its columns can be expressed: {}", left_out.join("; "))
        });
    }
    let description = match relation.comment.trim() {
        "" => format!("{} {}", capital(relation.kind.as_str()), shown(&relation.name)),
        comment => comment.to_owned(),
    };
    let mut domain = Domain {
        name,
        description,
        source: Some((relation.kind, relation.name.clone())),
        unshown: unshown(relation),
        untold: None,
        loose: None,
        fields,
        create: None,
        update: None,
        delete: None,
        filter: Vec::new(),
        sort: Vec::new(),
        calls: Vec::new(),
        notes: relation.notes.clone(),
        left_out,
        refused,
    };
    if !relation.triggers.is_empty() {
        let title = |trigger: &Trigger| format!("{} ({})", shown(&trigger.routine.name), trigger.moment);
        domain.notes.push(format!(
            "{} run with each write: they may change what is stored, and other records",
            relation.triggers.iter().map(title).collect::<Vec<_>>().join(", ")
        ));
    }
    domain.left_out.extend(unread(relation, catalogue));
    if let Some(why) = key::choose(&mut domain.fields, relation, catalogue) {
        match relation.kind {
            // With a key, the table would have these operations.
            RelationKind::Table => domain.left_out.push(format!("update and delete: {why}")),
            RelationKind::View | RelationKind::Collection => domain.notes.push(why),
        }
    }
    domain.untold = key::leave_to_triggers(&mut domain.fields, relation, catalogue);
    choose_fetch(&mut domain, relation, catalogue);
    Ok(domain)
}

/// The columns of the unique indexes. For a view of one table, these are the columns that show the indexed columns of
/// the table.
fn told_apart<'r>(relation: &'r Relation, catalogue: &'r Catalogue) -> Vec<&'r str> {
    let unique = |indexes: &'r [Index]| {
        indexes.iter().filter(|index| index.unique).flat_map(|index| &index.columns).map(String::as_str)
    };
    let Some((table, columns)) = &relation.picks else { return unique(&relation.indexes).collect() };
    let indexes = catalogue.relation(table).map_or(&[][..], |table| table.indexes.as_slice());
    let shown =
        |of: &'r str| columns.iter().find(|(_, other)| same_word(other, of)).map(|(name, _)| name.as_str());
    unique(indexes).filter_map(shown).collect()
}

/// The columns that may hold values that no template can show.
fn unshown(relation: &Relation) -> Vec<(String, &'static str)> {
    let is_document = relation.kind == RelationKind::Collection || relation.evidence != Evidence::Declared;
    let what = |kind: &Kind| match kind {
        Kind::Date | Kind::DateTime { .. } if !is_document => Some("dates of zero"),
        Kind::Time { .. } => Some("times below zero or beyond a day"),
        Kind::Json if !is_document => Some("numbers beyond a double"),
        Kind::Json | Kind::Mixed(_) => Some("values that JSON lacks"),
        Kind::Decimal { .. } | Kind::Float { .. } if is_document => Some("NaN and infinity"),
        _ => None,
    };
    // Only the server writes when a version began and ended, and never a date of zero.
    let is_of_version = |column: &&Column| match &column.default {
        Supplied::Computed(expression) => {
            ["row start", "row end"].iter().any(|end| expression.eq_ignore_ascii_case(end))
        }
        Supplied::Nothing | Supplied::Constant(_) | Supplied::Expression(_) | Supplied::Counter => false,
    };
    let columns = relation.columns.iter().filter(|column| !is_of_version(column));
    columns.filter_map(|column| Some((column.name.clone(), what(&column.kind)?))).collect()
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().collect::<String>() + chars.as_str()).unwrap_or_default()
}

/// Chooses filters and sorts: the key, the first column of every index, unique columns, foreign keys. A view has no
/// indexes. A view of one table gets the columns that lead an index of the table. A view of several tables gets all
/// columns, since a record that no filter finds cannot be read.
fn choose_fetch(domain: &mut Domain, relation: &Relation, catalogue: &Catalogue) {
    let mut leading: BTreeSet<String> = BTreeSet::new();
    match relation.kind {
        RelationKind::View => {
            let picked = relation.picks.as_ref().and_then(|(table, _)| catalogue.relation(table));
            if let (Some(table), Some((_, columns))) = (picked, &relation.picks) {
                let led = led(table);
                let is_led = |of: &String| led.iter().any(|column| same_word(column, of));
                leading.extend(columns.iter().filter(|(_, of)| is_led(of)).map(|(name, _)| snake(name)));
                domain.notes.push(
                    "filter and sort name the first column of each index of the table: add what else is fast"
                        .into(),
                );
            } else {
                leading.extend(relation.columns.iter().map(|column| snake(&column.name)));
                domain.notes.push(
                    "filter and sort name all columns, since the view does not tell which are indexed: remove what is slow"
                        .into(),
                );
            }
        }
        RelationKind::Table | RelationKind::Collection => {
            leading.extend(led(relation).into_iter().map(|column| snake(&column)));
        }
    }
    for (at, field) in domain.fields.iter().enumerate() {
        let is_known = field.key || field.unique || leading.contains(&snake(&field.column.name));
        if is_known && field.ty.is_indexable() {
            domain.filter.push(at);
            domain.sort.push(at);
        }
    }
}

/// The columns that lead an index or a foreign key.
fn led(relation: &Relation) -> Vec<String> {
    let indexes = relation.indexes.iter().filter_map(|index| index.columns.first());
    // Clients filter by the other columns of a primary key as well.
    let primary = relation.primary_key().unwrap_or_default().iter();
    let foreign = relation.foreign_keys.iter().flatten();
    indexes.chain(primary).chain(foreign).cloned().collect()
}

/// Columns of these names count the changes of a record, if they are integers that are never null.
const VERSIONS: &[&str] =
    &["version", "revision", "row_version", "rowversion", "lock_version", "record_version", "opt_lock"];

/// Whether a column may count the changes of a record, by its name and type.
pub(super) fn may_be_version(field: &Field) -> bool {
    VERSIONS.contains(&field.name.as_str()) && can_be_version(field)
}

/// Whether a column can count the changes of a record, by its type.
pub(super) fn can_be_version(field: &Field) -> bool {
    field.ty.name == "int"
        && !field.ty.keys.iter().any(|(key, _)| *key == "unsigned")
        && !field.column.nullable
        && !field.key
        && !field.unique
        && matches!(field.column.default, Supplied::Constant(_) | Supplied::Nothing)
}

/// Makes a field the version of its domain.
pub(super) fn mark_version(field: &mut Field) {
    field.version = true;
    // A version has only the bounds of its column.
    field.ty.keys.retain(|(key, _)| *key != "min" && *key != "max");
}
