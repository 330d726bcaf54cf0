//! The common structure of some documents: the members that were seen, how often, and of which types.

use std::collections::{BTreeMap, BTreeSet};

use mongodb::bson::{Bson, Document, spec::BinarySubtype};

use beds_core::inspect::{Column, Kind, Supplied};

/// How deep documents are followed, and how many members an embedded object may have before it counts as a map of
/// anything.
const DEPTH_MAX: usize = 4;
const MEMBERS_MAX: usize = 200;
/// How many members a document itself may have: as many as a template has fields, and one more, which shows that there
/// are more.
const COLUMNS_MAX: usize = 1_000;
/// Up to this integer a double holds each integer exactly.
const INTEGER_MAX: f64 = 9_007_199_254_740_992.0;
/// Strings that were never longer are treated as indexable.
const SHORT_MAX: u32 = 1_000;

/// The observations of some documents.
#[derive(Debug, Default)]
pub(super) struct Sample {
    documents: u64,
    /// Their `_id`s.
    ids: BTreeSet<String>,
    members: Members,
}

/// Members in the order they were first seen.
#[derive(Debug, Default)]
struct Members {
    order: Vec<String>,
    seen: BTreeMap<String, Seen>,
}

/// The observations of one member.
#[derive(Debug, Default)]
struct Seen {
    count: u64,
    nulls: u64,
    types: BTreeSet<&'static str>,
    /// Greatest length of a string or of bytes.
    length: u32,
    /// Digits after the point of a decimal.
    scale: u8,
    /// Whether a double had a fraction.
    is_fractional: bool,
    members: Members,
    items: Option<Box<Seen>>,
}

impl Sample {
    pub(super) fn documents(&self) -> u64 {
        self.documents
    }

    /// Adds a document of a collection, whose `_id` is its own, if it is not there yet.
    pub(super) fn add_once(&mut self, document: &Document) {
        if document.get("_id").is_none_or(|id| self.ids.insert(id.to_string())) {
            self.add(document);
        }
    }

    pub(super) fn add(&mut self, document: &Document) {
        self.documents += 1;
        self.members.add(document, 0);
    }

    pub(super) fn columns(&self) -> Vec<Column> {
        self.members.columns(self.documents)
    }
}

impl Members {
    fn add(&mut self, document: &Document, depth: usize) {
        let most = if depth == 0 { COLUMNS_MAX } else { MEMBERS_MAX };
        for (name, value) in document {
            if !self.seen.contains_key(name) {
                if self.order.len() > most {
                    continue;
                }
                self.order.push(name.clone());
            }
            self.seen.entry(name.clone()).or_default().add(value, depth);
        }
    }

    fn columns(&self, of: u64) -> Vec<Column> {
        let column = |name: &String| {
            let seen = self.seen.get(name)?;
            Some(Column {
                name: name.clone(),
                kind: seen.kind(),
                written: if seen.types.is_empty() {
                    "null".into()
                } else {
                    seen.types.iter().copied().collect::<Vec<_>>().join(" or ")
                },
                collation: None,
                // The next document may be without it.
                nullable: true,
                default: Supplied::Nothing,
                comment: String::new(),
                seen: Some((seen.count - seen.nulls).min(of)),
                renewed: false,
            })
        };
        let mut columns: Vec<Column> = self.order.iter().filter_map(column).collect();
        // A sample comes in any order. So the members are ordered by frequency, whatever came first this time.
        columns.sort_by(|a, b| {
            (a.name != "_id", std::cmp::Reverse(a.seen), &a.name).cmp(&(
                b.name != "_id",
                std::cmp::Reverse(b.seen),
                &b.name,
            ))
        });
        columns
    }
}

