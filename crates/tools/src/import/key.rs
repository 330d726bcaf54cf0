//! The key of a domain: its fields, and who gives their values to a new record.

use std::cmp::Reverse;

use beds_core::inspect::{Catalogue, Index, Relation, RelationKind};
use beds_protocol::shown;

use super::fields::{Field, Supply};
use crate::routine::{Sets, sees, setters};

/// Marks the fields of the key: the primary key, or else the unique index without nulls that has the fewest columns. Of
/// equal indexes the first by name counts. Returns why there is no key, if there is none.
pub(super) fn choose(fields: &mut [Field], relation: &Relation, catalogue: &Catalogue) -> Option<String> {
    let mut candidates: Vec<(bool, Vec<String>)> = match &relation.picks {
        // A view of one table has the table's keys, if it shows all of their columns.
        Some((table, columns)) => {
            let table = catalogue.relation(table);
            let shown = |column: &String| {
                let is_it = |(_, of): &&(String, String)| catalogue.is_one_column(of, column);
                columns.iter().find(is_it).map(|(name, _)| name.clone())
            };
            keys(table.map(|table| table.indexes.as_slice()).unwrap_or_default())
                .filter(|index| index.primary || !is_nullable(table, index))
                .filter_map(|index| {
                    Some((index.primary, index.columns.iter().map(shown).collect::<Option<_>>()?))
                })
                .collect()
        }
        None => keys(&relation.indexes)
            .filter(|index| index.primary || !is_nullable(Some(relation), index))
            .map(|index| (index.primary, index.columns.clone()))
            .collect(),
    };
    candidates.sort_by_key(|(is_primary, columns)| (!is_primary, columns.len()));
    let mut refused = None;
    for (_, columns) in candidates {
        let field = |column: &String| {
            fields.iter().position(|field| catalogue.is_one_column(&field.column.name, column))
        };
        let key: Option<Vec<usize>> = columns.iter().map(field).collect();
        let can_be_key = |at: &usize| {
            fields.get(*at).is_some_and(|field| field.ty.is_indexable() && field.ty.name != "float")
        };
        match key.filter(|key| key.iter().all(can_be_key)) {
            Some(key) => {
                for at in &key {
                    mark_key(&mut fields[*at], key.len() == 1);
                }
                return None;
            }
            None => {
                refused.get_or_insert_with(|| columns.join(", "));
            }
        }
    }
    Some(match (refused, relation.kind) {
        (Some(columns), _) => {
            format!(
                "without a key: {columns} is of a type that cannot be one; records are found by filter only",
                columns = shown(&columns)
            )
        }
        (None, RelationKind::View) => {
            "without a key: write `key = true` on the field that names one record, if there is one".to_owned()
        }
        (None, _) => match relation.indexes.iter().find(|index| index.primary) {
            Some(index) => format!("without a key: {} is not a plain index", shown(&index.name)),
            None if relation.kind == RelationKind::Table && !sees(&relation.name, catalogue) => format!(
                "without a key: {} has rights on some columns only, and may not see the key",
                shown(&catalogue.grants.user)
            ),
            None => {
                "without a key: the table has no primary key and no unique index without nulls".to_owned()
            }
        },
    })
}

fn keys(indexes: &[Index]) -> impl Iterator<Item = &Index> {
    indexes.iter().filter(|index| index.unique && index.identifies)
}

fn is_nullable(relation: Option<&Relation>, index: &Index) -> bool {
    relation.is_some_and(|relation| {
        index
            .columns
            .iter()
            .any(|name| relation.columns.iter().any(|column| column.name == *name && column.nullable))
    })
}

fn mark_key(field: &mut Field, is_alone: bool) {
    field.key = true;
    // A key of one field is unique in itself.
    field.unique &= !is_alone;
    if matches!(field.supply, Supply::Default(_) | Supply::Optional) {
        field.supply = Supply::Required;
    }
}

/// Declares that the database generates the columns of the key that a trigger always sets: a client's value would not be
/// kept. If a trigger sets a column under a condition, clients give the value. In both cases the reply to a
/// create could not tell the key, and this says why.
pub(super) fn leave_to_triggers(
    fields: &mut [Field],
    relation: &Relation,
    catalogue: &Catalogue,
) -> Option<String> {
    let mut untold = None;
    for field in fields.iter_mut().filter(|field| field.key) {
        let set = setters(relation, &field.column, "insert", catalogue);
        let Some((trigger, how)) = set.min_by_key(|(_, how)| Reverse(*how)) else { continue };
        let (trigger, column) = (shown(trigger), shown(&field.column.name));
        let gives_back = "a procedure that gives it back (`insert … returning`), and name it in `returns`";
        let why = match how {
            Sets::Always => {
                field.notes.push(format!("the trigger {trigger} sets it in each new record"));
                field.supply = Supply::Database;
                format!(
                    "the trigger {trigger} sets {column}, so that the reply could not tell the key: write {gives_back}"
                )
            }
            Sets::Maybe => {
                field.notes.push(format!("the trigger {trigger} may give it another value in a new record"));
                format!(
                    "the trigger {trigger} may give {column} another value, so that the reply could not tell the key: let it fill \
                     in only what is null; or write `generated = \"database\"` for the field, write {gives_back}"
                )
            }
        };
        untold.get_or_insert(why);
    }
    untold
}
