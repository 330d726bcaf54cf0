//! Documents as the wire shows them.
//!
//! A collection may hold anything. A value that the wire cannot express is null, and a note of the reply says so; in
//! lists, objects and JSON the smallest part of it is null. A value is shown only if a filter by its shown form finds
//! it. So a UUID as text, or a fraction among integers, is not shown.

mod describe;
pub(crate) mod number;
mod place;

use beds_core::{
    mask,
    spec::{Domain, Field, Type},
    unshown::Unshown,
    value::{Value, write_name},
};
use beds_protocol::value::{Bytes, Date, DateTime};
use mongodb::bson::{RawBsonRef, raw::RawDocument, spec::BinarySubtype};
use serde_json::{Map, Value as Json};

use self::describe::describe;
pub(crate) use self::place::Place;

/// How deep JSON may be nested to be shown: as deep as MongoDB allows for documents. Readers of JSON have bounds too.
const DEPTH_MAX: usize = 100;

const NO_JSON: &str = "has no form in JSON";
const UNREADABLE: &str = "cannot be read";

/// Reads the documents of one reply, and collects the values that cannot be shown.
#[derive(Debug)]
pub(crate) struct Shower {
    domain: &'static Domain,
    unshown: Unshown,
}

/// A value's place, and whether a note may show the value.
#[derive(Debug, Clone, Copy)]
struct Cell<'a> {
    place: Place<'a>,
    is_hidden: bool,
}

impl<'a> Cell<'a> {
    /// A part of this cell. The parts of a hidden value are hidden too.
    fn part(self, place: Place<'a>, is_hidden: bool) -> Self {
        if self.is_hidden { self } else { Self { place, is_hidden } }
    }
}

impl Shower {
    pub(crate) fn new(domain: &'static Domain) -> Self {
        Self { domain, unshown: Unshown::default() }
    }

    /// The note of the reply about values that it cannot show.
    pub(crate) fn into_note(self) -> Option<String> {
        self.unshown.into_note()
    }

