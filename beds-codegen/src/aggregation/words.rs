//! Words for types of values, for the metadata of documents, and for parts of a moment.

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

/// The letters that may follow `%` in the format of a moment.
pub(crate) const FORMAT_LETTERS: &str = "bBdGHjLmMSuUVwYzZ%";

/// The metadata that `$meta` can return.
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

/// The units of time differences.
pub(super) const UNITS: &[&str] =
    &["year", "quarter", "month", "week", "day", "hour", "minute", "second", "millisecond"];
