//! A collection of MongoDB.

use beds_core::inspect::{Evidence, Index, Kind, Relation};
use beds_protocol::{
    Engine,
    tables::{Column, Keeps, Table},
};
use serde_json::json;

use super::Fault;

pub(super) fn faults(table: &Table, relation: &Relation) -> Vec<Fault> {
    let mut faults = Vec::new();
    if let Some(storage) = relation.storage.as_ref().filter(|storage| !storage.transactional) {
        faults.push(Fault::beyond(format!("it is {}, and no transaction writes into one", storage.name)));
    }
    if let Some(collation) = &relation.collation {
        faults.push(Fault::beyond(format!(
            "it compares texts by the collation `{collation}`, which takes different ones for the same"
        )));
    }
    let wrong = of_validator(table, relation);
    if !wrong.is_empty() {
        faults.push(Fault::new(wrong.join("; "), table.command("collMod")));
    }
    faults.extend(of_indexes(table, relation));
    faults
}

fn of_validator(table: &Table, relation: &Relation) -> Vec<String> {
    if !matches!(relation.evidence, Evidence::Validator { strict: true }) {
        return Vec::new();
    }
    let found = |name: &str| relation.columns.iter().find(|column| column.name == name);
    let mut wrong = Vec::new();
    for column in table.members() {
        match found(column.name) {
            None if relation.closed => wrong.push(format!("its validator refuses `{}`", column.name)),
            Some(found) if !takes(column, &found.kind, found.takes_long()) => {
                let (name, written) = (column.name, &found.written);
                wrong.push(format!(
                    "its validator takes `{name}` as `{written}` only, which the node does not write"
                ));
            }
            Some(found) if column.nullable && !found.nullable => {
                wrong.push(format!("its validator requires `{}`", column.name));
            }
            None | Some(_) => {}
        }
    }
    let is_ours = |name: &str| name == "_id" || table.columns.iter().any(|column| column.name == name);
    let needed = relation.columns.iter().filter(|column| !column.nullable && !is_ours(&column.name));
    wrong.extend(needed.map(|column| format!("its validator requires `{}`", column.name)));
    if found("_id").is_some_and(|id| !matches!(id.kind, Kind::String { .. } | Kind::Text { .. } | Kind::Json))
    {
        wrong.push("its validator refuses a text as `_id`".to_owned());
    }
    wrong
}

/// Whether a validator takes what the node writes.
fn takes(column: &Column, kind: &Kind, takes_long: bool) -> bool {
    match (column.keeps, kind) {
        (_, Kind::Json) => true,
        (Keeps::Text(longest), Kind::String { max, .. } | Kind::Text { max }) => *max >= longest.into(),
        (Keeps::Long, Kind::String { max, .. } | Kind::Text { max }) => *max >= 16_000,
        (Keeps::Digest(_) | Keeps::Bytes, Kind::Bytes { .. } | Kind::Uuid) => true,
        (Keeps::Counter | Keeps::Number, Kind::Int { min, max }) => {
            takes_long && *min <= 0 && *max >= i128::from(u32::MAX)
        }
        (Keeps::Counter | Keeps::Number, Kind::Decimal { .. } | Kind::Float { .. }) => takes_long,
        (Keeps::Moment, Kind::DateTime { .. }) => true,
        _ => false,
    }
}

fn of_indexes(table: &Table, relation: &Relation) -> Vec<Fault> {
    let drop = |index: &Index| json!({ "dropIndexes": table.name, "index": index.name }).to_string();
    let mut faults = Vec::new();
    let mut kept: Vec<&Index> = Vec::new();
    for index in &relation.indexes {
        if index.expires {
            let what =
                format!("its index `{}` deletes documents by their age (expireAfterSeconds)", index.name);
            faults.push(Fault::new(what, drop(index)));
        } else if index.unique && !index.primary {
            let what = format!("its unique index `{}` refuses documents that the node writes", index.name);
            faults.push(Fault::new(what, drop(index)));
        } else {
            kept.push(index);
        }
    }
    let is_on = |column: &str, index: &Index| {
        index.whole && index.columns.first().is_some_and(|first| first == column)
    };
    for column in table.indexed(Engine::MongoDb) {
        if kept.iter().any(|index| is_on(column, index)) {
            continue;
        }
        let mut mends = Vec::new();
        // One that covers a part of the documents is in the way of the other.
        if let Some(partial) = kept.iter().find(|index| index.name == format!("{column}_1")) {
            mends.push(drop(partial));
        }
        mends.push(table.index(column));
        let what = format!("it has no index on `{column}`, so that each look reads the whole of it");
        faults.push(Fault { what, mends });
    }
    faults
}
