//! The operators of queries.

use super::{CONSTANT, Operator, Slot, Takes, may, must};

/// Known operators of queries that MongoDB refuses in `$match`, and their replacements there.
pub(crate) const NOT_IN_MATCH: &[(&str, &str)] = &[
    ("$near", "write `$geoNear` as the first stage, or `$geoWithin` with `$centerSphere`"),
    ("$nearSphere", "write `$geoNear` as the first stage, or `$geoWithin` with `$centerSphere`"),
    ("$where", "write the condition as an expression: {\"$expr\": …}"),
];

/// The operators beside the fields of a query. Conditions belong to the pipeline, never to a client.
pub(crate) const CONDITIONS: &[Operator] = &[
    ("$alwaysFalse", CONSTANT),
    ("$alwaysTrue", CONSTANT),
    ("$and", Slot::List(&Slot::Query)),
    ("$comment", CONSTANT),
    ("$expr", Slot::Condition),
    ("$jsonSchema", Slot::Constant(Takes::Object)),
    ("$nor", Slot::List(&Slot::Query)),
    ("$or", Slot::List(&Slot::Query)),
    ("$sampleRate", Slot::Constant(Takes::Number)),
    ("$text", TEXT),
];

const TEXT: Slot = Slot::Keys(&[
    must("$search", Slot::Value(Takes::Text)),
    may("$language", Slot::Constant(Takes::Text)),
    may("$caseSensitive", Slot::Constant(Takes::Bool)),
    may("$diacriticSensitive", Slot::Constant(Takes::Bool)),
]);

const ANY: Slot = Slot::Value(Takes::Any);
const BITS: Slot = Slot::Value(Takes::Bits);
const VALUES: Slot = Slot::Value(Takes::List);
/// A geometry with written parts, in which client values may stand.
pub(super) const GEOMETRY_KEYS: Slot = Slot::Keys(&[
    must("type", Slot::Value(Takes::Text)),
    may("coordinates", VALUES),
    may("geometries", VALUES),
    may("crs", Slot::Constant(Takes::Object)),
]);
const GEOMETRY: Slot = Slot::Either(&[GEOMETRY_KEYS, Slot::Value(Takes::Object)]);
const WITHIN: Slot = Slot::Keys(&[
    may("$geometry", GEOMETRY),
    may("$box", VALUES),
    may("$center", VALUES),
    may("$centerSphere", VALUES),
    may("$polygon", VALUES),
]);

/// The operators for one field of a query.
pub(crate) const FILTERS: &[Operator] = &[
    ("$all", Slot::Elements),
    ("$bitsAllClear", BITS),
    ("$bitsAllSet", BITS),
    ("$bitsAnyClear", BITS),
    ("$bitsAnySet", BITS),
    ("$elemMatch", Slot::Element),
    ("$eq", ANY),
    ("$exists", Slot::Value(Takes::Bool)),
    ("$geoIntersects", Slot::Keys(&[must("$geometry", GEOMETRY)])),
    ("$geoWithin", WITHIN),
    ("$gt", ANY),
    ("$gte", ANY),
    ("$in", VALUES),
    ("$lt", ANY),
    ("$lte", ANY),
    ("$mod", Slot::List(&Slot::Value(Takes::Number))),
    ("$ne", ANY),
    ("$nin", VALUES),
    ("$not", Slot::Filter),
    ("$options", Slot::Constant(Takes::Text)),
    ("$regex", Slot::Regex),
    ("$size", Slot::Value(Takes::Natural)),
    ("$type", CONSTANT),
];
