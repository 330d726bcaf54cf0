//! An index as plain data.

use beds_core::inspect::Index;
use mongodb::{
    IndexModel,
    bson::{Bson, Document},
};

/// The plain form of the server's index.
pub(super) fn index(model: IndexModel) -> Index {
    let options = model.options.unwrap_or_default();
    let primary = model.keys.len() == 1 && model.keys.contains_key("_id");
    let is_plain =
        model.keys.values().all(|order| matches!(order, Bson::Int32(_) | Bson::Int64(_) | Bson::Double(_)));
    let part = options.partial_filter_expression.as_ref();
    let types = part.map_or(Some(Vec::new()), |part| types(&model.keys, part)).filter(|_| is_plain);
    let is_whole = types.as_ref().is_some_and(Vec::is_empty);
    Index {
        name: options.name.unwrap_or_default(),
        unique: primary || options.unique == Some(true),
        primary,
        whole: is_whole,
        identifies: is_whole,
        only: types.unwrap_or_default(),
        counts_null: part.is_none() && options.sparse != Some(true),
        expires_s: options.expire_after.map(|after| after.as_secs()),
        columns: model.keys.keys().cloned().collect(),
    }
}

/// The types of values that an index of these members covers by its filter. The list is empty if the index covers all
/// values. `None` if the filter has any other condition.
fn types(keys: &Document, filter: &Document) -> Option<Vec<String>> {
    let mut types = Vec::new();
    for (member, asked) in filter {
        let asked = asked.as_document().filter(|_| keys.contains_key(member))?;
        for (operator, value) in asked {
            match (operator.as_str(), value) {
                ("$exists", Bson::Boolean(true)) => {}
                ("$type", Bson::String(name)) if keys.len() == 1 => types.push(name.clone()),
                ("$type", Bson::Array(names)) if keys.len() == 1 => {
                    let names = names.iter().map(|name| name.as_str().map(str::to_owned));
                    types.extend(names.collect::<Option<Vec<_>>>()?);
                }
                _ => return None,
            }
        }
    }
    Some(types)
}

#[cfg(test)]
mod tests {
    use mongodb::{bson::doc, options::IndexOptions};

    use super::*;

    fn read(keys: Document, filter: Option<Document>) -> Index {
        let options = IndexOptions::builder().unique(true).partial_filter_expression(filter).build();
        index(IndexModel::builder().keys(keys).options(options).build())
    }

    #[test]
    fn an_index_without_what_is_absent_is_whole() {
        for (keys, filter, is_whole, only) in [
            (doc! { "a": 1 }, doc! { "a": { "$exists": true } }, true, [""; 0].as_slice()),
            (doc! { "a": 1, "b": -1 }, doc! { "a": { "$exists": true } }, true, &[]),
            (doc! { "a": 1 }, doc! { "a": { "$type": "string" } }, false, &["string"]),
            (
                doc! { "a": 1 },
                doc! { "a": { "$exists": true, "$type": ["int", "long"] } },
                false,
                &["int", "long"],
            ),
            (doc! { "a": 1 }, doc! { "a": { "$type": [2] } }, false, &[]),
            (doc! { "a": 1 }, doc! { "a": { "$type": 2 } }, false, &[]),
            (doc! { "a": 1 }, doc! { "b": { "$exists": true } }, false, &[]),
            (doc! { "a": 1 }, doc! { "a": { "$gt": 5 } }, false, &[]),
            (doc! { "a": 1 }, doc! { "a": "x" }, false, &[]),
            (doc! { "a": "hashed" }, doc! { "a": { "$exists": true } }, false, &[]),
        ] {
            let index = read(keys, Some(filter.clone()));
            assert_eq!((index.whole, index.identifies), (is_whole, is_whole), "{filter}");
            assert_eq!(index.only, only, "{filter}");
            assert!(!index.counts_null, "{filter}");
        }
        let plain = read(doc! { "a": 1 }, None);
        assert!(plain.whole && plain.counts_null && plain.unique);
        let sparse = IndexOptions::builder().sparse(true).build();
        let sparse = index(IndexModel::builder().keys(doc! { "a": 1 }).options(sparse).build());
        assert!(sparse.whole && !sparse.counts_null && !sparse.unique);
    }
}
