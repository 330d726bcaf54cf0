//! The effect of a view's stages on the documents of its collection.

use mongodb::bson::{Bson, Document};

/// Whether each document of a view is one of its collection, so that `_id` identifies it.
pub(super) fn keeps_documents(stages: &[Document]) -> bool {
    const KEEPING: &[&str] = &["$match", "$project", "$unset", "$sort", "$limit", "$skip"];
    stages.iter().flat_map(Document::iter).all(|(name, stage)| {
        KEEPING.contains(&name.as_str())
            && (name != "$project" || stage.as_document().is_some_and(|shown| shown.values().all(is_plain)))
    })
}

/// Whether a member of a `$project` is only shown or hidden.
fn is_plain(value: &Bson) -> bool {
    matches!(value, Bson::Boolean(_) | Bson::Int32(_) | Bson::Int64(_) | Bson::Double(_))
}

/// Whether a stage passes a member on.
pub(super) fn shows(stage: &Document, name: &str) -> bool {
    let is_shown = |value: &Bson| !matches!(value, Bson::Boolean(false) | Bson::Int32(0) | Bson::Int64(0));
    if let Ok(project) = stage.get_document("$project") {
        let includes = project.iter().any(|(member, value)| member != "_id" && is_shown(value));
        return match project.get(name) {
            Some(value) => is_shown(value),
            None => name == "_id" || !includes,
        };
    }
    match stage.get("$unset") {
        Some(Bson::String(hidden)) => hidden != name,
        Some(Bson::Array(hidden)) => !hidden.iter().any(|hidden| hidden.as_str() == Some(name)),
        _ => true,
    }
}