impl Seen {
    fn add(&mut self, value: &Bson, depth: usize) {
        self.count += 1;
        let length = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        let name = match value {
            Bson::Null | Bson::Undefined => {
                self.nulls += 1;
                return;
            }
            Bson::String(text) => {
                self.length = self.length.max(length(text.chars().count()));
                "string"
            }
            Bson::Boolean(_) => "bool",
            Bson::Int32(_) => "int",
            Bson::Int64(_) => "long",
            Bson::Double(number) => {
                // A greater double is not an integer that JSON keeps.
                self.is_fractional |= number.fract() != 0.0 || number.abs() > INTEGER_MAX;
                "double"
            }
            Bson::Decimal128(number) => {
                let text = number.to_string();
                let scale = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
                self.scale = self.scale.max(u8::try_from(scale).unwrap_or(34).min(34));
                "decimal"
            }
            Bson::DateTime(_) => "date",
            Bson::ObjectId(_) => "objectId",
            Bson::Binary(binary) if binary.subtype == BinarySubtype::Uuid => "uuid",
            Bson::Binary(binary) => {
                self.length = self.length.max(length(binary.bytes.len()));
                "binData"
            }
            Bson::Array(items) => {
                let seen = self.items.get_or_insert_default();
                for item in items {
                    seen.add(item, depth + 1);
                }
                "array"
            }
            Bson::Document(document) => {
                if depth < DEPTH_MAX {
                    self.members.add(document, depth + 1);
                }
                "object"
            }
            _ => "other",
        };
        self.types.insert(name);
    }

    fn kind(&self) -> Kind {
        let types: Vec<&str> = self.types.iter().copied().collect();
        let all = |allowed: &[&str]| types.iter().all(|name| allowed.contains(name));
        match types.as_slice() {
            [] | ["other"] => Kind::Json,
            ["string"] if self.length <= SHORT_MAX => Kind::string(roomy(self.length)),
            ["string"] => Kind::Text { max: u32::MAX },
            ["bool"] => Kind::Bool,
            ["date"] => Kind::moment(3),
            ["objectId"] => Kind::ObjectId,
            ["uuid"] => Kind::Uuid,
            ["binData"] => Kind::Bytes { max: u32::MAX, fixed: false },
            ["array"] => match &self.items {
                Some(items) if !items.types.is_empty() && items.nulls == 0 => {
                    Kind::List(Box::new(items.kind()))
                }
                _ => Kind::Json,
            },
            // So many members are keys of a map rather than names.
            ["object"] if self.members.order.is_empty() || self.members.order.len() > MEMBERS_MAX => {
                Kind::Json
            }
            ["object"] => Kind::Object(self.members.columns(self.count - self.nulls)),
            _ if all(&["int", "long", "double"]) && !self.is_fractional => {
                Kind::Int { min: i128::from(i64::MIN), max: i128::from(i64::MAX) }
            }
            _ if all(&["int", "long", "double"]) => Kind::float(false, false),
            _ if all(&["int", "long", "double", "decimal"]) => {
                Kind::Decimal { precision: 34, scale: self.scale.clamp(2, 30), unsigned: false }
            }
            several => Kind::Mixed(several.iter().map(|name| (*name).to_owned()).collect()),
        }
    }
}

/// A length with room for values that were not seen.
fn roomy(length: u32) -> u32 {
    [40, 100, 255, 500, 1_000, 2_000]
        .into_iter()
        .find(|room| length.saturating_mul(2) <= *room)
        .unwrap_or(4_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use mongodb::bson::doc;

    #[test]
    fn documents_tell_members() {
        let mut sample = Sample::default();
        sample.add(&doc! { "_id": 1, "name": "a", "odd": 1, "n": 5.0, "in": { "x": 1.5 }, "tags": ["a"] });
        sample.add(&doc! { "_id": 2, "name": null, "odd": "x", "n": 7, "in": { "x": 2, "y": true } });
        let columns = sample.columns();
        let of = |name: &str| columns.iter().find(|column| column.name == name).unwrap();
        assert_eq!(of("name").seen, Some(1));
        assert_eq!(of("odd").kind, Kind::Mixed(vec!["int".into(), "string".into()]));
        assert!(matches!(of("n").kind, Kind::Int { .. }));
        assert_eq!(of("tags").kind, Kind::List(Box::new(Kind::string(40))));
        assert!(matches!(&of("in").kind, Kind::Object(members) if members.len() == 2));
    }

    #[test]
    fn a_document_has_more_columns_than_an_object_has_members() {
        let wide: Document = (0..1_200).map(|index| (format!("m{index}"), Bson::Int32(index))).collect();
        let mut sample = Sample::default();
        sample.add(&doc! { "_id": 1, "in": wide.clone() });
        sample.add(&wide);
        let columns = sample.columns();
        // One more than a template has room for, so that the reader sees that some are left out.
        assert_eq!(columns.len(), COLUMNS_MAX + 1);
        assert!(columns.iter().any(|column| column.name == "in" && column.kind == Kind::Json));
    }
}
