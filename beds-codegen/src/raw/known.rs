//! The keys that each part of a domain can have.

pub(super) const SECTIONS: &[&str] = &["template", "fields", "objects", "fetch", "calls"];
pub(super) const HEADER: &[&str] = &["name", "description", "service", "broker", "engine", "database"];
pub(super) const OBJECTS: &[&str] = &["read", "create", "update", "delete"];
/// The attributes of a struct: `[template]` and `[objects]`, the other sections by name, and what only Rust has.
pub(super) const STRUCT: &[&str] = &[
    "name",
    "description",
    "service",
    "broker",
    "engine",
    "database",
    "read",
    "create",
    "update",
    "delete",
    "fetch",
    "calls",
    "methods",
];
pub(super) const READ: &[&str] = &["view", "table", "collection"];
pub(super) const WRITE: &[&str] = &["procedure", "collection", "args", "returns", "commits"];
pub(super) const FETCH: &[&str] = &["filter", "sort", "limit"];
pub(super) const LIMIT: &[&str] = &["default", "max"];
pub(super) const CALL: &[&str] =
    &["description", "procedure", "function", "pipeline", "on", "lane", "args", "returns", "commits"];
pub(super) const FIELD: &[&str] = &[
    "type",
    "description",
    "column",
    "key",
    "generated",
    "required",
    "nullable",
    "default",
    "unique",
    "immutable",
    "version",
    "sensitive",
    "min",
    "max",
    "pattern",
    "values",
    "precision",
    "scale",
    "unsigned",
    "items",
    "fields",
    "mode",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_of_a_struct_are_those_of_its_parts() {
        for key in HEADER.iter().chain(OBJECTS) {
            assert!(STRUCT.contains(key), "{key}");
        }
    }
}