    /// Appends a document as a JSON object with these fields.
    pub(crate) fn write_record<'f>(
        &mut self,
        document: &RawDocument,
        fields: impl IntoIterator<Item = &'f Field>,
        place: Place<'_>,
        out: &mut Vec<u8>,
    ) {
        out.push(b'{');
        for (position, field) in fields.into_iter().enumerate() {
            write_name(out, position == 0, field.name);
            self.field(document, field, place).write_json(out);
        }
        out.push(b'}');
    }

    /// The value of a record's field; null where it is absent or cannot be shown.
    pub(crate) fn field(&mut self, document: &RawDocument, field: &Field, record: Place<'_>) -> Value {
        let place = Place::Member(&record, field.name);
        self.member(document, field, Cell { place, is_hidden: field.sensitive })
    }

    /// The value of a document's first member, whatever its name is; null where it has none.
    pub(crate) fn first(&mut self, document: &RawDocument, ty: &Type, place: Place<'_>) -> Value {
        let cell = Cell { place, is_hidden: mask::has_sensitive(self.domain) };
        match document.iter().next() {
            Some(Ok((_, bson))) => self.typed(bson, ty, cell),
            Some(Err(_)) => self.unreadable(cell),
            None => Value::Null,
        }
    }

    /// A document that no template describes.
    pub(crate) fn document(&mut self, document: &RawDocument, place: Place<'_>) -> Value {
        let cell = Cell { place, is_hidden: false };
        Value::Json(self.json(RawBsonRef::Document(document), cell, 0).into())
    }

    fn member(&mut self, document: &RawDocument, field: &Field, cell: Cell<'_>) -> Value {
        match document.get(field.column) {
            Ok(Some(bson)) => self.typed(bson, &field.ty, cell),
            Ok(None) => Value::Null,
            Err(_) => self.unreadable(cell),
        }
    }

    fn typed(&mut self, bson: RawBsonRef<'_>, ty: &Type, cell: Cell<'_>) -> Value {
        match (ty, bson) {
            (_, RawBsonRef::Null | RawBsonRef::Undefined) => Value::Null,
            (Type::Json, bson) => match self.json(bson, cell, 0) {
                Json::Null => Value::Null,
                json => Value::Json(json.into()),
            },
            (Type::List { item, .. }, RawBsonRef::Array(array)) => {
                let items = array.into_iter().enumerate().map(|(index, element)| {
                    let cell = cell.part(Place::Element(&cell.place, index), item.sensitive);
                    match element {
                        Ok(element) => self.typed(element, &item.ty, cell),
                        Err(_) => self.unreadable(cell),
                    }
                });
                Value::List(items.collect())
            }
            (Type::Object { fields }, RawBsonRef::Document(document)) => {
                let mut members = Vec::with_capacity(fields.len());
                for field in *fields {
                    // A member that was left out stays out, as in the JSON of other engines.
                    if !matches!(document.get(field.column), Ok(None)) {
                        let cell = cell.part(Place::Member(&cell.place, field.name), field.sensitive);
                        members.push((field, self.member(document, field, cell)));
                    }
                }
                Value::Object(members)
            }
            (ty, bson) => scalar(bson, ty).unwrap_or_else(|| {
                let is_hidden = cell.is_hidden || mask::has_sensitive_parts(ty);
                self.add(Cell { is_hidden, ..cell }, bson, &reason(bson, ty));
                Value::Null
            }),
        }
    }

    /// Any BSON as JSON; types that JSON lacks take their wire form.
    fn json(&mut self, bson: RawBsonRef<'_>, cell: Cell<'_>, depth: usize) -> Json {
        match bson {
            RawBsonRef::Array(_) | RawBsonRef::Document(_) if depth == DEPTH_MAX => {
                self.add_undeclared(cell, bson, &format!("is nested deeper than {DEPTH_MAX} levels"));
                Json::Null
            }
            RawBsonRef::Array(array) => {
                let items = array.into_iter().enumerate().map(|(index, element)| {
                    let cell = cell.part(Place::Element(&cell.place, index), false);
                    match element {
                        Ok(element) => self.json(element, cell, depth + 1),
                        Err(_) => self.unreadable_json(cell),
                    }
                });
                Json::Array(items.collect())
            }
            RawBsonRef::Document(document) => Json::Object(self.members(document, cell, depth)),
            RawBsonRef::Null | RawBsonRef::Undefined => Json::Null,
            bson => json_scalar(bson).unwrap_or_else(|| {
                self.add_undeclared(cell, bson, NO_JSON);
                Json::Null
            }),
        }
    }

    fn members(&mut self, document: &RawDocument, cell: Cell<'_>, depth: usize) -> Map<String, Json> {
        let mut members = Map::new();
        for element in document.iter_elements() {
            // The members after a member without an end cannot be found.
            let Ok(element) = element else {
                self.unreadable_json(cell);
                break;
            };
            let name = element.key().as_str();
            let cell = cell.part(Place::Member(&cell.place, name), false);
            if members.contains_key(name) {
                // The database takes the first one too.
                self.add_words(cell, "a second value", "an object of JSON cannot have");
                continue;
            }
            let value = match element.value() {
                Ok(value) => self.json(value, cell, depth + 1),
                Err(_) => self.unreadable_json(cell),
            };
            members.insert(name.to_owned(), value);
        }
        members
    }

    fn unreadable(&mut self, cell: Cell<'_>) -> Value {
        self.add_words(cell, "bytes", UNREADABLE);
        Value::Null
    }

    fn unreadable_json(&mut self, cell: Cell<'_>) -> Json {
        self.add_words(cell, "bytes", UNREADABLE);
        Json::Null
    }

    fn add(&mut self, cell: Cell<'_>, bson: RawBsonRef<'_>, reason: &str) {
        if cell.is_hidden {
            self.unshown.add_hidden(cell.place, reason);
        } else {
            self.unshown.add_undeclared(cell.place, describe(bson), reason);
        }
    }

    /// In JSON of any shape a member may have the name of a sensitive field.
    fn add_undeclared(&mut self, cell: Cell<'_>, bson: RawBsonRef<'_>, reason: &str) {
        let is_hidden = cell.is_hidden || mask::has_sensitive(self.domain);
        self.add(Cell { is_hidden, ..cell }, bson, reason);
    }

    fn add_words(&mut self, cell: Cell<'_>, stored: &str, reason: &str) {
        if cell.is_hidden {
            self.unshown.add_hidden(cell.place, reason);
        } else {
            self.unshown.add_undeclared(cell.place, stored, reason);
        }
    }
}

