//! The effect of a view's stages on the documents of its collection.

use beds_core::inspect::{Column, Each, Shows};
use mongodb::bson::{Bson, Document};

const ID: &str = "_id";

/// Which members the stages show; `None` if a stage makes documents of unknown shape.
pub(super) fn shows(stages: &[Document]) -> Option<Shows> {
    let mut shows = Shows::default();
    for (stage, value) in stages.iter().flat_map(Document::iter) {
        match (stage.as_str(), value) {
            ("$match" | "$sort" | "$limit" | "$skip" | "$sample", _) => {}
            ("$project", Bson::Document(members)) => project(members, &mut shows),
            ("$addFields" | "$set", Bson::Document(members)) => set(members, &mut shows),
            ("$unset", Bson::String(member)) => hide(member, &mut shows),
            ("$unset", Bson::Array(members)) => {
                members.iter().filter_map(Bson::as_str).for_each(|member| hide(member, &mut shows));
            }
            ("$lookup" | "$graphLookup", Bson::Document(look_up)) => {
                shows.name(top(look_up.get_str("as").ok()?), None);
            }
            ("$unwind", Bson::String(path)) => unwind(path, &mut shows),
            ("$unwind", Bson::Document(unwound)) => {
                unwind(unwound.get_str("path").ok()?, &mut shows);
                if let Ok(index) = unwound.get_str("includeArrayIndex") {
                    shows.name(top(index), None);
                }
            }
            ("$group", Bson::Document(members)) => {
                let named = members.keys().map(|name| (name.clone(), None)).collect();
                shows = Shows { named, closed: true, each: Each::Merged, ..Shows::default() };
            }
            _ => return None,
        }
    }
    Some(shows)
}

fn project(members: &Document, shows: &mut Shows) {
    let is_included = |(name, value): (&String, &Bson)| name != ID && !is_hidden(value);
    let is_only_id = members.keys().all(|name| name == ID);
    let includes = if is_only_id {
        members.values().any(|value| !is_hidden(value))
    } else {
        members.iter().any(is_included)
    };
    if !includes {
        members.keys().for_each(|member| hide(member, shows));
        return;
    }
    let kept = members.iter().filter(|(_, value)| !is_hidden(value));
    let mut all: Vec<_> =
        kept.map(|(name, value)| (top(name).to_owned(), projected(name, value, shows))).collect();
    if !members.contains_key(ID) && shows.has(ID) {
        all.push((ID.to_owned(), shows.source(ID).map(str::to_owned)));
    }
    *shows = Shows { closed: true, each: shows.each, ..Shows::default() };
    for (name, source) in all {
        shows.name(&name, source);
    }
}

/// The collection's member that a projected member shows.
fn projected(name: &str, value: &Bson, shows: &Shows) -> Option<String> {
    match value {
        Bson::Document(parts) if parts.keys().any(|part| part.starts_with('$')) => None,
        // The member is shown, as a whole or in part.
        Bson::Boolean(_) | Bson::Int32(_) | Bson::Int64(_) | Bson::Double(_) | Bson::Document(_) => {
            shows.source(top(name)).map(str::to_owned)
        }
        value => named(value, shows),
    }
}

fn set(members: &Document, shows: &mut Shows) {
    // All members are computed from the document before the stage.
    let before = shows.clone();
    for (name, value) in members {
        match value.as_str() {
            Some("$$REMOVE") => hide(name, shows),
            _ if name.contains('.') => {}
            _ => shows.name(name, named(value, &before)),
        }
    }
}

/// The collection's member that an expression names as a whole.
fn named(value: &Bson, shows: &Shows) -> Option<String> {
    let path = value.as_str()?.strip_prefix('$')?;
    let is_plain = !path.starts_with('$') && !path.contains('.');
    shows.source(path).filter(|_| is_plain).map(str::to_owned)
}

fn unwind(path: &str, shows: &mut Shows) {
    shows.each = Each::Several;
    shows.name(top(path.trim_start_matches('$')), None);
}

/// Removes a member. Without a nested member, the outer member stays.
fn hide(member: &str, shows: &mut Shows) {
    if !member.contains('.') {
        shows.hide(member);
    }
}

/// Whether a `$project` hides a member by this value.
fn is_hidden(value: &Bson) -> bool {
    match value {
        Bson::Boolean(shown) => !shown,
        Bson::Int32(shown) => *shown == 0,
        Bson::Int64(shown) => *shown == 0,
        Bson::Double(shown) => *shown == 0.0,
        Bson::String(text) => text == "$$REMOVE",
        Bson::Document(parts) => !parts.is_empty() && parts.values().all(is_hidden),
        _ => false,
    }
}

