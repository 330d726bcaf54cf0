//! The meaning of keys that BEDS does not have: words of SQL, of JSON Schema, of object mappers.

mod field;
mod others;
mod values;

pub(crate) use values::{bounds, granted, instead};

use crate::part::Part;

/// The meaning of a foreign key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meant {
    /// A key under another name.
    Key(&'static str),
    /// Probably a key under another name, which people must judge.
    Perhaps(&'static str),
    /// A key with this value, which differs from the written value.
    Pair(&'static str, &'static str),
    /// A key inside the table of another key: `limit = { default = … }`.
    Within(&'static str, &'static str),
    /// No counterpart. This is the advice.
    Nothing(&'static str),
}

/// The meaning of a key in a part; `None` if it is unknown.
pub(crate) fn meant(key: &str, part: Part) -> Option<Meant> {
    let written = key;
    let key = normal(key);
    // A known word in other letters is a typo.
    if key != written && part.known().contains(&key.as_str()) {
        return None;
    }
    let found = match part {
        Part::Sections => others::section(&key),
        Part::Header => others::header(&key),
        Part::Struct => others::object(&key).or_else(|| others::header(&key)),
        Part::Objects => others::object(&key),
        Part::Read => others::read(&key),
        Part::Write => others::write(&key),
        Part::Fetch => others::fetch(&key),
        Part::Limit => others::limit(&key),
        Part::Events => others::events(&key),
        Part::Lifecycle => others::lifecycle(&key),
        Part::Warehouse | Part::Cool => others::age(&key),
        Part::Audit => others::audit(&key),
        Part::Access => others::access(&key),
        Part::RoleFields => others::role_fields(&key),
        Part::Call => others::call(&key),
        Part::Rows => None,
        Part::Field(place) => field::field(&key, place),
    };
    found.or_else(|| others::anywhere(&key))
}

/// The advice for a change that other languages make to incoming values.
pub(crate) const AS_THEY_COME: &str = "values are passed on as they come: let the procedure change them, or demand them so with `pattern = \"[a-z]+\"`";

/// The advice for a condition that always holds.
pub(crate) const CONDITION: &str = "a condition that always holds belongs in the view that `read` names; clients may filter and sort by the fields in this list \
     of fields";

/// Whether a text is a condition, not a name: `deleted = 0`.
pub(crate) fn is_condition(text: &str) -> bool {
    let lower = text.to_lowercase();
    text.contains(['=', '<', '>'])
        || [" is ", " in ", " like ", " between "].iter().any(|word| lower.contains(word))
}

/// Whether a key of `read` names an object that is run, not read.
pub(crate) fn is_routine(key: &str) -> bool {
    others::is_routine(&normal(key))
}

/// Whether a key of a field says whether there is always a value, not who gives it.
pub(crate) fn is_about_null(key: &str) -> bool {
    matches!(normal(key).as_str(), "not_null" | "notnull" | "non_null")
}

/// Whether a key of the header names the domain if no other key does: `table = "note"` means the name.
pub(crate) fn names_domain(key: &str, part: Part) -> bool {
    part == Part::Header && matches!(normal(key).as_str(), "table" | "collection")
}

/// `notNull`, `not-null` and `NOT NULL` are one word.
fn normal(key: &str) -> String {
    let mut out = String::with_capacity(key.len() + 2);
    let mut was_lower = false;
    for letter in key.chars() {
        if letter.is_uppercase() && was_lower {
            out.push('_');
        }
        was_lower = letter.is_lowercase();
        if matches!(letter, '-' | ' ') { out.push('_') } else { out.extend(letter.to_lowercase()) }
    }
    out
}

/// The keys that an unknown key may stand for, so that they are not reported as missing.
pub(crate) fn stands_for(key: &str, part: Part) -> Vec<&'static str> {
    let meant = meant(key, part);
    let nearest = beds_protocol::nearest(key, part.known().iter().copied());
    let mut keys: Vec<&'static str> = nearest.into_iter().collect();
    match (meant, part) {
        // The object does not say which of the two it is a synonym of.
        (Some(Meant::Key("upsert" | "update")), Part::Objects) => keys.extend(["update", "upsert"]),
        (Some(Meant::Key(key) | Meant::Perhaps(key) | Meant::Pair(key, _) | Meant::Within(key, _)), _) => {
            keys.push(key);
        }
        // In any case it stands in place of an operation, or of an operation's only object.
        (_, Part::Objects | Part::Read | Part::Access) => keys.extend(part.known()),
        (Some(Meant::Nothing(_)), Part::Write) => keys.extend(["procedure", "collection"]),
        (Some(field::TYPES), Part::Field(_)) => keys.push("type"),
        (Some(Meant::Nothing(_)), Part::Header) if names_domain(key, part) => keys.push("name"),
        (Some(Meant::Nothing(_)), Part::Call) => keys.extend(others::nothing_for_call(&normal(key))),
        // An author who only writes that there is an audit, or events, leaves out the list of operations.
        (Some(Meant::Nothing(_)) | None, Part::Audit) => keys.push("operations"),
        (Some(Meant::Nothing(_)) | None, Part::Events) => keys.push("publish"),
        (Some(Meant::Nothing(_)) | None, _) => {}
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::part::Place;

    #[test]
    fn what_is_meant_exists() {
        let parts = [
            Part::Sections,
            Part::Header,
            Part::Objects,
            Part::Read,
            Part::Write,
            Part::Fetch,
            Part::Limit,
            Part::Events,
            Part::Lifecycle,
            Part::Warehouse,
            Part::Audit,
            Part::Access,
            Part::RoleFields,
            Part::Call,
            Part::Field(Place::Field),
            Part::Field(Place::Arg),
        ];
        for word in WORDS {
            let found: Vec<_> =
                parts.iter().filter_map(|part| meant(word, *part).map(|found| (part, found))).collect();
            assert!(!found.is_empty(), "{word}");
            for (part, found) in found {
                if let Meant::Key(key) | Meant::Pair(key, _) | Meant::Within(key, _) = found {
                    assert!(part.listed(None).contains(&key), "{word} in {part:?}: there is no `{key}`");
                }
            }
        }
    }

    const WORDS: &[&str] = &[
        "primary_key",
        "pk",
        "auto_increment",
        "references",
        "foreign_key",
        "order_by",
        "default_limit",
        "alias",
        "timeout",
        "not_null",
        "notNull",
        "readonly",
        "read_only",
        "length",
        "maxlength",
        "maxLength",
        "size",
        "comment",
        "desc",
        "index",
        "default_value",
        "min_length",
        "regex",
        "where",
        "page_size",
        "returning",
        "lowercase",
        "nullable_",
        "null",
        "optional",
        "computed",
        "check",
        "enum",
        "choices",
        "db",
        "schema",
        "host",
        "params",
        "output",
        "sql",
        "query",
        "filters",
        "search",
        "write",
        "insert",
        "select",
        "remove",
        "proc",
        "func",
        "rows",
        "columns",
        "ttl",
        "cache",
        "title",
        "label",
        "hidden",
        "secret",
        "decimals",
        "digits",
        "kind",
        "data_type",
        "direction",
        "offset",
    ];
}