/// Why a value is not one of this type.
fn reason(bson: RawBsonRef<'_>, ty: &Type) -> String {
    match (ty, bson) {
        (Type::Date | Type::DateTime, RawBsonRef::DateTime(_)) => {
            "is outside of the years 1 to 9999".to_owned()
        }
        (ty, _) => format!("is no `{}` that can be shown", ty.name()),
    }
}

/// A value of a type without parts; `None` if it is not of that type.
fn scalar(bson: RawBsonRef<'_>, ty: &Type) -> Option<Value> {
    Some(match (ty, bson) {
        (Type::Bool, RawBsonRef::Boolean(value)) => Value::Bool(value),
        (Type::Int { .. }, bson) => Value::Int(number::integer(bson)?),
        (Type::UInt { .. }, bson) => Value::UInt(u64::try_from(number::integer(bson)?).ok()?),
        (Type::Float { .. }, bson) => Value::Float(number::float(bson)?),
        (Type::Decimal { .. }, bson) => Value::Decimal(number::decimal(bson)?),
        // The byte order of older subtypes differs from driver to driver.
        (Type::Uuid, RawBsonRef::Binary(binary)) if binary.subtype == BinarySubtype::Uuid => {
            Value::Uuid(uuid::Uuid::from_slice(binary.bytes).ok()?)
        }
        (Type::Bytes { .. }, RawBsonRef::Binary(binary)) => Value::Bytes(Bytes(binary.bytes.to_vec())),
        (Type::DateTime, RawBsonRef::DateTime(value)) => Value::DateTime(moment(value)?),
        (Type::Date, RawBsonRef::DateTime(value)) => Value::Date(Date(moment(value)?.0.date())),
        // Text is found by its exact spelling, so only the wire's spelling counts.
        (Type::Date | Type::Time, RawBsonRef::String(text)) => {
            let value = Value::from_text(ty, text)?;
            let is_spelled_so = match &value {
                Value::Date(date) => date.to_string() == text,
                Value::Time(time) => time.to_string() == text,
                _ => false,
            };
            return is_spelled_so.then_some(value);
        }
        (Type::ObjectId, RawBsonRef::ObjectId(value)) => Value::ObjectId(value.bytes()),
        (Type::String { .. } | Type::Text { .. } | Type::Enum { .. }, RawBsonRef::String(text)) => {
            Value::Text(text.to_owned())
        }
        _ => return None,
    })
}

/// A moment that the wire can express.
fn moment(value: mongodb::bson::DateTime) -> Option<DateTime> {
    let nanoseconds = i128::from(value.timestamp_millis()) * 1_000_000;
    let moment = time::OffsetDateTime::from_unix_timestamp_nanos(nanoseconds).ok()?;
    (1..=9999).contains(&moment.year()).then_some(DateTime(moment))
}

fn json_scalar(bson: RawBsonRef<'_>) -> Option<Json> {
    Some(match bson {
        RawBsonRef::Boolean(value) => value.into(),
        RawBsonRef::Int32(value) => value.into(),
        RawBsonRef::Int64(value) => value.into(),
        RawBsonRef::Double(value) => Json::Number(serde_json::Number::from_f64(value)?),
        RawBsonRef::String(value) => value.into(),
        RawBsonRef::Decimal128(_) => number::decimal(bson)?.to_string().into(),
        RawBsonRef::DateTime(value) => moment(value)?.to_string().into(),
        RawBsonRef::ObjectId(value) => value.to_hex().into(),
        RawBsonRef::Binary(binary) => match uuid::Uuid::from_slice(binary.bytes) {
            Ok(uuid) if binary.subtype == BinarySubtype::Uuid => uuid.hyphenated().to_string().into(),
            _ => Bytes(binary.bytes.to_vec()).to_string().into(),
        },
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