/// The member of the document at the beginning of a path.
fn top(path: &str) -> &str {
    path.split('.').next().unwrap_or(path)
}

/// The members that a view shows, each with the collection's member; computed members are left out.
pub(super) fn picked(shows: &Shows, columns: &[Column]) -> Vec<(String, String)> {
    let is_new = |name: &&String| columns.iter().all(|column| column.name != **name);
    let more = shows.named.iter().map(|(name, _)| name).filter(is_new);
    let all = columns.iter().map(|column| &column.name).chain(more);
    all.filter_map(|name| Some((name.clone(), shows.source(name)?.to_owned()))).collect()
}

/// The members that a view shows: as its collection declares them, or as they were seen if they are computed.
pub(super) fn shown_columns(shows: &Shows, declared: &[Column], seen: &[Column]) -> Vec<Column> {
    let passed = declared.iter().filter(|column| shows.source(&column.name) == Some(&column.name));
    let renamed = shows.named.iter().filter_map(|(name, source)| {
        let source = source.as_ref().filter(|source| *source != name)?;
        let column = declared.iter().find(|column| column.name == *source)?;
        Some(Column { name: name.clone(), ..column.clone() })
    });
    let is_computed =
        |column: &&Column| shows.named.iter().any(|(name, source)| *name == column.name && source.is_none());
    let computed = seen.iter().filter(is_computed);
    passed.cloned().chain(renamed).chain(computed.cloned()).collect()
}

#[cfg(test)]
mod tests {
    use mongodb::bson::doc;

    use super::*;

    fn seen(stages: &[Document]) -> String {
        let Some(shows) = shows(stages) else { return "unknown".to_owned() };
        let of = |name: &str| match (shows.has(name), shows.source(name)) {
            (false, _) => "-".to_owned(),
            (true, None) => "computed".to_owned(),
            (true, Some(source)) => source.to_owned(),
        };
        let all = ["_id", "name", "age", "tags"].map(of);
        format!("{} {:?}", all.join(" "), shows.each)
    }

    #[test]
    fn what_a_view_shows_is_read_in_its_stages() {
        for (stages, expected) in [
            (vec![], "_id name age tags Once"),
            (
                vec![doc! { "$match": { "wild": true } }, doc! { "$sort": { "age": 1 } }],
                "_id name age tags Once",
            ),
            (vec![doc! { "$project": { "name": 1 } }], "_id name - - Once"),
            (vec![doc! { "$project": { "_id": 1 } }], "_id - - - Once"),
            (vec![doc! { "$project": { "_id": 0 } }], "- name age tags Once"),
            (vec![doc! { "$project": { "_id": 0, "name": 1, "age": true } }], "- name age - Once"),
            (vec![doc! { "$project": { "age": 0, "tags.first": 0 } }], "_id name - tags Once"),
            (vec![doc! { "$project": { "name": "$age", "age": "$name" } }], "_id age name - Once"),
            (
                vec![doc! { "$project": { "_id": "$kind", "name": { "$toUpper": "$name" } } }],
                "kind computed - - Once",
            ),
            (vec![doc! { "$project": { "tags": { "first": 1 } } }], "_id - - tags Once"),
            (vec![doc! { "$set": { "name": "$age", "age": "$name" } }], "_id age name tags Once"),
            (
                vec![doc! { "$addFields": { "age": { "$add": ["$age", 1] }, "name": "$$REMOVE" } }],
                "_id - computed tags Once",
            ),
            (vec![doc! { "$unset": ["age", "tags.first"] }, doc! { "$unset": "name" }], "_id - - tags Once"),
            (vec![doc! { "$unwind": "$tags" }], "_id name age computed Several"),
            (
                vec![doc! { "$unwind": { "path": "$tags", "includeArrayIndex": "age" } }],
                "_id name computed computed Several",
            ),
            (
                vec![
                    doc! { "$unwind": "$tags" },
                    doc! { "$group": { "_id": "$tags", "age": { "$sum": 1 } } },
                ],
                "computed - computed - Merged",
            ),
            (vec![doc! { "$lookup": { "from": "x", "as": "tags" } }], "_id name age computed Once"),
            (vec![doc! { "$replaceRoot": { "newRoot": "$name" } }], "unknown"),
        ] {
            assert_eq!(seen(&stages), expected, "{stages:?}");
        }
    }
}
