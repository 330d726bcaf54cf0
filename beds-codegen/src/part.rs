//! The parts of a domain that hold keys, and the keys that each can have.

use beds_protocol::TypeName;

/// A table of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// A template: its sections.
    Sections,
    /// `[template]`
    Header,
    /// `[objects]`
    Objects,
    /// `read` in `[objects]`
    Read,
    /// `create`, `update`, `upsert` or `delete` in `[objects]`
    Write,
    /// `[fetch]`
    Fetch,
    /// `limit` in `[fetch]`
    Limit,
    /// `[events]`
    Events,
    /// `[lifecycle]`
    Lifecycle,
    /// `warehouse` in `[lifecycle]`
    Warehouse,
    /// `cool` in `[lifecycle]`
    Cool,
    /// `[audit]`
    Audit,
    /// `[access]`
    Access,
    /// The fields that a role does not see or set, in `fields` of `[access]`
    RoleFields,
    /// `[calls.NAME]`
    Call,
    /// `returns` of a call with `rows`
    Rows,
    /// Any part with a type.
    Field(Place),
    /// `#[beds(…)]` of a struct: `[template]` and `[objects]`, the other sections by name, and keys that only Rust has.
    Struct,
}

/// The kind of part that has a type. It decides which keys are valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// A field of a domain.
    Field,
    /// A member of an object.
    Member,
    /// The items of a list.
    Item,
    /// An argument of a call.
    Arg,
    /// A column of a row that a procedure returns, by position.
    Row,
    /// A member of a document that a pipeline returns, by name.
    Document,
    /// The one value that a call returns.
    Scalar,
}

/// The form in which a part with a type is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Form {
    /// As the name of its type alone.
    Short,
    /// As keys in braces, or in parentheses of an attribute.
    #[default]
    Inline,
    /// As a section of its own, with a line for each key.
    Section,
}

const SECTIONS: &[&str] =
    &["template", "fields", "objects", "fetch", "events", "audit", "lifecycle", "access", "calls"];
const HEADER: &[&str] = &[
    "name",
    "description",
    "service",
    "broker",
    "engine",
    "database",
    "once",
    "compatible_with",
    "allow",
    "module",
];
const OBJECTS: &[&str] = &["read", "create", "update", "upsert", "delete"];
const STRUCT: &[&str] = &[
    "name",
    "description",
    "service",
    "broker",
    "engine",
    "database",
    "once",
    "compatible_with",
    "read",
    "create",
    "update",
    "upsert",
    "delete",
    "fetch",
    "events",
    "lifecycle",
    "audit",
    "access",
    "calls",
    "methods",
];
const READ: &[&str] = &["view", "table", "collection"];
const WRITE: &[&str] = &["procedure", "collection", "args", "returns", "commits", "many"];
const FETCH: &[&str] = &["filter", "sort", "limit"];
const LIMIT: &[&str] = &["default", "max"];
const EVENTS: &[&str] = &["publish", "fields"];
const LIFECYCLE: &[&str] = &["ttl", "by", "purge", "warehouse", "cool"];
const WAREHOUSE: &[&str] = &["after", "by", "to"];
const COOL: &[&str] = &["after", "by"];
const AUDIT: &[&str] = &["operations"];
const ACCESS: &[&str] =
    &["fetch", "count", "create", "update", "upsert", "delete", "calls", "rows", "fields"];
const ROLE_FIELDS: &[&str] = &["hidden", "readonly"];
const CALL: &[&str] = &[
    "description",
    "procedure",
    "function",
    "pipeline",
    "method",
    "on",
    "lane",
    "args",
    "returns",
    "commits",
];
const FIELD: &[&str] = &[
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

/// The types that a type-specific key belongs to. Every other key is valid for all types.
pub(crate) const fn types_of(key: &str) -> Option<&'static [TypeName]> {
    use TypeName::{Bytes, Decimal, Enum, Float, Int, List, Object, String, Text};
    Some(match key.as_bytes() {
        b"min" => &[Int, Float, Decimal, String, Text],
        b"max" => &[Int, Float, Decimal, String, Text, Bytes, List],
        b"pattern" => &[String],
        b"values" => &[Enum],
        b"precision" | b"scale" => &[Decimal],
        b"unsigned" => &[Int],
        b"items" => &[List],
        b"fields" => &[Object],
        _ => return None,
    })
}

