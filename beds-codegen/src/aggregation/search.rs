//! The operators of Atlas Search that take a client's value.

/// An operator, and its members that take a client's value: the searched terms, never the way of searching.
pub(crate) const SEARCH_VALUES: &[(&str, &[&str])] = &[
    ("autocomplete", &["query"]),
    ("equals", &["value"]),
    ("in", &["value"]),
    ("near", &["origin", "pivot"]),
    ("phrase", &["query"]),
    ("range", &["gt", "gte", "lt", "lte"]),
    ("text", &["query"]),
];

/// Operators whose query is a language of its own.
pub(crate) const SEARCH_STEERS: &[&str] = &["queryString", "regex", "wildcard"];
