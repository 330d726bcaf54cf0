//! The further changes that are needed if the database fills a field.

use super::Cx;
use crate::{
    model::Engine,
    raw::{Given, Names, RawField, RawObject},
};

/// The advice for `create` if the database fills a field: `create` must not pass the field.
pub(super) fn filled(raw: &RawField, is_key: bool, cx: &Cx<'_>) -> Option<String> {
    if cx.engine == Some(Engine::MongoDb) {
        return None;
    }
    let name = raw.name.value.as_str();
    let objects = &cx.objects?.value.value;
    let create = objects.create.get().map(|object| &object.value);
    // An upsert always has the key.
    let upsert = objects.upsert.get().map(|object| &object.value).filter(|_| !is_key);
    let passes = |object: Option<&RawObject>| object.is_some_and(|object| has(&object.args, name));
    let operations = match (passes(create), passes(upsert)) {
        (true, true) => "`create` and `upsert`",
        (true, false) => "`create`",
        (false, true) => "`upsert`",
        (false, false) => return None,
    };
    let returns = if is_key && create.is_some_and(|create| !has(&create.returns, name)) {
        format!(", and name it in `returns = [\"{name}\"]` of `create`, which tells clients what it is")
    } else {
        String::new()
    };
    Some(format!(
        "the database fills it: remove `{name}` from the `args` of {operations} and from the procedure's parameters{returns}"
    ))
}

/// Whether a name is in a list.
pub(super) fn has(names: &Given<Names>, name: &str) -> bool {
    names.get().is_some_and(|names| names.value.iter().any(|known| known.value == name))
}
