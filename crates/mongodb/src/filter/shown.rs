//! A range finds only values that are shown. A collection may hold values within the bounds that the wire cannot
//! express, and shows as null.
//!
//! Most conditions are bounds on the column, so that an index is used. The others apply to what the bounds find.

use beds_core::spec::{Field, Type};
use mongodb::bson::{Binary, Bson, DateTime, Document, doc, spec::BinarySubtype};

/// The days of the years 1 to 9999 as the wire writes them, with February 29 only in leap years.
const DAY: &str = "^(?!0000)([0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)\
    |02-(0[1-9]|1[0-9]|2[0-8]))|([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29)$";

/// The times of a day as the wire writes them.
const TIME: &str = r"^([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{0,8}[1-9])?$";

/// The first and the last moment that the wire can express, in milliseconds since 1970.
const MOMENTS: [i64; 2] = [-62_135_596_800_000, 253_402_300_799_999];

/// A decimal of 66 digits: one more than the wire has.
const TOO_LONG: &str = "1E+65";

/// The conditions under which a field can be shown, for a range of its type.
pub(super) fn is_shown(field: &Field) -> Vec<Document> {
    let column = field.column;
    match field.ty {
        Type::Int { .. } => vec![between(column, i64::MIN.into(), i64::MAX.into()), whole(column)],
        Type::UInt { .. } => vec![between(column, 0_i64.into(), i64::MAX.into()), whole(column)],
        Type::Float { .. } => vec![between(column, f64::MIN.into(), f64::MAX.into())],
        Type::Decimal { .. } => {
            let (Ok(least), Ok(most)) = (format!("-{TOO_LONG}").parse(), TOO_LONG.parse()) else {
                return Vec::new();
            };
            vec![doc! { column: { "$gt": Bson::Decimal128(least), "$lt": Bson::Decimal128(most) } }]
        }
        Type::DateTime => vec![moments(column)],
        // Text or a date.
        Type::Date => vec![doc! { "$or": [{ column: { "$regex": DAY } }, moments(column)] }],
        Type::Time => vec![doc! { column: { "$regex": TIME } }],
        // MongoDB orders binary data by length, subtype and bytes.
        Type::Uuid => {
            let uuid = |byte: u8| Binary { subtype: BinarySubtype::Uuid, bytes: vec![byte; 16] };
            vec![between(column, uuid(0).into(), uuid(u8::MAX).into())]
        }
        _ => Vec::new(),
    }
}

fn between(column: &str, least: Bson, most: Bson) -> Document {
    doc! { column: { "$gte": least, "$lte": most } }
}

fn moments(column: &str) -> Document {
    let [first, last] = MOMENTS.map(DateTime::from_millis);
    between(column, first.into(), last.into())
}

/// A number without a fraction, whatever its type is.
fn whole(column: &str) -> Document {
    let path = format!("${column}");
    let remainder = doc! { "$mod": [&path, 1] };
    doc! { "$or": [
        { column: { "$type": ["int", "long"] } },
        { "$expr": { "$cond": [{ "$isNumber": &path }, { "$eq": [remainder, 0] }, false] } },
    ] }
}