impl Part {
    /// Whether a key is a flag, wherever it stands.
    pub(crate) fn is_flag(key: &str) -> bool {
        matches!(
            key,
            "key"
                | "required"
                | "nullable"
                | "unique"
                | "immutable"
                | "version"
                | "sensitive"
                | "unsigned"
                | "commits"
                | "once"
        )
    }

    /// The keys that it can have.
    pub(crate) const fn known(self) -> &'static [&'static str] {
        match self {
            Self::Sections => SECTIONS,
            Self::Header => HEADER,
            Self::Objects => OBJECTS,
            Self::Read => READ,
            Self::Write => WRITE,
            Self::Fetch => FETCH,
            Self::Limit => LIMIT,
            Self::Events => EVENTS,
            Self::Lifecycle => LIFECYCLE,
            Self::Warehouse => WAREHOUSE,
            Self::Cool => COOL,
            Self::Audit => AUDIT,
            Self::Access => ACCESS,
            Self::RoleFields => ROLE_FIELDS,
            Self::Call => CALL,
            Self::Rows => &["rows"],
            Self::Field(_) => FIELD,
            Self::Struct => STRUCT,
        }
    }

    /// The valid keys. A part with a type has the keys of its place and of the type, if that is known.
    pub(crate) fn listed(self, ty: Option<TypeName>) -> Vec<&'static str> {
        let is_listed = |key: &&&'static str| match self {
            Self::Field(place) => {
                place.may_have(key)
                    && match (types_of(key), ty) {
                        (Some(types), Some(ty)) => types.contains(&ty),
                        (Some(_) | None, _) => true,
                    }
            }
            _ => true,
        };
        self.known().iter().filter(is_listed).copied().collect()
    }
}

impl Place {
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Field => "a field",
            Self::Member => "a member of an object",
            Self::Item => "the items of a list",
            Self::Arg => "an argument of a call",
            Self::Row => "a column that a call returns",
            Self::Document => "a member that a pipeline returns",
            Self::Scalar => "the value that a call returns",
        }
    }

    /// Whether a key is valid here, whatever the type.
    pub(crate) fn may_have(self, key: &str) -> bool {
        match key {
            "generated" | "key" | "unique" | "immutable" | "version" => self == Self::Field,
            "column" => matches!(self, Self::Field | Self::Member | Self::Document),
            "required" => self.may_be_required(),
            "nullable" => self != Self::Scalar,
            "default" => matches!(self, Self::Field | Self::Arg),
            "sensitive" => matches!(self, Self::Field | Self::Member | Self::Arg),
            "mode" => self == Self::Arg,
            _ => true,
        }
    }

    pub(crate) const fn may_be_required(self) -> bool {
        matches!(self, Self::Field | Self::Member)
    }

    /// Whether it has a name of its own.
    pub(crate) const fn is_named(self) -> bool {
        !matches!(self, Self::Item | Self::Scalar)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_of_a_struct_are_those_of_its_parts() {
        // Its functions are paths, which need no module. And one file may have several structs: a list on one of them
        // could not say which struct's warnings it allows.
        for key in HEADER.iter().chain(OBJECTS).filter(|key| !matches!(**key, "module" | "allow")) {
            assert!(STRUCT.contains(key), "{key}");
        }
    }

    #[test]
    fn lists_fit_the_place_and_the_type() {
        let keys = Part::Field(Place::Arg).listed(Some(TypeName::Int));
        assert_eq!(
            keys,
            ["type", "description", "nullable", "default", "sensitive", "min", "max", "unsigned", "mode"]
        );
    }
}
