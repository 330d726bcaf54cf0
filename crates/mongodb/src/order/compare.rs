//! The order of two values in MongoDB: it decides by which element of an array a record is sorted.

use std::cmp::Ordering;

use mongodb::bson::{RawBsonRef, raw::RawDocument};

use super::kind::Kind;

/// The order of two values. Numbers of different types are compared as floating-point numbers.
pub(super) fn compare(a: RawBsonRef<'_>, b: RawBsonRef<'_>) -> Ordering {
    let kinds = Kind::of_type(a.element_type()).cmp(&Kind::of_type(b.element_type()));
    kinds.then_with(|| match (a, b) {
        (RawBsonRef::String(a) | RawBsonRef::Symbol(a), RawBsonRef::String(b) | RawBsonRef::Symbol(b))
        | (RawBsonRef::JavaScriptCode(a), RawBsonRef::JavaScriptCode(b)) => a.cmp(b),
        (RawBsonRef::Document(a), RawBsonRef::Document(b)) => members(a, b),
        (RawBsonRef::Array(a), RawBsonRef::Array(b)) => {
            let elements = a.into_iter().flatten().zip(b.into_iter().flatten());
            let differing = elements.map(|(a, b)| compare(a, b)).find(|order| order.is_ne());
            differing.unwrap_or_else(|| a.into_iter().count().cmp(&b.into_iter().count()))
        }
        (RawBsonRef::Binary(a), RawBsonRef::Binary(b)) => {
            let key =
                |binary: mongodb::bson::raw::RawBinaryRef<'_>| (binary.bytes.len(), u8::from(binary.subtype));
            key(a).cmp(&key(b)).then_with(|| a.bytes.cmp(b.bytes))
        }
        (RawBsonRef::ObjectId(a), RawBsonRef::ObjectId(b)) => a.cmp(&b),
        (RawBsonRef::Boolean(a), RawBsonRef::Boolean(b)) => a.cmp(&b),
        (RawBsonRef::DateTime(a), RawBsonRef::DateTime(b)) => a.cmp(&b),
        (RawBsonRef::Timestamp(a), RawBsonRef::Timestamp(b)) => {
            (a.time, a.increment).cmp(&(b.time, b.increment))
        }
        (RawBsonRef::RegularExpression(a), RawBsonRef::RegularExpression(b)) => {
            let text = |regex: mongodb::bson::raw::RawRegexRef<'_>| {
                (regex.pattern.as_str().to_owned(), regex.options.as_str().to_owned())
            };
            text(a).cmp(&text(b))
        }
        (a, b) => match (integer(a), integer(b)) {
            (Some(a), Some(b)) => a.cmp(&b),
            _ => numbers(a, b),
        },
    })
}

fn members(a: &RawDocument, b: &RawDocument) -> Ordering {
    let pairs = a.iter().flatten().zip(b.iter().flatten());
    let differing = pairs.map(|((a_name, a), (b_name, b))| {
        let kinds = Kind::of_type(a.element_type()).cmp(&Kind::of_type(b.element_type()));
        kinds.then_with(|| a_name.as_str().cmp(b_name.as_str())).then_with(|| compare(a, b))
    });
    let differing = { differing }.find(|order| order.is_ne());
    differing.unwrap_or_else(|| a.iter().count().cmp(&b.iter().count()))
}

fn integer(bson: RawBsonRef<'_>) -> Option<i64> {
    match bson {
        RawBsonRef::Int32(value) => Some(i64::from(value)),
        RawBsonRef::Int64(value) => Some(value),
        _ => None,
    }
}

/// NaN comes before all numbers.
fn numbers(a: RawBsonRef<'_>, b: RawBsonRef<'_>) -> Ordering {
    let (Some(a), Some(b)) = (float(a), float(b)) else { return Ordering::Equal };
    a.partial_cmp(&b).unwrap_or_else(|| b.is_nan().cmp(&a.is_nan()))
}

fn float(bson: RawBsonRef<'_>) -> Option<f64> {
    match bson {
        RawBsonRef::Double(value) => Some(value),
        RawBsonRef::Decimal128(value) => value.to_string().parse().ok(),
        bson => integer(bson).and_then(|value| value.to_string().parse().ok()),
    }
}

#[cfg(test)]
mod tests {
    use mongodb::bson::{Binary, Document, doc, spec::BinarySubtype};

    use super::*;

    /// Binary data is ordered by length, then subtype, then bytes. The stand-in of the tests leaves the subtype out,
    /// and so treats both kinds of UUID with the same bytes as equal.
    #[test]
    fn binary_data_of_equal_bytes_is_ordered_by_its_subtype() {
        let of = |subtype, length| -> Document {
            doc! { "v": Binary { subtype, bytes: vec![7; length] } }
        };
        let ordered = [
            of(BinarySubtype::Uuid, 15),
            of(BinarySubtype::Generic, 16),
            of(BinarySubtype::UuidOld, 16),
            of(BinarySubtype::Uuid, 16),
        ];
        let raw = ordered.map(|document| mongodb::bson::RawDocumentBuf::try_from(&document).unwrap());
        let values: Vec<_> = raw.iter().map(|document| document.get("v").unwrap().unwrap()).collect();
        for pair in values.windows(2) {
            assert_eq!(compare(pair[0], pair[1]), Ordering::Less, "{pair:?}");
        }
    }
}
