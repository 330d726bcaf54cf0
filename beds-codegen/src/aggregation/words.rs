//! Words that stand for kinds of values, for what is known about a document, and for parts of a moment.

/// The names of the types of BSON.
pub(crate) const TYPES: &[&str] = &[
    "double",
    "string",
    "object",
    "array",
    "binData",
    "undefined",
    "objectId",
    "bool",
    "date",
    "null",
    "regex",
    "dbPointer",
    "javascript",
    "symbol",
    "javascriptWithScope",
    "int",
    "timestamp",
    "long",
    "decimal",
    "minKey",
    "maxKey",
    "number",
    "missing",
];

/// What stands behind `%` in the format of a moment.
pub(crate) const FORMAT_LETTERS: &str = "bBdGHjLmMSuUVwYzZ%";

/// What `$meta` gives.
pub(crate) const META: &[&str] = &[
    "textScore",
    "indexKey",
    "recordId",
    "sortKey",
    "geoNearDistance",
    "geoNearPoint",
    "randVal",
    "score",
    "scoreDetails",
    "searchScore",
    "searchHighlights",
    "searchScoreDetails",
    "searchSequenceToken",
    "searchRootDocumentId",
    "vectorSearchScore",
    "timeseriesBucketMinTime",
    "timeseriesBucketMaxTime",
    "stream",
    "changeStreamControlEvent",
];

/// What moments are counted by.
pub(super) const UNITS: &[&str] =
    &["year", "quarter", "month", "week", "day", "hour", "minute", "second", "millisecond"];
