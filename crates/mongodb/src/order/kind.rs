//! [`Kind`]: the types of values as MongoDB orders them.
//!
//! <https://www.mongodb.com/docs/manual/reference/bson-type-comparison-order/>

use mongodb::bson::{Bson, Document, doc, spec::ElementType};

/// Values of one kind are ordered among themselves. All values of an earlier kind come before those of a later one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    MinKey,
    /// An empty array, which has no element to sort by.
    Nothing,
    /// Null, or absent.
    Null,
    Number,
    Text,
    Object,
    /// An array in an array.
    Array,
    Binary,
    ObjectId,
    Bool,
    Date,
    Timestamp,
    Regex,
    DbPointer,
    Code,
    CodeWithScope,
    MaxKey,
}

impl Kind {
    pub(super) const ALL: [Self; 17] = [
        Self::MinKey,
        Self::Nothing,
        Self::Null,
        Self::Number,
        Self::Text,
        Self::Object,
        Self::Array,
        Self::Binary,
        Self::ObjectId,
        Self::Bool,
        Self::Date,
        Self::Timestamp,
        Self::Regex,
        Self::DbPointer,
        Self::Code,
        Self::CodeWithScope,
        Self::MaxKey,
    ];

    pub(super) fn of(value: &Bson) -> Self {
        Self::of_type(value.element_type())
    }

    pub(super) const fn of_type(ty: ElementType) -> Self {
        match ty {
            ElementType::MinKey => Self::MinKey,
            ElementType::Undefined => Self::Nothing,
            ElementType::Null => Self::Null,
            ElementType::Double | ElementType::Int32 | ElementType::Int64 | ElementType::Decimal128 => {
                Self::Number
            }
            ElementType::String | ElementType::Symbol => Self::Text,
            ElementType::EmbeddedDocument => Self::Object,
            ElementType::Array => Self::Array,
            ElementType::Binary => Self::Binary,
            ElementType::ObjectId => Self::ObjectId,
            ElementType::Boolean => Self::Bool,
            ElementType::DateTime => Self::Date,
            ElementType::Timestamp => Self::Timestamp,
            ElementType::RegularExpression => Self::Regex,
            ElementType::DbPointer => Self::DbPointer,
            ElementType::JavaScriptCode => Self::Code,
            ElementType::JavaScriptCodeWithScope => Self::CodeWithScope,
            ElementType::MaxKey => Self::MaxKey,
        }
    }
}

/// The name of the kind for `$type`.
pub(super) const fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::MinKey => "minKey",
        Kind::Nothing => "undefined",
        Kind::Null => "null",
        Kind::Number => "number",
        Kind::Text => "string",
        Kind::Object => "object",
        Kind::Array => "array",
        Kind::Binary => "binData",
        Kind::ObjectId => "objectId",
        Kind::Bool => "bool",
        Kind::Date => "date",
        Kind::Timestamp => "timestamp",
        Kind::Regex => "regex",
        Kind::DbPointer => "dbPointer",
        Kind::Code => "javascript",
        Kind::CodeWithScope => "javascriptWithScope",
        Kind::MaxKey => "maxKey",
    }
}

/// Records with an element of these kinds in a column, as alternatives.
pub(super) fn of_column(column: &str, kinds: &[Kind]) -> Vec<Document> {
    let mut alternatives = Vec::new();
    let mut types = Vec::with_capacity(kinds.len() + 1);
    for &kind in kinds {
        match kind {
            Kind::Nothing => {
                alternatives.push(doc! { column: { "$size": 0 } });
                types.push(name(kind));
            }
            Kind::Null => alternatives.push(doc! { column: { "$eq": null } }),
            // `$type` alone would also find the array that a column itself holds.
            Kind::Array => alternatives.push(doc! { column: { "$elemMatch": { "$type": name(kind) } } }),
            Kind::Text => types.extend([name(kind), "symbol"]),
            kind => types.push(name(kind)),
        }
    }
    if !types.is_empty() {
        alternatives.push(doc! { column: { "$type": types } });
    }
    alternatives
}

/// Whether the value is NaN.
pub(super) fn is_nan(value: &Bson) -> bool {
    match value {
        Bson::Double(value) => value.is_nan(),
        Bson::Decimal128(value) => value.to_string().contains("NaN"),
        _ => false,
    }
}
